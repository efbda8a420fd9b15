package index

import (
	"bytes"
	"flag"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trawlsearch/trawl/index/internal/segfile"
)

var update = flag.Bool("update", false, "rewrite the goldens in testdata")

func sampleManifest() *manifest {
	return &manifest{
		manifestHead: manifestHead{
			Format: manifestFormat, Number: 7, Holder: "node-a", Writer: "01938000000070008000000000000000",
			Created: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), LastSeq: 42, Docs: 3, Schema: testSchema,
		},
		Fields: []FieldStats{{3, 17}, {2, 90}, {}, {}, {}},
		Segments: []segmentEntry{
			{Name: "seg/01938000000070008000000000000001.seg", UUID: "01938000000070008000000000000001", Docs: 3, Bytes: 8192, Deleted: 1, Live: "live/01938000000070008000000000000001.7", LiveBytes: 292},
			{Name: "seg/01938000000070008000000000000002.seg", UUID: "01938000000070008000000000000002", Docs: 1, Bytes: 4096},
		},
	}
}

// withSum puts a right last line behind a manifest's body.
func withSum(body []byte) []byte {
	return fmt.Appendf(slices.Clone(body), "crc32c=%08x\n", crc32.Checksum(body, castagnoli))
}

// liveFile frames the content of a live object.
func liveFile(t testing.TB, body []byte) []byte {
	var b bytes.Buffer
	f := segfile.NewWriter(&b, segfile.Header{Kind: segfile.Deletes, UUID: UUID{1}})
	f.Section(liveSection, 0)
	f.Write(body)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestManifestRoundTrip(t *testing.T) {
	want := sampleManifest()
	data, err := want.encode()
	must(t, err)
	got, err := decodeManifest(data)
	must(t, err)
	again, err := got.encode()
	must(t, err)
	if !bytes.Equal(data, again) {
		t.Fatalf("decoded and encoded:\n%s\nwant:\n%s", again, data)
	}
	golden(t, "manifest.golden", data)
}

func TestManifestRefusals(t *testing.T) {
	m := sampleManifest()
	for name, spoil := range map[string]func(){
		"other format":      func() { m.Format = 2 },
		"no fields":         func() { m.Schema = Schema{} },
		"statistics":        func() { m.Fields = m.Fields[1:] },
		"deleted over docs": func() { m.Segments[1].Deleted = 2 },
		"live without":      func() { m.Segments[0].Live = "" },
		"foreign name":      func() { m.Segments[0].Name = "manifest/x" },
	} {
		m = sampleManifest()
		spoil()
		data, err := m.encode()
		if err != nil {
			continue
		}
		if _, err := decodeManifest(data); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestManifestNumber(t *testing.T) {
	for name, want := range map[string]uint64{
		manifestName(1):                           1,
		manifestName(math.MaxUint64):              math.MaxUint64,
		"manifest/00000000000000000000.json":      0,
		"manifest/1.json":                         0,
		"manifest/00000000000000000001":           0,
		"manifest/0000000000000000000x.json":      0,
		"seg/00000000000000000001.json":           0,
		"manifest/00000000000000000001.json.json": 0,
	} {
		if got, ok := manifestNumber(name); got != want || ok != (want > 0) {
			t.Errorf("manifestNumber(%s) = %d, %v, want %d", name, got, ok, want)
		}
	}
}

func TestNorms(t *testing.T) {
	last := uint32(0)
	for norm := range 256 {
		length := NormLength(byte(norm))
		if norm > 0 && length <= last {
			t.Fatalf("NormLength(%d) = %d, not over %d", norm, length, last)
		}
		if got := normOf(length); got != byte(norm) {
			t.Fatalf("normOf(%d) = %d, want %d", length, got, norm)
		}
		if length > 0 && normOf(length-1) >= byte(norm) {
			t.Fatalf("normOf(%d) is not below %d", length-1, norm)
		}
		if norm <= 40 && length != uint32(norm) {
			t.Fatalf("NormLength(%d) = %d: not exact", norm, length)
		}
		last = length
	}
	if normOf(math.MaxUint32) != 255 {
		t.Error("the longest field has not the highest norm")
	}
}

func TestLiveBits(t *testing.T) {
	for _, docs := range []uint32{1, 7, 8, 63, 64, 65, 1000} {
		b := allLive(docs)
		if b.count() != docs || b.check(docs) != nil {
			t.Fatalf("%d documents: %d live, %v", docs, b.count(), b.check(docs))
		}
		b.clear(docs / 2)
		if b.has(docs/2) || b.count() != docs-1 {
			t.Fatalf("%d documents: clear does not", docs)
		}
		var out bytes.Buffer
		must(t, writeLive(&out, UUID{1}, docs, b, time.Now()))
		got, err := readLive(out.Bytes(), UUID{1}, docs)
		if err != nil || !bytes.Equal(got, b) {
			t.Fatalf("%d documents: round trip: %v", docs, err)
		}
	}
}

// TestInspectGolden shows the bytes of a small segment; a change of format is
// seen here.
func TestInspectGolden(t *testing.T) {
	buf := newBuffer(testSchema, 1, defaultMemoryBytes)
	buf.put(&Document{Key: testKey(1), Values: []Value{
		{Field: 0, Text: "The ant"}, {Field: 1, Text: "An ant and another ant."}, {Field: 2, Text: "example.org"}, {Field: 3, Int: 1000},
	}})
	buf.put(&Document{Key: testKey(2), Values: []Value{{Field: 0, Text: "A bee"}}}) // is replaced
	buf.put(&Document{Key: testKey(2), Values: []Value{{Field: 0, Text: "A wasp"}, {Field: 4, Text: "raw"}}})
	id := UUID{0x01, 0x93, 0x80, 0, 0, 0, 0x70, 0, 0x80, 15: 1}
	var segment, live, out bytes.Buffer
	must(t, buf.parts[0].writeSegment(t.Context(), &segment, id, scratch{spoolBytes: 1 << 20}))
	b := allLive(2)
	b.clear(1)
	must(t, writeLive(&live, id, 2, b, id.time()))
	manifest, err := sampleManifest().encode()
	must(t, err)
	must(t, Inspect(&out, segmentName(id), segment.Bytes()))
	must(t, Inspect(&out, liveName(id, 1), live.Bytes()))
	must(t, Inspect(&out, manifestName(7), manifest))
	golden(t, "inspect.golden", out.Bytes())
	if err := Inspect(&out, "elsewhere", nil); err == nil {
		t.Error("an object of no kind was shown")
	}
}

// golden compares with a file of testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := "testdata/" + name
	if *update {
		must(t, os.MkdirAll("testdata", 0o777))
		must(t, os.WriteFile(path, got, 0o666))
	}
	want, err := os.ReadFile(path)
	must(t, err)
	if !bytes.Equal(got, want) {
		for i, line := range strings.Split(string(got), "\n") {
			if w := strings.Split(string(want), "\n"); i >= len(w) || w[i] != line {
				t.Fatalf("%s differs from line %d on (-update rewrites it):\n%s", path, i+1, line)
			}
		}
		t.Fatalf("%s is longer than what was made", path)
	}
}
