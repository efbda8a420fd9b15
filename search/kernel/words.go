package kernel

import (
	"encoding/binary"
	"unsafe"
)

// littleEndian tells that words in memory are as they are in bitmaps of bytes.
var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

// Words is a bitmap of bytes (bit i is bit i%8 of byte i/8; whole words of 8 bytes)
// as words: in place where the processor allows, else a copy. Nil is nil.
func Words(bitmap []byte) []uint64 {
	n := len(bitmap) / 8
	if n == 0 {
		return nil
	}
	if p := unsafe.Pointer(&bitmap[0]); littleEndian && uintptr(p)%8 == 0 {
		return unsafe.Slice((*uint64)(p), n)
	}
	words := make([]uint64, n)
	for i := range words {
		words[i] = binary.LittleEndian.Uint64(bitmap[8*i:])
	}
	return words
}
