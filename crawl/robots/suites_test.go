package robots

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/trawlsearch/trawl/internal/shareddata"
)

// suiteCase is a line of any of the suites; a file has only some of the fields.
type suiteCase struct {
	Test        string
	Robots      []byte `json:"robots_b64"`
	RobotsURL   string `json:"robots_url"`
	Host        string
	Agent       string
	Agents      []string
	URL         string
	Allowed     bool
	CrawlDelay  *float64 `json:"crawl_delay"`
	CrawlDelayM *float64 `json:"crawl_delay_ms"`
	Sitemaps    []string

	Fn       string
	Input    string
	Expected json.RawMessage
}

func readSuite(t testing.TB, suite, name string, fn func(c *suiteCase)) {
	dir := shareddata.Untar(t, "suites/"+suite+".tar.xz")
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		if f, err = os.Open(filepath.Join(dir, suite, name)); err != nil {
			t.Fatal(err)
		}
	}
	defer f.Close()
	in := bufio.NewScanner(f)
	in.Buffer(nil, 16<<20)
	for in.Scan() {
		var c suiteCase
		if err := json.Unmarshal(in.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		fn(&c)
	}
	if err := in.Err(); err != nil {
		t.Fatal(err)
	}
}

// name tells a case from the others of its suite.
func (c *suiteCase) name() string { return fmt.Sprintf("%s %s %s", c.Test, c.Agent, c.URL) }

// runVerdicts runs cases.jsonl of a suite. A case may fail only with a reason,
// and a reason must be needed.
func runVerdicts(t *testing.T, suite string, excuse func(c *suiteCase) string) {
	passed, total := 0, 0
	reasons := map[string]int{}
	readSuite(t, suite, "cases.jsonl", func(c *suiteCase) {
		total++
		if len(c.Agents) > 0 {
			c.Agent = c.Agents[0]
		}
		allowed, line, rule := Parse(c.Robots).Match(c.Agent, c.URL)
		if allowed == c.Allowed {
			passed++
			return
		}
		if excuse != nil {
			if why := excuse(c); why != "" {
				reasons[why]++
				return
			}
		}
		t.Errorf("%s: %v by line %d (%s), want %v\n%.2000s", c.name(), allowed, line, rule, c.Allowed, c.Robots)
	})
	for why, n := range reasons {
		t.Logf("%s: %d excused: %s", suite, n, why)
	}
	t.Logf("%s: %d/%d", suite, passed, total)
}

func TestGoogleCPP(t *testing.T)      { runVerdicts(t, "robots-google-cpp", nil) }
func TestGoogleSpecTest(t *testing.T) { runVerdicts(t, "robots-google-spectest", nil) }
func TestCrawlerCommons(t *testing.T) { runVerdicts(t, "robots-crawler-commons", nil) }
func TestProtego(t *testing.T)        { runVerdicts(t, "robots-protego", nil) }

// TestReal holds us to Google's parser on 3,844 files of the web.
func TestReal(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: 71,469 verdicts take a second")
	}
	rules := map[string]*Rules{}
	readSuite(t, "robots-real", "robots.jsonl", func(c *suiteCase) { rules[c.Host] = Parse(c.Robots) })
	passed, total := 0, 0
	readSuite(t, "robots-real", "cases.jsonl", func(c *suiteCase) {
		total++
		allowed, line, rule := rules[c.Host].Match(c.Agent, c.URL)
		if allowed == c.Allowed {
			passed++
			return
		}
		t.Errorf("%s %s %s: %v by line %d (%s)", c.Host, c.Agent, c.URL, allowed, line, rule)
	})
	t.Logf("robots-real: %d/%d over %d files", passed, total, len(rules))
}
