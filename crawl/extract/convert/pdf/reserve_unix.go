//go:build unix

package pdf

import "syscall"

// A reserve is address space for one instance, asked of the kernel once: the
// memory never moves when it grows, only touched pages count, and all of it goes
// back at the end. As a Go slice a grown memory would stand twice in the heap
// while it is copied, 512 MiB for a limit of 256, and wait for the collector.
type reserve struct {
	mapped []byte
	heap   []byte // where the kernel said no
}

func newReserve(limit int) *reserve {
	b, err := syscall.Mmap(-1, 0, limit, syscall.PROT_READ|syscall.PROT_WRITE,
		syscall.MAP_PRIVATE|syscall.MAP_ANON)
	if err != nil {
		return &reserve{}
	}
	return &reserve{mapped: b}
}

func (r *reserve) bytes(size int) []byte {
	if r.mapped != nil {
		return r.mapped[:size:size]
	}
	r.heap = append(r.heap, make([]byte, size-len(r.heap))...)
	return r.heap
}

func (r *reserve) free() {
	if r.mapped != nil {
		_ = syscall.Munmap(r.mapped) // fails only for an address that is not ours
		r.mapped = nil
	}
	r.heap = nil
}
