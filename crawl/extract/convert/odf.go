package convert

import (
	"encoding/xml"
	"strings"
)

// readODF reads OpenDocument text, spreadsheets and presentations.
func readODF(c *container, b *builder) error {
	encrypted := false
	err := c.each("META-INF/manifest.xml", func(_ *xmlReader, t any) error {
		if e, ok := t.(xml.StartElement); ok && e.Name.Local == "encryption-data" {
			encrypted = true
			return errStop
		}
		return nil
	})
	if encrypted {
		return ErrEncrypted
	}
	if err == nil {
		err = readProperties(c, b, "meta.xml")
	}
	if err != nil {
		b.cut(err.Error())
	}
	w := &odfWalk{b: b}
	err = c.each("content.xml", w.token)
	w.closeAll()
	if w.slides > 0 {
		b.doc.Pages = w.slides
	}
	return err
}

// An odfWalk follows the elements of content.xml. A paragraph may hold a frame
// or a note, which holds paragraphs; a cell may hold a table, a slide holds all.
//
// Repeated cells and rows are read once: repetition is how a sheet says that the
// rest of its million rows is empty.
type odfWalk struct {
	b      *builder
	paras  []*odfPara
	cells  []string // of the outermost row that is open
	cell   strings.Builder
	tables int // open
	lists  int // open
	slides int // so far
	slide  *slideWalk
	inBook bool
}

type odfPara struct {
	text  strings.Builder
	level int // 0: no heading
	title bool
	list  bool
}

func (w *odfWalk) token(x *xmlReader, t any) error {
	switch e := t.(type) {
	case xml.StartElement:
		return w.start(x, e)
	case xml.EndElement:
		w.end(e.Name.Local)
		if w.b.full() {
			return errStop
		}
	case xml.CharData:
		if n := len(w.paras); n > 0 {
			w.paras[n-1].text.Write(e)
		}
	}
	return nil
}

func (w *odfWalk) start(x *xmlReader, e xml.StartElement) error {
	switch e.Name.Local {
	case "tracked-changes", "annotation", "forms", "automatic-styles", "font-face-decls", "scripts",
		"table-of-content", "sequence-decls", "date-time", "footer", "header":
		return x.skip()
	case "spreadsheet":
		w.inBook = true
	case "p", "h":
		p := &odfPara{list: w.lists > 0}
		if e.Name.Local == "h" {
			p.level = max(1, min(positive(attr(e, "outline-level")), 6))
		}
		p.title = attr(e, "style-name") == "Title"
		w.paras = append(w.paras, p)
	case "s", "tab", "line-break":
		if n := len(w.paras); n > 0 {
			w.paras[n-1].text.WriteByte(' ')
		}
	case "a":
		w.b.link(attr(e, "href"))
	case "list":
		w.lists++
	case "table":
		if w.tables++; w.tables == 1 && w.inBook {
			w.b.section(1, attr(e, "name"), "")
		}
	case "page":
		w.slides++
		w.slide = &slideWalk{}
	case "frame", "custom-shape":
		if w.slide != nil {
			w.slide.role = attr(e, "class")
		}
	}
	return nil
}

func (w *odfWalk) end(local string) {
	switch local {
	case "p", "h":
		if n := len(w.paras); n > 0 {
			p := w.paras[n-1]
			w.paras = w.paras[:n-1]
			w.paragraph(p)
		}
	case "list":
		w.lists--
	case "table-cell":
		if w.tables == 1 {
			w.cells = append(w.cells, w.cell.String())
			w.cell.Reset()
		}
	case "table-row":
		if w.tables == 1 {
			w.row()
		}
	case "table":
		w.tables--
	case "frame", "custom-shape":
		if w.slide != nil {
			w.slide.role = ""
		}
	case "page":
		w.endSlide()
	}
}

func (w *odfWalk) row() {
	if w.slide != nil {
		w.slide.lines = append(w.slide.lines, w.cells)
		w.cells = nil
		return
	}
	w.b.row(w.cells)
	w.cells = w.cells[:0]
}

func (w *odfWalk) paragraph(p *odfPara) {
	text := p.text.String()
	switch {
	case strings.TrimSpace(text) == "":
	case w.tables > 0:
		w.cell.WriteString(text + " ")
	case w.slide != nil && w.slide.role == "title":
		w.slide.title.WriteString(text + " ")
	case w.slide != nil:
		w.slide.lines = append(w.slide.lines, []string{text})
	case p.title:
		if usefulTitle(w.b.doc.Title) == "" {
			w.b.doc.Title = text
		}
		w.b.section(1, text, "")
	case p.level > 0:
		w.b.section(p.level, text, "")
	case p.list:
		w.b.paragraph("• " + text)
	default:
		w.b.paragraph(text)
	}
}

func (w *odfWalk) endSlide() {
	if w.slide != nil {
		w.b.section(1, w.slide.title.String(), "")
		w.slide.emit(w.b)
		w.slide = nil
	}
}

// closeAll keeps the text of what damage left open.
func (w *odfWalk) closeAll() {
	for len(w.paras) > 0 {
		w.end("p")
	}
	if w.tables > 0 {
		w.tables = 1
		w.end("table-cell")
		w.end("table-row")
	}
	w.endSlide()
}
