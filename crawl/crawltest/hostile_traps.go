package crawltest

import (
	"fmt"
	"hash/fnv"
	"html"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// T: sites without end, and sites that are the same thing many times.

// How large the finite parts of trap sites are.
const (
	T01Pages    = 50 // of t01.test beside its calendar
	T03Docs     = 20
	T04Products = 100
	T07Pages    = 20 // of t07.test that are there
	T08Copies   = 500
	T11Hosts    = 50
	T11Pages    = 200
	T12Hosts    = 1000
)

func trapRows() []Row {
	return []Row{
		{ID: "T01", Behaviour: "a calendar without end", Seeds: seed("t01.test"), Install: installT01},
		{ID: "T02", Behaviour: "relative links that repeat path segments", Seeds: []string{"http://t02.test/t/path/"}, Install: func(w *Web) {
			w.Site("t02.test").HandleFunc("/t/path/*", func(rw http.ResponseWriter, r *http.Request) {
				prosePage(2, "a/b/", "c/").ServeHTTP(rw, r)
			})
		}},
		{ID: "T03", Behaviour: "a new session id in each link", Seeds: seed("t03.test"), Install: installT03},
		{ID: "T04", Behaviour: "4,096 facets of a hundred products", Seeds: seed("t04.test"), Install: installT04},
		{ID: "T05", Behaviour: "each page links to the next, for ever", Seeds: []string{"http://t05.test/t/infinite-depth/1"}, Install: func(w *Web) {
			w.Site("t05.test").HandleFunc("/t/infinite-depth/*", func(rw http.ResponseWriter, r *http.Request) {
				n, _ := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/t/infinite-depth/"))
				prosePage(uint64(n), fmt.Sprint(n+1)).ServeHTTP(rw, r)
			})
		}},
		{ID: "T06", Behaviour: "sub-domains without end", Seeds: seed("www.t06.test"), Install: func(w *Web) {
			w.Site("*.t06.test").Page("/robots.txt", Page{Status: 404}).Page("/sitemap.xml", Page{Status: 404}).
				Mount(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
					h := hashed(r.Host)
					var links []string
					for i := range uint64(10) {
						links = append(links, fmt.Sprintf("http://s%x.t06.test/", (h*31+i)%(1<<40)))
					}
					prosePage(h, links...).ServeHTTP(rw, r)
				}))
		}},
		{ID: "T07", Behaviour: "a page that says \"not found\" with status 200, for any path", Seeds: seed("t07.test"), Install: installT07},
		{ID: "T08", Behaviour: "500 addresses of one text, with the time and a counter in it", Seeds: seed("t08.test"), Install: installT08},
		{ID: "T09", Behaviour: "many spellings of one address", Seeds: seed("t09.test"), Install: installT09},
		{ID: "T10", Behaviour: "a tarpit: pages of chained words and 200 links each, in 5 s", Seeds: seed("t10.test"), Install: func(w *Web) {
			w.Site("t10.test").Page("/robots.txt", Page{Status: 404}).Page("/sitemap.xml", Page{Status: 404}).Mount(http.HandlerFunc(tarpit))
		}},
		{ID: "T11", Behaviour: "fifty hosts with the same 200 pages", Seeds: mirrorSeeds(), Install: func(w *Web) {
			site := Generate(11, T11Pages)
			for i := range T11Hosts {
				w.Site(fmt.Sprintf("m%d-t11.test", i+1)).Mount(site)
			}
		}},
		{ID: "T12", Behaviour: "a thousand hosts that link to each other", Seeds: []string{"http://farm0-t12.test/"}, Install: installT12},
	}
}

func mirrorSeeds() (out []string) {
	for i := range T11Hosts {
		out = append(out, fmt.Sprintf("http://m%d-t11.test/", i+1))
	}
	return out
}

