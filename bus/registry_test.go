package bus

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"
)

// watch watches a registry in the background: "key=value", "key gone".
func watch(t testing.TB, r *Registry) heardLines {
	ctx, cancel := context.WithCancel(context.Background())
	lines, done := make(heardLines, 1000), make(chan struct{})
	go func() {
		defer close(done)
		r.Watch(ctx, func(key string, value []byte, rev uint64) {
			if value == nil {
				lines <- key + " gone"
			} else {
				lines <- key + "=" + string(value)
			}
		})
	}()
	t.Cleanup(func() { cancel(); <-done })
	return lines
}

func openRegistry(t testing.TB, b *Bus, name string, ttl time.Duration) *Registry {
	t.Helper()
	r, err := b.Registry(within(t), name, ttl)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRegistry(t *testing.T) {
	modes(t, func(t *testing.T, b *Bus, two func() *Bus) {
		ctx := within(t)
		r, other := openRegistry(t, b, "shards", 0), openRegistry(t, two(), "shards", 0)
		const key = "node/10.0.0.1:8080"
		if _, _, err := r.Get(ctx, key); !errors.Is(err, ErrNotFound) {
			t.Fatalf("get of nothing: %v", err)
		}
		if list, err := r.List(ctx); err != nil || len(list) != 0 {
			t.Fatalf("list of nothing: %v, %v", list, err)
		}
		seen := watch(t, other)
		rev, err := r.Create(ctx, key, []byte("a"))
		if err != nil {
			t.Fatal(err)
		}
		seen.want(t, key+"=a")
		if _, err := other.Create(ctx, key, []byte("b")); !errors.Is(err, ErrConflict) {
			t.Fatalf("second create: %v", err)
		}
		if _, err := other.Update(ctx, key, []byte("b"), rev+1); !errors.Is(err, ErrConflict) {
			t.Fatalf("update of another revision: %v", err)
		}
		rev2, err := other.Update(ctx, key, []byte("b"), rev)
		if err != nil || rev2 <= rev {
			t.Fatalf("update: %d after %d, %v", rev2, rev, err)
		}
		seen.want(t, key+"=b")
		value, got, err := r.Get(ctx, key)
		if err != nil || string(value) != "b" || got != rev2 {
			t.Fatalf("get: %q at %d, %v", value, got, err)
		}
		if _, err := r.Put(ctx, "empty", nil); err != nil {
			t.Fatal(err)
		}
		seen.want(t, "empty=")
		list, err := r.List(ctx)
		if err != nil || fmt.Sprint(list) != fmt.Sprint([]Entry{{"empty", []byte{}, rev2 + 1}, {key, []byte("b"), rev2}}) {
			t.Fatalf("list: %v, %v", list, err)
		}
		for range 2 {
			if err := r.Delete(ctx, key); err != nil {
				t.Fatal(err)
			}
		}
		seen.want(t, key+" gone")
		if _, _, err := r.Get(ctx, key); !errors.Is(err, ErrNotFound) {
			t.Fatalf("get of a deleted key: %v", err)
		}
		if list, err := r.List(ctx); err != nil || len(list) != 1 || list[0].Key != "empty" {
			t.Fatalf("list after delete: %v, %v", list, err)
		}
		if _, err := r.Create(ctx, key, []byte("again")); err != nil {
			t.Fatalf("create of a deleted key: %v", err)
		}
		seen.want(t, key+"=again")
		// Who comes later sees what is there.
		late := watch(t, other)
		if got := map[string]bool{<-late: true, <-late: true}; !got["empty="] || !got[key+"=again"] {
			t.Fatalf("a late watcher saw %v", got)
		}
	})
}

// TestRegistryExpires: a key that is not written again goes, and a watcher
// hears of it although the broker does not say.
func TestRegistryExpires(t *testing.T) {
	t.Parallel()
	modes(t, func(t *testing.T, b *Bus, _ func() *Bus) {
		r := openRegistry(t, b, "nodes", time.Second)
		seen := watch(t, r)
		if _, err := r.Put(within(t), "a", []byte("here")); err != nil {
			t.Fatal(err)
		}
		seen.want(t, "a=here")
		seen.want(t, "a gone")
		if _, _, err := r.Get(within(t), "a"); !errors.Is(err, ErrNotFound) {
			t.Fatalf("get: %v", err)
		}
	})
}

// TestRegistryRace has 8 writers add to one number by compare-and-swap.
func TestRegistryRace(t *testing.T) {
	modes(t, func(t *testing.T, b *Bus, two func() *Bus) {
		ctx := within(t)
		buses := []*Bus{b, two()}
		r := openRegistry(t, b, "n", 0)
		if _, err := r.Create(ctx, "n", []byte{0}); err != nil {
			t.Fatal(err)
		}
		const writers, times = 8, 5
		var wg sync.WaitGroup
		for i := range writers {
			r := openRegistry(t, buses[i%2], "n", 0)
			wg.Go(func() {
				for done := 0; done < times; {
					v, rev, err := r.Get(ctx, "n")
					if err != nil {
						t.Error(err)
						return
					}
					_, err = r.Update(ctx, "n", []byte{v[0] + 1}, rev)
					if err == nil {
						done++
					} else if !errors.Is(err, ErrConflict) {
						t.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		if v, _, err := r.Get(ctx, "n"); err != nil || v[0] != writers*times {
			t.Fatalf("%d of %d additions, %v", v[0], writers*times, err)
		}
	})
}

// TestRegistryLost deletes the bucket under its users: they make it again.
func TestRegistryLost(t *testing.T) {
	t.Parallel()
	b := open(t, Options{Dir: t.TempDir()})
	r := openRegistry(t, b, "nodes", 0)
	seen := watch(t, r)
	if _, err := r.Put(within(t), "a", []byte("1")); err != nil {
		t.Fatal(err)
	}
	seen.want(t, "a=1")
	if err := b.js.DeleteKeyValue(within(t), "nodes"); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Put(within(t), "b", []byte("2")); err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{<-seen: true, <-seen: true}
	if !got["a gone"] || !got["b=2"] {
		t.Fatalf("watcher saw %v", got)
	}
}

func TestRegistryRefuses(t *testing.T) {
	b := open(t, Options{Dir: t.TempDir()})
	if _, err := b.Registry(within(t), "a.b", 0); err == nil {
		t.Error("a bad name")
	}
	if _, err := b.Registry(within(t), "a", time.Millisecond); err == nil {
		t.Error("a short ttl")
	}
	if _, err := openRegistry(t, b, "a", 0).Put(within(t), "", nil); err == nil {
		t.Error("an empty key")
	}
}
