package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// A byte b times the factor h*256+l, over 256, is b*h + b*l/256: all of it fits 32
// bits.

const scaled = "dst *int32, bytes *byte, n int, high, low uint32)"

func addScaled512() {
	begin("addScaled512", scaled, "is addScaledPlain, n being above 0, for the factor high<<8+low.")
	dst, bytes, n := param("dst"), param("bytes"), param("n")
	high, low, one := broadcast("high", ZMM()), broadcast("low", ZMM()), constant(1, ZMM())
	lanes := allLanes()
	Label("group")
	CMPQ(n, Imm(16))
	JGE(LabelRef("whole"))
	some(n, lanes)
	Label("whole")
	b, h, l, k := ZMM(), ZMM(), ZMM(), K()
	VPMOVZXBD_Z(Mem{Base: bytes}, lanes, b)
	VPTESTMD(b, b, k)
	VPMULLD(high, b, h)
	VPMADDWD(low, b, l)
	VPSRLD(Imm(8), l, l)
	VPADDD(h, l, l)
	VPADDD(one, l, k, l)
	VMOVDQU32_Z(Mem{Base: dst}, lanes, h)
	VPADDD(h, l, l)
	VMOVDQU32(l, lanes, Mem{Base: dst})
	ADDQ(Imm(16), bytes)
	ADDQ(Imm(64), dst)
	SUBQ(Imm(16), n)
	JG(LabelRef("group"))
	end()
}

func addScaled256() {
	begin("addScaled256", scaled, "is addScaledPlain for whole groups of 8, n being above 0, for the factor high<<8+low.")
	dst, bytes, n := param("dst"), param("bytes"), param("n")
	high, low, zero := broadcast("high", YMM()), broadcast("low", YMM()), YMM()
	VPXOR(zero, zero, zero)
	Label("group")
	b, h, l, k := YMM(), YMM(), YMM(), YMM()
	VPMOVZXBD(Mem{Base: bytes}, b)
	VPCMPGTD(zero, b, k) // -1 where there is something
	VPMULLD(high, b, h)
	VPMADDWD(low, b, l)
	VPSRLD(Imm(8), l, l)
	VPADDD(h, l, l)
	VPSUBD(k, l, l)
	VPADDD(Mem{Base: dst}, l, l)
	VMOVDQU(l, Mem{Base: dst})
	ADDQ(Imm(8), bytes)
	ADDQ(Imm(32), dst)
	SUBQ(Imm(8), n)
	JG(LabelRef("group"))
	end()
}

// nextAtLeast512 takes 64 values in a turn, and then the last 16 at a time.
func nextAtLeast512() {
	begin("nextAtLeast512", "v *int32, from, n int, least int32) int", "is nextAtLeastPlain for from below n; n, if there is none.")
	v, i, n := param("v"), param("from"), param("n")
	least := broadcast("least", ZMM())
	left, mask := GP64(), GP64()
	MOVQ(n, left)
	SUBQ(i, left)
	Label("turn")
	CMPQ(left, Imm(64))
	JLT(LabelRef("last"))
	var k [4]OpmaskVirtual
	for j := range k {
		k[j] = K()
		w := ZMM()
		VMOVDQU32(at(v, i).Offset(64*j), w)
		VPCMPD(Imm(atLeast), least, w, k[j])
	}
	KUNPCKWD(k[0], k[1], k[1])
	KUNPCKWD(k[2], k[3], k[3])
	KUNPCKDQ(k[1], k[3], k[3])
	KMOVQ(k[3], mask)
	TESTQ(mask, mask)
	JNE(LabelRef("found"))
	ADDQ(Imm(64), i)
	SUBQ(Imm(64), left)
	JMP(LabelRef("turn"))

	Label("last")
	lanes, hit := allLanes(), K()
	Label("group")
	CMPQ(left, Imm(16))
	JGE(LabelRef("whole"))
	some(left, lanes)
	Label("whole")
	w := ZMM()
	VMOVDQU32_Z(at(v, i), lanes, w)
	VPCMPD(Imm(atLeast), least, w, lanes, hit)
	KMOVW(hit, mask.As32())
	TESTL(mask.As32(), mask.As32())
	JNE(LabelRef("found"))
	ADDQ(Imm(16), i)
	SUBQ(Imm(16), left)
	JG(LabelRef("group"))
	MOVQ(n, i)
	JMP(LabelRef("give"))
	Label("found")
	BSFQ(mask, mask)
	ADDQ(mask, i)
	Label("give")
	Store(i, ReturnIndex(0))
	end()
}