func installT01(w *Web) {
	today := time.Now().Format("/t/calendar?y=2006&m=1&d=2")
	w.Site("t01.test").star(append(numbers("/page", T01Pages), today)...).
		HandleFunc("/t/calendar", func(rw http.ResponseWriter, r *http.Request) {
			q := r.URL.Query()
			y, _ := strconv.Atoi(q.Get("y"))
			m, _ := strconv.Atoi(q.Get("m"))
			day := time.Date(y, time.Month(m), 1, 0, 0, 0, 0, time.UTC)
			var links []string
			for _, next := range []time.Time{day.AddDate(0, 1, 0), day.AddDate(0, -1, 0), day.AddDate(1, 0, 0), day.AddDate(0, 0, 9), day.AddDate(0, 0, 17)} {
				links = append(links, fmt.Sprintf("/t/calendar?y=%d&m=%d&d=%d", next.Year(), next.Month(), next.Day()))
			}
			Page{Title: "Calendar of " + day.Format("January 2006"), Text: "No events in " + day.Format("January 2006") + ". Mo Tu We Th Fr Sa Su 1 2 3 4 5 6 7 8 9 10 11 12 13 14", Links: links}.ServeHTTP(rw, r)
		})
}

// installT03 gives documents 1 to 20, each linked from each with a fresh session
// in one of four shapes: three known ones, and one that must be learned.
func installT03(w *Web) {
	var n atomic.Int64
	serve := func(rw http.ResponseWriter, r *http.Request) {
		path, _, _ := strings.Cut(r.URL.Path, ";")
		doc, _ := strconv.Atoi(strings.TrimPrefix(path, "/t/session"))
		var links []string
		for i := 1; i <= T03Docs; i++ {
			id := fmt.Sprintf("%016x", uint64(n.Add(1))*0x9e3779b97f4a7c15)
			switch i % 4 {
			case 0:
				links = append(links, fmt.Sprintf("/t/session%d;jsessionid=%s", i, id))
			case 1:
				links = append(links, fmt.Sprintf("/t/session%d?PHPSESSID=%s", i, id))
			case 2:
				links = append(links, fmt.Sprintf("/t/session%d?sid=%s", i, id))
			case 3:
				links = append(links, fmt.Sprintf("/t/session%d?visit=%s", i, id))
			}
		}
		prosePage(uint64(doc)+1000, links...).ServeHTTP(rw, r)
	}
	w.Site("t03.test").HandleFunc("/t/session*", serve).HandleFunc("/", func(rw http.ResponseWriter, r *http.Request) {
		r.URL.Path = "/t/session20"
		serve(rw, r)
	})
}

// installT04: a list shows 8 products of the 100, chosen by its page; colour, size
// and order change what is shown a little, and the links on it a lot.
func installT04(w *Web) {
	facets := map[string]int{"color": 8, "size": 8, "sort": 4, "page": 16}
	names := []string{"color", "size", "sort", "page"}
	s := w.Site("t04.test")
	s.Page("/", Page{Title: "Shop", Text: Prose(4, 40), Links: []string{"/t/facets?color=0&size=0&sort=0&page=0"}})
	s.HandleFunc("/t/facets", func(rw http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		at := map[string]int{}
		for _, f := range names {
			at[f], _ = strconv.Atoi(q.Get(f))
			at[f] = min(max(0, at[f]), facets[f]-1)
		}
		var links []string
		text := "Products:"
		for i := range 8 {
			product := (at["page"]*8+i)%T04Products + 1
			links = append(links, fmt.Sprintf("/t/product/%d", product))
			text += fmt.Sprintf(" product %d, %s;", product, Prose(uint64(product), 3))
		}
		for _, f := range names {
			for v := range facets[f] {
				there := url.Values{}
				for _, g := range names {
					there.Set(g, strconv.Itoa(at[g]))
				}
				there.Set(f, strconv.Itoa(v))
				links = append(links, "/t/facets?"+there.Encode())
			}
		}
		Page{Title: "Products", Text: text, Links: links}.ServeHTTP(rw, r)
	})
	for i, p := range numbers("/t/product/", T04Products) {
		s.Page(p, prosePage(uint64(i)+400, "/"))
	}
}

func installT07(w *Web) {
	s := w.Site("t07.test")
	links := append(numbers("/t/soft404/missing", 40), numbers("/t/soft404/there", T07Pages)...)
	for i, p := range numbers("/t/soft404/there", T07Pages) {
		s.Page(p, prosePage(uint64(i)+700))
	}
	s.Page("/robots.txt", Page{Status: 404}).Page("/sitemap.xml", Page{Status: 404})
	s.Mount(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		Page{Title: "Our shop", HTML: "<title>Our shop</title><h1>Sorry</h1><p>We could not find what you are looking for at " + html.EscapeString(r.URL.Path) +
			". Perhaps it was moved, or it never was there. " + Prose(7, 40)}.ServeHTTP(rw, r)
	}))
	s.Page("/", Page{Title: "Front", Text: Prose(70, 60), Links: links})
}

