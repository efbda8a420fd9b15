package crawl

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/trawlsearch/trawl/weburl"
)

// A Rule allows or denies addresses by their path. Its kinds are those of Elastic's
// Open Web Crawler:
//
//	begins    the path begins with Pattern, in which * stands for anything
//	ends      it ends so
//	contains  it holds it
//	regex     Pattern, RE2, matches from the beginning of the path on
type Rule struct {
	Allow   bool
	Kind    string
	Pattern string
	Host    string // "example.org", "example.org:8080"; empty: any
}

// rule is a Rule that can be asked.
type rule struct {
	Rule
	name string // why an address is refused
	re   *regexp.Regexp
}

func (r Rule) compile(number int) (rule, error) {
	text := strings.ReplaceAll(regexp.QuoteMeta(r.Pattern), `\*`, ".*")
	switch r.Kind {
	case "begins":
		text = "^" + text
	case "ends":
		text += "$"
	case "contains":
	case "regex":
		text = "^(?:" + r.Pattern + ")"
	default:
		return rule{}, fmt.Errorf("crawl: rule %d: kind %q: want begins, ends, contains or regex", number, r.Kind)
	}
	re, err := regexp.Compile("(?s)" + text)
	if err != nil {
		return rule{}, fmt.Errorf("crawl: rule %d: pattern %q: %w", number, r.Pattern, err)
	}
	return rule{r, fmt.Sprintf("scope-rule %d: deny %s %s", number, r.Kind, r.Pattern), re}, nil
}

// decide is the first rule that matches an address, or nil.
func decide(rules []rule, u weburl.URL) *rule {
	for i := range rules {
		r := &rules[i]
		if (r.Host == "" || strings.EqualFold(r.Host, u.Host())) && r.re.MatchString(u.Path()) {
			return r
		}
	}
	return nil
}
