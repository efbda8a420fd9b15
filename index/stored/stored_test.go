package stored

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

var update = flag.Bool("update", false, "rewrite testdata")

func write(t testing.TB, docs [][]Value) []byte {
	t.Helper()
	var out bytes.Buffer
	w := NewWriter(&out)
	for _, d := range docs {
		if err := w.Add(d); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Finish(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func text(r *rand.Rand, n int) []byte {
	words := strings.Fields("the quick brown fox jumps over a lazy dog and runs into the deep dark forest of compression")
	var b []byte
	for len(b) < n {
		b = append(append(b, words[r.IntN(len(words))]...), ' ')
	}
	return b[:n]
}

// documents of all sizes: empty, small, many values, and some with blocks of
// their own.
func documents(seed uint64, n, huge int) [][]Value {
	r := rand.New(rand.NewPCG(seed, 3))
	docs := make([][]Value, n)
	for i := range docs {
		for range r.IntN(4) {
			docs[i] = append(docs[i], Value{Field: r.IntN(1 << r.IntN(17)), Bytes: text(r, r.IntN(1<<r.IntN(12)))})
		}
	}
	for range huge {
		docs[r.IntN(n)] = []Value{{Field: 1, Bytes: text(r, 200<<10)}, {Field: 2, Bytes: text(r, r.IntN(300<<10))}}
	}
	return docs
}

func check(t *testing.T, s *Store, doc int, want []Value) {
	t.Helper()
	before := Value{Field: 99}
	got, err := s.Get(uint32(doc), []Value{before})
	if err != nil || len(got) != len(want)+1 || got[0].Field != 99 {
		t.Fatalf("document %d: %d values, want %d: %v", doc, len(got)-1, len(want), err)
	}
	for i, v := range want {
		if got[i+1].Field != v.Field || !bytes.Equal(got[i+1].Bytes, v.Bytes) {
			t.Fatalf("document %d, value %d: field %d, %d bytes; want field %d, %d bytes", doc, i, got[i+1].Field, len(got[i+1].Bytes), v.Field, len(v.Bytes))
		}
	}
}

func TestRoundTrip(t *testing.T) {
	for _, c := range []struct{ n, huge int }{{0, 0}, {1, 0}, {1, 1}, {20, 3}, {1000, 2}} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			docs := documents(uint64(c.n), c.n, c.huge)
			cache := NewCache(100 << 10)
			s, err := Open(write(t, docs), cache, nil)
			if err != nil || s.Len() != c.n {
				t.Fatal(err)
			}
			for i, want := range docs {
				check(t, s, i, want)
			}
			for i := len(docs) - 1; i >= 0; i -= 7 {
				check(t, s, i, docs[i])
			}
			if st := cache.Stats(); st.Bytes > st.MaxBytes || st.Bytes < 0 {
				t.Errorf("%+v", st)
			}
			s.Close()
			if st := cache.Stats(); st.Bytes != 0 || st.Blocks != 0 {
				t.Errorf("after Close: %+v", st)
			}
			if _, err := s.Get(uint32(c.n), nil); err == nil || errors.Is(err, ErrCorrupt) {
				t.Errorf("a document that is not there: %v", err)
			}
		})
	}
}

// TestBlocks holds the writer to the block sizes of the package doc.
func TestBlocks(t *testing.T) {
	docs := documents(5, 2000, 5)
	docs = append(docs, make([][]Value, 10_000)...) // without values
	s, err := Open(write(t, docs), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range s.blocks {
		from, to := s.span(i)
		size := int(s.rawSize(i))
		alone := 0
		for _, d := range docs[from:to] {
			n := 0
			for _, v := range d {
				n += len(v.Bytes)
			}
			if n > aloneBytes {
				alone++
			}
		}
		full := size >= blockBytes || to-from == maxBlockDocs
		if next := i + 1; !full && next < s.blocks { // only in front of a document that is alone
			from, to := s.span(next)
			full = to-from == 1 && s.rawSize(next) > aloneBytes
		}
		if !full && i+1 < s.blocks || alone > 0 && to-from != 1 {
			t.Errorf("block %d: %d documents, %d bytes, %d of them alone", i, to-from, size, alone)
		}
	}
}

func TestSharedCacheConcurrently(t *testing.T) {
	cache := NewCache(64 << 10)
	var stores []*Store
	var all [][][]Value
	for seed := range uint64(3) {
		docs := documents(seed, 300, 0)
		s, err := Open(write(t, docs), cache, nil)
		if err != nil {
			t.Fatal(err)
		}
		stores, all = append(stores, s), append(all, docs)
	}
	var wg sync.WaitGroup
	for g := range uint64(4) {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(g, 9))
			for range 500 {
				i := r.IntN(len(stores))
				doc := r.IntN(300)
				values, err := stores[i].Get(uint32(doc), nil)
				if err != nil || len(values) != len(all[i][doc]) {
					t.Errorf("store %d document %d: %d values: %v", i, doc, len(values), err)
				}
			}
		})
	}
	wg.Wait()
	if st := cache.Stats(); st.Bytes > st.MaxBytes || st.Hits == 0 || st.Misses == 0 {
		t.Errorf("%+v", st)
	}
}

