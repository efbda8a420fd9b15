package postings

import "math/bits"

// An Impact is a bound of what a posting can be worth: no posting that it
// stands for has a higher frequency or a smaller norm. A smaller norm means a
// shorter document, so for every score that rises with the frequency and falls
// with the length the score of the Impact bounds the scores of the postings.
type Impact struct {
	Freq uint32
	Norm uint8
}

const (
	impactPairs = 2
	impactBytes = 2 * impactPairs
)

// freqCode rounds a frequency up to a float of 3 mantissa bits: exact below 16.
func freqCode(freq uint32) uint8 {
	if freq < 16 {
		return uint8(freq)
	}
	shift := bits.Len32(freq) - 4
	code := uint32(shift+1)<<3 | freq>>shift&7
	if freq&(1<<shift-1) != 0 {
		code++ // of mantissa 7 to the next exponent: still the next number up
	}
	return uint8(code)
}

// freqOf is the frequency that a code stands for. Codes beyond that of 2^31,
// which no Writer writes, stand for the greatest there is.
func freqOf(code uint8) uint32 {
	if code < 16 {
		return uint32(code)
	}
	shift := code>>3 - 1
	if shift > 28 {
		return None
	}
	return uint32(code&7|8) << shift
}

// A frontier gathers postings and keeps those that no other beats in both
// frequency and norm. The zero frontier is empty.
type frontier struct {
	used  [4]uint64 // codes of frequencies that were seen
	least [256]uint8
}

// A point is a pair as it is stored.
type point struct{ code, norm uint8 }

func (f *frontier) add(code, norm uint8) {
	word, bit := code>>6, uint64(1)<<(code&63)
	if f.used[word]&bit == 0 || norm < f.least[code] {
		f.used[word] |= bit
		f.least[code] = norm
	}
}

// points appends the frontier to dst by falling frequency, and so by falling norm.
func (f *frontier) points(dst []point) []point {
	best := 256
	for word := 3; word >= 0; word-- {
		for left := f.used[word]; left != 0; {
			bit := 63 - bits.LeadingZeros64(left)
			left &^= 1 << bit
			code := uint8(word<<6 | bit)
			if int(f.least[code]) < best {
				best = int(f.least[code])
				dst = append(dst, point{code, f.least[code]})
			}
		}
	}
	return dst
}

// appendTo appends the stored form of the frontier to dst and empties it.
func (f *frontier) appendTo(dst []byte, scratch []point) []byte {
	p := f.points(scratch[:0])
	f.used = [4]uint64{}
	if len(p) == 0 {
		return append(dst, make([]byte, impactBytes)...)
	}
	cut, least := len(p), 1<<30
	for c := 1; c < len(p); c++ {
		if worst := max(looseness(p[:c]), looseness(p[c:])); worst < least {
			cut, least = c, worst
		}
	}
	high := point{p[0].code, p[cut-1].norm}
	low := high
	if cut < len(p) {
		low = point{p[cut].code, p[len(p)-1].norm}
	}
	return append(dst, high.code, high.norm, low.code, low.norm)
}

// looseness is how far, in steps of code and norm together, the pair that bounds
// a group lies from the nearest posting in it. Both scales are logarithmic, so a
// step of either is worth about the same to a score.
func looseness(group []point) int {
	first, last := group[0], group[len(group)-1]
	near := 1 << 30
	for _, p := range group {
		near = min(near, int(first.code)-int(p.code)+int(p.norm)-int(last.norm))
	}
	return near
}

// appendImpacts decodes stored pairs, by rising frequency, each once.
func appendImpacts(dst []Impact, stored []byte) []Impact {
	high := Impact{freqOf(stored[0]), stored[1]}
	low := Impact{freqOf(stored[2]), stored[3]}
	if low != high {
		dst = append(dst, low)
	}
	return append(dst, high)
}

// maxImpact is the one pair that bounds stored pairs.
func maxImpact(stored []byte) Impact {
	return Impact{freqOf(max(stored[0], stored[2])), min(stored[1], stored[3])}
}
