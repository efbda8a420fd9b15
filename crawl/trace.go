package crawl

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/trawlsearch/trawl/crawl/fetch"
	"github.com/trawlsearch/trawl/weburl"
)

// A Trace is all that the crawler makes of one address, step by step.
type Trace struct {
	URL   string `json:"url"`             // in normal form
	Scope string `json:"scope,omitempty"` // why the scope refuses it; empty: it does not
	Hops  []Step `json:"hops"`            // the address and each redirect
	Error string `json:"error,omitempty"` // why it ends here
	Page  *Read  `json:"page,omitempty"`
}

// A Step is one address on the way.
type Step struct {
	URL           string      `json:"url"`
	RobotsStatus  int         `json:"robots_status,omitempty"`
	RobotsTrouble string      `json:"robots_trouble,omitempty"` // why the rules could not be read
	Allowed       bool        `json:"allowed"`
	RobotsLine    int         `json:"robots_line,omitempty"` // that decided; 0: none speaks of it
	RobotsRule    string      `json:"robots_rule,omitempty"`
	CrawlDelay    string      `json:"crawl_delay,omitempty"`
	Status        int         `json:"status,omitempty"`
	Proto         string      `json:"proto,omitempty"`
	Address       string      `json:"address,omitempty"`
	Took          string      `json:"took,omitempty"`
	Header        http.Header `json:"header,omitempty"`
	WireBytes     int64       `json:"wire_bytes,omitempty"`
	Truncated     string      `json:"truncated,omitempty"`
	Location      string      `json:"location,omitempty"`
}

// Read is what was extracted of the page.
type Read struct {
	MediaType   string   `json:"media_type"`
	Charset     string   `json:"charset,omitempty"`
	Readable    bool     `json:"readable"`
	Unread      string   `json:"unread,omitempty"` // why there is no text, or not all of it
	Title       string   `json:"title"`
	Description string   `json:"description,omitempty"`
	Lang        string   `json:"lang,omitempty"`
	Canonical   string   `json:"canonical,omitempty"`
	Refresh     string   `json:"refresh,omitempty"`
	NoIndex     bool     `json:"noindex,omitempty"`
	NoFollow    bool     `json:"nofollow,omitempty"`
	NeedsJS     bool     `json:"needs_js,omitempty"`
	Headings    []string `json:"headings,omitempty"`
	Body        string   `json:"body"`
	Boilerplate string   `json:"boilerplate,omitempty"`
	Links       []Judged `json:"links,omitempty"`
	ContentHash string   `json:"content_hash"`
}

// A Judged link is followed unless Refused says why not.
type Judged struct {
	URL     string `json:"url"`
	Refused string `json:"refused,omitempty"`
}

// Inspect fetches one address as the crawler would, and tells what it makes of it.
// A scope may be given; without, the address is its own seed. Nothing is stored.
func Inspect(ctx context.Context, address string, opt fetch.Options, read Reading, in ...Scope) *Trace {
	t := &Trace{URL: address}
	u, err := parseSeed(address)
	if err != nil {
		t.Error = err.Error()
		return t
	}
	t.URL = u.String()
	if opt.Product == "" {
		opt.Product = "Trawl"
	}
	var s Scope
	if len(in) > 0 {
		s = in[0]
	}
	sc, err := newScope(s, 0)
	if err != nil {
		t.Error = err.Error()
		return t
	}
	sc.maxURL = opt.MaxURLBytes
	sc.addSeeds([]weburl.URL{u})
	t.Scope = sc.refuses(u, 0, markSeed)
	client := fetch.New(opt)
	defer client.Close()
	seen := []weburl.URL{}
	for {
		if slices.Contains(seen, u) || len(seen) > hops(opt) {
			t.Error = string(fetch.ClassRedirectLoop)
			return t
		}
		seen = append(seen, u)
		resp, rules := t.step(ctx, client, opt.Product, u)
		if resp == nil {
			return t
		}
		if resp.Status < 300 || resp.Status >= 400 {
			t.read(ctx, resp, sc, rules, newReader(opt.Product, read))
			return t
		}
		if u = tidy(resp.Location); u.IsZero() {
			t.Error = string(fetch.ClassBadRedirect)
			return t
		}
		if why := sc.refuses(u, 0, markSeed); why != "" {
			t.Error = "redirect out of scope: " + why
			return t
		}
	}
}

// judge is what robots.txt says of a target.
type judge func(u weburl.URL) bool

// step asks robots.txt and fetches; nil if it ends here.
func (t *Trace) step(ctx context.Context, client *fetch.Client, product string, u weburl.URL) (*fetch.Response, judge) {
	t.Hops = append(t.Hops, Step{URL: u.String()})
	s := &t.Hops[len(t.Hops)-1]
	a := client.Robots(ctx, u)
	s.RobotsStatus, s.RobotsTrouble = a.Status, string(a.Class)
	s.Allowed, s.RobotsLine, s.RobotsRule = a.Rules.Match(product, u.Target())
	if d, ok := a.Rules.Delay(product); ok {
		s.CrawlDelay = d.String()
	}
	if !s.Allowed {
		t.Error = "robots.txt forbids it"
		if s.RobotsTrouble != "" || s.RobotsStatus >= 500 || s.RobotsStatus == http.StatusTooManyRequests {
			t.Error = "robots.txt cannot be read, which forbids all"
		}
		return nil, nil
	}
	resp, err := client.Get(ctx, fetch.Request{URL: u})
	if resp != nil {
		s.Status, s.Proto, s.Header, s.Address = resp.Status, resp.Proto, resp.Header, resp.RemoteAddr
		s.Took, s.WireBytes = resp.Took.Round(time.Millisecond).String(), resp.WireBytes
		if resp.Truncated {
			s.Truncated = string(resp.Cut)
		}
		if !resp.Location.IsZero() {
			s.Location = resp.Location.String()
		}
	}
	if err != nil {
		t.Error = fmt.Sprintf("%s: %v", fetch.ClassOf(err), err)
		return nil, nil
	}
	host := u.Origin()
	return resp, func(v weburl.URL) bool { return v.Origin() != host || a.Rules.Allowed(product, v.Target()) }
}

func (t *Trace) read(ctx context.Context, resp *fetch.Response, sc *scope, allowed judge, rd *reader) {
	defer rd.close()
	p, unread := rd.read(ctx, resp.URL, resp.Header, resp.Body)
	r := &Read{
		MediaType: p.MediaType, Charset: p.Charset, Readable: unread == "" || p.Body != "", Unread: unread, Title: p.Title, Description: p.Description,
		Lang: p.Lang, Canonical: p.Canonical.String(), Refresh: p.Refresh.String(),
		NoIndex: p.NoIndex, NoFollow: p.NoFollow, NeedsJS: p.NeedsJS, Body: p.Body, Boilerplate: p.Boilerplate,
		ContentHash: fmt.Sprintf("%x", p.ContentHash),
	}
	for _, h := range p.Headings {
		r.Headings = append(r.Headings, h.Text)
	}
	for _, l := range p.Links {
		j := Judged{URL: l.URL.String()}
		switch u := tidy(l.URL); {
		case p.NoFollow || l.NoFollow:
			j.Refused = "nofollow"
		case sc.refuses(u, 1, 0) != "":
			j.Refused = sc.refuses(u, 1, 0)
		case !allowed(u):
			j.Refused = "robots"
		}
		r.Links = append(r.Links, j)
	}
	t.Page = r
}
