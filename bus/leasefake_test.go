package bus

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// fakeStore is a broker in fake time, with faults on demand.
type fakeStore struct {
	ttl time.Duration

	mu    sync.Mutex
	keys  map[string]fakeKey
	rev   uint64
	down  bool          // requests are not heard
	mute  bool          // requests are done, and their answers lost
	delay time.Duration // before a request is heard
}

type fakeKey struct {
	value []byte
	rev   uint64
	at    time.Time
}

var errFake = errors.New("no answer")

func (s *fakeStore) call(ctx context.Context, do func() error) error {
	s.mu.Lock()
	delay := s.delay
	s.mu.Unlock()
	if delay > 0 {
		if err := pause(ctx, delay); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		return errFake
	}
	for k, v := range s.keys {
		if time.Since(v.at) >= s.ttl {
			delete(s.keys, k)
		}
	}
	err := do()
	if s.mute {
		return errFake
	}
	return err
}

func (s *fakeStore) write(ctx context.Context, key string, value []byte, want uint64) (rev uint64, err error) {
	err = s.call(ctx, func() error {
		if s.keys[key].rev != want {
			return ErrConflict
		}
		s.rev++
		rev = s.rev
		s.keys[key] = fakeKey{value, rev, time.Now()}
		return nil
	})
	return rev, err
}

func (s *fakeStore) create(ctx context.Context, key string, value []byte) (uint64, error) {
	return s.write(ctx, key, value, 0)
}

func (s *fakeStore) update(ctx context.Context, key string, value []byte, rev uint64) (uint64, error) {
	return s.write(ctx, key, value, rev)
}

func (s *fakeStore) get(ctx context.Context, key string) (value []byte, rev uint64, err error) {
	err = s.call(ctx, func() error {
		k, ok := s.keys[key]
		if !ok {
			return ErrNotFound
		}
		value, rev = k.value, k.rev
		return nil
	})
	return value, rev, err
}

func (s *fakeStore) remove(ctx context.Context, key string, rev uint64) error {
	return s.call(ctx, func() error {
		if s.keys[key].rev != rev {
			return ErrConflict
		}
		delete(s.keys, key)
		return nil
	})
}

func (s *fakeStore) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

// fakeTime runs a test with a broker of TTL 16 s and one holder of its lease.
func fakeTime(t *testing.T, test func(t *testing.T, s *fakeStore, l *Lease)) {
	synctest.Test(t, func(t *testing.T) {
		s := &fakeStore{ttl: 16 * time.Second, keys: map[string]fakeKey{}}
		l, err := fakeAcquire(t, s, "ann")
		if err != nil {
			t.Fatal(err)
		}
		l.run()
		defer l.stop()
		test(t, s, l)
	})
}

func fakeAcquire(t *testing.T, s *fakeStore, holder string) (*Lease, error) {
	return acquire(t.Context(), s, "x", holder, false, s.ttl, slog.New(slog.DiscardHandler))
}

