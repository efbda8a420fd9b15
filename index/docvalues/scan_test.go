package docvalues

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// randomSet has every document with a chance of one in thin.
func randomSet(r *rand.Rand, words, thin int) []uint64 {
	set := make([]uint64, words)
	for i := range 64 * words {
		if r.IntN(thin) == 0 {
			set[i/64] |= 1 << (i % 64)
		}
	}
	return set
}

// edge is a value of the column, one beside it, or an extreme.
func edge(r *rand.Rand, values []int64) int64 {
	v := int64(r.Uint64())
	if len(values) > 0 && r.IntN(8) > 0 {
		v = values[r.IntN(len(values))]
	}
	switch r.IntN(6) {
	case 0:
		v++
	case 1:
		v--
	case 2:
		v = []int64{math.MinInt64, math.MaxInt64}[r.IntN(2)]
	}
	return v
}

// checkScan compares with a look at each document of a set that begins, and ends,
// anywhere.
func checkScan(t *testing.T, r *rand.Rand, data []byte, values []int64) {
	t.Helper()
	c, err := Open(data, nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 40 {
		base := uint32(64 * r.IntN(len(values)/64+2))
		set := randomSet(r, r.IntN(len(values)/64+3), []int{1, 2, 9, 200}[r.IntN(4)])
		lo, hi := edge(r, values), edge(r, values)
		in := slices.Clone(set)
		c.InRange(in, base, lo, hi)
		var docs []uint32
		var vals []int64
		for i := range 64 * len(set) {
			doc := int(base) + i
			had := set[i/64]>>(i%64)&1 != 0
			is := doc < len(values) && lo <= values[doc] && values[doc] <= hi
			if got := in[i/64]>>(i%64)&1 != 0; got != (had || is) {
				t.Fatalf("%d values, base %d: document %d, %d to %d: %v", len(values), base, doc, lo, hi, got)
			}
			if had && is {
				docs, vals = append(docs, uint32(doc)), append(vals, values[doc])
			}
		}
		gotDocs, gotVals := c.Select([]uint32{7}, []int64{8}, set, base, lo, hi)
		if gotDocs[0] != 7 || gotVals[0] != 8 || !slices.Equal(gotDocs[1:], docs) || !slices.Equal(gotVals[1:], vals) {
			t.Fatalf("%d values, base %d: Select of %d to %d: %d documents, want %d", len(values), base, lo, hi, len(gotDocs)-1, len(docs))
		}
		from, to := r.Uint32N(uint32(len(values)+2)), r.Uint32N(uint32(len(values)+2000))
		least, most := c.BoundsOf(from, to)
		for doc := from; doc < min(to, uint32(len(values))); doc++ {
			if v := values[doc]; v < least || v > most {
				t.Fatalf("bounds of %d to %d are %d to %d; document %d has %d", from, to, least, most, doc, v)
			}
		}
	}
}

func TestScan(t *testing.T) {
	for _, n := range lengths {
		for seed := range uint64(6) {
			r := rand.New(rand.NewPCG(seed, uint64(n)))
			v := values(r, n)
			switch seed {
			case 0:
				clear(v)
			case 1:
				for i := range v { // dates in microseconds, in about the order of documents
					v[i] = 1_700_000_000_000_000 + int64(i)*1_000_000_000 + r.Int64N(1<<40)
				}
			case 2:
				for i := range v {
					v[i] = r.Int64N(100) - 1
				}
			}
			checkScan(t, r, column(t, v), v)
			if t.Failed() {
				t.Fatalf("seed %d", seed)
			}
		}
	}
}

// ordinals are those of a keyword: some chunks constant, some documents without.
func ordinals(r *rand.Rand, n, distinct int) []int64 {
	v := make([]int64, n)
	for i := range v {
		switch {
		case i/ChunkLen%3 == 1:
			v[i] = int64(i/ChunkLen%(distinct+1)) - 1
		default:
			v[i] = r.Int64N(int64(distinct)+1) - 1
		}
	}
	return v
}

func TestCount(t *testing.T) {
	for _, n := range lengths {
		for seed := range uint64(8) {
			r := rand.New(rand.NewPCG(seed, uint64(n)))
			distinct := []int{1, 3, 100, 70_000}[seed%4]
			v := ordinals(r, n, distinct)
			c, err := Open(column(t, v), nil)
			if err != nil {
				t.Fatal(err)
			}
			got, want := make([]uint32, distinct), make([]uint32, distinct)
			for range 5 { // added up over sets
				base := uint32(64 * r.IntN(n/64+2))
				set := randomSet(r, r.IntN(n/64+3), []int{1, 2, 9, 200}[r.IntN(4)])
				for i := range 64 * len(set) {
					if doc := int(base) + i; doc < n && set[i/64]>>(i%64)&1 != 0 && v[doc] >= 0 {
						want[v[doc]]++
					}
				}
				if err := c.Count(got, set, base); err != nil {
					t.Fatal(err)
				}
			}
			if !slices.Equal(got, want) {
				t.Fatalf("seed %d, %d values, %d of them distinct: counts differ", seed, n, distinct)
			}
		}
	}
}

func TestCountRefusesOrdinals(t *testing.T) {
	all := []uint64{math.MaxUint64, math.MaxUint64}
	for name, v := range map[string][]int64{"constant": {5, 5, 5}, "some": {-1, 0, 5, 4}, "huge": {1, math.MaxInt64}} {
		c, err := Open(column(t, v), nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Count(make([]uint32, 5), all, 0); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
		if err := c.Count(make([]uint32, 5), []uint64{0, 0}, 0); err != nil {
			t.Errorf("%s: nobody asked: %v", name, err)
		}
	}
}

func TestScanBase(t *testing.T) {
	c, err := Open(column(t, []int64{1}), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if recover() == nil {
			t.Error("a base of 32 was taken")
		}
	}()
	c.InRange(make([]uint64, 1), 32, 0, 1)
}

func TestOpenRefusesWidths(t *testing.T) {
	data := column(t, []int64{1, 2, 3, 9})
	widths := len(data) - trailerBytes - 1
	for w := range 65 {
		data := bytes.Clone(data)
		data[widths] = byte(w)
		if _, err := Open(data, nil); (err == nil) != (w == 4) {
			t.Errorf("width %d: %v", w, err)
		}
	}
}

func FuzzScan(f *testing.F) {
	f.Add(uint16(1500), uint64(1), int64(-3), int64(90))
	f.Add(uint16(128), uint64(2), int64(math.MinInt64), int64(0))
	f.Fuzz(func(t *testing.T, n uint16, seed uint64, low, high int64) {
		r := rand.New(rand.NewPCG(seed, 0))
		v := values(r, int(n)%5000)
		for i := range v {
			if r.IntN(3) == 0 {
				v[i] = low + int64(r.Uint64()%(max(uint64(high)-uint64(low), 1)))
			}
		}
		checkScan(t, r, column(t, v), v)
	})
}

// benchColumns are what scans meet: numbers, dates as they come, and ordinals.
func benchColumns(b *testing.B, n int) map[string]*Column {
	r := rand.New(rand.NewPCG(1, 2))
	out := map[string]*Column{}
	for name, value := range map[string]func(i int) int64{
		"numbers":  func(int) int64 { return r.Int64N(1 << 20) },
		"dates":    func(int) int64 { return 1_700_000_000_000_000 + r.Int64N(365*86400)*1_000_000 },
		"inorder":  func(i int) int64 { return 1_700_000_000_000_000 + int64(i)*1_000_000 + r.Int64N(1<<20) },
		"ordinals": func(int) int64 { return r.Int64N(1000) },
	} {
		v := make([]int64, n)
		for i := range v {
			v[i] = value(i)
		}
		c, err := Open(column(b, v), nil)
		if err != nil {
			b.Fatal(err)
		}
		out[name] = c
	}
	return out
}

const benchDocs = 1 << 18

func perDoc(b *testing.B) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchDocs, "ns/doc")
}

