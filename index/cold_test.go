//go:build linux

package index

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/trawlsearch/trawl/index/internal/segfile"
	"github.com/trawlsearch/trawl/internal/durable"
)

// BenchmarkCold reads random places of a file that is not in memory from eight
// goroutines, through gates and by faults, and tells how late others are meanwhile:
// gates are for them.
func BenchmarkCold(b *testing.B) {
	const size = 512 << 20
	path := filepath.Join(b.TempDir(), "seg")
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	w := segfile.NewWriter(f, segfile.Header{Kind: segfile.Segment})
	w.Section("post", 0)
	block := make([]byte, 1<<20)
	r := rand.NewChaCha8([32]byte{1})
	for range size >> 20 {
		r.Read(block)
		w.Write(block)
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	f.Sync()
	for _, how := range []string{"gates", "faults"} {
		b.Run(how, func(b *testing.B) {
			var late []time.Duration
			reads := 0
			for b.Loop() {
				unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED)
				n, l := coldReads(b, path, how == "gates")
				reads += n
				late = append(late, l...)
			}
			slices.Sort(late)
			b.ReportMetric(float64(late[len(late)/2].Microseconds()), "late-p50-µs")
			b.ReportMetric(float64(late[len(late)*99/100].Microseconds()), "late-p99-µs")
			b.ReportMetric(float64(reads)/b.Elapsed().Seconds(), "reads/s")
		})
	}
}

// coldReads reads 800 places, and returns how much too late a goroutine woke that
// sleeps 200 µs at a time.
func coldReads(b *testing.B, path string, gated bool) (reads int, late []time.Duration) {
	m, err := durable.Map(path)
	if err != nil {
		b.Fatal(err)
	}
	defer m.Close()
	file, err := segfile.Open(m.Bytes(), segfile.Segment, segfile.Options{Pager: m})
	if err != nil {
		b.Fatal(err)
	}
	data, _ := file.Section("post", 0)
	g := file.Gate("post", 0)
	var stop atomic.Bool
	var readers, watch sync.WaitGroup
	watch.Go(func() {
		for !stop.Load() {
			start := time.Now()
			time.Sleep(200 * time.Microsecond)
			late = append(late, time.Since(start)-200*time.Microsecond)
		}
	})
	var sum atomic.Int64
	for i := range 8 {
		readers.Go(func() {
			r := rand.New(rand.NewPCG(uint64(i), 1))
			for range 100 {
				at := r.IntN(len(data) - 512)
				if gated {
					if err := g.Need(uint64(at), 512); err != nil {
						b.Error(err)
					}
				}
				for _, v := range data[at : at+512] {
					sum.Add(int64(v))
				}
			}
		})
	}
	readers.Wait()
	stop.Store(true)
	watch.Wait()
	return 800, late
}
