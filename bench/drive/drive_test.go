package drive

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

// TestSplit wants every line once, however many parts there are.
func TestSplit(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 1))
	name := filepath.Join(t.TempDir(), "corpus.tsv")
	for range 50 {
		var want []string
		var b strings.Builder
		for i := range r.IntN(20) {
			line := fmt.Sprintf("%d\t%s", i, strings.Repeat("x", r.IntN(30)))
			want = append(want, line)
			b.WriteString(line)
			b.WriteByte('\n')
		}
		if err := os.WriteFile(name, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		n := 1 + r.IntN(8)
		var count atomic.Int64
		parts, err := Split(name, n, &count)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range parts {
			if err := p(func(id, text string) error { got = append(got, id+"\t"+text); return nil }); err != nil {
				t.Fatal(err)
			}
		}
		if !slices.Equal(got, want) || count.Load() != int64(len(want)) {
			t.Fatalf("seed %d: %d parts have %d lines, counted %d, want %d", seed, n, len(got), count.Load(), len(want))
		}
	}
}

// fake finds as many documents as a query has words.
type fake struct{}

func (fake) Index([]Docs, string, bool, func()) error { return nil }
func (fake) Open(dir string) error {
	if dir != "here" {
		return errors.New("not here")
	}
	return nil
}
func (fake) Adders(string) (map[string]func(id, text string) error, error) { return nil, nil }
func (fake) Search(q Query, k int, count bool) (Found, error) {
	return Found{Count: uint64(len(q.Words)), Hits: func() (hits []Hit, err error) {
		for i, w := range q.Words[:min(k, len(q.Words))] {
			hits = append(hits, Hit{w, float64(len(q.Words) - i)})
		}
		return hits, nil
	}}, nil
}

func TestServe(t *testing.T) {
	in := "open\there\nbatch\tTOP_10_COUNT\t2\nOR\tred wine\nTERM\twine\nbatch\tCOUNT\t1\nAND\ta b c\nqps\t2\t0.01\t1\nTERM\ta\n"
	var out bytes.Buffer
	w := bufio.NewWriter(&out)
	if err := serve(fake{}, strings.NewReader(in), w); err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(out.String()) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		switch f[0] {
		case "opened", "qps":
			got = append(got, f[0])
		default: // its time comes first
			got = append(got, strings.Join(f[1:], " "))
		}
	}
	if want := []string{"opened", "2 red:2,wine:1", "1 wine:1", "3 ", "qps"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	for _, bad := range []string{"open\tthere\n", "dance\n", "batch\tTOP_5\t1\nOR\ta\n", "batch\tCOUNT\t2\nOR\ta\n", "batch\tCOUNT\t0\n"} {
		if err := serve(fake{}, strings.NewReader(bad), bufio.NewWriter(new(bytes.Buffer))); err == nil {
			t.Errorf("%q is answered", bad)
		}
	}
}
