package fetch_test

import (
	"context"
	"fmt"
	"net"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/trawlsearch/trawl/crawl/crawltest"
	"github.com/trawlsearch/trawl/crawl/fetch"
)

// A bed is one row of the hostile web and a client before it. What follows are
// the pass criteria of the suite hostile-web.tsv as far as a fetch can meet
// them; those about a whole crawl are tested there.
type bed struct {
	*testing.T
	row    crawltest.Row
	web    *crawltest.Web
	client *fetch.Client
	start  time.Time
}

// onRow runs a test of one row, named by it, in fake time where the row is not
// about sockets.
func onRow(t *testing.T, id string, f func(b *bed)) {
	t.Run(id, func(t *testing.T) {
		row, ok := crawltest.HostileRow(id)
		if !ok {
			t.Fatal("no such row")
		}
		// A refused certificate wants buffers between the two: an alert and the
		// rest of a handshake cross.
		sockets := row.Sockets || id == "N01"
		run := func(t *testing.T) {
			b := &bed{T: t, row: row, web: crawltest.NewInMemory(t)}
			if sockets {
				b.web = crawltest.New(t)
			}
			row.Install(b.web)
			b.client = newClient(t, b.web, fetch.Options{})
			b.start = time.Now()
			f(b)
		}
		if sockets {
			run(t)
		} else {
			synctest.Test(t, run)
		}
	})
}

// get asks for an address and expects an outcome as show has it, without the
// length of the body.
func (b *bed) get(url, want string) *fetch.Response {
	b.Helper()
	r, err := b.client.Get(b.Context(), fetch.Request{URL: parse(b, url)})
	if got := brief(r, err); got != want {
		b.Errorf("%s: %s (%v), want %s", url, got, err, want)
	}
	return r
}

var lengthOf = regexp.MustCompile(`^(\d+) \d+`)

func brief(r *fetch.Response, err error) string {
	return lengthOf.ReplaceAllString(show(r, err), "$1")
}

// within holds the row to a time.
func (b *bed) within(d time.Duration) {
	b.Helper()
	if took := time.Since(b.start); took > d {
		b.Errorf("took %v, want at most %v", took, d)
	}
}

func (b *bed) requests(host string, most int) {
	b.Helper()
	if n := b.web.Hits(host, ""); n < 1 || n > most {
		b.Errorf("%s: %d requests, want 1 to %d", host, n, most)
	}
}

// quiet holds the row to no connection to what is private.
func (b *bed) quiet() {
	b.Helper()
	if n := b.web.Canary().Connections(); n != 0 {
		b.Errorf("%d connections to the canary", n)
	}
	if list := b.web.Refused(); len(list) != 0 {
		b.Errorf("dialled %v", list)
	}
}

