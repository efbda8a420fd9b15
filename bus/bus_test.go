package bus

import (
	"context"
	"errors"
	"net"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// patience bounds every wait of these tests. It is never waited out unless
// something is wrong.
const patience = 20 * time.Second

func within(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

func open(t testing.TB, opt Options) *Bus {
	t.Helper()
	if opt.LeaseTTL == 0 {
		opt.LeaseTTL = 3 * time.Second // beyond the pauses of a loaded machine
	}
	if opt.StoreBytes == 0 {
		opt.StoreBytes = 2 << 30
	}
	b, err := Open(within(t), opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

// startServer starts a broker as an operator would: outside of any Bus.
func startServer(t testing.TB, dir string, port int) *server.Server {
	t.Helper()
	s, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: port, NoSigs: true, NoLog: true,
		JetStream: true, StoreDir: dir, SyncAlways: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	go s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("test broker does not start")
	}
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	return s
}

// modes runs a test with the embedded broker and with an external one. two
// opens a second bus on the same broker, as another process would; embedded,
// there is only one process.
func modes(t *testing.T, test func(t *testing.T, b *Bus, two func() *Bus)) {
	t.Run("embedded", func(t *testing.T) {
		b := open(t, Options{Dir: t.TempDir()})
		test(t, b, func() *Bus { return b })
	})
	t.Run("external", func(t *testing.T) {
		s := startServer(t, t.TempDir(), server.RANDOM_PORT)
		opt := Options{URL: s.ClientURL()}
		test(t, open(t, opt), func() *Bus { return open(t, opt) })
	})
}

func TestOpenUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	_, err = Open(ctx, Options{URL: "nats://me:secret@" + addr})
	if err == nil {
		t.Fatal("reached a broker that is not there")
	}
	for _, want := range []string{addr, "nats-server -js", "leave it empty"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error does not say %q: %v", want, err)
		}
	}
	if strings.Contains(err.Error(), "secret") {
		t.Errorf("error tells the password: %v", err)
	}
}

func TestOpenWithoutJetStream(t *testing.T) {
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true})
	if err != nil {
		t.Fatal(err)
	}
	go s.Start()
	defer s.Shutdown()
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("test broker does not start")
	}
	_, err = Open(within(t), Options{URL: s.ClientURL()})
	if err == nil || !strings.Contains(err.Error(), "JetStream is off") {
		t.Fatalf("got %v", err)
	}
}

func TestOpenBad(t *testing.T) {
	check := func(t *testing.T, opt Options, want string) {
		t.Helper()
		b, err := Open(within(t), opt)
		if err == nil {
			b.Close()
			t.Fatal("opened")
		}
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error does not say %q: %v", want, err)
		}
	}
	t.Run("no directory", func(t *testing.T) { check(t, Options{}, "needs a directory") })
	t.Run("short lease", func(t *testing.T) { check(t, Options{Dir: t.TempDir(), LeaseTTL: time.Millisecond}, "too short") })
	t.Run("in use", func(t *testing.T) {
		dir := t.TempDir()
		b := open(t, Options{Dir: dir})
		check(t, Options{Dir: dir}, "is in use by process "+itoa(os.Getpid()))
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
		open(t, Options{Dir: dir})
	})
	t.Run("a file", func(t *testing.T) {
		path := t.TempDir() + "/file"
		if err := os.WriteFile(path, nil, 0o666); err != nil {
			t.Fatal(err)
		}
		check(t, Options{Dir: path}, path)
	})
}

func TestPing(t *testing.T) {
	modes(t, func(t *testing.T, b *Bus, _ func() *Bus) {
		if err := b.Ping(within(t)); err != nil || !b.Healthy() {
			t.Fatalf("ping: %v, healthy %v", err, b.Healthy())
		}
		b.Close()
		b.Close()
		if err := b.Ping(within(t)); err == nil || b.Healthy() {
			t.Fatalf("after Close: %v, healthy %v", err, b.Healthy())
		}
	})
}

