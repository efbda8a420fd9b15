package crawltest

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// C: pages that change, or say they do, and the lists that tell of it. C08 and
// C09 are about our own machine; their web is a healthy one.

const (
	C01Pages   = 100
	C01Changed = 2 // pages of C01 that change from the second visit on
)

// C03Rates are how often the pages /c/poisson/0 to /2 change: the mean time
// between two changes.
var C03Rates = []time.Duration{time.Hour, 24 * time.Hour, 30 * 24 * time.Hour}

func changeRows() []Row {
	return []Row{
		{ID: "C01", Behaviour: "pages with ETag or Last-Modified, of which two change", Seeds: seed("c01.test"), Install: installC01},
		{ID: "C02", Behaviour: "an ETag that stays while the page changes; one that changes while it stays", Seeds: seed("c02.test"), Install: installC02},
		{ID: "C03", Behaviour: "pages that change by chance, at known rates", Seeds: seed("c03.test"), Install: installC03},
		{ID: "C04", Behaviour: "410 for ever, 404 once, 404 for ever", Seeds: seed("c04.test"), Install: func(w *Web) {
			s := w.Site("c04.test").star("/c/410", "/c/404-once", "/c/404-always")
			for path, then := range map[string][]http.Handler{
				"/c/410":        {Page{Status: http.StatusGone}},
				"/c/404-once":   {Page{Status: http.StatusNotFound}, s.handlers["/c/404-once"]},
				"/c/404-always": {Page{Status: http.StatusNotFound}},
			} {
				s.Handle(path, Turns(append([]http.Handler{s.handlers[path]}, then...)...))
			}
		}},
		{ID: "C05", Behaviour: "5xx for seven days, then the page again", Seeds: seed("c05.test"), Install: func(w *Web) {
			s := w.Site("c05.test").star("/c/5xx-week")
			good := s.handlers["/c/5xx-week"]
			var first atomic.Int64
			s.HandleFunc("/c/5xx-week", func(rw http.ResponseWriter, r *http.Request) {
				now := time.Now()
				first.CompareAndSwap(0, now.UnixNano())
				if age := now.Sub(time.Unix(0, first.Load())); age > time.Minute && age < 7*24*time.Hour {
					Page{Status: []int{500, 502, 503}[now.Minute()%3]}.ServeHTTP(rw, r)
					return
				}
				good.ServeHTTP(rw, r)
			})
		}},
		{ID: "C06", Behaviour: "a sitemap index of sitemaps that are packed, missing, circular, oversized and sloppy", Seeds: seed("c06.test"), Install: installC06},
		{ID: "C07", Behaviour: "RSS and Atom feeds of 20 items, a new one each hour", Seeds: seed("c07.test"), Install: installC07},
		{ID: "C08", Behaviour: "our process is killed at any moment", Seeds: seed("c08.test"), Sockets: true, Install: func(w *Web) {
			site := Generate(88, C08Pages)
			w.Site("c08.test").Mount(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				time.Sleep(C08Answer)
				site.ServeHTTP(rw, r)
			}))
		}},
		{ID: "C09", Behaviour: "our disk is full, or does not take what it is given", Seeds: seed("c09.test"), Sockets: true, Install: func(w *Web) {
			w.Site("c09.test").Mount(Generate(99, C09Pages))
		}},
	}
}

// The sizes of the sites that our own failures are tried on.
const (
	C08Pages  = 1500
	C08Answer = 4 * time.Millisecond // how long each of them takes, so that lives are not too short for it
	C09Pages  = 600
)

