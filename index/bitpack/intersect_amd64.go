//go:build amd64 && !purego

package bitpack

func intersect(docs *[N]uint32, cands []uint32, at int, hits []uint32) (next, found int) {
	if has512 {
		return intersect512(docs, &cands[0], at, len(cands), &hits[0])
	}
	return intersectPlain(docs, cands, at, hits)
}
