package crawl

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/trawlsearch/trawl/crawl/crawltest"
	"github.com/trawlsearch/trawl/crawl/frontier"
)

func TestRedirects(t *testing.T) {
	inBed(t, func(b *bed) {
		links := []string{"/chain0", "/loop-a", "/grow", "/self", "/cookie", "/nowhere", "/file", "/away", "/rel/x", "/meta", "/slow"}
		b.site.Page("/", crawltest.Page{Title: "A", Text: "t", Links: links})
		for i := range 25 {
			b.site.Redirect(fmt.Sprint("/chain", i), 301, fmt.Sprint("/chain", i+1))
		}
		b.site.Redirect("/loop-a", 302, "/loop-b").Redirect("/loop-b", 302, "/loop-a")
		b.site.HandleFunc("/grow*", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.Path+fmt.Sprint("/x", len(r.URL.Path)), http.StatusFound)
		})
		b.site.Redirect("/self", 302, "/self#again")
		b.site.HandleFunc("/cookie", func(w http.ResponseWriter, r *http.Request) {
			if _, err := r.Cookie("seen"); err != nil {
				http.SetCookie(w, &http.Cookie{Name: "seen", Value: "1"})
				http.Redirect(w, r, "/cookie", http.StatusFound)
				return
			}
			crawltest.Page{Title: "cookie", Text: "behind the cookie"}.ServeHTTP(w, r)
		})
		b.site.Page("/nowhere", crawltest.Page{Status: 302})
		b.site.Redirect("/file", 302, "file:///etc/passwd")
		b.site.Redirect("/away", 302, "http://elsewhere.test/")
		b.site.Redirect("/rel/x", 302, "../target?y#frag").Page("/target", crawltest.Page{Title: "target", Text: "relative"})
		b.site.Page("/meta", crawltest.Page{HTML: `<meta http-equiv=refresh content="0;url=/m2"><p>old`})
		b.site.Page("/m2", crawltest.Page{Title: "m2", Text: "new"})
		b.site.Page("/slow", crawltest.Page{HTML: `<meta http-equiv=refresh content="30;url=/m3"><p>stays`})
		b.site.Page("/m3", crawltest.Page{Title: "m3", Text: "later"})
		b.crawl(false, "http://a.test/")
		b.wantLive("/", "/cookie", "/m2", "/m3", "/slow", "/target?y")
		b.wantWhy("/chain0", "redirect", "")
		b.wantWhy("/chain10", "failed", "redirect-limit")
		b.wantWhy("/chain11", "unknown", "")
		b.wantWhy("/loop-b", "failed", "redirect-loop")
		b.wantWhy("/self", "failed", "redirect-loop")
		b.wantWhy("/nowhere", "failed", "bad-redirect")
		b.wantWhy("/file", "failed", "bad-scheme")
		b.wantWhy("/away", "redirect", "redirect-out-of-scope scope-host")
		b.wantWhy("/meta", "redirect", "")
		if r, _ := b.c.Why(b.t.Context(), "http://a.test/rel/x"); r.Alias.String() != "http://a.test/target?y" {
			t.Errorf("alias %s", r.Alias)
		}
		grow := 0
		for _, q := range b.web.RequestsTo("a.test", "") {
			if strings.HasPrefix(q.Target, "/grow") {
				grow++
			}
		}
		if grow != 11 || b.web.Hits("a.test", "/loop-a") != 1 {
			t.Errorf("grow was followed for %d requests, loop for %d", grow, b.web.Hits("a.test", "/loop-a"))
		}
		if refused := b.web.Refused(); len(refused) > 0 {
			t.Errorf("dialled %v", refused)
		}
	})
}

