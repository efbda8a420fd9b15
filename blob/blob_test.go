package blob

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// drivers runs a test with every kind of bucket. open opens the same bucket
// again, as another process would.
func drivers(t *testing.T, test func(t *testing.T, open func() *Bucket)) {
	t.Run("mem", func(t *testing.T) {
		b := mustOpen(t, "mem://", Options{})
		test(t, func() *Bucket { return b })
	})
	t.Run("file", func(t *testing.T) {
		u := "file://" + filepath.ToSlash(t.TempDir()) + "/bucket"
		test(t, func() *Bucket { return mustOpen(t, u, Options{}) })
	})
	t.Run("s3", func(t *testing.T) {
		u := fakeS3(t, nil)
		test(t, func() *Bucket { return mustOpen(t, u, Options{CacheDir: t.TempDir()}) })
	})
	t.Run("s3 prefix", func(t *testing.T) {
		u := strings.Replace(fakeS3(t, nil), "s3://trawl?", "s3://trawl/some/folder?", 1)
		test(t, func() *Bucket { return mustOpen(t, u, Options{}) })
	})
	t.Run("sub", func(t *testing.T) {
		b := mustOpen(t, "mem://", Options{})
		for _, outside := range []string{"a", "in", "in/x", "in/sidex", "z"} {
			mustCreate(t, b, outside, "outside")
		}
		test(t, func() *Bucket { return b.Sub("in/side") })
	})
}

// fakeS3 starts an S3 server in this process, over an empty bucket, and
// returns its URL. wrap may change its handler.
func fakeS3(t testing.TB, wrap func(s *s3Server)) string {
	t.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket("trawl"); err != nil {
		t.Fatal(err)
	}
	s := &s3Server{handler: gofakes3.New(backend).Server()}
	if wrap != nil {
		wrap(s)
	}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	t.Setenv("AWS_ACCESS_KEY_ID", "key")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	return "s3://trawl?region=us-east-1&use_path_style=true&endpoint=" + url.QueryEscape(server.URL)
}

func mustOpen(t testing.TB, u string, opt Options) *Bucket {
	t.Helper()
	b, err := Open(t.Context(), u, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func put(text string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	}
}

func mustCreate(t testing.TB, b *Bucket, key, text string) {
	t.Helper()
	if err := b.Create(t.Context(), key, put(text)); err != nil {
		t.Fatal(err)
	}
}

func wantText(t testing.TB, b *Bucket, key, want string) {
	t.Helper()
	o, err := b.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	if string(o.Bytes()) != want || o.Size() != int64(len(want)) {
		t.Fatalf("%s: %d bytes %.40q, want %d bytes %.40q", key, o.Size(), o.Bytes(), len(want), want)
	}
}

func TestBucket(t *testing.T) {
	drivers(t, func(t *testing.T, open func() *Bucket) {
		b, ctx := open(), t.Context()
		if _, err := b.Open(ctx, "seg/1"); !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("open of nothing: %v", err)
		}
		mustCreate(t, b, "seg/1", "one")
		if err := b.Create(ctx, "seg/1", put("two")); !errors.Is(err, fs.ErrExist) {
			t.Fatalf("second create: %v", err)
		}
		wantText(t, b, "seg/1", "one")
		wantText(t, open(), "seg/1", "one")
		mustCreate(t, b, "empty", "")
		wantText(t, b, "empty", "")
		if err := b.Create(ctx, "empty", put("x")); !errors.Is(err, fs.ErrExist) {
			t.Fatalf("second create of an empty object: %v", err)
		}
		for range 2 {
			if err := b.Delete(ctx, "seg/1"); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := b.Open(ctx, "seg/1"); !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("open of a deleted object: %v", err)
		}
		mustCreate(t, b, "seg/1", "two")
		wantText(t, b, "seg/1", "two")
		if _, err := b.Open(ctx, "seg"); !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("open of a folder: %v", err)
		}
		if err := b.Probe(ctx); err != nil {
			t.Fatal(err)
		}
	})
}

