package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

const atLeast = 5 // VPCMPD: the second is not below the first, in Go's order of operands

// A sink512 writes candidates one behind the other: compressed in a register, for
// the form to memory is microcode on Zen 4, and stored whole.
type sink512 struct{ docs, scores, first, count GPVirtual }

func newSink() sink512 {
	s := sink512{param("docs"), param("scores"), GP64(), GP64()}
	MOVQ(s.docs, s.first)
	return s
}

func (s sink512) put(k OpmaskVirtual, docs, scores VecVirtual) {
	d, v := ZMM(), ZMM()
	VPCOMPRESSD_Z(docs, k, d)
	VPCOMPRESSD_Z(scores, k, v)
	VMOVDQU32(d, Mem{Base: s.docs})
	VMOVDQU32(v, Mem{Base: s.scores})
	KMOVW(k, s.count.As32())
	POPCNTL(s.count.As32(), s.count.As32())
	advance(s.docs, s.count)
	advance(s.scores, s.count)
}

func (s sink512) give(result string) {
	SUBQ(s.first, s.docs)
	SHRQ(Imm(2), s.docs)
	Store(s.docs, Return(result))
}

const scanned = "base uint32, docs *uint32, scores *int32) (candidates, nonzero int)"

// scan512 takes 64 entries in a turn without a branch, unless there is a candidate
// among them, and then the last groups one by one.
func scan512() {
	begin("scan512", "acc *int32, size int, least int32, "+scanned, "is scanPlain.")
	acc, size := param("acc"), param("size")
	least, numbers := broadcast("least", ZMM()), broadcast("base", ZMM())
	to := newSink()
	VPADDD(table("iota"), numbers, numbers)
	sixteen, zero := constant(16, ZMM()), ZMM()
	VPXORD(zero, zero, zero)
	nonzero, n := zero64(), GP64()

	Label("four")
	CMPQ(size, Imm(64))
	JLT(LabelRef("last"))
	var v [4]VecVirtual
	var candidate [4]OpmaskVirtual
	for i := range v {
		v[i], candidate[i] = ZMM(), K()
		VMOVDQU32(Mem{Base: acc, Disp: 64 * i}, v[i])
		VMOVDQU32(zero, Mem{Base: acc, Disp: 64 * i})
		some := K()
		VPTESTMD(v[i], v[i], some)
		VPCMPD(Imm(atLeast), least, v[i], some, candidate[i])
		KMOVW(some, n.As32())
		POPCNTL(n.As32(), n.As32())
		ADDQ(n, nonzero)
	}
	any, more := K(), K()
	KORW(candidate[0], candidate[1], any)
	KORW(candidate[2], candidate[3], more)
	KORTESTW(any, more)
	JEQ(LabelRef("none"))
	for i := range v {
		to.put(candidate[i], numbers, v[i])
		VPADDD(sixteen, numbers, numbers)
	}
	JMP(LabelRef("next"))
	Label("none")
	sixtyFour := ZMM()
	VPSLLD(Imm(2), sixteen, sixtyFour)
	VPADDD(sixtyFour, numbers, numbers)
	Label("next")
	ADDQ(I32(256), acc)
	SUBQ(Imm(64), size)
	JMP(LabelRef("four"))

	Label("last")
	TESTQ(size, size)
	JEQ(LabelRef("done"))
	w, some, k := ZMM(), K(), K()
	VMOVDQU32(Mem{Base: acc}, w)
	VMOVDQU32(zero, Mem{Base: acc})
	VPTESTMD(w, w, some)
	VPCMPD(Imm(atLeast), least, w, some, k)
	KMOVW(some, n.As32())
	POPCNTL(n.As32(), n.As32())
	ADDQ(n, nonzero)
	to.put(k, numbers, w)
	VPADDD(sixteen, numbers, numbers)
	ADDQ(Imm(64), acc)
	SUBQ(Imm(16), size)
	JMP(LabelRef("last"))
	Label("done")
	to.give("candidates")
	Store(nonzero, Return("nonzero"))
	end()
}

