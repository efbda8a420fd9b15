package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// A lane of 32 bits holds a value together with the bits before it in its first
// byte, at most 7. That is enough for widths to 25, and for those wider ones
// whose values all begin early enough in a byte. The others take lanes of 64 bits.
func fitsLane32(width int) bool {
	for i := range 8 {
		if i*width%8+width > 32 {
			return false
		}
	}
	return true
}

func unpackKernels() {
	tables512()
	tables256()
	for _, delta := range []bool{false, true} {
		unpack512(delta, false)
		unpack512(delta, true)
		unpack256(delta)
	}
}

// tables512 writes, for each width, where lane i of a vector of 16 values finds
// its bytes, and how far it shifts them.
func tables512() {
	GLOBL("lanes512", RODATA|NOPTR)
	for width := 0; width <= 32; width++ {
		var shuffle []byte
		var shift []uint32
		for i := range 16 {
			bit := 0
			if fitsLane32(width) {
				bit = i * width
			}
			for k := range 4 {
				shuffle = append(shuffle, byte(bit/8+k)&63)
			}
			shift = append(shift, uint32(bit%8))
		}
		addBytes(128*width, shuffle)
		add32(128*width+64, shift)
	}
	GLOBL("wide512", RODATA|NOPTR) // from width 24 on: 8 values, then 8 values more
	for width := 24; width <= 31; width++ {
		for half := range 2 {
			var shuffle []byte
			var shift []uint64
			for i := range 8 {
				bit := (8*half + i) * width
				for k := range 8 {
					shuffle = append(shuffle, byte(bit/8+k)&63)
				}
				shift = append(shift, uint64(bit%8))
			}
			at := 256*(width-24) + 128*half
			addBytes(at, shuffle)
			add64(at+64, shift)
		}
	}
	GLOBL("evens512", RODATA|NOPTR) // the low halves of the 64-bit lanes of two vectors
	var evens []uint32
	for i := range uint32(16) {
		evens = append(evens, 2*i)
	}
	add32(0, evens)
}

// tables256 is tables512 for 8 values. The bytes of values 4..7 come from a load
// of their own, at width/2: VPSHUFB does not cross 16 bytes.
func tables256() {
	GLOBL("lanes256", RODATA|NOPTR)
	for width := 0; width <= 32; width++ {
		var shuffle []byte
		var shift []uint32
		for i := range 8 {
			bit := 0
			if fitsLane32(width) {
				bit = i*width - i/4*(width/2*8)
			}
			for k := range 4 {
				at := byte(bit/8 + k)
				if at > 15 { // bits behind the value's own
					at = 0x80
				}
				shuffle = append(shuffle, at)
			}
			shift = append(shift, uint32(bit%8))
		}
		addBytes(64*width, shuffle)
		add32(64*width+32, shift)
	}
	GLOBL("sevens256", RODATA|NOPTR)
	add32(0, []uint32{7, 7, 7, 7, 7, 7, 7, 7})
}

func add32(at int, v []uint32) {
	for i := 0; i < len(v); i += 2 {
		DATA(at+4*i, U64(uint64(v[i])|uint64(v[i+1])<<32))
	}
}

func add64(at int, v []uint64) {
	for i, x := range v {
		DATA(at+8*i, U64(x))
	}
}

func addBytes(at int, v []byte) {
	for i := 0; i < len(v); i += 8 {
		var x uint64
		for k, b := range v[i : i+8] {
			x |= uint64(b) << (8 * k)
		}
		DATA(at+i, U64(x))
	}
}

// broadcast fills a vector with a parameter of 32 bits, by way of a register:
// asmdecl takes VPBROADCASTD for a load of 8 bytes.
func broadcast(param string, v VecVirtual) VecVirtual {
	r, x := Load(Param(param), GP32()), XMM()
	VMOVD(r, x)
	VPBROADCASTD(x, v)
	return v
}

func table(name string, offset Register) Mem {
	p := GP64()
	LEAQ(NewDataAddr(NewStaticSymbol(name), 0), p)
	if offset != nil {
		ADDQ(offset, p)
	}
	return Mem{Base: p}
}

// unpack512 decodes 16 values a turn: bytes to lanes, bits to their places, mask.
// The load is masked to the 2*width bytes of the values, so that it reads nothing
// behind them.
func unpack512(delta, wide bool) {
	name := "unpack512"
	if delta {
		name = "unpackDelta512"
	}
	if wide {
		name += "Wide"
	}
	signature := "func(dst *[128]uint32, src *byte, width, groups int)"
	if delta {
		signature = "func(dst *[128]uint32, src *byte, width, groups int, base, add uint32)"
	}
	TEXT(name, NOSPLIT, signature)
	Pragma("noescape")
	what := "decodes groups of 16 values"
	if delta {
		what += " and sums them up, each being more by add"
	}
	if wide {
		what += ", of widths that need lanes of 64 bits"
	}
	Doc(name + " " + what + ".")
	dst := Load(Param("dst"), GP64())
	src := Load(Param("src"), GP64())
	width := Load(Param("width"), GP64())
	groups := Load(Param("groups"), GP64())

	ones, bytes, bits := GP64(), GP64(), GP64()
	MOVQ(I32(-1), ones)
	BZHIQ(width, ones, bits)
	mask := ZMM()
	VPBROADCASTD(bits.As32(), mask)
	step := GP64()
	LEAQ(Mem{Base: width, Index: width, Scale: 1}, step)
	BZHIQ(step, ones, bytes)
	load := K()
	KMOVQ(bytes, load)
	place := placer(width, mask, wide)
	var sum func(v VecVirtual)
	if delta {
		sum = summer512()
	}

	Label("group")
	v := ZMM()
	VMOVDQU8_Z(Mem{Base: src}, load, v)
	ADDQ(step, src)
	place(v)
	if delta {
		sum(v)
	}
	VMOVDQU32(v, Mem{Base: dst})
	ADDQ(Imm(64), dst)
	DECQ(groups)
	JNE(LabelRef("group"))
	VZEROUPPER()
	RET()
}

