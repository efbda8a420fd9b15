package frontier

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/trawlsearch/trawl/weburl"
)

// trapWeb crawls a web that is a function from an address to its links, with the
// budget of the open web, and counts requests by host.
type trapWeb struct {
	t     *testing.T
	f     *Frontier
	now   time.Time
	hits  map[string]int // by host
	paths map[string]int // by first directory
}

func newTrapWeb(t *testing.T, budget Budget, delay time.Duration) *trapWeb {
	w := &trapWeb{t: t, now: time.Unix(1e9, 0), hits: map[string]int{}, paths: map[string]int{}}
	w.f = open(t, vfs.NewMem(), Options{DefaultDelay: delay, Budget: budget, Now: func() time.Time { return w.now }})
	return w
}

type trapPage struct {
	links []string
	dull  bool // brings nothing new
	took  time.Duration
	ip    netip.Addr
}

// crawl runs until nothing is left, the time is over, or limit pages were fetched.
func (w *trapWeb) crawl(span time.Duration, limit int, site func(u weburl.URL) trapPage) {
	w.t.Helper()
	until := w.now.Add(span)
	clockwork(w.t, w.f, &w.now, until, func(l Lease) Outcome {
		p := site(l.URL)
		if !w.f.Located(l, p.ip) {
			if err := w.f.Return(l, 0); err != nil {
				w.t.Fatal(err)
			}
			return Outcome{}
		}
		if limit--; limit < 0 {
			w.now = until
		}
		w.hits[l.URL.Hostname()]++
		dir, _, _ := strings.Cut(l.URL.Path()[1:], "/")
		w.paths[dir]++
		o := Outcome{Lease: l, State: Done, Status: 200, Novel: !p.dull, Took: p.took, Bytes: 1000}
		for _, s := range p.links {
			u, err := l.URL.Join(s)
			if err != nil {
				w.t.Fatal(err)
			}
			o.Links = append(o.Links, Item{URL: u, Depth: l.Depth + 1, Priority: uint8(min(3, l.Depth)), Referrer: l.URL})
		}
		return o
	})
}

// TestCalendar is row T01: endless months of nothing new end at the budget of
// their template; the rest of the site is complete.
func TestCalendar(t *testing.T) {
	w := newTrapWeb(t, WebBudget(), -1)
	mustAdd(t, w.f, 1, items(t, "http://t.test/"))
	w.crawl(time.Hour, 1e6, func(u weburl.URL) trapPage {
		if u.Path() == "/calendar/month" {
			var y, m int
			fmt.Sscanf(u.Query(), "y=%d&m=%d", &y, &m)
			next := y*12 + m + 1
			return trapPage{dull: true, links: []string{
				fmt.Sprintf("?y=%d&m=%d&d=1", next/12, next%12), fmt.Sprintf("?y=%d&m=%d&d=2", next/12, next%12), "/page/7",
			}}
		}
		p := trapPage{links: []string{"/calendar/month?y=2020&m=1&d=1"}}
		for i := range 100 {
			p.links = append(p.links, fmt.Sprintf("/page/%d", i))
		}
		return p
	})
	t.Logf("%v", w.paths)
	if w.paths["page"] != 100 || w.paths["calendar"] > 300 || w.paths["calendar"] < 100 {
		t.Errorf("%v", w.paths)
	}
	st := w.f.Stats()
	if st.Held == 0 || st.Reasons["held/template-budget"] != st.Held {
		t.Errorf("stats %+v", st)
	}
	held := 0
	ts, err := w.f.Templates(addr(t, "http://t.test/"), 10)
	for _, x := range ts {
		if held += x.Held; x.Shape == "/calendar/month?d&m&y" && (x.Budget != 100 || x.Novel != 0) {
			t.Errorf("template %+v", x)
		}
	}
	if err != nil || int64(held) != st.Held || len(ts) != 3 {
		t.Errorf("templates %+v, %v; %d held", ts, err, st.Held)
	}
	for _, u := range []string{"http://t.test/calendar/month?y=2029&m=1&d=1"} {
		if s, known := w.f.Why(addr(t, u)); known && s.State != Held {
			t.Errorf("%s: %+v", u, s)
		}
	}
}

