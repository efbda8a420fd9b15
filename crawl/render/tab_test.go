package render

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestTraces: a page finds nothing of the pages before it in its tab, and is
// asked for again.
func TestTraces(t *testing.T) {
	const look = `<!doctype html><title>t</title><script>
		const had = [document.cookie, localStorage.length, sessionStorage.length, window.name, history.state].join();
		document.cookie = 'a=b; max-age=1000'; localStorage.x = 1; sessionStorage.x = 1; window.name = 'w'; history.replaceState('s', '');
		const open = indexedDB.open('d'); let made = false;
		open.onupgradeneeded = () => { made = true; open.result.createObjectStore('s') };
		open.onsuccess = () => document.body.append('[had ' + had + (made ? ' none' : ' a database') + ']');
		onpagehide = () => { localStorage.y = 1; document.cookie = 'c=d; max-age=1000'; navigator.sendBeacon('/late') };
		</script><body>`
	s := newSite(t, map[string]http.HandlerFunc{"/": func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Cache-Control", "max-age=1000")
		w.Header().Set("Set-Cookie", "e=f; HttpOnly")
		io.WriteString(w, look+"<p>sent "+r.Header.Get("Cookie"))
	}})
	p := newPool(t, s, Options{Browsers: 1, Tabs: 1})
	const pages = 5
	for range pages {
		res := show(t, p, "http://a.test/")
		for _, want := range []string{"[had ,0,0,, none]", "<p>sent </p>"} {
			if !strings.Contains(string(res.HTML), want) {
				t.Errorf("no %q in %s", want, res.HTML[strings.Index(string(res.HTML), "</script>"):])
			}
		}
		if res.Status != http.StatusOK || res.Requests != 1 {
			t.Errorf("status %d, %d requests", res.Status, res.Requests)
		}
	}
	if n := s.count("a.test/"); n != pages {
		t.Errorf("asked for %d times, want %d", n, pages)
	}
	if tabs := p.browsers[0].idle; len(tabs) == 1 && tabs[0].pages != pages || len(tabs) > 1 {
		t.Errorf("%d tabs are kept", len(tabs))
	}
}

// TestManySites: tabs of one site make room for those of others, and none
// answers for another.
func TestManySites(t *testing.T) {
	s := newSite(t, map[string]http.HandlerFunc{"/": func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, "<!doctype html><script src=/x.js></script><p>I am %s", r.Host)
	}})
	p := newPool(t, s, Options{})
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for j := range 12 {
				host := fmt.Sprintf("h%d.test", (i+j/2)%5)
				res, err := p.Render(context.Background(), Request{URL: address(t, "http://"+host+"/")})
				if err != nil || !strings.Contains(string(res.HTML), "I am "+host) {
					t.Errorf("%s: %v, %v", host, res, err)
				}
			}
		})
	}
	wg.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, b := range p.browsers {
		if b.open+len(b.idle) > p.opt.Tabs {
			t.Errorf("a browser has %d tabs open and %d idle, want %d at most", b.open, len(b.idle), p.opt.Tabs)
		}
	}
}

// TestExpire: a tab that nobody wants is closed.
func TestExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &Pool{opt: Options{Tabs: 1}}
		closed := false
		ctx, cancel := context.WithCancel(context.Background())
		tb := &tab{origin: "http://a.test", ctx: ctx, cancel: func() { closed = true; cancel() }, ln: &pipe{}}
		b := &browser{pool: p, open: 1}
		p.browsers = []*browser{b}
		p.give(b, tb, false)
		time.Sleep(tabIdle - time.Second)
		p.mu.Lock()
		if got, same := p.idleTab("http://b.test"); got != nil || same != nil || len(b.idle) != 1 {
			t.Error("the tab was given to another origin, or is gone")
		}
		p.mu.Unlock()
		time.Sleep(2 * time.Second)
		synctest.Wait()
		p.mu.Lock()
		defer p.mu.Unlock()
		if len(b.idle) != 0 || !closed {
			t.Errorf("%d tabs idle, closed: %v", len(b.idle), closed)
		}
	})
}