// placer moves the values of a vector as loaded to lanes of 32 bits.
func placer(width Register, mask VecVirtual, wide bool) func(v VecVirtual) {
	offset := GP64()
	MOVQ(width, offset)
	if !wide {
		SHLQ(Imm(7), offset)
		t := table("lanes512", offset)
		shuffle, shift := ZMM(), ZMM()
		VMOVDQU64(t, shuffle)
		VMOVDQU64(t.Offset(64), shift)
		return func(v VecVirtual) {
			VPERMB(v, shuffle, v)
			VPSRLVD(shift, v, v)
			VPANDD(mask, v, v)
		}
	}
	SUBQ(Imm(24), offset)
	SHLQ(Imm(8), offset)
	t := table("wide512", offset)
	evens := ZMM()
	VMOVDQU64(table("evens512", nil), evens)
	var shuffle, shift [2]VecVirtual
	for i := range 2 {
		shuffle[i], shift[i] = ZMM(), ZMM()
		VMOVDQU64(t.Offset(128*i), shuffle[i])
		VMOVDQU64(t.Offset(128*i+64), shift[i])
	}
	return func(v VecVirtual) {
		high := ZMM()
		VPERMB(v, shuffle[1], high)
		VPERMB(v, shuffle[0], v)
		VPSRLVQ(shift[1], high, high)
		VPSRLVQ(shift[0], v, v)
		VPERMT2D(high, evens, v)
		VPANDD(mask, v, v)
	}
}

// summer512 sums up within a vector in four steps and adds the sum of all vectors
// before. That one waits for nothing but the last of these sums: the steps of one
// vector run beside those of the next.
func summer512() func(v VecVirtual) {
	carry, add, last, zero := broadcast("base", ZMM()), broadcast("add", ZMM()), ZMM(), ZMM()
	fifteen := GP32()
	MOVL(U32(15), fifteen)
	VPBROADCASTD(fifteen, last)
	VPXORD(zero, zero, zero)
	return func(v VecVirtual) {
		VPADDD(add, v, v)
		for _, lanes := range []uint64{1, 2, 4, 8} {
			t := ZMM()
			VALIGND(Imm(16-lanes), zero, v, t)
			VPADDD(t, v, v)
		}
		total := ZMM()
		VPERMD(v, last, total)
		VPADDD(carry, v, v)
		VPADDD(total, carry, carry)
	}
}

// unpack256 decodes 8 values a turn. It reads whole vectors: as far as width/2+16
// bytes behind the begin of the last 8 values.
func unpack256(delta bool) {
	name, signature := "unpack256", "func(dst *[128]uint32, src *byte, width, groups int)"
	doc := "unpack256 decodes groups of 8 values."
	if delta {
		name, signature = "unpackDelta256", "func(dst *[128]uint32, src *byte, width, groups int, base, add uint32)"
		doc = "unpackDelta256 decodes groups of 8 values and sums them up, each being more by add."
	}
	TEXT(name, NOSPLIT, signature)
	Pragma("noescape")
	Doc(doc)
	dst := Load(Param("dst"), GP64())
	src := Load(Param("src"), GP64())
	width := Load(Param("width"), GP64())
	groups := Load(Param("groups"), GP64())

	offset, half := GP64(), GP64()
	MOVQ(width, offset)
	SHLQ(Imm(6), offset)
	MOVQ(width, half)
	SHRQ(Imm(1), half)
	t := table("lanes256", offset)
	shuffle, shift, mask := YMM(), YMM(), YMM()
	VMOVDQU(t, shuffle)
	VMOVDQU(t.Offset(32), shift)
	// mask: all ones shifted right by 32-width; a shift by 32 leaves nothing.
	VPCMPEQD(mask, mask, mask)
	by, count := GP64(), XMM()
	MOVQ(U32(32), by)
	SUBQ(width, by)
	VMOVQ(by, count)
	VPSRLD(count, mask, mask)
	var sum func(v VecVirtual)
	if delta {
		sum = summer256()
	}

	Label("group")
	v := YMM()
	VMOVDQU(Mem{Base: src}, v.AsX())
	VINSERTI128(Imm(1), Mem{Base: src, Index: half, Scale: 1}, v, v)
	ADDQ(width, src)
	VPSHUFB(shuffle, v, v)
	VPSRLVD(shift, v, v)
	VPAND(mask, v, v)
	if delta {
		sum(v)
	}
	VMOVDQU(v, Mem{Base: dst})
	ADDQ(Imm(32), dst)
	DECQ(groups)
	JNE(LabelRef("group"))
	VZEROUPPER()
	RET()
}

// summer256 is summer512 for 8 values.
func summer256() func(v VecVirtual) {
	carry, add, last := broadcast("base", YMM()), broadcast("add", YMM()), YMM()
	VMOVDQU(table("sevens256", nil), last)
	return func(v VecVirtual) {
		t, total := YMM(), YMM()
		VPADDD(add, v, v)
		VPSLLDQ(Imm(4), v, t)
		VPADDD(t, v, v)
		VPSLLDQ(Imm(8), v, t)
		VPADDD(t, v, v)
		VPSHUFD(Imm(0xff), v, t)       // the total of each half,
		VPERM2I128(Imm(0x08), t, t, t) // that of the low one in the high one,
		VPADDD(t, v, v)                // which it is missing from
		VPERMD(v, last, total)
		VPADDD(carry, v, v)
		VPADDD(total, carry, carry)
	}
}
