package stored

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestCopy holds stores that were copied, with and without deletes, to the
// documents that are live.
func TestCopy(t *testing.T) {
	for seed := range uint64(12) {
		t.Run(fmt.Sprint("seed", seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 8))
			var out bytes.Buffer
			w := NewWriter(&out)
			var want [][]Value
			for range 1 + r.IntN(4) {
				docs := documents(r.Uint64(), 1+r.IntN(3000), int(seed%2))
				s, err := Open(write(t, docs), nil, nil)
				if err != nil {
					t.Fatal(err)
				}
				dead := map[uint32]bool{}
				for range r.IntN(3) * r.IntN(40) {
					dead[uint32(r.IntN(len(docs)+1))] = true
				}
				live := func(doc uint32) bool { return !dead[doc] }
				if len(dead) == 0 {
					live = nil
				}
				if err := w.Copy(s, live, func() error { return nil }); err != nil {
					t.Fatal(err)
				}
				for i, d := range docs {
					if !dead[uint32(i)] {
						want = append(want, d)
					}
				}
			}
			if err := w.Finish(); err != nil {
				t.Fatal(err)
			}
			s, err := Open(out.Bytes(), nil, nil)
			if err != nil || s.Len() != len(want) {
				t.Fatalf("%v: %d documents, want %d", err, s.Len(), len(want))
			}
			for i := range want {
				got, err := s.Get(uint32(i), nil)
				if err != nil || !slices.EqualFunc(got, want[i], func(a, b Value) bool { return a.Field == b.Field && bytes.Equal(a.Bytes, b.Bytes) }) {
					t.Fatalf("document %d differs (%v)", i, err)
				}
			}
		})
	}
}

// TestCopyStops: who copies may stop it, and what is damaged is told.
func TestCopyStops(t *testing.T) {
	data := write(t, documents(3, 4000, 0))
	s, err := Open(data, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	stop := errors.New("stop")
	blocks := 0
	err = NewWriter(&bytes.Buffer{}).Copy(s, nil, func() error {
		if blocks++; blocks == 3 {
			return stop
		}
		return nil
	})
	if err != stop || blocks != 3 {
		t.Fatalf("%v after %d blocks", err, blocks)
	}
	bad := bytes.Clone(data)
	s, err = Open(bad, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range s.first[4:12] {
		s.first[4+i] = 0xff // documents that are not there
	}
	if err := NewWriter(&bytes.Buffer{}).Copy(s, nil, func() error { return nil }); !errors.Is(err, ErrCorrupt) {
		t.Fatalf("damaged columns: %v", err)
	}
}
