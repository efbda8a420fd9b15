// Package render gives the page that scripts make: it runs an address in a
// pooled Chromium, over the DevTools protocol, and returns the document as it
// then stands.
//
// # What a page may do
//
// A page has a browser context that only pages of its origin have had before it,
// at most 19, one after another: a tab is kept for the next page, its cookies and
// storage cleared, because to start its process takes two thirds of the CPU time
// of a page. A page that was cut short closes its tab. All its requests go through a proxy in this
// process, which opens TLS too, asks Options.Allow and fetches with Options.Get:
// the address guard, name resolution, proxies and limits of package fetch hold
// for every request of every frame and worker, and nothing reaches the network
// another way.
//
// GET and HEAD go to any address that Allow permits; POST, with at most 64 KiB,
// only to the page's own site, and not as a navigation. Images, fonts, audio,
// video and plug-ins are not loaded; service workers, WebSockets, downloads,
// popups and dialogs do not come about.
//
// # When a page is done
//
// A page has 5 s of its own time (Options.Settle) from the navigation. The
// clock of the page is virtual: it stands still while requests are under way
// and leaps while the page only waits, so that a timer of 3 s costs no time
// here, and a page that asks for nothing is done as soon as it has worked.
//
// # Limits
//
//	what                          zero value of Options
//	time of a page                10 s, then what stands there is taken, in 1 s
//	time of a script, style, ...  4 s
//	requests of a page            50, refused ones too (images and the like do not count)
//	bytes of a page's requests    20 MiB, decoded
//	document                      5 MiB
//	heap of a page's scripts      256 MiB
//	pages of a browser            500, then it is replaced
//	browsers                      2, with 2 pages each at a time
//
// # Processes
//
// A browser is one process group, which is killed when it has rendered its
// share, at Close, when it does not answer, and by the kernel when this process
// dies (Linux). Its profile is a folder in Options.TempDir that is locked while
// it lives: New removes those that a killed process left, with what still runs
// on them.
//
// As root Chromium has no sandbox of its own; run as another user where the
// pages are not trusted.
package render

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"sync"
	"time"

	"github.com/trawlsearch/trawl/crawl/fetch"
	"github.com/trawlsearch/trawl/weburl"
)

// Options are the settings of a Pool. The zero value works.
type Options struct {
	Browser string // the program; empty: the first of Names that is there
	Agent   string // User-Agent that scripts see; empty: Trawl's. What servers see, Get decides

	// Get fetches what a page asks for: page is the page's own address. It is
	// called from many goroutines. Nil: a fetch.Client with its defaults. One
	// with credentials should be given only what goes to the site of page.
	Get func(ctx context.Context, page weburl.URL, req fetch.Request) (*fetch.Response, error)
	// Allow says whether an address may be asked for: robots rules, scope. It is
	// asked for each but the first address of Render. Nil: all may.
	Allow func(weburl.URL) bool

	Browsers    int           // at most so many at a time; zero: 2
	Tabs        int           // pages of a browser at a time; zero: 2
	MaxPages    int           // of a browser, then it is replaced; zero: 500
	MaxRequests int           // of a page; zero: 50
	MaxBytes    int64         // decoded, of all answers to a page; zero: 20 MiB
	MaxHTML     int           // bytes of a document, the rest is cut; zero: 5 MiB
	MaxTime     time.Duration // of a page; zero: 10 s
	Settle      time.Duration // of the page's own clock; zero: 5 s

	TempDir string       // for profiles; empty: os.TempDir()
	Log     *slog.Logger // nil: nothing is logged
}

// Names are the programs that New looks for. The shell is Chromium without its
// windows: a page of its own takes 0.1 s in it, and 0.4 s in the whole.
var Names = []string{"chromium-headless-shell", "chrome-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"}

// ErrNoBrowser says that there is no Chromium.
var ErrNoBrowser = errors.New("no Chromium found; install one (Debian: apt-get install chromium-headless-shell) or name it")

// ErrClosed is the error of a Pool after Close.
var ErrClosed = errors.New("pool is closed")

