package render

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/trawlsearch/trawl/crawl/fetch"
	"github.com/trawlsearch/trawl/weburl"
)

const (
	// maxPost bounds the body of a POST.
	maxPost = 64 << 10
	// maxRefused is how many refusals a page gets an answer to. Then its proxy
	// ends, and its document is taken as it stands.
	maxRefused = 100
	// assetTime bounds what a page asks for, but for the page itself: servers
	// that hold an answer back (long polling) would hold the page's clock.
	assetTime = 4 * time.Second
	// parallel bounds what is fetched for a page at a time.
	parallel = 6
)

var (
	errRefused = errors.New("refused by Allow")
	errBudget  = errors.New("the page asked for too much")
)

// A gateway is the proxy of one page: the only way to the network that the page
// has. It serves plain HTTP and, behind CONNECT, TLS with a certificate of its
// own, so that it sees each request of each frame and worker as it is.
type gateway struct {
	pool   *Pool
	req    Request
	site   string
	ctx    context.Context // of the page: a gateway lives no longer
	cancel context.CancelFunc
	plain  chan net.Conn // connections of the browser
	opened chan net.Conn // TLS connections behind CONNECT
	turns  chan struct{}
	served sync.WaitGroup
	enough chan struct{} // closed at maxRefused

	mu       sync.Mutex
	requests int
	refused  int
	bytes    int64
	why      string
	status   map[string]int   // of documents, by address
	first    bool             // the page itself was asked for
	arrived  bool             // and is there, redirects followed
	failed   error            // why it is not
	lost     map[string]error // why other documents are not, by address
}

// serve begins to serve the connections that take gets.
func (p *Pool) serve(ctx context.Context, req Request) *gateway {
	g := &gateway{pool: p, req: req, site: req.URL.Site(), plain: make(chan net.Conn), opened: make(chan net.Conn), turns: make(chan struct{}, parallel), enough: make(chan struct{}), status: map[string]int{}, lost: map[string]error{}}
	g.ctx, g.cancel = context.WithCancel(ctx)
	quiet := log.New(io.Discard, "", 0)
	outer := &http.Server{Handler: http.HandlerFunc(g.outer), ReadHeaderTimeout: p.opt.MaxTime, MaxHeaderBytes: 64 << 10, ErrorLog: quiet}
	inner := &http.Server{Handler: http.HandlerFunc(g.inner), ReadHeaderTimeout: p.opt.MaxTime, MaxHeaderBytes: 64 << 10, ErrorLog: quiet,
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, authority{}, c.(*secured).authority)
		}}
	g.served.Go(func() { outer.Serve(&pipe{g, g.plain}) })
	g.served.Go(func() { inner.Serve(&pipe{g, g.opened}) })
	g.served.Go(func() { // the next page of the tab must not find a connection of this one
		<-g.ctx.Done()
		outer.Close()
		inner.Close()
	})
	return g
}

// take serves a connection, or says that the page is over.
func (g *gateway) take(c net.Conn) bool {
	select {
	case g.plain <- c:
		return true
	case <-g.ctx.Done():
		return false
	}
}

// close ends all connections and waits for what is served.
func (g *gateway) close() {
	g.cancel()
	g.served.Wait()
}

type authority struct{}

// A secured connection knows where its CONNECT was meant to lead.
type secured struct {
	*tls.Conn
	authority string
}

// A pipe is the listener of connections that come from elsewhere.
type pipe struct {
	g     *gateway
	conns chan net.Conn
}

func (p *pipe) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.g.ctx.Done():
		return nil, net.ErrClosed
	}
}
func (p *pipe) Close() error   { return nil }
func (p *pipe) Addr() net.Addr { return &net.TCPAddr{} }

