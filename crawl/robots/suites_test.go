package robots

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

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
				if !c.holds(why) {
					t.Errorf("%s: %s is not the reason\n%.500s", c.name(), why, c.Robots)
				}
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

// TestGoogleHelpers runs the cases of the functions beneath Google's parser.
func TestGoogleHelpers(t *testing.T) {
	excused := map[string]string{
		"//a/b/c": "the target of http://host//a/b/c is that path; Google takes such a text for an address without scheme, of host a",
	}
	passed, total := 0, 0
	readSuite(t, "robots-google-cpp", "helpers.jsonl", func(c *suiteCase) {
		total++
		var got any
		switch c.Fn {
		case "GetPathParamsQuery":
			got = pathOf(c.Input)
		case "MaybeEscapePattern":
			got = string(appendNormal(nil, c.Input, true))
		case "IsValidUserAgentToObey":
			got = ValidAgent(c.Input)
		default:
			t.Fatalf("unknown helper %s", c.Fn)
		}
		var want any
		if err := json.Unmarshal(c.Expected, &want); err != nil {
			t.Fatal(err)
		}
		if got == want {
			passed++
		} else if excused[c.Input] == "" {
			t.Errorf("%s(%q) is %v, want %v", c.Fn, c.Input, got, want)
		}
	})
	t.Logf("helpers: %d/%d", passed, total)
}

// Why a case of crawler-commons or protego, whose authors chose otherwise where
// the RFC is silent or speaks against them, may fail.
const (
	whyToken   = "the agent is no product token (RFC 9309, 2.2.1): letters, - and _ only"
	whyMany    = "several agents asked for at once"
	whyRaw     = "the target is not in normal form; Google's tests forbid to encode it"
	whyRobots  = "/robots.txt may be disallowed in Google's spec test"
	whyLetters = "%62 is not decoded to b: Google's tests forbid it"
	whyDollar  = "$ at the end of a pattern is special, also where the path has one"
	whyPrefix  = "an agent must equal the token, not contain or begin with it"
	whyGroup   = "records we do not know do not end a group (RFC 9309, 2.2.4)"
	whyOne     = "a User-agent line names one agent"
	whyStar    = "only a lone * is a wildcard agent, and there is none within a name"
	whySlash   = "a pattern that begins with neither / nor * matches no path"
	whyTypo    = "Desallow and Useg-agent are slips that Google's parser does not forgive either"
	whyWhole   = "a whole User-Agent, or words, are no product token (RFC 9309, 2.2.1)"
	whyPolicy  = "that a long Crawl-delay means do not crawl is the crawler's choice"
)

// holds tells whether a reason of a kind is the whole reason: without what it
// names, the case must pass.
func (c *suiteCase) holds(why string) bool {
	passes := func(body, agent, target string) bool {
		allowed, _, _ := Parse([]byte(body)).Match(agent, target)
		return allowed == c.Allowed
	}
	body := string(c.Robots)
	named := agentLine.ReplaceAllStringFunc(body, func(line string) string {
		m := agentLine.FindStringSubmatch(line)
		return m[1] + token(m[2])
	})
	switch why {
	case whyToken: // with letters for what a token has not
		return passes(named, token(c.Agent), c.URL)
	case whyRaw: // with the target as a crawler writes it
		u, err := url.Parse(c.URL)
		return err == nil && passes(body, c.Agent, u.String())
	case whyMany: // for one of the agents
		return slices.ContainsFunc(c.Agents, func(agent string) bool { return passes(named, token(agent), c.URL) })
	}
	return true
}

// agentLine is a line that names agents, with the slips that parsers forgive.
var agentLine = regexp.MustCompile(`(?i)((?:^|[\r\n])[ \t]*use[rg]?[- ]?agent[ \t]*:?[ \t]*)([^\r\n]*)`)

// token is a name with a letter in the place of what product tokens do not have.
func token(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '.' || r == '!' || '0' <= r && r <= '9' || r >= 0x80 && r != utf8.RuneError {
			return 'a' + r%26
		}
		return r
	}, strings.ToLower(name))
}

