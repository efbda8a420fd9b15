package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// intersect512 finds the group of 16 documents that may hold a candidate by one
// comparison with the last documents of all groups, and the place in it by another.
// Nothing branches on what is found: a hit is always written, and counted if it is
// one, so that candidates do not wait for each other.
func intersect512() {
	TEXT("intersect512", NOSPLIT, "func(docs *[128]uint32, cands *uint32, at, n int, hits *uint32) (next, found int)")
	Pragma("noescape")
	Doc("intersect512 is intersectPlain for candidates at to n, with room for one hit more than those.")
	docs := Load(Param("docs"), GP64())
	cands := Load(Param("cands"), GP64())
	at := Load(Param("at"), GP64())
	n := Load(Param("n"), GP64())
	hits := Load(Param("hits"), GP64())
	found, last := GP64(), GP32()
	XORQ(found, found)
	low, high, lasts := XMM(), XMM(), YMM()
	VMOVD(Mem{Base: docs, Disp: 4 * 15}, low)
	VMOVD(Mem{Base: docs, Disp: 4 * 79}, high)
	for i := 1; i < 4; i++ {
		VPINSRD(Imm(uint64(i)), Mem{Base: docs, Disp: 4 * (16*i + 15)}, low, low)
		VPINSRD(Imm(uint64(i)), Mem{Base: docs, Disp: 4 * (16*i + 79)}, high, high)
	}
	VINSERTI128(Imm(1), high, low.AsY(), lasts)
	MOVL(Mem{Base: docs, Disp: 4 * 127}, last)

	Label("candidate")
	CMPQ(at, n)
	JGE(LabelRef("done"))
	c := GP32()
	MOVL(Mem{Base: cands, Index: at, Scale: 4}, c)
	CMPL(c, last)
	JHI(LabelRef("done"))
	all, below, same := ZMM(), K(), K()
	VPBROADCASTD(c, all)
	VPCMPUD(Imm(1), all.AsY(), lasts, below)
	g, place := GP64(), GP64()
	KMOVB(below, g.As32())
	POPCNTL(g.As32(), g.As32())
	SHLQ(Imm(4), g)
	VPCMPEQD(Mem{Base: docs, Index: g, Scale: 4}, all, same)
	m := GP32()
	KMOVW(same, m)
	TZCNTL(m, place.As32())
	ORL(g.As32(), place.As32())
	hit := GP64()
	MOVQ(at, hit)
	SHLQ(Imm(7), hit)
	ORQ(place, hit)
	MOVL(hit.As32(), Mem{Base: hits, Index: found, Scale: 4})
	NEGL(m)
	ADCQ(Imm(0), found)
	INCQ(at)
	JMP(LabelRef("candidate"))

	Label("done")
	Store(at, ReturnIndex(0))
	Store(found, ReturnIndex(1))
	VZEROUPPER()
	RET()
}
