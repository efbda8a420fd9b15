package bus

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// bucketBytes bounds a bucket. Heartbeats are short, and so are leases.
const bucketBytes = 16 << 20

// A bucket is a JetStream key-value bucket with one value a key. It is made
// again when the broker has lost it: what it holds is renewed by its owners.
//
// Expiry is the bucket's, for all keys alike. A key's own TTL would be lost at
// its first Update, which made leases that never expired (measured).
type bucket struct {
	b    *Bus
	name string
	age  time.Duration // the TTL to make it with

	mu  sync.Mutex
	kv  jetstream.KeyValue
	ttl time.Duration // as the broker has it, from the process that made the bucket
}

func (b *Bus) openBucket(ctx context.Context, name string, ttl time.Duration) (*bucket, error) {
	if token, err := encode(name); err != nil || token != name {
		return nil, fmt.Errorf("bus: bucket %q: letters, digits, _ and - make its name", name)
	}
	k := &bucket{b: b, name: name, age: ttl}
	if err := k.ensure(ctx); err != nil {
		return nil, fmt.Errorf("bus: bucket %s: %w", name, err)
	}
	return k, nil
}

// ensure makes the bucket if there is none. Its revisions begin at the time of
// day in microseconds: in a bucket that was lost and made anew, no revision of
// the old one may come again, or a holder of an old lease would renew over the
// new holder's.
func (k *bucket) ensure(ctx context.Context) error {
	window := 2 * time.Minute // the broker's default; it must not exceed the age
	if k.age > 0 {
		window = min(window, k.age)
	}
	err := k.b.ensureStream(ctx, jetstream.StreamConfig{
		Name:              "KV_" + k.name,
		Subjects:          []string{"$KV." + k.name + ".>"},
		MaxMsgsPerSubject: 1,
		MaxAge:            k.age,
		MaxMsgs:           -1,
		MaxConsumers:      -1,
		MaxMsgSize:        -1,
		Discard:           jetstream.DiscardNew,
		Storage:           jetstream.FileStorage,
		Replicas:          k.b.replicas,
		Duplicates:        window,
		AllowRollup:       true,
		DenyDelete:        true,
		AllowDirect:       true,
		FirstSeq:          uint64(time.Now().UnixMicro()),
	}, bucketBytes)
	if err != nil {
		return err
	}
	return k.b.retry(ctx, createPatience, func(ctx context.Context) error {
		kv, err := k.b.js.KeyValue(ctx, k.name)
		if err != nil {
			return err
		}
		status, err := kv.Status(ctx)
		if err != nil {
			return err
		}
		k.mu.Lock()
		defer k.mu.Unlock()
		k.kv, k.ttl = kv, status.TTL()
		return nil
	})
}

func (k *bucket) state() (jetstream.KeyValue, time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.kv, k.ttl
}

// do calls fn, twice if the bucket was not there.
func (k *bucket) do(ctx context.Context, fn func(kv jetstream.KeyValue) error) error {
	kv, _ := k.state()
	err := fn(kv)
	for _, gone := range []error{jetstream.ErrNoStreamResponse, jetstream.ErrStreamNotFound, nats.ErrNoResponders} {
		if !errors.Is(err, gone) {
			continue
		}
		if k.ensure(ctx) != nil {
			return err
		}
		kv, _ = k.state()
		return fn(kv)
	}
	return err
}

// casError makes a broker's refusal of a compare-and-swap ErrConflict, and of
// an absent key ErrNotFound. In a cluster a refusal has a code of its own.
func casError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, jetstream.ErrKeyNotFound), errors.Is(err, jetstream.ErrKeyDeleted):
		return fmt.Errorf("%w: %w", ErrNotFound, err)
	case errors.Is(err, jetstream.ErrKeyExists), errors.Is(err, jetstream.ErrKeyRevisionMismatch):
		return fmt.Errorf("%w: %w", ErrConflict, err)
	}
	if e := apiError(err); e != nil && (e.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence ||
		e.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant) {
		return fmt.Errorf("%w: %w", ErrConflict, err)
	}
	return err
}

// The four moves of a lease, over the key's encoded name.

func (k *bucket) create(ctx context.Context, key string, value []byte) (rev uint64, err error) {
	err = k.do(ctx, func(kv jetstream.KeyValue) (err error) {
		rev, err = kv.Create(ctx, key, value)
		return err
	})
	return rev, casError(err)
}

func (k *bucket) update(ctx context.Context, key string, value []byte, rev uint64) (uint64, error) {
	err := k.do(ctx, func(kv jetstream.KeyValue) (err error) {
		rev, err = kv.Update(ctx, key, value, rev)
		return err
	})
	return rev, casError(err)
}

func (k *bucket) get(ctx context.Context, key string) (value []byte, rev uint64, err error) {
	err = k.do(ctx, func(kv jetstream.KeyValue) error {
		e, err := kv.Get(ctx, key)
		if err == nil {
			value, rev = e.Value(), e.Revision()
		}
		return err
	})
	return value, rev, casError(err)
}

func (k *bucket) remove(ctx context.Context, key string, rev uint64) error {
	return casError(k.do(ctx, func(kv jetstream.KeyValue) error {
		return kv.Delete(ctx, key, jetstream.LastRevision(rev))
	}))
}
