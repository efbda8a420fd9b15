package bus

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"
)

func TestLeaseOneHolder(t *testing.T) {
	modes(t, func(t *testing.T, b *Bus, two func() *Bus) {
		ctx := within(t)
		buses := []*Bus{b, two()}
		var mu sync.Mutex
		holders, turns := 0, 0
		var wg sync.WaitGroup
		for i := range 8 {
			bus := buses[i%2]
			wg.Go(func() {
				l, err := bus.Acquire(ctx, "shard/3", itoa(i))
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				holders++
				turns++
				if holders != 1 {
					t.Errorf("%d holders", holders)
				}
				mu.Unlock()
				if !l.Held() {
					t.Error("acquired and not held")
				}
				mu.Lock()
				holders--
				mu.Unlock()
				if err := l.Release(ctx); err != nil {
					t.Error(err)
				}
				<-l.Done()
				if l.Held() {
					t.Error("released and held")
				}
			})
		}
		wg.Wait()
		if turns != 8 {
			t.Errorf("%d of 8 had their turn", turns)
		}
	})
}

func TestLeaseHeld(t *testing.T) {
	modes(t, func(t *testing.T, b *Bus, two func() *Bus) {
		ctx := within(t)
		l, err := b.Acquire(ctx, "x", "ann")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := two().TryAcquire(ctx, "x", "bob"); !errors.Is(err, ErrHeld) || err.Error() != "bus: acquire x: bus: lease is held by another: ann" {
			t.Fatalf("got %v", err)
		}
		short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
		defer cancel()
		if _, err := b.Acquire(short, "x", "bob"); !errors.Is(err, ErrHeld) || !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got %v", err)
		}
		if _, err := b.TryAcquire(ctx, "y", "bob"); err != nil {
			t.Fatalf("another name: %v", err)
		}
		if err := l.Release(ctx); err != nil {
			t.Fatal(err)
		}
		if err := l.Release(ctx); err != nil {
			t.Fatalf("second release: %v", err)
		}
	})
}

// TestLeaseSurvives holds a lease for twice its TTL, and lets a holder
// that died be followed.
func TestLeaseSurvives(t *testing.T) {
	t.Parallel()
	modes(t, func(t *testing.T, b *Bus, two func() *Bus) {
		ctx := within(t)
		l, err := b.Acquire(ctx, "x", "ann")
		if err != nil {
			t.Fatal(err)
		}
		select {
		case <-l.Done():
			t.Fatal("lost a lease that nobody wanted")
		case <-time.After(4 * time.Second): // real time, beyond the TTL: it is the broker's clock that is tested
		}
		if _, err := two().TryAcquire(ctx, "x", "bob"); !errors.Is(err, ErrHeld) {
			t.Fatalf("got %v, want ErrHeld", err)
		}
		l.stop() // dies without a word
		died := time.Now()
		next, err := two().Acquire(ctx, "x", "bob")
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("followed after %v", time.Since(died))
		if err := next.Release(ctx); err != nil {
			t.Fatal(err)
		}
	})
}

// TestLeaseBucketLost deletes the bucket: the holder must stop, and others go on.
func TestLeaseBucketLost(t *testing.T) {
	t.Parallel()
	b := open(t, Options{Dir: t.TempDir(), LeaseTTL: time.Second})
	l, err := b.Acquire(within(t), "x", "ann")
	if err != nil {
		t.Fatal(err)
	}
	if err := b.js.DeleteKeyValue(within(t), leaseBucketName); err != nil {
		t.Fatal(err)
	}
	select {
	case <-l.Done():
	case <-within(t).Done():
		t.Fatal("holds a lease that is nowhere")
	}
	if _, err := b.Acquire(within(t), "x", "bob"); err != nil {
		t.Fatal(err)
	}
}

// TestLeaseOwnOnce: of many in one process that owns its leases, one gets it.
func TestLeaseOwnOnce(t *testing.T) {
	b := open(t, Options{Dir: t.TempDir(), OwnLeases: true})
	var wg sync.WaitGroup
	got := make(chan *Lease, 8)
	for range cap(got) {
		wg.Go(func() {
			l, err := b.TryAcquire(within(t), "x", "me")
			if err == nil {
				got <- l
			} else if !errors.Is(err, ErrHeld) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if len(got) != 1 {
		t.Fatalf("%d leases of one name", len(got))
	}
}
