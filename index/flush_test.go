package index

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/trawlsearch/trawl/internal/shareddata"
)

// TestSpilling: a segment does not depend on what waits in files.
func TestSpilling(t *testing.T) {
	buf := newBuffer(testSchema, 1, defaultMemoryBytes)
	r := rand.New(rand.NewPCG(20, 21))
	for range 900 {
		buf.put(randomDocument(r, r.IntN(700))) // some replace others
	}
	write := func(spoolBytes int) []byte {
		var out bytes.Buffer
		must(t, buf.parts[0].writeSegment(t.Context(), &out, UUID{1}, scratch{dir: t.TempDir(), spoolBytes: spoolBytes}))
		return out.Bytes()
	}
	if !bytes.Equal(write(100), write(1<<20)) {
		t.Error("spilling gives another segment")
	}
}

// TestLongLists compares lists of many blocks, before and after merges, with the
// oracle.
func TestLongLists(t *testing.T) {
	ctx := t.Context()
	w, err := OpenWriter(ctx, newMemory(), testSchema, WriterOptions{NoMerge: true})
	must(t, err)
	defer w.Close()
	r := rand.New(rand.NewPCG(22, 23))
	want := oracle{}
	for i := range 1500 {
		d := randomDocument(r, r.IntN(1000))
		must(t, w.Put(ctx, d))
		want[d.Key] = d
		if i%400 == 399 {
			must(t, w.Refresh(ctx))
		}
	}
	must(t, w.Refresh(ctx))
	checkVisible(t, w, want)
	must(t, w.Optimize(ctx))
	checkVisible(t, w, want)
}

// TestDeletesDuringMerge: what is deleted while its segment is merged stays
// deleted.
func TestDeletesDuringMerge(t *testing.T) {
	ctx := t.Context()
	w, err := OpenWriter(ctx, newMemory(), testSchema, WriterOptions{NoMerge: true})
	must(t, err)
	defer w.Close()
	r := rand.New(rand.NewPCG(24, 25))
	want := oracle{}
	put := func(n int) {
		d := randomDocument(r, n)
		must(t, w.Put(ctx, d))
		want[d.Key] = d
	}
	for s := range 4 {
		for i := range 100 {
			put(s*100 + i)
		}
		must(t, w.Refresh(ctx))
	}
	must(t, w.Delete(ctx, testKey(50)))
	delete(want, testKey(50))
	must(t, w.Refresh(ctx))

	// A merge, in the three steps of mergeSegments, and meanwhile: a delete in
	// each source, a replacement, and one source that loses all it has.
	sources := w.pick(func([]*Segment) []int { return []int{0, 1, 3} })
	defer release(sources)
	merged, err := w.create(ctx, 299, func(out io.Writer, id UUID) error {
		return writeMerged(ctx, out, id, w.schema, sources, nil, w.scratch())
	})
	must(t, err)
	for _, n := range []int{0, 63, 64, 199, 250} {
		must(t, w.Delete(ctx, testKey(n)))
		delete(want, testKey(n))
	}
	put(120)
	put(51)
	for i := range 100 {
		must(t, w.Delete(ctx, testKey(300+i)))
		delete(want, testKey(300+i))
	}
	must(t, w.Refresh(ctx))
	w.exchange(sources, merged, nil)
	checkVisible(t, w, want)
	must(t, w.Optimize(ctx))
	checkVisible(t, w, want)
}

