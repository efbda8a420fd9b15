package extract

import "strings"

const maxSections = 1000

// A Section is what stands below one heading of the main text, up to the next.
// What stands above the first is a section without heading.
type Section struct {
	Level   int // 1 to 6; 0: no heading
	Heading string
	Anchor  string // the fragment that leads to the heading, or empty
	Text    string // a part of Page.Body, without the heading
}

// writer puts the runs of one kind of text together.
type writer struct {
	strings.Builder
	last int // run written last
}

func (w *writer) run(o *outline, i int) {
	r := &o.runs[i]
	if w.Len() > 0 {
		if r.sep != '\n' && w.last == i-1 {
			w.WriteByte(r.sep)
		} else {
			w.WriteByte('\n')
		}
	}
	w.Write(o.text[r.start:r.end])
	w.last = i
}

// texts joins the runs of each kind, and cuts the main text into sections.
func (o *outline) texts(p *Page, kinds []runKind) {
	var body, rest, hidden, unquoted, out writer
	cut := sectioner{o: o}
	for i := range o.runs {
		switch kinds[i] {
		case mainText, headline:
			isHeading := cut.at(i, body.Len())
			if kinds[i] == mainText {
				body.run(o, i)
			}
			if isHeading {
				cut.begin(body.Len())
			}
		case boilerplate:
			rest.run(o, i)
		case hiddenText:
			hidden.run(o, i)
		case unquotable:
			unquoted.run(o, i)
		case excluded:
			out.run(o, i)
		}
	}
	p.Body, p.Boilerplate, p.Hidden, p.NoSnippetText, p.Excluded = body.String(), rest.String(), hidden.String(), unquoted.String(), out.String()
	p.Sections = cut.sections(p.Body)
}

// A sectioner notes where in the main text sections begin and end.
type sectioner struct {
	o      *outline
	head   int  // next of o.heads
	open   bool // the run before belongs to the heading of the last section
	list   []Section
	bounds [][2]int // of their texts
}

// at tells whether run i belongs to a heading, and ends the last section where
// it is the first run of one.
func (c *sectioner) at(i, end int) bool {
	r := &c.o.runs[i]
	for c.head < len(c.o.heads) && c.o.heads[c.head].end <= r.start {
		c.head++
		c.open = false
	}
	if c.head == len(c.o.heads) || r.start < c.o.heads[c.head].start {
		c.open = false
		return false
	}
	if c.open || len(c.list) >= maxSections || r.start != c.o.heads[c.head].start {
		return c.open
	}
	h := &c.o.heads[c.head]
	text := c.o.headingText(h)
	if text == "" {
		return false
	}
	if len(c.list) == 0 && end > 0 {
		c.list, c.bounds = append(c.list, Section{}), append(c.bounds, [2]int{0, end})
	}
	if n := len(c.bounds); n > 0 {
		c.bounds[n-1][1] = end
	}
	c.list = append(c.list, Section{Level: h.level, Heading: text, Anchor: cutText(h.anchor(), maxHeadingBytes)})
	c.bounds = append(c.bounds, [2]int{end, end})
	c.open = true
	return true
}

// begin moves the begin of the last section behind its heading.
func (c *sectioner) begin(at int) {
	c.bounds[len(c.bounds)-1] = [2]int{at, at}
}

// sections cuts the main text. There are none where it has no heading.
func (c *sectioner) sections(body string) []Section {
	if n := len(c.bounds); n > 0 {
		c.bounds[n-1][1] = len(body)
	}
	for i, b := range c.bounds {
		c.list[i].Text = strings.Trim(body[b[0]:max(b[0], b[1])], "\n\t ")
	}
	return c.list
}
