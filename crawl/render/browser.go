package render

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"time"

	"github.com/chromedp/chromedp"
)

// errBroken says that it was the browser that failed, not the page.
var errBroken = errors.New("the browser failed")

const (
	// startTime bounds the start of a browser: 1 s on an idle machine.
	startTime = 30 * time.Second
	// stopTime is what a browser gets to leave in order before it is killed.
	stopTime = 2 * time.Second
	// windowHeight is such that most of a page shows, and is loaded. Its pixels
	// are a hundredth of that: nobody looks at them, and to paint them all was a
	// sixth of the CPU time of a page.
	windowHeight = 4000
	// heapMiB bounds the heap of a page's scripts.
	heapMiB = "256"
)

// A browser is one Chromium with its profile.
type browser struct {
	pool *Pool

	// Guarded by the pool's mutex.
	open, pages int
	dropped     bool
	idle        []*tab // the longest idle first

	once    sync.Once // starts it
	err     error
	root    context.Context // of chromedp; tabs are its children
	cancel  context.CancelFunc
	profile *profile
	stopped sync.Once
}

func newBrowser(p *Pool) *browser { return &browser{pool: p} }

// start runs the browser, once. Who comes second waits.
func (b *browser) start() error {
	b.once.Do(func() {
		if b.err = b.launch(); b.err != nil {
			b.err = fmt.Errorf("%w: start %s: %w", errBroken, b.pool.opt.Browser, b.err)
			b.end()
		}
	})
	return b.err
}

// flags are what every browser gets. The first ones keep it off the network:
// without them it looks up and calls Google's hosts at every start.
var flags = []string{
	"disable-background-networking", "disable-component-update", "disable-sync", "disable-domain-reliability",
	"disable-client-side-phishing-detection", "no-pings", "disable-quic", "no-first-run", "no-default-browser-check",
	"disable-default-apps", "disable-extensions", "disable-component-extensions-with-background-pages",
	"headless", "disable-gpu", "hide-scrollbars", "mute-audio", "disable-notifications", "disable-speech-api",
	"disable-breakpad", "disable-crash-reporter", "disable-dev-shm-usage", "disable-hang-monitor",
	"disable-background-timer-throttling", "disable-backgrounding-occluded-windows", "disable-renderer-backgrounding",
	"disable-prompt-on-repost", "metrics-recording-only", "disable-print-preview", "block-new-web-contents", "enable-automation",
}

func (b *browser) launch() error {
	opt := &b.pool.opt
	var err error
	if b.profile, err = newProfile(opt.TempDir); err != nil {
		return err
	}
	opts := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(opt.Browser), chromedp.UserDataDir(b.profile.dir), chromedp.WindowSize(1280, windowHeight), chromedp.Flag("force-device-scale-factor", "0.1"),
		chromedp.Flag("ignore-certificate-errors-spki-list", b.pool.certs.pin),
		chromedp.Flag("blink-settings", "imagesEnabled=false"),
		chromedp.Flag("js-flags", "--max-old-space-size="+heapMiB),
		chromedp.Flag("disable-features", "Translate,OptimizationHints,MediaRouter,DialMediaRouteProvider,HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,AutofillServerCommunication,PaintHolding,InterestFeedContentSuggestions,IsolateOrigins,site-per-process,BackForwardCache,Prerender2"),
		chromedp.Flag("disable-site-isolation-trials", true),
		chromedp.Flag("webrtc-ip-handling-policy", "disable_non_proxied_udp"),
		chromedp.Flag("force-webrtc-ip-handling-policy", true),
		// What has no proxy of its own goes nowhere.
		chromedp.ProxyServer("http://127.0.0.1:9"), chromedp.Flag("proxy-bypass-list", "<-loopback>"),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
		chromedp.Flag("no-sandbox", os.Getuid() == 0),
		chromedp.NoInheritEnv, chromedp.Env("PATH="+os.Getenv("PATH"), "HOME="+b.profile.dir, "LANG=C.UTF-8", "TMPDIR="+b.profile.dir),
		chromedp.ModifyCmdFunc(func(cmd *exec.Cmd) { ownGroup(cmd) }),
	}
	for _, name := range flags {
		opts = append(opts, chromedp.Flag(name, true))
	}
	alloc, cancelAlloc := chromedp.NewExecAllocator(context.Background(), opts...)
	root, cancelRoot := chromedp.NewContext(alloc, chromedp.WithErrorf(b.debugf), chromedp.WithLogf(b.debugf))
	b.root = root
	b.cancel = func() { cancelRoot(); cancelAlloc() }
	late := time.AfterFunc(startTime, cancelRoot)
	defer late.Stop()
	// The browser lives as long as the context of this first call.
	if err := chromedp.Do(root); err != nil {
		return err
	}
	b.profile.group = chromedp.FromContext(root).Browser.Process().Pid
	return nil
}

func (b *browser) debugf(format string, args ...any) {
	b.pool.opt.Log.Debug("render: " + fmt.Sprintf(format, args...))
}

// dead says whether the browser has gone.
func (b *browser) dead() bool { return b.root == nil || b.root.Err() != nil }

// stop ends the browser, in order if it can, and waits until all its processes
// and its profile are gone. It waits for a start that is under way.
func (b *browser) stop() {
	b.once.Do(func() { b.err = ErrClosed })
	b.end()
}

func (b *browser) end() {
	b.stopped.Do(func() {
		if b.root != nil && b.root.Err() == nil && chromedp.FromContext(b.root).Browser != nil {
			ctx, cancel := context.WithTimeout(b.root, stopTime)
			if err := chromedp.Cancel(ctx); err != nil {
				b.pool.opt.Log.Debug("render: the browser did not leave in order", "err", err)
			}
			cancel()
		}
		if b.profile != nil {
			b.profile.kill()
		}
		if b.cancel != nil {
			b.cancel()
		}
		if b.profile != nil {
			b.profile.remove()
		}
	})
}
