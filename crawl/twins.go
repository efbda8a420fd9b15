package crawl

import (
	"fmt"
	"sync"

	"github.com/trawlsearch/trawl/crawl/extract"
	"github.com/trawlsearch/trawl/crawl/frontier"
	"github.com/trawlsearch/trawl/crawl/learn"
	"github.com/trawlsearch/trawl/crawl/neardup"
	"github.com/trawlsearch/trawl/weburl"
)

// Two pages are twins if title and main text are the same, or nearly: of 64 bins of
// their sketches at least 63 agree, which leave numbers out, and one is hardly longer.
// Less would lose pages that people look for: release notes of SQLite are .97 alike,
// manual pages of PostgreSQL .7.
const (
	twinWords    = 8 // a page with fewer has none
	twinLikeness = .98
	twinLength   = .95
	twinNumbers  = .1 // of the words may be numbers, or they tell pages apart
	kinLikeness  = .7 // pages of a host that are so alike may be its word for nothing
)

// Why a page has no document of its own.
const (
	sameText      = "same-text"
	nearDuplicate = "near-duplicate"
	samePage      = "same-page"     // not asked for: see learn.Host.Fold
	behindCopies  = "behind-copies" // not asked for: see learn.Host.Patient
)

// A portrait is what pages are compared by.
type portrait struct {
	learn.Page
	bands []uint64 // none: the text is too short
	own   bool     // the author says that this is the page's own address
}

func portraitOf(p *extract.Page) *portrait {
	s, ok := neardup.Of(p.Body)
	f := &portrait{Page: learn.Page{Title: p.Title, Text: p.ContentHash, Words: int(s.Words + s.Numbers)}}
	if len(p.Headings) > 0 {
		f.Heading = p.Headings[0].Text
	}
	if ok {
		f.Sketch = &s
		bands := s.Bands()
		f.bands = bands[:]
	}
	return f
}

// like tells whether two sketches are of twins.
func (f *portrait) like(o *neardup.Sketch) bool {
	s := f.Sketch
	return s.Likeness(o) >= twinLikeness && s.Length(o) >= twinLength &&
		float64(s.Numbers) <= twinNumbers*float64(s.Words) && float64(o.Numbers) <= twinNumbers*float64(o.Words)
}

// kin is what the crawl has of a page's kind.
type kin struct {
	twin   weburl.URL // zero: none
	reason string
	near   weburl.URL // another page of the host that is much alike, and no twin
}

// kinOf looks for twins among documents, and among pages that are still on their way
// to the frontier. If there is none the page holds its place until release.
func (c *Crawler) kinOf(r *result, f *portrait) (kin, error) {
	if f.Words < twinWords {
		return kin{}, nil
	}
	u := r.lease.URL
	k := c.claims.take(u, f)
	if k.twin.IsZero() {
		r.claimed = f
		if other, ok := c.front.SameContent(f.Text); ok && other != u {
			k.twin, k.reason = other, sameText
		}
	}
	if len(f.bands) == 0 {
		return k, nil
	}
	found, err := c.front.Similar(f.bands)
	if err != nil {
		return k, fmt.Errorf("crawl: %w", err)
	}
	for _, o := range found {
		sketch, ok := neardup.Decode(o.Sketch)
		if !ok || o.URL == u {
			continue
		}
		if k.near.IsZero() && o.URL.Origin() == u.Origin() && f.Sketch.Likeness(&sketch) >= kinLikeness {
			k.near = o.URL
		}
		if k.twin.IsZero() && !f.own && o.URL.Site() == u.Site() && f.like(&sketch) {
			k.twin, k.reason = o.URL, nearDuplicate
		}
	}
	if !k.twin.IsZero() {
		k.near = weburl.URL{}
	}
	return k, nil
}

// novel tells whether a page brings something, for the budget of its template. Hosts
// that were named are crawled whole, with their copies while those are not too many;
// anywhere else a page must have a text to speak of that is not much like another.
func (c *Crawler) novel(r *result, f *portrait, k kin) bool {
	switch {
	case c.opt.KeepDuplicates:
		return true
	case c.scope.mode != "any":
		return k.twin.IsZero() || c.patient(r.lease.URL)
	}
	return f.Sketch != nil && k.twin.IsZero() && k.near.IsZero()
}

// claims are pages with a text of their own whose documents are not committed yet.
// Any goroutine may call it.
type claims struct {
	mu    sync.Mutex
	texts map[[16]byte]weburl.URL
	bands map[uint64]claim
}

type claim struct {
	url    weburl.URL
	sketch *neardup.Sketch
}

func newClaims() *claims {
	return &claims{texts: map[[16]byte]weburl.URL{}, bands: map[uint64]claim{}}
}

// take claims a text for u, or tells whose it is.
func (c *claims) take(u weburl.URL, f *portrait) kin {
	c.mu.Lock()
	defer c.mu.Unlock()
	if other, taken := c.texts[f.Text]; taken && other != u {
		return kin{twin: other, reason: sameText}
	}
	for _, b := range f.bands {
		o, taken := c.bands[b]
		if taken && o.url != u && !f.own && o.url.Site() == u.Site() && f.like(o.sketch) {
			return kin{twin: o.url, reason: nearDuplicate}
		}
	}
	c.texts[f.Text] = u
	for _, b := range f.bands {
		if _, taken := c.bands[b]; !taken {
			c.bands[b] = claim{u, f.Sketch}
		}
	}
	return kin{}
}

// release gives back what a page held; its document is in the frontier, or it has none.
func (c *claims) release(u weburl.URL, f *portrait) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.texts[f.Text] == u {
		delete(c.texts, f.Text)
	}
	for _, b := range f.bands {
		if c.bands[b].url == u {
			delete(c.bands, b)
		}
	}
}

// only makes a page one of several with a text: the other stands for it, if it is a
// page of this crawl. A text is never without a document: if the other is gone, this
// one has it.
func (c *Crawler) only(r *result, k kin) bool {
	if k.twin.IsZero() || c.opt.KeepDuplicates {
		return false
	}
	if r.claimed == nil || c.standing(r.lease.URL, k.twin) == stands { // else it is on its way
		r.out.Alias = k.twin
		if k.twin.Origin() == r.lease.URL.Origin() {
			last(r.out.Links) // they are those of the other, a trap's, or a part of the site that is told twice
		}
		r.drop(frontier.Skipped, k.reason)
		return true
	}
	return false
}

// last puts links behind all others.
func last(links []frontier.Item) {
	for i := range links {
		links[i].Priority = frontier.Levels - 1
	}
}

// behindCopy tells whether an address was found on a copy of another page.
func (c *Crawler) behindCopy(l frontier.Lease) bool {
	if l.Referrer.IsZero() {
		return false
	}
	st, known := c.front.Why(l.Referrer)
	return known && st.State == frontier.Skipped && (st.Reason == sameText || st.Reason == nearDuplicate)
}

// patient tells whether more copies of the pages of a host are looked at, for what is
// behind them.
func (c *Crawler) patient(u weburl.URL) bool {
	o := c.origins.get(u)
	o.mu.Lock()
	defer o.mu.Unlock()
	c.learned(o, u)
	return o.host.Patient()
}
