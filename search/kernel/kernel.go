// Package kernel holds the inner loops of search over documents of one window:
// scores of a block of postings, their sums, and what of them is good enough.
//
// A window is a short range of documents that begins at base. Its accumulator
// acc has one entry for each document, that of document d at d-base. Documents
// come as arrays; a doc without a window, a score without a doc or room that is
// too small is the caller's bug and panics, after which what the call writes to
// is in no particular state. Nothing behind the length of a slice is read or
// written.
//
// All functions are pure: any goroutine may call any of them on its own arrays.
// Results are the same bits on every machine: sums are of integers, and float32
// operations are rounded one by one.
package kernel
