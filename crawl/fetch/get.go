package fetch

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/trawlsearch/trawl/weburl"
)

// A Request is what to get.
type Request struct {
	URL weburl.URL
	// What a former answer was marked with, as it was sent: the server may
	// then answer that nothing changed.
	ETag, LastModified string
	Accept             string // zero: pages first, then anything

	// For an Authenticator's own requests: further fields, and a body, with
	// which the request becomes a POST, of a type that is by default
	// application/x-www-form-urlencoded. A POST is not sent twice.
	Header   http.Header
	Post     Secret
	PostType string
}

// A Response is one answer. It is the caller's to keep.
type Response struct {
	URL    weburl.URL // as asked: without fragment and credentials
	Status int
	Proto  string      // "HTTP/1.1"
	Header http.Header // as sent, the fields of content coding too
	Body   []byte      // content-decoded
	// WireBytes is the length of the body as it came, chunk framing not counted.
	WireBytes   int64
	Truncated   bool       // Body is not the whole body
	Cut         Class      // why
	NotModified bool       // 304 to a request with ETag or LastModified
	Location    weburl.URL // where a redirect points, with its fragment; else zero

	RemoteAddr    string // IP address and port that answered; "" where only a proxy knows
	Proxy         string // the proxy that it came through, "socks5://host:port"; "": none
	Started       time.Time
	Took          time.Duration // to the end of the body
	RequestHeader http.Header   // as sent by the request that was answered; see Authenticator
	Retried       bool          // the first connection was reset, this came over a second

	secret http.Header // what authenticators added; see hide
}

// IP is the address that answered, without port.
func (r *Response) IP() string {
	if ap, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		return ap.Addr().String()
	}
	return r.RemoteAddr
}

const (
	defaultAccept = "text/html,application/xhtml+xml,text/plain;q=0.9,application/xml;q=0.8,*/*;q=0.5"
	formType      = "application/x-www-form-urlencoded"
	// maxLocationBytes bounds a Location that is worth reading.
	maxLocationBytes = 8 << 10
)

// limits are those of one request.
type limits struct {
	body, wire int64
	total      time.Duration
}

// A call is a request with what only this package sets.
type call struct {
	Request
	limits
	cookies string      // of the chain that the request is part of
	secret  http.Header // of authenticators
}

// Get sends one request and follows no redirect. The error, if any, is an
// *Error. If the status and header did arrive, the Response is there beside
// the error, for the record; it is of no other use.
func (c *Client) Get(ctx context.Context, req Request) (*Response, error) {
	resp, err := c.signed(ctx, call{Request: req, limits: c.limits})
	return resp.hide(), err
}

// get asks along the way that the host has: directly, or through the proxies of
// its route, one after another until one works.
func (c *Client) get(ctx context.Context, q call) (*Response, error) {
	q.URL = q.URL.Page()
	if !q.URL.IsWeb() {
		return nil, newError(ClassBadScheme, q.URL.String(), nil)
	}
	if n := len(q.URL.String()); n > c.opt.MaxURLBytes {
		return nil, newError(ClassURLLimit, q.URL.String()[:c.opt.MaxURLBytes], fmt.Errorf("%d bytes", n))
	}
	l := c.newLife(ctx, q.total)
	defer l.over()
	host := q.URL.Hostname()
	key := roadKey{insecure: c.opt.insecure(host)}
	route := c.routeOf(host)
	if route == nil {
		return c.twice(l, key, q)
	}
	return c.getThrough(l, route, key, q)
}

// twice asks once, or twice if the first connection was reset.
func (c *Client) twice(l *life, key roadKey, q call) (*Response, error) {
	r := c.road(key)
	resp, err := c.once(l, r.main, key, q)
	reset := ClassOf(err) == ClassReset || resp != nil && resp.Cut == ClassReset
	if !reset || l.ctx.Err() != nil || !q.Post.IsZero() {
		return resp, err
	}
	c.opt.Log.Debug("fetch: reset, asking again", "url", q.URL.String(), "err", err)
	resp, err = c.once(l, r.fresh, key, q)
	if resp != nil {
		resp.Retried = true
	}
	return resp, err
}

