package crawl

import (
	"crypto/sha256"
	"hash"
	"io"
)

// A contentHash is the first 16 bytes of the SHA-256 of some texts.
type contentHash struct{ h hash.Hash }

func newHash() contentHash { return contentHash{sha256.New()} }

func (c contentHash) add(texts ...string) {
	for _, t := range texts {
		io.WriteString(c.h, t) // it cannot fail
		io.WriteString(c.h, "\n")
	}
}

func (c contentHash) hash() (sum [16]byte) {
	copy(sum[:], c.h.Sum(nil))
	return sum
}
