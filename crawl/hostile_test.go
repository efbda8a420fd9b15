package crawl

import (
	"bufio"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/trawlsearch/trawl/crawl/crawltest"
	"github.com/trawlsearch/trawl/crawl/fetch"
	"github.com/trawlsearch/trawl/document"
	"github.com/trawlsearch/trawl/internal/shareddata"
)

// notYet lists the rows of the hostile web that this crawler does not pass, and
// why. They run, and a row that passes must leave: the list can only shrink.
var notYet = map[string]string{}

// TestHostile runs the crawler against each row of the hostile web by itself. A
// row's test checks what the suite hostile-web.tsv says in its column
// pass_criterion, which -v prints beside it. At the end it prints how many pass.
func TestHostile(t *testing.T) {
	checks := map[string]func(h *trial){}
	for _, family := range []map[string]func(h *trial){robotsChecks, politeChecks, redirectChecks, privateChecks, bodyChecks, pageChecks, trapChecks, changeChecks, networkChecks} {
		maps.Copy(checks, family)
	}
	suite := hostileSuite(t)
	rows := crawltest.Hostile()
	passed, left := 0, []string{}
	for _, row := range rows {
		t.Run(row.ID, func(t *testing.T) {
			if testing.Short() && row.ID[0] != 'T' { // what is learned is what many goroutines share
				t.Skip("short")
			}
			if c := suite[row.ID]; c.criterion != "" {
				t.Logf("%s: %s\n\texpected: %s\n\tcriterion: %s", row.ID, c.behaviour, c.expected, c.criterion)
			}
			check := checks[row.ID]
			if check == nil {
				t.Fatal("no test")
			}
			faults := try(t, row, check)
			reason, excused := notYet[row.ID]
			switch {
			case excused && len(faults) == 0:
				t.Error("passes: take it off notYet")
			case excused:
				left = append(left, row.ID+": "+reason)
				t.Skipf("not yet: %s\n%s", reason, strings.Join(faults, "\n"))
			case len(faults) == 0:
				passed++
			default:
				left = append(left, row.ID+": "+faults[0])
				t.Error(strings.Join(faults, "\n"))
			}
		})
	}
	for id := range notYet {
		if _, known := checks[id]; !known {
			t.Errorf("notYet has %s, which is no row", id)
		}
	}
	t.Logf("hostile web: %d of %d rows pass", passed, len(rows))
	for _, l := range left {
		t.Log("  ", l)
	}
}

// A suiteRow is a line of the suite.
type suiteRow struct{ behaviour, expected, criterion string }

// hostileSuite reads what the rows are to show. Without the file the tests are the
// same.
func hostileSuite(t *testing.T) map[string]suiteRow {
	out := map[string]suiteRow{}
	t.Run("suite", func(t *testing.T) {
		f, err := os.Open(filepath.Join(shareddata.Dir(t), "suites", "hostile-web.tsv"))
		if err != nil {
			t.Skipf("the criteria are not here to be printed: %v", err)
		}
		defer f.Close()
		lines := bufio.NewScanner(f)
		for lines.Scan() {
			if f := strings.Split(lines.Text(), "\t"); len(f) == 6 {
				out[f[1]] = suiteRow{behaviour: f[2] + ": " + f[3], expected: f[4], criterion: f[5]}
			}
		}
	})
	return out
}

// A trial is one row with a crawler of its own: in memory and in fake time, but
// for rows that are about sockets.
type trial struct {
	*bed
	row    crawltest.Row
	enough func() bool // ends a crawl before its time; nil: nothing does
}

// try runs one row and tells what was wrong.
func try(t *testing.T, row crawltest.Row, check func(h *trial)) []string {
	j := &referee{}
	run := func(t *testing.T, web *crawltest.Web) {
		j.TB = t
		h := &trial{row: row, bed: &bed{t: j, web: web, sink: newSink(j)}}
		h.opt = Options{
			Dir: t.TempDir(), Shards: 3, CacheBytes: 1 << 20, Scope: Scope{Mode: "any"},
			Fetch: fetch.Options{Resolver: web, Dial: web.Dial, RootCAs: web.RootCAs()},
		}
		row.Install(web)
		defer h.close()
		defer j.forgive()
		check(h)
	}
	if row.Sockets {
		run(t, crawltest.New(t))
	} else {
		synctest.Test(t, func(t *testing.T) { run(t, crawltest.NewInMemory(t)) })
	}
	return j.faults
}

// A referee notes faults instead of failing the test.
type referee struct {
	testing.TB
	mu     sync.Mutex
	faults []string
}

type abandoned struct{}

func (j *referee) Errorf(format string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.faults) < 20 {
		_, file, line, _ := runtime.Caller(1)
		j.faults = append(j.faults, fmt.Sprintf("%s:%d: ", filepath.Base(file), line)+fmt.Sprintf(format, args...))
	}
}

func (j *referee) Error(args ...any) { j.Errorf("%s", fmt.Sprintln(args...)) }
func (j *referee) Fatal(args ...any) { j.Fatalf("%s", fmt.Sprintln(args...)) }
func (j *referee) Fatalf(format string, args ...any) {
	j.Errorf(format, args...)
	panic(abandoned{})
}