// once sends the request one time.
func (c *Client) once(l *life, rt http.RoundTripper, key roadKey, q call) (*Response, error) {
	t := &trace{max1xx: c.opt.Max1xx}
	hreq := c.request(httptrace.WithClientTrace(l.ctx, t.hooks()), q)
	out := &Response{URL: q.URL, Started: time.Now(), RequestHeader: hreq.Header}
	if key.forward {
		forward(hreq, &key.proxy.Proxy)
	}
	hresp, err := rt.RoundTrip(hreq)
	fail := func(class Class, err error) error { return newError(class, q.URL.String(), err) }
	if err != nil {
		class := classify(l.parent, l.ctx, err)
		if t.flooded() { // HTTP/2 reports it as a reset
			class, err = ClassProtocol, errMany1xx
		}
		return nil, fail(class, err)
	}
	defer hresp.Body.Close()
	if key.forward {
		if perr := key.proxy.refusal(hresp); perr != nil {
			return nil, fail(perr.class(), perr)
		}
	}
	out.Status, out.Proto, out.Header = hresp.StatusCode, hresp.Proto, hresp.Header
	nc := t.dialled()
	out.RemoteAddr = nc.remote()
	out.NotModified = out.Status == http.StatusNotModified && (q.ETag != "" || q.LastModified != "")
	class, bodyErr := c.readBody(l, hresp, q.limits, nc, out)
	out.Took = time.Since(out.Started)
	if out.Status < 200 || out.Status > 599 {
		return out, fail(ClassProtocol, nil)
	}
	if redirect(out.Status) {
		// Where to go is in the header: what became of the body is no matter.
		if class := out.resolve(); class != "" {
			return out, fail(class, nil)
		}
		return out, nil
	}
	if class != "" {
		return out, fail(class, bodyErr)
	}
	return out, nil
}

// request makes the request as net/http wants it. The address goes out
// byte for byte as weburl wrote it, which net/url alone would not see to.
func (c *Client) request(ctx context.Context, q call) *http.Request {
	u := &url.URL{Scheme: q.URL.Scheme(), Host: q.URL.Host()}
	if target := q.URL.Target(); strings.HasPrefix(target, "//") {
		// An opaque part that begins so would be taken for a host.
		u.Opaque = "//" + u.Host + target
	} else {
		u.Opaque = target
	}
	h := make(http.Header, 8)
	values := make([]string, 0, 8) // of all fields, in one piece
	set := func(name, value string) {
		if value != "" {
			values = append(values, value)
			n := len(values)
			h[name] = values[n-1 : n : n]
		}
	}
	set("User-Agent", c.opt.Agent)
	set("Accept", cmp.Or(q.Accept, defaultAccept))
	set("Accept-Encoding", "gzip, br, zstd")
	set("From", c.opt.From)
	set("If-None-Match", q.ETag)
	set("If-Modified-Since", q.LastModified)
	for _, more := range []http.Header{q.Header, q.secret} {
		maps.Copy(h, more)
	}
	set("Cookie", joinCookies(h.Get("Cookie"), q.cookies))
	req := new(http.Request).WithContext(ctx)
	req.Method, req.URL, req.Host, req.Header = http.MethodGet, u, u.Host, h
	req.Proto, req.ProtoMajor, req.ProtoMinor = "HTTP/1.1", 1, 1
	if !q.Post.IsZero() {
		body := q.Post.Reveal()
		req.Method, req.Body, req.ContentLength = http.MethodPost, io.NopCloser(strings.NewReader(body)), int64(len(body))
		set("Content-Type", cmp.Or(q.PostType, formType))
	}
	return req
}

// forward readies a request for a proxy that is asked for the whole address.
// Its credentials are for it alone: the header that is kept does not have them.
func forward(req *http.Request, p *Proxy) {
	if !strings.HasPrefix(req.URL.Opaque, "//") {
		req.URL.Opaque = "//" + req.URL.Host + req.URL.Opaque
	}
	if a := p.authorization(); a != "" {
		req.Header = req.Header.Clone()
		req.Header.Set("Proxy-Authorization", a)
	}
}

// redirect says whether a status sends us elsewhere.
func redirect(status int) bool {
	switch status {
	case 301, 302, 303, 307, 308:
		return true
	}
	return false
}

// resolve reads the Location of a redirect, or says what is wrong with it.
func (r *Response) resolve() Class {
	ref := r.Header.Get("Location")
	if ref == "" || len(ref) > maxLocationBytes {
		return ClassBadRedirect
	}
	u, err := r.URL.Join(ref)
	if err != nil {
		return ClassBadRedirect
	}
	if !u.IsWeb() {
		return ClassBadScheme
	}
	r.Location = u
	return ""
}
