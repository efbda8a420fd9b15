package bus

import (
	"context"
	"errors"
	"strconv"
	"testing"
)

func BenchmarkAppend(bm *testing.B) {
	for _, n := range []int{1, 100, 500} {
		bm.Run(itoa(n), func(bm *testing.B) {
			b := open(bm, Options{Dir: bm.TempDir(), StoreBytes: 64 << 30})
			l := openLog(bm, b, "x", 32<<30)
			msgs := benchMessages(n)
			ctx := context.Background()
			for i := 0; bm.Loop(); i++ {
				if _, err := l.Append(ctx, itoa(i), msgs); err != nil {
					bm.Fatal(err)
				}
			}
			bm.ReportMetric(float64(n)*float64(bm.N)/bm.Elapsed().Seconds(), "msgs/s")
		})
	}
}

// benchMessages are 1 KB each, about as compressible as text.
func benchMessages(n int) [][]byte {
	msgs := make([][]byte, n)
	seed := uint32(1)
	for i := range msgs {
		m := make([]byte, 0, 1024)
		for len(m) < 1024 {
			seed = seed*1664525 + 1013904223
			m = strconv.AppendUint(m, uint64(seed>>12), 36)
			m = append(m, " the "...)
		}
		msgs[i] = m[:1024]
	}
	return msgs
}

func BenchmarkRead(bm *testing.B) {
	b := open(bm, Options{Dir: bm.TempDir(), StoreBytes: 64 << 30})
	l := openLog(bm, b, "x", 32<<30)
	const total = 50_000
	for i := range total / 500 {
		if _, err := l.Append(context.Background(), itoa(i), benchMessages(500)); err != nil {
			bm.Fatal(err)
		}
	}
	enough := errors.New("enough")
	for bm.Loop() {
		err := l.Read(context.Background(), 0, func(seq uint64, _ []byte) error {
			if seq == total {
				return enough
			}
			return nil
		})
		if err != enough {
			bm.Fatal(err)
		}
	}
	bm.ReportMetric(total*float64(bm.N)/bm.Elapsed().Seconds(), "msgs/s")
}
