package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func blockKernels() {
	countLess256()
	orBits512()
	setBits()
}

// countLess256 compares all values: 16 comparisons that wait for nothing are sooner
// done than 7 steps of a search each of which waits for the one before. There is
// no unsigned comparison, but with the top bit turned over, a signed one does.
// AVX-512 would need half as many, and loses more on its way out of the mask
// registers (6.6 ns, not 5.8).
func countLess256() {
	TEXT("countLess256", NOSPLIT, "func(v *[128]uint32, x uint32) int")
	Pragma("noescape")
	Doc("countLess256 counts the values below x.")
	v := Load(Param("v"), GP64())
	top, x := YMM(), broadcast("x", YMM())
	VPCMPEQD(top, top, top)
	VPSLLD(Imm(31), top, top)
	VPXOR(top, x, x)
	var sums [4]VecVirtual
	for i := range 16 {
		t := YMM()
		VPXOR(Mem{Base: v, Disp: 32 * i}, top, t)
		VPCMPGTD(t, x, t) // -1 where x is above
		if i < len(sums) {
			sums[i] = t
			continue
		}
		VPADDD(t, sums[i%4], sums[i%4])
	}
	VPADDD(sums[1], sums[0], sums[0])
	VPADDD(sums[3], sums[2], sums[2])
	VPADDD(sums[2], sums[0], sums[0])
	s, t := sums[0].AsX(), XMM()
	VEXTRACTI128(Imm(1), sums[0], t)
	VPADDD(t, s, s)
	VPSHUFD(Imm(0b01_00_11_10), s, t)
	VPADDD(t, s, s)
	VPSHUFD(Imm(0b10_11_00_01), s, t)
	VPADDD(t, s, s)
	n := GP64()
	VMOVD(s, n.As32())
	NEGL(n.As32())
	Store(n, ReturnIndex(0))
	VZEROUPPER()
	RET()
}

// orBits512 takes 8 words a turn. A word gets the low bits of one word of src and
// the high bits of the word before, which a second load, 8 bytes earlier, has in
// the same lane.
func orBits512() {
	TEXT("orBits512", NOSPLIT, "func(dst *uint64, src *byte, words int, shift uint64)")
	Pragma("noescape")
	Doc("orBits512 ors words of src, at least 1, shifted up, to dst; there is a word before src, whose high bits go to the first.")
	dst := Load(Param("dst"), GP64())
	src := Load(Param("src"), GP64())
	words := Load(Param("words"), GP64())
	shift := Load(Param("shift"), GP64())
	up, down, by := XMM(), XMM(), GP64()
	VMOVQ(shift, up)
	MOVQ(U32(64), by)
	SUBQ(shift, by)
	VMOVQ(by, down)
	some, ones := K(), GP64()
	KXNORB(some, some, some)
	MOVQ(I32(-1), ones)

	Label("turn")
	CMPQ(words, Imm(8))
	JGE(LabelRef("whole"))
	mask := GP64()
	BZHIQ(words, ones, mask)
	KMOVB(mask.As32(), some)
	Label("whole")
	low, high, d := ZMM(), ZMM(), ZMM()
	VMOVDQU64_Z(Mem{Base: src}, some, low)
	VMOVDQU64_Z(Mem{Base: src, Disp: -8}, some, high)
	VMOVDQU64_Z(Mem{Base: dst}, some, d)
	VPSLLQ(up, low, low)
	VPSRLQ(down, high, high)
	VPTERNLOGQ(Imm(0xfe), high, low, d)
	VMOVDQU64(d, some, Mem{Base: dst})
	ADDQ(Imm(64), src)
	ADDQ(Imm(64), dst)
	SUBQ(Imm(8), words)
	JG(LabelRef("turn"))
	VZEROUPPER()
	RET()
}

// setBits sets one bit after the other, unrolled twice so that no register has to
// move. A word stays in a register while documents fall into it: the bit does not
// wait until the store of the bit before comes back by a load. That load would be
// waited for even where a conditional move drops it, so it goes elsewhere then.
func setBits() {
	TEXT("setBitsAsm", NOSPLIT, "func(set *uint64, words int, docs *uint32, n int, base uint32) bool")
	Pragma("noescape")
	Doc("setBitsAsm is setBitsPlain for an even n above 0. It is false if a document is outside.")
	set := Load(Param("set"), GP64())
	words := Load(Param("words"), GP64())
	docs := Load(Param("docs"), GP64())
	n := Load(Param("n"), GP64())
	base := Load(Param("base"), GP32())
	var word, place [2]GPVirtual
	for i := range word {
		word[i], place[i] = GP64(), GP64()
		XORQ(place[i], place[i])
		XORQ(word[i], word[i])
	}
	LEAQ(Mem{Base: docs, Index: n, Scale: 4}, docs)
	spare := GP64()
	LEAQ(Mem{Base: docs, Disp: -8}, spare)
	NEGQ(n)
	Label("bit")
	for i := range 2 {
		d, w, from := GP64(), GP64(), GP64()
		MOVL(Mem{Base: docs, Index: n, Scale: 4, Disp: 4 * i}, d.As32())
		SUBL(base, d.As32())
		MOVL(d.As32(), w.As32())
		SHRL(Imm(6), w.As32())
		CMPQ(w, words)
		JAE(LabelRef("outside"))
		LEAQ(Mem{Base: set, Index: w, Scale: 8}, place[i])
		MOVQ(place[i], from)
		CMPQ(place[i], place[1-i])
		CMOVQEQ(spare, from)
		MOVQ(Mem{Base: from}, word[i])
		CMOVQEQ(word[1-i], word[i])
		BTSQ(d, word[i])
		MOVQ(word[i], Mem{Base: place[i]})
	}
	ADDQ(Imm(2), n)
	JNE(LabelRef("bit"))
	yes := GP8()
	MOVB(U8(1), yes)
	Store(yes, ReturnIndex(0))
	RET()
	Label("outside")
	no := GP8()
	XORB(no, no)
	Store(no, ReturnIndex(0))
	RET()
}
