package convert

import (
	"encoding/xml"
	"fmt"
	"strings"
)

const (
	maxStyles     = 10_000
	maxStyleChain = 10 // basedOn
	maxTables     = 20 // one within the other; deeper cells are paragraphs
)

// readDocx reads WordprocessingML: the body, then foot- and endnotes. Headers
// and footers are left out: they repeat on each page what the title says.
func readDocx(c *container, b *builder, main string, rels []relationship) error {
	styles, err := readStyles(c, byKind(rels, "styles"))
	if err != nil {
		return err
	}
	addLinks(b, rels)
	w := &docxWalk{b: b, styles: styles}
	if err := c.each(main, w.token); err != nil {
		w.closeAll()
		return err
	}
	for _, kind := range []string{"footnotes", "endnotes"} {
		part := byKind(rels, kind)
		notes := &docxWalk{b: b}
		if err := c.each(part, notes.token); err != nil {
			return err
		}
		more, err := c.relationships(part)
		if part != "" && err == nil {
			addLinks(b, more)
		}
	}
	return nil
}

// A style is what matters of one: the level that it gives a paragraph.
type style struct {
	basedOn string
	level   int // 1 to 9; 0: none of its own
	title   bool
}

func readStyles(c *container, part string) (map[string]style, error) {
	styles := map[string]style{}
	id, cur := "", style{}
	err := c.each(part, func(_ *xmlReader, t any) error {
		switch e := t.(type) {
		case xml.StartElement:
			switch e.Name.Local {
			case "style":
				id, cur = attr(e, "styleId"), style{}
			case "name":
				// Built-in styles keep their English names in every language.
				name := strings.ToLower(attr(e, "val"))
				cur.title = name == "title"
				if n, ok := strings.CutPrefix(name, "heading "); ok {
					cur.level = positive(n)
				}
			case "basedOn":
				cur.basedOn = attr(e, "val")
			case "outlineLvl":
				cur.level = outlineLevel(attr(e, "val"))
			}
		case xml.EndElement:
			if e.Name.Local == "style" {
				if styles[id] = cur; len(styles) > maxStyles {
					return fmt.Errorf("%w: %d styles", ErrLimit, maxStyles)
				}
			}
		}
		return nil
	})
	return styles, err
}

// outlineLevel: 0 is the first level, 9 is body text.
func outlineLevel(val string) int {
	if n := positive(val) + 1; val != "" && n <= 9 {
		return n
	}
	return 0
}

// A docxWalk follows the elements of a part. A paragraph may hold a text box,
// which holds paragraphs; a cell may hold a table.
type docxWalk struct {
	b      *builder
	styles map[string]style
	paras  []*docxPara
	tables []*docxTable
	field  strings.Builder // the instruction of a field: HYPERLINK "..."
}

type docxPara struct {
	text  strings.Builder
	style string
	level int
	list  bool
}

type docxTable struct {
	cells []string
	cell  strings.Builder
}

func (w *docxWalk) token(x *xmlReader, t any) error {
	switch e := t.(type) {
	case xml.StartElement:
		return w.start(x, e)
	case xml.EndElement:
		w.end(e.Name.Local)
		if w.b.full() {
			return errStop
		}
	}
	return nil
}

func (w *docxWalk) start(x *xmlReader, e xml.StartElement) error {
	var p *docxPara
	if n := len(w.paras); n > 0 {
		p = w.paras[n-1]
	}
	switch e.Name.Local {
	case "del", "moveFrom", "Fallback", "rPr", "sectPr": // deleted, moved away, said twice, no text
		return x.skip()
	case "p":
		w.paras = append(w.paras, &docxPara{})
	case "tbl":
		if len(w.tables) < maxTables {
			w.tables = append(w.tables, &docxTable{})
		}
	}
	if p == nil {
		return nil
	}
	switch e.Name.Local {
	case "t":
		s, err := x.text()
		p.text.WriteString(s)
		return err
	case "instrText":
		s, err := x.text()
		if w.field.Len() < maxLinkBytes {
			w.field.WriteString(s)
		}
		return err
	case "fldChar":
		if attr(e, "fldCharType") != "begin" {
			w.fieldLink()
		} else {
			w.field.Reset()
		}
	case "tab", "br", "cr":
		p.text.WriteByte(' ')
	case "noBreakHyphen":
		p.text.WriteByte('-')
	case "pStyle":
		p.style = attr(e, "val")
	case "outlineLvl":
		p.level = outlineLevel(attr(e, "val"))
	case "numPr":
		p.list = true
	}
	return nil
}

// fieldLink takes the address from the instruction that has just ended.
func (w *docxWalk) fieldLink() {
	if rest, ok := strings.CutPrefix(strings.TrimSpace(w.field.String()), "HYPERLINK"); ok {
		if parts := strings.SplitN(rest, `"`, 3); len(parts) == 3 && !strings.Contains(parts[0], `\l`) {
			w.b.link(parts[1])
		}
	}
	w.field.Reset()
}

func (w *docxWalk) end(local string) {
	switch n := len(w.tables); local {
	case "p":
		if len(w.paras) > 0 {
			p := w.paras[len(w.paras)-1]
			w.paras = w.paras[:len(w.paras)-1]
			w.paragraph(p)
		}
	case "tc":
		if n > 0 {
			t := w.tables[n-1]
			t.cells = append(t.cells, t.cell.String())
			t.cell.Reset()
		}
	case "tr":
		if n > 0 {
			w.row(n)
		}
	case "tbl":
		if n > 0 {
			w.tables = w.tables[:n-1]
		}
	}
}

// row ends a row: that of a table within a cell is text of the cell.
func (w *docxWalk) row(n int) {
	t := w.tables[n-1]
	if n == 1 {
		w.b.row(t.cells)
	} else {
		w.tables[n-2].cell.WriteString(strings.Join(t.cells, " ") + " ")
	}
	t.cells = nil
}

func (w *docxWalk) paragraph(p *docxPara) {
	text := p.text.String()
	if n := len(w.tables); n > 0 {
		w.tables[n-1].cell.WriteString(text + " ")
		return
	}
	level, title := w.levelOf(p)
	switch {
	case strings.TrimSpace(text) == "":
	case title:
		if usefulTitle(w.b.doc.Title) == "" {
			w.b.doc.Title = text
		}
		w.b.section(1, text, "")
	case level > 0:
		w.b.section(min(level, 6), text, "")
	case p.list:
		w.b.paragraph("• " + text)
	default:
		w.b.paragraph(text)
	}
}

func (w *docxWalk) levelOf(p *docxPara) (level int, title bool) {
	if p.level > 0 {
		return p.level, false
	}
	for id, n := p.style, 0; n < maxStyleChain; n++ {
		s, ok := w.styles[id]
		if !ok || s.level > 0 || s.title {
			return s.level, s.title
		}
		id = s.basedOn
	}
	return 0, false
}

// closeAll keeps the text of what damage left open.
func (w *docxWalk) closeAll() {
	for len(w.paras) > 0 {
		w.end("p")
	}
	for len(w.tables) > 0 {
		w.end("tc")
		w.end("tr")
		w.end("tbl")
	}
}