// eachTouched does something for each group whose bit is set, and clears the bit.
// group is the number of the group.
func eachTouched(touched, words GPVirtual, do func(group GPVirtual)) {
	first, word, zero := zero64(), GP64(), zero64()
	Label("word")
	MOVQ(Mem{Base: touched}, word)
	MOVQ(zero, Mem{Base: touched})
	TESTQ(word, word)
	JEQ(LabelRef("empty"))
	Label("bit")
	group, rest := GP64(), GP64()
	BSFQ(word, group)
	ADDQ(first, group)
	LEAQ(Mem{Base: word, Disp: -1}, rest)
	ANDQ(rest, word)
	do(group)
	TESTQ(word, word)
	JNE(LabelRef("bit"))
	Label("empty")
	ADDQ(Imm(8), touched)
	ADDQ(Imm(64), first)
	DECQ(words)
	JNE(LabelRef("word"))
}

func scanTouched512() {
	begin("scanTouched512", "acc *int32, touched *uint64, words int, least int32, "+scanned, "is scanTouchedPlain, words being above 0.")
	acc, touched, words := param("acc"), param("touched"), param("words")
	least, numbers := broadcast("least", ZMM()), broadcast("base", ZMM())
	to := newSink()
	VPADDD(table("iota"), numbers, numbers)
	zero, nonzero, n := ZMM(), zero64(), GP64()
	VPXORD(zero, zero, zero)
	eachTouched(touched, words, func(group GPVirtual) {
		SHLQ(Imm(6), group) // its place in bytes
		g := Mem{Base: acc, Index: group, Scale: 1}
		v, some, k := ZMM(), K(), K()
		VMOVDQU32(g, v)
		VMOVDQU32(zero, g)
		VPTESTMD(v, v, some)
		VPCMPD(Imm(atLeast), least, v, some, k)
		KMOVW(some, n.As32())
		POPCNTL(n.As32(), n.As32())
		ADDQ(n, nonzero)
		KORTESTW(k, k)
		JEQ(LabelRef("none"))
		SHRQ(Imm(2), group)
		docs := ZMM()
		VPBROADCASTD(group.As32(), docs)
		VPADDD(numbers, docs, docs)
		to.put(k, docs, v)
		Label("none")
	})
	to.give("candidates")
	Store(nonzero, Return("nonzero"))
	end()
}

// A sink256 compresses 8 values by a table of 256 permutations.
type sink256 struct {
	sink512
	picks GPVirtual
}

func newSink256() sink256 {
	s := sink256{newSink(), GP64()}
	LEAQ(table("picks"), s.picks)
	return s
}

// put writes the lanes of mask. It spoils mask.
func (s sink256) put(mask GPVirtual, docs, scores VecVirtual) {
	pick, d, v := YMM(), YMM(), YMM()
	VPMOVZXBD(Mem{Base: s.picks, Index: mask, Scale: 8}, pick)
	VPERMD(docs, pick, d)
	VPERMD(scores, pick, v)
	VMOVDQU(d, Mem{Base: s.docs})
	VMOVDQU(v, Mem{Base: s.scores})
	POPCNTL(mask.As32(), mask.As32())
	advance(s.docs, mask)
	advance(s.scores, mask)
}

// group256 takes a group of 16 entries, whose first has number docs in lane 0.
func (s sink256) group256(g Mem, least, zero VecVirtual, nonzero GPVirtual, docs func() VecVirtual, eight VecVirtual) {
	var v, null, out [2]VecVirtual
	for i := range v {
		v[i], null[i], out[i] = YMM(), YMM(), YMM()
		VMOVDQU(g.Offset(32*i), v[i])
		VMOVDQU(zero, g.Offset(32*i))
		VPCMPEQD(zero, v[i], null[i])
		VPCMPGTD(v[i], least, out[i]) // below least
		VPOR(null[i], out[i], out[i])
	}
	both, mask, n := YMM(), GP64(), GP64()
	VPACKSSDW(null[1], null[0], both)
	VPMOVMSKB(both, n.As32()) // two bits for each that is 0
	NOTL(n.As32())
	POPCNTL(n.As32(), n.As32())
	SHRL(Imm(1), n.As32())
	ADDQ(n, nonzero)
	VPAND(out[0], out[1], both)
	VMOVMSKPS(both, mask.As32())
	CMPL(mask.As32(), U32(0xff))
	JEQ(LabelRef("none"))
	d := docs()
	for i := range v {
		VMOVMSKPS(out[i], mask.As32())
		XORL(U32(0xff), mask.As32())
		s.put(mask, d, v[i])
		if i == 0 {
			VPADDD(eight, d, d)
		}
	}
	Label("none")
}

