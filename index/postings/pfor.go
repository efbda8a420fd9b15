package postings

import (
	"encoding/binary"
	"math/bits"

	"github.com/trawlsearch/trawl/index/bitpack"
)

// This file packs up to 128 numbers at a width that a few of them may exceed
// (patched frame of reference): their high bits stand behind the others. The token
// says it all:
//
//	bits 0-4  width of the packed numbers, 0..31
//	bits 5-7  exceptions, 0..7
const (
	tokenWidth    = 31
	tokenShift    = 5
	maxExceptions = 7
	highBits      = 8 // of an exception

	tokenBitset = 0xff // in the place of the documents' token: a bitset
)

func tokenOf(width, exceptions int) byte { return byte(exceptions<<tokenShift | width) }

func splitToken(token byte) (width, exceptions int) {
	return int(token & tokenWidth), int(token >> tokenShift)
}

// lowSize is the bytes of the low bits of n numbers: those that bitpack would fill
// up with zeros to a multiple of 16 numbers are left off.
func lowSize(n, width int) int { return (n*width + 7) / 8 }

// packedSize is the bytes of n numbers.
func packedSize(n int, token byte) int {
	width, exceptions := splitToken(token)
	return lowSize(n, width) + 2*exceptions
}

// appendLow appends the low bits of the first n numbers.
func appendLow(dst []byte, v *[BlockLen]uint32, n, width int) []byte {
	size := len(dst) + lowSize(n, width)
	return bitpack.Pack(dst, v[:n], width)[:size]
}

// whole is src with as many bytes as bitpack reads for n numbers: what follows them
// does not matter, but at the end of a section there may be nothing.
func whole(src []byte, n, width int) []byte {
	if len(src) >= bitpack.Size(n, width) {
		return src
	}
	return append(make([]byte, 0, bitpack.Size(BlockLen, bitpack.MaxWidth)), src...)[:bitpack.Size(n, width)]
}

// chooseToken is the token that takes the fewest bytes, but for exceptions that save
// less than worth, and the bits of the greatest number. The first n numbers count,
// the others must be 0. At most 7 may take 32 bits, or they are cut.
func chooseToken(v *[BlockLen]uint32, n, worth int) (token byte, top int) {
	top = bitpack.Width(v[:])
	token = tokenOf(min(top, tokenWidth), 0)
	best := lowSize(n, top) - worth
	for width := top - 1; width >= max(top-highBits, 0); width-- {
		low, high := bitpack.Above(v, 1<<width-1)
		exceptions := bits.OnesCount64(low) + bits.OnesCount64(high)
		if exceptions > maxExceptions {
			break
		}
		if size := lowSize(n, width) + 2*exceptions; size < best || top > tokenWidth && token == tokenWidth {
			token, best = tokenOf(width, exceptions), size
		}
	}
	return token, top
}

// appendPacked packs the first n numbers as their token says. It may change v.
func appendPacked(dst []byte, v *[BlockLen]uint32, n int, token byte) []byte {
	width, exceptions := splitToken(token)
	if exceptions == 0 {
		return appendLow(dst, v, n, width)
	}
	var places, highs [maxExceptions + 1]byte
	mask := uint32(1)<<width - 1
	low, high := bitpack.Above(v, mask)
	j := 0
	note := func(i int) {
		places[j&maxExceptions], highs[j&maxExceptions] = byte(i), byte(v[i]>>width)
		v[i] &= mask
		j++
	}
	for ; low != 0; low &= low - 1 {
		note(bits.TrailingZeros64(low))
	}
	for ; high != 0; high &= high - 1 {
		note(64 + bits.TrailingZeros64(high))
	}
	dst = appendLow(dst, v, n, width)
	dst = append(dst, places[:exceptions]...)
	return append(dst, highs[:exceptions]...)
}

// unpack decodes n numbers, each being more by more. src holds them whole.
func unpack(dst *[BlockLen]uint32, src []byte, n int, token byte, more uint32) {
	width, exceptions := splitToken(token)
	bitpack.Unpack(dst, whole(src, n, width), n, width)
	if more != 0 {
		bitpack.Add(dst, more)
	}
	if exceptions == 0 {
		return
	}
	at := src[lowSize(n, width):][:2*exceptions]
	for j, high := range at[exceptions:] {
		dst[at[j]&(BlockLen-1)] += uint32(high) << width
	}
}

// patches is the exceptions of a block in two words, a byte each, so that one is
// found without a loop.
type patches struct{ places, highs uint64 }

const eachByte = 0x0101010101010101

// readPatches reads those behind the packed numbers. There is no place 255.
func readPatches(at []byte, exceptions int) patches {
	shift := 8 * uint(exceptions) & 63
	if len(at) >= 16 {
		return patches{
			places: binary.LittleEndian.Uint64(at) | ^uint64(0)<<shift,
			highs:  binary.LittleEndian.Uint64(at[exceptions:]) & (1<<shift - 1),
		}
	}
	var whole [16]byte
	copy(whole[:], at[:2*exceptions])
	return readPatches(whole[:], exceptions)
}

// at is the high bits of number i, 0 if it is no exception.
func (p *patches) at(i int) uint32 {
	x := p.places ^ uint64(i)*eachByte
	zero := (x - eachByte) &^ x & (eachByte << 7) // the lowest bit set marks the first byte that is 0
	if zero == 0 {
		return 0
	}
	return uint32(byte(p.highs >> (bits.TrailingZeros64(zero) - 7)))
}

// most is at least the greatest of the high bits, and has no bit above theirs.
func (p *patches) most() uint32 {
	x := p.highs | p.highs>>32
	x |= x >> 16
	return uint32(byte(x | x>>8))
}