// forgive ends the way of a Fatalf.
func (j *referee) forgive() {
	if r := recover(); r != nil {
		if _, ours := r.(abandoned); !ours {
			panic(r)
		}
	}
}

// crawl opens the crawler, adds the row's seeds, or those given, and goes on until
// there is nothing left to do, at most for limit. It tells whether it came to that.
func (h *trial) crawl(limit time.Duration, seeds ...string) bool {
	h.t.Helper()
	if len(seeds) == 0 {
		seeds = h.row.Seeds
	}
	if h.c == nil {
		h.open()
	}
	if _, err := h.c.Add(h.t.Context(), seeds); err != nil {
		h.t.Fatal(err)
	}
	return h.goOn(limit)
}

// goOn crawls on.
func (h *trial) goOn(limit time.Duration) bool {
	h.t.Helper()
	stop := h.start()
	defer stop()
	end := time.Now().Add(limit)
	for step := 50 * time.Millisecond; ; step = min(step*11/10, 5*time.Second) {
		time.Sleep(step)
		if h.enough != nil && h.enough() {
			return true
		}
		st := h.c.Stats()
		if st.Queued == 0 && h.c.Idle() {
			return true
		}
		if !time.Now().Before(end) {
			return false
		}
		if st.InFlight == 0 && st.NextDue.After(time.Now().Add(step)) {
			time.Sleep(min(time.Until(st.NextDue), time.Until(end)))
		}
	}
}

// again crawls all that is known once more.
func (h *trial) again(limit time.Duration) {
	h.t.Helper()
	if h.c == nil {
		h.open()
	}
	if err := h.c.Recrawl(); err != nil {
		h.t.Fatal(err)
	}
	h.goOn(limit)
}

// later closes the crawl and lets time pass: pebble's own timers make open months
// long.
func (h *trial) later(d time.Duration) {
	h.close()
	time.Sleep(d)
}

// pages are the requests to a host that were for pages.
func (h *trial) pages(host string) []crawltest.Request {
	var out []crawltest.Request
	for _, q := range h.web.RequestsTo(host, "") {
		if p := q.Path(); p != "/robots.txt" && p != "/sitemap.xml" {
			out = append(out, q)
		}
	}
	return out
}

// wantHits checks how often an address was asked for.
func (h *trial) wantHits(host, target string, least, most int) {
	h.t.Helper()
	if n := h.web.Hits(host, target); n < least || n > most {
		h.t.Errorf("%s%s: %d requests, want %d to %d", host, target, n, least, most)
	}
}

// why is what became of an address.
func (h *trial) why(url string) Reason {
	h.t.Helper()
	r, err := h.c.Why(h.t.Context(), url)
	if err != nil {
		h.t.Fatal(err)
	}
	return r
}

// wantReason checks the state of an address, and that the reason holds a word.
func (h *trial) wantReason(url, state, word string) {
	h.t.Helper()
	r := h.why(url)
	if !r.Known || r.State.String() != state && state != "" || !strings.Contains(r.Reason, word) {
		h.t.Errorf("%s is %s %q (known: %v), want %s %q", url, r.State, r.Reason, r.Known, state, word)
	}
}

// doc is the document of an address in the index, or nil.
func (h *trial) doc(url string) *document.Document {
	h.sink.mu.Lock()
	defer h.sink.mu.Unlock()
	if d := h.sink.docs[url]; d != nil && !d.Deleted {
		return d
	}
	return nil
}

func (h *trial) wantDocs(want bool, urls ...string) {
	h.t.Helper()
	for _, u := range urls {
		if got := h.doc(u) != nil; got != want {
			r := h.why(u)
			h.t.Errorf("document of %s: %v, want %v (%s %q)", u, got, want, r.State, r.Reason)
		}
	}
}

// leastGap is the shortest time from the end of one request to the start of the
// next.
func leastGap(list []crawltest.Request) time.Duration {
	least := time.Duration(1<<63 - 1)
	for i := 1; i < len(list); i++ {
		least = min(least, list[i].Start.Sub(list[i-1].End))
	}
	return least
}

// wantAsked checks that exactly the addresses of Row.Want were asked for, and no
// canary.
func (h *trial) wantAsked() {
	h.t.Helper()
	got := map[string]int{}
	for _, q := range h.web.Requests() {
		if p := q.Path(); p != "/robots.txt" && p != "/sitemap.xml" {
			got[q.Host+q.Target]++
		}
	}
	for _, want := range h.row.Want {
		if got[want] != 1 {
			h.t.Errorf("%s: %d requests, want 1", want, got[want])
		}
		delete(got, want)
	}
	for _, extra := range slices.Sorted(maps.Keys(got)) {
		h.t.Errorf("%s was asked for", extra)
	}
	h.wantNoLeak()
}

// wantNoLeak checks that nothing was connected to that is not of the public web.
func (h *trial) wantNoLeak() {
	h.t.Helper()
	if n := h.web.Canary().Connections(); n != 0 {
		h.t.Errorf("%d connections to private addresses", n)
	}
	if list := h.web.Refused(); len(list) != 0 {
		h.t.Errorf("dialled %v", list)
	}
}
