// Package pdf reads the text of PDF files by PDFium, which runs as WebAssembly
// in a sandbox of its own: no cgo, no files, no network, a bounded memory and a
// clock.
//
// A file is read page by page. What a limit or a trap cuts off is missing from
// the File, which then says so (Truncated, Why); a file of which nothing could
// be read is an error: ErrEncrypted, ErrDamaged or ErrLimit.
//
// Limits, each a field of Options:
//
//	file             50 MiB   ErrLimit
//	pages            500      the rest is cut
//	time             10 s     of CPU of one file, or 40 s by the wall clock; its rest is cut
//	linear memory    256 MiB  of one file; PDFium stops, the rest is cut
//	text             10 MiB   the rest is cut
//	links            5,000
//	outline entries  1,000, 32 levels
//
// Price, measured on two shared cores: nothing until the first file; then 3 s
// and 300 MiB of resident memory to compile the 5.8 MB of WebAssembly, or 0.1 s
// and 50 MiB from the cache in Options.CacheDir (21 MB on disk). With
// Options.Compiler the 300 MiB are another process's, which ends with the work,
// and with this one. Each file gets
// a fresh instance (3 ms), so that no file sees what another left behind. An
// instance that ran out of time or memory is thrown away with its runtime; the
// next one costs 60 ms. 65 files of 24 MB took 0.96 MB/s of CPU, pdftotext 3.44;
// two thirds of ours is the check in each loop whether time is up. Without it
// (1.0 s in place of 2.8 for valgrind's manual of 397 pages) a call could not be
// stopped, and would stop the world instead: Go's collector waits for native
// code, so that one hostile page would stall every goroutine of the process.
// wazero's pull request 2533 makes the check nearly free; v1.12.0 lacks it.
//
// Sources: ISO 32000-2; "Parameters for Opening PDF Files" (Adobe) and RFC 8118
// for the fragment page=N.
package pdf

import (
	"errors"
	"time"
)

// What a caller branches on. ErrLimit has the class word parse-limit.
var (
	ErrEncrypted = errors.New("encrypted")
	ErrDamaged   = errors.New("damaged")
	ErrLimit     = errors.New("parse-limit")
	ErrClosed    = errors.New("closed")
)

// WallFactor is how much longer than MaxTime a file may take by the wall clock,
// which on a busy machine says little of the file: with 13 others at work on two
// cores a manual of 4 s took 41.
const WallFactor = 4

const (
	defaultMaxBytes  = 50 << 20
	defaultMaxPages  = 500
	defaultMaxTime   = 10 * time.Second
	defaultMaxMemory = 256 << 20
	defaultMaxText   = 10 << 20
	defaultMaxLinks  = 5000
	defaultInstances = 2

	maxOutline      = 1000
	maxOutlineDepth = 32
	maxMetaBytes    = 2000 // of one entry of the information dictionary, and of a heading
	maxLinkBytes    = 2048
	pageMemory      = 64 << 10 // WebAssembly's own page
)

// Options bound the reading of one file; the zero value has the limits above.
type Options struct {
	MaxBytes  int           // of the file; 0 is 50 MiB
	MaxPages  int           // 0 is 500
	MaxTime   time.Duration // CPU of one file, or WallFactor times as long by the wall clock; 0 is 10 s
	MaxMemory int           // linear memory of one instance in bytes; 0 is 256 MiB
	MaxText   int           // bytes of text kept; 0 is 10 MiB
	MaxLinks  int           // 0 is 5,000
	Instances int           // files read at once; 0 is 2
	CacheDir  string        // where the compiled module is kept; "": in memory only
	// Compiler is a program that, run as "PROGRAM pdf-cache DIR", calls Compile: it
	// fills CacheDir when the first file comes. "": this process does. It is run
	// once for a Pool even if the cache is full, which takes 0.1 s.
	Compiler string
}

func (o Options) withDefaults() Options {
	o.MaxBytes = orDefault(o.MaxBytes, defaultMaxBytes)
	o.MaxPages = orDefault(o.MaxPages, defaultMaxPages)
	o.MaxTime = orDefault(o.MaxTime, defaultMaxTime)
	o.MaxMemory = orDefault(o.MaxMemory, defaultMaxMemory)
	o.MaxText = orDefault(o.MaxText, defaultMaxText)
	o.MaxLinks = orDefault(o.MaxLinks, defaultMaxLinks)
	o.Instances = orDefault(o.Instances, defaultInstances)
	return o
}

func orDefault[T int | time.Duration](v, d T) T {
	if v <= 0 {
		return d
	}
	return v
}

// A File is what was read of a PDF.
type File struct {
	Title, Author, Subject string    // of the information dictionary, as written
	Lang                   string    // of the catalogue, or empty
	Created, Modified      time.Time // zero: absent or unreadable

	LargestLine string   // of the first page: a title where Title is of no use
	Pages       []string // text, paragraphs parted by \n; at most PageCount
	PageCount   int      // as the file says
	Outline     []Entry  // in document order
	Links       []string // of annotations, without repetitions

	Truncated bool
	Why       string // what cut it: "parse-limit: 500 pages"
}

// An Entry is one bookmark of the outline.
type Entry struct {
	Level int // 1 is the outermost
	Title string
	Page  int // from 1; 0: it leads nowhere in this file
}

func (f *File) cut(why string) {
	if !f.Truncated {
		f.Truncated, f.Why = true, why
	}
}
