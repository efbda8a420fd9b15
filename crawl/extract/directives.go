package extract

import (
	"strings"
	"time"
)

// directives is what the author allows robots to do with a page. Of several
// that disagree, the most restrictive wins; index, follow and all lift nothing.
type directives struct {
	noIndex, noFollow, noArchive, noSnippet bool
	unavailableAfter                        time.Time
}

// maxDirectives bounds the pieces read of one header line or meta element.
const maxDirectives = 1000

// header reads one X-Robots-Tag line: directives parted by commas, where
// "name:" before one limits it and all that follow on the line to that robot.
func (d *directives) header(line, agent string) {
	pieces := strings.SplitN(line, ",", maxDirectives+1)
	pieces = pieces[:min(len(pieces), maxDirectives)]
	ours := true
	for i := 0; i < len(pieces); i++ {
		piece := strings.TrimSpace(pieces[i])
		name, value, valued := strings.Cut(piece, ":")
		name = strings.TrimSpace(name)
		if valued && !takesValue(name) {
			ours = strings.EqualFold(name, agent) || name == "*" || strings.EqualFold(name, "robots")
			piece = strings.TrimSpace(value)
			name, value, valued = strings.Cut(piece, ":")
			name = strings.TrimSpace(name)
		}
		if valued && strings.EqualFold(name, "unavailable_after") {
			next := ""
			if i+1 < len(pieces) {
				next = pieces[i+1]
			}
			t, both := parseUnavailable(value, next)
			if both {
				i++
			}
			if ours {
				d.expire(t)
			}
			continue
		}
		if ours {
			d.apply(piece)
		}
	}
}

// meta reads the content of <meta name=robots> or of our own name: directives
// parted by commas or spaces.
func (d *directives) meta(content string) {
	if i := strings.Index(strings.ToLower(content), "unavailable_after"); i >= 0 {
		_, date, _ := strings.Cut(content[i:], ":")
		date, rest, _ := strings.Cut(date, ",")
		t, both := parseUnavailable(date, rest)
		d.expire(t)
		if both {
			_, rest, _ = strings.Cut(rest, ",")
		}
		content = content[:i] + "," + rest
	}
	words := strings.FieldsFunc(content, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == '\n' || r == '\r' })
	for _, w := range words[:min(len(words), maxDirectives)] {
		d.apply(w)
	}
}

func (d *directives) apply(piece string) {
	name, value, _ := strings.Cut(strings.ToLower(piece), ":")
	switch strings.TrimSpace(name) {
	case "noindex":
		d.noIndex = true
	case "nofollow":
		d.noFollow = true
	case "none":
		d.noIndex, d.noFollow = true, true
	case "noarchive", "nocache":
		d.noArchive = true
	case "nosnippet":
		d.noSnippet = true
	case "max-snippet":
		d.noSnippet = d.noSnippet || strings.TrimSpace(value) == "0"
	}
}

func (d *directives) expire(t time.Time) {
	if !t.IsZero() && (d.unavailableAfter.IsZero() || t.Before(d.unavailableAfter)) {
		d.unavailableAfter = t
	}
}

// takesValue lists the directives that are written name:value, so that their
// name is not taken for a robot's.
func takesValue(name string) bool {
	switch strings.ToLower(name) {
	case "unavailable_after", "max-snippet", "max-image-preview", "max-video-preview":
		return true
	}
	return false
}

var unavailableFormats = []string{
	time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02 15:04:05 MST", "2006-01-02 15:04:05", "2006-01-02",
	time.RFC1123, time.RFC1123Z, time.RFC850, "02 Jan 2006 15:04:05 MST", "02 Jan 2006 15:04:05 -0700",
	"2 Jan 2006 15:04:05 MST", "2 Jan 2006 15:04:05 -0700", "02-Jan-2006 15:04:05 MST", "Monday, 02-Jan-06 15:04:05 MST",
	"Mon, 2 Jan 2006 15:04:05 MST", "2 Jan 2006",
}

// zoneHours are the zone names of RFC 822; time.Parse invents an offset of zero
// for a name it does not know.
var zoneHours = map[string]int{
	"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
	"CET": 1, "CEST": 2, "BST": 1,
}

// parseUnavailable reads a date that may hold one comma ("Sat, 25 Jun 2010"),
// and tells whether it took the piece after that comma too. Zero: not a date.
func parseUnavailable(first, second string) (t time.Time, both bool) {
	if t, ok := parseDate(first); ok {
		return t, false
	}
	date, _, _ := strings.Cut(second, ",")
	if t, ok := parseDate(first + "," + date); ok {
		return t, true
	}
	return time.Time{}, false
}

func parseDate(s string) (time.Time, bool) {
	s = strings.TrimSpace(s)
	for _, f := range unavailableFormats {
		t, err := time.Parse(f, s)
		if err != nil {
			continue
		}
		if zone, offset := t.Zone(); offset == 0 {
			if h, ok := zoneHours[zone]; ok {
				t = time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.FixedZone(zone, h*3600))
			}
		}
		return t.UTC(), true
	}
	return time.Time{}, false
}
