package bus

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

func itoa(n int) string { return strconv.Itoa(n) }

func texts(s ...string) [][]byte {
	msgs := make([][]byte, len(s))
	for i := range s {
		msgs[i] = []byte(s[i])
	}
	return msgs
}

// heardLines collects what a goroutine says, a line at a time.
type heardLines chan string

func (h heardLines) want(t testing.TB, line string) {
	t.Helper()
	select {
	case got := <-h:
		if got != line {
			t.Fatalf("got %q, want %q", got, line)
		}
	case <-time.After(patience):
		t.Fatalf("waited in vain for %q", line)
	}
}

// listenLog reads a log in the background: "seq text", and at last the error.
func listenLog(t testing.TB, l *Log, after uint64) heardLines {
	ctx, cancel := context.WithCancel(context.Background())
	lines, done := make(heardLines, 10_000), make(chan struct{})
	go func() {
		defer close(done)
		err := l.Read(ctx, after, func(seq uint64, data []byte) error {
			lines <- fmt.Sprintf("%d %s", seq, data)
			return nil
		})
		switch {
		case errors.Is(err, ErrGap):
			lines <- "gap"
		case errors.Is(err, ErrRewound):
			lines <- "rewound"
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
	return lines
}

func openLog(t testing.TB, b *Bus, name string, maxBytes int64) *Log {
	t.Helper()
	l, err := b.Log(within(t), name, LogOptions{MaxBytes: maxBytes})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func mustAppend(t testing.TB, l *Log, id string, msgs [][]byte, want uint64) {
	t.Helper()
	last, err := l.Append(within(t), id, msgs)
	if err != nil {
		t.Fatalf("append %s: %v", id, err)
	}
	if last != want {
		t.Fatalf("append %s: last is %d, want %d", id, last, want)
	}
}

func TestLogBatches(t *testing.T) {
	modes(t, func(t *testing.T, b *Bus, two func() *Bus) {
		l := openLog(t, b, "web.0", 64<<20)
		if last, err := l.Last(within(t)); last != 0 || err != nil {
			t.Fatalf("new log: %d, %v", last, err)
		}
		var want []string
		for _, n := range []int{1, 2, 100, 500, MaxBatch} {
			msgs := make([][]byte, n)
			for i := range msgs {
				want = append(want, fmt.Sprintf("%d batch %d message %d", len(want)+1, n, i))
				_, text, _ := strings.Cut(want[len(want)-1], " ")
				msgs[i] = []byte(text)
			}
			id := "batch " + itoa(n)
			mustAppend(t, l, id, msgs, uint64(len(want)))
			mustAppend(t, l, id, msgs, uint64(len(want))) // known, and not stored again
		}
		heard := listenLog(t, openLog(t, two(), "web.0", 0), 0)
		for _, line := range want {
			heard.want(t, line)
		}
		st, err := l.Stats(within(t))
		if err != nil || st.First != 1 || st.Last != uint64(len(want)) || st.Messages != st.Last || st.Deleted != 0 || st.MaxBytes != 64<<20 {
			t.Fatalf("stats %+v, %v", st, err)
		}
		// A reader that waits hears what comes.
		mustAppend(t, l, "later", texts("news"), st.Last+1)
		heard.want(t, fmt.Sprintf("%d news", st.Last+1))
		// And one begins where it says.
		listenLog(t, l, st.Last).want(t, fmt.Sprintf("%d news", st.Last+1))
	})
}

func TestLogRefuses(t *testing.T) {
	b := open(t, Options{Dir: t.TempDir()})
	l := openLog(t, b, "x", 0)
	for _, c := range []struct {
		name, id string
		msgs     [][]byte
	}{
		{"no id", "", texts("a")},
		{"long id", strings.Repeat("x", MaxIDBytes+1), texts("a")},
		{"no messages", "id", nil},
		{"too many", "id", make([][]byte, MaxBatch+1)},
		{"too long", "id", [][]byte{nil, make([]byte, MaxMessageBytes+1)}},
	} {
		if _, err := l.Append(within(t), c.id, c.msgs); err == nil {
			t.Errorf("%s: appended", c.name)
		}
	}
	if last, err := l.Last(within(t)); last != 0 || err != nil {
		t.Fatalf("refused messages were stored: %d, %v", last, err)
	}
	if _, err := b.Log(within(t), "", LogOptions{}); err == nil {
		t.Error("a log without a name")
	}
}

// TestLogLong appends batches of the longest messages, more than the broker's
// queue holds at once.
func TestLogLong(t *testing.T) {
	b := open(t, Options{Dir: t.TempDir()})
	l := openLog(t, b, "x", 1<<30)
	msgs := make([][]byte, 40)
	for i := range msgs {
		msgs[i] = bytes.Repeat([]byte{byte('a' + i)}, MaxMessageBytes)
	}
	const batches = 4
	errs := make(chan error, batches)
	for i := range batches {
		go func() {
			_, err := l.Append(within(t), itoa(i), msgs)
			errs <- err
		}()
	}
	for range batches {
		if err := <-errs; err != nil {
			t.Fatal(err)
		}
	}
	enough := errors.New("enough")
	err := l.Read(within(t), 0, func(seq uint64, data []byte) error {
		if want := byte('a' + (seq-1)%40); len(data) != MaxMessageBytes || data[0] != want {
			return fmt.Errorf("message %d: %d bytes of %q, want %q", seq, len(data), data[0], want)
		}
		if seq == batches*40 {
			return enough
		}
		return nil
	})
	if err != enough {
		t.Fatal(err)
	}
}

func TestLogFullAndPurge(t *testing.T) {
	modes(t, func(t *testing.T, b *Bus, _ func() *Bus) {
		ctx := within(t)
		l := openLog(t, b, "x", 256<<10)
		msgs := make([][]byte, 10)
		for i := range msgs {
			msgs[i] = bytes.Repeat([]byte("x"), 4096)
		}
		var last uint64
		var err error
		for i := 0; ; i++ {
			var n uint64
			if n, err = l.Append(ctx, itoa(i), msgs); err != nil {
				break
			}
			if last = n; i > 100 {
				t.Fatal("never full")
			}
		}
		if !errors.Is(err, ErrFull) {
			t.Fatalf("got %v, want ErrFull", err)
		}
		if n, err := l.Last(ctx); n != last || err != nil {
			t.Fatalf("a refused batch left %d messages, %v", n-last, err)
		}
		if _, err := l.Append(ctx, "0", msgs); err != nil {
			t.Fatalf("a known batch is refused by a full log: %v", err)
		}
		if err := l.Purge(ctx, last-5); err != nil {
			t.Fatal(err)
		}
		st, err := l.Stats(ctx)
		if err != nil || st.First != last-4 || st.Last != last || st.Messages != 5 || st.Deleted != 0 {
			t.Fatalf("after purge of %d: %+v, %v", last-5, st, err)
		}
		// Who reads from before goes on at the first.
		listenLog(t, l, 0).want(t, fmt.Sprintf("%d %s", last-4, msgs[0]))
		// Beyond the end nothing is skipped.
		for range 2 {
			if err := l.Purge(ctx, last+1000); err != nil {
				t.Fatal(err)
			}
		}
		mustAppend(t, l, "after", texts("a", "b"), last+2)
		listenLog(t, l, last).want(t, fmt.Sprintf("%d a", last+1))
		// More room may be given.
		if st, err := openLog(t, b, "x", 1<<20).Stats(ctx); err != nil || st.MaxBytes != 1<<20 {
			t.Fatalf("a larger log: %+v, %v", st, err)
		}
		if st, err := openLog(t, b, "x", 0).Stats(ctx); err != nil || st.MaxBytes != 1<<20 {
			t.Fatalf("the same log: %+v, %v", st, err)
		}
	})
}

func TestLogNoRoom(t *testing.T) {
	b := open(t, Options{Dir: t.TempDir(), StoreBytes: 8 << 20})
	_, err := b.Log(within(t), "x", LogOptions{MaxBytes: 16 << 20})
	if !errors.Is(err, ErrFull) || !strings.Contains(err.Error(), "StoreBytes") {
		t.Fatalf("got %v", err)
	}
}

// TestLogTorn plants half a batch, as no broker should leave it, and expects
// the repeated batch to be whole.
func TestLogTorn(t *testing.T) {
	b := open(t, Options{Dir: t.TempDir()})
	l := openLog(t, b, "x", 0)
	msgs := texts("a", "b", "c", "d")
	for i := range 2 {
		if _, _, err := l.publish(within(t), "torn", i, msgs[i]); err != nil {
			t.Fatal(err)
		}
	}
	mustAppend(t, l, "torn", msgs, 4)
	heard := listenLog(t, l, 0)
	for i, m := range msgs {
		heard.want(t, fmt.Sprintf("%d %s", i+1, m))
	}
}

// TestLogGap removes a message from the middle behind the log's back.
func TestLogGap(t *testing.T) {
	modes(t, func(t *testing.T, b *Bus, _ func() *Bus) {
		ctx := within(t)
		// A stream that allows deletion, where the log looks for its own.
		cfg := jetstream.StreamConfig{Name: "DOCS_x", Subjects: []string{"docs.x"}, AllowAtomicPublish: true, Duplicates: DupWindow}
		s, err := b.js.CreateStream(ctx, cfg)
		if err != nil {
			t.Fatal(err)
		}
		l := openLog(t, b, "x", 0)
		mustAppend(t, l, "id", texts("a", "b", "c"), 3)
		if err := s.DeleteMsg(ctx, 2); err != nil {
			t.Fatal(err)
		}
		heard := listenLog(t, l, 0)
		heard.want(t, "1 a")
		heard.want(t, "gap")
		if st, err := l.Stats(ctx); err != nil || st.Deleted != 1 {
			t.Fatalf("stats %+v, %v: want one deleted", st, err)
		}
	})
}

func TestLogRewound(t *testing.T) {
	modes(t, func(t *testing.T, b *Bus, _ func() *Bus) {
		l := openLog(t, b, "x", 0)
		mustAppend(t, l, "id", texts("a", "b"), 2)
		listenLog(t, l, 3).want(t, "rewound")
		if err := b.js.DeleteStream(within(t), "DOCS_x"); err != nil {
			t.Fatal(err)
		}
		l = openLog(t, b, "x", 0)
		listenLog(t, l, 2).want(t, "rewound")
	})
}

func TestLogDenyDelete(t *testing.T) {
	b := open(t, Options{Dir: t.TempDir()})
	l := openLog(t, b, "x", 0)
	mustAppend(t, l, "id", texts("a", "b"), 2)
	s, err := b.js.Stream(within(t), l.stream)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteMsg(within(t), 1); err == nil {
		t.Fatal("a message was deleted")
	}
	cfg := s.CachedInfo().Config
	if cfg.Discard != jetstream.DiscardNew || cfg.Compression != jetstream.S2Compression || cfg.Duplicates != DupWindow {
		t.Fatalf("stream settings %+v", cfg)
	}
}

func TestLogReadEnds(t *testing.T) {
	b := open(t, Options{Dir: t.TempDir()})
	l := openLog(t, b, "x", 0)
	mustAppend(t, l, "id", texts("a", "b"), 2)
	boom := errors.New("boom")
	if err := l.Read(within(t), 0, func(uint64, []byte) error { return boom }); err != boom {
		t.Errorf("got %v, want fn's error", err)
	}
	// An error that looks like the end of a wait is fn's all the same.
	if err := l.Read(within(t), 0, func(uint64, []byte) error { return context.DeadlineExceeded }); err != context.DeadlineExceeded {
		t.Errorf("got %v, want fn's error", err)
	}
	ctx, cancel := context.WithCancel(within(t))
	err := l.Read(ctx, 0, func(seq uint64, _ []byte) error {
		if seq == 2 {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

// TestLogReadBusy: a reader that is slower than the broker loses nothing on
// the way, so that it need not begin anew.
func TestLogReadBusy(t *testing.T) {
	var said strings.Builder
	b := open(t, Options{Dir: t.TempDir(), Log: slog.New(slog.NewTextHandler(&said, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	l := openLog(t, b, "busy", 0)
	const total = 4000
	for i := range total / 500 {
		if _, err := l.Append(within(t), itoa(i), benchMessages(500)); err != nil {
			t.Fatal(err)
		}
	}
	enough := errors.New("enough")
	err := l.Read(within(t), 0, func(seq uint64, _ []byte) error {
		if seq == total {
			return enough
		}
		if seq%500 == 252 {
			return pause(t.Context(), 100*time.Millisecond) // all that was asked for comes, and waits in this process
		}
		return nil
	})
	if err != enough {
		t.Fatal(err)
	}
	b.Close()
	for _, line := range strings.Split(said.String(), "\n") {
		if strings.Contains(line, "slow consumer") || strings.Contains(line, "reader starts again") {
			t.Error(line)
		}
	}
}
