package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// An operation on bitsets counts the bits of its result, and may store it in the
// place of the first operand.
type operation struct {
	name   string
	vector func(ops ...Op)
	word   func(other, a Op) // nil: of one operand only
	store  bool
}

var operations = []operation{
	{"count", nil, nil, false},
	{"countAnd", VPANDQ, ANDQ, false},
	{"and", VPANDQ, ANDQ, true},
}

func (o operation) binary() bool { return o.word != nil }

func (o operation) begin(version, limits string) (a, other, n GPVirtual) {
	signature := "a *uint64, n int) int"
	if o.binary() {
		signature = "a, b *uint64, n int) int"
	}
	begin(o.name+version, signature, "is "+o.name+"Plain"+limits)
	if o.binary() {
		other = param("b")
	}
	return param("a"), other, param("n")
}

// bitsets512 counts the bits of 8 words in a turn.
func bitsets512() {
	for _, b := range operations {
		a, other, n := b.begin("512", ", n being above 0.")
		sum, v, k := ZMM(), ZMM(), K()
		VPXORQ(sum, sum, sum)
		KXNORB(k, k, k)
		Label("turn")
		CMPQ(n, Imm(8))
		JGE(LabelRef("whole"))
		some(n, k)
		Label("whole")
		VMOVDQU64_Z(Mem{Base: a}, k, v)
		if b.binary() {
			w := ZMM()
			VMOVDQU64_Z(Mem{Base: other}, k, w)
			b.vector(v, w, v)
			ADDQ(Imm(64), other)
		}
		if b.store {
			VMOVDQU64(v, k, Mem{Base: a})
		}
		VPOPCNTQ(v, v)
		VPADDQ(v, sum, sum)
		ADDQ(Imm(64), a)
		SUBQ(Imm(8), n)
		JG(LabelRef("turn"))
		half, quarter, low := YMM(), XMM(), sum.AsX()
		VEXTRACTI64X4(Imm(1), sum, half)
		VPADDQ(half, sum.AsY(), sum.AsY())
		VEXTRACTI128(Imm(1), sum.AsY(), quarter)
		VPADDQ(quarter, low, low)
		VPSHUFD(Imm(0b01_00_11_10), low, quarter)
		VPADDQ(quarter, low, low)
		total := GP64()
		VMOVQ(low, total)
		Store(total, ReturnIndex(0))
		end()
	}
}

// bitsets256 takes no vectors, but POPCNT without asking each time whether there is
// one, as Go does, and two words in a turn.
func bitsets256() {
	for _, o := range operations {
		a, other, n := o.begin("256", " for an even n above 0.")
		sums := [2]GPVirtual{zero64(), zero64()}
		Label("turn")
		for i, sum := range sums {
			w, x := GP64(), GP64()
			MOVQ(Mem{Base: a, Disp: 8 * i}, w)
			if o.binary() {
				MOVQ(Mem{Base: other, Disp: 8 * i}, x)
				o.word(x, w)
			}
			if o.store {
				MOVQ(w, Mem{Base: a, Disp: 8 * i})
			}
			POPCNTQ(w, w)
			ADDQ(w, sum)
		}
		ADDQ(Imm(16), a)
		if o.binary() {
			ADDQ(Imm(16), other)
		}
		SUBQ(Imm(2), n)
		JNE(LabelRef("turn"))
		ADDQ(sums[1], sums[0])
		Store(sums[0], ReturnIndex(0))
		RET()
	}
}
