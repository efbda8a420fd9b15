package crawltest

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// client is a plain client of a web, resolving by itself as fetch does.
func client(w *Web) *http.Client {
	dial := func(ctx context.Context, network, addr string) (net.Conn, error) {
		host, port, _ := net.SplitHostPort(addr)
		addrs, err := w.LookupNetIP(ctx, "ip", host)
		if err != nil {
			return nil, err
		}
		return w.Dial(ctx, "tcp", net.JoinHostPort(addrs[0].String(), port))
	}
	t := &http.Transport{DialContext: dial, ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: w.RootCAs()}}
	return &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func get(t *testing.T, c *http.Client, url string, header ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequest("GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(b)
}

func TestWeb(t *testing.T) {
	w := New(t)
	c := client(w)
	defer c.CloseIdleConnections()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	a := w.Site("a.test").Robots("User-agent: *\n").Redirect("/old", 301, "../new?x#y").Sitemap("/map", "http://a.test/?a&b")
	a.Page("/", Page{Title: "A & B", Text: "text", Links: []string{"/x?a&b"}, ETag: `"1"`, LastModified: at})
	w.Site("*.wild.test").Page("/*", Page{HTML: "wild"})

	resp, body := get(t, c, "http://a.test/?q=1")
	if resp.StatusCode != 200 || !strings.Contains(body, "<title>A &amp; B</title>") || !strings.Contains(body, `href="/x?a&amp;b"`) {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
	for _, h := range []string{"If-None-Match", resp.Header.Get("ETag"), "If-Modified-Since", resp.Header.Get("Last-Modified")} {
		if h == "" {
			t.Fatal("no validators")
		}
	}
	if resp, _ := get(t, c, "http://a.test/", "If-None-Match", `"1"`); resp.StatusCode != 304 {
		t.Errorf("If-None-Match: %d", resp.StatusCode)
	}
	if resp, _ := get(t, c, "http://a.test/", "If-Modified-Since", at.Format(http.TimeFormat)); resp.StatusCode != 304 {
		t.Errorf("If-Modified-Since: %d", resp.StatusCode)
	}
	if resp, _ := get(t, c, "https://a.test/old"); resp.StatusCode != 301 || resp.Header.Get("Location") != "../new?x#y" || resp.Proto != "HTTP/2.0" {
		t.Errorf("%s %d %q", resp.Proto, resp.StatusCode, resp.Header.Get("Location"))
	}
	if resp, _ := get(t, c, "http://a.test/none"); resp.StatusCode != 404 {
		t.Errorf("%d for a path that is not there", resp.StatusCode)
	}
	if _, body := get(t, c, "http://x.y.wild.test/z"); body != "wild" {
		t.Errorf("wild card: %q", body)
	}
	if _, body := get(t, c, "http://a.test/map"); !strings.Contains(body, "<loc>http://a.test/?a&amp;b</loc>") {
		t.Errorf("%s", body)
	}
	if got := []int{w.Hits("a.test", "/"), w.Hits("a.test", "/?q=1"), w.Hits("a.test", ""), w.Hits("b.test", ""), w.Lookups("a.test")}; !reflect.DeepEqual(got, []int{3, 1, 6, 0, 2}) {
		t.Errorf("counts %v", got)
	}
	if r := w.RequestsTo("a.test", "/")[1]; r.Status != 304 || r.Start.After(r.End) || r.Header.Get("If-None-Match") != `"1"` {
		t.Errorf("%+v", r)
	}
	if _, err := w.LookupNetIP(t.Context(), "ip", "b.test"); err == nil {
		t.Error("b.test was found")
	}
}

func TestDial(t *testing.T) {
	w := New(t)
	canary := NewCanary(t)
	ctx := t.Context()
	w.Site("a.test").SetAddrs("10.0.0.1", "9.9.9.9")
	for addr, ok := range map[string]bool{"9.9.9.9:80": true, "9.9.9.9:443": true, canary.Addr(): true, "10.0.0.1:80": false, "9.9.9.8:80": false, "a.test:80": false} {
		c, err := w.Dial(ctx, "tcp", addr)
		if (err == nil) != ok {
			t.Errorf("%s: %v", addr, err)
		}
		if err == nil {
			if addr == canary.Addr() {
				io.WriteString(c, "GET / HTTP/1.1\r\n\r\n")
				io.Copy(io.Discard, c) // it counts before it answers
			}
			c.Close()
		}
	}
	if canary.Connections() != 1 {
		t.Errorf("%d connections", canary.Connections())
	}
	if got := w.Refused(); len(got) != 2 {
		t.Errorf("refused %v", got)
	}
	w.Site("a.test").SetDown(true)
	if _, err := w.Dial(ctx, "tcp", "9.9.9.9:80"); err == nil {
		t.Error("a site that is down was reached")
	}
}

// TestInFlight, in fake time: three requests that take an hour each.
func TestInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewInMemory(t)
		c := client(w)
		for _, host := range []string{"a.test", "b.test"} {
			w.Site(host).SetAddrs("9.1.1.1").Page("/", Page{HTML: "x", Delay: time.Hour})
		}
		done := make(chan struct{})
		for _, url := range []string{"http://a.test/", "http://b.test/", "https://b.test/"} {
			go func() {
				get(t, c, url)
				done <- struct{}{}
			}()
		}
		start := time.Now()
		for range 3 {
			<-done
		}
		if d := time.Since(start); d != time.Hour {
			t.Errorf("took %v", d)
		}
		if a, b, both := w.MaxInFlight("a.test"), w.MaxInFlight("b.test"), w.MaxInFlightAddr(netip.MustParseAddr("9.1.1.1")); a != 1 || b != 2 || both != 3 {
			t.Errorf("in flight %d %d %d", a, b, both)
		}
		c.CloseIdleConnections()
	})
}

