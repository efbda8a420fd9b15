package render

import (
	"context"
	"crypto/x509"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/trawlsearch/trawl/crawl/fetch"
	"github.com/trawlsearch/trawl/weburl"
)

// TestScripts is row H11 of the hostile web and its kin: pages whose content
// scripts make, at once, later, from data, in parts, elsewhere.
func TestScripts(t *testing.T) {
	js := func(s string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/javascript")
			io.WriteString(w, s)
		}
	}
	body := func(script string) http.HandlerFunc {
		return text(`<!doctype html><title>t</title><div id=a></div><noscript>turn it on</noscript><script>const put = s => document.getElementById('a').append(s);` + script + `</script>`)
	}
	s := newSite(t, map[string]http.HandlerFunc{
		"/now":     body(`put('made ' + 'now')`),
		"/later":   body(`setTimeout(() => put('made ' + 'later'), 4000)`),
		"/steps":   body(`let n = 0; const i = setInterval(() => { put('step' + ++n + ' '); if (n == 20) clearInterval(i) }, 100)`),
		"/frames":  body(`let n = 0; const f = () => { if (++n < 30) requestAnimationFrame(f); else put('made ' + 'by frames') }; f()`),
		"/seen":    body(`new IntersectionObserver(es => { if (es.some(e => e.isIntersecting)) put('made ' + 'when seen') }).observe(document.getElementById('a'))`),
		"/below":   body(`const d = document.createElement('div'); d.style = 'margin-top: 3000px'; d.textContent = 'x'; document.body.append(d); new IntersectionObserver(es => { if (es.some(e => e.isIntersecting)) put('made ' + 'below') }).observe(d)`),
		"/idle":    body(`requestIdleCallback(() => put('made ' + 'idle'))`),
		"/resize":  body(`new ResizeObserver(() => put('made ' + 'by size')).observe(document.body)`),
		"/data":    body(`fetch('/data.json').then(r => r.json()).then(d => put(d.text))`),
		"/post":    body(`fetch('/echo', {method: 'POST', body: 'hello', headers: {'Content-Type': 'application/x-me'}}).then(r => r.text()).then(put)`),
		"/cross":   body(`fetch('http://cdn.test/open', {headers: {'X-Requested-With': 'me'}}).then(r => r.text()).then(put)`),
		"/bundle":  text(`<title>t</title><div id=root></div><script src=/app.js></script>`),
		"/module":  text(`<title>t</title><div id=root></div><script type=module>import {hi} from '/lib.mjs'; document.body.append(hi)</script>`),
		"/shadow":  body(`const r = document.getElementById('a').attachShadow({mode: 'open'}); r.innerHTML = '<p>made in shadow</p><x-y></x-y>'; r.querySelector('x-y').attachShadow({mode: 'open'}).innerHTML = 'and deeper'`),
		"/move":    body(`location.replace('/moved?x=1')`),
		"/moved":   text(`<title>m</title>the other page`),
		"/refresh": text(`<meta http-equiv=refresh content="1;url=/moved">`),
		"/late":    body(`setTimeout(() => { location.href = '/moved' }, 500)`),
		"/push":    body(`history.pushState({}, '', '/pushed'); put('made ' + 'pushed')`),
		"/302":     func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/now", http.StatusFound) },
		"/gone":    func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(410); io.WriteString(w, "<p>it is gone") },
		"/cookie":  body(`document.cookie = 'a=b'; fetch('/cookies').then(r => r.text()).then(put)`),
		"/cookies": func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "cookies: "+r.Header.Get("Cookie")) },
		"/worker":  body(`const w = new Worker('/worker.js'); w.onmessage = e => put(e.data)`),
		"/csp": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Security-Policy", "default-src 'none'")
			body(`put('made ' + 'against the rules')`)(w, r)
		},
		"/liar": body(`put('made ' + 'true'); document.documentElement.__defineGetter__('outerHTML', () => 'lie'); Element.prototype.querySelectorAll = () => []; String.prototype.slice = () => 'lie'`),
		"/echo": func(w http.ResponseWriter, r *http.Request) {
			b, _ := io.ReadAll(r.Body)
			io.WriteString(w, "echo: "+r.Method+" "+r.Header.Get("Content-Type")+" "+string(b))
		},
		"/data.json": func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, `{"text": "made from data"}`) },
		"/app.js":    js(`document.getElementById('root').innerHTML = '<h1>made by bundle</h1><img src=/x.png>'`),
		"/lib.mjs":   js(`export const hi = 'made by module'`),
		"/worker.js": js(`fetch('/data.json').then(r => r.json()).then(d => postMessage('worker: ' + d.text))`),
		"cdn.test/open": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Access-Control-Allow-Origin", "*")
			io.WriteString(w, "from elsewhere")
		},
	})
	p := newPool(t, s, Options{})
	for _, c := range []struct{ path, want, end string }{
		{"/now", "made now", "/now"},
		{"/later", "made later", "/later"},
		{"/steps", "step20", "/steps"},
		{"/frames", "made by frames", "/frames"},
		{"/seen", "made when seen", "/seen"},
		{"/below", "made below", "/below"},
		{"/idle", "made idle", "/idle"},
		{"/resize", "made by size", "/resize"},
		{"/data", "made from data", "/data"},
		{"/post", "echo: POST application/x-me hello", "/post"},
		{"/cross", "from elsewhere", "/cross"},
		{"/bundle", "<h1>made by bundle</h1>", "/bundle"},
		{"/module", "made by module", "/module"},
		{"/shadow", "and deeper", "/shadow"},
		{"/move", "the other page", "/moved?x=1"},
		{"/refresh", "the other page", "/moved"},
		{"/late", "the other page", "/moved"},
		{"/push", "made pushed", "/pushed"},
		{"/302", "made now", "/now"},
		{"/gone", "it is gone", "/gone"},
		{"/cookie", "cookies: a=b", "/cookie"},
		{"/cookies", "cookies: <", "/cookies"}, // of a page of its own: none
		{"/worker", "worker: made from data", "/worker"},
		{"/csp", "turn it on", "/csp"},
		{"/liar", "made true", "/liar"},
	} {
		t.Run(c.path[1:], func(t *testing.T) {
			res := show(t, p, "http://a.test"+c.path)
			if !strings.Contains(string(res.HTML), c.want) || res.URL.String() != "http://a.test"+c.end || res.Truncated || res.Why != "" {
				t.Errorf("%s %q, cut %v: %s", res.URL, res.Why, res.Truncated, res.HTML)
			}
			if want := map[bool]int{true: 410, false: 200}[c.path == "/gone"]; res.Status != want {
				t.Errorf("status %d", res.Status)
			}
			if res.Took > 8*time.Second {
				t.Errorf("took %v", res.Took)
			}
		})
	}
	if s.count("a.test/x.png") > 0 {
		t.Error("an image was asked for")
	}
	// A bundle is asked for once, the page each time.
	before := s.count("a.test/bundle")
	show(t, p, "http://a.test/bundle")
	show(t, p, "http://a.test/bundle")
	if s.count("a.test/app.js") != 1 || s.count("a.test/bundle") != before+2 {
		t.Errorf("bundle asked for %d times, page %d", s.count("a.test/app.js"), s.count("a.test/bundle"))
	}
}

