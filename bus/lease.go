package bus

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// leaseBucketName is no registry's name.
const leaseBucketName = "leases"

// leaseStore is where leases are written: four moves of a bucket whose keys
// expire together, TTL after each was written. ErrConflict says that the key
// is not what was expected, ErrNotFound that it is not there; after any other
// error the outcome is unknown.
type leaseStore interface {
	create(ctx context.Context, key string, value []byte) (rev uint64, err error)
	update(ctx context.Context, key string, value []byte, rev uint64) (uint64, error)
	get(ctx context.Context, key string) (value []byte, rev uint64, err error)
	remove(ctx context.Context, key string, rev uint64) error
}

// A Lease is held from Acquire until Done is closed: by Release, by the loss
// of the broker, by Close of the bus.
//
// It is renewed every quarter of its TTL, and ends by itself at three quarters
// after the last renewal was sent, by this machine's monotonic clock. The
// broker lets another have it after a whole TTL. So two holders overlap only
// where a clock runs a third too slowly, or a process was paused between its
// look at the lease and its deed: that is for a fence to catch.
type Lease struct {
	store  leaseStore
	key    string
	value  []byte // holder, newline, nonce: what this lease alone wrote
	ttl    time.Duration
	log    *slog.Logger
	forget func(*Lease) // called when it is over
	freed  func(*Lease) // called when it was released
	cancel context.CancelFunc
	gone   chan struct{} // closed when renew has returned
	done   chan struct{} // closed when the lease is over

	// rev is renew's, and Release's once gone is closed.
	rev uint64

	mu    sync.Mutex
	until time.Time
}

// Acquire waits until the lease name is free, and takes it for holder, which
// is shown to others and need not be unique. It returns an error that is
// ErrHeld if ctx ends while another holds it. A holder that died is followed
// within a TTL and an eighth, one that released within milliseconds.
func (b *Bus) Acquire(ctx context.Context, name, holder string) (*Lease, error) {
	freed, stop, err := b.freed(name)
	if err != nil {
		return nil, err
	}
	defer stop()
	for {
		l, err := b.TryAcquire(ctx, name, holder)
		switch {
		case err == nil:
			return l, nil
		case errors.Is(err, ErrClosed), b.conn.IsClosed():
			return nil, ErrClosed
		case !errors.Is(err, ErrHeld) && !transient(err) && ctx.Err() == nil:
			return nil, err
		}
		look := time.NewTimer(b.leaseTTL / 8)
		select {
		case <-freed:
		case <-look.C:
		case <-b.done:
		case <-ctx.Done():
		}
		look.Stop()
		if ctx.Err() != nil {
			return nil, fmt.Errorf("bus: acquire %s: %w: %w", name, ctx.Err(), err)
		}
	}
}

// freed hears of released leases. It is a hint that may be missed: the wait in
// Acquire ends by itself too.
func (b *Bus) freed(name string) (freed chan *nats.Msg, stop func(), err error) {
	token, err := encode(name)
	if err != nil {
		return nil, nil, err
	}
	freed = make(chan *nats.Msg, 16)
	sub, err := b.conn.ChanSubscribe(leaseSubject+token, freed)
	if errors.Is(err, nats.ErrConnectionClosed) {
		return nil, nil, ErrClosed
	}
	if err != nil {
		return nil, nil, fmt.Errorf("bus: acquire %s: %w", name, err)
	}
	return freed, func() { sub.Unsubscribe() }, nil
}

const leaseSubject = "lease.freed."

// TryAcquire takes the lease if it is free, and returns an error that is
// ErrHeld, and names the holder, if it is not.
func (b *Bus) TryAcquire(ctx context.Context, name, holder string) (*Lease, error) {
	token, err := encode(name)
	if err != nil {
		return nil, err
	}
	k, err := b.leaseBucket(ctx)
	if err != nil {
		return nil, err
	}
	_, ttl := k.state()
	if b.resume {
		b.acquiring.Lock()
		defer b.acquiring.Unlock()
	}
	l, err := acquire(ctx, k, token, holder, b.resume && !b.holds(token), ttl, b.log)
	if err != nil {
		return nil, fmt.Errorf("bus: acquire %s: %w", name, err)
	}
	l.forget, l.freed = b.forgetLease, b.leaseFreed
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil, ErrClosed
	}
	b.leases[l] = struct{}{}
	l.run()
	return l, nil
}

// holds tells whether this process has the lease.
func (b *Bus) holds(key string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for l := range b.leases {
		if l.key == key {
			return true
		}
	}
	return false
}

// leaseBucket returns the bucket of leases, made when it is first needed.
func (b *Bus) leaseBucket(ctx context.Context) (*bucket, error) {
	b.mu.Lock()
	k := b.bucket
	b.mu.Unlock()
	if k != nil {
		return k, nil
	}
	k, err := b.openBucket(ctx, leaseBucketName, b.leaseTTL)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.bucket = k
	return k, nil
}

func (b *Bus) forgetLease(l *Lease) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.leases, l)
}

// leaseFreed tells those who wait for the lease.
func (b *Bus) leaseFreed(l *Lease) {
	if err := b.conn.Publish(leaseSubject+l.key, nil); err != nil {
		b.log.Debug("bus: lease", "key", l.key, "err", err)
	}
}