func TestGenerate(t *testing.T) {
	for _, n := range []int{1, 2, 9, 500} {
		g := Generate(7, n)
		if !reflect.DeepEqual(g, Generate(7, n)) {
			t.Fatalf("%d pages: not the same twice", n)
		}
		if n > 1 && reflect.DeepEqual(g.Pages, Generate(8, n).Pages) {
			t.Errorf("%d pages: the same for another seed", n)
		}
		if len(g.Pages) != n {
			t.Errorf("%d pages, want %d", len(g.Pages), n)
		}
		all := ""
		titles := map[string]bool{}
		for _, p := range g.Pages {
			all += " " + strings.ToLower(p.Text)
			titles[p.Title] = true
		}
		if len(titles) != n {
			t.Errorf("%d titles of %d pages", len(titles), n)
		}
		for _, p := range g.Pages {
			if c := strings.Count(all, p.Word); c != 1 {
				t.Errorf("%s stands in the site %d times", p.Word, c)
			}
		}
		reached := map[string]bool{"/": true}
		for queue := []string{"/"}; len(queue) > 0; queue = queue[1:] {
			for _, l := range g.Pages[g.byPath[queue[0]]].Links {
				if !reached[l] {
					reached[l] = true
					queue = append(queue, l)
				}
			}
		}
		if len(reached) != n {
			t.Errorf("%d of %d pages can be reached", len(reached), n)
		}
	}
	w := New(t)
	c := client(w)
	defer c.CloseIdleConnections()
	g := Generate(1, 100)
	w.Site("g.test").Mount(g)
	p := g.Pages[99]
	resp, body := get(t, c, "http://g.test"+p.Path)
	if !strings.Contains(body, "<title>"+p.Title+"</title>") || !strings.Contains(strings.ToLower(body), p.Word) {
		t.Errorf("%s", body)
	}
	if resp, _ := get(t, c, "http://g.test"+p.Path, "If-None-Match", resp.Header.Get("ETag")); resp.StatusCode != 304 {
		t.Errorf("%d", resp.StatusCode)
	}
}