// TestRows: S01 to S06, B01 to B12, N01 to N03, N06 and D04.
func TestRows(t *testing.T) {
	lures := func(b *bed) {
		body := string(b.get(b.row.Seeds[0], "200").Body)
		n := 0
		for _, m := range regexp.MustCompile(`href="(http[^"]*)"`).FindAllStringSubmatch(body, -1) {
			b.get(m[1], "!private-address")
			n++
		}
		if n < 4 {
			b.Errorf("%d lures", n)
		}
		b.quiet()
	}
	onRow(t, "S01", lures)
	onRow(t, "S02", lures)
	onRow(t, "S03", func(b *bed) {
		b.get("http://rebind.test/", "200")
		time.Sleep(time.Hour)
		b.get("http://rebind.test/page1", "!private-address")
		b.quiet()
	})
	onRow(t, "S04", func(b *bed) {
		_, _, err := b.client.Follow(b.Context(), fetch.Request{URL: parse(b, b.row.Seeds[0])}, nil)
		if fetch.ClassOf(err) != fetch.ClassPrivateAddress {
			b.Error(err)
		}
		b.quiet()
	})
	onRow(t, "S05", func(b *bed) {
		b.get("file:///etc/passwd", "!bad-scheme")
		b.get("http://"+b.web.Canary().Addr()+"/secret", "!private-address")
		b.quiet()
	})
	onRow(t, "S06", func(b *bed) {
		b.get("http://user:pass@s06.test/x@evil/", "200")
		if _, _, err := b.client.Follow(b.Context(), fetch.Request{URL: parse(b, "http://s06.test/go")}, nil); err != nil {
			b.Error(err)
		}
		for _, r := range b.web.Requests() {
			if r.Header.Get("Authorization") != "" {
				b.Errorf("%s: credentials of an address were sent", r.Target)
			}
		}
		b.requests("s06.test", 3)
	})
	endless := func(b *bed) {
		r := b.get(b.row.Seeds[0], "200 cut:body-limit")
		if len(r.Body) != 10<<20 {
			b.Errorf("%d bytes kept", len(r.Body))
		}
		for _, q := range b.web.Requests() {
			if q.Bytes > 10<<20+64<<10 {
				b.Errorf("%d bytes taken", q.Bytes)
			}
		}
	}
	onRow(t, "B01", endless)
	onRow(t, "B02", endless)
	bombs := func(want map[string]string) func(b *bed) {
		return func(b *bed) {
			for _, url := range b.row.Seeds {
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				b.get(url, want[url[strings.LastIndex(url, "/"):]])
				runtime.ReadMemStats(&after)
				if n := after.TotalAlloc - before.TotalAlloc; n > 32<<20 {
					b.Errorf("%s: %d MiB allocated in all", url, n>>20)
				}
			}
		}
	}
	onRow(t, "B03", bombs(map[string]string{"/gzip-bomb": "200 cut:ratio-limit"}))
	onRow(t, "B04", bombs(map[string]string{
		"/gzip-nested": "200 cut:decode-error !decode-error", "/zstd-window": "200 cut:decode-error !decode-error",
		"/zstd-bomb": "200 cut:ratio-limit", "/br-bomb": "200 cut:ratio-limit",
	}))
	onRow(t, "B05", func(b *bed) {
		b.get(b.row.Seeds[0], "200 cut:slow !slow")
		b.within(60 * time.Second)
	})
	onRow(t, "B06", func(b *bed) {
		b.get(b.row.Seeds[0], "!timeout")
		b.within(11 * time.Second)
	})
	onRow(t, "B07", func(b *bed) {
		for _, url := range b.row.Seeds {
			b.get(url, "!header-limit")
		}
		b.requests("b07.test", 2)
	})
	onRow(t, "B08", func(b *bed) {
		if r := b.get(b.row.Seeds[0], "200 cut:truncated"); len(r.Body) != 500 || !r.Truncated {
			b.Errorf("%d bytes, truncated %v", len(r.Body), r.Truncated)
		}
	})
	onRow(t, "B09", func(b *bed) {
		for i, want := range []string{"200 cut:decode-error", "200 cut:decode-error !decode-error", "200 cut:decode-error", "200 cut:decode-error !decode-error"} {
			b.get(b.row.Seeds[i], want)
		}
	})
	onRow(t, "B10", func(b *bed) {
		for i, want := range []string{"!protocol-error", "!protocol-error", "!protocol-error", "999 !protocol-error"} {
			b.get(b.row.Seeds[i], want)
		}
		b.requests("b10.test", 4) // one each
	})
	onRow(t, "B11", func(b *bed) {
		for i, want := range []string{"200", "200 retried", "200"} {
			b.get(b.row.Seeds[i], want)
		}
		b.requests("b11.test", 5)
	})
	onRow(t, "B12", func(b *bed) {
		b.get(b.row.Seeds[0], "!protocol-error")
		b.requests("b12.test", 1)
	})
	onRow(t, "D04", func(b *bed) {
		r, hops, err := b.client.Follow(b.Context(), fetch.Request{URL: parse(b, b.row.Seeds[0])}, nil)
		if brief(r, err) != "200" || len(hops) != 1 {
			b.Errorf("%s after %v", brief(r, err), hops)
		}
		b.requests("d04.test", 2)
	})
	onRow(t, "N01", rowN01)
	onRow(t, "N02", rowN02)
	onRow(t, "N03", rowN03)
	onRow(t, "N06", rowN06)
}

// rowN01: refused by default, each with its class, and not even a request, so
// no credentials, gets there; and the two ways to take old and broken TLS.
func rowN01(b *bed) {
	var auth []fetch.Authenticator
	for _, host := range crawltest.N01Refused {
		auth = append(auth, fetch.Basic("https://"+host, "u", fetch.NewSecret("p")))
	}
	classes := map[string]fetch.Class{
		"expired": fetch.ClassTLSExpired, "wrong": fetch.ClassTLSHost, "selfsigned": fetch.ClassTLSAuthority,
		"tls10": fetch.ClassTLSOld, "stall": fetch.ClassTLSTimeout,
	}
	b.client = newClient(b, b.web, fetch.Options{Auth: auth, TLSTimeout: 300 * time.Millisecond})
	for _, host := range crawltest.N01Refused {
		_, err := b.client.Get(b.Context(), fetch.Request{URL: parse(b, "https://"+host+"/")})
		name, _, _ := strings.Cut(host, ".")
		if fetch.ClassOf(err) != fetch.ClassTLS || fetch.DetailOf(err) != classes[name] || fetch.DetailOf(err).Kind() != fetch.ClassTLS {
			b.Errorf("%s: %s, %s (%v)", host, fetch.ClassOf(err), fetch.DetailOf(err), err)
		}
		if n := b.web.Hits(host, ""); n != 0 {
			b.Errorf("%s got %d requests", host, n)
		}
	}
	b.get("https://sni.n01.test/", "200")
	b.client = newClient(b, b.web, fetch.Options{Auth: auth, InsecureHosts: crawltest.N01Refused, MinTLS: 0x0301})
	for _, host := range []string{"expired.n01.test", "wrong.n01.test", "selfsigned.n01.test", "tls10.n01.test"} {
		r, err := b.client.Get(b.Context(), fetch.Request{URL: parse(b, "https://"+host+"/")})
		if err != nil || r.Status >= 500 {
			b.Errorf("%s where it is let in: %s (%v)", host, brief(r, err), err)
		}
		for _, r := range b.web.RequestsTo(host, "") {
			if r.Header.Get("Authorization") != "" {
				b.Errorf("%s got credentials over TLS that nobody verified", host)
			}
		}
	}
}