func TestWriterRefuses(t *testing.T) {
	for name, values := range map[string][]Value{
		"field below 0":  {{Field: -1}},
		"field too high": {{Field: MaxField + 1}},
		"too long":       {{Bytes: make([]byte, MaxDocBytes)}},
	} {
		w := NewWriter(&bytes.Buffer{})
		if w.Add(values) == nil || w.Finish() == nil {
			t.Errorf("%s: no error", name)
		}
	}
	w := NewWriter(&bytes.Buffer{})
	if err := w.Add([]Value{{Bytes: make([]byte, MaxDocBytes-100)}}); err != nil {
		t.Error(err)
	}
}

func use(t *testing.T, data []byte) {
	s, err := Open(data, nil, nil)
	for i := 0; err == nil && i < s.Len() && i < 50; i++ {
		_, err = s.Get(uint32(i), nil)
	}
	if err != nil && !errors.Is(err, ErrCorrupt) {
		t.Fatal(err)
	}
	Dump(&bytes.Buffer{}, data)
}

func FuzzMutated(f *testing.F) {
	f.Add(write(f, documents(1, 3, 0)), uint32(5), uint8(1))
	f.Add(write(f, documents(2, 60, 0)), uint32(100), uint8(1))
	f.Fuzz(func(t *testing.T, data []byte, at uint32, x uint8) {
		data = bytes.Clone(data)
		if len(data) > 0 {
			data[int(at)%len(data)] ^= x
		}
		use(t, data)
	})
}

func TestEveryByteMutated(t *testing.T) {
	good := write(t, documents(1, 10, 0))
	for i := range good {
		data := bytes.Clone(good)
		data[i] ^= 0x41
		use(t, data)
		use(t, good[:i])
	}
}

// TestBlockThatLies has a block whose content is whole, but not what the index
// says.
func TestBlockThatLies(t *testing.T) {
	good := write(t, [][]Value{{{Field: 1, Bytes: []byte("x")}}})
	w := NewWriter(nil)
	for name, raw := range map[string][]byte{
		"values": {2, 1, 1, 'x'},
		"count":  {0xff, 0xff, 0xff, 0xff, 0x0f},
		"length": {1, 1, 9, 'x'},
		"field":  {1, 0xff, 0xff, 0x7f},
		"size":   {1, 1, 1, 'x', 'y'},
		"rest":   {0, 1, 1, 'x'},
	} {
		block := w.enc.EncodeAll(raw, nil)
		data := append(bytes.Clone(block), good[len(good)-trailerBytes-indexBytes:]...)
		binary.LittleEndian.PutUint64(data[len(data)-16:], uint64(len(block)))
		if name != "size" {
			binary.LittleEndian.PutUint32(data[len(data)-trailerBytes-4:], uint32(len(raw)))
		}
		s, err := Open(data, nil, nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if _, err := s.Get(0, nil); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDumpGolden(t *testing.T) {
	var out bytes.Buffer
	docs := [][]Value{{{Field: 2, Bytes: []byte("ab")}}, nil, {{Field: 0, Bytes: []byte("title")}, {Field: 300, Bytes: []byte("a text")}}}
	if err := Dump(&out, write(t, docs)); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", "stored.golden")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(out.Bytes(), want) {
		t.Errorf("%s differs; got:\n%s", file, out.Bytes())
	}
}

func benchStore(b *testing.B, cache *Cache) *Store {
	r := rand.New(rand.NewPCG(1, 2))
	docs := make([][]Value, 20_000)
	for i := range docs {
		docs[i] = []Value{{Field: 0, Bytes: text(r, 60)}, {Field: 1, Bytes: text(r, 660)}}
	}
	s, err := Open(write(b, docs), cache, nil)
	if err != nil {
		b.Fatal(err)
	}
	return s
}

func BenchmarkGetCold(b *testing.B) { benchGet(b, NewCache(1)) }
func BenchmarkGetWarm(b *testing.B) { benchGet(b, NewCache(1<<30)) }

func benchGet(b *testing.B, cache *Cache) {
	s := benchStore(b, cache)
	var dst []Value
	i := 0
	for b.Loop() {
		var err error
		if dst, err = s.Get(uint32(i%s.Len()), dst[:0]); err != nil {
			b.Fatal(err)
		}
		i += 7919
	}
}