func TestErrors(t *testing.T) {
	inBed(t, func(b *bed) {
		var links []string
		for _, status := range []int{400, 401, 403, 404, 408, 410, 418, 500, 502, 504, 204} {
			path := fmt.Sprint("/", status)
			links = append(links, path)
			b.site.Page(path, crawltest.Page{Status: status, Title: "error", Links: []string{"/never"}})
		}
		b.site.Handle("/flaky", crawltest.Turns(crawltest.Page{Status: 500}, crawltest.Page{Status: 502}, crawltest.Page{Title: "flaky", Text: "at last"}))
		b.site.Handle("/cut", crawltest.Turns(crawltest.Bytes("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 9999\r\n\r\nonly this")))
		b.site.Handle("/garbage", crawltest.Bytes("no http at all\r\n\r\n"))
		b.site.Page("/png", crawltest.Page{ContentType: "image/png", HTML: "\x89PNG\r\n\x1a\n"})
		b.site.Page("/noindex", crawltest.Page{HTML: `<meta name=robots content=noindex><a href=/behind>x</a>`})
		b.site.Page("/behind", crawltest.Page{Title: "behind", Text: "found through noindex"})
		b.site.Page("/nofollow", crawltest.Page{HTML: `<title>nf</title><meta name=robots content=nofollow><a href=/never>x</a>`})
		links = append(links, "/flaky", "/cut", "/garbage", "/png", "/noindex", "/nofollow", "http://gone.test/", "http://10.1.2.3/")
		b.site.Page("/", crawltest.Page{Title: "A", Text: "t", Links: links})
		b.opt.Scope.Mode = "any"
		b.crawl(true, "http://a.test/")
		b.wantLive("/", "/behind", "/cut", "/flaky", "/nofollow")
		for path, want := range map[string]struct {
			state, reason string
			hits          int
		}{
			"/400": {"failed", "http-400", 1}, "/401": {"failed", "http-401", 1}, "/403": {"failed", "http-403", 2},
			"/404": {"gone", "http-404", 1}, "/410": {"gone", "http-410", 1}, "/408": {"failed", "http-408", 4},
			"/418": {"failed", "http-418", 1}, "/500": {"failed", "http-500", 4}, "/502": {"failed", "http-502", 4},
			"/504": {"failed", "http-504", 4}, "/204": {"skipped", "http-204", 1}, "/flaky": {"done", "", 3},
			"/cut": {"done", "", 2}, "/garbage": {"failed", "protocol-error", 1}, "/png": {"skipped", "type image/png", 1},
			"/noindex": {"skipped", "noindex", 1}, "/never": {"unknown", "", 0},
		} {
			b.wantWhy(path, want.state, want.reason)
			if n := b.web.Hits("a.test", path); n != want.hits {
				t.Errorf("%s was fetched %d times, want %d", path, n, want.hits)
			}
		}
		if r, _ := b.c.Why(b.t.Context(), "http://gone.test/"); r.State != frontier.Failed || r.Reason != "dns-nxdomain" {
			t.Errorf("gone.test: %+v", r)
		}
		if r, _ := b.c.Why(b.t.Context(), "http://10.1.2.3/"); r.State != frontier.Failed || r.Reason != "private-address" {
			t.Errorf("10.1.2.3: %+v", r)
		}
		times := b.web.Times("a.test", "/500")
		for i, base := range serverWaits {
			gap := times[i+1].Sub(times[i])
			if gap < base/2 || gap > base*3/2+2*time.Second {
				t.Errorf("retry %d of /500 after %s, want about %s", i+1, gap, base)
			}
		}
		st := b.c.Stats()
		if st.Errors["http-500"] != 1 || st.Errors["private-address"] != 1 || st.Failed != 11 {
			t.Errorf("stats %+v", st)
		}
		fails, err := b.c.List(t.Context(), frontier.Range{To: frontier.Slots}, frontier.Filter{States: []frontier.State{frontier.Denied, frontier.Failed}}, 100)
		if err != nil || int64(len(fails)) != st.Failed+st.Denied {
			t.Errorf("%d failures listed, want %d; %v", len(fails), st.Failed+st.Denied, err)
		}
	})
}

// TestRobotsUnreachable: nothing is fetched before robots.txt could be read, and
// it is asked for with growing patience.
func TestRobotsUnreachable(t *testing.T) {
	inBed(t, func(b *bed) {
		down := crawltest.Page{Status: 503, Header: http.Header{"Retry-After": {"120"}}}
		b.site.Handle("/robots.txt", crawltest.Turns(down, crawltest.Page{Status: 429}, crawltest.Page{Status: 500}, crawltest.Page{HTML: "User-agent: *\nDisallow: /p"}))
		b.site.Page("/", crawltest.Page{Title: "A", Text: "t", Links: []string{"/p"}})
		b.crawl(true, "http://a.test/")
		b.wantLive("/")
		asked := b.web.Times("a.test", "/robots.txt")
		if len(asked) != 4 {
			t.Fatalf("robots.txt was asked for %d times, want 4", len(asked))
		}
		for i, least := range []time.Duration{2 * time.Minute, 2 * time.Minute, 4 * time.Minute} {
			if gap := asked[i+1].Sub(asked[i]); gap < least {
				t.Errorf("asked again after %s, want >= %s", gap, least)
			}
		}
		if first := b.web.Times("a.test", "/"); len(first) != 1 || first[0].Before(asked[3]) {
			t.Error("a page was fetched before the rules were known")
		}
	})
}

