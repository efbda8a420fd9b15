//go:build !unix

package durable

import (
	"io"
	"os"
)

// mmap reads the file where it cannot be mapped: right, and dear in memory.
func mmap(f *os.File, size int) ([]byte, error) {
	data := make([]byte, size)
	_, err := io.ReadFull(f, data)
	return data, err
}

func munmap([]byte) error { return nil }