// TestMemory: what a writer holds stays within its budget, whatever is put.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("counts the heap, which takes seconds")
	}
	ctx := t.Context()
	const docs, budget = 60_000, 8 << 20
	w, err := OpenWriter(ctx, Dir(t.TempDir()), testSchema, WriterOptions{MemoryBytes: budget, ScratchDir: t.TempDir()})
	must(t, err)
	defer w.Close()
	start, most, flushes := heapBytes(), uint64(0), 0
	d := &Document{Values: []Value{{Field: 0}, {Field: 2, Text: "site"}, {Field: 3}}}
	for i := range docs {
		d.Key = testKey(i)
		d.Values[0].Text = "tiny document w" + d.Key.String()[:6]
		d.Values[2].Int = int64(i)
		must(t, w.Put(ctx, d))
		if n := w.buf.bytes(); n > budget*7/8 { // the last document may outgrow it
			t.Fatalf("the buffer holds %d bytes of %d", n, budget)
		}
		if w.buf.docs() == 1 {
			flushes++
		}
		if i%3000 == 0 {
			most = max(most, heapBytes())
		}
	}
	t.Logf("%d flushes, at most %.1f MB of a budget of %.1f MB", flushes, float64(most-start)/1e6, float64(budget)/1e6)
	if flushes < 2 {
		t.Error("the test wants flushes")
	}
	if most-start > budget {
		t.Errorf("%d bytes on the heap, the budget is %d", most-start, budget)
	}
}

// heapBytes is the bytes reachable.
func heapBytes() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// articles reads the first articles of the Wikipedia of 2015.
func articles(tb testing.TB, n int) (docs []*Document, size int64) {
	path := filepath.Join(shareddata.Dir(tb), "data", "enwiki-2015-head.jsonl.xz")
	cmd := exec.Command("xz", "-dc", path)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		tb.Skipf("no articles: %v", err)
	}
	defer func() { cmd.Process.Kill(); cmd.Wait() }()
	for in := bufio.NewReaderSize(out, 1<<20); len(docs) < n; {
		line, err := in.ReadBytes('\n')
		if err != nil {
			tb.Skipf("no articles: %v", err)
		}
		var a struct{ ID, Title, URL, Body string }
		if err := json.Unmarshal(line, &a); err != nil {
			tb.Fatal(err)
		}
		k := testKey(len(docs))
		docs = append(docs, &Document{Key: k, Values: []Value{
			{Field: 0, Text: a.Title}, {Field: 1, Text: a.Body}, {Field: 2, Text: a.URL}, {Field: 3, Int: int64(len(docs))},
		}})
		size += int64(len(a.Title) + len(a.Body) + len(a.URL))
	}
	return docs, size
}

// BenchmarkIndex puts and commits 2,000 articles, 30 MB, in one segment: without
// and with the body stored.
func BenchmarkIndex(b *testing.B) {
	docs, size := articles(b, 2000)
	for _, keep := range []bool{false, true} {
		b.Run(map[bool]string{false: "unstored", true: "stored"}[keep], func(b *testing.B) {
			schema := Schema{Lang: "en", Fields: append([]Field(nil), testSchema.Fields...)}
			schema.Fields[1].Stored = keep
			b.SetBytes(size)
			for b.Loop() {
				w, err := OpenWriter(b.Context(), Dir(b.TempDir()), schema, WriterOptions{ScratchDir: b.TempDir()})
				if err != nil {
					b.Fatal(err)
				}
				for _, d := range docs {
					if err := w.Put(b.Context(), d); err != nil {
						b.Fatal(err)
					}
				}
				if err := w.Commit(b.Context(), 1); err != nil {
					b.Fatal(err)
				}
				s := w.Snapshot()
				b.ReportMetric(float64(s.Segments()[0].Bytes())/float64(size), "bytes/byte")
				s.Close()
				w.Close()
			}
		})
	}
}

