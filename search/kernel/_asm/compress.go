package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

const compressed = "src *uint32, in *int32, n int, least int32, docs *uint32, scores *int32) int"

// compress512 stores whole vectors, which may reach into what is not yet read only
// as far as it is read in the same turn, but for the last: that one is masked.
func compress512() {
	begin("compress512", compressed, "is compressPlain, n being above 0.")
	src, in, n := param("src"), param("in"), param("n")
	least := broadcast("least", ZMM())
	to := newSink()
	k, lanes := K(), allLanes()
	d, v := ZMM(), ZMM()
	Label("group")
	CMPQ(n, Imm(16))
	JLT(LabelRef("last"))
	VMOVDQU32(Mem{Base: in}, v)
	VMOVDQU32(Mem{Base: src}, d)
	VPCMPD(Imm(atLeast), least, v, k)
	to.put(k, d, v)
	ADDQ(Imm(64), src)
	ADDQ(Imm(64), in)
	SUBQ(Imm(16), n)
	JMP(LabelRef("group"))
	Label("last")
	TESTQ(n, n)
	JEQ(LabelRef("done"))
	some(n, lanes)
	VMOVDQU32_Z(Mem{Base: in}, lanes, v)
	VMOVDQU32_Z(Mem{Base: src}, lanes, d)
	VPCMPD(Imm(atLeast), least, v, lanes, k)
	VPCOMPRESSD_Z(v, k, v)
	VPCOMPRESSD_Z(d, k, d)
	KMOVW(k, to.count.As32())
	POPCNTL(to.count.As32(), to.count.As32())
	VMOVDQU32(v, lanes, Mem{Base: to.scores})
	VMOVDQU32(d, lanes, Mem{Base: to.docs})
	advance(to.docs, to.count)
	Label("done")
	SUBQ(to.first, to.docs)
	SHRQ(Imm(2), to.docs)
	Store(to.docs, ReturnIndex(0))
	end()
}

// compress256 takes whole groups of 8.
func compress256() {
	begin("compress256", compressed, "is compressPlain for whole groups of 8, n being above 0.")
	src, in, n := param("src"), param("in"), param("n")
	least := broadcast("least", YMM())
	to := newSink256()
	Label("group")
	d, v, out, mask := YMM(), YMM(), YMM(), GP64()
	VMOVDQU(Mem{Base: in}, v)
	VMOVDQU(Mem{Base: src}, d)
	VPCMPGTD(v, least, out)
	VMOVMSKPS(out, mask.As32())
	XORL(U32(0xff), mask.As32())
	to.put(mask, d, v)
	ADDQ(Imm(32), src)
	ADDQ(Imm(32), in)
	SUBQ(Imm(8), n)
	JG(LabelRef("group"))
	SUBQ(to.first, to.docs)
	SHRQ(Imm(2), to.docs)
	Store(to.docs, ReturnIndex(0))
	end()
}
