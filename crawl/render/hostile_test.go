package render

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/trawlsearch/trawl/crawl/fetch"
	"github.com/trawlsearch/trawl/weburl"
)

var full = flag.Bool("full", false, "give hostile pages the default time, 10 s, instead of 3 s")

// TestHostile is row H12 of the hostile web: each page ends 2 s after its time
// at the latest, and the healthy page that is rendered beside it all the time
// does not notice.
func TestHostile(t *testing.T) {
	script := func(s string) http.HandlerFunc {
		return text(`<!doctype html><title>t</title><p>before</p><script>` + s + `</script><p>after</p>`)
	}
	s := newSite(t, map[string]http.HandlerFunc{
		"/healthy":  script(`setTimeout(() => document.body.append('made ' + 'well'), 100)`),
		"/loop":     script(`while (true) {}`),
		"/later":    script(`setTimeout(() => { while (true) {} }, 10)`),
		"/micro":    script(`const f = () => Promise.resolve().then(f); f()`),
		"/timers":   script(`const f = () => { setTimeout(f, 0); setTimeout(f, 0) }; f()`),
		"/alerts":   script(`while (true) { alert('x'); confirm('y'); prompt('z') }`),
		"/alert":    script(`for (let i = 0; i < 1000; i++) alert(i); document.body.append('made ' + 'after alerts')`),
		"/frame":    script(`const f = document.createElement('iframe'); document.body.append(f); f.contentWindow.alert('x'); document.body.append('made ' + 'after frame')`),
		"/fetches":  script(`for (let i = 0; i < 10000; i++) fetch('/data?' + i).catch(() => {}); document.body.append('made ' + 'of fetches')`),
		"/chain":    script(`const f = n => fetch('/data?' + n).finally(() => f(n + 1)); f(0)`),
		"/big":      script(`for (let i = 0; i < 40; i++) fetch('/million?' + i)`),
		"/worker":   script(`navigator.serviceWorker ? navigator.serviceWorker.register('/sw.js') : document.body.append('made ' + 'without')`),
		"/download": script(`const a = document.createElement('a'); a.href = '/file.zip'; a.download = 'x.zip'; document.body.append(a, 'made ' + 'a link'); a.click()`),
		"/blob":     script(`const a = document.createElement('a'); a.href = URL.createObjectURL(new Blob(['x'])); a.download = 'x'; a.click(); document.body.append('made ' + 'a blob')`),
		"/popups":   script(`for (let i = 0; i < 100; i++) { window.open('/popup?' + i); const a = document.createElement('a'); a.href = '/popup?a' + i; a.target = '_blank'; a.click() } document.body.append('made ' + 'no popup')`),
		"/reload":   script(`location.href = '/reload?' + Math.random()`),
		"/memory":   script(`const a = []; while (true) a.push(new Array(1e6).fill(Math.random()))`),
		"/nodes":    script(`while (true) document.body.append('more and more text')`),
		"/leave":    script(`onbeforeunload = () => 'stay'; document.body.append('made ' + 'sticky')`),
		"/write":    script(`document.write('<p>made ' + 'by writing'); document.write('<iframe srcdoc="<script>while (true) {}<' + '/script>"></iframe>')`),
		"/socket":   script(`new WebSocket('ws://a.test/ws').onerror = () => document.body.append('made ' + 'no socket')`),
		"/stall":    script(`fetch('/never').then(() => document.body.append('made ' + 'never')); document.body.append('made ' + 'at once')`),
		"/exit":     script(`window.close(); document.body.append('made ' + 'still')`),
		"/file.zip": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Disposition", "attachment")
			io.WriteString(w, "zip")
		},
		"/sw.js":   func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Content-Type", "text/javascript") },
		"/data":    func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "x") },
		"/million": func(w http.ResponseWriter, r *http.Request) { w.Write(bytes.Repeat([]byte("x"), 1<<20)) },
		"/popup":   text("popup"),
		"/never":   func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	})
	limit := 3 * time.Second
	if *full {
		limit = 10 * time.Second // the default: a page then has 12 s in all
	}
	p := newPool(t, s, Options{Browsers: 1, Tabs: 2, MaxTime: limit})
	show(t, p, "http://a.test/healthy") // the browser runs
	done := make(chan struct{})
	var healthy sync.WaitGroup
	rounds, slowest := 0, time.Duration(0)
	healthy.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			res, err := p.Render(context.Background(), Request{URL: address(t, "http://a.test/healthy")})
			if err != nil || !strings.Contains(string(res.HTML), "made well") {
				t.Errorf("the healthy page: %+v, %v", res, err)
				return
			}
			rounds++
			slowest = max(slowest, res.Took)
		}
	})
	for _, c := range []struct{ path, want, why string }{
		{"/loop", "before", WhyTime},
		{"/later", "after", WhyTime},
		{"/micro", "", "any"},
		{"/timers", "after", "any"},
		{"/alerts", "before", WhyTime},
		{"/alert", "made after alerts", ""},
		{"/frame", "made after frame", ""},
		{"/fetches", "of fetches", "any"},
		{"/chain", "after", "any"},
		{"/big", "after", "any"},
		{"/worker", "made without", ""},
		{"/download", "made a link", ""},
		{"/blob", "made a blob", ""},
		{"/popups", "made no popup", ""},
		{"/reload", "", "any"},
		{"/memory", "", "any"},
		{"/nodes", "", "any"},
		{"/leave", "made sticky", ""},
		{"/write", "made by writing", "any"},
		{"/socket", "made no socket", ""},
		{"/stall", "made at once", "any"},
		{"/exit", "made still", ""},
	} {
		t.Run(c.path[1:], func(t *testing.T) {
			began := time.Now()
			res, err := p.Render(context.Background(), Request{URL: address(t, "http://a.test"+c.path)})
			took := time.Since(began)
			if err == nil {
				took = res.Took // began includes the wait for a tab
			}
			if took > limit+2*time.Second {
				t.Errorf("took %v", took)
			}
			if err != nil {
				if c.want != "" || !errors.Is(err, ErrHung) && !errors.Is(err, errNowhere) {
					t.Errorf("%v", err)
				}
				t.Logf("%v: %v", took.Round(time.Millisecond), err)
				return
			}
			t.Logf("%v, %d bytes, %q, %d requests, %d refused", took.Round(time.Millisecond), len(res.HTML), res.Why, res.Requests, res.Refused)
			if !strings.Contains(string(res.HTML), c.want) || c.why != "any" && res.Why != c.why || res.Truncated != (res.Why != "") || res.Requests > 50 {
				t.Errorf("%q, cut %v, %d requests: %.300s", res.Why, res.Truncated, res.Requests, res.HTML)
			}
		})
	}
	close(done)
	healthy.Wait()
	t.Logf("the healthy page beside them: %d times, slowest %v", rounds, slowest.Round(time.Millisecond))
	if rounds < 3 {
		t.Errorf("the healthy page was rendered %d times", rounds)
	}
	for _, path := range []string{"/sw.js", "/popup", "/ws"} {
		if n := s.count("a.test" + path); n > 0 {
			t.Errorf("%s was asked for %d times", path, n)
		}
	}
	if n := s.count("a.test/data"); n > 100 {
		t.Errorf("%d of 10,000 fetches", n)
	}
}

