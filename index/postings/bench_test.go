package postings

import (
	"fmt"
	"io"
	"testing"
)

var benchGen = gen{df: 100_000, maxGap: 40, maxTF: 3, seed: 1, withPos: true, maxPositionGap: 100}

func perPosting(b *testing.B, n int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/posting")
}

func BenchmarkNext(b *testing.B) {
	w := write(b, benchGen.list(), true)
	b.ReportMetric(float64(w.list.PostSize)/float64(w.list.Docs), "B/posting")
	var c Cursor
	for b.Loop() {
		c.Reset(&w.src, w.list)
		for doc := c.Next(); doc != None; doc = c.Next() {
			sink += doc
		}
	}
	perPosting(b, benchGen.df)
}

func BenchmarkBlock(b *testing.B) {
	w := write(b, benchGen.list(), true)
	for _, what := range []string{"docs", "freqs", "both"} {
		b.Run(what, func(b *testing.B) {
			var c Cursor
			for b.Loop() {
				c.Reset(&w.src, w.list)
				for ok := c.EnterBlock(0); ok; ok = c.EnterBlock(c.Block() + 1) {
					if what != "freqs" {
						sink += c.Docs()[0]
					}
					if what != "docs" {
						sink += c.Freqs()[0]
					}
				}
			}
			perPosting(b, benchGen.df)
		})
	}
}

func BenchmarkSeek(b *testing.B) {
	w := write(b, benchGen.list(), true)
	for _, gap := range []uint32{50, 1000, 50_000} {
		b.Run(fmt.Sprintf("gap=%d", gap), func(b *testing.B) {
			var c Cursor
			n := 0
			for b.Loop() {
				c.Reset(&w.src, w.list)
				n = 0
				for doc := c.Next(); doc != None; doc = c.Seek(doc + gap) {
					n++
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/seek")
		})
	}
}

func BenchmarkPositions(b *testing.B) {
	w := write(b, benchGen.list(), true)
	var c Cursor
	var dst []uint32
	for b.Loop() {
		c.Reset(&w.src, w.list)
		for doc := c.Next(); doc != None; doc = c.Next() {
			dst = c.Positions(dst[:0])
			sink += dst[0]
		}
	}
	perPosting(b, benchGen.df)
}

func BenchmarkTiny(b *testing.B) {
	g := gen{df: 60, maxGap: 4000, maxTF: 3, seed: 1, withPos: true, maxPositionGap: 100}
	w := write(b, g.list(), true)
	var c Cursor
	for b.Loop() {
		c.Reset(&w.src, w.list)
		sink += c.Next()
	}
	perPosting(b, g.df)
}

func BenchmarkWrite(b *testing.B) {
	list := benchGen.list()
	for b.Loop() {
		w := NewWriter(io.Discard, io.Discard, testK, 1<<30)
		for _, p := range list {
			w.Add(p.doc, p.freq, p.norm, p.positions)
		}
		if _, err := w.Finish(); err != nil {
			b.Fatal(err)
		}
	}
	perPosting(b, benchGen.df)
}

var sink uint32
