package bus

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// An Entry is a key of a registry, its value, and the revision at which it was
// written: a number that grows with every write to any key.
type Entry struct {
	Key   string
	Value []byte
	Rev   uint64
}

// A Registry is a small map that all processes share: who is there, who serves
// what. Keys are any strings of up to 200 bytes. It holds 16 MB in all.
//
// What Get, List and Watch say may be old, for seconds when the broker was cut
// in two. Decide by Create and Update, which are compare-and-swap.
type Registry struct {
	k *bucket
}

// Registry opens a registry, and makes it if there is none. With ttl > 0 (from
// 1 s on) each key goes when it has not been written for so long, so its owner
// writes it thrice as often; the bucket keeps the ttl that it was made with.
func (b *Bus) Registry(ctx context.Context, name string, ttl time.Duration) (*Registry, error) {
	if ttl != 0 && ttl < time.Second {
		return nil, fmt.Errorf("bus: registry %s: a ttl of %v is too short: from 1 s on", name, ttl)
	}
	k, err := b.openBucket(ctx, name, ttl)
	if err != nil {
		return nil, err
	}
	return &Registry{k}, nil
}

// Create writes a key that is not there; if it is, the error is ErrConflict.
// After any other error the outcome is unknown.
func (r *Registry) Create(ctx context.Context, key string, value []byte) (rev uint64, err error) {
	return r.write(ctx, "create", key, func(token string) (uint64, error) { return r.k.create(ctx, token, value) })
}

// Update writes a key whose revision is rev; if it is not, or the key is gone,
// the error is ErrConflict. After any other error the outcome is unknown.
func (r *Registry) Update(ctx context.Context, key string, value []byte, rev uint64) (uint64, error) {
	return r.write(ctx, "update", key, func(token string) (uint64, error) { return r.k.update(ctx, token, value, rev) })
}

// Put writes a key, whatever it was.
func (r *Registry) Put(ctx context.Context, key string, value []byte) (rev uint64, err error) {
	return r.write(ctx, "put", key, func(token string) (uint64, error) {
		err := r.k.b.retry(ctx, appendPatience, func(ctx context.Context) error {
			return r.k.do(ctx, func(kv jetstream.KeyValue) (err error) {
				rev, err = kv.Put(ctx, token, value)
				return err
			})
		})
		return rev, err
	})
}

func (r *Registry) write(ctx context.Context, verb, key string, do func(token string) (uint64, error)) (uint64, error) {
	token, err := encode(key)
	if err == nil {
		var rev uint64
		if rev, err = do(token); err == nil {
			return rev, nil
		}
	}
	return 0, fmt.Errorf("bus: %s %s/%s: %w", verb, r.k.name, key, err)
}

// Delete removes a key. That it was not there is no error.
func (r *Registry) Delete(ctx context.Context, key string) error {
	_, err := r.write(ctx, "delete", key, func(token string) (uint64, error) {
		return 0, r.k.b.retry(ctx, appendPatience, func(ctx context.Context) error {
			return r.k.do(ctx, func(kv jetstream.KeyValue) error { return kv.Delete(ctx, token) })
		})
	})
	return err
}

// Get returns a key's value and revision, or an error that is ErrNotFound.
func (r *Registry) Get(ctx context.Context, key string) (value []byte, rev uint64, err error) {
	_, err = r.write(ctx, "get", key, func(token string) (uint64, error) {
		return 0, r.k.b.retry(ctx, appendPatience, func(ctx context.Context) (err error) {
			value, rev, err = r.k.get(ctx, token)
			return err
		})
	})
	return value, rev, err
}

// errListed ends the follower of List.
var errListed = errors.New("bus: listed")

// List returns all keys, sorted.
func (r *Registry) List(ctx context.Context) ([]Entry, error) {
	ctx, cancel := context.WithTimeout(ctx, appendPatience)
	defer cancel()
	var all map[string]Entry
	f := r.follow(func(now map[string]Entry) error {
		all = now
		return errListed
	}, nil)
	f.idle = nil
	if err := f.run(ctx); !errors.Is(err, errListed) {
		return nil, fmt.Errorf("bus: list %s: %w", r.k.name, err)
	}
	list := make([]Entry, 0, len(all))
	for _, e := range all {
		list = append(list, e)
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Key < list[j].Key })
	return list, nil
}

// Watch calls fn with every key as it is, and then with every key that changes;
// value nil says that it is gone (a value that is written is never nil). It
// returns when ctx ends, with its error.
//
// Changes between two looks may come as one. A key that expires is missed
// within a third of the registry's ttl. While the broker is out of reach fn is
// not called: the last list is better than none; afterwards it is told what
// changed meanwhile.
func (r *Registry) Watch(ctx context.Context, fn func(key string, value []byte, rev uint64)) error {
	known := map[string]uint64{}
	tell := func(e Entry) {
		if known[e.Key] != e.Rev {
			known[e.Key] = e.Rev
			fn(e.Key, e.Value, e.Rev)
		}
	}
	f := r.follow(func(now map[string]Entry) error {
		for key, rev := range known {
			if _, ok := now[key]; !ok {
				delete(known, key)
				fn(key, nil, rev)
			}
		}
		for _, e := range now {
			tell(e)
		}
		return nil
	}, func(e Entry) {
		if e.Value != nil {
			tell(e)
		} else if _, ok := known[e.Key]; ok {
			delete(known, e.Key)
			fn(e.Key, nil, e.Rev)
		}
	})
	return f.run(ctx)
}

// relook is how often Watch asks for the whole registry again, where keys do
// not expire: that mends whatever a watch may have missed.
const relook = time.Minute

// follow reads the registry: whole is called with all of it, changed with each
// change from then on. The broker does not tell of keys that expire, so from
// time to time the follower starts anew.
func (r *Registry) follow(whole func(map[string]Entry) error, changed func(Entry)) *follower {
	prefix := "$KV." + r.k.name + "."
	_, ttl := r.k.state()
	f := &follower{b: r.k.b, stream: "KV_" + r.k.name, wait: relook}
	if ttl > 0 {
		f.wait = min(relook, ttl/3)
	}
	var now map[string]Entry // nil once it was handed over
	var renew time.Time
	f.start = func(cfg *jetstream.ConsumerConfig) {
		cfg.DeliverPolicy = jetstream.DeliverLastPerSubjectPolicy
		cfg.FilterSubject = prefix + ">"
	}
	hand := func() error {
		all := now
		now = nil
		return whole(all)
	}
	f.begin = func(pending uint64) error {
		now, renew = map[string]Entry{}, time.Now().Add(f.wait)
		if pending == 0 {
			return hand()
		}
		return nil
	}
	f.each = func(m jetstream.Msg, meta *jetstream.MsgMetadata) error {
		e := Entry{Value: m.Data(), Rev: meta.Sequence.Stream}
		var ok bool
		if e.Key, ok = decode(strings.TrimPrefix(m.Subject(), prefix)); ok {
			if e.Value == nil {
				e.Value = []byte{}
			}
			if m.Headers().Get("KV-Operation") != "" || m.Headers().Get("Nats-Marker-Reason") != "" {
				e.Value = nil
			}
			switch {
			case now == nil:
				changed(e)
			case e.Value == nil:
				delete(now, e.Key)
			default:
				now[e.Key] = e
			}
		}
		if now != nil && meta.NumPending == 0 {
			return hand()
		}
		if now == nil && time.Now().After(renew) {
			return errRenew
		}
		return nil
	}
	f.idle = func(context.Context) error { return errRenew }
	return f
}