func installC01(w *Web) {
	s := w.Site("c01.test")
	since := time.Now()
	paths := append(numbers("/c/etag", C01Pages/2), numbers("/c/lastmod", C01Pages/2)...)
	for i, p := range paths {
		page := prosePage(uint64(i) + 100)
		var visits atomic.Int64
		s.HandleFunc(p, func(rw http.ResponseWriter, r *http.Request) {
			q := page
			version := int64(0)
			if (i == 0 || i == C01Pages/2) && visits.Add(1) > 1 {
				version = 1
				q.Text = Prose(uint64(i)+5000, 60)
			}
			if i < C01Pages/2 {
				q.ETag = fmt.Sprintf(`"%d-%d"`, i, version)
			} else {
				q.LastModified = since.Add(-time.Hour * time.Duration(24*(1-version)))
			}
			q.ServeHTTP(rw, r)
		})
	}
	s.Page("/", Page{Title: "Front", Text: Prose(1, 60), Links: paths, ETag: `"front"`})
}

func installC02(w *Web) {
	var changes, same atomic.Int64
	w.Site("c02.test").star("/c/lying-etag", "/c/restless-etag").
		HandleFunc("/c/lying-etag", func(rw http.ResponseWriter, r *http.Request) {
			// It changes at its second visit, and answers 304 to whoever knows the tag.
			p := Page{Title: "Lying", Text: Prose(min(2, uint64(changes.Add(1))), 60), ETag: `"constant"`}
			p.ServeHTTP(rw, r)
		}).
		HandleFunc("/c/restless-etag", func(rw http.ResponseWriter, r *http.Request) {
			Page{Title: "Restless", Text: Prose(3, 60), ETag: fmt.Sprintf(`"%d"`, same.Add(1))}.ServeHTTP(rw, r)
		})
}

// C03Version is how often page i of C03 has changed by then: the events of a
// Poisson process that begins with year 2000, which is when synctest's clock does.
func C03Version(i int, at time.Time) int {
	rnd := rand.New(rand.NewPCG(uint64(i), 0xc03))
	mean := C03Rates[i]
	n := 0
	for t := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC); ; n++ {
		t = t.Add(time.Duration(-math.Log(1-rnd.Float64()) * float64(mean)))
		if t.After(at) {
			return n
		}
	}
}

func installC03(w *Web) {
	s := w.Site("c03.test")
	var paths []string
	for i := range C03Rates {
		path := fmt.Sprint("/c/poisson/", i)
		paths = append(paths, path)
		s.HandleFunc(path, func(rw http.ResponseWriter, r *http.Request) {
			v := C03Version(i, time.Now())
			Page{Title: fmt.Sprintf("Page %d", i), Text: fmt.Sprintf("Version %d. %s", v, Prose(uint64(i*1_000_000+v), 60))}.ServeHTTP(rw, r)
		})
	}
	s.Page("/", Page{Title: "Front", Text: Prose(1, 60), Links: paths})
}

// C06Want are the paths that the sitemaps of c06.test make known.
func C06Want() []string {
	return []string{"/in/plain1", "/in/plain2", "/in/gz1", "/in/gz2", "/in/bom", "/in/no-namespace", "/in/relative", "/in/big0", "/in/big49999"}
}

