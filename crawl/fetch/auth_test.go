package fetch_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/trawlsearch/trawl/crawl/crawltest"
	"github.com/trawlsearch/trawl/crawl/fetch"
	"github.com/trawlsearch/trawl/weburl"
)

// TestSecret: however it is printed, alone or as a part.
func TestSecret(t *testing.T) {
	s := fetch.NewSecret("hunter2")
	type outer struct {
		S      fetch.Secret
		hidden fetch.Secret
		P      *fetch.Secret
		L      []fetch.Secret
		C      fetch.Credential
		R      fetch.Request
		O      fetch.Options
	}
	basic := fetch.Basic("http://a.test", "me", s)
	o := outer{s, s, &s, []fetch.Secret{s}, basic, fetch.Request{Post: s}, fetch.Options{Auth: []fetch.Authenticator{basic}, Proxies: []fetch.ProxyRoute{{Proxies: []fetch.Proxy{{Password: s}}}}}}
	var log bytes.Buffer
	l := slog.New(slog.NewJSONHandler(&log, nil))
	l.Info("x", "s", s, "o", fmt.Sprint(o), "any", slog.AnyValue(struct{ S fetch.Secret }{s}))
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "s", s, "c", basic)
	text := log.String()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T %v"} {
		text += fmt.Sprintf(verb, s) + fmt.Sprintf(verb, o) + fmt.Sprintf(verb, &o)
	}
	b, err := json.Marshal(map[string]any{"s": s, "c": basic, "p": &s})
	if err != nil {
		t.Fatal(err)
	}
	text += string(b) + fmt.Sprint(fmt.Errorf("x: %v", s)) + s.String()
	for _, leak := range []string{"hunter2", "68756e74657232", "bWU6aHVudGVyMg"} { // as text, hexadecimal, and as a part of Basic
		if strings.Contains(text, leak) {
			t.Errorf("%q stands in %s", leak, text)
		}
	}
	if s.Reveal() != "hunter2" || s.IsZero() || !(fetch.Secret{}).IsZero() || (fetch.Secret{}).Reveal() != "" || !strings.Contains(string(b), `"s":"***"`) {
		t.Errorf("%q, %s", s.Reveal(), b)
	}
	var back struct{ S fetch.Secret }
	if err := json.Unmarshal([]byte(`{"S":"abc"}`), &back); err != nil || back.S.Reveal() != "abc" {
		t.Errorf("%q, %v", back.S.Reveal(), err)
	}
	_ = o.hidden
}

