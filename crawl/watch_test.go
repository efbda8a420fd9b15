package crawl

import (
	"bytes"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestWatch: a page that takes long is told with its stage, and logged once.
func TestWatch(t *testing.T) {
	inBed(t, func(b *bed) {
		var log bytes.Buffer
		b.opt.Log = slog.New(slog.NewTextHandler(&log, nil))
		b.opt.Fetch.Timeout, b.opt.Fetch.HeaderTimeout = time.Hour, time.Hour
		b.site.Handle("/slow", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			time.Sleep(20 * time.Minute)
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write([]byte("<title>late</title><p>it came at last"))
		}))
		b.open()
		if _, err := b.c.Add(t.Context(), []string{"http://a.test/slow"}); err != nil {
			t.Fatal(err)
		}
		stop := b.start()
		time.Sleep(time.Minute)
		if p := b.c.Stats().Oldest; p.URL.Path() != "/slow" || p.Stage != "fetch" || time.Since(p.Since) > 2*time.Minute {
			t.Errorf("after a minute %+v", p)
		}
		time.Sleep(25 * time.Minute)
		if p := b.c.Stats().Oldest; !p.Since.IsZero() {
			t.Errorf("still in hand: %+v", p)
		}
		stop()
		if n := strings.Count(log.String(), "takes long"); n != 1 || !strings.Contains(log.String(), "stage=fetch") {
			t.Errorf("logged %d times: %s", n, log.String())
		}
		b.wantLive("/slow")
	})
}
