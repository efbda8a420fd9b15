// Package section says where in a document's text its sections begin, in a form
// that is kept beside the text: a search then leads to the part of a page that
// answers it.
//
// # Format
//
// Text of UTF-8, a line of its own for the version and one for each section, in the
// order of the text:
//
//	§1
//	STEP LENGTH LEVEL ANCHOR          the heading stands in the text
//	STEP 0 LEVEL ANCHOR <TAB>HEADING  it does not
//
// STEP is how many bytes of the text lie between the end of the heading before (at
// first: the beginning) and this section, LENGTH how many of them from there on are
// its heading, LEVEL 1 to 6, and 0 for a page of a PDF or the like. ANCHOR is the
// fragment that leads to the section, not escaped; it may be empty. What stands
// above the first section belongs to none.
//
// Worked example: the text "Lead.\nUse\nOne." in which Use is an h2 with the id u
// gives the 13 bytes "§1\n6 3 2 u\n".
//
// # Limits
//
// MaxSections and MaxBytes of a text, MaxHeading and MaxAnchor bytes of one section.
// What exceeds them is left out, of headings cut.
package section

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of what is kept of one text, and of what Decode believes. Of 1,169 pages of
// the PostgreSQL manual the largest has 129 sections.
const (
	MaxSections = 1000
	MaxBytes    = 32 << 10
	MaxHeading  = 200 // bytes
	MaxAnchor   = 200
	maxLevel    = 6

	// maxGap is how far behind its heading the text of a section may begin: there
	// may be the sign of a permalink between them, or a heading of several lines.
	maxGap = 1024
)

const magic = "§1\n"

// A Section is what stands below one heading of a text, up to the next.
type Section struct {
	Level   int
	Heading string
	Anchor  string // empty: nothing leads to it
	Text    string // without the heading

	// Where Decode found it: the heading, if it is in the text, begins at Start; Text
	// is from Body to End, with the white space around it.
	Start, Body, End int
}

// Is tells whether a text was made by Encode.
func Is(text string) bool { return strings.HasPrefix(text, magic) }

// Encode notes where sections begin in a text. Their texts are looked for in it one
// behind the other; one that is not there is left out. It gives nothing where no
// section has an anchor: there is nowhere to lead to.
func Encode(text string, list []Section) string {
	out := []byte(magic)
	at, last, kept, anchored := 0, 0, 0, false // at: where the text is read; last: the end of the heading before
	seen := map[string]bool{}
	for i := range list {
		s := &list[i]
		if s.Heading == "" && s.Anchor == "" {
			at = end(text, at, s.Text)
			continue
		}
		start, length, next, ok := find(text, at, s)
		if !ok {
			continue
		}
		anchor := s.Anchor
		if !isAnchor(anchor) || seen[anchor] {
			anchor = ""
		}
		before := len(out)
		out = strconv.AppendInt(out, int64(start-last), 10)
		out = strconv.AppendInt(append(out, ' '), int64(length), 10)
		out = strconv.AppendInt(append(out, ' '), int64(min(max(s.Level, 0), maxLevel)), 10)
		out = append(append(out, ' '), anchor...)
		if length == 0 {
			out = append(append(out, '\t'), line(s.Heading)...)
		}
		out = append(out, '\n')
		if len(out) > MaxBytes {
			out = out[:before]
			break
		}
		seen[anchor], anchored = true, anchored || anchor != ""
		at, last = next, start+length
		if kept++; kept == MaxSections {
			break
		}
	}
	if !anchored {
		return ""
	}
	return string(out)
}

// find finds a section at or shortly behind a place of a text: where it begins, how
// long its heading there is, and where its text ends.
func find(text string, at int, s *Section) (start, length, next int, ok bool) {
	start = skip(text, at)
	body := start
	if s.Heading != "" && len(s.Heading) <= MaxHeading && strings.HasPrefix(text[start:], s.Heading) {
		length = len(s.Heading)
		body += length
	}
	if s.Text == "" {
		return start, length, body, true
	}
	i := strings.Index(text[body:min(len(text), body+maxGap+len(s.Text))], s.Text)
	if i < 0 || !starts(text, body+i) {
		return 0, 0, 0, false
	}
	if length == 0 {
		start = body + i
	}
	return start, length, body + i + len(s.Text), true
}

// end is where a piece that stands at a place of a text, or shortly behind it, ends.
func end(text string, at int, piece string) int {
	if i := strings.Index(text[at:min(len(text), at+maxGap+len(piece))], piece); i >= 0 {
		return at + i + len(piece)
	}
	return at
}

func skip(text string, at int) int {
	return len(text) - len(strings.TrimLeftFunc(text[at:], unicode.IsSpace))
}

// isAnchor tells whether a fragment can be kept: in one piece, on one line.
func isAnchor(s string) bool {
	return len(s) <= MaxAnchor && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

// line makes a heading one line of at most MaxHeading bytes.
func line(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "")), " ")
	if len(s) > MaxHeading {
		s = strings.ToValidUTF8(s[:MaxHeading], "")
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, s)
}

// Decode finds the sections of a text again. It cannot fail: of lines that are not
// what Encode makes, and sections beyond the end of the text, which may have been cut
// since, it takes none.
func Decode(encoded, text string) []Section {
	rest, ok := strings.CutPrefix(encoded, magic)
	if !ok || len(encoded) > MaxBytes {
		return nil
	}
	out := make([]Section, 0, min(strings.Count(rest, "\n"), MaxSections))
	last := 0
	for rest != "" && len(out) < MaxSections {
		var record string
		record, rest, ok = strings.Cut(rest, "\n")
		s, fits := decode(record, text, last)
		if !ok || !fits {
			break
		}
		if n := len(out); n > 0 {
			out[n-1].End = s.Start
		}
		out, last = append(out, s), s.Body
	}
	for i := range out {
		s := &out[i]
		s.Text = strings.TrimSpace(text[s.Body:s.End])
	}
	return out
}

func decode(record, text string, last int) (s Section, ok bool) {
	var numbers [3]int
	for i, limit := range []int{len(text) - last, MaxHeading, maxLevel} {
		field, rest, found := strings.Cut(record, " ")
		n, err := strconv.Atoi(field)
		if !found || err != nil || n < 0 || n > limit {
			return s, false
		}
		numbers[i], record = n, rest
	}
	s.Start, s.Level = last+numbers[0], numbers[2]
	s.Body, s.End = s.Start+numbers[1], len(text)
	if s.Body > len(text) || !starts(text, s.Start) || !starts(text, s.Body) {
		return s, false
	}
	s.Anchor, s.Heading, _ = strings.Cut(record, "\t")
	if numbers[1] > 0 {
		s.Heading = text[s.Start:s.Body]
	}
	return s, isAnchor(s.Anchor)
}

// starts tells whether a character begins at a place of a text, or it ends there.
func starts(text string, at int) bool { return at == len(text) || utf8.RuneStart(text[at]) }
