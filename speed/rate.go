package speed

import (
	"context"
	"errors"
	"math/bits"
	"math/rand/v2"
	"sync"
	"syscall"
	"time"
)

// A Rate is how many answers a second so many threads get.
type Rate struct {
	Threads   int     `json:"threads"`
	Answers   int     `json:"answers"`
	Seconds   float64 `json:"seconds"`
	PerSecond float64 `json:"per_second"`
	P50       float64 `json:"p50_us"` // found and shown
	P99       float64 `json:"p99_us"`
	CPU       float64 `json:"cpu_us"` // of an answer: of this process, which of a server is the client
}

// rate lets n goroutines ask for a while. Each goes round all queries in an order
// of its own, and asks once however late it starts; when the time is over, what is
// asked is answered, and counts.
func rate(ctx context.Context, ask Ask, queries []Query, opt Options, n int) (Rate, error) {
	own, stop := context.WithCancel(ctx)
	defer stop()
	counts, errs := make([]histogram, n), make([]error, n)
	var wg sync.WaitGroup
	start, cpu := time.Now(), processor()
	for i := range n {
		wg.Go(func() {
			order := rand.New(rand.NewPCG(opt.Seed, uint64(i))).Perm(len(queries))
			for at := 0; (at == 0 || time.Since(start) < opt.Duration) && own.Err() == nil; at++ {
				q := queries[order[at%len(order)]].Text
				begun := time.Now()
				if _, err := ask(own, q, 0, opt.Limit); err != nil {
					errs[i] = failed(own, q, err)
					stop()
					return
				}
				counts[i].add(time.Since(begun))
			}
		})
	}
	wg.Wait()
	took, used := time.Since(start), processor()-cpu
	for _, h := range counts[1:] {
		counts[0].merge(&h)
	}
	r := Rate{Threads: n, Answers: counts[0].n, Seconds: took.Seconds()}
	if r.Answers > 0 {
		r.PerSecond = float64(r.Answers) / r.Seconds
		r.P50, r.P99, r.CPU = counts[0].at(.5), counts[0].at(.99), micros(used)/float64(r.Answers)
	}
	return r, firstCause(ctx, errs)
}

// firstCause is the error that stopped the others, not that they were stopped.
func firstCause(ctx context.Context, errs []error) error {
	for _, err := range errs {
		if err != nil && !errors.Is(err, context.Canceled) {
			return err
		}
	}
	return ctx.Err()
}

// processor is the processor time of this process, the system's for it too.
func processor() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// bucketBits makes 32 buckets of each doubling.
const bucketBits = 5

// A histogram counts durations in buckets: below 64 ns each its own, from there
// on 1/32 of their lower end wide.
type histogram struct {
	n       int
	buckets [64 << bucketBits]int
}

func (h *histogram) add(d time.Duration) {
	h.n++
	h.buckets[bucket(uint64(max(d, 0)))]++
}

func bucket(ns uint64) int {
	shift := max(bits.Len64(ns)-bucketBits-1, 0)
	return shift<<bucketBits + int(ns>>shift)
}

// least is the least duration of a bucket.
func least(bucket int) uint64 {
	if bucket < 2<<bucketBits {
		return uint64(bucket)
	}
	shift := bucket>>bucketBits - 1
	return uint64(bucket-shift<<bucketBits) << shift
}

func (h *histogram) merge(o *histogram) {
	h.n += o.n
	for i, n := range o.buckets {
		h.buckets[i] += n
	}
}

// at is the lower end of the bucket with a percentile, in microseconds.
func (h *histogram) at(p float64) float64 {
	place := min(h.n-1, int(p*float64(h.n)))
	for i, n := range h.buckets {
		if place -= n; place < 0 {
			return float64(least(i)) / 1000
		}
	}
	return 0
}