// TestWaitsAreNoFailures: a page that waits for its canonical address is not counted
// with those that failed, and while it waits the crawl is not over.
func TestWaitsAreNoFailures(t *testing.T) {
	inBed(t, func(b *bed) {
		b.opt.Delay = 20 * time.Second // the canonical address has to wait for its turn
		b.site.Page("/", crawltest.Page{Title: "A", Text: "t", Links: []string{"/waits", "/broken"}})
		b.site.Page("/waits", crawltest.Page{HTML: "<title>w</title><link rel=canonical href=/canonical><p>text"})
		b.site.Page("/canonical", crawltest.Page{Title: "c", Text: "of its own"})
		b.site.Handle("/broken", crawltest.Turns(crawltest.Page{Status: 500}, crawltest.Page{Title: "mended", Text: "at last"}))
		b.open()
		if _, err := b.c.Add(t.Context(), []string{"http://a.test/"}); err != nil {
			t.Fatal(err)
		}
		defer b.start()()
		most, retried := int64(0), int64(0)
		for range 600 {
			time.Sleep(time.Second)
			st := b.c.Stats()
			most, retried = max(most, st.Waiting), max(retried, st.Retrying)
			if st.Waiting > 0 && b.c.Idle() {
				t.Fatalf("idle while pages wait for each other: %+v", st)
			}
			if st.Waiting+st.Retrying > st.Queued || st.Retrying > int64(b.web.Hits("a.test", "/broken")) {
				t.Fatalf("more pages wait or are tried again than there are: %+v", st)
			}
		}
		if st := b.c.Stats(); most != 1 || retried != 1 || st.Waiting != 0 || st.Retrying != 0 || st.Queued != 0 {
			t.Errorf("%d pages waited and %d were tried again, want one each; in the end %+v", most, retried, st)
		}
		b.wantLive("/", "/broken", "/canonical")
	})
}

// TestSilentCanonical: pages that name an address at a host that does not answer are
// not fetched again and again while they wait for it, and do not keep a crawl from its
// end.
func TestSilentCanonical(t *testing.T) {
	inBed(t, func(b *bed) {
		b.opt.Scope.Mode = "domain"
		www := b.web.Site("www.a.test")
		www.Page("/robots.txt", crawltest.Page{Status: 502})
		var links []string
		for i := range 20 {
			path := fmt.Sprint("/p", i)
			links = append(links, path)
			b.site.Page(path, crawltest.Page{HTML: fmt.Sprintf("<title>%d</title><link rel=canonical href='http://www.a.test%s'><p>text %d of many %d", i, path, i, i*i)})
		}
		b.site.Page("/", crawltest.Page{Title: "Home", Text: "a list", Links: links})
		start := time.Now()
		b.crawl(false, "http://a.test/")
		if took := time.Since(start); took > 2*time.Minute {
			t.Errorf("the crawl took %v", took)
		}
		for _, path := range links {
			b.wantWhy(path, "done", "")
			if n := b.web.Hits("a.test", path); n > 3 {
				t.Errorf("%s was fetched %d times", path, n)
			}
		}
	})
}

// TestProbeOfFullTemplate: the addresses that a folder is probed by look like its pages,
// of which there are more than their template's budget allows; the pages that wait for
// the answer are not kept from theirs.
func TestProbeOfFullTemplate(t *testing.T) {
	inBed(t, func(b *bed) {
		b.opt.Budget = &frontier.Budget{PerTemplate: 10}
		var links []string
		for i := range 200 { // without .html they are not there, which earns their template nothing
			path := fmt.Sprintf("/d/%016x", 0x1234567890abcdef+7919*i)
			links = append(links, path, path+".html")
			title := fmt.Sprintf("Error %d: file not found", i) // what the page explains
			b.site.Page(path+".html", crawltest.Page{Title: title, Text: fmt.Sprintf("word%d and thing%d or matter%d", i, i*i, i*i*i)})
		}
		b.site.Page("/", crawltest.Page{Title: "Home", Text: "a list", Links: links})
		start := time.Now()
		b.crawl(false, "http://a.test/")
		if took := time.Since(start); took > 2*time.Minute {
			t.Errorf("the crawl took %v", took)
		}
		for _, path := range links {
			if n := b.web.Hits("a.test", path); n > 2 {
				t.Errorf("%s was fetched %d times", path, n)
			}
		}
		if st := b.c.Stats(); st.Waiting > 0 || st.Pages < 150 {
			t.Errorf("%d pages wait; %+v", st.Waiting, st)
		}
	})
}
