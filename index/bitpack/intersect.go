package bitpack

// Intersect looks candidates up in a block. Both rise; places behind the last
// document of a block that is not full hold the greatest uint32, which is no
// candidate. From cands[at] on it takes candidates up to the block's last document
// and writes, for each that the block has, its place among cands and its place in
// the block as cand<<7|place to hits, which has room for one more than there are
// candidates left. It returns the first candidate that it has not taken, and how
// many hits there are. There are fewer than 2^25 candidates.
func Intersect(docs *[N]uint32, cands []uint32, at int, hits []uint32) (next, found int) {
	if left := len(cands) - at; uint(at) > uint(len(cands)) || len(hits) <= left {
		panic("bitpack: no room for hits")
	}
	if at == len(cands) {
		return at, 0
	}
	return intersect(docs, cands, at, hits)
}

// mergeFrom is from how many candidates in a block on they are merged with it
// rather than each looked for.
const mergeFrom = 12

func intersectPlain(docs *[N]uint32, cands []uint32, at int, hits []uint32) (next, found int) {
	last := docs[N-1]
	few := at + mergeFrom
	alone := few >= len(cands) || cands[few] > last
	k := 0
	for ; at < len(cands) && cands[at] <= last; at++ {
		c := cands[at]
		if alone {
			k = countLess(docs, c)
		} else {
			for docs[k&(N-1)] < c {
				k++
			}
		}
		hits[found] = uint32(at<<7 | k)
		if docs[k&(N-1)] == c {
			found++
		}
	}
	return at, found
}
