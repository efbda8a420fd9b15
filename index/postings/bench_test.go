package postings

import (
	"fmt"
	"io"
	"testing"
)

// benchGens are lists as text has them: of a word in every third document, of one in
// every twentieth, with exceptions, and of one in every thousandth.
var benchGens = map[string]gen{
	"dense":  {df: 100_000, maxGap: 6, maxTF: 9, rareTF: 20, seed: 1, withPos: true, maxPositionGap: 100},
	"medium": {df: 100_000, maxGap: 20, rareGap: 20, maxTF: 9, rareTF: 20, seed: 1, withPos: true, maxPositionGap: 100},
	"sparse": {df: 2_000, maxGap: 2000, rareGap: 20, maxTF: 9, rareTF: 20, seed: 1, withPos: true, maxPositionGap: 100},
}

// benchEach runs f over each list, which has per things of which a time is told.
func benchEach(b *testing.B, unit string, per func(w *written) int, f func(c *Cursor, w *written)) {
	for _, name := range []string{"dense", "medium", "sparse"} {
		b.Run(name, func(b *testing.B) {
			w := write(b, benchGens[name].list(), true)
			var c Cursor
			for b.Loop() {
				f(&c, &w)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(per(&w)), "ns/"+unit)
		})
	}
}

func postingsOf(w *written) int { return int(w.list.Docs) }

func blocksOf(w *written) int { return int(w.list.Docs+BlockLen-1) / BlockLen }

// benchBlocks does something in every block.
func benchBlocks(b *testing.B, f func(c *Cursor)) {
	benchEach(b, "block", blocksOf, func(c *Cursor, w *written) {
		c.Reset(&w.src, w.list)
		for ok := c.EnterBlock(0); ok; ok = c.EnterBlock(c.Block() + 1) {
			f(c)
		}
	})
}

func BenchmarkEnterBlock(b *testing.B) { benchBlocks(b, func(c *Cursor) { sink += c.Last() }) }

func BenchmarkDocs(b *testing.B) { benchBlocks(b, func(c *Cursor) { sink += c.Docs()[0] }) }

func BenchmarkDocsAndFreqs(b *testing.B) {
	benchBlocks(b, func(c *Cursor) { sink += c.Docs()[0] + c.Freqs()[0] })
}

// BenchmarkFreqAt asks for 8 frequencies of each block.
func BenchmarkFreqAt(b *testing.B) {
	benchBlocks(b, func(c *Cursor) {
		for i := 0; i < c.Len(); i += BlockLen / 8 {
			sink += c.FreqAt(i)
		}
	})
}

// BenchmarkPositionsAt asks for the positions of one document of each block, and of 8.
func BenchmarkPositionsAt(b *testing.B) {
	for _, n := range []int{1, 8} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			dst := make([]uint32, 0, 100)
			benchBlocks(b, func(c *Cursor) {
				for i := 0; i < c.Len(); i += BlockLen / n {
					dst = c.PositionsAt(i, dst[:0])
				}
			})
		})
	}
}

func BenchmarkSetBits(b *testing.B) {
	bits := make([]uint64, WindowDocs/64)
	benchEach(b, "posting", postingsOf, func(c *Cursor, w *written) {
		c.Reset(&w.src, w.list)
		for base := uint32(0); base < w.src.MaxDoc; base += WindowDocs {
			c.SetBits(bits, base)
		}
	})
}

// BenchmarkSeek seeks every 20,000th document.
func BenchmarkSeek(b *testing.B) {
	const step = 20_000
	steps := func(w *written) int { return int(w.src.MaxDoc+step-1) / step }
	b.Run("document", func(b *testing.B) {
		benchEach(b, "seek", steps, func(c *Cursor, w *written) {
			c.Reset(&w.src, w.list)
			for doc := uint32(0); doc < w.src.MaxDoc; doc += step {
				sink += c.Seek(doc)
			}
		})
	})
	b.Run("block", func(b *testing.B) {
		benchEach(b, "seek", steps, func(c *Cursor, w *written) {
			c.Reset(&w.src, w.list)
			for doc := uint32(0); doc < w.src.MaxDoc; doc += step {
				c.SeekBlock(doc)
			}
		})
	})
}

func BenchmarkNext(b *testing.B) {
	benchEach(b, "posting", postingsOf, func(c *Cursor, w *written) {
		c.Reset(&w.src, w.list)
		for doc := c.Next(); doc != None; doc = c.Next() {
			sink += doc
		}
	})
}

func BenchmarkReset(b *testing.B) {
	benchEach(b, "list", func(*written) int { return 1 }, func(c *Cursor, w *written) { c.Reset(&w.src, w.list) })
}

func BenchmarkShort(b *testing.B) {
	g := gen{df: 60, maxGap: 4000, maxTF: 3, seed: 1, withPos: true, maxPositionGap: 100}
	w := write(b, g.list(), true)
	var c Cursor
	for b.Loop() {
		c.Reset(&w.src, w.list)
		sink += c.Next()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(g.df), "ns/posting")
}

func BenchmarkAdd(b *testing.B) {
	list := benchGens["medium"].list()
	for b.Loop() {
		w := NewWriter(io.Discard, io.Discard, testK, 1<<30)
		for _, p := range list {
			w.Add(p.doc, p.freq, p.norm, p.positions)
		}
		if _, err := w.Finish(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(list)), "ns/posting")
}

// BenchmarkMerge reads a list and writes it again, by blocks.
func BenchmarkMerge(b *testing.B) {
	count := func(w *written) int { return int(w.list.Docs) + int(w.list.Freq) }
	var deltas []uint32
	var norms [BlockLen]uint8
	benchEach(b, "posting-or-position", count, func(c *Cursor, w *written) {
		out := NewWriter(io.Discard, io.Discard, testK, w.src.MaxDoc)
		c.Reset(&w.src, w.list)
		for ok := c.EnterBlock(0); ok; ok = c.EnterBlock(c.Block() + 1) {
			docs, freqs := c.Docs()[:c.Len()], c.Freqs()[:c.Len()]
			for i, doc := range docs {
				norms[i] = w.src.Norms[doc]
			}
			deltas = c.Deltas(deltas[:0])
			out.AddBlock(docs, freqs, norms[:len(docs)], deltas)
		}
		if _, err := out.Finish(); err != nil {
			b.Fatal(err)
		}
	})
}

var sink uint32