func TestDir(t *testing.T) {
	root := t.TempDir()
	put := func(name, text string) {
		name = filepath.Join(root, name)
		os.MkdirAll(filepath.Dir(name), 0o755)
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	put("site/index.html", "home")
	put("site/sub/index.html", "sub")
	put("site/sub/a b.txt", "file")
	put("secret", "secret")
	if err := os.Symlink("../secret", filepath.Join(root, "site/out")); err != nil {
		t.Skip(err)
	}
	w := New(t)
	c := client(w)
	defer c.CloseIdleConnections()
	w.Site("d.test").Mount(Dir(t, filepath.Join(root, "site")))
	check := func(target string, status int, want, contentType string) {
		t.Helper()
		resp, body := get(t, c, "http://d.test"+target)
		if resp.StatusCode != status || want != "" && body != want || contentType != "" && resp.Header.Get("Content-Type") != contentType {
			t.Errorf("%s: %d %q %v", target, resp.StatusCode, body, resp.Header)
		}
		if status != 200 {
			return
		}
		if resp, _ := get(t, c, "http://d.test"+target, "If-Modified-Since", resp.Header.Get("Last-Modified")); resp.StatusCode != 304 {
			t.Errorf("%s: %d when nothing changed", target, resp.StatusCode)
		}
	}
	check("/", 200, "home", "text/html")
	check("/index.html", 200, "home", "text/html")
	check("/sub", 301, "", "")
	check("/sub/", 200, "sub", "text/html")
	check("/sub/a%20b.txt", 200, "file", "text/plain")
	check("/none", 404, "", "")
	check("/../secret", 404, "", "")
	check("/out", 404, "", "")
}

// TestRemote: another process would see the same web.
func TestRemote(t *testing.T) {
	w := New(t)
	w.Site("a.test").Page("/", Page{HTML: "remote"})
	w.Site("raw.test").Listen(99, func(c net.Conn) { io.WriteString(c, "raw") })
	b, err := json.Marshal(w.Remote())
	if err != nil {
		t.Fatal(err)
	}
	var r Remote
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	addrs, err := r.LookupNetIP(t.Context(), "ip", "raw.test")
	if err != nil || len(addrs) != 1 {
		t.Fatalf("%v, %v", addrs, err)
	}
	c, err := r.Dial(t.Context(), "tcp", netip.AddrPortFrom(addrs[0], 99).String())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(c); string(got) != "raw" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	c.Close()
	if _, err := r.Dial(t.Context(), "tcp", "9.9.9.9:80"); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("an address where nobody is: %v", err)
	}
	var dns *net.DNSError
	if _, err := r.LookupNetIP(t.Context(), "ip", "none.test"); !errors.As(err, &dns) || !dns.IsNotFound {
		t.Errorf("a name that is not there: %v", err)
	}
	client := &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, hostport string) (net.Conn, error) {
			host, port, _ := net.SplitHostPort(hostport)
			addrs, err := r.LookupNetIP(ctx, "ip", host)
			if err != nil {
				return nil, err
			}
			return r.Dial(ctx, network, net.JoinHostPort(addrs[0].String(), port))
		},
		TLSClientConfig: &tls.Config{RootCAs: r.RootCAs()},
	}}
	for _, url := range []string{"http://a.test/", "https://a.test/"} {
		if _, body := get(t, client, url); body != "remote" {
			t.Errorf("%s: %q", url, body)
		}
	}
	client.CloseIdleConnections()
}

// TestCounters in fake time: an answer of 5 bytes, twice, a minute apart.
func TestCounters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewInMemory(t)
		c := client(w)
		w.Site("a.test").Page("/x", Page{HTML: "12345"})
		w.Canary()
		for range 2 {
			get(t, c, "http://a.test/x?q")
			time.Sleep(time.Minute)
		}
		n := w.Counters()["a.test/x"]
		if n == nil || n.Requests != 2 || n.Bytes != 10 || n.LeastGap != time.Minute || n.GreatestGap != time.Minute || n.Statuses[200] != 2 {
			t.Errorf("%+v", n)
		}
		if w.Total() != 2 || w.Dials("a.test") != 1 || !strings.Contains(string(w.CountersJSON()), `"a.test/x"`) {
			t.Errorf("%d requests, %d connections, %s", w.Total(), w.Dials("a.test"), w.CountersJSON())
		}
		conn, err := w.Dial(t.Context(), "tcp", "169.254.169.254:80")
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(conn, "GET / HTTP/1.1\r\n\r\n")
		if b, _ := io.ReadAll(conn); !strings.HasSuffix(string(b), "secret") || w.Canary().Connections() != 1 {
			t.Errorf("%q, %d connections", b, w.Canary().Connections())
		}
		conn.Close()
		c.CloseIdleConnections()
	})
}