// TestGuard: no request of a page, however made, reaches what the guard of the
// client refuses, and none goes around the client.
func TestGuard(t *testing.T) {
	canary, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer canary.Close()
	var mu sync.Mutex
	hits := 0
	go func() {
		for {
			c, err := canary.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			hits++
			mu.Unlock()
			c.Close()
		}
	}()
	at := canary.Addr().String()
	_, port, _ := net.SplitHostPort(at)
	var b strings.Builder
	for _, u := range []string{"http://" + at + "/", "https://" + at + "/", "http://localhost:" + port + "/", "http://[::1]:" + port + "/", "http://2130706433:" + port + "/",
		"http://private.test:" + port + "/", "http://169.254.169.254/latest/", "ws://" + at + "/", "ftp://" + at + "/", "file:///etc/passwd"} {
		fmt.Fprintf(&b, `<iframe src="%s"></iframe><script src="%[1]s"></script><link rel=stylesheet href="%[1]s"><link rel=preload as=fetch href="%[1]s"><img src="%[1]s"><object data="%[1]s"></object><script>fetch(%[1]q, {mode: 'no-cors'}).catch(() => {}); try { new WebSocket(%[1]q) } catch (e) {}; navigator.sendBeacon(%[1]q, 'x')</script>`, u)
	}
	fmt.Fprintf(&b, `<script>new RTCPeerConnection({iceServers: [{urls: 'stun:%s'}, {urls: 'turn:%[1]s?transport=tcp', username: 'a', credential: 'b'}]}).createDataChannel('x'); try { new WebTransport('https://%[1]s/') } catch (e) {}</script><link rel=dns-prefetch href="//%[1]s"><link rel=preconnect href="http://%[1]s">made well`, at)
	s := newSite(t, map[string]http.HandlerFunc{"/": text(b.String()), "/go": text(`<script>location.href = 'http://` + at + `/'</script>here`),
		"/302": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "http://"+at+"/", http.StatusFound) }})
	p := newPool(t, s, Options{MaxRequests: 1000})
	if res := show(t, p, "http://a.test/"); !strings.Contains(string(res.HTML), "made well") {
		t.Errorf("%s", res.HTML)
	}
	for _, path := range []string{"/go", "/302"} {
		if res, err := p.Render(context.Background(), Request{URL: address(t, "http://a.test"+path)}); err == nil {
			t.Errorf("%s: %s, %s", path, res.URL, res.HTML)
		}
	}
	if _, err := p.Render(context.Background(), Request{URL: address(t, "http://private.test/")}); fetch.ClassOf(err) != fetch.ClassPrivateAddress {
		t.Errorf("%v", err)
	}
	mu.Lock()
	defer mu.Unlock()
	if hits > 0 {
		t.Errorf("%d connections to a private address", hits)
	}
}

