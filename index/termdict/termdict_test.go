package termdict

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

type entry struct {
	term string
	info Info
}

// terms makes sorted, distinct terms: words with much in common, long ones,
// and such that share more than eight bytes over many blocks.
func terms(r *rand.Rand, n int) []string {
	set := map[string]bool{}
	for len(set) < n {
		var t string
		switch r.IntN(5) {
		case 0:
			t = strings.Repeat("x", r.IntN(256))
		case 1:
			t = "international" + fmt.Sprintf("%b", r.IntN(4*n))
		case 2:
			b := make([]byte, r.IntN(12))
			for i := range b {
				b[i] = "\x00\xff"[r.IntN(2)]
			}
			t = string(b)
		default:
			b := make([]byte, 1+r.IntN(9))
			for i := range b {
				b[i] = "aeinrst"[r.IntN(7)]
			}
			t = string(b)
		}
		set[t] = true
	}
	out := make([]string, 0, n)
	for t := range set {
		out = append(out, t)
	}
	slices.Sort(out)
	return out
}

func entries(r *rand.Rand, n int) []entry {
	out := make([]entry, n)
	next := Info{Post: r.Uint64N(1 << 40), Pos: r.Uint64N(1 << 20)}
	for i, t := range terms(r, n) {
		info := Info{Docs: 1, Post: next.Post, Pos: next.Pos, PosSize: r.Uint64N(300)}
		if r.IntN(2) == 0 {
			info.Doc = r.Uint32()
		} else {
			info.Docs, info.PostSize = 2+uint32(r.Uint64N(1<<r.IntN(30))), r.Uint64N(1<<r.IntN(30))
		}
		info.Freq = uint64(info.Docs)
		if r.IntN(2) == 0 {
			info.Freq += r.Uint64N(1 << r.IntN(40))
		}
		out[i] = entry{t, info}
		next = Info{Post: info.Post + info.PostSize, Pos: info.Pos + info.PosSize}
	}
	return out
}

