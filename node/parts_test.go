package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/trawlsearch/trawl/api"
	"github.com/trawlsearch/trawl/document"
)

func TestLock(t *testing.T) {
	dir := t.TempDir()
	if _, held := ReadOccupant(dir); held {
		t.Error("an empty directory is held")
	}
	l, err := lockDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, held := ReadOccupant(dir); held {
		t.Error("told of a holder that has not started")
	}
	if err := l.occupy(Occupant{PID: os.Getpid(), Listen: "127.0.0.1:7"}); err != nil {
		t.Fatal(err)
	}
	if o, held := ReadOccupant(dir); !held || o.PID != os.Getpid() || o.Listen != "127.0.0.1:7" {
		t.Errorf("got %+v, %v", o, held)
	}
	cfg, err := Load("", env(), map[string]string{"data": dir})
	if err != nil {
		t.Fatal(err)
	}
	_, err = Open(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if want := fmt.Sprintf("process %d", os.Getpid()); !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "--data") {
		t.Errorf("second Open: %v", err)
	}
	if err := l.release(); err != nil {
		t.Fatal(err)
	}
	if _, held := ReadOccupant(dir); held {
		t.Error("held after release")
	}
	// The next holder does not inherit the address of the last.
	if l, err = lockDir(dir); err != nil {
		t.Fatal(err)
	}
	defer l.release()
	if o, held := ReadOccupant(dir); held {
		t.Errorf("the last holder's words stand: %+v", o)
	}
}