// TestBrokerRestart takes the broker away under everything that waits, brings
// it back on the same port and files, and expects all to go on.
func TestBrokerRestart(t *testing.T) {
	dir := t.TempDir()
	s := startServer(t, dir, server.RANDOM_PORT)
	u, err := url.Parse(s.ClientURL())
	if err != nil {
		t.Fatal(err)
	}
	port := s.Addr().(*net.TCPAddr).Port
	b := open(t, Options{URL: u.String()})
	ctx := within(t)
	log, err := b.Log(ctx, "x", LogOptions{MaxBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	reg, err := b.Registry(ctx, "nodes", 0)
	if err != nil {
		t.Fatal(err)
	}
	heard := listenLog(t, log, 0)
	seen := watch(t, reg)
	if _, err := log.Append(ctx, "one", texts("a")); err != nil {
		t.Fatal(err)
	}
	heard.want(t, "1 a")
	if _, err := reg.Put(ctx, "k", []byte("v1")); err != nil {
		t.Fatal(err)
	}
	seen.want(t, "k=v1")

	s.Shutdown()
	s.WaitForShutdown()
	// Append waits for the broker to come back.
	appended := make(chan error, 1)
	go func() {
		_, err := log.Append(ctx, "two", texts("b", "c"))
		appended <- err
	}()
	startServer(t, dir, port)
	if err := <-appended; err != nil {
		t.Fatal(err)
	}
	heard.want(t, "2 b")
	heard.want(t, "3 c")
	if _, err := reg.Put(ctx, "k", []byte("v2")); err != nil {
		t.Fatal(err)
	}
	seen.want(t, "k=v2")
}

// TestWaitersEndWithClose: whatever waits on a bus ends when it closes.
func TestWaitersEndWithClose(t *testing.T) {
	modes(t, func(t *testing.T, b *Bus, _ func() *Bus) {
		ctx := within(t)
		log, err := b.Log(ctx, "x", LogOptions{})
		if err != nil {
			t.Fatal(err)
		}
		q, err := b.Queue(ctx, "x")
		if err != nil {
			t.Fatal(err)
		}
		reg, err := b.Registry(ctx, "x", 0)
		if err != nil {
			t.Fatal(err)
		}
		lease, err := b.Acquire(ctx, "x", "me")
		if err != nil {
			t.Fatal(err)
		}
		ends := make(chan error, 5)
		go func() { ends <- log.Read(ctx, 0, func(uint64, []byte) error { return nil }) }()
		go func() { ends <- q.Work(ctx, func(context.Context, []byte) error { return nil }) }()
		go func() { ends <- reg.Watch(ctx, func(string, []byte, uint64) {}) }()
		go func() { _, err := b.Acquire(ctx, "x", "you"); ends <- err }()
		go func() { ends <- b.Listen(ctx, "x", func(string, []byte) {}) }()
		b.Close()
		for range cap(ends) {
			select {
			case err := <-ends:
				if !errors.Is(err, ErrClosed) {
					t.Errorf("ended with %v, want ErrClosed", err)
				}
			case <-ctx.Done():
				t.Fatal("a waiter does not end")
			}
		}
		<-lease.Done()
	})
}

func TestAnnounce(t *testing.T) {
	modes(t, func(t *testing.T, b *Bus, two func() *Bus) {
		ctx, cancel := context.WithCancel(within(t))
		got := make(chan string, 1)
		ended := make(chan error, 1)
		go func() {
			ended <- two().Listen(ctx, "shard.*", func(subject string, data []byte) {
				select {
				case got <- subject + "=" + string(data):
				default:
				}
			})
		}()
		tick := time.NewTicker(10 * time.Millisecond) // until the listener stands
		defer tick.Stop()
		for heard := false; !heard; {
			if err := b.Announce("other", []byte("no")); err != nil {
				t.Fatal(err)
			}
			if err := b.Announce("shard.3", []byte("yes")); err != nil {
				t.Fatal(err)
			}
			select {
			case s := <-got:
				if s != "shard.3=yes" {
					t.Fatalf("heard %q", s)
				}
				heard = true
			case <-tick.C:
			case <-ctx.Done():
				t.Fatal("heard nothing")
			}
		}
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Fatalf("Listen ended with %v", err)
		}
		for _, bad := range []string{"", "a b", "a.*", ">"} {
			if err := b.Announce(bad, nil); err == nil {
				t.Errorf("announced to %q", bad)
			}
		}
	})
}

func TestNames(t *testing.T) {
	for _, c := range []struct{ name, token string }{
		{"abc-_09", "abc-_09"}, {"a.b", "a=2Eb"}, {"a=2Eb", "a=3D2Eb"}, {"ü>*", "=C3=BC=3E=2A"},
	} {
		token, err := encode(c.name)
		if err != nil || token != c.token {
			t.Errorf("encode %q: %q, %v; want %q", c.name, token, err, c.token)
		}
		if name, ok := decode(token); !ok || name != c.name {
			t.Errorf("decode %q: %q, %v", token, name, ok)
		}
	}
	for _, bad := range []string{"", "=", "=4", "=2e", "=41", "a.b", "=ZZ"} {
		if name, ok := decode(bad); ok {
			t.Errorf("decoded %q to %q", bad, name)
		}
	}
	for _, bad := range []string{"", strings.Repeat("x", 201), strings.Repeat(".", 100)} {
		if _, err := encode(bad); err == nil {
			t.Errorf("encoded %q", bad)
		}
	}
}

func FuzzNames(f *testing.F) {
	f.Add("node/1:8080")
	f.Fuzz(func(t *testing.T, name string) {
		if token, err := encode(name); err == nil {
			if again, ok := decode(token); !ok || again != name {
				t.Fatalf("%q became %q", name, again)
			}
		}
		if got, ok := decode(name); ok {
			if token, err := encode(got); err != nil || token != name {
				t.Fatalf("%q is decoded but encode gives %q, %v", name, token, err)
			}
		}
	})
}
