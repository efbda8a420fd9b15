package bitpack

import (
	"math/rand/v2"
	"runtime/debug"
	"syscall"
	"testing"
	"unsafe"
)

// guarded is a page of memory between two pages that nobody may touch.
func guarded(t *testing.T) []byte {
	t.Helper()
	size := syscall.Getpagesize()
	m, err := syscall.Mmap(-1, 0, 3*size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Munmap(m); err != nil {
			t.Error(err)
		}
	})
	for _, guard := range [][]byte{m[:size], m[2*size:]} {
		if err := syscall.Mprotect(guard, syscall.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	return m[size : 2*size : 2*size]
}

// last is the last n values of a page.
func last[T any](page []byte, n int) []T {
	var v T
	at := len(page) - n*int(unsafe.Sizeof(v))
	return unsafe.Slice((*T)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(page)), at)), n)
}

// TestGuardPage puts everything a kernel reads and writes at the begin and at the
// end of a page: one byte more would be a fault.
func TestGuardPage(t *testing.T) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	eachVersion(t, func(t *testing.T) {
		source, sink := guarded(t), guarded(t)
		r := rand.New(rand.NewPCG(1, 2))
		dst := (*[N]uint32)(last[uint32](sink, N))
		for width := 0; width <= MaxWidth; width++ {
			for n := 0; n <= N; n++ {
				packed := Pack(nil, values(r, n, width), width)
				for _, slack := range []int{0, 1, 15, 16, Slack - 1, Slack} {
					src := last[byte](source, len(packed)+slack)
					copy(src, packed)
					Unpack(dst, src, n, width)
					UnpackDelta1(dst, src, n, width, 1)
					if n > 0 {
						Get(src, n-1, width)
					}
				}
			}
		}
		CountLess((*[N]uint32)(last[uint32](source, N)), 1000)
		CountLess((*[N]uint32)(unsafe.Slice((*uint32)(unsafe.Pointer(&source[0])), N)), 1000)
		for words := range 40 {
			for have := range 40 {
				for _, shift := range []uint32{0, 1, 63, 64, 200, 2000} {
					for _, src := range [][]byte{last[byte](source, 8*words), source[:8*words]} {
						OrBits(last[uint64](sink, have), src, shift)
						OrBitsFrom(last[uint64](sink, have), src, shift)
					}
				}
			}
		}
		for n := range 200 {
			docs := last[uint32](source, n)
			for i := range docs {
				docs[i] = 7 + r.Uint32N(64*3)
			}
			SetBits(last[uint64](sink, 3), docs, 7)
		}
	})
}
