package render

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/css"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/trawlsearch/trawl/weburl"
)

const (
	// lastTime is what a page gets, after its time is over, to give its document
	// away, and then to be closed. A browser whose tab takes longer to close is
	// replaced.
	lastTime = time.Second
	// A page gets its time in parts. Between two of them it gets time for a few
	// frames: what watches sizes and visibility is told at frames, which follow
	// the real clock.
	parts     = 3
	frameTime = 40 * time.Millisecond
	// maxStarvation bounds the tasks that a page may run while its clock stands.
	maxStarvation = 10_000
)

// mute takes away what would stop a page that nobody sits before, lead it out of
// its tab, or tell it that it is left, when it must do no more, and makes animation frames follow the page's clock, which they
// do not by themselves. It runs in each frame before its scripts.
const mute = `(max => {
  const set = (o, k, v) => { try { Object.defineProperty(o, k, {value: v, writable: true, configurable: true}) } catch (e) {} };
  set(window, 'alert', () => {}); set(window, 'confirm', () => false); set(window, 'prompt', () => null);
  set(window, 'print', () => {}); set(window, 'open', () => null);
  set(window, 'requestAnimationFrame', f => setTimeout(() => f(performance.now()), 16)); set(window, 'cancelAnimationFrame', n => clearTimeout(n));
  const ask = window.fetch; let asked = 0;
  set(window, 'fetch', (...a) => ++asked > max ? Promise.reject(new TypeError('too many requests')) : ask(...a));
  try { delete Navigator.prototype.serviceWorker } catch (e) {}
  for (const type of ['beforeunload', 'visibilitychange', 'pagehide', 'unload', 'freeze']) addEventListener(type, e => e.stopImmediatePropagation(), true);
})(%d)`

// serialise gives the document in a world of its own, where the page's scripts
// changed nothing. What stands in open shadow roots is moved to where it shows.
const serialise = `(max => {
  let left = 50000;
  const flat = root => {
    for (const e of root.querySelectorAll('*')) {
      if (--left < 0) return;
      if (e.shadowRoot) { flat(e.shadowRoot); e.append(...e.shadowRoot.childNodes) }
    }
  };
  if (!document.documentElement) return {url: document.URL, html: '', cut: false};
  flat(document);
  try { sessionStorage.clear(); name = '' } catch (e) {} // the tab may get another page
  const d = document.doctype, html = (d ? '<!DOCTYPE ' + d.name + '>' : '') + document.documentElement.outerHTML;
  return {url: document.URL, html: html.slice(0, max), cut: html.length > max};
})(%d)`

// visit renders a page in a tab of a browser, a new one if t is nil. An error
// that is errBroken is the browser's. done closes the tab, or readies it for the
// next page and returns it; it is never nil.
func (p *Pool) visit(ctx context.Context, b *browser, t *tab, req Request) (res *Result, done func() *tab, err error) {
	done = func() *tab { return nil }
	if err := b.start(); err != nil {
		return nil, done, err
	}
	began := time.Now()
	if t != nil && !t.fit() {
		t.close()
		t = nil
	}
	if t == nil {
		if t, err = b.newTab(req.URL); err != nil {
			return nil, done, err
		}
	}
	t.pages++
	g := p.serve(ctx, req)
	t.show(g)
	stop := context.AfterFunc(ctx, t.cancel)
	done = func() *tab {
		kept := stop() && err == nil && res.Why == "" && t.pages < tabPages && t.clean(res)
		t.show(nil)
		g.close()
		if kept {
			return t
		}
		if err := t.close(); err != nil && !b.dead() {
			b.debugf("a tab does not close: %v", err)
			p.broken(b)
		}
		return nil
	}
	if t.pages == 1 {
		// The tab lives as long as the context of this first call, which therefore
		// has no deadline: who takes too long is cut off.
		late := time.AfterFunc(p.opt.MaxTime, t.cancel)
		if err = chromedp.Do(t.ctx); !late.Stop() || err != nil {
			err = errors.Join(errBroken, err)
		}
	}
	if err == nil {
		res, err = t.run(g, req, began.Add(p.opt.MaxTime))
	}
	switch {
	case ctx.Err() != nil:
		err = ctx.Err()
	case err != nil && b.dead():
		err = errors.Join(errBroken, err)
	}
	if err != nil {
		return nil, done, err
	}
	res.Took = time.Since(began)
	return res, done, nil
}

// broken takes a browser out of use whose pages may go on to their end.
func (p *Pool) broken(b *browser) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drop(b)
}

var errNowhere = errors.New("the page led to where nothing could be fetched")

var errCrashed = fmt.Errorf("%w: it crashed", ErrHung)

// run leads the page from its address to its document.
func (t *tab) run(g *gateway, req Request, end time.Time) (*Result, error) {
	timed, cancel := context.WithDeadline(t.ctx, end)
	defer cancel()
	text, err := t.navigate(timed, req)
	if err == nil && text == "" {
		err = t.wait(timed, g)
	}
	res := &Result{URL: req.URL}
	switch ferr := g.failure(); {
	case t.ctx.Err() != nil:
		return nil, t.ctx.Err()
	case ferr != nil:
		return nil, ferr
	case text != "":
		return nil, errors.New(text)
	case err != nil && timed.Err() == nil:
		return nil, err
	case err != nil:
		res.Why = WhyTime
		t.halt()
	}
	late, cancel := context.WithDeadline(t.ctx, end.Add(lastTime))
	defer cancel()
	if err := t.document(late, g, res); err != nil {
		return nil, err
	}
	g.report(res)
	return res, nil
}

