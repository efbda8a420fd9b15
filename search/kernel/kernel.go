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
// operations are rounded one by one. Only a score that does not fit an int32 is
// not the same everywhere: weights are to be at most 2^30.
//
// # Versions
//
// The widest vectors that the processor has are used: AVX-512 with VBMI and
// VPOPCNTDQ (Ice Lake, Zen 4), AVX2, or plain Go, which serves all other machines
// and builds with the tag purego. Tests hold all of them to the same results.
//
// Nanoseconds on a shared AMD EPYC (Zen 4), best of 12 and more rounds of go test
// -bench. A window has 2,048 entries; the time to fill it anew is part of a scan's.
//
//	                                        AVX-512    AVX2   plain
//	Score               a posting              0.50    0.54    1.54
//	Evidence            a posting              0.47    0.47    0.89
//	ScoreEvidence       a posting              0.11    0.14    1.06
//	Accumulate          a posting                              0.44
//	AccumulateTouched   a posting              0.87    0.87    1.25
//	AccumulateFloat     a posting              0.98    0.98    1.07
//	Scan                20 in a window          132     214     625
//	                    128                     285     309    1122
//	                    600                     815     861    2426
//	ScanTouched         20 in a window           75      99     190
//	                    128                     315     369    1039
//	ScanFloat           128 in a window                         375
//	                    600                    1720            2025
//	Select              a posting              0.13    0.14    0.69
//	Filter              a posting              0.10    0.13    0.70
//	Count               a word                 0.11    0.26    0.56
//	CountAnd            a word                 0.11    0.37    0.56
//	And                 a word                 0.11    0.42    0.64
//	NextAtLeast         a value                0.03    0.06    0.42
//	NextByteAtLeast     a byte                         0.03    0.41
//
// What moves one posting at a time does not gain from vectors: a gather is slower
// than its loads one by one on Zen 4 (Score by gathers: 0.9), and a scatter slower
// than the stores.
package kernel
