package crawltest

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// P: servers that ask for patience, or need it.

// P05Addr is where the twenty hosts of P05 stand.
const P05Addr = "9.200.0.1"

// P08Good is how many requests p08.test answers before it wants no more.
const P08Good = 100

func politeRows() []Row {
	return []Row{
		{ID: "P01", Behaviour: "429 with Retry-After: 30 for five requests, then pages", Seeds: seed("p01.test"), Install: func(w *Web) {
			busy := Page{Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"30"}}}
			w.Site("p01.test").star("/a", "/p/429", "/b", "/c").
				Handle("/p/429", Turns(busy, busy, busy, busy, busy, prosePage(99)))
		}},
		{ID: "P02", Behaviour: "503, Retry-After is a date 45 s ahead; then a page", Seeds: seed("p02.test"), Install: func(w *Web) {
			busy := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				at := time.Now().Add(45*time.Second + time.Second - 1) // a date has no fractions
				rw.Header().Set("Retry-After", at.UTC().Format(http.TimeFormat))
				rw.WriteHeader(http.StatusServiceUnavailable)
			})
			w.Site("p02.test").star("/p/503-date", "/b").Handle("/p/503-date", Turns(busy, busy, prosePage(99)))
		}},
		{ID: "P03", Behaviour: "503 with a Retry-After of 31 years once, then a page", Seeds: seed("p03.test"), Install: func(w *Web) {
			busy := Page{Status: http.StatusServiceUnavailable, Header: http.Header{"Retry-After": {"999999999"}}}
			w.Site("p03.test").star("/p/503-huge", "/b").Handle("/p/503-huge", Turns(busy, prosePage(99)))
		}},
		{ID: "P04", Behaviour: "eight answers take 3 s each, the rest none", Seeds: seed("p04.test"), Install: func(w *Web) {
			paths := numbers("/p/slow", 120)
			s := w.Site("p04.test").star(paths...)
			var n atomic.Int64
			for _, p := range paths {
				page := s.handlers[p]
				s.HandleFunc(p, func(rw http.ResponseWriter, r *http.Request) {
					if n.Add(1) <= 8 {
						time.Sleep(3 * time.Second)
					}
					page.ServeHTTP(rw, r)
				})
			}
		}},
		{ID: "P05", Behaviour: "twenty hosts on one address, half a second each answer", Seeds: p05Seeds(), Install: func(w *Web) {
			for i := range 20 {
				s := w.Site(fmt.Sprintf("v%d.p05.test", i)).SetAddrs(P05Addr)
				for _, p := range append(numbers("/page", 5), "/") {
					s.Page(p, Page{Title: "p " + p, Text: Prose(hashed(s.host+p), 40), Links: numbers("/page", 5), Delay: 500 * time.Millisecond})
				}
			}
		}},
		{ID: "P06", Behaviour: "every second answer, by chance, is a 500", Seeds: seed("p06.test"), Install: installP06},
		{ID: "P07", Behaviour: "a thousand addresses that are always a 500", Seeds: seed("p07.test"), Install: func(w *Web) {
			w.Site("p07.test").star(numbers("/p/500-always/", 1000)...).handle(numbers("/p/500-always/", 1000), Page{Status: http.StatusInternalServerError})
		}},
		{ID: "P08", Behaviour: "a hundred pages, then 403 for everything", Seeds: seed("p08.test"), Install: func(w *Web) {
			site := Generate(8, 1000)
			var n atomic.Int64
			w.Site("p08.test").Handle("/*", http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				switch {
				case n.Add(1) > P08Good:
					Page{Status: http.StatusForbidden, Title: "Forbidden"}.ServeHTTP(rw, r)
				default:
					site.ServeHTTP(rw, r)
				}
			}))
		}},
	}
}

func p05Seeds() (out []string) {
	for i := range 20 {
		out = append(out, fmt.Sprintf("http://v%d.p05.test/", i))
	}
	return out
}

func installP06(w *Web) {
	var mu sync.Mutex
	rnd := rand.New(rand.NewPCG(6, 6))
	paths := numbers("/p/flaky", 12)
	s := w.Site("p06.test").star(paths...)
	for _, p := range paths {
		s.Handle(p, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			mu.Lock()
			bad := rnd.IntN(2) == 0 || strings.HasSuffix(r.URL.Path, "/flaky12") // the last one always
			mu.Unlock()
			if bad {
				Page{Status: http.StatusInternalServerError}.ServeHTTP(rw, r)
				return
			}
			prosePage(hashed(r.URL.Path)).ServeHTTP(rw, r)
		}))
	}
}
