package fetch

import (
	"context"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/textproto"
	"net/url"
	"strings"
	"sync"
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

	RemoteAddr    string // IP address and port that answered
	Started       time.Time
	Took          time.Duration // to the end of the body
	RequestHeader http.Header   // as sent by the request that was answered
	Retried       bool          // the first connection was reset, this came over a second
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
	// max1xx bounds informational answers before the real one.
	max1xx = 5
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
	cookies string
}

// Get sends one request and follows no redirect. The error, if any, is an
// *Error. If the status and header did arrive, the Response is there beside
// the error, for the record; it is of no other use.
func (c *Client) Get(ctx context.Context, req Request) (*Response, error) {
	return c.get(ctx, call{Request: req, limits: c.limits})
}

// get asks once, or twice if the first connection was reset.
func (c *Client) get(ctx context.Context, q call) (*Response, error) {
	q.URL = q.URL.Page()
	if !q.URL.IsWeb() {
		return nil, &Error{Class: ClassBadScheme, URL: q.URL.String()}
	}
	timed, cancel := context.WithTimeoutCause(ctx, q.total, errTotal)
	defer cancel()
	resp, err := c.once(ctx, timed, c.main, q)
	reset := ClassOf(err) == ClassReset || resp != nil && resp.Cut == ClassReset
	if !reset || timed.Err() != nil {
		return resp, err
	}
	c.opt.Log.Debug("fetch: reset, asking again", "url", q.URL.String(), "err", err)
	resp, err = c.once(ctx, timed, c.fresh, q)
	if resp != nil {
		resp.Retried = true
	}
	return resp, err
}

// once sends the request one time. parent is the caller's context, ctx the one
// with the total time.
func (c *Client) once(parent, ctx context.Context, rt http.RoundTripper, q call) (*Response, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	t := &trace{}
	hreq := c.request(httptrace.WithClientTrace(ctx, t.hooks()), q)
	out := &Response{URL: q.URL, Started: time.Now(), RequestHeader: hreq.Header}
	hresp, err := rt.RoundTrip(hreq)
	fail := func(class Class, err error) error {
		return &Error{Class: class, URL: q.URL.String(), Err: err}
	}
	if err != nil {
		class := classify(parent, ctx, err)
		if t.flooded() { // HTTP/2 reports it as a reset
			class, err = ClassProtocol, errMany1xx
		}
		return nil, fail(class, err)
	}
	defer hresp.Body.Close()
	out.Status, out.Proto, out.Header = hresp.StatusCode, hresp.Proto, hresp.Header
	out.RemoteAddr = t.remote()
	out.NotModified = out.Status == http.StatusNotModified && (q.ETag != "" || q.LastModified != "")
	class, bodyErr := c.readBody(parent, ctx, cancel, hresp, q.limits, out)
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
	h := http.Header{
		"User-Agent":      {c.opt.Agent},
		"Accept":          {q.Accept},
		"Accept-Encoding": {"gzip, br, zstd"},
	}
	if q.Accept == "" {
		h.Set("Accept", defaultAccept)
	}
	set := func(name, value string) {
		if value != "" {
			h.Set(name, value)
		}
	}
	set("From", c.opt.From)
	set("If-None-Match", q.ETag)
	set("If-Modified-Since", q.LastModified)
	set("Cookie", q.cookies)
	req := &http.Request{
		Method: http.MethodGet, URL: u, Host: u.Host, Header: h,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
	return req.WithContext(ctx)
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

// A trace hears what the transport does for one request, from the transport's
// goroutines too.
type trace struct {
	mu   sync.Mutex
	conn net.Conn
	n1xx int
}

func (t *trace) hooks() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) {
			t.mu.Lock()
			defer t.mu.Unlock()
			t.conn, t.n1xx = info.Conn, 0
		},
		Got1xxResponse: t.got1xx,
	}
}

// remote is the address that was dialled, beneath TLS if there is any.
func (t *trace) remote() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.conn
	if tc, ok := c.(interface{ NetConn() net.Conn }); ok {
		c = tc.NetConn()
	}
	switch c := c.(type) {
	case *conn:
		return c.addr.String()
	case nil:
		return ""
	}
	return c.RemoteAddr().String()
}

func (t *trace) flooded() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.n1xx > max1xx
}

func (t *trace) got1xx(int, textproto.MIMEHeader) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.n1xx++; t.n1xx > max1xx {
		return errMany1xx
	}
	return nil
}
