package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

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