// BenchmarkStages tells where the time of BenchmarkIndex goes.
func BenchmarkStages(b *testing.B) {
	docs, size := articles(b, 2000)
	buf := newBuffer(testSchema, 1, defaultMemoryBytes)
	fill := func() {
		buf.reset()
		for _, d := range docs {
			buf.put(d)
		}
	}
	b.Run("put", func(b *testing.B) {
		b.SetBytes(size)
		for b.Loop() {
			fill()
		}
	})
	b.Run("flush", func(b *testing.B) {
		fill()
		b.SetBytes(size)
		for b.Loop() {
			if err := buf.parts[0].writeSegment(b.Context(), io.Discard, UUID{1}, scratch{spoolBytes: 4 << 20}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("merge8", func(b *testing.B) {
		var sources []*Segment
		for i := range 8 {
			part := newBuffer(testSchema, 1, defaultMemoryBytes)
			for _, d := range docs[i*250 : (i+1)*250] {
				part.put(d)
			}
			var out bytes.Buffer
			if err := part.parts[0].writeSegment(b.Context(), &out, UUID{byte(i)}, scratch{spoolBytes: 4 << 20}); err != nil {
				b.Fatal(err)
			}
			g := &Segment{body: &body{id: UUID{byte(i)}, object: memoryObject{data: out.Bytes()}}}
			if err := g.read(250, int64(out.Len()), newShared()); err != nil {
				b.Fatal(err)
			}
			sources = append(sources, g)
		}
		b.SetBytes(size)
		for b.Loop() {
			if err := writeMerged(b.Context(), io.Discard, UUID{9}, testSchema, sources, nil, scratch{spoolBytes: 4 << 20}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkVisible is the time from Put to Refresh of small batches, as near real
// time sees it.
func BenchmarkVisible(b *testing.B) {
	docs, _ := articles(b, 200)
	w, err := OpenWriter(b.Context(), Dir(b.TempDir()), testSchema, WriterOptions{ScratchDir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer w.Close()
	n := 0
	for b.Loop() {
		d := *docs[n%len(docs)]
		d.Values = d.Values[:1:1]
		if err := w.Put(b.Context(), &d); err != nil {
			b.Fatal(err)
		}
		if err := w.Refresh(b.Context()); err != nil {
			b.Fatal(err)
		}
		n++
	}
}

// TestKeywordTerm: long values are told apart, and found as they were put.
func TestKeywordTerm(t *testing.T) {
	long := strings.Repeat("https://example.org/", 40)
	a, b := keywordTerm(nil, long+"a"), keywordTerm(nil, long+"b")
	if len(a) != maxTermBytes || bytes.Equal(a, b) || !bytes.HasPrefix(a, []byte(long[:200])) {
		t.Fatalf("terms %q and %q", a, b)
	}
	ctx := t.Context()
	w := open(t, newMemory())
	must(t, w.Put(ctx, &Document{Key: testKey(1), Values: []Value{{Field: 2, Text: long + "a"}}}))
	must(t, w.Refresh(ctx))
	s := w.Snapshot()
	defer s.Close()
	if n := s.DocFreq(2, []byte(long+"a")); n != 1 {
		t.Errorf("the value is found in %d documents", n)
	}
	if n := s.DocFreq(2, []byte(long+"b")); n != 0 {
		t.Errorf("another is found in %d", n)
	}
}

// TestPoolGivesWay: memory that one kind of documents has left behind serves
// another kind.
func TestPoolGivesWay(t *testing.T) {
	ctx := t.Context()
	w, err := OpenWriter(ctx, newMemory(), testSchema, WriterOptions{MemoryBytes: minMemoryBytes, NoMerge: true})
	must(t, err)
	defer w.Close()
	words := strings.Repeat("a word ", 20_000) // tokens and nothing else
	for i := range 40 {
		must(t, w.Put(ctx, &Document{Key: testKey(i), Values: []Value{{Field: 1, Text: words}}}))
	}
	must(t, w.Refresh(ctx))
	flushed := w.segmentCount()
	raw := strings.Repeat("x", 10<<10) // stored bytes and nothing else: 4 MiB
	for i := range 400 {
		must(t, w.Put(ctx, &Document{Key: testKey(1000 + i), Values: []Value{{Field: 4, Text: raw}}}))
	}
	if n := w.segmentCount() - flushed; n > 1 {
		t.Errorf("4 MiB of stored bytes took %d flushes", n)
	}
}
