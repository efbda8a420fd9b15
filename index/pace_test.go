package index

import (
	"bytes"
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// TestPacedWriter: it takes its time, unless there is a hurry, and ends with its context.
func TestPacedWriter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hurry := false
		ctx, cancel := context.WithCancel(t.Context())
		var out bytes.Buffer
		start := time.Now()
		p := &pacedWriter{w: &out, ctx: ctx, rate: 1 << 20, since: start, hurry: func() bool { return hurry }}
		for range 64 {
			if n, err := p.Write(make([]byte, 64<<10)); n != 64<<10 || err != nil {
				t.Fatal(n, err)
			}
		}
		if took := time.Since(start); took < 3900*time.Millisecond || took > 4*time.Second {
			t.Errorf("4 MiB at 1 MiB/s took %v", took)
		}
		hurry = true
		p.Write(make([]byte, 8<<20))
		if took := time.Since(start); took > 4*time.Second {
			t.Errorf("in a hurry it took %v", took)
		}
		hurry = false
		cancel()
		if _, err := p.Write([]byte{1}); err == nil || out.Len() != 12<<20+1 {
			t.Errorf("behind the end of its context: %v, %d bytes", err, out.Len())
		}
	})
}

// TestPacedMerges: merges that are held back come to the same index.
func TestPacedMerges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		st := newMemory()
		w, err := OpenWriter(ctx, st, testSchema, WriterOptions{MergeBytesPerSecond: 10_000, Grace: -1})
		must(t, err)
		defer w.Close()
		want := oracle{}
		for i := range 30 {
			d := &Document{Key: testKey(i), Values: []Value{{Field: 0, Text: "some words"}}}
			must(t, w.Put(ctx, d))
			want[d.Key] = d
			must(t, w.Commit(ctx, uint64(i)))
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if s := w.Stats(); s.Merges == 0 || s.Segments > tierSegments {
			t.Errorf("%+v", s)
		}
		checkVisible(t, w, want)
	})
}