// BenchmarkInRange is half of the values.
func BenchmarkInRange(b *testing.B) {
	set := make([]uint64, benchDocs/64)
	for name, c := range benchColumns(b, benchDocs) {
		least, most := c.Bounds()
		mid := least + (most-least)/2
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				clear(set)
				c.InRange(set, 0, least, mid)
			}
			perDoc(b)
		})
	}
}

func BenchmarkCount(b *testing.B) {
	c := benchColumns(b, benchDocs)["ordinals"]
	counts := make([]uint32, 1000)
	for _, thin := range []int{1, 10, 1000} {
		set := randomSet(rand.New(rand.NewPCG(1, 3)), benchDocs/64, thin)
		b.Run(fmt.Sprintf("one in %d", thin), func(b *testing.B) {
			for b.Loop() {
				if err := c.Count(counts, set, 0); err != nil {
					b.Fatal(err)
				}
			}
			perDoc(b)
		})
	}
}

// BenchmarkSelect is the first ten of all by value, window by window.
func BenchmarkSelect(b *testing.B) {
	set := slices.Repeat([]uint64{math.MaxUint64}, 2048/64)
	for name, c := range benchColumns(b, benchDocs) {
		b.Run(name, func(b *testing.B) {
			var docs []uint32
			var vals []int64
			for b.Loop() {
				best := make([]int64, 0, 3000)
				bound := int64(math.MinInt64)
				for base := uint32(0); base < benchDocs; base += 2048 {
					docs, vals = c.Select(docs[:0], vals[:0], set, base, bound, math.MaxInt64)
					if best = append(best, vals...); len(best) > 10 {
						slices.SortFunc(best, func(a, b int64) int { return int(min(max(b-a, -1), 1)) })
						best = best[:10]
						bound = best[9]
					}
				}
			}
			perDoc(b)
		})
	}
}
