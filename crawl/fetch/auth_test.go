package fetch_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

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

func TestJar(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		check := func(from, line, to, want string) {
			t.Helper()
			var j fetch.Jar
			j.Set(parse(t, from), http.Header{"Set-Cookie": {line}})
			if got := j.Cookies(parse(t, to)); got != want {
				t.Errorf("%s set %q; to %s goes %q, want %q", from, line, to, got, want)
			}
		}
		check("http://a.test/", "n=v", "http://a.test/x/y", "n=v")
		check("http://a.test/x/y", "n=v", "http://a.test/x/", "n=v")
		check("http://a.test/x/y", "n=v", "http://a.test/x", "n=v")
		check("http://a.test/x/y", "n=v", "http://a.test/xy", "")
		check("http://a.test/x/y", "n=v; Path=/", "http://a.test/xy", "n=v")
		check("http://a.test/", "n=v; Path=/x/", "http://a.test/x", "")
		check("http://a.test/", "n=v", "http://b.a.test/", "")
		check("http://a.test/", "n=v; Domain=a.test", "http://b.a.test/", "n=v")
		check("http://b.a.test/", "n=v; Domain=.A.test", "http://c.a.test:81/", "n=v")
		check("http://b.a.test/", "n=v; Domain=c.a.test", "http://c.a.test/", "")
		check("http://xa.test/", "n=v; Domain=a.test", "http://a.test/", "")
		check("http://a.test/", "n=v; Domain=test", "http://b.test/", "")
		check("http://a.co.uk/", "n=v; Domain=co.uk", "http://b.co.uk/", "")
		check("http://a.github.io/", "n=v; Domain=github.io", "http://b.github.io/", "")
		check("http://a.github.io/", "n=v; Domain=github.io", "http://a.github.io/", "")
		check("http://github.io/", "n=v; Domain=github.io", "http://github.io/", "n=v")
		check("http://github.io/", "n=v; Domain=github.io", "http://b.github.io/", "")
		check("http://1.2.3.4/", "n=v; Domain=2.3.4", "http://1.2.3.4/", "")
		check("http://1.2.3.4/", "n=v; Domain=1.2.3.4", "http://1.2.3.4/", "n=v")
		check("http://1.2.3.4/", "n=v; Domain=3.4", "http://9.9.3.4/", "")
		check("https://a.test/", "n=v; Secure", "http://a.test/", "")
		check("https://a.test/", "n=v; Secure", "https://a.test/", "n=v")
		check("http://a.test/", "n=v; Secure", "https://a.test/", "")
		check("https://a.test/", "__Host-n=v; Secure; Path=/", "https://a.test/", "__Host-n=v")
		check("https://a.test/", "__Host-n=v; Secure; Path=/; Domain=a.test", "https://a.test/", "")
		check("https://a.test/", "__Secure-n=v", "https://a.test/", "")
		check("http://a.test/", "n=v; Max-Age=0", "http://a.test/", "")
		check("http://a.test/", "n=v; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "http://a.test/", "")
		check("http://a.test/", `n="a b"; HttpOnly; SameSite=Strict`, "http://a.test/", `n="a b"`)
		check("http://a.test/", "novalue", "http://a.test/", "")
		check("http://a.test/", "n="+strings.Repeat("x", 5000), "http://a.test/", "")

		var j fetch.Jar
		u := parse(t, "http://a.test/x/")
		set := func(lines ...string) { j.Set(u, http.Header{"Set-Cookie": lines}) }
		set("a=1; Path=/", "b=2; Max-Age=60", "c=3; Path=/x/y")
		set("a=4; Path=/", "d=5")
		if got := j.Cookies(parse(t, "http://a.test/x/y")); got != "c=3; b=2; d=5; a=4" {
			t.Error(got)
		}
		if v, ok := j.Value(u, "a"); !ok || v != "4" {
			t.Error(v)
		}
		time.Sleep(time.Minute)
		set("a=; Path=/; Max-Age=-1")
		if got := j.Cookies(u); got != "d=5" {
			t.Error(got)
		}
		j.Set(parse(t, "https://a.test/x/"), http.Header{"Set-Cookie": {"d=safe; Secure"}})
		set("d=forged")
		if got := j.Cookies(parse(t, "https://a.test/x/")); got != "d=safe" {
			t.Error(got)
		}
		for i := range 1000 {
			set(fmt.Sprintf("n%d=%s", i, strings.Repeat("x", 4000)))
		}
		if j.Len() != 300 {
			t.Errorf("%d cookies kept", j.Len())
		}
		j.Clear()
		many := make([]string, 200)
		for i := range many {
			many[i] = fmt.Sprintf("m%d=1", i)
		}
		set(many...)
		if j.Len() != 50 {
			t.Errorf("%d cookies of one answer", j.Len())
		}
	})
}