// excuses lists such cases by "test agent url", or else excuses them by their
// kind, which is then proved (see holds).
func excuses(t *testing.T, named map[string]string) func(c *suiteCase) string {
	used := map[string]bool{}
	t.Cleanup(func() {
		for name := range named {
			if !used[name] {
				t.Errorf("%q needs no excuse", name)
			}
		}
	})
	return func(c *suiteCase) string {
		u, err := url.Parse(c.URL)
		switch {
		case named[c.name()] != "":
			used[c.name()] = true
			return named[c.name()]
		case len(c.Agents) > 1:
			return whyMany
		case c.Agent != "*" && !ValidAgent(product(c.Agent)):
			return whyToken
		case strings.IndexFunc(c.URL, func(r rune) bool { return r >= 0x80 }) >= 0:
			return whyRaw
		case err == nil && u.Path == "/robots.txt":
			return whyRobots
		}
		return ""
	}
}

func TestCrawlerCommons(t *testing.T) {
	runVerdicts(t, "robots-crawler-commons", excuses(t, map[string]string{
		"GoogleRobotsTxtTest.ID_Encoding foobot http://foo.bar/foo/bar/baz":                              whyLetters,
		"SimpleRobotRulesParserTest.testEscapedPaths mybot https://www.example.com/foo/bar/baz":          whyLetters,
		"SimpleRobotRulesParserTest.testSpacesInMultipleUserAgentNames two http://www.fict.com/fish":     whyOne,
		"SimpleRobotRulesParserTest.testSpacesInMultipleUserAgentNames three http://www.fict.com/fish":   whyOne,
		"SimpleRobotRulesParserTest.testHtmlMarkupInRobotsTxt bogusbot http://www.domain.com/index.html": whyStar,
		"SimpleRobotRulesParserTest.testBigCrawlDelay bixo http://www.domain.com/":                       whyPolicy,
		"GoogleRobotsTxtTest.GoogleOnly_AcceptUserAgentUpToFirstSpace foo bar http://foo.bar/x/y":        whyWhole,
		"SimpleRobotRulesParserTest.testMultiAgentNames crawler2 http://www.domain.com/index.html":       whyOne,
		"SimpleRobotRulesParserTest.testNutchCases2 agent3 http://www.domain.com/d":                      whyOne,
		"SimpleRobotRulesParserTest.testNutchCases2 agent3 http://www.domain.com/d/a":                    whyOne,
		"SimpleRobotRulesParserTest.testNutchCases2 agent3 http://www.domain.com/e/d/foo.html":           whyOne,
		"SimpleRobotRulesParserTest.testNutchCases2 agent3 http://www.domain.com/foo/bar/baz.html":       whyOne,
		"SimpleRobotRulesParserTest.testMatchingUserAgentNamesHttpHeader butterfly http://example.org/":  whyWhole,
		"SimpleRobotRulesParserTest.testDirectiveTypos bot1 http://domain.com/desallow/":                 whyTypo,
		"SimpleRobotRulesParserTest.testDirectiveTypos bot3 http://domain.com/useg-agent/":               whyTypo,
	}))
}

func TestProtego(t *testing.T) {
	runVerdicts(t, "robots-protego", excuses(t, map[string]string{
		" Mozilla/5.0 (compatible; Львів-bot/1.1) /totalitarianism/foo.htm": whyWhole,
		" agent /foo":                                            whyGroup,
		" agent /foobar":                                         whyGroup,
		" agent /content/2":                                      whyGroup,
		" harry potter http://foo.bar/horcrux":                   whyWhole,
		" foo*bot http://foo.bar/myprofile":                      whyStar,
		" foobot http://foo.bar/myprofile":                       whyStar,
		" FooBot http://foo.bar/foo/bar/baz":                     whyLetters,
		" FooBot http://foo.bar/x/abc$":                          whyDollar,
		" FooBot http://foo.bar/x/abc%24":                        whyDollar,
		" FooBot http://foo.bar/http://ms-web00.walkerplus.com/": whySlash,
		" hedwig-news2 /group1":                                  whyPrefix,
		" hedwig-new /group2":                                    whyPrefix,
		" hedwig-new /group3":                                    whyPrefix,
		" hedwig-images /group2":                                 whyPrefix,
		" hedwig-images /group3":                                 whyPrefix,
	}))
}