func installT08(w *Web) {
	text := Prose(8, 300)
	var n atomic.Int64
	s := w.Site("t08.test").HandleFunc("/t/dup/*", func(rw http.ResponseWriter, r *http.Request) {
		Page{Title: "The one text", Text: fmt.Sprintf("%s Served at %s, visitor %d.", text, time.Now().UTC().Format(time.RFC3339Nano), n.Add(1))}.ServeHTTP(rw, r)
	})
	s.Page("/", Page{HTML: "<title>Copies</title><meta name=robots content=noindex>" + anchors(numbers("/t/dup/", T08Copies))})
}

func anchors(paths []string) string {
	var b strings.Builder
	for _, p := range paths {
		fmt.Fprintf(&b, "<a href=\"%s\">%s</a> ", html.EscapeString(p), html.EscapeString(p))
	}
	return b.String()
}

// T09Safe are spellings that the URL standard or every server makes one: at most
// one request for each list. T09Learned are ones that only content can show to be
// one.
var (
	T09Safe = [][]string{
		{"/t/x/./y", "/t/x/y", "/t/x/z/../y", "/t/x/%2e/y", "http://t09.test:80/t/x/y", "HTTP://T09.TEST/t/x/y", "/t/x/y#part"},
		{"/t/%7Euser", "/t/~user"},
		{"/t/tracked", "/t/tracked?utm_source=a", "/t/tracked?fbclid=1&gclid=2"},
		{"/t/q?a=1&b=2", "/t/q?a=1&b=2#x"},
	}
	T09Learned = [][]string{
		{"/t/order?a=1&b=2", "/t/order?b=2&a=1"},
		{"/t/case", "/t/Case", "/T/case"},
		{"/t/dir/", "/t/dir/index.html"},
		{"/t/slash", "/t/slash/"},
		{"/t/double//y", "/t/double/y"},
	}
)

func installT09(w *Web) {
	s := w.Site("t09.test")
	var links []string
	for i, class := range append(append([][]string{}, T09Safe...), T09Learned...) {
		for _, spelling := range class {
			links = append(links, spelling)
			u, err := url.Parse(spelling)
			if err == nil {
				s.Page(u.EscapedPath(), prosePage(uint64(i)+900))
			}
		}
		s.Page("/t/x/y", prosePage(900)).Page("/t/~user", prosePage(901)).Page("/t/%7Euser", prosePage(901))
	}
	s.Page("/", Page{HTML: "<title>Spellings</title><meta name=robots content=noindex>" + anchors(links)})
}

// tarpit is a page of chained words, which look like text, and of links that lead
// to more of it, sent in five seconds.
func tarpit(rw http.ResponseWriter, r *http.Request) {
	h := fnv.New64a()
	h.Write([]byte(r.URL.Path))
	id := h.Sum64()
	vocabulary := strings.Fields(Prose(10, 200)) // the same words for all pages
	var text strings.Builder
	for i, at := 0, id; i < 150; i++ {
		at = at*6364136223846793005 + 1442695040888963407
		text.WriteString(vocabulary[(at>>33)%uint64(len(vocabulary))] + " ")
	}
	rw.Header().Set("Content-Type", "text/html")
	fmt.Fprintf(rw, "<title>%s</title><p>%s</p>\n", text.String()[:20], text.String())
	for part := range 5 {
		for i := range 40 {
			fmt.Fprintf(rw, "<a href=\"/maze/%x/%d\">more</a>\n", id, part*40+i)
		}
		http.NewResponseController(rw).Flush()
		select {
		case <-time.After(time.Second):
		case <-r.Context().Done():
			return
		}
	}
}

func installT12(w *Web) {
	for i := range T12Hosts {
		host := fmt.Sprintf("farm%d-t12.test", i)
		w.Site(host).SetAddrs(fmt.Sprintf("9.201.0.%d", i%40)). // farms stand close together
									Page("/robots.txt", Page{Status: 404}).Page("/sitemap.xml", Page{Status: 404}).
									Mount(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				h := hashed(r.Host + r.URL.Path)
				var links []string
				for k := range uint64(20) {
					links = append(links, fmt.Sprintf("http://farm%d-t12.test/offer%d", (h+k*k*131)%T12Hosts, (h>>8+k)%1000))
				}
				prosePage(h, links...).ServeHTTP(rw, r)
			}))
	}
}