// TestAnswer: a page that was fetched already is not asked for again.
func TestAnswer(t *testing.T) {
	s := newSite(t, map[string]http.HandlerFunc{"/app.js": func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		io.WriteString(w, "document.body.append('made ' + document.title)")
	}})
	p := newPool(t, s, Options{})
	u := address(t, "http://a.test/x")
	res, err := p.Render(context.Background(), Request{URL: u, Answer: &fetch.Response{URL: u, Status: 200,
		Header: http.Header{"Content-Type": {"text/html"}, "Content-Encoding": {"gzip"}}, Body: []byte("<title>once</title><body><script src=app.js></script>")}})
	if err != nil || !strings.Contains(string(res.HTML), "made once") || s.total() != 1 {
		t.Errorf("%+v, %v, %v", res, err, s.asked)
	}
}

// TestTLS: the certificates of servers are checked by the client, also for what
// a page asks for.
func TestTLS(t *testing.T) {
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/data":
			w.Header().Set("Access-Control-Allow-Origin", "*")
			io.WriteString(w, "over tls "+r.Header.Get("X-Requested-With"))
		default:
			text(`<div id=a></div><script>for (const h of ['example.com', 'other.test']) fetch('https://' + h + '/data').then(r => r.text()).then(s => document.body.append(s)).catch(() => document.body.append('refused ' + h))</script>`)(w, r)
		}
	}))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	defer srv.Close()
	roots := x509.NewCertPool()
	roots.AddCert(srv.Certificate())
	s := &site{Server: srv}
	c := s.client(fetch.Options{RootCAs: roots})
	p := newPool(t, s, Options{Get: func(ctx context.Context, _ weburl.URL, r fetch.Request) (*fetch.Response, error) {
		return c.Get(ctx, r)
	}})
	res := show(t, p, "https://example.com/")
	if got := string(res.HTML); !strings.Contains(got, "over tls") || !strings.Contains(got, "refused other.test") {
		t.Errorf("%s", got)
	}
	if _, err := p.Render(context.Background(), Request{URL: address(t, "https://other.test/")}); fetch.ClassOf(err) != fetch.ClassTLS {
		t.Errorf("%v", err)
	}
}