func TestList(t *testing.T) {
	drivers(t, func(t *testing.T, open func() *Bucket) {
		b := open()
		keys := []string{"a", "a-b", "a.b/c", "m/00000000000000000001", "m/00000000000000000002", "m/00000000000000000010", "ma", "n/x/y/z", "ü/日本"}
		for _, k := range keys {
			mustCreate(t, b, k, k)
		}
		check := func(prefix string, want ...string) {
			t.Helper()
			got, err := open().List(t.Context(), prefix)
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("list %q: %q, %v; want %q", prefix, got, err, want)
			}
		}
		check("", keys...)
		check("m/", keys[3:6]...)
		check("m", keys[3:7]...)
		check("m/0000000000000000000", keys[3:5]...)
		check("a", keys[:3]...)
		check("n/x", "n/x/y/z")
		check("n/x/y/z", "n/x/y/z")
		check("n/x/y/z/")
		check("nothing/here")
		check("ü/", "ü/日本")
		for _, bad := range []string{"../", "a/../../x"} {
			if got, err := b.List(t.Context(), bad); err == nil {
				t.Errorf("list %q: %q", bad, got)
			}
		}
	})
}

// TestListMany lists more than S3 sends at once.
func TestListMany(t *testing.T) {
	b := mustOpen(t, fakeS3(t, nil), Options{})
	var want []string
	for i := range 1203 {
		want = append(want, fmt.Sprintf("k/%05d", i))
		mustCreate(t, b, want[i], "")
	}
	got, err := b.List(t.Context(), "k/")
	if err != nil || !slices.Equal(got, want) {
		t.Fatalf("listed %d of %d keys, %v", len(got), len(want), err)
	}
}

// TestRace has 8 writers create one key, 40 times over, each with its own text.
func TestRace(t *testing.T) {
	drivers(t, func(t *testing.T, open func() *Bucket) {
		buckets := []*Bucket{open(), open()}
		for round := range 40 {
			key := fmt.Sprintf("manifest/%020d", round)
			var mu sync.Mutex
			var winners []string
			var wg sync.WaitGroup
			start := make(chan struct{})
			for i := range 8 {
				wg.Go(func() {
					<-start
					text := fmt.Sprintf("writer %d", i)
					err := buckets[i%2].Create(context.Background(), key, put(text))
					mu.Lock()
					defer mu.Unlock()
					if err == nil {
						winners = append(winners, text)
					} else if !errors.Is(err, fs.ErrExist) {
						t.Errorf("loser got %v", err)
					}
				})
			}
			close(start)
			wg.Wait()
			if len(winners) != 1 {
				t.Fatalf("round %d: winners %q", round, winners)
			}
			wantText(t, buckets[0], key, winners[0])
		}
	})
}

