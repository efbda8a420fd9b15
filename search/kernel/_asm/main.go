// Command _asm writes the vector kernels of package kernel. It is a module of its
// own, so that avo stays out of ours; scripts/check.sh compares what it writes
// with what is committed. avo 0.5.0 asks for a golang.org/x/tools that Go 1.26
// cannot compile: go.mod asks for a newer one.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("amd64,!purego")
	tables()
	score512()
	score256()
	accumulateTouched()
	accumulateFloat()
	scan512()
	scanTouched512()
	scan256()
	scanTouched256()
	scanFloat512()
	compress512()
	compress256()
	bitsets512()
	bitsets256()
	nextAtLeast512()
	nextAtLeast256()
	nextByteAtLeast256()
	Generate()
}

// tables writes the lane numbers, and for each mask of 8 lanes the lanes that are
// set, in order: the AVX2 way to compress.
func tables() {
	GLOBL("iota", RODATA|NOPTR)
	for i := range 16 {
		DATA(4*i, U32(uint32(i)))
	}
	GLOBL("picks", RODATA|NOPTR)
	for mask := range 256 {
		var lanes uint64
		n := 0
		for i := range 8 {
			if mask>>i&1 != 0 {
				lanes |= uint64(i) << (8 * n)
				n++
			}
		}
		DATA(8*mask, U64(lanes))
	}
}

func begin(name, signature, doc string) {
	TEXT(name, NOSPLIT, "func("+signature)
	Pragma("noescape")
	Doc(name + " " + doc)
}

func end() {
	VZEROUPPER()
	RET()
}

func table(name string) Mem { return NewDataAddr(NewStaticSymbol(name), 0) }

func param(name string) GPVirtual { return Load(Param(name), GP64()).(GPVirtual) }

// broadcast fills a vector with a parameter of 32 bits, by way of a register:
// asmdecl takes VPBROADCASTD for a load of 8 bytes.
func broadcast(name string, v VecVirtual) VecVirtual {
	r, x := Load(Param(name), GP32()), XMM()
	VMOVD(r, x)
	VPBROADCASTD(x, v)
	return v
}

func broadcastFloat(name string, v VecVirtual) VecVirtual {
	x := XMM()
	Load(Param(name), x)
	VBROADCASTSS(x, v)
	return v
}

// constant fills a vector with a number of 32 bits.
func constant(n uint32, v VecVirtual) VecVirtual {
	r, x := GP32(), XMM()
	MOVL(U32(n), r)
	VMOVD(r, x)
	VPBROADCASTD(x, v)
	return v
}

func zero64() GPVirtual {
	r := GP64()
	XORQ(r, r)
	return r
}

// at is the i-th 4-byte value of an array, i being a register.
func at(base, i Register) Mem { return Mem{Base: base, Index: i, Scale: 4} }

// advance moves a pointer behind n 4-byte values.
func advance(p, n Register) { LEAQ(at(p, n), p) }

// some is the mask of the first n lanes of 16, n being less than 16.
func some(n Register, k OpmaskVirtual) {
	ones, mask := GP32(), GP32()
	MOVL(U32(0xffff), ones)
	BZHIL(n.(GP).As32(), ones, mask)
	KMOVW(mask, k)
}

func allLanes() OpmaskVirtual {
	k := K()
	KXNORW(k, k, k)
	return k
}
