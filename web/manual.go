package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"html/template"
	"net/http"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"github.com/trawlsearch/trawl/docs"
)

// A manual is package docs as pages. It does not change.
type manual struct {
	byName map[string]*manualPage
	order  []*manualPage
}

type manualPage struct {
	Name, Title, Description string
	Link                     string
	Body                     template.HTML // rendered from embedded Markdown, in which raw HTML is dropped
	Sections                 []section
}

// A section is a second-level heading of a page.
type section struct{ ID, Title string }

func loadManual() *manual {
	md := goldmark.New(
		goldmark.WithExtensions(extension.Table),
		goldmark.WithParserOptions(parser.WithAutoHeadingID()),
		goldmark.WithRendererOptions(renderer.WithNodeRenderers(util.Prioritized(scrollable{}, 100))),
	)
	m := &manual{byName: map[string]*manualPage{}}
	for _, name := range docs.Pages {
		source, err := docs.FS.ReadFile(name + ".md")
		if err != nil {
			panic("web: manual: " + err.Error())
		}
		p := renderManual(md, name, source)
		m.byName[name] = p
		m.order = append(m.order, p)
	}
	return m
}

func manualLink(name string) string {
	if name == "index" {
		return "/docs/"
	}
	return "/docs/" + name
}

func renderManual(md goldmark.Markdown, name string, source []byte) *manualPage {
	p := &manualPage{Name: name, Link: manualLink(name)}
	tree := md.Parser().Parse(text.NewReader(source))
	err := ast.Walk(tree, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Heading:
			p.heading(n, source)
		case *ast.Paragraph:
			if p.Description == "" {
				p.Description = shorten(plainText(n, source), 160)
			}
		case *ast.Link:
			n.Destination = []byte(rewritten(string(n.Destination)))
		}
		return ast.WalkContinue, nil
	})
	var b bytes.Buffer
	if err == nil {
		err = md.Renderer().Render(&b, source, tree)
	}
	if err != nil {
		panic("web: manual: " + name + ": " + err.Error())
	}
	p.Body = template.HTML(b.String())
	return p
}

// heading notes a heading, and gives those below the title a link to themselves.
// The link has no text of its own: what reads the heading reads only its words.
func (p *manualPage) heading(n *ast.Heading, source []byte) {
	title := plainText(n, source)
	if n.Level == 1 {
		p.Title = title
		return
	}
	id, ok := n.AttributeString("id")
	if !ok {
		return
	}
	name := string(id.([]byte))
	if n.Level == 2 {
		p.Sections = append(p.Sections, section{name, title})
	}
	link := ast.NewLink()
	link.Destination = []byte("#" + name)
	link.SetAttributeString("class", []byte("anchor"))
	link.Title = []byte("Link to “" + title + "”")
	n.AppendChild(n, link)
}

// plainText is the text of a node without its markup.
func plainText(n ast.Node, source []byte) string {
	var b strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // the function has no error
		if t, ok := n.(*ast.Text); ok && entering {
			b.Write(t.Segment.Value(source))
			if t.SoftLineBreak() || t.HardLineBreak() {
				b.WriteByte(' ')
			}
		}
		return ast.WalkContinue, nil
	})
	return b.String()
}

// rewritten turns a link between files into one between pages.
func rewritten(to string) string {
	file, fragment, _ := strings.Cut(to, "#")
	name, ok := strings.CutSuffix(file, ".md")
	if !ok || strings.Contains(name, "/") {
		return to
	}
	if fragment != "" {
		return manualLink(name) + "#" + fragment
	}
	return manualLink(name)
}

// scrollable renders code so that what is wider than the page can be scrolled by
// keyboard too.
type scrollable struct{}

func (scrollable) RegisterFuncs(reg renderer.NodeRendererFuncRegisterer) {
	reg.Register(ast.KindFencedCodeBlock, renderCode)
	reg.Register(ast.KindCodeBlock, renderCode)
}

func renderCode(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	_, _ = w.WriteString(`<pre tabindex="0"><code>`)
	for i := range n.Lines().Len() {
		line := n.Lines().At(i)
		_, _ = w.Write(util.EscapeHTML(line.Value(source)))
	}
	_, err := w.WriteString("</code></pre>\n")
	return ast.WalkSkipChildren, err
}

type docsPage struct {
	frame
	Page       *manualPage
	All        []*manualPage
	Prev, Next *manualPage
}

// docs serves a page of the manual. It is the same for everybody and may be
// asked for conditionally: crawlers do.
func (s *server) docs(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("page")
	if bare := strings.TrimSuffix(name, ".md"); s.manual.byName[bare] != nil && (bare != name || name == "index") {
		return redirect(manualLink(bare))(w, r)
	}
	if name == "" {
		name = "index"
	}
	page, ok := s.manual.byName[name]
	if !ok {
		return failure(http.StatusNotFound, "The manual has no page %q.", shorten(name, 60))
	}
	collection, all := s.collection(r)
	p := docsPage{frame: s.frame("docs", page.Title+" – Trawl manual", "", collection, all), Page: page, All: s.manual.order}
	p.Description = page.Description
	for i, other := range s.manual.order {
		if other != page {
			continue
		}
		if i > 0 {
			p.Prev = s.manual.order[i-1]
		}
		if i+1 < len(s.manual.order) {
			p.Next = s.manual.order[i+1]
		}
	}
	body, err := s.body("docs", p)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	tag := `"` + hex.EncodeToString(sum[:12]) + `"`
	w.Header().Set("ETag", tag)
	w.Header().Set("Cache-Control", "no-cache")
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	write(w, http.StatusOK, htmlType, body)
	return nil
}
