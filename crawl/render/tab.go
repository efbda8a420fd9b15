package render

import (
	"context"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/inspector"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"github.com/trawlsearch/trawl/weburl"
)

const (
	// tabPages is how many pages a tab shows, one after another. A new tab takes
	// two thirds of the CPU time of a page in it, which is a process's start. The
	// page's clock goes on by Options.Settle from each to the next.
	tabPages = 20
	// tabIdle is how long a tab waits for the next page of its origin.
	tabIdle = 10 * time.Second
)

// A tab is a browser context with one page in it, for pages of one origin, one
// after another.
type tab struct {
	pool   *Pool
	origin string
	ln     net.Listener // of the pages' proxies
	served sync.WaitGroup

	ctx    context.Context // of chromedp
	cancel context.CancelFunc
	pages  int // that it was given
	idle   *time.Timer

	settled chan struct{} // the page's time is over, by its own clock
	crashed chan struct{}
	dialogs chan struct{}
	blank   chan struct{} // the empty page is there, and the one before it gone

	mu   sync.Mutex
	gate *gateway // of the page that it shows; nil: it shows none
}

// newTab makes a tab, which begins to live with the first call of chromedp.
func (b *browser) newTab(u weburl.URL) (*tab, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	t := &tab{pool: b.pool, origin: u.Origin(), ln: own{ln}, settled: make(chan struct{}, 1), crashed: make(chan struct{}, 1), dialogs: make(chan struct{}, 1), blank: make(chan struct{}, 1)}
	t.ctx, t.cancel = chromedp.NewContext(b.root, chromedp.WithListener(t.hear),
		chromedp.WithNewBrowserContext(func(c *target.CreateBrowserContextParams) {
			c.ProxyServer, c.ProxyBypassList = "http://"+ln.Addr().String(), "<-loopback>"
		}))
	t.served.Go(t.accept)
	return t, nil
}

// accept gives each connection to the proxy of the page that is shown.
func (t *tab) accept() {
	for {
		c, err := t.ln.Accept()
		if err != nil {
			return
		}
		t.mu.Lock()
		g := t.gate
		t.mu.Unlock()
		if g == nil || !g.take(c) {
			c.Close()
		}
	}
}

// show makes g the way to the network, nil none.
func (t *tab) show(g *gateway) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.gate = g
}

// hear gets all events of the tab, on the goroutine that reads them.
func (t *tab) hear(ev any) {
	tell := func(c chan struct{}) {
		select {
		case c <- struct{}{}:
		default:
		}
	}
	switch ev := ev.(type) {
	case *page.EventFrameNavigated:
		if ev.Frame.ParentID == "" && ev.Frame.URL == "about:blank" {
			tell(t.blank)
		}
	case *emulation.EventVirtualTimeBudgetExpired:
		tell(t.settled)
	case *inspector.EventTargetCrashed:
		tell(t.crashed)
	case *page.EventJavascriptDialogOpening:
		tell(t.dialogs)
	}
}

// fit says whether a tab that was idle may show another page.
func (t *tab) fit() bool {
	select {
	case <-t.crashed:
		return false
	case <-t.settled:
	default:
	}
	return t.ctx.Err() == nil
}

// clean takes away what a page left, so that the next one finds the tab as a new
// one, and says whether it could. What stays is session storage of frames of
// other origins, and answers that servers let browsers keep.
func (t *tab) clean(res *Result) bool {
	ctx, done := context.WithTimeout(t.ctx, lastTime)
	defer done()
	select {
	case <-t.blank: // of before
	default:
	}
	if r, err := chromedp.Call(ctx, page.Navigate, page.NavigateParams{URL: "about:blank"}); err != nil || r.ErrorText != "" {
		return false
	}
	select { // the call does not wait for it
	case <-t.blank:
	case <-ctx.Done():
		return false
	}
	id := chromedp.FromContext(t.ctx).BrowserContextID
	if _, err := chromedp.CallBrowser(ctx, storage.ClearCookies, storage.ClearCookiesParams{BrowserContextID: id}); err != nil {
		return false
	}
	for _, origin := range slices.Compact([]string{t.origin, res.URL.Origin()}) {
		if _, err := chromedp.Call(ctx, storage.ClearDataForOrigin, storage.ClearDataForOriginParams{Origin: origin, StorageTypes: "all"}); err != nil {
			return false
		}
	}
	return true
}

// close closes the tab with its browser context and waits for that.
func (t *tab) close() error {
	ctx, done := context.WithTimeout(t.ctx, lastTime)
	err := chromedp.Cancel(ctx)
	done()
	t.cancel()
	t.ln.Close()
	t.served.Wait()
	return err
}
