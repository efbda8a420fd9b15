package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
)

// databases runs a test with each kind of database. url is of an empty one;
// every Open of it is the same.
func databases(t *testing.T, test func(t *testing.T, url string)) {
	t.Run("sqlite", func(t *testing.T) { test(t, filepath.Join(t.TempDir(), "dir", "trawl.db")) })
	t.Run("postgres", func(t *testing.T) { test(t, postgresDatabase(t)) })
}

func open(t testing.TB, url string) *Store {
	t.Helper()
	s, err := Open(t.Context(), url, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func mustPut(t testing.TB, s *Store, c Collection) Collection {
	t.Helper()
	c, err := s.PutCollection(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// want compares by JSON, which prints well and knows no zones.
func want(t testing.TB, got, want any) {
	t.Helper()
	g, _ := json.Marshal(got)
	w, _ := json.Marshal(want)
	if string(g) != string(w) {
		t.Fatalf("got  %s\nwant %s", g, w)
	}
}

func TestCollections(t *testing.T) {
	databases(t, func(t *testing.T, url string) {
		s, ctx := open(t, url), t.Context()
		if _, err := s.Collection(ctx, "docs"); !errors.Is(err, ErrNotFound) {
			t.Fatalf("get of nothing: %v", err)
		}
		if all, err := s.Collections(ctx); err != nil || len(all) != 0 {
			t.Fatalf("list of nothing: %v, %v", all, err)
		}
		if _, err := s.PutCollection(ctx, Collection{Name: "docs", Version: 1}); !errors.Is(err, ErrNotFound) {
			t.Fatalf("change of nothing: %v", err)
		}
		before := time.Now().Truncate(time.Microsecond)
		docs := mustPut(t, s, Collection{Name: "docs", Settings: json.RawMessage(`{"b": 1, "a":"ü\u0000"}`)})
		if docs.Version != 1 || docs.Created.Before(before) || time.Since(docs.Created) > time.Minute {
			t.Fatalf("created %+v", docs)
		}
		got, err := s.Collection(ctx, "docs")
		if err != nil || !reflect.DeepEqual(got, docs) {
			t.Fatalf("got %+v, %v; want %+v", got, err, docs)
		}
		if _, err := s.PutCollection(ctx, Collection{Name: "docs"}); !errors.Is(err, ErrConflict) {
			t.Fatalf("second create: %v", err)
		}
		// Two change what both have read.
		mine, theirs := docs, docs
		mine.Settings, theirs.Settings = json.RawMessage(`1`), json.RawMessage(`2`)
		mine = mustPut(t, s, mine)
		if mine.Version != 2 || !mine.Created.Equal(docs.Created) {
			t.Fatalf("changed %+v", mine)
		}
		if _, err := s.PutCollection(ctx, theirs); !errors.Is(err, ErrConflict) {
			t.Fatalf("change of an old version: %v", err)
		}
		then := time.Date(2020, 1, 2, 3, 4, 5, 678_000, time.FixedZone("x", 3600))
		other := mustPut(t, s, Collection{Name: "Ünï code/'\"%", Created: then})
		upper := mustPut(t, s, Collection{Name: "Docs"})
		all, err := s.Collections(ctx)
		if err != nil {
			t.Fatal(err)
		}
		want(t, all, []Collection{upper, mine, other})
		if !all[2].Created.Equal(then) || string(all[2].Settings) != "{}" {
			t.Fatalf("got %+v", all[2])
		}
		if err := s.DeleteCollection(ctx, "docs"); err != nil {
			t.Fatal(err)
		}
		if err := s.DeleteCollection(ctx, "docs"); !errors.Is(err, ErrNotFound) {
			t.Fatalf("second delete: %v", err)
		}
		if again := mustPut(t, s, Collection{Name: "docs"}); again.Version != 1 {
			t.Fatalf("created again %+v", again)
		}
	})
}

func TestCrawls(t *testing.T) {
	databases(t, func(t *testing.T, url string) {
		s, ctx := open(t, url), t.Context()
		at := func(sec int) time.Time { return time.Unix(1_700_000_000+int64(sec), 123_000).UTC() }
		c := Crawl{
			ID: "01A", Collection: "docs", Seeds: []string{"https://a.example/?q=1&x=<>", "http://ü.example/"},
			Settings: json.RawMessage(`{"depth":3}`), State: "queued", Created: at(0),
		}
		if err := s.PutCrawl(ctx, c); !errors.Is(err, ErrNotFound) {
			t.Fatalf("crawl of nothing: %v", err)
		}
		mustPut(t, s, Collection{Name: "docs"})
		mustPut(t, s, Collection{Name: "other"})
		put := func(c Crawl) {
			t.Helper()
			if err := s.PutCrawl(ctx, c); err != nil {
				t.Fatal(err)
			}
		}
		put(c)
		got, err := s.Crawl(ctx, "01A")
		if err != nil || !reflect.DeepEqual(got, c) {
			t.Fatalf("got %+v, %v; want %+v", got, err, c)
		}
		// A change keeps Created.
		c.State, c.Started, c.Finished, c.Pages, c.Failed = "done", at(1), at(2), 1<<40, 7
		changed := c
		changed.Created = at(99)
		put(changed)
		if got, err := s.Crawl(ctx, "01A"); err != nil || !reflect.DeepEqual(got, c) {
			t.Fatalf("got %+v, %v; want %+v", got, err, c)
		}
		stolen := c
		stolen.Collection = "other"
		if err := s.PutCrawl(ctx, stolen); !errors.Is(err, ErrConflict) {
			t.Fatalf("crawl of two collections: %v", err)
		}
		newer := Crawl{ID: "00B", Collection: "docs", Created: at(10)}
		same := Crawl{ID: "01B", Collection: "docs", Created: at(0)}
		foreign := Crawl{ID: "z", Collection: "other", Created: at(5)}
		for _, c := range []Crawl{newer, same, foreign} {
			put(c)
		}
		check := func(collection string, ids ...string) {
			t.Helper()
			list, err := s.Crawls(ctx, collection)
			if err != nil {
				t.Fatal(err)
			}
			got := []string{}
			for _, c := range list {
				got = append(got, c.ID)
			}
			want(t, got, append([]string{}, ids...))
		}
		check("docs", "00B", "01B", "01A")
		check("", "00B", "z", "01B", "01A")
		check("nothing")
		if err := s.DeleteCrawl(ctx, "01B"); err != nil {
			t.Fatal(err)
		}
		check("docs", "00B", "01A")
		if err := s.DeleteCollection(ctx, "docs"); err != nil {
			t.Fatal(err)
		}
		check("docs")
		check("", "z")
		if _, err := s.Crawl(ctx, "01A"); !errors.Is(err, ErrNotFound) {
			t.Fatalf("crawl of a deleted collection: %v", err)
		}
	})
}

// TestRace has 8 writers add to one number by version.
func TestEvents(t *testing.T) {
	databases(t, func(t *testing.T, url string) {
		s, ctx := open(t, url), t.Context()
		if err := s.PutEvent(ctx, Event{Collection: "web", Number: 1}); !errors.Is(err, ErrNotFound) {
			t.Fatalf("an event of no collection: %v", err)
		}
		mustPut(t, s, Collection{Name: "web"})
		mustPut(t, s, Collection{Name: "shop"})
		var all []Event
		for n := range 12 { // numbers are sorted as numbers
			e := Event{Collection: "web", Number: int64(n + 1), At: time.UnixMicro(int64(n)).UTC(), Kind: "held", Generation: 2, Crawl: 7, Detail: "why"}
			all = append([]Event{e}, all...)
			for range 2 { // the second changes nothing
				if err := s.PutEvent(ctx, e); err != nil {
					t.Fatal(err)
				}
				e.Kind = "other"
			}
		}
		all[len(all)-1].At = time.Time{} // 1970 is not told from never
		got, err := s.Events(ctx, "web", 100)
		if err != nil {
			t.Fatal(err)
		}
		want(t, got, all)
		if got, err := s.Events(ctx, "web", 2); err != nil || len(got) != 2 || got[0].Number != 12 {
			t.Errorf("got %+v, %v", got, err)
		}
		if got, err := s.Events(ctx, "shop", 2); err != nil || len(got) != 0 {
			t.Errorf("of another collection: %+v, %v", got, err)
		}
		for _, bad := range []Event{{Collection: "web", Number: 99, Detail: "\x00"}, {Collection: "web", Number: 99, Kind: "\xff"}, {Number: 99}} {
			if err := s.PutEvent(ctx, bad); err == nil {
				t.Errorf("stored %+v", bad)
			}
		}
		if err := s.DeleteCollection(ctx, "web"); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Events(ctx, "web", 2); err != nil || len(got) != 0 {
			t.Errorf("of a collection that is deleted: %+v, %v", got, err)
		}
	})
}

func TestRace(t *testing.T) {
	databases(t, func(t *testing.T, url string) {
		s, ctx := open(t, url), t.Context()
		mustPut(t, s, Collection{Name: "n", Settings: json.RawMessage("0")})
		const writers, times = 8, 10
		var wg sync.WaitGroup
		for range writers {
			wg.Go(func() {
				for done := 0; done < times; {
					c, err := s.Collection(ctx, "n")
					if err != nil {
						t.Error(err)
						return
					}
					var n int
					if err := json.Unmarshal(c.Settings, &n); err != nil {
						t.Error(err)
						return
					}
					c.Settings = fmt.Append(nil, n+1)
					_, err = s.PutCollection(ctx, c)
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
		c, err := s.Collection(ctx, "n")
		if err != nil || string(c.Settings) != fmt.Sprint(writers*times) || c.Version != writers*times+1 {
			t.Fatalf("%s of %d additions, version %d, %v", c.Settings, writers*times, c.Version, err)
		}
	})
}

// TestReopen: rows outlive the process, and many may start at once.
func TestReopen(t *testing.T) {
	databases(t, func(t *testing.T, url string) {
		var wg sync.WaitGroup
		for i := range 4 {
			wg.Go(func() {
				s, err := Open(t.Context(), url, Options{})
				if err != nil {
					t.Error(err)
					return
				}
				defer s.Close()
				if _, err := s.PutCollection(t.Context(), Collection{Name: fmt.Sprint(i)}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		s := open(t, url)
		if all, err := s.Collections(t.Context()); err != nil || len(all) != 4 {
			t.Fatalf("%d of 4 rows, %v", len(all), err)
		}
		if err := s.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}

// TestNewer: a schema from the future is refused.
func TestNewer(t *testing.T) {
	databases(t, func(t *testing.T, url string) {
		s := open(t, url)
		if _, err := s.write.ExecContext(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, $1)`, true); err != nil {
			t.Fatal(err)
		}
		_, err := Open(t.Context(), url, Options{})
		if err == nil || !strings.Contains(err.Error(), "newer Trawl") {
			t.Fatalf("got %v", err)
		}
	})
}

func TestRefuses(t *testing.T) {
	databases(t, func(t *testing.T, url string) {
		s, ctx := open(t, url), t.Context()
		mustPut(t, s, Collection{Name: "x"})
		for _, c := range []Collection{
			{Name: ""}, {Name: strings.Repeat("x", MaxNameBytes+1)}, {Name: "a\x00b"}, {Name: "\xff"},
			{Name: "y", Settings: json.RawMessage("{")}, {Name: "y", Settings: json.RawMessage("\"\xff\"")},
		} {
			if _, err := s.PutCollection(ctx, c); err == nil {
				t.Errorf("stored collection %+v", c)
			}
		}
		for _, c := range []Crawl{
			{ID: "", Collection: "x"}, {ID: "a", Collection: "x", Seeds: []string{"\xff"}}, {ID: "a", Collection: "x", State: "\x00"},
			{ID: "a", Collection: "x", Settings: json.RawMessage("nonsense")},
			{ID: "a", Collection: "x", Seeds: []string{strings.Repeat("x", MaxJSONBytes)}},
		} {
			if err := s.PutCrawl(ctx, c); err == nil {
				t.Errorf("stored crawl %.40q", c.ID)
			}
		}
		if list, err := s.Crawls(ctx, ""); err != nil || len(list) != 0 {
			t.Fatalf("stored %v, %v", list, err)
		}
	})
}

func TestOpenBad(t *testing.T) {
	file := filepath.Join(t.TempDir(), "text.db")
	if err := os.WriteFile(file, []byte(strings.Repeat("not a database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"", "mysql://x", "sqlite://", "sqlite:///x?y", file, file + "/below", "postgres://u:secret@127.0.0.1:1/x?connect_timeout=1"} {
		s, err := Open(t.Context(), bad, Options{})
		if err == nil {
			s.Close()
			t.Errorf("opened %q", bad)
		} else if !strings.HasPrefix(err.Error(), "store: ") || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: error %v", bad, err)
		}
	}
}

func TestSQLiteFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "odd name%41#?.db")
	s := open(t, path)
	mustPut(t, s, Collection{Name: "x"})
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("file %v, %v: want mode 0600", info, err)
	}
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"} {
		var got string
		if err := s.write.QueryRow("PRAGMA " + pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %s, %v; want %s", pragma, got, err, want)
		}
	}
	if _, err := s.read.Exec(`DELETE FROM collections`); err == nil {
		t.Error("a reader wrote")
	}
	// A reader does not wait for a writer.
	tx, err := s.write.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if _, err := tx.Exec(`DELETE FROM collections`); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if all, err := s.Collections(ctx); err != nil || len(all) != 1 {
		t.Fatalf("read %d rows beside a writer, %v", len(all), err)
	}
}