// TestFacets is row T04: every combination of four parameters in front of a
// hundred products.
func TestFacets(t *testing.T) {
	w := newTrapWeb(t, WebBudget(), -1)
	mustAdd(t, w.f, 1, items(t, "http://t.test/list?color=0"))
	n := 0
	w.crawl(time.Hour, 1e6, func(u weburl.URL) trapPage {
		if u.Path() != "/list" {
			return trapPage{}
		}
		n++
		q := map[string]int{}
		for part := range strings.SplitSeq(u.Query(), "&") {
			k, v, _ := strings.Cut(part, "=")
			fmt.Sscan(v, new(int))
			var x int
			fmt.Sscan(v, &x)
			q[k] = x
		}
		p := trapPage{dull: n > 8}
		for _, k := range []string{"color", "size", "sort", "page"} {
			for v := range 8 {
				link := "/list?"
				for _, j := range []string{"color", "size", "sort", "page"} {
					x := q[j]
					if j == k {
						x = v
					}
					link += fmt.Sprintf("%s=%d&", j, x)
				}
				p.links = append(p.links, link[:len(link)-1])
			}
		}
		for i := range 10 {
			p.links = append(p.links, fmt.Sprintf("/product/%d.html", (q["page"]*10+i+q["color"]*20)%100))
		}
		return p
	})
	total := w.hits["t.test"]
	t.Logf("%d requests, %d products", total, w.paths["product"])
	if w.paths["product"] != 100 || total > 1000 {
		t.Errorf("%d of 100 products in %d requests", w.paths["product"], total)
	}
}

// TestGoodTemplate: a template that goes on to bring something new is fetched
// whole, batch by batch, however many of its addresses were found at once.
func TestGoodTemplate(t *testing.T) {
	w := newTrapWeb(t, WebBudget(), -1)
	mustAdd(t, w.f, 1, items(t, "http://t.test/"))
	w.crawl(time.Hour, 1e6, func(u weburl.URL) trapPage {
		var p trapPage
		if u.Path() == "/" {
			for i := range 5000 {
				p.links = append(p.links, fmt.Sprintf("/item/%d", i))
			}
		}
		return p
	})
	if st := w.f.Stats(); st.Done != 5001 || st.Held != 0 || st.Queued != 0 {
		t.Errorf("stats %+v", st)
	}
}

// TestHostBudget is row T05: endless pages of new text stop at the host's budget,
// and do not hold up others; own sites have none.
func TestHostBudget(t *testing.T) {
	budget := WebBudget()
	budget.PerHost = 500
	budget.Free = func(u weburl.URL) bool { return u.Hostname() == "own.test" }
	w := newTrapWeb(t, budget, -1)
	mustAdd(t, w.f, 3, items(t, "http://deep.test/n/0", "http://own.test/n/0", "http://other.test/x/0"))
	w.crawl(time.Hour, 3000, func(u weburl.URL) trapPage {
		var n int
		fmt.Sscanf(u.Path()[3:], "%d", &n)
		if u.Hostname() == "other.test" && n >= 200 {
			return trapPage{}
		}
		return trapPage{links: []string{fmt.Sprint(n + 1), fmt.Sprint(n + 2)}}
	})
	if w.hits["deep.test"] != 500 || w.hits["own.test"] < 2000 || w.hits["other.test"] != 202 {
		t.Errorf("requests %v", w.hits)
	}
	if st, known := w.f.Why(addr(t, "http://deep.test/n/9999")); known || st.Refused != "host-budget" {
		t.Errorf("Why = %+v %v", st, known)
	}
	if st, known := w.f.Why(addr(t, "http://own.test/n/999999")); known || st.Refused != "" {
		t.Errorf("Why = %+v %v", st, known)
	}
	if h, _ := w.f.Host(addr(t, "http://deep.test/")); h.Known != 500 || h.Refused == 0 {
		t.Errorf("host %+v", h)
	}
}

// TestEndlessHosts is row T06: each sub-domain leads to ten more.
func TestEndlessHosts(t *testing.T) {
	w := newTrapWeb(t, WebBudget(), -1)
	mustAdd(t, w.f, 1, items(t, "http://t06.test/"))
	n := 0
	w.crawl(24*time.Hour, 20_000, func(u weburl.URL) trapPage {
		var p trapPage
		for range 10 {
			n++
			p.links = append(p.links, fmt.Sprintf("http://s%d.t06.test/", n))
		}
		return p
	})
	if len(w.hits) != 1000 {
		t.Errorf("%d hosts", len(w.hits))
	}
	if st, _ := w.f.Why(addr(t, "http://new.t06.test/")); st.Refused != "site-hosts" {
		t.Errorf("Why = %+v", st)
	}
	if st, ok := w.f.Site(addr(t, "http://t06.test/")); !ok || st.Hosts != 1000 || st.Addresses != 1000 || st.Refused == 0 || st.Bytes == 0 {
		t.Errorf("site %+v", st)
	}
}