// acquire tries once to write the lease; resume says that one that stands under
// holder is this process's own, from before a crash. It does not start the
// renewal.
func acquire(ctx context.Context, store leaseStore, key, holder string, resume bool, ttl time.Duration, log *slog.Logger) (*Lease, error) {
	var nonce [8]byte
	rand.Read(nonce[:])
	l := &Lease{
		store: store, key: key, ttl: ttl, log: log, forget: func(*Lease) {}, freed: func(*Lease) {},
		value: []byte(holder + "\n" + hex.EncodeToString(nonce[:])),
		gone:  make(chan struct{}), done: make(chan struct{}),
	}
	sent := time.Now()
	rev, err := store.create(ctx, key, l.value)
	if err == nil {
		l.rev = rev
		l.extend(sent)
		return l, nil
	}
	// Whatever went wrong, the key may have been written, for an answer can
	// be lost. It is ours only after an update that the broker has agreed to.
	value, rev, gerr := store.get(ctx, key)
	if gerr != nil {
		if errors.Is(err, ErrConflict) {
			err = fmt.Errorf("%w, or was a moment ago: %w", ErrHeld, err)
		}
		return nil, err
	}
	other, _, _ := strings.Cut(string(value), "\n")
	if string(value) != string(l.value) && (!resume || other != holder) {
		return nil, fmt.Errorf("%w: %s", ErrHeld, other)
	}
	sent = time.Now()
	if l.rev, err = store.update(ctx, key, l.value, rev); err != nil {
		return nil, fmt.Errorf("%w, perhaps by this very call: %w", ErrHeld, err)
	}
	l.extend(sent)
	return l, nil
}

func (l *Lease) extend(sent time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.until = sent.Add(l.ttl / 4 * 3)
}

func (l *Lease) end() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.until
}

// run starts the renewal. stop and Release wait for its end.
func (l *Lease) run() {
	ctx, cancel := context.WithCancel(context.Background())
	l.cancel = cancel
	go func() {
		defer close(l.gone)
		defer cancel()
		if err := l.renew(ctx); err != nil {
			l.log.Warn("bus: lease lost", "key", l.key, "err", err)
		}
		close(l.done)
		l.forget(l)
	}()
}

// renew returns an error when the lease is lost, nil when ctx ends.
func (l *Lease) renew(ctx context.Context) error {
	end := l.end()
	wait := l.ttl / 4
	var last error
	for {
		if err := pause(ctx, min(wait, time.Until(end))); err != nil {
			return nil
		}
		sent := time.Now()
		if !sent.Before(end) {
			if last == nil {
				last = errors.New("this process was paused")
			}
			return fmt.Errorf("the broker did not renew it in time: %w", last)
		}
		attempt, cancel := context.WithDeadline(ctx, end)
		err := l.renewOnce(attempt)
		cancel()
		switch {
		case ctx.Err() != nil:
			return nil
		case err == nil:
			l.extend(sent)
			end, wait, last = l.end(), l.ttl/4, nil
		case errors.Is(err, ErrHeld), errors.Is(err, ErrNotFound):
			return err
		default:
			last, wait = err, l.ttl/32
		}
	}
}

// renewOnce writes the lease anew. When the broker says that the key has
// changed, it may be by an earlier renewal whose answer was lost; a plain get
// may be stale, so it only tells which revision to try.
func (l *Lease) renewOnce(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, l.ttl/4)
	defer cancel()
	rev, err := l.store.update(ctx, l.key, l.value, l.rev)
	if !errors.Is(err, ErrConflict) {
		if err == nil {
			l.rev = rev
		}
		return err
	}
	value, rev, err := l.store.get(ctx, l.key)
	if err != nil {
		return err
	}
	if string(value) != string(l.value) {
		other, _, _ := strings.Cut(string(value), "\n")
		return fmt.Errorf("%w: %s", ErrHeld, other)
	}
	if rev, err = l.store.update(ctx, l.key, l.value, rev); err == nil {
		l.rev = rev
	}
	return err
}

// Done is closed when the lease is over. Its holder stops at once.
func (l *Lease) Done() <-chan struct{} { return l.done }

// Held reports whether the lease is held at this moment. Unlike Done it does
// not wait for a timer, so a process that was paused asks it when it wakes.
func (l *Lease) Held() bool {
	select {
	case <-l.done:
		return false
	default:
		return time.Now().Before(l.end())
	}
}

// Release gives the lease up, at the end of the work that it was for. If the
// broker cannot be told, the error says so, and the lease ends by its TTL.
func (l *Lease) Release(ctx context.Context) error {
	held := l.Held()
	l.stop()
	if !held {
		return nil
	}
	if err := l.store.remove(ctx, l.key, l.rev); err != nil && !errors.Is(err, ErrConflict) && !errors.Is(err, ErrNotFound) {
		return fmt.Errorf("bus: release lease %s: %w", l.key, err)
	}
	l.freed(l)
	return nil
}

// stop ends the renewal, and the lease with it.
func (l *Lease) stop() {
	l.cancel()
	<-l.gone
}
