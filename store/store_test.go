package store

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"sync"
	"testing"
	"time"
)

// databases runs test on each kind of database there is on this machine.
func databases(t *testing.T, test func(t *testing.T, where string)) {
	t.Run("sqlite", func(t *testing.T) { test(t, filepath.Join(t.TempDir(), "trawl ?.db")) })
	t.Run("postgres", func(t *testing.T) { test(t, startPostgres(t)) })
}

func open(t *testing.T, where string) *Store {
	t.Helper()
	s, err := Open(t.Context(), where)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestCollections(t *testing.T) {
	databases(t, func(t *testing.T, where string) {
		ctx := t.Context()
		s := open(t, where)
		if _, err := s.Collection(ctx, "a"); !errors.Is(err, ErrNotFound) {
			t.Fatalf("a row that is not there: %v", err)
		}
		a, err := s.PutCollection(ctx, Collection{Name: "a", Settings: `{"x":1}`})
		if err != nil || a.Version != 1 {
			t.Fatalf("%+v, %v", a, err)
		}
		if _, err := s.PutCollection(ctx, Collection{Name: "a", Settings: "{}"}); !errors.Is(err, ErrConflict) {
			t.Errorf("created twice: %v", err)
		}
		a.Settings = `{"x":2}`
		if a, err = s.PutCollection(ctx, a); err != nil || a.Version != 2 {
			t.Fatalf("%+v, %v", a, err)
		}
		stale := a
		stale.Version = 1
		if _, err := s.PutCollection(ctx, stale); !errors.Is(err, ErrConflict) {
			t.Errorf("changed from a version that is gone: %v", err)
		}
		if _, err := s.PutCollection(ctx, Collection{Name: "B", Settings: "ü'\"\\"}); err != nil {
			t.Fatal(err)
		}
		got, err := s.Collections(ctx)
		if err != nil || len(got) != 2 {
			t.Fatalf("%+v, %v", got, err)
		}
		// Opened again, the rows are there and the migrations run no more.
		again, err := open(t, where).Collection(ctx, "a")
		if err != nil || !reflect.DeepEqual(again, a) {
			t.Errorf("%+v, %v, want %+v", again, err, a)
		}
	})
}

// TestOneOfManyWins lets many change one row from the same version.
func TestOneOfManyWins(t *testing.T) {
	databases(t, func(t *testing.T, where string) {
		s := open(t, where)
		row, err := s.PutCollection(t.Context(), Collection{Name: "a", Settings: "0"})
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		wins := make(chan int, 16)
		for i := range 16 {
			wg.Go(func() {
				mine := row
				mine.Settings = fmt.Sprint(i)
				if _, err := s.PutCollection(t.Context(), mine); err == nil {
					wins <- i
				} else if !errors.Is(err, ErrConflict) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if len(wins) != 1 {
			t.Errorf("%d changes of one version were taken", len(wins))
		}
	})
}

func TestCrawls(t *testing.T) {
	databases(t, func(t *testing.T, where string) {
		ctx := t.Context()
		s := open(t, where)
		at := time.UnixMicro(1_700_000_000_123_456).UTC()
		for _, c := range []Crawl{
			{"web", 1, "running", at, at, 3, 0},
			{"web", 2, "running", at, at, 1, 0},
			{"web", 1, "idle", at.Add(time.Hour), at.Add(time.Hour), 9, 2},
			{"other", 1, "idle", at, at, 1, 1},
		} {
			if err := s.PutCrawl(ctx, c); err != nil {
				t.Fatal(err)
			}
		}
		got, err := s.Crawls(ctx, "web", 10)
		want := []Crawl{{"web", 2, "running", at, at, 1, 0}, {"web", 1, "idle", at, at.Add(time.Hour), 9, 2}}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%+v, %v, want %+v", got, err, want)
		}
	})
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	if _, err := Open(t.Context(), filepath.Join(t.TempDir(), "no", "such", "folder", "x.db")); err == nil {
		t.Error("opened a file in a folder that is not there")
	}
	if _, err := Open(t.Context(), "postgres://nobody@127.0.0.1:1/x?connect_timeout=2"); err == nil {
		t.Error("opened a server that is not there")
	}
}

// startPostgres runs a server of Debian's package on a socket of its own.
func startPostgres(t *testing.T) string {
	t.Helper()
	const bin = "/usr/lib/postgresql/15/bin/"
	if _, err := os.Stat(bin + "initdb"); err != nil {
		t.Skip("PostgreSQL is not installed (apt-get install postgresql-15)")
	}
	dir, err := os.MkdirTemp("", "trawl-pg") // a short path: a socket's name has 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	as := func(args ...string) *exec.Cmd {
		if os.Getuid() != 0 {
			return exec.Command(args[0], args[1:]...)
		}
		return exec.Command("setpriv", append([]string{"--reuid=postgres", "--regid=postgres", "--clear-groups"}, args...)...)
	}
	if os.Getuid() == 0 {
		if out, err := exec.Command("chown", "postgres", dir).CombinedOutput(); err != nil {
			t.Skipf("no user postgres: %s", out)
		}
	}
	if out, err := as(bin+"initdb", "-D", dir+"/db", "-U", "trawl", "-A", "trust", "-N").CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v: %s", err, out)
	}
	srv := as(bin+"postgres", "-D", dir+"/db", "-k", dir, "-c", "listen_addresses=", "-c", "fsync=off")
	if err := srv.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		srv.Process.Signal(os.Interrupt)
		srv.Wait()
	})
	for range 300 {
		if exec.Command(bin+"pg_isready", "-q", "-h", dir).Run() == nil {
			return "postgres://trawl@/postgres?host=" + dir
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("PostgreSQL did not come up")
	return ""
}