func TestCreateFails(t *testing.T) {
	drivers(t, func(t *testing.T, open func() *Bucket) {
		b := open()
		boom := errors.New("boom")
		for _, size := range []int{0, 1, 100_000, 20 << 20} {
			err := b.Create(t.Context(), "x/y", func(w io.Writer) error {
				if _, err := w.Write(make([]byte, size)); err != nil {
					return err
				}
				return boom
			})
			if !errors.Is(err, boom) {
				t.Fatalf("after %d bytes: %v, want the writer's error", size, err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			err = b.Create(ctx, "x/y", func(w io.Writer) error {
				if _, err := w.Write(make([]byte, size)); err != nil {
					return err
				}
				cancel()
				_, err := w.Write([]byte("more"))
				return err
			})
			if !errors.Is(err, context.Canceled) {
				t.Fatalf("cancelled after %d bytes: %v", size, err)
			}
		}
		if keys, err := b.List(t.Context(), ""); err != nil || len(keys) != 0 {
			t.Fatalf("failed creates left %q, %v", keys, err)
		}
		mustCreate(t, b, "x/y", "fine")
	})
}

func TestLarge(t *testing.T) {
	drivers(t, func(t *testing.T, open func() *Bucket) {
		b := open()
		data := make([]byte, 21<<20) // in three parts on S3
		r := rand.NewChaCha8([32]byte{1})
		r.Read(data)
		write := func(w io.Writer) error {
			for rest := data; len(rest) > 0; {
				n := min(len(rest), 1<<16)
				if _, err := w.Write(rest[:n]); err != nil {
					return err
				}
				rest = rest[n:]
			}
			return nil
		}
		if err := b.Create(t.Context(), "large", write); err != nil {
			t.Fatal(err)
		}
		if err := b.Create(t.Context(), "large", write); !errors.Is(err, fs.ErrExist) {
			t.Fatalf("second create: %v", err)
		}
		o, err := open().Open(t.Context(), "large")
		if err != nil {
			t.Fatal(err)
		}
		defer o.Close()
		if !bytes.Equal(o.Bytes(), data) {
			t.Fatal("bytes differ")
		}
	})
}

func TestReadAt(t *testing.T) {
	drivers(t, func(t *testing.T, open func() *Bucket) {
		b := open()
		want := bytes.Repeat([]byte("0123456789"), 1000)
		mustCreate(t, b, "x", string(want))
		for _, how := range []struct {
			name string
			open func(context.Context, string) (*Object, error)
		}{{"Open", b.Open}, {"OpenRanged", b.OpenRanged}} {
			o, err := how.open(t.Context(), "x")
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range []struct {
				off     int64
				len, n  int
				wantErr error
			}{
				{0, 10, 10, nil}, {9, 3, 3, nil}, {9990, 10, 10, nil}, {9995, 10, 5, io.EOF},
				{10000, 1, 0, io.EOF}, {1 << 40, 1, 0, io.EOF}, {5, 0, 0, nil},
			} {
				p := make([]byte, c.len)
				n, err := o.ReadAt(p, c.off)
				if n != c.n || err != c.wantErr {
					t.Errorf("%s: ReadAt %d at %d: %d, %v; want %d, %v", how.name, c.len, c.off, n, err, c.n, c.wantErr)
				} else if n > 0 && !bytes.Equal(p[:n], want[c.off:c.off+int64(n)]) {
					t.Errorf("%s: ReadAt %d at %d: %q", how.name, c.len, c.off, p[:n])
				}
			}
			if _, err := o.ReadAt(make([]byte, 1), -1); err == nil || err == io.EOF {
				t.Errorf("%s: negative offset: %v", how.name, err)
			}
			got, err := io.ReadAll(io.NewSectionReader(o, 0, o.Size()))
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: read %d bytes, %v", how.name, len(got), err)
			}
			for range 2 {
				if err := o.Close(); err != nil {
					t.Error(err)
				}
			}
			if _, err := o.ReadAt(make([]byte, 1), 0); !errors.Is(err, fs.ErrClosed) {
				t.Errorf("%s: read after Close: %v", how.name, err)
			}
		}
		if _, err := b.OpenRanged(t.Context(), "nothing"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("open of nothing: %v", err)
		}
	})
}

func TestKeys(t *testing.T) {
	b := mustOpen(t, "mem://", Options{})
	for _, good := range []string{"a", "a/b.c-d_e=1", "ü/ 日本", strings.Repeat("x", 200), ".hidden", "a..b"} {
		if err := b.Create(t.Context(), good, put("")); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{
		"", "/a", "a/", "a//b", ".", "..", "a/../b", "a/./b", "a\x00b", "a\nb", `a\b`, "a:b", "x.tmp", "x.tmp/y", "\xff",
		strings.Repeat("x", 201), strings.Repeat("x/", 400) + "x",
	} {
		if err := b.Create(t.Context(), bad, put("")); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("create %q: %v", bad, err)
		}
		if _, err := b.Open(t.Context(), bad); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("open %q: %v", bad, err)
		}
		if err := b.Delete(t.Context(), bad); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("delete %q: %v", bad, err)
		}
	}
	if err := b.Sub("../x").Create(t.Context(), "a", put("")); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("a Sub climbs out: %v", err)
	}
}

func TestOpenURLs(t *testing.T) {
	for _, bad := range []string{
		"", "/var/lib/trawl", "file://relative/dir", "file://", "ftp://x", "gs://bucket", "s3://", "s3:///x?region=a",
		"s3://b?region=a&nonsense=1", "s3://b/a/../b?region=a", "file:///tmp?x=1", "://",
	} {
		if b, err := Open(t.Context(), bad, Options{}); err == nil {
			b.Close()
			t.Errorf("opened %q", bad)
		} else if !strings.HasPrefix(err.Error(), "blob: ") {
			t.Errorf("%q: error %v", bad, err)
		}
	}
}
