package bus

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

var quick = queueTimes{ackWait: 300 * time.Millisecond, backoff: []time.Duration{time.Millisecond}}

func openQueue(t testing.TB, b *Bus, name string) *Queue {
	t.Helper()
	q, err := b.queue(within(t), name, quick)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func push(t testing.TB, q *Queue, id, text string) {
	t.Helper()
	if err := q.Push(within(t), id, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

// work does jobs in the background: every text that comes, after fn.
func work(t testing.TB, q *Queue, fn func(ctx context.Context, text string) error) heardLines {
	ctx, cancel := context.WithCancel(context.Background())
	lines, done := make(heardLines, 1000), make(chan struct{})
	go func() {
		defer close(done)
		err := q.Work(ctx, func(ctx context.Context, data []byte) error {
			lines <- string(data)
			return fn(ctx, string(data))
		})
		if !errors.Is(err, context.Canceled) && !errors.Is(err, ErrClosed) {
			t.Errorf("Work ended with %v", err)
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
	return lines
}

func wantEmpty(t testing.TB, q *Queue) {
	t.Helper()
	for {
		n, err := q.Waiting(within(t))
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return
		}
		if err := pause(within(t), 5*time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
}

func TestQueue(t *testing.T) {
	modes(t, func(t *testing.T, b *Bus, two func() *Bus) {
		q := openQueue(t, b, "render.pdf")
		const jobs = 200
		for i := range jobs {
			push(t, q, itoa(i), itoa(i))
			push(t, q, itoa(i), "again") // known
		}
		var mu sync.Mutex
		got := map[string]int{}
		done := make(chan bool, 2*jobs)
		fn := func(_ context.Context, text string) error {
			mu.Lock()
			defer mu.Unlock()
			got[text]++
			done <- true
			return nil
		}
		for _, bus := range []*Bus{b, b, two()} {
			work(t, openQueue(t, bus, "render.pdf"), fn)
		}
		for range jobs {
			select {
			case <-done:
			case <-within(t).Done():
				t.Fatal("jobs are not done")
			}
		}
		wantEmpty(t, q)
		mu.Lock()
		defer mu.Unlock()
		for i := range jobs {
			if got[itoa(i)] != 1 {
				t.Errorf("job %d was done %d times", i, got[itoa(i)])
			}
		}
		if len(got) != jobs {
			t.Errorf("%d different jobs", len(got))
		}
	})
}

func TestQueueRetryAndDead(t *testing.T) {
	modes(t, func(t *testing.T, b *Bus, _ func() *Bus) {
		q := openQueue(t, b, "x")
		push(t, q, "bad", "poison")
		tries := 0
		heard := work(t, q, func(_ context.Context, text string) error {
			if text == "poison" {
				tries++
				return fmt.Errorf("try\n%d", tries)
			}
			return nil
		})
		for range MaxDeliver {
			heard.want(t, "poison")
		}
		push(t, q, "good", "food")
		heard.want(t, "food")
		wantEmpty(t, q)
		dead, err := q.Dead(within(t))
		if err != nil || len(dead) != 1 {
			t.Fatalf("dead letters %v, %v", dead, err)
		}
		d := dead[0]
		if d.ID != "bad" || string(d.Data) != "poison" || d.Reason != "try 5" || time.Since(d.Time) > time.Minute {
			t.Fatalf("dead letter %+v", d)
		}
	})
}

// TestQueueWorkerDies takes a job and never answers, as a killed worker does;
// the job comes again, and is a dead letter when it has killed five.
func TestQueueWorkerDies(t *testing.T) {
	b := open(t, Options{Dir: t.TempDir()})
	q := openQueue(t, b, "x")
	push(t, q, "", "a")
	cons, err := b.js.Consumer(within(t), q.stream, queueConsumer)
	if err != nil {
		t.Fatal(err)
	}
	for i := range MaxDeliver {
		m, err := cons.Next(jetstream.FetchMaxWait(patience / 2))
		if err != nil {
			t.Fatalf("delivery %d: %v", i+1, err)
		}
		if i < MaxDeliver-1 {
			m.Nak() // as AckWait would
		}
	}
	heard := work(t, q, func(context.Context, string) error { return nil })
	push(t, q, "", "b")
	heard.want(t, "b")
	wantEmpty(t, q)
	dead, err := q.Dead(within(t))
	if err != nil || len(dead) != 1 || string(dead[0].Data) != "a" || dead[0].ID != "" {
		t.Fatalf("dead letters %v, %v", dead, err)
	}
}

// TestQueueLongJob works for thrice AckWait: nobody else may get the job.
func TestQueueLongJob(t *testing.T) {
	b := open(t, Options{Dir: t.TempDir()})
	q := openQueue(t, b, "x")
	push(t, q, "", "long")
	fn := func(ctx context.Context, text string) error { return pause(ctx, 3*quick.ackWait) }
	one, other := work(t, q, fn), work(t, q, fn)
	wantEmpty(t, q)
	if n := len(one) + len(other); n != 1 {
		t.Fatalf("the job was done %d times", n)
	}
}

func TestQueueStopGivesBack(t *testing.T) {
	b := open(t, Options{Dir: t.TempDir()})
	q := openQueue(t, b, "x")
	push(t, q, "", "a")
	ctx, cancel := context.WithCancel(within(t))
	err := q.Work(ctx, func(ctx context.Context, _ []byte) error {
		cancel()
		return ctx.Err()
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("Work ended with %v", err)
	}
	work(t, q, func(context.Context, string) error { return nil }).want(t, "a")
}

func TestQueueFull(t *testing.T) {
	b := open(t, Options{Dir: t.TempDir()})
	q := openQueue(t, b, "x")
	s, err := b.js.Stream(within(t), q.stream)
	if err != nil {
		t.Fatal(err)
	}
	cfg := s.CachedInfo().Config
	cfg.MaxBytes = 100_000
	if _, err := b.js.UpdateStream(within(t), cfg); err != nil {
		t.Fatal(err)
	}
	data := bytes.Repeat([]byte("x"), 60_000)
	if err := q.Push(within(t), "a", data); err != nil {
		t.Fatal(err)
	}
	if err := q.Push(within(t), "b", data); !errors.Is(err, ErrFull) {
		t.Fatalf("got %v, want ErrFull", err)
	}
	if err := q.Push(within(t), "c", make([]byte, MaxMessageBytes+1)); err == nil {
		t.Fatal("pushed too much")
	}
}
