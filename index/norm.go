package index

import (
	"math"
	"math/bits"
)

// A norm is the length of a field in one document, in tokens, in one byte: exact
// below 40, then a floating-point number with three bits behind its leading one
// (at most 1/8 too short). It is the SmallFloat of Lucene (class SmallFloat,
// intToByte4, since 7.0), so that figures can be compared. 0: the document does
// not have the field.

// exactNorms is how many lengths stand for themselves before the floating part
// begins, whose first sixteen steps are of one token too.
const exactNorms = 24

// normOf is the norm of a length.
func normOf(tokens uint32) byte {
	if tokens < exactNorms {
		return byte(tokens)
	}
	rest := min(tokens, math.MaxInt32) - exactNorms
	width := bits.Len32(rest)
	if width < 4 {
		return byte(exactNorms + rest)
	}
	shift := width - 4
	mantissa := rest >> shift & 7
	return byte(exactNorms + uint32(shift+1)<<3 + mantissa)
}

// NormLength is the length in tokens that a norm stands for: the shortest of
// those that share it.
func NormLength(norm byte) uint32 {
	if norm < exactNorms {
		return uint32(norm)
	}
	code := uint32(norm) - exactNorms
	mantissa, shift := code&7, code>>3
	if shift == 0 {
		return exactNorms + mantissa
	}
	return exactNorms + (mantissa|8)<<(shift-1)
}
