package index

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"
)

// passages cuts articles in passages of 400 bytes or more, as the corpus of our
// comparisons with other engines is made (shared/data/peers/prep-passages.py).
func passages(tb testing.TB, megabytes int) (docs []*Document, size int64) {
	tb.Helper()
	whole, _ := articles(tb, 90*megabytes)
	add := func(title, text string) {
		k := testKey(len(docs))
		text = title + ". " + strings.Join(strings.Fields(text), " ")
		docs = append(docs, &Document{Key: k, Values: []Value{{Field: 0, Text: text}, {Field: 1, Text: fmt.Sprint(len(docs))}}})
		size += int64(len(text))
	}
	for _, d := range whole {
		part := ""
		for p := range strings.SplitSeq(d.Values[1].Text, "\n") {
			if part += " " + p; len(part) >= 400 {
				add(d.Values[0].Text, part)
				part = ""
			}
		}
		if part != "" {
			add(d.Values[0].Text, part)
		}
		if size > int64(megabytes)<<20 {
			return docs, size
		}
	}
	return docs, size
}

func passageSchema(lang string, keep bool) Schema {
	return Schema{Lang: lang, Fields: []Field{{Name: "text", Kind: Text, Stored: keep}, {Name: "id", Kind: Stored}}}
}

// cpuTime is what the process has used, in all its threads.
func cpuTime() time.Duration {
	var r syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// BenchmarkPut puts 30 MB of passages and commits them: MB/s is by the clock,
// MB/cpu-s by the time of all threads.
func BenchmarkPut(b *testing.B) {
	docs, size := passages(b, 30)
	for _, c := range []struct {
		name, lang string
		keep       bool
		inverters  int
	}{
		{"alnum", "x-alnum", false, 1},
		{"und", "und", false, 1},
		{"en", "en", false, 1},
		{"stored", "x-alnum", true, 1},
		{"inverters2", "x-alnum", false, 2},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(size)
			start := cpuTime()
			for b.Loop() {
				w, err := OpenWriter(b.Context(), Dir(b.TempDir()), passageSchema(c.lang, c.keep), WriterOptions{Inverters: c.inverters, NoMerge: true})
				if err != nil {
					b.Fatal(err)
				}
				putAll(b, w, docs)
				if err := w.Commit(b.Context(), 1); err != nil {
					b.Fatal(err)
				}
				s := w.Snapshot()
				n := int64(0)
				for _, g := range s.Segments() {
					n += g.Bytes()
				}
				b.ReportMetric(float64(n)/float64(size), "bytes/byte")
				s.Close()
				w.Close()
			}
			b.ReportMetric(float64(size)*float64(b.N)/1e6/(cpuTime()-start).Seconds(), "MB/cpu-s")
		})
	}
}

func putAll(tb testing.TB, w *Writer, docs []*Document) {
	for _, d := range docs {
		if err := w.Put(tb.Context(), d); err != nil {
			tb.Fatal(err)
		}
	}
}

// memorySegment is documents as a segment that stands in memory.
func memorySegment(tb testing.TB, schema Schema, n byte, docs []*Document) *Segment {
	buf := newBuffer(schema, 1, defaultMemoryBytes)
	for _, d := range docs {
		buf.put(d)
	}
	var out bytes.Buffer
	if err := buf.parts[0].writeSegment(tb.Context(), &out, UUID{n}, scratch{spoolBytes: 64 << 20}); err != nil {
		tb.Fatal(err)
	}
	g := &Segment{body: &body{id: UUID{n}, object: memoryObject{data: out.Bytes()}}}
	if err := g.read(uint32(buf.docs()), int64(out.Len()), newShared()); err != nil {
		tb.Fatal(err)
	}
	return g
}

// BenchmarkFlush is the second half of BenchmarkPut alone.
func BenchmarkFlush(b *testing.B) {
	docs, size := passages(b, 30)
	buf := newBuffer(passageSchema("x-alnum", false), 1, defaultMemoryBytes)
	for _, d := range docs {
		buf.put(d)
	}
	b.SetBytes(size)
	for b.Loop() {
		if err := buf.parts[0].writeSegment(b.Context(), io.Discard, UUID{1}, scratch{spoolBytes: 64 << 20}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkMerge merges 30 MB of passages in eight segments.
func BenchmarkMerge(b *testing.B) {
	docs, size := passages(b, 30)
	for _, keep := range []bool{false, true} {
		b.Run(map[bool]string{false: "unstored", true: "stored"}[keep], func(b *testing.B) {
			schema := passageSchema("x-alnum", keep)
			var sources []*Segment
			for i := range 8 {
				sources = append(sources, memorySegment(b, schema, byte(i), docs[i*len(docs)/8:(i+1)*len(docs)/8]))
			}
			b.SetBytes(size)
			start := cpuTime()
			for b.Loop() {
				if err := writeMerged(b.Context(), io.Discard, UUID{9}, schema, sources, nil, scratch{spoolBytes: 64 << 20}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(size)*float64(b.N)/1e6/(cpuTime()-start).Seconds(), "MB/cpu-s")
		})
	}
}