// ErrHung is the error of a page that gave no document away: its scripts could
// not be stopped, or it took more memory than it may.
var ErrHung = errors.New("the page does not answer")

func (o *Options) setDefaults() {
	def(&o.Agent, "Mozilla/5.0 (compatible; Trawl/0; +https://github.com/trawlsearch/trawl)")
	def(&o.Browsers, 2)
	def(&o.Tabs, 2)
	def(&o.MaxPages, 500)
	def(&o.MaxRequests, 50)
	def(&o.MaxBytes, 20<<20)
	def(&o.MaxHTML, 5<<20)
	def(&o.MaxTime, 10*time.Second)
	def(&o.Settle, 5*time.Second)
	def(&o.TempDir, os.TempDir())
	if o.Allow == nil {
		o.Allow = func(weburl.URL) bool { return true }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Get == nil {
		c := fetch.New(fetch.Options{Log: o.Log})
		o.Get = func(ctx context.Context, _ weburl.URL, req fetch.Request) (*fetch.Response, error) {
			return c.Get(ctx, req)
		}
	}
}

func def[T comparable](p *T, value T) {
	var zero T
	if *p == zero {
		*p = value
	}
}

// A Request is a page to render.
type Request struct {
	URL    weburl.URL
	Header http.Header // further fields of the first request, such as Accept-Language
	// Answer is the server's answer to URL where it was fetched already: the
	// browser gets it, and the page is not asked for a second time.
	Answer *fetch.Response
}

// Why a Result is not all that it might be.
const (
	WhyTime     = "time"     // MaxTime was over: the document as it stood
	WhyRequests = "requests" // MaxRequests was met: further requests were refused
	WhyBytes    = "bytes"    // MaxBytes was met, likewise
	WhySize     = "size"     // the document is longer than MaxHTML
)

// A Result is a rendered page.
type Result struct {
	URL       weburl.URL // where the page is now: scripts may have led it on
	Status    int        // of the answer to URL; of an address that was never asked for, of the last page
	HTML      []byte     // the document, serialised, in UTF-8
	Truncated bool       // HTML may not be all
	Why       string     // what cut the page short; empty: nothing did

	Requests int   // that were sent
	Refused  int   // that were not
	Bytes    int64 // decoded, of all answers
	Took     time.Duration
}

// A Pool renders pages. Any goroutine may call it.
type Pool struct {
	opt   Options
	certs *certs
	cache *cache
	slots chan struct{}

	mu       sync.Mutex
	closed   bool
	browsers []*browser
	running  sync.WaitGroup // of Render
	retiring sync.WaitGroup // of browsers being stopped
}

// New finds the browser and clears away what a killed process left. It starts
// nothing: the first Render does.
func New(opt Options) (*Pool, error) {
	opt.setDefaults()
	if opt.Browser == "" {
		for _, name := range Names {
			if path, err := exec.LookPath(name); err == nil {
				opt.Browser = path
				break
			}
		}
	}
	if opt.Browser == "" {
		return nil, fmt.Errorf("render: %w", ErrNoBrowser)
	}
	if _, err := exec.LookPath(opt.Browser); err != nil {
		return nil, fmt.Errorf("render: %w: %w", ErrNoBrowser, err)
	}
	sweep(opt.TempDir, opt.Log)
	c, err := newCerts()
	if err != nil {
		return nil, fmt.Errorf("render: %w", err)
	}
	return &Pool{opt: opt, certs: c, cache: newCache(), slots: make(chan struct{}, opt.Browsers*opt.Tabs)}, nil
}

// Render runs a page. It waits for a free tab. The error says why there is no
// document at all: the page could not be fetched, or the browser failed twice.
func (p *Pool) Render(ctx context.Context, req Request) (*Result, error) {
	if err := p.enter(ctx); err != nil {
		return nil, fmt.Errorf("render: %s: %w", req.URL, err)
	}
	res, done, err := p.once(ctx, req)
	if errors.Is(err, errBroken) && ctx.Err() == nil {
		done()
		res, done, err = p.once(ctx, req) // a page that killed the browser must not take others with it
	}
	p.retiring.Go(func() { // a tab that hangs is closed behind the caller's back
		done()
		p.leave()
	})
	if err != nil {
		return nil, fmt.Errorf("render: %s: %w", req.URL, err)
	}
	return res, nil
}

// once renders a page in one browser. done closes the tab, or keeps it, and gives
// the browser back.
func (p *Pool) once(ctx context.Context, req Request) (*Result, func(), error) {
	b, t, err := p.take(req.URL.Origin())
	if err != nil {
		return nil, func() {}, err
	}
	res, done, err := p.visit(ctx, b, t, req)
	return res, func() { p.give(b, done(), errors.Is(err, errBroken)) }, err
}

func (p *Pool) enter(ctx context.Context) error {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return ErrClosed
	}
	p.running.Add(1)
	p.mu.Unlock()
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		p.running.Done()
		return ctx.Err()
	}
}

