package crawltest

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"
)

// R: what stands at /robots.txt.

// R08Limit is where a reader of r08.test's rules may stop: RFC 9309 asks for 500
// KiB at least, and Google reads so much.
const R08Limit = 500 << 10

// R13Change is when the rules of r13.test become "Disallow: /": so long after the
// first request for them.
const R13Change = 20 * time.Hour

func robotsRows() []Row {
	return []Row{
		{ID: "R01", Behaviour: "robots.txt is a 404 with an HTML body that looks like rules", Seeds: seed("r01.test"), Install: func(w *Web) {
			w.Site("r01.test").star(numbers("/page", 5)...).Page("/robots.txt", Page{
				Status: http.StatusNotFound, HTML: "<html><title>Not found</title><body>\nUser-agent: *\nDisallow: /\n</body></html>",
			})
		}},
		{ID: "R02", Behaviour: "robots.txt is a 500 for ever", Seeds: seed("r02.test"), Install: func(w *Web) {
			w.Site("r02.test").star(numbers("/page", 5)...).Page("/robots.txt", Page{Status: http.StatusInternalServerError})
		}},
		{ID: "R03", Behaviour: "robots.txt is a 503 with Retry-After: 120 twice, then rules", Seeds: seed("r03.test"), Install: func(w *Web) {
			busy := Page{Status: http.StatusServiceUnavailable, Header: http.Header{"Retry-After": {"120"}}}
			w.Site("r03.test").star("/open", "/private", "/private/x").
				Handle("/robots.txt", Turns(busy, busy, rules("User-agent: *\nDisallow: /private\n")))
		}},
		{ID: "R04", Behaviour: "robots.txt is a 429 once, then rules", Seeds: seed("r04.test"), Install: func(w *Web) {
			w.Site("r04.test").star("/open", "/private").
				Handle("/robots.txt", Turns(Page{Status: http.StatusTooManyRequests}, rules("User-agent: *\nDisallow: /private\n")))
		}},
		{ID: "R05", Behaviour: "the request for robots.txt is never answered", Seeds: seed("r05.test"), Install: func(w *Web) {
			w.Site("r05.test").star(numbers("/page", 5)...).Handle("/robots.txt", Hang(""))
		}},
		{ID: "R06", Behaviour: "robots.txt is five redirects away, on another host", Seeds: seed("r06.test", "r06b.test"), Install: installR06},
		{ID: "R07", Behaviour: "robots.txt is seven redirects away, or a loop", Seeds: seed("r07.test", "r07loop.test"), Install: func(w *Web) {
			s := w.Site("r07.test").star(numbers("/page", 5)...).Redirect("/robots.txt", 301, "/hop1")
			for i := 1; i <= 6; i++ {
				s.Redirect(fmt.Sprint("/hop", i), 301, fmt.Sprint("/hop", i+1))
			}
			s.Handle("/hop7", rules("User-agent: *\nDisallow: /\n"))
			w.Site("r07loop.test").star(numbers("/page", 5)...).Redirect("/robots.txt", 301, "/hop1").Redirect("/hop1", 301, "/robots.txt")
		}},
		{ID: "R08", Behaviour: "600 KiB of rules, a line across the limit, a rule behind it", Seeds: seed("r08.test"), Install: installR08},
		{ID: "R09", Behaviour: "rules and then comments at 1 MB/s without end", Seeds: seed("r09.test"), Install: func(w *Web) {
			w.Site("r09.test").star("/open", "/private").Handle("/robots.txt", Raw(func(c net.Conn) {
				fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nUser-agent: *\nDisallow: /private\n")
				block := []byte(strings.Repeat("# "+strings.Repeat("x", 97)+"\n", 10))
				for {
					if _, err := c.Write(block); err != nil {
						return
					}
					time.Sleep(time.Millisecond)
				}
			}))
		}},
		{ID: "R10", Behaviour: "byte order mark, mixed line ends, misspelt rules", Seeds: seed("r10.test"), Install: func(w *Web) {
			w.Site("r10.test").star("/open", "/a", "/b", "/c", "/d", "/e/yes").Handle("/robots.txt", rules(
				"\xef\xbb\xbfuser agent: *\rDisalow: /a\r\ndissallow: /b\nDISALLOW /c\n\n\rdisallow : /d # why\r\nDisallow: /e\nAllow: /e/yes\r"))
		}},
		{ID: "R11", Behaviour: "robots.txt in gzip, declared as HTML", Seeds: seed("r11.test"), Install: func(w *Web) {
			var b bytes.Buffer
			z := gzip.NewWriter(&b)
			z.Write([]byte("User-agent: *\nDisallow: /private\n"))
			z.Close()
			w.Site("r11.test").star("/open", "/private").Handle("/robots.txt", Coded("gzip", b.Bytes()))
		}},
		{ID: "R12", Behaviour: "Crawl-delay of 2 s, 0.01 s and a day", Seeds: seed("r12.test", "r12a.test", "r12b.test"), Install: func(w *Web) {
			for host, delay := range map[string]string{"r12.test": "2", "r12a.test": "0.01", "r12b.test": "86400"} {
				w.Site(host).star(numbers("/page", 10)...).Handle("/robots.txt", rules("User-agent: *\nCrawl-delay: "+delay+"\n"))
			}
		}},
		{ID: "R13", Behaviour: "the rules turn from all to nothing while addresses are queued", Seeds: seed("r13.test"), Install: installR13},
		{ID: "R14", Behaviour: "redirects to what robots.txt forbids, here and on another host", Seeds: seed("r14.test"), Install: func(w *Web) {
			w.Site("r14.test").star("/here", "/there", "/private/x").
				Handle("/robots.txt", rules("User-agent: *\nDisallow: /private\n")).
				Redirect("/here", 302, "/private/x").Redirect("/there", 302, "http://r14b.test/no/y")
			w.Site("r14b.test").star("/no/y").Handle("/robots.txt", rules("User-agent: *\nDisallow: /no\n"))
		}},
	}
}