// TestCrawlerCommonsParse compares Crawl-delay and Sitemap lines.
func TestCrawlerCommonsParse(t *testing.T) {
	excused := map[string]string{
		"SimpleRobotRulesParserTest.testHtmlMarkupInRobotsTxt": whyStar,
		"SimpleRobotRulesParserTest.testBigCrawlDelay":         "we tell the delay of an hour; they forbid the site instead",
	}
	passed, total := 0, 0
	readSuite(t, "robots-crawler-commons", "parse.jsonl", func(c *suiteCase) {
		total++
		rules := Parse(c.Robots)
		why := ""
		if delay, ok := rules.Delay(c.Agents[0]); ok != (c.CrawlDelayM != nil) || ok && float64(delay.Milliseconds()) != *c.CrawlDelayM {
			why = fmt.Sprintf("delay %v %v", delay, ok)
		}
		if got := resolve(c.RobotsURL, rules.Sitemaps()); !slices.Equal(got, c.Sitemaps) {
			why += fmt.Sprintf(" sitemaps %q, want %q", got, c.Sitemaps)
		}
		if why == "" {
			passed++
			return
		}
		if len(c.Agents) > 1 || !ValidAgent(product(c.Agents[0])) || excused[c.Test] != "" {
			return
		}
		t.Errorf("%s %v: %s\n%.1500s", c.Test, c.Agents, why, c.Robots)
	})
	t.Logf("robots-crawler-commons, delays and sitemaps: %d/%d", passed, total)
}

// resolve makes absolute addresses, as crawler-commons does.
func resolve(base string, refs []string) []string {
	out := []string{}
	b, err := url.Parse(base)
	if err != nil {
		return refs
	}
	for _, ref := range refs {
		if u, err := b.Parse(ref); err == nil {
			out = append(out, u.String())
		}
	}
	return out
}

func TestProtegoDelay(t *testing.T) {
	passed, total := 0, 0
	readSuite(t, "robots-protego", "crawl_delay.jsonl", func(c *suiteCase) {
		total++
		delay, ok := Parse(c.Robots).Delay(c.Agent)
		if ok == (c.CrawlDelay != nil) && (!ok || delay.Seconds() == *c.CrawlDelay) {
			passed++
			return
		}
		t.Errorf("%s: %v %v\n%s", c.Agent, delay, ok, c.Robots)
	})
	t.Logf("protego delays: %d/%d", passed, total)
}

// TestReal holds us to Google's parser on 3,844 files of the web; we may differ
// in what is listed.
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
		if realExcused[c.URL] == "" {
			t.Errorf("%s %s: %v by line %d (%s)", c.Agent, c.URL, allowed, line, rule)
		}
	})
	t.Logf("robots-real: %d/%d over %d files", passed, total, len(rules))
	if total-passed > 5 {
		t.Errorf("%d differences from Google, want 5", total-passed)
	}
}

// realExcused lists the addresses over which we differ from Google.
var realExcused = map[string]string{
	"https://docs.oracle.com/html/E35651_01/":                       "the rule stands after byte 512,000 of 852,930",
	"https://docs.oracle.com/html/E35651_01//y.html":                "the same",
	"https://www.cengage.com/faculty/facets/cengage%3ainstitution/": "%3a is %3A (RFC 3986, 6.2.2.1); the open parser compares bytes",
	"https://www.indeed.co.uk/foo/bar%e5%a4%a7%e7%94%b0%e5%8c%ba":   "the same",
}
