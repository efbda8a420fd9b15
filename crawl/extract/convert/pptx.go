package convert

import (
	"encoding/xml"
	"fmt"
	"strings"
)

const maxSlides = 2000

// readPptx reads PresentationML: a section for each slide with its title, its
// text, its diagrams and the speaker's notes.
func readPptx(c *container, b *builder, main string, rels []relationship) error {
	var slides []string
	err := c.each(main, func(_ *xmlReader, t any) error {
		if e, ok := t.(xml.StartElement); ok && e.Name.Local == "sldId" {
			if part := byID(rels, relID(e)); part != "" {
				slides = append(slides, part)
			}
			if len(slides) > maxSlides {
				return fmt.Errorf("%w: %d slides", ErrLimit, maxSlides)
			}
		}
		return nil
	})
	b.doc.Pages = len(slides)
	for _, part := range slides {
		if err == nil && !b.full() {
			err = readSlide(c, b, part)
		}
	}
	return err
}

// relID is the r:id of an element that has an id of its own too.
func relID(e xml.StartElement) string {
	for _, a := range e.Attr {
		if a.Name.Local == "id" && strings.Contains(a.Name.Space, "elationships") {
			return a.Value
		}
	}
	return ""
}

func readSlide(c *container, b *builder, part string) error {
	rels, err := c.relationships(part)
	if err != nil {
		return err
	}
	slide := &slideWalk{}
	err = c.each(part, slide.token)
	b.section(1, slide.title.String(), "")
	slide.emit(b)
	addLinks(b, rels)
	for _, r := range rels {
		if err != nil || r.external || r.kind != "notesSlide" && r.kind != "diagramData" {
			continue
		}
		w := &slideWalk{}
		err = c.each(r.target, w.token)
		b.paragraph(w.title.String())
		w.emit(b)
	}
	return err
}

// A slideWalk gathers the text of a drawing. The title may stand after other
// shapes in the file, so all of it waits.
type slideWalk struct {
	title strings.Builder
	lines [][]string // paragraphs of one cell, and rows
	para  strings.Builder
	cells []string // of the row that is open
	cell  strings.Builder
	role  string // placeholder type of the shape that is open
	inRow bool
	size  int
}

// Roles of shapes that hold no text of the slide's own.
var emptyRoles = map[string]bool{"sldNum": true, "dt": true, "ftr": true, "hdr": true, "sldImg": true}

func (w *slideWalk) token(x *xmlReader, t any) error {
	switch e := t.(type) {
	case xml.StartElement:
		switch e.Name.Local {
		case "Fallback":
			return x.skip()
		case "sp":
			w.role = ""
		case "ph":
			w.role = attr(e, "type")
		case "tr":
			w.inRow, w.cells = true, nil
		case "br", "tab":
			w.para.WriteByte(' ')
		case "t":
			s, err := x.text()
			if w.size += len(s); w.size < maxTokenBytes*10 {
				w.para.WriteString(s)
			}
			return err
		}
	case xml.EndElement:
		w.end(e.Name.Local)
	}
	return nil
}

func (w *slideWalk) end(local string) {
	switch local {
	case "p":
		w.paragraph()
	case "tc":
		w.cells = append(w.cells, w.cell.String())
		w.cell.Reset()
	case "tr":
		w.lines = append(w.lines, w.cells)
		w.inRow, w.cells = false, nil
	case "sp":
		w.role = ""
	}
}

func (w *slideWalk) paragraph() {
	text := w.para.String()
	w.para.Reset()
	switch {
	case strings.TrimSpace(text) == "" || emptyRoles[w.role]:
	case w.inRow:
		w.cell.WriteString(text + " ")
	case w.role == "title" || w.role == "ctrTitle":
		w.title.WriteString(text + " ")
	default:
		w.lines = append(w.lines, []string{text})
	}
}

func (w *slideWalk) emit(b *builder) {
	if len(w.cells) > 0 { // of a row that damage left open
		w.lines = append(w.lines, w.cells)
	}
	for _, l := range w.lines {
		b.row(l)
	}
}