// wantFollowed lets another try all the time until it has the lease, and
// checks that the first had stopped by then.
func wantFollowed(t *testing.T, s *fakeStore, l *Lease) {
	t.Helper()
	for {
		next, err := fakeAcquire(t, s, "bob")
		if err == nil {
			if l.Held() {
				t.Fatal("two holders")
			}
			_ = next
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func TestLeaseFakeRenews(t *testing.T) {
	fakeTime(t, func(t *testing.T, s *fakeStore, l *Lease) {
		time.Sleep(10 * time.Minute)
		if !l.Held() {
			t.Fatal("not held")
		}
		if want := uint64(1 + 10*60/4); s.rev < want-1 || s.rev > want+1 {
			t.Fatalf("%d writes in 10 min, want one each 4 s", s.rev)
		}
		if _, err := fakeAcquire(t, s, "bob"); !errors.Is(err, ErrHeld) {
			t.Fatalf("got %v", err)
		}
		if err := l.Release(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := fakeAcquire(t, s, "bob"); err != nil {
			t.Fatalf("after release: %v", err)
		}
	})
}

func TestLeaseFakeCutOff(t *testing.T) {
	fakeTime(t, func(t *testing.T, s *fakeStore, l *Lease) {
		time.Sleep(time.Minute)
		s.set(func() { s.down = true })
		cut := time.Now()
		<-l.Done()
		if d := time.Since(cut); d < 8*time.Second || d > 12*time.Second {
			t.Fatalf("stopped after %v, want 8 to 12 s: three quarters of 16 since the last renewal", d)
		}
		s.set(func() { s.down = false })
		wantFollowed(t, s, l)
	})
}

// TestLeaseFakeBlips: outages shorter than half a TTL cost nothing.
func TestLeaseFakeBlips(t *testing.T) {
	fakeTime(t, func(t *testing.T, s *fakeStore, l *Lease) {
		for range 20 {
			s.set(func() { s.down = true })
			time.Sleep(7 * time.Second)
			s.set(func() { s.down = false })
			time.Sleep(3 * time.Second)
			if !l.Held() {
				t.Fatal("lost by a blip")
			}
		}
	})
}

// TestLeaseFakeMute: renewals that are written and not answered change the
// revision; the holder must find its way back.
func TestLeaseFakeMute(t *testing.T) {
	fakeTime(t, func(t *testing.T, s *fakeStore, l *Lease) {
		for range 20 {
			s.set(func() { s.mute = true })
			time.Sleep(5 * time.Second)
			s.set(func() { s.mute = false })
			time.Sleep(5 * time.Second)
			if !l.Held() {
				t.Fatal("lost by unheard answers")
			}
		}
	})
}

func TestLeaseFakeMuteCreate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &fakeStore{ttl: 16 * time.Second, keys: map[string]fakeKey{}}
		s.mute = true
		if _, err := fakeAcquire(t, s, "ann"); !errors.Is(err, errFake) {
			t.Fatalf("acquired without an answer: %v", err)
		}
	})
}

func TestLeaseFakeSlow(t *testing.T) {
	fakeTime(t, func(t *testing.T, s *fakeStore, l *Lease) {
		s.set(func() { s.delay = 3 * time.Second })
		time.Sleep(5 * time.Minute)
		if !l.Held() {
			t.Fatal("lost by slowness")
		}
		s.set(func() { s.delay = 5 * time.Second }) // longer than an attempt
		<-l.Done()
		s.set(func() { s.delay = 0 })
		wantFollowed(t, s, l)
	})
}

func TestLeaseFakeTaken(t *testing.T) {
	fakeTime(t, func(t *testing.T, s *fakeStore, l *Lease) {
		// The bucket was lost and made anew, and another was quicker.
		s.set(func() { s.keys = map[string]fakeKey{"x": {[]byte("bob\nother"), 7, time.Now()}} })
		taken := time.Now()
		<-l.Done()
		if d := time.Since(taken); d > 4*time.Second {
			t.Fatalf("noticed after %v, want at the next renewal", d)
		}
	})
}

// TestLeaseFakePaused: who slept knows it at once, before any timer.
func TestLeaseFakePaused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &fakeStore{ttl: 16 * time.Second, keys: map[string]fakeKey{}}
		l, err := fakeAcquire(t, s, "ann")
		if err != nil {
			t.Fatal(err)
		}
		if !l.Held() { // its renewal does not run: the process is paused
			t.Fatal("not held")
		}
		time.Sleep(13 * time.Second)
		if l.Held() {
			t.Fatal("held after three quarters of its TTL")
		}
		l.run()
		<-l.Done()
		if s.rev != 1 {
			t.Fatal("renewed a lease that was over")
		}
	})
}

// TestLeaseOwn checks that a process that comes back after a crash has its
// lease at once, that others wait, and that the one it had is over.
func TestLeaseOwn(t *testing.T) {
	fakeTime(t, func(t *testing.T, s *fakeStore, dead *Lease) {
		again := func(holder string) error {
			_, err := acquire(t.Context(), s, "x", holder, true, s.ttl, slog.New(slog.DiscardHandler))
			return err
		}
		if err := again("bob"); !errors.Is(err, ErrHeld) {
			t.Fatalf("another took a lease that is held: %v", err)
		}
		if err := again("ann"); err != nil {
			t.Fatalf("not taken over: %v", err)
		}
		<-dead.Done()
	})
}
