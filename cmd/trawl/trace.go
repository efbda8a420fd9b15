package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/trawlsearch/trawl/crawl"
	"github.com/trawlsearch/trawl/crawl/fetch"
)

// How much of a page is shown to people; --json has all of it.
const (
	shownText  = 500 // characters
	shownLinks = 10
	shownHeads = 20
)

// A report writes lines of a name and a value. The first error stays.
type report struct {
	w   io.Writer
	err error
}

// line writes one line; one without a value is left out.
func (r *report) line(name, format string, args ...any) {
	text := strings.TrimSpace(fmt.Sprintf(format, args...))
	if r.err != nil || text == "" {
		return
	}
	_, r.err = fmt.Fprintf(r.w, "%-12s %s\n", name, text)
}

func (r *report) blank() {
	if r.err == nil {
		_, r.err = io.WriteString(r.w, "\n")
	}
}

// printTrace tells people what the crawler makes of one address.
func printTrace(w io.Writer, t *crawl.Trace) error {
	r := &report{w: w}
	r.line("address", "%s", t.URL)
	r.line("scope", "%s", orElse(t.Scope, "within"))
	for i, s := range t.Hops {
		r.blank()
		r.hop(i, s)
	}
	if t.Page != nil {
		r.blank()
		r.page(t.Page)
	}
	if t.Error != "" {
		r.blank()
		r.line("NOT CRAWLED", "%s", t.Error)
	}
	return r.err
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// hop writes what robots.txt and the server say of one address on the way.
func (r *report) hop(i int, s crawl.Step) {
	name := "fetch"
	if i > 0 {
		name = fmt.Sprintf("redirect %d", i)
	}
	r.line(name, "%s", s.URL)
	r.line("robots", "%s", robotsVerdict(s))
	if s.CrawlDelay != "" {
		r.line("", "asks for %s between two requests", s.CrawlDelay)
	}
	if s.Status == 0 {
		return
	}
	r.line("status", "%d (%s, %d bytes in %s from %s)", s.Status, s.Proto, s.WireBytes, s.Took, s.Address)
	r.line("", "%s", truncation(s.Truncated))
	for _, h := range []string{"Content-Type", "Last-Modified", "Etag", "X-Robots-Tag", "Link"} {
		if v := s.Header.Values(h); len(v) > 0 {
			r.line("", "%s: %s", h, strings.Join(v, ", "))
		}
	}
	r.line("location", "%s", s.Location)
}

func truncation(why string) string {
	if why == "" {
		return ""
	}
	return "cut: " + why
}

// robotsVerdict tells what robots.txt says, and by which line.
func robotsVerdict(s crawl.Step) string {
	verdict := "allowed"
	if !s.Allowed {
		verdict = "forbidden"
	}
	switch {
	case s.RobotsLine > 0:
		return fmt.Sprintf("%s by line %d of robots.txt: %s", verdict, s.RobotsLine, s.RobotsRule)
	case s.RobotsTrouble == string(fetch.ClassPrivateAddress):
		return verdict + ": the address is private; --allow-private lets the crawler connect to it"
	case s.RobotsTrouble != "":
		return fmt.Sprintf("%s: robots.txt was not reached (%s)", verdict, s.RobotsTrouble)
	case s.RobotsStatus == 200:
		return verdict + ": no line of robots.txt speaks of it"
	}
	return fmt.Sprintf("%s: robots.txt answers %d", verdict, s.RobotsStatus)
}

// page writes what was extracted.
func (r *report) page(p *crawl.Read) {
	r.line("type", "%s", p.MediaType)
	if !p.Readable {
		r.line("", "no type that is read: nothing of it is indexed")
	}
	r.line("charset", "%s", p.Charset)
	r.line("language", "%s", orElse(p.Lang, "not told"))
	r.line("title", "%s", orElse(p.Title, "none"))
	r.line("description", "%s", p.Description)
	r.line("canonical", "%s", p.Canonical)
	r.line("refresh", "%s", p.Refresh)
	r.line("meta robots", "%s", metaVerdict(p))
	if p.NeedsJS {
		r.line("", "the page seems to need JavaScript, which is not run: there may be more text than is seen here")
	}
	for i, h := range p.Headings[:min(shownHeads, len(p.Headings))] {
		r.line([]string{"headings", ""}[min(i, 1)], "%s", h)
	}
	r.more(len(p.Headings)-shownHeads, "headings")
	r.line("text", "%d characters", utf8.RuneCountInString(p.Body))
	text := []rune(p.Body)
	for _, para := range strings.Split(string(text[:min(shownText, len(text))]), "\n") {
		r.line("", "%s", para)
	}
	r.more(len(text)-shownText, "characters")
	r.links(p.Links)
}

// more tells that a list was cut.
func (r *report) more(n int, what string) {
	if n > 0 {
		r.line("", "... and %d %s more; --json has them all", n, what)
	}
}

func metaVerdict(p *crawl.Read) string {
	var words []string
	if p.NoIndex {
		words = append(words, "noindex: the page is not indexed")
	}
	if p.NoFollow {
		words = append(words, "nofollow: its links are not followed")
	}
	if len(words) == 0 {
		return "may be indexed, links may be followed"
	}
	return strings.Join(words, "; ")
}

func (r *report) links(links []crawl.Judged) {
	followed := 0
	for _, l := range links {
		if l.Refused == "" {
			followed++
		}
	}
	r.line("links", "%d, of which %d would be followed", len(links), followed)
	// Those that are followed first: they are why one looks.
	sorted := slices.Clone(links)
	slices.SortStableFunc(sorted, func(a, b crawl.Judged) int { return rankLink(a) - rankLink(b) })
	for _, l := range sorted[:min(shownLinks, len(sorted))] {
		if l.Refused != "" {
			r.line("", "%s (not followed: %s)", l.URL, l.Refused)
			continue
		}
		r.line("", "%s", l.URL)
	}
	r.more(len(sorted)-shownLinks, "links")
}

func rankLink(l crawl.Judged) int {
	if l.Refused == "" {
		return 0
	}
	return 1
}