func installC06(w *Web) {
	s := w.Site("c06.test")
	const ns = ` xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"`
	urls := func(ns string, locs ...string) string {
		var b strings.Builder
		b.WriteString(`<?xml version="1.0" encoding="UTF-8"?><urlset` + ns + `>`)
		for _, l := range locs {
			fmt.Fprintf(&b, "<url><loc>%s</loc><lastmod>2099-01-01</lastmod></url>", l) // a date that lies
		}
		b.WriteString("</urlset>")
		return b.String()
	}
	index := func(locs ...string) string {
		var b strings.Builder
		b.WriteString(`<?xml version="1.0"?><sitemapindex` + ns + `>`)
		for _, l := range locs {
			fmt.Fprintf(&b, "<sitemap><loc>http://c06.test%s</loc></sitemap>", l)
		}
		b.WriteString("</sitemapindex>")
		return b.String()
	}
	xml := func(path, body string) { s.Page(path, Page{HTML: body, ContentType: "application/xml"}) }
	xml("/sitemap-index.xml", index("/sm-plain.xml", "/sm-gz.xml.gz", "/sm-404.xml", "/sitemap-index.xml", "/sm-big.xml", "/sm-bom.xml", "/sm-no-namespace.xml", "/sm-relative.xml", "/sm-nested1.xml"))
	xml("/sm-plain.xml", urls(ns, "http://c06.test/in/plain1", "http://c06.test/in/plain2", "http://c06elsewhere.test/x", "ftp://c06.test/x"))
	xml("/sm-bom.xml", "\xef\xbb\xbf"+urls(ns, "http://c06.test/in/bom"))
	xml("/sm-no-namespace.xml", urls("", "http://c06.test/in/no-namespace"))
	xml("/sm-relative.xml", urls(ns, "/in/relative"))
	xml("/sm-nested1.xml", index("/sm-nested2.xml"))
	xml("/sm-nested2.xml", index("/sm-nested3.xml"))
	xml("/sm-nested3.xml", urls(ns, "http://c06.test/in/too-deep"))
	var gz bytes.Buffer
	z := gzip.NewWriter(&gz)
	z.Write([]byte(urls(ns, "http://c06.test/in/gz1", "http://c06.test/in/gz2")))
	z.Close()
	s.Page("/sm-gz.xml.gz", Page{HTML: gz.String(), ContentType: "application/gzip"})
	big := make([]string, 50_001)
	for i := range big {
		big[i] = fmt.Sprint("http://c06.test/in/big", i)
	}
	xml("/sm-big.xml", urls(ns, big...))
	s.Robots("Sitemap: http://c06.test/sitemap-index.xml\n")
	s.HandleFunc("/in/*", func(rw http.ResponseWriter, r *http.Request) { prosePage(hashed(r.URL.Path)).ServeHTTP(rw, r) })
	s.Page("/", Page{Title: "Front", Text: Prose(6, 40)})
}

// C07Item is the path of the newest item of the feeds at a time.
func C07Item(at time.Time) string { return fmt.Sprint("/c/item/", at.Unix()/3600) }

func installC07(w *Web) {
	s := w.Site("c07.test").Page("/", Page{HTML: `<title>News</title><link rel=alternate type="application/rss+xml" href=/c/rss><link rel=alternate type="application/atom+xml" href=/c/atom><p>` + Prose(7, 60)})
	s.HandleFunc("/c/rss", func(rw http.ResponseWriter, r *http.Request) {
		var b strings.Builder
		b.WriteString(`<?xml version="1.0"?><rss version="2.0"><channel><title>News</title><link>http://c07.test/</link>`)
		for i := range 20 {
			at := time.Now().Add(-time.Duration(i) * time.Hour).Truncate(time.Hour)
			fmt.Fprintf(&b, "<item><title>Item</title><link>http://c07.test%s</link><pubDate>%s</pubDate></item>", C07Item(at), at.UTC().Format(time.RFC1123Z))
		}
		b.WriteString("</channel></rss>")
		feed(rw, r, "application/rss+xml", b.String())
	})
	s.HandleFunc("/c/atom", func(rw http.ResponseWriter, r *http.Request) {
		var b strings.Builder
		b.WriteString(`<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>More</title>`)
		for i := range 20 {
			at := time.Now().Add(-time.Duration(i) * time.Hour).Truncate(time.Hour)
			fmt.Fprintf(&b, `<entry><title>Item</title><link href="http://c07.test%s-atom"/><updated>%s</updated></entry>`, C07Item(at), at.UTC().Format(time.RFC3339))
		}
		b.WriteString("</feed>")
		feed(rw, r, "application/atom+xml", b.String())
	})
	s.HandleFunc("/c/item/*", func(rw http.ResponseWriter, r *http.Request) { prosePage(hashed(r.URL.Path)).ServeHTTP(rw, r) })
}

// feed answers with a feed and its tag.
func feed(rw http.ResponseWriter, r *http.Request, contentType, body string) {
	h := fnv.New64a()
	h.Write([]byte(body))
	Page{HTML: body, ContentType: contentType, ETag: fmt.Sprintf(`"%x"`, h.Sum64())}.ServeHTTP(rw, r)
}
