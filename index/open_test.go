package index

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math/bits"
	"os"
	"testing"
	"time"

	"github.com/trawlsearch/trawl/index/internal/segfile"
	"github.com/trawlsearch/trawl/index/postings"
)

// holes writes a file in which pages of zeros take no room.
type holes struct {
	f   *os.File
	off int64
}

var zeros [1 << 16]byte

func (h *holes) Write(p []byte) (int, error) {
	h.off += int64(len(p))
	if len(p) == len(zeros) && bytes.Equal(p, zeros[:]) {
		return len(p), nil
	}
	return h.f.WriteAt(p, h.off-int64(len(p)))
}

// section is one of a segment that is all zeros but for its end.
type section struct {
	name  string
	field int
	zeros int
	tail  []byte
}

func trailer(magic string, words ...uint64) (out []byte) {
	for _, w := range words {
		out = binary.LittleEndian.AppendUint64(out, w)
	}
	return append(append(out, magic...), 0, 0, 0, 0)
}

// hollowSegment is a segment of so many documents, in whose sections there is nothing:
// it opens as any other does, and has the size of one of such documents.
func hollowSegment(docs int) []section {
	const dictBlocks = 1 << 20
	dict := binary.LittleEndian.AppendUint64(nil, 32*dictBlocks)
	for _, v := range []uint32{64 * dictBlocks, dictBlocks, 0, 0} {
		dict = binary.LittleEndian.AppendUint32(dict, v)
	}
	storedBlocks := docs / 12 // of 16 KiB, 400 bytes a document when compressed
	stored := trailer("", uint64(docs), uint64(400*docs))
	stored = append(binary.LittleEndian.AppendUint32(stored[:16], uint32(storedBlocks)), "TRWT"...)
	chunks := (docs + 1023) / 1024
	var out []section
	out = append(out, section{sectionKeys, 0, 16*docs + docs*bits.Len(uint(docs-1))/8, trailer("TRWK", uint64(docs))})
	for field := range 2 {
		out = append(out,
			section{sectionNorms, field, docs, nil}, section{sectionPos, field, 120 * docs, nil}, section{sectionPost, field, 120 * docs, nil},
			section{sectionDict, field, (64 + 12) * dictBlocks, dict})
	}
	for field := 2; field < 4; field++ {
		out = append(out, section{sectionCol, field, 25 * chunks, trailer("TRWC", uint64(docs))})
	}
	return append(out, section{sectionStored, 0, 400*docs + 16*storedBlocks, stored})
}

// writeHollow writes an index of one hollow segment below root.
func writeHollow(t testing.TB, root string, docs int) (size int64) {
	t.Helper()
	id := newUUID()
	if err := os.MkdirAll(root+"/seg", 0o777); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(root + "/" + segmentName(id))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	out := &holes{f: f}
	w := segfile.NewWriter(out, segfile.Header{Kind: segfile.Segment, UUID: id})
	for _, s := range hollowSegment(docs) {
		w.Section(s.name, uint16(s.field))
		for left := s.zeros; left > 0; left -= len(zeros) {
			w.Write(zeros[:min(left, len(zeros))])
		}
		w.Write(s.tail)
	}
	info, err := json.Marshal(segmentInfo{Docs: uint32(docs), Schema: testSchema,
		Fields: make([]FieldStats, len(testSchema.Fields)), Impacts: make([]postings.Impacts, len(testSchema.Fields))})
	if err != nil {
		t.Fatal(err)
	}
	w.Section(sectionInfo, 0)
	w.Write(info)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	m := &manifest{manifestHead: manifestHead{Format: manifestFormat, Number: 1, Docs: uint64(docs), Schema: testSchema},
		Fields:   make([]FieldStats, len(testSchema.Fields)),
		Segments: []segmentEntry{{Name: segmentName(id), UUID: id.String(), Docs: uint32(docs), Bytes: int64(w.Size())}}}
	if err := createManifest(t.Context(), Dir(root), m); err != nil {
		t.Fatal(err)
	}
	return out.off
}

// openOnce opens an index and leaves the bytes where they are.
func openOnce(t testing.TB, root string) {
	common := newShared()
	common.keeper.limit = 0
	_, s, err := openNewest(t.Context(), Dir(root), common, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
}

// TestOpenIsQuick opens an index of 10 GB in less than 5 ms: nothing is read then but
// the tables at its ends.
func TestOpenIsQuick(t *testing.T) {
	if testing.Short() {
		t.Skip("makes a file of 10 GB, of holes")
	}
	root := t.TempDir()
	size := writeHollow(t, root, 11_000_000)
	best := time.Hour
	for range 20 {
		start := time.Now()
		openOnce(t, root)
		best = min(best, time.Since(start))
	}
	t.Logf("%.1f GB open in %v", float64(size)/1e9, best)
	if size < 10e9 || best > 5*time.Millisecond {
		t.Errorf("%.1f GB open in %v, want 5 ms", float64(size)/1e9, best)
	}
}

func BenchmarkOpen(b *testing.B) {
	for _, bench := range []struct {
		name string
		docs int
	}{{"100MB", 20_000}, {"1GB", 1_000_000}, {"10GB", 11_000_000}} {
		b.Run(bench.name, func(b *testing.B) {
			root := b.TempDir()
			writeHollow(b, root, bench.docs)
			for b.Loop() {
				openOnce(b, root)
			}
		})
	}
}
