package docvalues

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

var update = flag.Bool("update", false, "rewrite testdata")

func column(t testing.TB, values []int64) []byte {
	t.Helper()
	var out bytes.Buffer
	b := NewBuilder(&out)
	for _, v := range values {
		b.Add(v)
	}
	if err := b.Finish(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// values of all widths: wide chunks, constant ones, and the extremes.
func values(r *rand.Rand, n int) []int64 {
	v := make([]int64, n)
	base, width := int64(0), 0
	for i := range v {
		if i%ChunkLen == 0 || i%777 == 0 {
			base, width = int64(r.Uint64()), r.IntN(65)
		}
		v[i] = base + int64(r.Uint64()>>1>>max(63-width, 0))
	}
	if n > 2000 {
		v[7], v[9], v[1024] = math.MinInt64, math.MaxInt64, math.MaxInt64
	}
	return v
}

var lengths = []int{0, 1, 2, 127, 128, 129, 1023, 1024, 1025, 1152, 10_000}

func TestColumn(t *testing.T) {
	for _, n := range lengths {
		for seed := range uint64(6) {
			r := rand.New(rand.NewPCG(seed, uint64(n)))
			want := values(r, n)
			if seed == 0 {
				clear(want)
			}
			checkColumn(t, r, want)
		}
	}
}

func checkColumn(t *testing.T, r *rand.Rand, want []int64) {
	t.Helper()
	c, err := Open(column(t, want), nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.Len() != len(want) || c.Zones() != (len(want)+ChunkLen-1)/ChunkLen {
		t.Fatalf("Len %d, Zones %d; want %d values", c.Len(), c.Zones(), len(want))
	}
	for i, v := range want {
		if got := c.Get(uint32(i)); got != v {
			t.Fatalf("n %d: Get(%d) = %d, want %d", len(want), i, got, v)
		}
	}
	for range 50 {
		lo := r.IntN(len(want) + 1)
		hi := lo + r.IntN(len(want)-lo+1)
		if got := c.Append([]int64{5}, uint32(lo), uint32(hi)); !slices.Equal(got[1:], want[lo:hi]) || got[0] != 5 {
			t.Fatalf("n %d: Append(%d, %d) differs", len(want), lo, hi)
		}
	}
	for i := range c.Zones() {
		zone := want[i*ChunkLen : min(len(want), (i+1)*ChunkLen)]
		if a, b := c.Zone(i); a != slices.Min(zone) || b != slices.Max(zone) {
			t.Fatalf("zone %d: %d to %d", i, a, b)
		}
	}
	a, b := c.Bounds()
	if len(want) > 0 && (a != slices.Min(want) || b != slices.Max(want)) || len(want) == 0 && (a != 0 || b != 0) {
		t.Fatalf("bounds %d to %d", a, b)
	}
}

func keys(r *rand.Rand, n int) []Key {
	out := make([]Key, n)
	for i := range out {
		binary.LittleEndian.PutUint64(out[i][:], r.Uint64())
		binary.LittleEndian.PutUint64(out[i][8:], r.Uint64())
	}
	return out
}

func keyColumn(t testing.TB, list []Key) []byte {
	t.Helper()
	var out bytes.Buffer
	b := NewKeyBuilder(&out)
	for _, k := range list {
		b.Add(k)
	}
	if err := b.Finish(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestKeys(t *testing.T) {
	for _, n := range lengths {
		r := rand.New(rand.NewPCG(uint64(n), 4))
		even := keys(r, n)
		t.Run(fmt.Sprintf("even/%d", n), func(t *testing.T) { checkKeys(t, r, even) })
		near := keys(r, n) // all alike but for the last bytes: no guess is right
		for i := range near {
			copy(near[i][:14], "same beginning")
		}
		t.Run(fmt.Sprintf("near/%d", n), func(t *testing.T) { checkKeys(t, r, near) })
		ends := slices.Clone(even)
		for i := range ends {
			if i%3 == 0 {
				ends[i] = Key{15: byte(i)}
			} else if i%3 == 1 {
				ends[i] = Key(bytes.Repeat([]byte{0xff}, 16))
			}
		}
		t.Run(fmt.Sprintf("ends/%d", n), func(t *testing.T) { checkKeys(t, r, ends) })
	}
}

func TestKeyWriterOrder(t *testing.T) {
	check := func(want error, add int, places ...uint32) {
		t.Helper()
		w := NewKeyWriter(io.Discard)
		list := []Key{{1}, {2}, {2}}
		for i := range add {
			w.Add(list[i])
		}
		for _, doc := range places {
			w.Place(list[doc], doc)
		}
		if err := w.Finish(); !errors.Is(err, want) {
			t.Errorf("%d keys placed as %v: %v, want %v", add, places, err, want)
		}
	}
	check(nil, 0)
	check(nil, 3, 0, 1, 2)
	check(ErrOrder, 3, 1, 0, 2)
	check(ErrOrder, 3, 0, 1)
	check(ErrOrder, 1, 0, 1)
}

func checkKeys(t *testing.T, r *rand.Rand, list []Key) {
	t.Helper()
	k, err := OpenKeys(keyColumn(t, list), nil)
	if err != nil || k.Len() != len(list) {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := NewKeyWriter(&out)
	for _, key := range list {
		w.Add(key)
	}
	for i := range list {
		doc, ok := k.ByKey(i)
		if !ok {
			t.Fatalf("place %d: document %d", i, doc)
		}
		w.Place(list[doc], doc)
	}
	if err := w.Finish(); err != nil || !bytes.Equal(out.Bytes(), keyColumn(t, list)) {
		t.Fatalf("a KeyWriter, %v, writes %d bytes that are not those of a KeyBuilder", err, out.Len())
	}
	first := map[Key]uint32{}
	for i := len(list) - 1; i >= 0; i-- {
		first[list[i]] = uint32(i)
	}
	for i, key := range list {
		if k.Get(uint32(i)) != key {
			t.Fatalf("Get(%d) differs", i)
		}
		if doc, ok := k.Find(key); !ok || doc != first[key] {
			t.Fatalf("Find(%x) = %d, %v; want %d", key, doc, ok, first[key])
		}
	}
	for _, key := range append(keys(r, 100), Key{}, Key(bytes.Repeat([]byte{0xff}, 16)), Key([]byte("same beginningzz"))) {
		doc, ok := k.Find(key)
		if want, has := first[key]; ok != has || doc != want {
			t.Fatalf("Find(%x) = %d, %v; want %d, %v", key, doc, ok, want, has)
		}
	}
}

func use(t *testing.T, data []byte) {
	if c, err := Open(data, nil); err == nil {
		for i := 0; i < c.Len(); i += 1 + c.Len()/50 {
			c.Get(uint32(i))
		}
		c.Bounds()
		if c.Len() > 0 {
			c.Get(uint32(c.Len() - 1))
			c.Append(nil, uint32(max(0, c.Len()-2000)), uint32(c.Len()))
		}
	} else if !errors.Is(err, ErrCorrupt) {
		t.Fatal(err)
	}
	if k, err := OpenKeys(data, nil); err == nil {
		k.Find(Key{7})
		k.Find(Key{200})
		for i := range min(k.Len(), 100) {
			k.Find(k.Get(uint32(i)))
		}
	} else if !errors.Is(err, ErrCorrupt) {
		t.Fatal(err)
	}
	Dump(&bytes.Buffer{}, data)
}

func FuzzMutated(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 2))
	f.Add(column(f, values(r, 1100)), uint32(5), uint8(1))
	f.Add(column(f, make([]int64, 3000)), uint32(0), uint8(0))
	f.Add(keyColumn(f, keys(r, 20)), uint32(400), uint8(1))
	f.Fuzz(func(t *testing.T, data []byte, at uint32, x uint8) {
		data = bytes.Clone(data)
		if len(data) > 0 {
			data[int(at)%len(data)] ^= x
		}
		use(t, data)
	})
}

func TestEveryByteMutated(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, good := range [][]byte{column(t, values(r, 1030)), keyColumn(t, keys(r, 30))} {
		step := max(1, len(good)/400)
		for i := 0; i < len(good); i++ {
			if i > 100 && i < len(good)-200 && i%step != 0 {
				continue
			}
			for _, x := range []byte{1, 0xff} {
				data := bytes.Clone(good)
				data[i] ^= x
				use(t, data)
			}
			use(t, good[:i])
		}
	}
}

func TestDumpGolden(t *testing.T) {
	var out bytes.Buffer
	wide := make([]int64, 1030)
	for i := range wide {
		wide[i] = int64(i%1024) << 30
	}
	for _, v := range [][]int64{{1000, 1003, 1001}, wide} {
		if err := Dump(&out, column(t, v)); err != nil {
			t.Fatal(err)
		}
	}
	if err := Dump(&out, keyColumn(t, []Key{{9}, {3}})); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", "columns.golden")
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

func BenchmarkGet(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	v := make([]int64, 1<<20)
	for i := range v {
		v[i] = int64(r.IntN(1 << 20))
	}
	c, err := Open(column(b, v), nil)
	if err != nil {
		b.Fatal(err)
	}
	i := uint32(0)
	for b.Loop() {
		sink += c.Get(i & (1<<20 - 1))
		i += 7919
	}
}

func BenchmarkAppend(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	v := make([]int64, 1<<16)
	for i := range v {
		v[i] = int64(r.IntN(1 << 20))
	}
	c, err := Open(column(b, v), nil)
	if err != nil {
		b.Fatal(err)
	}
	dst := make([]int64, 0, len(v))
	for b.Loop() {
		dst = c.Append(dst[:0], 0, uint32(len(v)))
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(v)), "ns/value")
}

func BenchmarkFind(b *testing.B) {
	list := keys(rand.New(rand.NewPCG(1, 2)), 1<<20)
	k, err := OpenKeys(keyColumn(b, list), nil)
	if err != nil {
		b.Fatal(err)
	}
	i := 0
	for b.Loop() {
		if _, ok := k.Find(list[i&(1<<20-1)]); !ok {
			b.Fatal("missed")
		}
		i += 7919
	}
}

var sink int64