func rules(text string) Page { return Page{HTML: text, ContentType: "text/plain"} }

func installR06(w *Web) {
	w.Site("r06.test").star("/a", "/b").Redirect("/robots.txt", 301, "http://r06b.test/hop1")
	other := w.Site("r06b.test").star("/a", "/b").Handle("/robots.txt", rules("User-agent: *\nDisallow: /b\n"))
	for i := 1; i <= 4; i++ {
		other.Redirect(fmt.Sprint("/hop", i), 301, fmt.Sprint("/hop", i+1))
	}
	other.Handle("/hop5", rules("User-agent: *\nDisallow: /a\n"))
}

// installR08: "/cut" and its like would be forbidden by the first half of the line
// that stands across the limit.
func installR08(w *Web) {
	var b strings.Builder
	b.WriteString("User-agent: *\nDisallow: /early\n")
	line := "# " + strings.Repeat("x", 97) + "\n"
	cut := "Disallow: /cut-in-the-middle\n"
	half := len("Disallow: /cut")
	for b.Len()+len(line) <= R08Limit-half {
		b.WriteString(line)
	}
	b.WriteString(strings.Repeat("#", R08Limit-half-b.Len()-1) + "\n" + cut)
	for b.Len() < 600<<10 {
		b.WriteString(line)
	}
	b.WriteString("Disallow: /late\n")
	body := b.String()
	w.Site("r08.test").star("/open", "/early", "/late", "/cute").Handle("/robots.txt", Raw(func(c net.Conn) {
		fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n", len(body))
		for rest := body; rest != ""; {
			n := min(len(rest), 4<<10)
			if _, err := c.Write([]byte(rest[:n])); err != nil {
				return
			}
			rest = rest[n:]
		}
	}))
}

// installR13 serves pages without end, so that some are always queued.
func installR13(w *Web) {
	first := make(chan time.Time, 1)
	w.Site("r13.test").HandleFunc("/robots.txt", func(rw http.ResponseWriter, r *http.Request) {
		var since time.Time
		select {
		case since = <-first:
		default:
			since = time.Now()
		}
		first <- since
		text := "User-agent: *\nDisallow:\n"
		if time.Since(since) >= R13Change {
			text = "User-agent: *\nDisallow: /\n"
		}
		rules(text).ServeHTTP(rw, r)
	}).Mount(tree(3))
}

// tree is a site without end: each page links to as many more.
func tree(width int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := strings.TrimSuffix(r.URL.Path, "/")
		var links []string
		for i := range width {
			links = append(links, fmt.Sprintf("%s-%d", strings.TrimSuffix(path, ".html"), i))
			if path == "" {
				links[i] = fmt.Sprintf("/p%d", i)
			}
		}
		prosePage(hashed(path), links...).ServeHTTP(w, r)
	})
}

// hashed is FNV-1a: a seed for a path.
func hashed(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}