// prepare gives a new tab its script and its settings.
func (t *tab) prepare(ctx context.Context) error {
	opt := &t.pool.opt
	allow := false
	calls := []func() error{
		// chromedp listens to more than is used here, which costs CPU for each
		// node and request.
		func() error { _, err := chromedp.Call(ctx, css.Disable, cdp.Empty{}); return err },
		func() error { _, err := chromedp.Call(ctx, dom.Disable, cdp.Empty{}); return err },
		func() error { _, err := chromedp.Call(ctx, cdplog.Disable, cdp.Empty{}); return err },
		func() error { _, err := chromedp.Call(ctx, network.Disable, cdp.Empty{}); return err },
		func() error {
			_, err := chromedp.CallBrowser(ctx, cdpbrowser.SetDownloadBehavior, cdpbrowser.SetDownloadBehaviorParams{
				Behavior: "deny", BrowserContextID: chromedp.FromContext(t.ctx).BrowserContextID})
			return err
		},
		func() error {
			_, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: fmt.Sprintf(mute, 10*opt.MaxRequests), RunImmediately: &allow})
			return err
		},
		func() error {
			_, err := chromedp.Call(ctx, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: opt.Agent})
			return err
		},
	}
	for _, call := range calls {
		if err := call(); err != nil {
			return err
		}
	}
	return nil
}

// navigate goes to the address. The text is why the browser could not.
func (t *tab) navigate(ctx context.Context, req Request) (string, error) {
	if t.pages == 1 {
		if err := t.prepare(ctx); err != nil {
			return "", err
		}
	}
	res, err := chromedp.Call(ctx, page.Navigate, page.NavigateParams{URL: req.URL.String()})
	if err != nil || res.ErrorText != "" {
		return res.ErrorText, err
	}
	// From here on its time runs. Before, in the empty tab, it would have leapt
	// to its end at once.
	return "", t.grant(ctx)
}

// grant lets the page's clock run for one part of its time.
func (t *tab) grant(ctx context.Context) error {
	budget := float64(t.pool.opt.Settle.Milliseconds()) / parts
	_, err := chromedp.Call(ctx, emulation.SetVirtualTimePolicy, emulation.SetVirtualTimePolicyParams{
		Policy: "pauseIfNetworkFetchesPending", Budget: &budget, MaxVirtualTimeTaskStarvationCount: maxStarvation})
	return err
}

// wait returns nil when the page has settled.
func (t *tab) wait(ctx context.Context, g *gateway) error {
	frames := time.NewTimer(time.Hour)
	defer frames.Stop()
	for part := 1; ; {
		select {
		case <-t.settled:
			if part++; part > parts {
				return nil
			}
			frames.Reset(frameTime)
		case <-frames.C:
			if err := t.grant(ctx); err != nil {
				return err
			}
		case <-g.enough:
			return nil
		case <-t.crashed:
			return errCrashed
		case <-t.dialogs:
			accept := false
			if _, err := chromedp.Call(ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: accept}); err != nil && ctx.Err() != nil {
				return ctx.Err()
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// halt stops the scripts of a page, also those that never return.
func (t *tab) halt() {
	ctx, cancel := context.WithTimeout(t.ctx, lastTime/2)
	defer cancel()
	off := make(chan struct{})
	go func() {
		chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		close(off)
	}()
	for {
		chromedp.Call(ctx, runtime.TerminateExecution, cdp.Empty{}) // what runs now; the next comes at once
		select {
		case <-off:
			return
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// document takes the document as it stands.
func (t *tab) document(ctx context.Context, g *gateway, res *Result) error {
	tree, err := chromedp.Call(ctx, page.GetFrameTree, cdp.Empty{})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrHung, err)
	}
	world, err := chromedp.Call(ctx, page.CreateIsolatedWorld, page.CreateIsolatedWorldParams{FrameID: tree.FrameTree.Frame.ID, WorldName: "trawl"})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrHung, err)
	}
	type document struct {
		URL  string `json:"url"`
		HTML string `json:"html"`
		Cut  bool   `json:"cut"`
	}
	doc, err := chromedp.Run(ctx, chromedp.Evaluate[document](fmt.Sprintf(serialise, t.pool.opt.MaxHTML), func(p *runtime.EvaluateParams) { p.ContextID = world.ExecutionContextID }))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrHung, err)
	}
	u, err := weburl.Parse(doc.URL)
	if err != nil || !u.IsWeb() {
		return errNowhere // the browser's own page of an error
	}
	if lost := g.isLost(u); lost != nil {
		return fmt.Errorf("%w: %w", errNowhere, lost)
	}
	res.URL = u
	res.HTML, res.Truncated = []byte(strings.ToValidUTF8(doc.HTML, "\ufffd")), doc.Cut || res.Why != ""
	if doc.Cut && res.Why == "" {
		res.Why = WhySize
	}
	return nil
}

// failure is why the page itself could not be fetched.
func (g *gateway) failure() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.failed
}

// isLost is why a document could not be fetched; nil: it was, or is none.
func (g *gateway) isLost(u weburl.URL) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.lost[u.Page().String()]
}

// report adds what the gateway saw.
func (g *gateway) report(res *Result) {
	g.mu.Lock()
	defer g.mu.Unlock()
	res.Requests, res.Refused, res.Bytes = g.requests, g.refused, g.bytes
	if res.Why == "" {
		res.Why = g.why
	}
	res.Truncated = res.Truncated || g.why != ""
	res.Status = g.status[res.URL.Page().String()]
	if res.Status == 0 {
		res.Status = g.status[g.req.URL.Page().String()]
	}
}
