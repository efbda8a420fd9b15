package convert

import (
	"fmt"
	"strings"
	"unicode"
)

const (
	maxFrontLines = 200
	maxQuotes     = 100 // levels of block quotes and lists on one line
)

// readMarkdown reads CommonMark with GitHub's tables, line by line. No tree is
// built: goldmark, which does, takes 4 s for 100 KB of "_a*" and its time grows
// with the square. Over real files the headings and links are the same (see
// the tests); what is lost is structure that text does not need, such as how
// lists nest.
func readMarkdown(b *builder, text string) {
	m := &markdown{b: b, slugs: map[string]int{}, refs: map[string]string{}}
	text = m.frontMatter(text)
	m.definitions(text)
	for line := range lines(text) {
		if b.full() {
			break
		}
		m.line(line)
	}
	m.paragraph()
}

type markdown struct {
	b       *builder
	para    []string // lines of the paragraph that is open
	bullet  string   // what stands before it
	list    bool     // indented lines belong to an item and are no code
	fence   string   // what closes the code block that is open, or empty
	table   bool     // rows go on
	comment bool     // <!-- is open
	skip    string   // the element whose text is dropped: script or style
	slugs   map[string]int
	refs    map[string]string // link reference definitions
}

// line reads one line of a block.
func (m *markdown) line(line string) {
	if m.fence != "" {
		if closesFence(line, m.fence) {
			m.fence = ""
		} else {
			m.b.paragraph(line)
		}
		return
	}
	if m.hidden(line) {
		return
	}
	rest, item := m.containers(line)
	indent := len(rest) - len(strings.TrimLeft(rest, " "))
	trimmed := strings.TrimSpace(rest)
	switch {
	case trimmed == "":
		m.paragraph()
	case indent >= 4 && len(m.para) == 0 && !item && !m.list:
		m.b.paragraph(trimmed) // code
	case m.openFence(trimmed):
	case m.atx(trimmed):
	case m.setext(trimmed):
	case isThematicBreak(trimmed), isDefinition(trimmed) && len(m.para) == 0:
		m.paragraph()
	case m.row(trimmed):
	default:
		m.table = false
		m.para = append(m.para, rest)
	}
}

// containers takes the marks of block quotes and list items off a line.
func (m *markdown) containers(line string) (rest string, item bool) {
	rest = strings.ReplaceAll(line, "\t", "    ")
	for range maxQuotes {
		trimmed := strings.TrimLeft(rest, " ")
		switch indent := len(rest) - len(trimmed); {
		case indent == 0 && trimmed != "" && listMark(trimmed) == 0 && !item:
			m.list = false
		case indent >= 4 && !item && !m.list:
			return rest, item
		}
		if after, ok := strings.CutPrefix(trimmed, ">"); ok {
			rest = strings.TrimPrefix(after, " ")
			continue
		}
		n := listMark(trimmed)
		if n == 0 || isThematicBreak(trimmed) {
			return rest, item
		}
		m.paragraph()
		m.bullet, m.list, item = "• ", true, true
		rest = strings.TrimLeft(trimmed[n:], " ")
		for _, box := range []string{"[ ] ", "[x] ", "[X] "} {
			rest = strings.TrimPrefix(rest, box)
		}
	}
	return rest, item
}

// listMark is the length of a bullet or number with the space after it, or 0.
func listMark(s string) int {
	i := 0
	for i < len(s) && i < 9 && '0' <= s[i] && s[i] <= '9' {
		i++
	}
	switch {
	case i == len(s):
		return 0
	case i > 0 && (s[i] == '.' || s[i] == ')'), i == 0 && strings.IndexByte("-*+", s[i]) >= 0:
		if i+1 < len(s) && s[i+1] == ' ' {
			return i + 2
		}
	}
	return 0
}

// hidden drops comments and the text of scripts and styles.
func (m *markdown) hidden(line string) bool {
	if m.comment {
		m.comment = !strings.Contains(line, "-->")
		return true
	}
	lower := strings.ToLower(strings.TrimSpace(line))
	if m.skip != "" {
		if strings.Contains(lower, "</"+m.skip) {
			m.skip = ""
		}
		return true
	}
	if strings.HasPrefix(lower, "<!--") {
		m.comment = !strings.Contains(lower, "-->")
		return m.comment || strings.HasSuffix(lower, "-->")
	}
	for _, tag := range []string{"script", "style"} {
		if strings.HasPrefix(lower, "<"+tag) {
			if !strings.Contains(lower, "</"+tag) {
				m.skip = tag
			}
			return true
		}
	}
	return false
}

func (m *markdown) openFence(s string) bool {
	for _, c := range []string{"`", "~"} {
		n := len(s) - len(strings.TrimLeft(s, c))
		if n >= 3 && (c == "~" || !strings.Contains(s[n:], "`")) {
			m.paragraph()
			m.fence = s[:n]
			return true
		}
	}
	return false
}

func closesFence(line, fence string) bool {
	s := strings.TrimSpace(strings.TrimLeft(line, "> "))
	return len(s) >= len(fence) && strings.Trim(s, fence[:1]) == ""
}