func TestImport(t *testing.T) {
	check := func(data, to, want string, n int) {
		t.Helper()
		var j fetch.Jar
		got, err := j.Import([]byte(data))
		if err != nil {
			if strings.Contains(err.Error(), "hunter") {
				t.Errorf("told: %v", err)
			}
			got = -1
		}
		if have := j.Cookies(parse(t, to)); got != n || have != want {
			t.Errorf("%.60q: %d, %q (%v); want %d, %q", data, got, have, err, n, want)
		}
	}
	const file = "# Netscape HTTP Cookie File\n\n.a.test\tTRUE\t/\tFALSE\t4102444800\tone\t1\n#HttpOnly_a.test\tFALSE\t/\tTRUE\t0\ttwo\t2\r\nb.test\tFALSE\t/\tFALSE\t1\told\tx\n.co.uk\tTRUE\t/\tFALSE\t0\twide\tx\na.test\tFALSE\t/x\tFALSE\t0\tthree\t\n"
	check(file, "https://a.test/x", "three=; one=1; two=2", 3)
	check("\ufeff"+file, "http://w.a.test/", "one=1", 3)
	check("a.test\tFALSE\t/\tFALSE\t0\thunter2\n", "http://a.test/", "hunter2=", 1)
	check("a.test\tFALSE\t/\thunter2\n", "http://a.test/", "", -1)
	check("a.test\tFALSE\t/\tFALSE\thunter2\tn\tv\n", "http://a.test/", "", -1)
	check("", "http://a.test/", "", -1)
	check(strings.Repeat("#\n", 1<<20), "http://a.test/", "", -1)
	const list = `[{"domain":".a.test","expirationDate":4102444800.5,"hostOnly":false,"httpOnly":true,"name":"one","path":"/","secure":true,"session":false,"value":"1"},
		{"domain":"a.test","hostOnly":true,"name":"two","path":"/","value":"2"},{"domain":"a.test","name":"bad","value":"a\r\nX: y"}]`
	check(list, "https://a.test/", "one=1; two=2", 2)
	check(list, "https://w.a.test/", "one=1", 2)
	check(`{"cookies":[{"name":"n","value":"v","domain":"a.test","path":"/","expires":-1,"httpOnly":false,"secure":false,"sameSite":"Lax"}],"origins":[]}`, "http://a.test/", "n=v", 1)
	check(`[{"domain":"a.test","value":hunter2}]`, "http://a.test/", "", -1)
	check(`{}`, "http://a.test/", "", -1)
}

func FuzzImport(f *testing.F) {
	f.Add([]byte("a.test\tFALSE\t/\tFALSE\t0\tn\tv\n"), "n=v; Domain=a.test; Path=/")
	f.Add([]byte(`[{"domain":"a.test","name":"n","value":"v"}]`), "__Host-n=v; Secure")
	u := parse(f, "https://a.test/x")
	f.Fuzz(func(t *testing.T, data []byte, line string) {
		var j fetch.Jar
		n, err := j.Import(data)
		if err == nil && j.Len() > n {
			t.Errorf("%d cookies of %d", j.Len(), n)
		}
		j.Set(u, http.Header{"Set-Cookie": {line}})
		if got := j.Cookies(u); strings.ContainsAny(got, "\r\n\x00") {
			t.Errorf("%q", got)
		}
	})
}

// keeping is a resolver that keeps answers itself.
type keeping struct {
	*crawltest.Web
	asked int
}

func (k *keeping) Caches() bool { return true }
func (k *keeping) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	k.asked++
	return k.Web.LookupNetIP(ctx, network, host)
}