// TestTarpit is row T10: slow pages, full of links that lead to no page twice.
func TestTarpit(t *testing.T) {
	w := newTrapWeb(t, WebBudget(), -1)
	mustAdd(t, w.f, 2, items(t, "http://pit.test/", "http://slow.test/"))
	n := 0
	w.crawl(60*24*time.Hour, 20_000, func(u weburl.URL) trapPage {
		p := trapPage{took: 5 * time.Second}
		for i := range 200 {
			if u.Hostname() == "pit.test" {
				n++
				p.links = append(p.links, fmt.Sprintf("/word-%d", n))
			} else {
				p.links = append(p.links, fmt.Sprintf("/page-%d", (len(u.Path())*200+i)%1000))
			}
		}
		return p
	})
	t.Logf("%v", w.hits)
	if w.hits["pit.test"] > 100 || w.hits["slow.test"] != 401 {
		t.Errorf("requests %v", w.hits)
	}
	if h, _ := w.f.Host(addr(t, "http://pit.test/")); h.Reason != "tarpit" {
		t.Errorf("host %+v", h)
	}
	if st, _ := w.f.Why(addr(t, "http://pit.test/never")); st.Refused != "tarpit" {
		t.Errorf("Why = %+v", st)
	}
}

// TestLinkFarm is row T12: a thousand domains on one machine that link to each
// other stay below a tenth while there is other work, and their links count as
// one party's.
func TestLinkFarm(t *testing.T) {
	w := newTrapWeb(t, WebBudget(), time.Second)
	mustAdd(t, w.f, 1, items(t, "http://start.test/"))
	const good = 60
	farmIP := netip.MustParseAddr("192.0.2.66")
	w.crawl(70*time.Second, 1e6, func(u weburl.URL) trapPage {
		host := u.Hostname()
		switch {
		case host == "start.test":
			p := trapPage{ip: netip.MustParseAddr("198.51.100.1"), links: []string{"http://f0.com/"}}
			for i := range good {
				p.links = append(p.links, fmt.Sprintf("http://good%d.org/page/0", i))
			}
			return p
		case strings.HasPrefix(host, "good"):
			var h, n int
			fmt.Sscanf(host, "good%d", &h)
			fmt.Sscanf(u.Path(), "/page/%d", &n)
			p := trapPage{ip: netip.AddrFrom4([4]byte{198, 51, 101, byte(h)})}
			if n < 58 {
				p.links = []string{fmt.Sprintf("/page/%d", n+1), fmt.Sprintf("/page/%d", n+2)}
			}
			p.links = append(p.links, "/page/59")
			return p
		}
		var h int
		fmt.Sscanf(host, "f%d", &h)
		p := trapPage{ip: farmIP}
		for i := range 30 {
			p.links = append(p.links, fmt.Sprintf("http://f%d.com/%d", (h*31+i*7)%1000, i))
		}
		return p
	})
	farm, total := 0, 0
	for host, n := range w.hits {
		if total += n; host[0] == 'f' {
			farm += n
		}
	}
	t.Logf("%d of %d requests went to the farm", farm, total)
	if total < good*58 || farm*10 > total || farm == 0 {
		t.Errorf("%d of %d requests went to the farm", farm, total)
	}
	st, _ := w.f.Site(addr(t, "http://f7.com/"))
	if st.Links > 3 || st.Budget > 2010 {
		t.Errorf("site of the farm %+v", st)
	}
}

func TestSketch(t *testing.T) {
	for _, n := range []int{0, 1, 2, 10, 100, 1000, 100_000} {
		var s sketch
		for i := range n {
			x := hash64(fmt.Sprint(i))
			s.add(x)
			if s.add(x) {
				t.Fatal("the same counts twice")
			}
		}
		if e := s.estimate(); e < float64(n)*0.7-1 || e > float64(n)*1.3+1 {
			t.Errorf("%d counted as %.0f", n, e)
		}
	}
}