func (p *Pool) leave() {
	<-p.slots
	p.running.Done()
}

// take gives a browser that has an idle tab of the origin, with that tab, or else
// the one that has the fewest pages open, or a new one.
func (p *Pool) take(origin string) (*browser, *tab, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, nil, ErrClosed
	}
	best, t := p.idleTab(origin)
	if t == nil {
		for _, b := range p.browsers {
			if b.open < p.opt.Tabs && (best == nil || b.open < best.open) {
				best = b
			}
		}
		if best == nil || best.open > 0 && len(p.browsers) < p.opt.Browsers {
			best = newBrowser(p)
			p.browsers = append(p.browsers, best)
		}
		if len(best.idle) > 0 && best.open+len(best.idle) >= p.opt.Tabs {
			p.retire(best.idle[0])
			best.idle = best.idle[1:]
		}
	}
	best.open++
	best.pages++
	if best.pages >= p.opt.MaxPages {
		p.drop(best)
	}
	return best, t, nil
}

// idleTab takes an idle tab of an origin, if there is one.
func (p *Pool) idleTab(origin string) (*browser, *tab) {
	for _, b := range p.browsers {
		for i, t := range b.idle {
			if t.origin == origin && b.open < p.opt.Tabs {
				b.idle = slices.Delete(b.idle, i, i+1)
				t.idle.Stop()
				return b, t
			}
		}
	}
	return nil, nil
}

// give returns a browser, and a tab that may show another page. A browser that is
// broken or has done its share takes no further page, and is stopped with its
// last.
func (p *Pool) give(b *browser, t *tab, broken bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	b.open--
	if broken {
		p.drop(b)
	}
	switch {
	case t == nil:
	case b.dropped || p.closed:
		p.retire(t)
	default:
		b.idle = append(b.idle, t)
		t.idle = time.AfterFunc(tabIdle, func() { p.expire(b, t) })
	}
	if b.dropped && b.open == 0 {
		p.retiring.Go(b.stop)
	}
}

// expire closes a tab that waited in vain.
func (p *Pool) expire(b *browser, t *tab) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(b.idle, t); i >= 0 {
		b.idle = slices.Delete(b.idle, i, i+1)
		p.retire(t)
	}
}

// retire closes an idle tab behind the caller's back.
func (p *Pool) retire(t *tab) {
	if t.idle != nil {
		t.idle.Stop()
	}
	p.retiring.Go(func() { t.close() })
}

// drop takes a browser out of use.
func (p *Pool) drop(b *browser) {
	b.dropped = true
	for _, t := range b.idle {
		p.retire(t)
	}
	b.idle = nil
	for i, x := range p.browsers {
		if x == b {
			p.browsers = append(p.browsers[:i], p.browsers[i+1:]...)
			return
		}
	}
}

// Close stops all browsers and waits until they are gone. Pages under way fail.
func (p *Pool) Close() {
	p.mu.Lock()
	p.closed = true
	browsers := p.browsers
	p.browsers = nil
	for _, b := range browsers {
		p.drop(b)
		p.retiring.Go(b.stop)
	}
	p.mu.Unlock()
	p.running.Wait()
	p.retiring.Wait()
}