// outer serves what the browser asks of a proxy.
func (g *gateway) outer(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodConnect {
		g.request(w, r, r.RequestURI)
		return
	}
	host, _, err := net.SplitHostPort(r.Host)
	hijacker, ok := w.(http.Hijacker)
	if err != nil || !ok {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	conn, rw, err := hijacker.Hijack()
	if err != nil {
		return
	}
	if rw.Reader.Buffered() > 0 {
		conn.Close() // nothing may be sent before the answer
		return
	}
	conn.SetDeadline(time.Now().Add(2 * g.pool.opt.MaxTime))
	if _, err := io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n"); err != nil {
		conn.Close()
		return
	}
	select {
	case g.opened <- &secured{tls.Server(conn, g.pool.certs.config(host)), r.Host}:
	case <-g.ctx.Done():
		conn.Close()
	}
}

// inner serves what comes over TLS.
func (g *gateway) inner(w http.ResponseWriter, r *http.Request) {
	host, _ := r.Context().Value(authority{}).(string)
	if !strings.HasPrefix(r.RequestURI, "/") {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	g.request(w, r, "https://"+strings.TrimSuffix(host, ":443")+r.RequestURI)
}

// request answers one request of the page, or refuses it.
func (g *gateway) request(w http.ResponseWriter, r *http.Request, address string) {
	u, err := weburl.Parse(address)
	if err != nil || !u.IsWeb() {
		g.refuse(w, "")
		return
	}
	if unwanted(r, u) {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	first, ok := g.count()
	switch {
	case !ok:
		g.lose(r, u, first, errBudget)
		g.refuse(w, WhyRequests)
	case g.full():
		g.lose(r, u, first, errBudget)
		g.refuse(w, WhyBytes)
	case r.Header.Get("Service-Worker") != "", r.Header.Get("Upgrade") != "", r.Header.Get("Accept") == "text/event-stream":
		g.refuse(w, "")
	case r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "":
		preflight(w, r)
	case r.Method == http.MethodPost && (u.Site() != g.site || navigates(r)):
		g.refuse(w, "")
	case r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodPost:
		g.refuse(w, "")
	case !first && !g.pool.opt.Allow(u):
		g.lose(r, u, first, errRefused)
		g.refuse(w, "")
	default:
		g.answer(w, r, u, first)
	}
}

// count takes one request from the page's budget.
func (g *gateway) count() (first, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.requests >= g.pool.opt.MaxRequests {
		return false, false
	}
	g.requests++
	first = !g.first
	g.first = true
	return first, true
}

func (g *gateway) full() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.bytes >= g.pool.opt.MaxBytes
}

func (g *gateway) refuse(w http.ResponseWriter, why string) {
	g.mu.Lock()
	g.refused++
	if g.why == "" {
		g.why = why
	}
	last := g.refused == maxRefused
	g.mu.Unlock()
	if last {
		close(g.enough)
		g.cancel()
		return
	}
	w.WriteHeader(http.StatusForbidden)
}

// lose notes that a document could not be had.
func (g *gateway) lose(r *http.Request, u weburl.URL, first bool, err error) {
	if !first && !navigates(r) {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.lost[u.Page().String()] = err
	if !g.arrived && g.failed == nil {
		g.failed = err
	}
}

// answer fetches, and hands over what came.
func (g *gateway) answer(w http.ResponseWriter, r *http.Request, u weburl.URL, first bool) {
	select {
	case g.turns <- struct{}{}:
		defer func() { <-g.turns }()
	case <-g.ctx.Done():
		panic(http.ErrAbortHandler) // to return would be an empty answer
	}
	resp, err := g.fetch(r, u, first)
	if resp == nil {
		g.lose(r, u, first, err)
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	g.mu.Lock()
	g.bytes += int64(len(resp.Body))
	g.status[u.Page().String()] = resp.Status
	g.arrived = g.arrived || resp.Location.IsZero()
	g.mu.Unlock()
	h := w.Header()
	for name, values := range resp.Header {
		if !ours[name] {
			h[name] = values
		}
	}
	if first || navigates(r) {
		h.Set("Cache-Control", "no-store") // a page that comes again is asked for again
	}
	w.WriteHeader(resp.Status)
	if r.Method != http.MethodHead {
		w.Write(resp.Body)
	}
}

// ours are the fields of an answer that are false of what the browser gets, or
// are between it and the server alone.
var ours = map[string]bool{
	"Content-Encoding": true, "Content-Length": true, "Transfer-Encoding": true, "Connection": true, "Keep-Alive": true, "Trailer": true,
	"Upgrade": true, "Alt-Svc": true, "Strict-Transport-Security": true, "Proxy-Authenticate": true, "Proxy-Connection": true,
	"Nel": true, "Report-To": true, "Reporting-Endpoints": true, "Content-Security-Policy-Report-Only": true,
}

func (g *gateway) fetch(r *http.Request, u weburl.URL, first bool) (*fetch.Response, error) {
	if first && g.req.Answer != nil {
		return g.req.Answer, nil
	}
	key := cacheKey{u.Page().String(), r.Header.Get("Origin")}
	plain := r.Method == http.MethodGet && r.Header.Get("Authorization") == ""
	if plain {
		if resp := g.pool.cache.get(key); resp != nil {
			return resp, nil
		}
	}
	req := fetch.Request{URL: u, Accept: r.Header.Get("Accept"), Header: http.Header{}}
	for _, name := range []string{"Accept-Language", "Authorization", "Cookie", "Origin", "Referer", "X-Requested-With", "X-Csrf-Token", "Content-Type"} {
		if v := r.Header[name]; len(v) > 0 {
			req.Header[name] = v
		}
	}
	if first {
		for name, v := range g.req.Header {
			req.Header[name] = v
		}
	}
	if r.Method == http.MethodPost {
		body, err := io.ReadAll(io.LimitReader(r.Body, maxPost+1))
		if err != nil || len(body) > maxPost {
			return nil, err
		}
		req.Post, req.PostType = fetch.NewSecret(string(body)), r.Header.Get("Content-Type")
	}
	ctx, cancel := g.ctx, func() {}
	if !first {
		ctx, cancel = context.WithTimeout(ctx, assetTime)
	}
	resp, err := g.pool.opt.Get(ctx, g.req.URL, req)
	cancel()
	if err != nil {
		return nil, err
	}
	if plain {
		g.pool.cache.put(key, resp)
	}
	return resp, nil
}

// preflight answers for a server what CORS asks before a request that is not a
// simple one. What the request may then read its own answer says.
func preflight(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
	h.Set("Access-Control-Allow-Credentials", "true")
	h.Set("Access-Control-Allow-Methods", "GET, HEAD, POST")
	h.Set("Access-Control-Allow-Headers", r.Header.Get("Access-Control-Request-Headers"))
	w.WriteHeader(http.StatusNoContent)
}

// navigates says whether a request is for a document to be shown.
func navigates(r *http.Request) bool {
	return r.Header.Get("Upgrade-Insecure-Requests") != "" || r.Header.Get("Sec-Fetch-Mode") == "navigate"
}

// unwanted are requests for what has no text. Browsers say what they ask for in
// Sec-Fetch-Dest, but to secure origins only.
func unwanted(r *http.Request, u weburl.URL) bool {
	switch r.Header.Get("Sec-Fetch-Dest") {
	case "image", "font", "audio", "video", "track", "object", "embed":
		return true
	}
	if strings.HasPrefix(r.Header.Get("Accept"), "image/") {
		return true
	}
	switch strings.ToLower(path.Ext(u.Path())) {
	case ".png", ".jpg", ".jpeg", ".gif", ".webp", ".avif", ".ico", ".woff", ".woff2", ".ttf", ".otf", ".eot",
		".mp4", ".webm", ".mp3", ".ogg", ".m4a", ".mov", ".avi", ".flv", ".swf":
		return true
	}
	return false
}
