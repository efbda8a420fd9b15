//go:build !unix

package pdf

// A reserve is the memory of one instance, in Go's heap.
type reserve struct{ heap []byte }

func newReserve(int) *reserve { return &reserve{} }

func (r *reserve) bytes(size int) []byte {
	r.heap = append(r.heap, make([]byte, size-len(r.heap))...)
	return r.heap
}

func (r *reserve) free() { r.heap = nil }
