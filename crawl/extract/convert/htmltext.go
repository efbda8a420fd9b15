package convert

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

const maxHTMLToken = 1 << 20

// A htmlWalk takes the text of markup that a book or a feed holds. It is no
// reader of web pages, which package extract is: there is no boilerplate here.
type htmlWalk struct {
	b     *builder
	para  strings.Builder
	level int // of the heading that is open, or 0
	list  bool
	cells []string
	rows  int // open
	raw   bool
}

// readHTML reads markup token by token; no tree is built.
func readHTML(b *builder, r io.Reader, expired func() error) error {
	z := html.NewTokenizer(r)
	z.SetMaxBuf(maxHTMLToken)
	w := &htmlWalk{b: b}
	for n := 1; !b.full(); n++ {
		if n%timeEvery == 0 && expired() != nil {
			w.paragraph()
			return fmt.Errorf("%w: out of time", ErrLimit)
		}
		switch z.Next() {
		case html.ErrorToken:
			w.paragraph()
			return w.problem(z.Err())
		case html.TextToken:
			if !w.raw {
				w.para.Write(z.Text())
			}
			w.raw = false
		case html.SelfClosingTagToken:
			z.NextIsNotRawText() // <script/> and <title/> are empty in XHTML
			w.start(z)
			w.raw = false
		case html.StartTagToken:
			w.start(z)
		case html.EndTagToken:
			name, _ := z.TagName()
			w.end(atom.Lookup(name))
		}
	}
	return nil
}

func (w *htmlWalk) problem(err error) error {
	switch {
	case err == io.EOF:
		return nil
	case errors.Is(err, html.ErrBufferExceeded):
		return fmt.Errorf("%w: a token of more than %d bytes", ErrLimit, maxHTMLToken)
	}
	return err
}

func (w *htmlWalk) start(z *html.Tokenizer) {
	name, more := z.TagName()
	tag := atom.Lookup(name)
	if isBlock(tag) {
		w.paragraph()
	}
	switch tag {
	case atom.Script, atom.Style, atom.Title, atom.Template, atom.Iframe, atom.Noembed:
		w.raw = true
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		w.level = int(name[1] - '0')
	case atom.Li:
		w.list = true
	case atom.Tr:
		w.rows++
		w.cells = w.cells[:0]
	case atom.Br:
		w.para.WriteByte(' ')
	}
	for more {
		var key, val []byte
		if key, val, more = z.TagAttr(); tag == atom.A && string(key) == "href" && strings.Contains(string(val), "://") {
			w.b.link(string(val)) // others lead into the book itself
		}
	}
}

func (w *htmlWalk) end(tag atom.Atom) {
	switch {
	case tag == atom.Tr && w.rows > 0:
		w.paragraph()
		w.b.row(w.cells)
		w.cells = w.cells[:0]
		w.rows--
	case isBlock(tag):
		w.paragraph()
	}
}

// isBlock says whether an element begins and ends a line.
func isBlock(tag atom.Atom) bool {
	switch tag {
	case atom.P, atom.Div, atom.Li, atom.Ul, atom.Ol, atom.Dl, atom.Dt, atom.Dd, atom.Table, atom.Caption, atom.Tr, atom.Td,
		atom.Th, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Blockquote, atom.Pre, atom.Section, atom.Article,
		atom.Aside, atom.Header, atom.Footer, atom.Nav, atom.Figure, atom.Figcaption, atom.Hr, atom.Body, atom.Head:
		return true
	}
	return false
}

func (w *htmlWalk) paragraph() {
	text := w.para.String()
	w.para.Reset()
	switch {
	case strings.TrimSpace(text) == "":
		return
	case w.level > 0:
		w.b.section(w.level, text, "")
	case w.rows > 0:
		if len(w.cells) < maxCellsOfRow {
			w.cells = append(w.cells, text)
		}
	case w.list:
		w.b.paragraph("• " + text)
	default:
		w.b.paragraph(text)
	}
	w.level, w.list = 0, false
}

// htmlText is the text of a piece of markup on one line.
func htmlText(s string) string {
	b := newBuilder(Options{}.withDefaults())
	_ = readHTML(b, strings.NewReader(s), func() error { return nil }) // what there is will do
	b.flush()
	var parts []string
	for _, sec := range b.doc.Sections {
		parts = append(parts, sec.Heading, sec.Text)
	}
	return oneLine(strings.Join(parts, " "), maxMetaBytes)
}
