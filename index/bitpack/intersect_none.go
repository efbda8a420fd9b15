//go:build !amd64 || purego

package bitpack

func intersect(docs *[N]uint32, cands []uint32, at int, hits []uint32) (next, found int) {
	return intersectPlain(docs, cands, at, hits)
}
