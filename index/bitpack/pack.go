package bitpack

import (
	"encoding/binary"
	"slices"
)

// Pack appends the values, at most N, to dst: Size(len(v), width) bytes. No
// value may have more than width bits.
func Pack(dst []byte, v []uint32, width int) []byte {
	if len(v) > N || uint(width) > MaxWidth {
		panic("bitpack: block too long or too wide")
	}
	size := Size(len(v), width)
	if size == 0 {
		return dst
	}
	start := len(dst)
	dst = slices.Grow(dst, size+8)[:start+size+8] // words are written whole
	out := dst[start:]
	if len(v)%group != 0 {
		var whole [N]uint32
		n := copy(whole[:], v)
		v = whole[:(n+group-1)/group*group]
	}
	switch {
	case width <= 8:
		packEights(out, v, width)
	case width <= 16:
		packFours(out, v, width)
	default:
		packTwos(out, v, width)
	}
	return dst[:start+size]
}

// packEights packs values of at most 8 bits: 8 of them are one word, of which
// width bytes count. The next word begins behind those.
func packEights(out []byte, v []uint32, width int) {
	w := uint(width) & 63
	for ; len(v) >= 8; v = v[8:] {
		d := (*[8]uint32)(v)
		x := uint64(d[6]) | uint64(d[7])<<w
		y := uint64(d[4]) | uint64(d[5])<<w
		z := uint64(d[2]) | uint64(d[3])<<w
		u := uint64(d[0]) | uint64(d[1])<<w
		w2 := 2 * w & 63
		x = y | x<<w2
		z = u | z<<w2
		binary.LittleEndian.PutUint64(out, z|x<<(2*w2&63))
		out = out[width:]
	}
}

// packFours packs values of 9 to 16 bits: 4 of them fit a word, 8 of them two.
func packFours(out []byte, v []uint32, width int) {
	w := uint(width) & 63
	w2, w4 := 2*w&63, 4*w
	for ; len(v) >= 8; v = v[8:] {
		d := (*[8]uint32)(v)
		low := uint64(d[0]) | uint64(d[1])<<w | (uint64(d[2])|uint64(d[3])<<w)<<w2
		high := uint64(d[4]) | uint64(d[5])<<w | (uint64(d[6])|uint64(d[7])<<w)<<w2
		binary.LittleEndian.PutUint64(out, low|high<<w4)
		binary.LittleEndian.PutUint64(out[8:], high>>(64-w4))
		out = out[width:]
	}
}

// packTwos packs values of 17 to 32 bits: two of them fit a word.
func packTwos(out []byte, v []uint32, width int) {
	w := uint(width) & 63
	var word uint64
	var have uint
	for ; len(v) >= 2; v = v[2:] {
		pair := uint64(v[0]) | uint64(v[1])<<w
		word |= pair << have
		if have += 2 * w; have >= 64 {
			binary.LittleEndian.PutUint64(out, word)
			out = out[8:]
			have -= 64
			word = pair >> (2*w - have)
		}
	}
	binary.LittleEndian.PutUint64(out, word)
}