// TestAllow: what Allow refuses is not asked for.
func TestAllow(t *testing.T) {
	s := newSite(t, map[string]http.HandlerFunc{"/": text(`<script src=/no.js></script><script>fetch('/no').catch(() => {}); fetch('/yes'); fetch('http://b.test/post', {method: 'POST'}).catch(() => {}); fetch('/put', {method: 'PUT'}).catch(() => {})</script><form action=/form method=post></form><script>document.forms[0].submit()</script>`)})
	p := newPool(t, s, Options{Allow: func(u weburl.URL) bool { return !strings.HasPrefix(u.Path(), "/no") }})
	if _, err := p.Render(context.Background(), Request{URL: address(t, "http://a.test/")}); err != nil {
		t.Fatal(err)
	}
	if s.count("a.test/yes") != 1 || s.total() != 2 {
		t.Errorf("asked for %v", s.asked)
	}
}

// TestProcesses: nothing is left of a pool, be its browsers killed, replaced or
// refused to go, and a page survives the browser that it was in.
func TestProcesses(t *testing.T) {
	s := newSite(t, map[string]http.HandlerFunc{"/": text(`<script>document.write('made ' + 'well')</script>`), "/loop": text(`<script>while (true) {}</script>`)})
	p := newPool(t, s, Options{MaxPages: 3, Browsers: 1, MaxTime: 3 * time.Second})
	for range 4 {
		show(t, p, "http://a.test/")
	}
	for _, pid := range users(p.opt.TempDir) { // as the system does for lack of memory
		syscall.Kill(pid, syscall.SIGKILL)
	}
	if res := show(t, p, "http://a.test/"); !strings.Contains(string(res.HTML), "made well") {
		t.Errorf("%s", res.HTML)
	}
	if n := dirs(t, p.opt.TempDir); n > 2 {
		t.Errorf("%d profiles", n)
	}
	go p.Render(context.Background(), Request{URL: address(t, "http://a.test/loop")})
	time.Sleep(300 * time.Millisecond)
	p.Close()
	if pids := users(p.opt.TempDir); len(pids) > 0 || dirs(t, p.opt.TempDir) > 0 {
		t.Errorf("left: processes %v, %d profiles", pids, dirs(t, p.opt.TempDir))
	}
	if _, err := p.Render(context.Background(), Request{URL: address(t, "http://a.test/")}); !errors.Is(err, ErrClosed) {
		t.Errorf("%v", err)
	}
}

func dirs(t *testing.T, temp string) int {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(temp, profilePrefix+"*"))
	if err != nil {
		t.Fatal(err)
	}
	return len(found)
}

