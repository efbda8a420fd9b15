package node

import (
	"errors"
	"testing"

	"github.com/trawlsearch/trawl/api"
	"github.com/trawlsearch/trawl/search"
)

// TestCommitted: what is committed in several shards is read beside the process
// that holds the data folder, and answers as that does.
func TestCommitted(t *testing.T) {
	const shards = 3
	dir := t.TempDir()
	r := start1(t, dir)
	if err := r.Put(t.Context(), api.Collection{Name: "shop", Shards: shards}); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenCommitted(t.Context(), r.cfg, "shop"); !errors.Is(err, api.ErrNotFound) {
		t.Errorf("before the first commit: %v", err)
	}
	const docs = 60
	r.push(t, "shop", 0, docs)
	count := func() (n uint64) {
		c, err := OpenCommitted(t.Context(), r.cfg, "shop")
		if err != nil {
			return 0
		}
		defer c.Close()
		for _, s := range c.Snapshots() {
			n += s.Docs()
			s.Close()
		}
		return n
	}
	r.until(t, "all is committed", func() bool { return count() == docs })
	c, err := OpenCommitted(t.Context(), r.cfg, "shop")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if n := len(c.replicas); n != shards {
		t.Errorf("%d shards", n)
	}
	req := &search.Request{Query: "pushed n7n", Limit: 20}
	got, err := c.Searcher().Search(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	served, err := r.Node.gateway.Searcher(t.Context(), "shop")
	if err != nil {
		t.Fatal(err)
	}
	want, err := served.Search(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	if got.Total != docs || got.Total != want.Total || len(got.Hits) != len(want.Hits) {
		t.Fatalf("%d and %d of %d", got.Total, want.Total, docs)
	}
	for i := range got.Hits {
		if got.Hits[i].Key != want.Hits[i].Key || got.Hits[i].Score != want.Hits[i].Score {
			t.Errorf("hit %d: %v, served %v", i, got.Hits[i], want.Hits[i])
		}
	}
	for _, name := range []string{"none", "web", "../shop", ""} {
		if _, err := OpenCommitted(t.Context(), r.cfg, name); !errors.Is(err, api.ErrNotFound) && !errors.Is(err, ErrUsage) {
			t.Errorf("collection %q: %v", name, err)
		}
	}
	r.stop(t)
}