// TestLimits: each setting does what it says.
func TestLimits(t *testing.T) {
	web := crawltest.New(t)
	site := web.Site("a.test")
	site.Page("/*", crawltest.Page{HTML: strings.Repeat("x", 5000)})
	check := func(name string, opt fetch.Options, h http.Handler, want string) {
		t.Helper()
		site.Handle("/", h)
		r, err := newClient(t, web, opt).Get(t.Context(), fetch.Request{URL: parse(t, "http://a.test/")})
		if got := show(r, err); got != want {
			t.Errorf("%s: %s (%v), want %s", name, got, err, want)
		}
	}
	zeros := pack(t, "gzip", make([]byte, 100_000))
	check("MaxRatio", fetch.Options{MaxRatio: 10, RatioGraceBytes: 1}, crawltest.Coded("gzip", zeros), "200 32768 cut:ratio-limit")
	check("no MaxRatio", fetch.Options{MaxRatio: 1e6, RatioGraceBytes: 1}, crawltest.Coded("gzip", zeros), "200 100000")
	twice := pack(t, "gzip", pack(t, "gzip", []byte("body")))
	check("MaxCodings", fetch.Options{MaxCodings: 1}, crawltest.Coded("gzip, gzip", twice), "200 0 cut:decode-error !decode-error")
	check("Max1xx", fetch.Options{Max1xx: 7}, crawltest.Bytes(strings.Repeat("HTTP/1.1 103 E\r\n\r\n", 7)+head+"Content-Length: 1\r\n\r\na"), "200 1")
	check("Max1xx more", fetch.Options{Max1xx: 7}, crawltest.Bytes(strings.Repeat("HTTP/1.1 103 E\r\n\r\n", 8)+head+"Content-Length: 1\r\n\r\na"), "!protocol-error")
	wide := pack(t, "zstd", []byte(strings.Repeat("abcdefgh", 1<<18)))
	check("ZstdWindowBytes", fetch.Options{ZstdWindowBytes: 1 << 20}, crawltest.Coded("zstd", wide), "200 0 cut:decode-error !decode-error")
	long := "http://a.test/" + strings.Repeat("x", 2048-len("http://a.test/"))
	c := newClient(t, web, fetch.Options{})
	for url, want := range map[string]string{long: "200 5000", long + "y": "!url-limit"} {
		r, err := c.Get(t.Context(), fetch.Request{URL: parse(t, url)})
		if got := show(r, err); got != want || len(fmt.Sprint(err)) > 2300 {
			t.Errorf("%d bytes: %s, want %s", len(url), got, want)
		}
	}
	site.Robots("User-agent: *\nDisallow: /" + strings.Repeat("x", 900) + "\nDisallow: /late\n")
	for _, most := range []int64{0, 500} {
		a := newClient(t, web, fetch.Options{MaxRobotsBytes: most}).Robots(t.Context(), parse(t, "http://a.test/"))
		if a.Rules.Allowed("Trawl", "/late") != (most > 0) {
			t.Errorf("MaxRobotsBytes %d: %d bytes read", most, len(a.Body))
		}
	}
	k := &keeping{Web: web}
	c = fetch.New(fetch.Options{Resolver: k, Dial: web.Dial})
	for range 3 {
		if r, err := c.Get(t.Context(), fetch.Request{URL: parse(t, "http://a.test/x")}); err != nil {
			t.Error(show(r, err))
		}
		c.Close() // the next request connects anew
	}
	if k.asked != 3 {
		t.Errorf("a resolver that keeps answers was asked %d times for 3 connections", k.asked)
	}
	synctest.Test(t, func(t *testing.T) {
		web := crawltest.NewInMemory(t)
		web.Site("a.test").SetLookup(func(int) (out []netip.Addr, err error) {
			for i := range 20 {
				out = append(out, netip.AddrFrom4([4]byte{9, 200, 0, byte(i)}))
			}
			return out, nil
		})
		c := newClient(t, web, fetch.Options{MaxAddrs: 3})
		r, err := c.Get(t.Context(), fetch.Request{URL: parse(t, "http://a.test/")})
		if show(r, err) != "!connect" || len(web.Refused()) != 3 {
			t.Errorf("MaxAddrs: %s, %d dialled", show(r, err), len(web.Refused()))
		}
	})
}
