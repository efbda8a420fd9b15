package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Sums take one posting after the other: vectors would have to gather and to
// scatter. The sum alone is as fast in Go; what costs is the marks, a bit of which
// would wait until the store of the bit before comes back by a load.

// accumulateTouched keeps the marks of 1024 entries in a register, for which the
// branch is foretold.
func accumulateTouched() {
	begin("accumulateTouchedAsm", "acc *int32, size int, docs *uint32, scores *int32, n int, base uint32, touched *uint64) bool",
		"is accumulateTouchedPlain, n being above 0. It is false if a document is outside.")
	acc, size, docs, scores, n := param("acc"), param("size"), param("docs"), param("scores"), param("n")
	base := Load(Param("base"), GP32())
	touched := param("touched")
	word, place := zero64(), GP64() // place is never that of a word at first
	MOVQ(I32(-1), place)
	unrolled(n, func(i Register, k int, label string) {
		d, s, w := GP64(), GP32(), GP64()
		MOVL(at(docs, i).Offset(4*k), d.As32())
		MOVL(at(scores, i).Offset(4*k), s)
		SUBL(base, d.As32())
		CMPQ(d, size)
		JAE(LabelRef("outside"))
		ADDL(s, at(acc, d))
		MOVL(d.As32(), w.As32())
		SHRL(Imm(10), w.As32())
		SHRL(Imm(4), d.As32())
		CMPQ(w, place)
		JEQ(LabelRef("same" + label))
		MOVQ(w, place)
		MOVQ(Mem{Base: touched, Index: w, Scale: 8}, word)
		Label("same" + label)
		BTSQ(d, word)
		MOVQ(word, Mem{Base: touched, Index: place, Scale: 8})
	})
	giveBool()
	RET()
	outsideReturns()
}

// accumulateFloat keeps the last word in a register, and its load, which would be
// waited for even where a conditional move drops it, goes elsewhere if the word is
// the same.
func accumulateFloat() {
	begin("accumulateFloatAsm", "acc *float32, size int, docs *uint32, ev *float32, n int, base uint32, seen *uint64) bool",
		"is accumulateFloatPlain, n being above 0. It is false if a document is outside.")
	acc, size, docs, ev, n := param("acc"), param("size"), param("docs"), param("ev"), param("n")
	base := Load(Param("base"), GP32())
	seen, spare := param("seen"), GP64()
	LEAQ(NewParamAddr("acc", 0), spare)
	word, place := [2]GPVirtual{zero64(), zero64()}, [2]GPVirtual{zero64(), zero64()}
	unrolled(n, func(i Register, k int, label string) {
		d, e := GP64(), XMM()
		MOVL(at(docs, i).Offset(4*k), d.As32())
		MOVSS(at(ev, i).Offset(4*k), e)
		SUBL(base, d.As32())
		CMPQ(d, size)
		JAE(LabelRef("outside"))
		ADDSS(at(acc, d), e)
		MOVSS(e, at(acc, d))
		w, from := GP64(), GP64()
		MOVL(d.As32(), w.As32())
		SHRL(Imm(6), w.As32())
		if label == "rest" {
			MOVQ(Mem{Base: seen, Index: w, Scale: 8}, from)
			BTSQ(d, from)
			MOVQ(from, Mem{Base: seen, Index: w, Scale: 8})
			return
		}
		now, before := k%2, 1-k%2
		LEAQ(Mem{Base: seen, Index: w, Scale: 8}, place[now])
		MOVQ(place[now], from)
		CMPQ(place[now], place[before])
		CMOVQEQ(spare, from)
		MOVQ(Mem{Base: from}, word[now])
		CMOVQEQ(word[before], word[now])
		BTSQ(d, word[now])
		MOVQ(word[now], Mem{Base: place[now]})
	})
	giveBool()
	RET()
	outsideReturns()
}

// unrolled does a step for each i below n, four in a turn. label tells the steps
// apart; those after the last four are all "rest".
func unrolled(n GPVirtual, step func(i Register, k int, label string)) {
	i, fours := zero64(), GP64()
	MOVQ(n, fours)
	ANDQ(I32(-4), fours)
	JEQ(LabelRef("rest"))
	Label("four")
	for k := range 4 {
		step(i, k, fmt.Sprint(k))
	}
	ADDQ(Imm(4), i)
	CMPQ(i, fours)
	JLT(LabelRef("four"))
	Label("rest")
	CMPQ(i, n)
	JGE(LabelRef("done"))
	step(i, 0, "rest")
	INCQ(i)
	JMP(LabelRef("rest"))
	Label("done")
}