// nextAtLeast256 takes 8 values in a turn.
func nextAtLeast256() {
	begin("nextAtLeast256", "v *int32, from, n int, least int32) int", "is nextAtLeastPlain for from+8 <= n; if there is none, where fewer than 8 are left.")
	v, i, n := param("v"), param("from"), param("n")
	least := broadcast("least", YMM())
	SUBQ(Imm(8), n) // where the last whole group may begin
	Label("group")
	below, mask := YMM(), GP64()
	VPCMPGTD(at(v, i), least, below)
	VMOVMSKPS(below, mask.As32())
	XORL(U32(0xff), mask.As32())
	JNE(LabelRef("found"))
	ADDQ(Imm(8), i)
	CMPQ(i, n)
	JLE(LabelRef("group"))
	JMP(LabelRef("give"))
	Label("found")
	BSFL(mask.As32(), mask.As32())
	ADDQ(mask, i)
	Label("give")
	Store(i, ReturnIndex(0))
	end()
}

// nextByteAtLeast256 takes 32 bytes in a turn.
func nextByteAtLeast256() {
	begin("nextByteAtLeast256", "v *byte, from, n int, least uint32) int", "is nextByteAtLeastPlain for from+32 <= n; if there is none, where fewer than 32 are left.")
	v, i, n := param("v"), param("from"), param("n")
	x := XMM()
	r := Load(Param("least"), GP32())
	VMOVD(r, x)
	least := YMM()
	VPBROADCASTB(x, least)
	SUBQ(Imm(32), n)
	Label("group")
	b, most, mask := YMM(), YMM(), GP64()
	VMOVDQU(Mem{Base: v, Index: i, Scale: 1}, b)
	VPMAXUB(b, least, most)
	VPCMPEQB(b, most, most) // the greater is the byte itself
	VPMOVMSKB(most, mask.As32())
	TESTL(mask.As32(), mask.As32())
	JNE(LabelRef("found"))
	ADDQ(Imm(32), i)
	CMPQ(i, n)
	JLE(LabelRef("group"))
	JMP(LabelRef("give"))
	Label("found")
	BSFL(mask.As32(), mask.As32())
	ADDQ(mask, i)
	Label("give")
	Store(i, ReturnIndex(0))
	end()
}

// maxBytes256 takes 32 bytes in a turn, the last of which may be read twice.
func maxBytes256() {
	begin("maxBytes256", "v *byte, n int) byte", "is maxBytesPlain, n being at least 32.")
	v, n := param("v"), param("n")
	most := YMM()
	VPXOR(most, most, most)
	Label("turn")
	VPMAXUB(Mem{Base: v}, most, most)
	ADDQ(Imm(32), v)
	SUBQ(Imm(32), n)
	CMPQ(n, Imm(32))
	JGE(LabelRef("turn"))
	VPMAXUB(Mem{Base: v, Index: n, Scale: 1, Disp: -32}, most, most)
	x, y := most.AsX(), XMM()
	VEXTRACTI128(Imm(1), most, y)
	VPMAXUB(y, x, x)
	for _, bytes := range []uint64{8, 4, 2, 1} {
		VPSRLDQ(Imm(bytes), x, y)
		VPMAXUB(y, x, x)
	}
	result := GP32()
	VMOVD(x, result)
	Store(result.(GP).As8(), ReturnIndex(0))
	end()
}