// atx reads a heading with number signs.
func (m *markdown) atx(s string) bool {
	level := len(s) - len(strings.TrimLeft(s, "#"))
	if level == 0 || level > 6 || len(s) > level && s[level] != ' ' {
		return false
	}
	text := strings.TrimSpace(s[level:])
	if closed := strings.TrimRight(text, "#"); closed == "" || strings.HasSuffix(closed, " ") {
		text = closed
	}
	m.paragraph()
	m.heading(level, text)
	return true
}

// setext makes a heading of the open paragraph that a line is drawn under.
func (m *markdown) setext(s string) bool {
	level := 0
	switch {
	case len(m.para) == 0 || m.bullet != "":
	case strings.Trim(s, "=") == "":
		level = 1
	case strings.Trim(s, "-") == "":
		level = 2
	}
	if level == 0 {
		return false
	}
	text := strings.Join(m.para, " ")
	m.para = nil
	m.heading(level, text)
	return true
}

func (m *markdown) heading(level int, raw string) {
	raw = strings.TrimSpace(raw)
	anchor := ""
	if i := strings.LastIndex(raw, "{#"); i > 0 && strings.HasSuffix(raw, "}") {
		anchor, _, _ = strings.Cut(raw[i+2:len(raw)-1], " ")
		raw = raw[:i]
	}
	text := strings.TrimSpace(m.inline(raw))
	if text == "" {
		return
	}
	if anchor == "" {
		anchor = m.slug(text)
	}
	m.bullet, m.table = "", false
	m.b.section(level, text, truncate(anchor, maxHeadingBytes))
}

// slug is the anchor that GitHub gives a heading: lower case, without
// punctuation, spaces as hyphens, repetitions numbered.
func (m *markdown) slug(text string) string {
	s := strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r):
			return unicode.ToLower(r)
		}
		return -1
	}, text)
	n, seen := m.slugs[s]
	m.slugs[s] = n + 1
	if seen {
		return fmt.Sprintf("%s-%d", s, n)
	}
	return s
}

func isThematicBreak(s string) bool {
	s = strings.ReplaceAll(s, " ", "")
	return len(s) >= 3 && strings.IndexByte("-*_", s[0]) >= 0 && strings.Trim(s, s[:1]) == ""
}

// row reads a row of a table: a line that begins with a bar, or whose next line
// is known to be dashes and bars.
func (m *markdown) row(s string) bool {
	isDashes := strings.Contains(s, "-") && strings.Contains(s, "|") && strings.Trim(s, "|:- ") == ""
	switch {
	case isDashes && len(m.para) == 1 && m.bullet == "":
		head := m.para[0]
		m.para = nil
		m.b.row(m.cells(head))
		m.table = true
		return true
	case isDashes:
		return true
	case m.table && strings.Contains(s, "|"), len(m.para) == 0 && strings.HasPrefix(s, "|"):
		m.b.row(m.cells(s))
		return true
	}
	return false
}

// cells divides a row at the bars that are not escaped.
func (m *markdown) cells(s string) []string {
	s = strings.TrimSpace(s)
	s = strings.TrimPrefix(s, "|")
	var out []string
	from := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '|':
			out = append(out, m.inline(s[from:i]))
			from = i + 1
		}
	}
	return append(out, m.inline(s[from:]))
}

func (m *markdown) paragraph() {
	if len(m.para) > 0 {
		m.b.paragraph(m.bullet + m.inline(strings.Join(m.para, "\n")))
		m.para = nil
	}
	m.bullet, m.table = "", false
}

// definitions collects [label]: address, which may stand after its use.
func (m *markdown) definitions(text string) {
	for line := range lines(text) {
		if line = strings.TrimSpace(line); isDefinition(line) {
			label, rest, _ := strings.Cut(line[1:], "]:")
			if f := strings.Fields(rest); len(f) > 0 && len(m.refs) < maxSections {
				href := strings.Trim(f[0], "<>")
				m.refs[strings.ToLower(label)] = href
			}
		}
	}
}

func isDefinition(s string) bool {
	i := strings.Index(s, "]:")
	return strings.HasPrefix(s, "[") && !strings.HasPrefix(s, "[^") && i > 1 && len(s) > i+2 && strings.IndexByte(s[1:i], '[') < 0
}

// frontMatter reads the fields that site generators agree on and returns what
// comes after them. It is no YAML: one line a field.
func (m *markdown) frontMatter(text string) string {
	mark, n, end := "", 0, -1
	rest := text
	fields := map[string]string{}
	for rest != "" && n < maxFrontLines && end < 0 {
		line, after, _ := strings.Cut(rest, "\n")
		rest, line = after, strings.TrimSpace(line)
		switch {
		case n == 0 && line != "---" && line != "+++":
			return text
		case n == 0:
			mark = line
		case line == mark || mark == "---" && line == "...":
			end = n
		default:
			sep := strings.IndexAny(line, ":=")
			if sep > 0 {
				fields[strings.ToLower(strings.TrimSpace(line[:sep]))] = strings.Trim(strings.TrimSpace(line[sep+1:]), `"'`)
			}
		}
		n++
	}
	if end < 0 {
		return text
	}
	d := m.b.doc
	d.Title, d.Author, d.Lang = fields["title"], fields["author"], fields["lang"]
	if d.Description = fields["description"]; d.Description == "" {
		d.Description = fields["summary"]
	}
	d.Published, d.Modified = parseDate(fields["date"]), parseDate(fields["lastmod"])
	return rest
}
