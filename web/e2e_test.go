package web

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

const chromium = "/usr/bin/chromium"

// A visitor is a tab of a real browser at a site over fakes. Whatever the page
// complains of in its console, a refused script too, fails the test.
type visitor struct {
	t   *testing.T
	ctx context.Context
	url string
}

func visit(t *testing.T, s *site) *visitor {
	t.Helper()
	if _, err := os.Stat(chromium); err != nil {
		t.Skipf("no browser: %v (apt-get install chromium)", err)
	}
	srv := httptest.NewServer(s.handler())
	t.Cleanup(srv.Close)
	opts := []chromedp.ExecAllocatorOption{chromedp.ExecPath(chromium), chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1200, 900)}
	for _, name := range []string{
		"headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking",
		"disable-component-update", "disable-sync",
	} {
		opts = append(opts, chromedp.Flag(name, true))
	}
	alloc, cancel := chromedp.NewExecAllocator(context.Background(), opts...) // t's own ends before the clean-up
	t.Cleanup(cancel)
	tab, cancel := chromedp.NewContext(alloc)
	t.Cleanup(func() {
		// Waits until the browser has gone and its directory can go too.
		if err := chromedp.Cancel(tab); err != nil {
			t.Logf("the browser did not leave in order: %v", err)
		}
		cancel()
	})
	err := chromedp.Listen(tab, func(ev any) { // starts the browser
		switch ev := ev.(type) {
		case *log.EventEntryAdded:
			if ev.Entry.Level == log.EntryLevelError && !strings.Contains(ev.Entry.Text, "404") {
				t.Errorf("console: %s (%s)", ev.Entry.Text, ev.Entry.URL)
			}
		case *runtime.EventExceptionThrown:
			t.Errorf("script failed: %v", ev.ExceptionDetails)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(tab, time.Minute)
	t.Cleanup(cancel)
	return &visitor{t, ctx, srv.URL}
}

// do runs browser actions.
func (v *visitor) do(actions ...chromedp.Action[chromedp.Void]) {
	v.t.Helper()
	if err := chromedp.Do(v.ctx, actions...); err != nil {
		v.t.Fatal(err)
	}
}

// open loads a page of the site.
func (v *visitor) open(target string) {
	v.t.Helper()
	v.do(chromedp.Navigate(v.url+target), chromedp.WaitReady(chromedp.CSS("footer")))
}

// press presses a key as a person does: the text comes with the key and not
// after it, so that a page which takes the key keeps the text out.
func (v *visitor) press(keys ...string) {
	v.t.Helper()
	for _, key := range keys {
		down := input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyDown, Key: key, Text: key}
		switch key {
		case "Enter":
			down.Text, down.WindowsVirtualKeyCode = "\r", 13
		case "Escape":
			down.Text, down.WindowsVirtualKeyCode = "", 27
		}
		up := down
		up.Type, up.Text = input.DispatchKeyEventTypeKeyUp, ""
		for _, ev := range []input.DispatchKeyEventParams{down, up} {
			if _, err := chromedp.Call(v.ctx, input.DispatchKeyEvent, ev); err != nil {
				v.t.Fatal(err)
			}
		}
	}
}

// ready waits until the page's script takes keys.
func (v *visitor) ready() {
	v.t.Helper()
	v.expect(`document.getElementById("keys-open").hidden`, false)
}

// eval evaluates an expression in the page.
func eval[T any](v *visitor, js string, opts ...chromedp.EvaluateOption) T {
	v.t.Helper()
	out, err := chromedp.Run(v.ctx, chromedp.Evaluate[T](js, opts...))
	if err != nil {
		v.t.Fatal(err)
	}
	return out
}

// emulate sets media and the colour scheme; empty ones are the browser's own.
func (v *visitor) emulate(media, scheme string) {
	v.t.Helper()
	_, err := chromedp.Call(v.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Media: media, Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	if err != nil {
		v.t.Fatal(err)
	}
}

// expect waits until an expression of the page is what it should be.
func (v *visitor) expect(js string, want any) {
	v.t.Helper()
	var got any
	for range 500 {
		var err error
		if got, err = chromedp.Run(v.ctx, chromedp.Evaluate[any](js)); err != nil {
			got = err // the page is being left for another: ask that one
		}
		if fmt.Sprint(got) == fmt.Sprint(want) {
			return
		}
		v.do(chromedp.Sleep(20 * time.Millisecond)) // the browser has its own clock
	}
	v.t.Errorf("%s is %v, want %v", js, got, want)
}

// shot leaves a picture of the page in the folder named by TRAWL_SHOTS.
func (v *visitor) shot(name string) {
	dir := os.Getenv("TRAWL_SHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(v.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		v.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
		v.t.Error(err)
	}
}

func TestBrowser(t *testing.T) {
	s := oneCollection(&fake{docs: postgres, total: 1169})
	var fetched atomic.Int64
	s.progress = func(string) (Progress, error) {
		n := fetched.Add(1)
		return Progress{State: "running", Docs: 1000, Pages: 1000 + n, Queued: 500, PagesPerSecond: 12.5}, nil
	}
	v := visit(t, s)

	// The figures of a crawl move by themselves.
	v.open("/")
	v.expect(`document.activeElement.id`, "q")
	pages := `+document.querySelector("[data-figure=pages]").textContent.replace(",", "")`
	first := eval[float64](v, pages)
	v.expect(fmt.Sprintf(`%s > %v`, pages, first+1), true)

	// A question, typed and sent.
	v.do(chromedp.SendKeys(chromedp.CSS("#q"), "index"+kb.Enter))
	v.expect(`location.pathname + location.search`, "/search?q=index")
	v.expect(`document.querySelectorAll(".hit").length`, 10)
	v.expect(`document.querySelector(".hit h2 mark").textContent`, "INDEX")
	v.expect(`document.querySelector(".count").textContent.startsWith("1,169 results, ")`, true)

	// Keys. A letter typed in the box stays a letter.
	v.ready()
	focused := `document.activeElement.textContent`
	v.press("j")
	v.expect(focused, "CREATE INDEX")
	v.press("j")
	v.expect(focused, "11.3. Multicolumn Indexes")
	v.press("k")
	v.expect(focused, "CREATE INDEX")
	v.press("/")
	v.expect(`document.activeElement.id`, "q")
	v.press("j")
	v.expect(`document.getElementById("q").value`, "j")
	v.press("Escape")
	v.expect(`document.activeElement === document.body`, true)

	// Pages, by key and by link.
	v.press("n")
	v.expect(`location.search + document.querySelector("[aria-current=page]").textContent`, "?q=index&page=22")
	v.ready()
	v.press("p")
	v.expect(`location.search`, "?q=index")
	v.do(chromedp.Click(chromedp.CSS(`a[aria-label="Page 3"]`)))
	v.expect(`document.querySelector(".hits").start`, 21)
}

// TestBrowserKeysOff turns single keys off and on, in the help (WCAG 2.1.4).
func TestBrowserKeysOff(t *testing.T) {
	v := visit(t, oneCollection(&fake{docs: postgres}))
	v.open("/search?q=index")
	v.press("?")
	v.expect(`document.getElementById("keys").open`, true)
	v.do(chromedp.Click(chromedp.CSS("#keys-on")))
	v.press("Escape")
	v.expect(`document.getElementById("keys").open`, false)
	v.press("j")
	v.expect(`document.activeElement.closest(".hit")`, nil)
	v.open("/search?q=index")
	v.press("j")
	v.expect(`document.activeElement.closest(".hit")`, nil)
	v.do(chromedp.Click(chromedp.CSS("#keys-open")), chromedp.Click(chromedp.CSS("#keys-on")), chromedp.Click(chromedp.CSS("#keys button")))
	v.press("j")
	v.expect(`document.activeElement.textContent`, "CREATE INDEX")
}

// TestBrowserEnter opens a result by key; the manual stands in for the web.
func TestBrowserEnter(t *testing.T) {
	f := &fake{}
	v := visit(t, oneCollection(f))
	f.docs = []fakeDoc{{"1", v.url + "/docs/queries", "Queries", "all about queries"}}
	v.open("/search?q=queries")
	v.press("j", "Enter")
	v.expect(`location.pathname`, "/docs/queries")
}

func TestBrowserWithoutScript(t *testing.T) {
	s := oneCollection(&fake{docs: postgres, total: 1169})
	s.progress = func(string) (Progress, error) {
		return Progress{State: "running", Docs: 1169, Pages: 1200, Queued: 34}, nil
	}
	v := visit(t, s)
	if _, err := chromedp.Call(v.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	v.open("/")
	v.expect(`document.querySelector("[data-figure=docs]").textContent`, "1,169")
	v.expect(`document.getElementById("keys-open").hidden`, true) // what does nothing is not offered
	v.do(chromedp.SendKeys(chromedp.CSS("#q"), "index"+kb.Enter))
	v.expect(`location.search + document.querySelectorAll(".hit").length`, "?q=index10")
	v.do(chromedp.Click(chromedp.CSS("a.step[rel=next]")))
	v.expect(`location.search`, "?q=index&page=2")
}

func TestBrowserColours(t *testing.T) {
	v := visit(t, oneCollection(&fake{docs: postgres}))
	ground := `getComputedStyle(document.documentElement).backgroundColor`
	v.open("/")
	v.emulate("", "light")
	v.expect(ground, "rgb(251, 250, 247)")
	v.emulate("", "dark")
	v.expect(ground, "rgb(20, 24, 26)")
}

// states are pages in every condition that looks different.
var states = []struct{ name, target string }{
	{"home", "/"}, {"results", "/search?q=the+index"}, {"middle", "/search?q=the+index&page=60"}, {"empty", "/search?q=%22zebra+crossing%22"},
	{"docs", "/docs/queries"}, {"error", "/docs/nothing"},
}

func rich() *site {
	f := &fake{docs: postgres, total: 1169, dress: inSections}
	s := &site{fakes: map[string]*fake{"postgres": f, "web": f}, names: []string{"postgres", "web"}}
	s.progress = func(string) (Progress, error) {
		return Progress{State: "running", Docs: 1169, Pending: 20, Pages: 1200, Queued: 3456, Failed: 7, PagesPerSecond: 41.6}, nil
	}
	return s
}

// TestBrowserWidths finds pages that must be scrolled sideways (WCAG 1.4.10):
// 320 px is also what 1280 px are at 400 %.
func TestBrowserWidths(t *testing.T) {
	v := visit(t, rich())
	for _, width := range []int64{320, 640, 1200} {
		v.do(chromedp.EmulateViewport(width, 800))
		for _, st := range states {
			v.open(st.target)
			v.expect(`document.documentElement.scrollWidth - document.documentElement.clientWidth`, 0)
			v.shot(fmt.Sprintf("%s-%d", st.name, width))
		}
	}
	v.emulate("print", "light")
	v.open("/search?q=the+index")
	v.expect(`getComputedStyle(document.querySelector("search")).display`, "none")
	v.shot("print")
}

// TestBrowserAxe has axe-core look for what fails WCAG 2.2 AA.
func TestBrowserAxe(t *testing.T) {
	if _, err := os.Stat(chromium); err != nil {
		t.Skipf("no browser: %v", err)
	}
	cmd := exec.CommandContext(t.Context(), "testdata/axe.sh")
	out, err := cmd.Output()
	if err != nil {
		t.Skipf("axe-core is not to be had: %v (it comes from the npm registry)", err)
	}
	axe, err := os.ReadFile(strings.TrimSpace(string(out)))
	if err != nil {
		t.Fatal(err)
	}
	v := visit(t, rich())
	look := func(name string) {
		t.Helper()
		type violation struct {
			ID, Help, Impact string
			Nodes            []struct{ HTML, FailureSummary string }
		}
		v.do(chromedp.Evaluate[chromedp.Void](string(axe) + ";0"))
		found := eval[[]violation](v, `axe.run(document, {resultTypes: ["violations"]}).then(r => r.violations.map(v => ({
			ID: v.id, Help: v.help, Impact: v.impact, Nodes: v.nodes.map(n => ({HTML: n.html, FailureSummary: n.failureSummary}))})))`, chromedp.EvalAwaitPromise)
		for _, f := range found {
			for _, n := range f.Nodes {
				t.Errorf("%s: %s (%s): %s\n%s\n%s", name, f.ID, f.Impact, f.Help, n.HTML, n.FailureSummary)
			}
		}
		v.shot(name)
	}
	for _, scheme := range []string{"light", "dark"} {
		v.emulate("", scheme)
		for _, st := range states {
			v.open(st.target)
			look(st.name + "-" + scheme)
		}
		v.open("/search?q=index")
		v.press("j", "?")
		look("keys-" + scheme)
	}
}