// TestCredentials: bound to an origin, on every way there and away from it.
func TestCredentials(t *testing.T) {
	web := crawltest.New(t)
	a := web.Site("a.test").Page("/*", crawltest.Page{HTML: "a"})
	web.Site("b.test").Page("/*", crawltest.Page{HTML: "b"}).Redirect("/back", 302, "http://a.test/in")
	a.Redirect("/out", 302, "http://b.test/").Redirect("/up", 307, "https://a.test/").Redirect("/round", 302, "http://b.test/back")
	a.Redirect("/robots.txt", 301, "http://b.test/robots.txt")
	a.Page("/cookie", crawltest.Page{HTML: "x", Header: http.Header{"Set-Cookie": {"sid=hunter3; Path=/; HttpOnly", "bare"}}})
	var log bytes.Buffer
	jar := &fetch.Jar{}
	c := newClient(t, web, fetch.Options{
		Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Auth: []fetch.Authenticator{
			fetch.Bearer("http://A.test:80", fetch.NewSecret("hunter2")),
			fetch.Credential{Origin: "http://a.test", Field: "X-Key", Value: fetch.NewSecret("hunter2")},
			fetch.CookieSession{Jar: jar, Only: []string{"http://a.test", "no origin"}},
		},
	})
	for _, path := range []string{"/", "/out", "/up", "/round", "/cookie", "/again"} {
		r, hops, err := c.Follow(t.Context(), fetch.Request{URL: parse(t, "http://a.test"+path)}, nil)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if s := fmt.Sprintf("%+v %+v", r, hops); strings.Contains(s, "hunter") {
			t.Errorf("%s is kept: %s", path, s)
		}
		if at := r.URL.Origin(); (r.RequestHeader.Get("Authorization") == fetch.Masked) != (at == "http://a.test") {
			t.Errorf("%s: %v", r.URL, r.RequestHeader)
		}
	}
	c.Robots(t.Context(), parse(t, "http://a.test/"))
	web.Site("a.test").Handle("/reset", crawltest.Reset(""))
	_, err := c.Get(t.Context(), fetch.Request{URL: parse(t, "http://a.test/reset")})
	_, err2 := c.Get(t.Context(), fetch.Request{URL: parse(t, "http://u:hunter4@none.test/")})
	_, _, err3 := c.Follow(t.Context(), fetch.Request{URL: parse(t, "http://a.test/out")}, func(weburl.URL) error { return errors.New("no") })
	a.Redirect("/named", 302, "http://u:hunter5@b.test/")
	_, _, err4 := c.Follow(t.Context(), fetch.Request{URL: parse(t, "http://a.test/named")}, func(weburl.URL) error { return errors.New("no") })
	if s := fmt.Sprint(err, err2, err3, err4) + log.String(); strings.Contains(s, "hunter") || err == nil || err2 == nil || err3 == nil || err4 == nil {
		t.Errorf("told: %s", s)
	}
	n := 0
	for _, r := range web.Requests() {
		// Every host of the web serves both schemes: HTTP/2 is https here.
		home := r.Host == "a.test" && r.Proto == "HTTP/1.1"
		got := r.Header.Get("Authorization") == "Bearer hunter2" && r.Header.Get("X-Key") == "hunter2"
		if got != home || !home && (r.Header.Get("Authorization") != "" || r.Header.Get("X-Key") != "" || r.Header.Get("Cookie") != "") {
			t.Errorf("%s %s%s: %v", r.Proto, r.Host, r.Target, r.Header)
		}
		if r.Target == "/again" && r.Header.Get("Cookie") == "sid=hunter3" {
			n++
		}
	}
	if n != 1 {
		t.Error("the session's cookie did not come back")
	}
}

// An authenticator of the test.
type script struct {
	sign     func(h http.Header) error
	answered func(r *fetch.Response) (bool, error)
}

func (s script) Origins() []string { return []string{"http://a.test"} }
func (s script) Sign(_ context.Context, _ fetch.Sender, _ weburl.URL, h http.Header) (fetch.SessionID, error) {
	return 7, s.sign(h)
}
func (s script) Answered(_ context.Context, _ fetch.Sender, n fetch.SessionID, r *fetch.Response) (bool, error) {
	if n != 7 {
		return false, errors.New("another session")
	}
	return s.answered(r)
}

// TestAuthenticator: what its answers do to a request.
func TestAuthenticator(t *testing.T) {
	fine := func(*fetch.Response) (bool, error) { return false, nil }
	plain := func(http.Header) error { return nil }
	check := func(name string, s script, want string, requests int) {
		t.Helper()
		web := crawltest.New(t)
		web.Site("a.test").Page("/", crawltest.Page{HTML: "a"})
		c := newClient(t, web, fetch.Options{Auth: []fetch.Authenticator{s}})
		r, err := c.Get(t.Context(), fetch.Request{URL: parse(t, "http://a.test/")})
		if got := show(r, err); got != want || web.Hits("a.test", "") != requests {
			t.Errorf("%s: %s (%v), %d requests; want %s, %d", name, got, err, web.Hits("a.test", ""), want, requests)
		}
	}
	check("fine", script{plain, fine}, "200 1", 1)
	check("always again", script{plain, func(*fetch.Response) (bool, error) { return true, nil }}, "200 1", 2)
	check("no login", script{func(http.Header) error { return errors.New("x") }, fine}, "!needs-auth", 0)
	check("refused", script{func(http.Header) error { return fmt.Errorf("x: %w", fetch.ErrRefused) }, fine}, "!refused", 0)
	check("login server down", script{func(http.Header) error { return &fetch.Error{Class: fetch.ClassConnect} }, fine}, "!connect", 0)
	check("not let in", script{plain, func(*fetch.Response) (bool, error) { return false, errors.New("x") }}, "200 1 !needs-auth", 1)
}