func TestAuthorize(t *testing.T) {
	for _, tc := range []struct {
		name, token, remote, host string
		header                    map[string]string
		inside, want              bool
	}{
		{name: "this machine", remote: "127.0.0.1:5", host: "127.0.0.1:8080", want: true},
		{name: "this machine by name", remote: "[::1]:5", host: "localhost:8080", want: true},
		{name: "this machine by IPv6", remote: "[::1]:5", host: "[::1]:8080", want: true},
		{name: "another machine", remote: "10.0.0.7:5", host: "10.0.0.1:8080"},
		{name: "another machine that lies", remote: "10.0.0.7:5", host: "localhost:8080"},
		{name: "a name re-bound to loopback", remote: "127.0.0.1:5", host: "evil.example:8080"},
		{name: "a proxy's client", remote: "127.0.0.1:5", host: "127.0.0.1:8080", header: map[string]string{"X-Forwarded-For": "203.0.113.9"}},
		{name: "no address", remote: "", host: ""},
		{name: "in the process", remote: "in-process", host: "trawl", inside: true, want: true},
		{name: "token", token: "s3cret", remote: "10.0.0.7:5", host: "search.example", header: map[string]string{"Authorization": "Bearer s3cret"}, want: true},
		{name: "token through a proxy", token: "s3cret", remote: "127.0.0.1:5", host: "x", header: map[string]string{"Authorization": "Bearer s3cret", "X-Forwarded-For": "1.2.3.4"}, want: true},
		{name: "wrong token", token: "s3cret", remote: "127.0.0.1:5", host: "localhost", header: map[string]string{"Authorization": "Bearer s3cre"}},
		{name: "token needed on this machine too", token: "s3cret", remote: "127.0.0.1:5", host: "localhost:8080"},
		{name: "token not inherited in the process", token: "s3cret", remote: "in-process", host: "trawl", inside: true},
	} {
		g := &gateway{node: &Node{cfg: Config{AdminToken: tc.token}}}
		r := httptest.NewRequest("POST", "/", nil)
		r.RemoteAddr, r.Host = tc.remote, tc.host
		for k, v := range tc.header {
			r.Header.Set(k, v)
		}
		if tc.inside {
			a, b := net.Pipe()
			defer a.Close()
			defer b.Close()
			r = r.WithContext(markInProcess(r.Context(), pipeConn{a}))
		}
		if err := g.authorize(r); (err == nil) != tc.want {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}

func TestHealth(t *testing.T) {
	h := newHealth()
	ask := func() (int, map[string]string) {
		w := httptest.NewRecorder()
		h.ready(w, nil)
		var body struct{ Reasons map[string]string }
		if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
			t.Fatal(err)
		}
		return w.Code, body.Reasons
	}
	want := func(step string, code int, part, reason string) {
		t.Helper()
		if got, reasons := ask(); got != code || reasons[part] != reason {
			t.Errorf("%s: %d %v, want %d with %s: %q", step, got, reasons, code, part, reason)
		}
	}
	want("new", 503, "process", "starting")
	h.started()
	want("started", 200, "process", "")
	h.set("broker", "away")
	want("broker away", 503, "broker", "away")
	h.set("broker", "")
	h.opening = func() string { return "web.000" }
	want("opening", 503, "searcher", "opening shard web.000")
	h.opening = nil
	want("open", 200, "searcher", "")
	h.draining()
	want("draining", 503, "process", "stopping")
	w := httptest.NewRecorder()
	h.live(w, nil)
	if w.Code != http.StatusOK {
		t.Errorf("a draining process lives: got %d", w.Code)
	}
}

// TestShardOf holds the rule to what it is written to be: the first four bytes
// of the key, big endian. TestLineInShards holds it to the crawler.
func TestShardOf(t *testing.T) {
	k := document.Key{0x01, 0x02, 0x03, 0x04, 0xff}
	for shards, want := range map[int]int{0: 0, 1: 0, 2: 0, 3: 0x01020304 % 3, 256: 4} {
		if got := shardOf(k, shards); got != want {
			t.Errorf("%d shards: got %d, want %d", shards, got, want)
		}
	}
}

func TestAdvertised(t *testing.T) {
	if got := advertised(&net.TCPAddr{IP: net.IPv4(10, 1, 2, 3), Port: 7}); got != "10.1.2.3:7" {
		t.Errorf("got %s", got)
	}
	host, port, err := net.SplitHostPort(advertised(&net.TCPAddr{IP: net.IPv6unspecified, Port: 7}))
	if ip := net.ParseIP(host); err != nil || port != "7" || ip == nil || ip.IsUnspecified() {
		t.Errorf("got %s:%s, %v", host, port, err)
	}
}

// TestBoard: trouble does not make a partition forget what it has, and a
// commit wakes who follows it.
func TestBoard(t *testing.T) {
	b := newBoard()
	p := partition{"web", 1, 0}
	wake, cancel := b.subscribe(p)
	defer cancel()
	say := func(n commitNote) {
		body, _ := json.Marshal(n)
		b.commit(noteSubject(p), body)
	}
	say(commitNote{Created: time.Unix(1, 0), Committed: 5, Docs: 4})
	select {
	case <-wake:
	default:
		t.Error("a commit wakes nobody")
	}
	say(commitNote{Trouble: "no disk"})
	if n, _ := b.lastCommit(p); n.Committed != 5 || n.Docs != 4 || n.Trouble != "no disk" {
		t.Errorf("got %+v", n)
	}
	say(commitNote{Created: time.Unix(1, 0), Committed: 5, Docs: 4})
	if n, _ := b.lastCommit(p); n.Trouble != "" {
		t.Errorf("trouble stays: %+v", n)
	}
	b.commit(noteSubject(p), []byte("not json"))
	b.crawl(crawlSubject+"web", []byte("{"))
	if _, ok := b.crawlOf("web", time.Hour); ok {
		t.Error("somebody else's words were taken for a status")
	}
}

// TestBoardEnds: when one of its two ears fails, the board tells so at once.
func TestBoardEnds(t *testing.T) {
	deaf := errors.New("deaf")
	err := newBoard().run(t.Context(), func(ctx context.Context, subject string, _ func(string, []byte)) error {
		if strings.HasPrefix(subject, "manifest.") {
			return deaf
		}
		<-ctx.Done()
		return ctx.Err()
	})
	if !errors.Is(err, deaf) {
		t.Errorf("got %v", err)
	}
}

func TestSettingsChanged(t *testing.T) {
	src := func(f func(*api.Source)) api.Collection {
		s := api.Source{Seeds: []string{"http://a.test/"}, Delay: 1}
		f(&s)
		return api.Collection{Name: "web", Source: &s}
	}
	base := src(func(*api.Source) {})
	for _, tc := range []struct {
		name string
		next api.Collection
		want bool
	}{
		{"nothing", src(func(*api.Source) {}), false},
		{"more seeds", src(func(s *api.Source) { s.Seeds = append(s.Seeds, "http://b.test/") }), false},
		{"delay", src(func(s *api.Source) { s.Delay = 2 }), true},
		{"scope", src(func(s *api.Source) { s.Scope = "any" }), true},
		{"no seeds", src(func(s *api.Source) { s.Seeds = nil }), true},
		{"no source", api.Collection{Name: "web"}, true},
	} {
		if got := settingsChanged(base, tc.next); got != tc.want {
			t.Errorf("%s: got %v", tc.name, got)
		}
	}
}