func scan256() {
	begin("scan256", "acc *int32, size int, least int32, "+scanned, "is scanPlain for a size above 0.")
	acc, size := param("acc"), param("size")
	least, numbers := broadcast("least", YMM()), broadcast("base", YMM())
	to := newSink256()
	VPADDD(table("iota"), numbers, numbers)
	eight, zero, nonzero := constant(8, YMM()), YMM(), zero64()
	VPXOR(zero, zero, zero)
	Label("group")
	to.group256(Mem{Base: acc}, least, zero, nonzero, func() VecVirtual {
		d := YMM()
		VMOVDQA(numbers, d)
		return d
	}, eight)
	VPADDD(eight, numbers, numbers)
	VPADDD(eight, numbers, numbers)
	ADDQ(Imm(64), acc)
	SUBQ(Imm(16), size)
	JG(LabelRef("group"))
	to.give("candidates")
	Store(nonzero, Return("nonzero"))
	end()
}

func scanTouched256() {
	begin("scanTouched256", "acc *int32, touched *uint64, words int, least int32, "+scanned, "is scanTouchedPlain, words being above 0.")
	acc, touched, words := param("acc"), param("touched"), param("words")
	least, numbers := broadcast("least", YMM()), broadcast("base", YMM())
	to := newSink256()
	VPADDD(table("iota"), numbers, numbers)
	eight, zero, nonzero := constant(8, YMM()), YMM(), zero64()
	VPXOR(zero, zero, zero)
	eachTouched(touched, words, func(group GPVirtual) {
		SHLQ(Imm(6), group)
		to.group256(Mem{Base: acc, Index: group, Scale: 1}, least, zero, nonzero, func() VecVirtual {
			d, x := YMM(), XMM()
			SHRQ(Imm(2), group)
			VMOVD(group.As32(), x)
			VPBROADCASTD(x, d)
			VPADDD(numbers, d, d)
			return d
		}, eight)
	})
	to.give("candidates")
	Store(nonzero, Return("nonzero"))
	end()
}

func scanFloat512() {
	begin("scanFloat512", "acc *float32, seen *uint64, words int, base uint32, docs *uint32, ev *float32) int", "is scanFloatPlain, words being above 0.")
	acc, ev := param("acc"), param("ev")
	seen, words, docs := param("seen"), param("words"), param("docs")
	numbers := broadcast("base", ZMM())
	VPADDD(table("iota"), numbers, numbers)
	sixteen := constant(16, ZMM())
	first, zero, null := GP64(), ZMM(), zero64()
	VPXORD(zero, zero, zero)
	MOVQ(docs, first)
	Label("word")
	word, count, k := GP64(), GP64(), K()
	MOVQ(Mem{Base: seen}, word)
	MOVQ(null, Mem{Base: seen})
	for i := range 4 {
		d, v := ZMM(), ZMM()
		KMOVW(word.As32(), k)
		VPCOMPRESSD_Z(numbers, k, d)
		VMOVDQU32(d, Mem{Base: docs})
		VMOVDQU32(Mem{Base: acc, Disp: 64 * i}, v)
		VMOVDQU32(zero, Mem{Base: acc, Disp: 64 * i})
		VPCOMPRESSD_Z(v, k, v)
		VMOVDQU32(v, Mem{Base: ev})
		VPADDD(sixteen, numbers, numbers)
		MOVWLZX(word.As16(), count.As32())
		POPCNTL(count.As32(), count.As32())
		advance(docs, count)
		advance(ev, count)
		if i < 3 {
			SHRQ(Imm(16), word)
		}
	}
	ADDQ(I32(256), acc)
	ADDQ(Imm(8), seen)
	DECQ(words)
	JNE(LabelRef("word"))
	SUBQ(first, docs)
	SHRQ(Imm(2), docs)
	Store(docs, ReturnIndex(0))
	end()
}