func build(t testing.TB, list []entry) []byte {
	t.Helper()
	var out bytes.Buffer
	b := NewBuilder(&out)
	for _, e := range list {
		if err := b.Add([]byte(e.term), e.info); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Finish(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func open(t testing.TB, data []byte) *Dict {
	t.Helper()
	d, err := Open(data, nil)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

var sizes = []int{0, 1, 2, 31, 32, 33, 64, 65, 1000, 5000}

func each(t *testing.T, fn func(t *testing.T, r *rand.Rand, list []entry, d *Dict)) {
	for _, n := range sizes {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			r := rand.New(rand.NewPCG(uint64(n), 3))
			list := entries(r, n)
			d := open(t, build(t, list))
			if d.Len() != n {
				t.Fatalf("Len %d, want %d", d.Len(), n)
			}
			fn(t, r, list, d)
			if d.Err() != nil {
				t.Fatal(d.Err())
			}
		})
	}
}

// around are terms next to a term that may be there or not.
func around(term string) []string {
	out := []string{term, term + "\x00", term + "z"}
	if n := len(term); n > 0 {
		out = append(out, term[:n-1], term[:n-1]+string(term[n-1]+1), term[:n-1]+string([]byte{term[n-1] - 1}), term[:n/2])
	}
	return out
}

func TestGet(t *testing.T) {
	each(t, func(t *testing.T, r *rand.Rand, list []entry, d *Dict) {
		want := map[string]Info{}
		for _, e := range list {
			want[e.term] = e.info
		}
		for _, e := range append(list, entry{term: ""}, entry{term: "\xff\xff\xff\xff\xff\xff\xff\xff\xff"}) {
			for _, term := range around(e.term) {
				info, ok := d.Get([]byte(term))
				if wantInfo, wantOK := want[term]; ok != wantOK || info != wantInfo {
					t.Fatalf("Get(%q) = %+v, %v; want %+v, %v", term, info, ok, wantInfo, wantOK)
				}
			}
		}
	})
}

func TestIter(t *testing.T) {
	each(t, func(t *testing.T, r *rand.Rand, list []entry, d *Dict) {
		checkIter(t, d.Iter(), list)
		for i, e := range list {
			if term, ok := d.At(i); !ok || string(term) != e.term {
				t.Fatalf("At(%d) = %q, %v; want %q", i, term, ok, e.term)
			}
		}
		for _, i := range []int{-1, len(list)} {
			if term, ok := d.At(i); ok {
				t.Fatalf("At(%d) = %q of %d", i, term, len(list))
			}
		}
		for range 200 {
			lo, hi := pick(r, list), pick(r, list)
			if hi < lo {
				lo, hi = hi, lo
			}
			from := lower(list, lo)
			checkIter(t, d.Range([]byte(lo), []byte(hi)), list[from:lower(list, hi)])
			checkIter(t, d.Range([]byte(lo), nil), list[from:])
			p := lo[:r.IntN(len(lo)+1)]
			var prefixed []entry
			for _, e := range list {
				if strings.HasPrefix(e.term, p) {
					prefixed = append(prefixed, e)
				}
			}
			checkIter(t, d.Prefix([]byte(p)), prefixed)
		}
	})
}

func TestSeek(t *testing.T) {
	each(t, func(t *testing.T, r *rand.Rand, list []entry, d *Dict) {
		it := d.Iter()
		for range 1000 {
			term := pick(r, list)
			at := lower(list, term)
			if ok := it.Seek([]byte(term)); ok != (at < len(list)) {
				t.Fatalf("Seek(%q) = %v, want place %d of %d", term, ok, at, len(list))
			}
			for ; at < len(list) && r.IntN(40) > 0; at++ {
				if string(it.Term()) != list[at].term || it.Info() != list[at].info {
					t.Fatalf("Seek(%q) then %q %+v; want %+v", term, it.Term(), it.Info(), list[at])
				}
				if it.Next() != (at+1 < len(list)) {
					t.Fatalf("Next at %d of %d", at, len(list))
				}
			}
		}
	})
}

func lower(list []entry, term string) int {
	at, _ := slices.BinarySearchFunc(list, term, func(e entry, s string) int { return strings.Compare(e.term, s) })
	return at
}

func pick(r *rand.Rand, list []entry) string {
	if len(list) == 0 {
		return "a"
	}
	near := around(list[r.IntN(len(list))].term)
	return near[r.IntN(len(near))]
}

func checkIter(t *testing.T, it *Iter, want []entry) {
	t.Helper()
	for i := 0; it.Next(); i++ {
		if i >= len(want) || string(it.Term()) != want[i].term || it.Info() != want[i].info {
			t.Fatalf("term %d is %q %+v; want %d terms", i, it.Term(), it.Info(), len(want))
		}
		if i == len(want)-1 {
			if again := it.Next(); again || it.Next() || it.Err() != nil {
				t.Fatalf("goes on after the end, err %v", it.Err())
			}
			return
		}
	}
	if len(want) > 0 {
		t.Fatalf("ended early, %d terms wanted, err %v", len(want), it.Err())
	}
}

// TestExample is the worked example of the package doc.
func TestExample(t *testing.T) {
	data := build(t, []entry{
		{"car", Info{Docs: 1, Freq: 1, Doc: 9, PosSize: 1}},
		{"cart", Info{Docs: 2, Freq: 2, Pos: 1, PostSize: 2, PosSize: 2}},
	})
	want := []byte{0, 0, 6, 3, 'c', 'a', 'r', 0x31, 't', 3, 9, 1, 5, 2, 2}
	if !bytes.HasPrefix(data, want) {
		t.Errorf("% x", data)
	}
}

func TestBuilderRefuses(t *testing.T) {
	one := Info{Docs: 1, Freq: 1, PosSize: 2}
	for name, c := range map[string]struct {
		term string
		info Info
		is   error
	}{
		"same term":        {"b", Info{Docs: 1, Freq: 1, Pos: 2}, ErrOrder},
		"smaller term":     {"a", Info{Docs: 1, Freq: 1, Pos: 2}, ErrOrder},
		"long term":        {strings.Repeat("x", 256), Info{Docs: 1, Freq: 1, Pos: 2}, nil},
		"no documents":     {"c", Info{Pos: 2}, nil},
		"too rare":         {"c", Info{Docs: 2, Freq: 1, Pos: 2}, nil},
		"singleton's list": {"c", Info{Docs: 1, Freq: 1, Pos: 2, PostSize: 1}, nil},
		"gap":              {"c", Info{Docs: 1, Freq: 1, Pos: 3}, nil},
	} {
		b := NewBuilder(&bytes.Buffer{})
		if err := b.Add([]byte("b"), one); err != nil {
			t.Fatal(err)
		}
		if err := b.Add([]byte(c.term), c.info); err == nil || c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%s: %v", name, err)
		} else if b.Finish() == nil {
			t.Errorf("%s: forgotten by Finish", name)
		}
	}
}

func TestGetDoesNotAllocate(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	list := entries(r, 1000)
	d := open(t, build(t, list))
	term := []byte(list[500].term)
	if n := testing.AllocsPerRun(100, func() { d.Get(term) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// use reads all that a damaged dictionary still gives.
func use(d *Dict, probe []byte) {
	d.Get(probe)
	n := 0
	for it := d.Iter(); it.Next(); n++ {
		if n%7 == 0 {
			d.Get(it.Term())
		}
	}
	it := d.Prefix(probe)
	it.Seek(probe)
	it.Next()
	match(d, probe)
}

func FuzzMutated(f *testing.F) {
	for _, n := range []int{1, 40, 200} {
		f.Add(build(f, entries(rand.New(rand.NewPCG(1, 2)), n)), uint32(n), uint32(99), []byte("internat"))
	}
	f.Fuzz(func(t *testing.T, data []byte, at, with uint32, probe []byte) {
		data = bytes.Clone(data)
		if len(data) > 0 {
			data[int(at)%len(data)] ^= byte(with)
			data[int(with>>8)%len(data)] = byte(at)
		}
		d, err := Open(data, nil)
		if err != nil {
			if !errors.Is(err, ErrCorrupt) {
				t.Fatal(err)
			}
			return
		}
		use(d, probe)
		if err := d.Err(); err != nil && !errors.Is(err, ErrCorrupt) {
			t.Fatal(err)
		}
	})
}

// TestEveryByteMutated changes each byte of a dictionary in turn.
func TestEveryByteMutated(t *testing.T) {
	good := build(t, entries(rand.New(rand.NewPCG(5, 6)), 70))
	for i := range good {
		for _, x := range []byte{1, 0x80, 0xff} {
			data := bytes.Clone(good)
			data[i] ^= x
			if d, err := Open(data, nil); err == nil {
				use(d, []byte("international1"))
			}
		}
		if d, err := Open(good[:i], nil); err == nil {
			use(d, []byte("x"))
		}
	}
}

func sortEntries(list []entry) {
	slices.SortFunc(list, func(a, b entry) int { return strings.Compare(a.term, b.term) })
}