// TestKilled: when this process is killed its browsers die with it, and the
// next pool clears away their profiles.
func TestKilled(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells children that their parent died")
	}
	if temp := os.Getenv("RENDER_TEST_KILLED"); temp != "" { // the one to be killed
		s := newSite(t, map[string]http.HandlerFunc{"/": text("x"), "/loop": text(`<script>while (true) {}</script>`)})
		c := s.client(fetch.Options{})
		p, err := New(Options{TempDir: temp, Get: func(ctx context.Context, _ weburl.URL, r fetch.Request) (*fetch.Response, error) {
			return c.Get(ctx, r)
		}})
		if err != nil {
			t.Fatal(err)
		}
		show(t, p, "http://a.test/")
		os.WriteFile(filepath.Join(temp, "ready"), nil, 0o644)
		p.Render(context.Background(), Request{URL: address(t, "http://a.test/loop")})
		return
	}
	newPool(t, newSite(t, nil), Options{}) // skips where there is no browser
	temp := t.TempDir()
	cmd := exec.Command(os.Args[0], "-test.run=^TestKilled$")
	cmd.Env = append(os.Environ(), "RENDER_TEST_KILLED="+temp)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	await(t, "the browser to run", func() bool { _, err := os.Stat(filepath.Join(temp, "ready")); return err == nil })
	await(t, "processes", func() bool { return len(users(temp)) > 2 })
	cmd.Process.Kill()
	cmd.Wait()
	await(t, "the browsers to die", func() bool { return len(users(temp)) == 0 })
	if dirs(t, temp) == 0 {
		t.Fatal("the test is void: no profile is left")
	}
	p, err := New(Options{TempDir: temp})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if dirs(t, temp) > 0 {
		t.Error("a profile is left")
	}
}

func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

var manyPages = flag.Int("pages", 30, "pages that TestMany renders; the claim of the manual is measured with 1000")

// TestMany renders many pages: no browser is left, and memory is back. Of more
// than 500 pages the CPU time is too small: browsers were replaced.
func TestMany(t *testing.T) {
	body := strings.Repeat("<p>some text of a page of usual size, which is fourteen kilobytes</p>\n", 200)
	s := newSite(t, map[string]http.HandlerFunc{"/": text(`<!doctype html><title>t</title><script src=/app.js></script>` + body),
		"/app.js": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/javascript")
			io.WriteString(w, `addEventListener('load', () => document.body.append('made ' + document.querySelectorAll('p').length))`)
		}})
	p := newPool(t, s, Options{})
	render := func(pages int) {
		var wg sync.WaitGroup
		todo := make(chan int)
		for range 4 {
			wg.Go(func() {
				for range todo {
					res, err := p.Render(context.Background(), Request{URL: address(t, "http://a.test/")})
					if err != nil || !strings.Contains(string(res.HTML), "made 200") {
						t.Errorf("%v, %v", res, err)
					}
				}
			})
		}
		for i := range pages {
			todo <- i
		}
		close(todo)
		wg.Wait()
	}
	memory := func() int64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	render(8) // each tab has been used
	before, goroutines, cpu := memory(), runtime.NumGoroutine(), cpuTime(p.opt.TempDir)
	began := time.Now()
	render(*manyPages)
	took := time.Since(began)
	after := memory()
	cpu = cpuTime(p.opt.TempDir) - cpu
	running := len(users(p.opt.TempDir))
	p.Close()
	t.Logf("%d pages of %d bytes, %d at a time: %.1f pages/s, %d ms CPU of the browsers a page; heap %d -> %d KiB, goroutines %d -> %d, processes %d -> %d",
		*manyPages, len(body), 4, float64(*manyPages)/took.Seconds(), cpu.Milliseconds()/int64(*manyPages), before>>10, after>>10, goroutines, runtime.NumGoroutine(), running, len(users(p.opt.TempDir)))
	if left := users(p.opt.TempDir); len(left) > 0 || dirs(t, p.opt.TempDir) > 0 {
		t.Errorf("left: processes %v, %d profiles", left, dirs(t, p.opt.TempDir))
	}
	if after > before+before/10+256<<10 { // what waits to be collected is never quite the same
		t.Errorf("memory: %d bytes before, %d after", before, after)
	}
}
