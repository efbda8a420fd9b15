package crawltest

import (
	"bufio"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"
)

// A Request is one line of the log.
type Request struct {
	Host   string
	Target string // path?query, as sent
	Proto  string
	Header http.Header
	Start  time.Time
	End    time.Time // zero while it is answered
	Status int       // 0 where a behaviour took the connection over
	Bytes  int64     // of the answer's body that were written; of all of it where a behaviour took over

	sent *atomic.Int64
}

// Path is the target without its query.
func (r Request) Path() string {
	path, _, _ := strings.Cut(r.Target, "?")
	return path
}

// ServeHTTP answers for all sites, and keeps the log.
func (w *Web) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	host := strings.ToLower(r.Host)
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	site := w.find(host)
	keys := []string{host}
	if site != nil {
		for _, a := range site.addresses() {
			keys = append(keys, a.String())
		}
	}
	w.mu.Lock()
	q := &Request{Host: host, Target: r.RequestURI, Proto: r.Proto, Header: r.Header.Clone(), Start: time.Now(), sent: new(atomic.Int64)}
	w.requests = append(w.requests, q)
	for _, k := range keys {
		w.inFlight[k]++
		w.most[k] = max(w.most[k], w.inFlight[k])
	}
	w.mu.Unlock()
	rec := &recorder{ResponseWriter: rw, sent: q.sent}
	defer func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, k := range keys {
			w.inFlight[k]--
		}
		q.End, q.Status = time.Now(), rec.status
	}()
	if site == nil {
		http.Error(rec, "no such site", http.StatusMisdirectedRequest)
		return
	}
	site.serve(rec, r)
}

// A recorder keeps the status that goes out, and counts the bytes.
type recorder struct {
	http.ResponseWriter
	status int
	sent   *atomic.Int64
}

func (r *recorder) WriteHeader(status int) {
	if r.status < 200 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(p []byte) (int, error) {
	if r.status < 200 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(p)
	r.sent.Add(int64(n))
	return n, err
}

// Hijack gives the connection away and goes on counting.
func (r *recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, rw, err := http.NewResponseController(r.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	return counted{c, r.sent}, rw, nil
}

type counted struct {
	net.Conn
	n *atomic.Int64
}

func (c counted) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.n.Add(int64(n))
	return n, err
}

// Unwrap lets http.ResponseController reach what can flush and be hijacked.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// Requests is the log, in the order in which requests came.
func (w *Web) Requests() []Request {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := make([]Request, len(w.requests))
	for i, r := range w.requests {
		out[i] = *r
		out[i].Bytes = r.sent.Load()
	}
	return out
}

// RequestsTo is the part of the log of one host and target; a target without
// '?' stands for all its queries, and "" for all of the host.
func (w *Web) RequestsTo(host, target string) []Request {
	var out []Request
	for _, r := range w.Requests() {
		if r.Host == host && (target == "" || r.Target == target || r.Path() == target) {
			out = append(out, r)
		}
	}
	return out
}

// Hits counts RequestsTo.
func (w *Web) Hits(host, target string) int { return len(w.RequestsTo(host, target)) }

// Times is when they came.
func (w *Web) Times(host, target string) []time.Time {
	var out []time.Time
	for _, r := range w.RequestsTo(host, target) {
		out = append(out, r.Start)
	}
	return out
}

// MaxInFlight is the most requests that a host answered at the same time.
func (w *Web) MaxInFlight(host string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.most[host]
}

// MaxInFlightAddr is the same over all hosts of an address.
func (w *Web) MaxInFlightAddr(a netip.Addr) int { return w.MaxInFlight(a.String()) }

// Forget empties the log and the counters.
func (w *Web) Forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.requests = nil
	clear(w.lookups)
	clear(w.dials)
	clear(w.most)
	w.refused = nil
}