func rowN02(b *bed) {
	for _, host := range crawltest.N02Hosts {
		b.web.Forget()
		start := time.Now()
		r, err := b.client.Get(b.Context(), fetch.Request{URL: parse(b, "https://"+host+"/")})
		if err != nil || r.Status != 200 || len(r.Body) < 40 {
			b.Errorf("%s: %s (%v)", host, brief(r, err), err)
			continue
		}
		b.Logf("%s: %s, retried %v, after %v", host, r.Proto, r.Retried, time.Since(start))
		if n := b.web.Hits(host, ""); n > 2 {
			b.Errorf("%s: %d requests", host, n)
		}
	}
}

func rowN03(b *bed) {
	want := map[string]string{
		"nx": "!dns-nxdomain", "servfail": "!dns", "timeout": "!dns", "cname-loop": "!dns", "many": "200", "aaaa": "200",
	}
	other := b.web.Site("fine.test")
	other.Page("/", crawltest.Page{HTML: "ok"})
	for _, url := range b.row.Seeds {
		host := parse(b, url).Hostname()
		done := make(chan struct{})
		go func() { // another host at the same time
			defer close(done)
			start := time.Now()
			if b.get("http://fine.test/", "200"); time.Since(start) > time.Second {
				b.Errorf("fine.test waited %v for %s", time.Since(start), host)
			}
		}()
		b.get(url, want[strings.TrimSuffix(host, ".n03.test")])
		<-done
	}
	for name := range want {
		if n := b.web.Lookups(name + ".n03.test"); n > 2 {
			b.Errorf("%s: %d look-ups", name, n)
		}
	}
}

// rowN06: every request goes through a proxy, none directly, and the two that
// are of no use are left alone.
func rowN06(b *bed) {
	var mu sync.Mutex
	dialled := map[string]int{}
	route := via(b, "http://proxy407.n06.test:3128", "http://dead.n06.test:3128", "http://good1.n06.test:3128", "http://good2.n06.test:3128")
	for i := range route.Proxies {
		route.Proxies[i].RemoteDNS = true
	}
	direct, err := b.web.LookupNetIP(b.Context(), "ip", "n06.test")
	if err != nil {
		b.Fatal(err)
	}
	c := fetch.New(fetch.Options{
		Resolver: b.web, RootCAs: b.web.RootCAs(), Proxies: []fetch.ProxyRoute{route},
		Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
			host, _, _ := net.SplitHostPort(addr)
			mu.Lock()
			dialled[host]++
			mu.Unlock()
			return b.web.Dial(ctx, network, addr)
		},
	})
	defer c.Close()
	b.client = c
	before := b.web.Hits("n06.test", "")
	for i := range 60 {
		scheme := []string{"http", "https"}[i%2]
		b.web.Site(fmt.Sprintf("h%d.test", i)).Page("/", crawltest.Page{HTML: "ok"})
		for _, host := range []string{"n06.test", fmt.Sprintf("h%d.test", i)} {
			if r := b.get(scheme+"://"+host+"/", "200"); r != nil && !strings.Contains(r.Proxy, "good") {
				b.Errorf("%s through %q", host, r.Proxy)
			}
		}
	}
	if n := dialled[direct[0].String()]; n != 0 {
		b.Errorf("%d direct connections", n)
	}
	if n := b.web.Hits("n06.test", "") - before; n != 60 {
		b.Errorf("%d requests arrived", n)
	}
	for _, name := range []string{"proxy407.n06.test", "dead.n06.test"} {
		addrs, _ := b.web.LookupNetIP(b.Context(), "ip", name)
		if n := dialled[addrs[0].String()]; n > 6 { // three requests, some of them twice
			b.Errorf("%s was tried %d times", name, n)
		}
	}
}
