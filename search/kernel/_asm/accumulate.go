package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

const (
	noMarks = iota
	groupMarks
)

const places = "acc *int32, size int, docs *uint32, scores *int32, n int, base uint32"

// accumulate adds one posting after the other, unrolled: vectors would have to
// gather and to scatter.
func accumulate(name string, marks int) {
	signature := places + ") bool"
	if marks == groupMarks {
		signature = places + ", touched *uint64) bool"
	}
	begin(name+"Asm", signature, "is the loop of "+name+"Plain. It is false if a document is outside.")
	acc, size, docs, scores, n := param("acc"), param("size"), param("docs"), param("scores"), param("n")
	base := Load(Param("base"), GP32())
	var touched GPVirtual
	if marks == groupMarks {
		touched = param("touched")
	}
	unrolled(n, func(i Register, k int) {
		d, s := GP64(), GP32()
		MOVL(at(docs, i).Offset(4*k), d.As32())
		MOVL(at(scores, i).Offset(4*k), s)
		SUBL(base, d.As32())
		CMPQ(d, size)
		JAE(LabelRef("outside"))
		ADDL(s, at(acc, d))
		if marks == groupMarks {
			setBit(touched, d, 4)
		}
	})
	giveBool()
	RET()
	outsideReturns()
}

// setBit sets bit d>>down of a bitset. It spoils d.
func setBit(set, d GPVirtual, down uint64) {
	word, w := GP64(), GP64()
	MOVL(d.As32(), w.As32())
	SHRL(Imm(down+6), w.As32())
	if down > 0 {
		SHRL(Imm(down), d.As32())
	}
	MOVQ(Mem{Base: set, Index: w, Scale: 8}, word)
	BTSQ(d, word)
	MOVQ(word, Mem{Base: set, Index: w, Scale: 8})
}

func accumulateFloat() {
	begin("accumulateFloatAsm", "acc *float32, size int, docs *uint32, ev *float32, n int, base uint32, seen *uint64) bool",
		"is the loop of accumulateFloatPlain. It is false if a document is outside.")
	acc, size, docs, ev, n := param("acc"), param("size"), param("docs"), param("ev"), param("n")
	base := Load(Param("base"), GP32())
	seen := param("seen")
	unrolled(n, func(i Register, k int) {
		d, e := GP64(), XMM()
		MOVL(at(docs, i).Offset(4*k), d.As32())
		MOVSS(at(ev, i).Offset(4*k), e)
		SUBL(base, d.As32())
		CMPQ(d, size)
		JAE(LabelRef("outside"))
		ADDSS(at(acc, d), e)
		MOVSS(e, at(acc, d))
		setBit(seen, d, 0)
	})
	giveBool()
	RET()
	outsideReturns()
}

// unrolled does a step for each i below n, four in a turn.
func unrolled(n GPVirtual, step func(i Register, k int)) {
	i, fours := zero64(), GP64()
	MOVQ(n, fours)
	ANDQ(I32(-4), fours)
	JEQ(LabelRef("rest"))
	Label("four")
	for k := range 4 {
		step(i, k)
	}
	ADDQ(Imm(4), i)
	CMPQ(i, fours)
	JLT(LabelRef("four"))
	Label("rest")
	CMPQ(i, n)
	JGE(LabelRef("done"))
	step(i, 0)
	INCQ(i)
	JMP(LabelRef("rest"))
	Label("done")
}
