package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// lookUp writes byNorm[norms[docs[i]]] to out for each of n postings, n > 0, and
// jumps to the label "outside" on a doc that is not below the number of norms. Two
// gathers do not pay: 0.9 ns a posting in all on Zen 4, not 0.5, as they are
// microcode there, and on Intel after the fix of Downfall.
func lookUp(out, docs, n, norms, limit, byNorm GPVirtual) {
	i, d, norm, x := zero64(), GP64(), GP64(), GP64()
	step := func(disp int) {
		MOVL(at(docs, i).Offset(disp), d.As32())
		CMPQ(d, limit)
		JAE(LabelRef("outside"))
		MOVBLZX(Mem{Base: norms, Index: d, Scale: 1}, norm.As32())
		MOVL(at(byNorm, norm), x.As32())
		MOVL(x.As32(), at(out, i).Offset(disp))
	}
	pairs := GP64()
	MOVQ(n, pairs)
	ANDQ(I32(-2), pairs)
	JEQ(LabelRef("single"))
	Label("pair")
	step(0)
	step(4)
	ADDQ(Imm(2), i)
	CMPQ(i, pairs)
	JLT(LabelRef("pair"))
	Label("single")
	CMPQ(i, n)
	JGE(LabelRef("found"))
	step(0)
	Label("found")
}

const (
	withScore = iota
	withEvidence
	fromEvidence
)

const greaterOrdered = 0x1e // VCMPPS: quiet on NaN, for which it is false

// score512 writes three kernels: both halves, the first and the second.
func score512() {
	for _, half := range []int{withScore, withEvidence, fromEvidence} {
		var n, out, in, freqs GPVirtual
		switch half {
		case withScore:
			begin("score512", "out *[128]int32, docs, freqs *[128]uint32, n int, norms *byte, limit int, byNorm *[256]float32, k1, weight float32) bool",
				"scores n postings, n > 0. It is false if a document has no norm.")
		case withEvidence:
			begin("evidence512", "out *[128]float32, docs, freqs *[128]uint32, n int, norms *byte, limit int, byNorm *[256]float32) bool",
				"is the first half of score512.")
		case fromEvidence:
			begin("scoreEvidence512", "out *int32, evidence *float32, n int, k1, weight float32)",
				"is the second half of score512.")
		}
		out, n = param("out"), param("n")
		if half == fromEvidence {
			in = param("evidence")
		} else {
			docs := param("docs")
			lookUp(out, docs, n, param("norms"), param("limit"), param("byNorm"))
			in, freqs = out, param("freqs")
		}
		var k1, weight, one, zero VecVirtual
		if half != withEvidence {
			k1, weight = broadcastFloat("k1", ZMM()), broadcastFloat("weight", ZMM())
			one, zero = constant(1, ZMM()), ZMM()
			VPXORD(zero, zero, zero)
		}
		lanes := allLanes()
		Label("group")
		CMPQ(n, Imm(16))
		JGE(LabelRef("whole"))
		some(n, lanes)
		Label("whole")
		e := ZMM()
		VMOVUPS_Z(Mem{Base: in}, lanes, e)
		if half != fromEvidence {
			f := ZMM()
			VMOVDQU32_Z(Mem{Base: freqs}, lanes, f)
			VCVTUDQ2PS(f, f)
			VMULPS(f, e, e)
			ADDQ(Imm(64), freqs)
		}
		if half == withEvidence {
			VMOVUPS(e, lanes, Mem{Base: out})
		} else {
			sum, positive := ZMM(), K()
			VADDPS(e, k1, sum)
			VDIVPS(sum, e, sum)
			VMULPS(weight, sum, sum)
			VCMPPS(Imm(greaterOrdered), zero, e, positive)
			VCVTTPS2DQ(sum, sum)
			VPMAXSD_Z(one, sum, positive, sum)
			VMOVDQU32(sum, lanes, Mem{Base: out})
		}
		ADDQ(Imm(64), out)
		if half == fromEvidence {
			ADDQ(Imm(64), in)
		}
		SUBQ(Imm(16), n)
		JG(LabelRef("group"))
		VZEROUPPER()
		if half != fromEvidence {
			giveBool()
		}
		RET()
		if half != fromEvidence {
			outsideReturns()
		}
	}
}

func giveBool() {
	yes := GP8()
	MOVB(U8(1), yes)
	Store(yes, ReturnIndex(0))
}

func outsideReturns() {
	Label("outside")
	no := GP8()
	XORB(no, no)
	Store(no, ReturnIndex(0))
	RET()
}

// score256 writes the same for whole groups of 8, as far as they reach into the
// arrays of 128: lanes behind n are computed and mean nothing. There is no
// conversion of unsigned numbers: a frequency from 2^31 on, even behind n, is for
// the twin.
func score256() {
	for _, half := range []int{withScore, withEvidence, fromEvidence} {
		var n, out, in, freqs GPVirtual
		switch half {
		case withScore:
			begin("score256", "out *[128]int32, docs, freqs *[128]uint32, n int, norms *byte, limit int, byNorm *[256]float32, k1, weight float32) bool",
				"scores n postings, n > 0. It is false if a document has no norm, or a frequency more than 31 bits.")
		case withEvidence:
			begin("evidence256", "out *[128]float32, docs, freqs *[128]uint32, n int, norms *byte, limit int, byNorm *[256]float32) bool",
				"is the first half of score256.")
		case fromEvidence:
			begin("scoreEvidence256", "out *int32, evidence *float32, n int, k1, weight float32)",
				"is the second half of score256, for whole groups of 8.")
		}
		out, n = param("out"), param("n")
		var signs VecVirtual
		if half == fromEvidence {
			in = param("evidence")
		} else {
			docs := param("docs")
			lookUp(out, docs, n, param("norms"), param("limit"), param("byNorm"))
			in, freqs = out, param("freqs")
			signs = YMM()
			VPXOR(signs, signs, signs)
		}
		var k1, weight, one, zero VecVirtual
		if half != withEvidence {
			k1, weight = broadcastFloat("k1", YMM()), broadcastFloat("weight", YMM())
			one, zero = constant(1, YMM()), YMM()
			VPXOR(zero, zero, zero)
		}
		Label("group")
		e := YMM()
		VMOVUPS(Mem{Base: in}, e)
		if half != fromEvidence {
			f := YMM()
			VMOVDQU(Mem{Base: freqs}, f)
			VPOR(f, signs, signs)
			VCVTDQ2PS(f, f)
			VMULPS(f, e, e)
			ADDQ(Imm(32), freqs)
		}
		if half == withEvidence {
			VMOVUPS(e, Mem{Base: out})
		} else {
			sum, positive := YMM(), YMM()
			VADDPS(e, k1, sum)
			VDIVPS(sum, e, sum)
			VMULPS(weight, sum, sum)
			VCMPPS(Imm(greaterOrdered), zero, e, positive)
			VCVTTPS2DQ(sum, sum)
			VPMAXSD(one, sum, sum)
			VPAND(positive, sum, sum)
			VMOVDQU(sum, Mem{Base: out})
		}
		ADDQ(Imm(32), out)
		if half == fromEvidence {
			ADDQ(Imm(32), in)
		}
		SUBQ(Imm(8), n)
		JG(LabelRef("group"))
		if half == fromEvidence {
			end()
			continue
		}
		mask := GP32()
		VMOVMSKPS(signs, mask)
		VZEROUPPER()
		TESTL(mask, mask)
		JNE(LabelRef("outside"))
		giveBool()
		RET()
		outsideReturns()
	}
}
