package crawl

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/trawlsearch/trawl/crawl/fetch"
	"github.com/trawlsearch/trawl/crawl/learn"
	"github.com/trawlsearch/trawl/crawl/robots"
	"github.com/trawlsearch/trawl/weburl"
)

const (
	maxOrigins      = 10_000
	maxRobotsBytes  = 32 << 20
	robotsBackoff   = time.Minute    // doubled at each failure in a row,
	maxRobotsWait   = 6 * time.Hour  // to this
	staleRobotsLife = 24 * time.Hour // good rules hold so much longer while new ones cannot be had
)

// origin is what is known of one origin: its rules, and how it bears us.
type origin struct {
	asking sync.Mutex // held during a fetch of robots.txt; guards nothing else

	mu       sync.Mutex // guards what follows
	rules    *robots.Rules
	expires  time.Time // of rules, or of trouble
	good     time.Time // when the rules in use expired, or will
	trouble  string    // why there are no rules
	failures int       // fetches of robots.txt in a row that failed
	size     int       // bytes of the file
	manners  manners
	host     *learn.Host // nil: not read yet
	lessons  int         // pages that taught something
	used     time.Time   // origins.mu guards this one
}

// origins remembers origins within bounds. Any goroutine may call it.
type origins struct {
	mu    sync.Mutex
	known map[string]*origin
	bytes int
}

func newOrigins() *origins { return &origins{known: map[string]*origin{}} }

// get gives the origin of u, new if it is not remembered.
func (s *origins) get(u weburl.URL) *origin {
	name := u.Origin()
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.known[name]
	if o == nil {
		for len(s.known) >= maxOrigins || s.bytes > maxRobotsBytes {
			s.forget()
		}
		o = &origin{}
		s.known[name] = o
	}
	o.used = time.Now()
	return o
}

// forget drops the longest unused of a sample of eight: as good as a list of all
// in order, without the list.
func (s *origins) forget() {
	oldest, n := "", 0
	for name, o := range s.known {
		if oldest == "" || o.used.Before(s.known[oldest].used) {
			oldest = name
		}
		if n++; n == 8 {
			break
		}
	}
	if oldest == "" {
		s.bytes = 0
		return
	}
	o := s.known[oldest]
	o.mu.Lock()
	s.bytes -= o.size
	o.size = -1 // what comes for it later is not counted
	o.mu.Unlock()
	delete(s.known, oldest)
}

// peek is get of an origin that is remembered; else nil.
func (s *origins) peek(u weburl.URL) *origin {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.known[u.Origin()]
}

// cached gives the rules of an origin if they are at hand: what links are judged
// by when they are queued.
func (s *origins) cached(u weburl.URL) *robots.Rules {
	o := s.peek(u)
	if o == nil {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.rules
}

// ruling is what robots.txt says at the moment.
type ruling struct {
	rules   *robots.Rules // nil: it cannot be had, so nothing may be fetched
	trouble string        // why not
	until   time.Time     // when to ask again
	asked   bool          // it was fetched just now
}

// rule gives the rules of u's origin, fetching robots.txt where that is due.
func (s *origins) rule(ctx context.Context, o *origin, client *fetch.Client, product string, u weburl.URL) ruling {
	o.asking.Lock()
	defer o.asking.Unlock()
	if r, ok := o.ruling(); ok {
		return r
	}
	a := client.Robots(ctx, u)
	if ctx.Err() != nil {
		return ruling{trouble: string(fetch.ClassCanceled), until: time.Now()}
	}
	grown := o.answer(a, product)
	s.mu.Lock()
	s.bytes += grown
	s.mu.Unlock()
	r, _ := o.ruling()
	r.asked = true
	return r
}

// ruling is the ruling in force, and whether it still holds.
func (o *origin) ruling() (ruling, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	r := ruling{rules: o.rules, trouble: o.trouble, until: o.expires}
	return r, time.Now().Before(o.expires)
}

// answer takes in a fetch of robots.txt, and tells by how many bytes the memory
// of rules grew.
func (o *origin) answer(a fetch.RobotsAnswer, product string) (grown int) {
	now := time.Now()
	o.mu.Lock()
	defer o.mu.Unlock()
	// fetch answers rules that deny all, without a body, when it could not read
	// any (RFC 9309, 2.3.1.4).
	if len(a.Body) > 0 || a.Rules.Allowed(product, "/") {
		o.rules, o.expires, o.good = a.Rules, a.Expires, a.Expires
		o.trouble, o.failures = "", 0
		if o.size >= 0 {
			grown = len(a.Body) - o.size
			o.size = len(a.Body)
		}
		return grown
	}
	wait := maxRobotsWait
	if o.failures < 10 {
		wait = min(wait, robotsBackoff<<o.failures)
	}
	o.failures++
	o.expires = now.Add(wait)
	if a.Expires.After(o.expires) {
		o.expires = a.Expires // it said how long to wait
	}
	o.trouble = string(a.Class)
	if o.trouble == "" {
		o.trouble = fmt.Sprint("http-", a.Status)
	}
	if now.After(o.good.Add(staleRobotsLife)) {
		o.rules = nil
	}
	return 0
}
