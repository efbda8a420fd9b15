package crawl

import (
	"context"
	"fmt"
	"net/http"

	"github.com/trawlsearch/trawl/crawl/extract"
	"github.com/trawlsearch/trawl/crawl/fetch"
	"github.com/trawlsearch/trawl/crawl/render"
	"github.com/trawlsearch/trawl/weburl"
)

// Values of Options.JavaScript.
const (
	ScriptsOff  = ""     // no page is rendered
	ScriptsAuto = "auto" // pages that have hardly any text without their scripts
	ScriptsAll  = "all"  // every page of HTML
)

// newRenderer makes the browsers of a crawl, if it has any.
func (c *Crawler) newRenderer() (*render.Pool, error) {
	switch c.opt.JavaScript {
	case ScriptsOff:
		return nil, nil
	case ScriptsAuto, ScriptsAll:
	default:
		return nil, fmt.Errorf("crawl: JavaScript %q: want %s, %s or nothing", c.opt.JavaScript, ScriptsAuto, ScriptsAll)
	}
	opt := c.opt.Render
	if opt.Agent == "" {
		opt.Agent = c.opt.Fetch.Agent
	}
	if opt.Log == nil {
		opt.Log = c.log
	}
	opt.Get = c.subrequest
	opt.Allow = func(u weburl.URL) bool { return !c.robotsRefuse(u) }
	p, err := render.New(opt)
	if err != nil {
		return nil, fmt.Errorf("crawl: JavaScript: %w", err)
	}
	return p, nil
}

// subrequest fetches what a page asks for. What is not for the page's own site goes
// out without credentials.
func (c *Crawler) subrequest(ctx context.Context, page weburl.URL, req fetch.Request) (*fetch.Response, error) {
	if req.URL.Site() == page.Site() {
		return c.client.Get(ctx, req)
	}
	return c.stranger.Get(ctx, req)
}

// rendered is the page that scripts make of p, where that is to be had and says more.
func (c *Crawler) rendered(ctx context.Context, r *result, p *extract.Page) *extract.Page {
	if c.browsers == nil || !isHTML(p.MediaType) || c.opt.JavaScript == ScriptsAuto && !p.NeedsJS || r.resp.Status != http.StatusOK {
		return p
	}
	r.hand.at(stageRender)
	res, err := c.browsers.Render(ctx, render.Request{URL: r.resp.URL, Answer: r.resp})
	if err != nil {
		if ctx.Err() == nil {
			c.log.Warn("crawl: page not rendered", "url", r.lease.URL.String(), "err", err)
		}
		return p
	}
	header := r.resp.Header.Clone()
	header.Set("Content-Type", "text/html; charset=utf-8") // as it was serialised
	q, _ := extract.Document(r.resp.URL, header, res.HTML, c.reader.opt.HTML)
	if to := tidy(res.URL); to.IsWeb() && to != tidy(r.resp.URL) {
		q.Refresh, q.RefreshDelay = to, 0 // a redirect by script
	} else if len(q.Body)+len(q.Boilerplate) <= len(p.Body)+len(p.Boilerplate) && len(q.Links) <= len(p.Links) {
		return p
	}
	q.Lang = language(q, r.resp.URL, r.resp.Header)
	return q
}
