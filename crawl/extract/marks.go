package extract

import (
	"bytes"
	"strconv"
	"strings"
)

const (
	maxAttributes     = 100
	maxAttributeName  = 100
	maxAttributeValue = 1000
	maxWeighted       = 100
	maxWeightedBytes  = 10_000
)

// An Attribute is a named value that an author gives a page for a search
// engine. Several may have one name.
type Attribute struct{ Name, Value string }

// demotedBelow is the weight under which a region is no main text: Pagefind counts
// weights by their square, so that .5 is nearer to boilerplate than to text.
const demotedBelow = 0.5

// A Weighted is a part of a page with the weight that its author gives it: of
// 1, which is that of all other text, up to 10, or down to 0 (Pagefind). What has
// less than demotedBelow is boilerplate.
type Weighted struct {
	Weight float64
	Text   string
}

// A mark asks for the text of an element, once it is known: as the value of an
// attribute, or as text of a weight.
type mark struct {
	name   string // of the attribute; empty: a weight
	weight float64
	elem   int32
}

// authorMarks reads the attributes by which authors tell search engines what to
// make of an element:
//
//	data-pagefind-meta, -filter   name | name[attribute] | name:value, by commas
//	data-pagefind-weight          0.0 to 10.0
//	data-elastic-name             the element's text is the value
//
// What is in their names' text is asked for in marks, which open binds to the
// element. The attributes that include and exclude are hints (hintOf).
// Sources: Pagefind's docs, "Custom metadata", "Setting up filters", "Weighting
// content", "Configuring what content is indexed"; Elastic web crawler,
// "Crawler directives" and "Meta tags and data attributes to extract custom
// fields"; Google, "data-nosnippet".
func (s *scanner) authorMarks() {
	if s.dropped > 0 || s.isIgnored() {
		return
	}
	z := s.z
	for _, a := range []attrKey{attrDataPagefindMeta, attrDataPagefindFilter} {
		if z.has(a) {
			s.pagefind(string(z.attr(a)))
		}
	}
	if name := z.attr(attrDataElasticName); len(name) > 0 {
		s.ask(mark{name: string(name)})
	}
	if w, err := strconv.ParseFloat(strings.TrimSpace(string(z.attr(attrDataPagefindWeight))), 64); err == nil && w == w {
		s.ask(mark{weight: min(max(w, 0), 10)})
	}
}

// isIgnored tells whether the tag stands in a region that Pagefind is to ignore
// with all that is in it.
func (s *scanner) isIgnored() bool {
	if !s.ignoresAll {
		return false
	}
	for e := s.cur; e > 0; e = s.elems[e].parent {
		if s.elems[e].hint&hintIgnoreAll != 0 {
			return true
		}
	}
	return false
}

// pagefind reads a list of captures. That of a value runs to the end.
func (s *scanner) pagefind(list string) {
	for list != "" {
		i := strings.IndexAny(list, ",:")
		if i >= 0 && list[i] == ':' {
			s.attribute(list[:i], list[i+1:])
			return
		}
		item := list
		list = ""
		if i >= 0 {
			item, list = item[:i], item[i+1:]
		}
		name, attr, isAttr := strings.Cut(strings.TrimSpace(item), "[")
		switch {
		case isAttr:
			s.attribute(name, s.z.attrNamed(strings.TrimSuffix(attr, "]")))
		case name != "":
			s.ask(mark{name: name})
		}
	}
}

// attrNamed is the value of any attribute of the tag.
func (z *tokenizer) attrNamed(name string) string {
	for _, a := range z.attrs {
		if bytes.EqualFold(z.bytes(a.name), []byte(name)) {
			return string(unescapeAttr(z.bytes(a.value)))
		}
	}
	return ""
}

func (s *scanner) ask(m mark) {
	if len(s.asked) < maxAttributes {
		s.asked = append(s.asked, m)
	}
}

// bind gives the element that was opened the marks asked for its tag.
func (s *scanner) bind(elem int32) {
	for _, m := range s.asked {
		if len(s.marks) < maxAttributes {
			m.elem = elem
			s.marks = append(s.marks, m)
		}
	}
	s.asked = s.asked[:0]
}

// attribute keeps a named value, once.
func (o *outline) attribute(name, value string) {
	a := Attribute{cutText(strings.TrimSpace(name), maxAttributeName), collapse([]byte(value), maxAttributeValue)}
	if a.Name == "" || a.Value == "" || len(o.attributes) >= maxAttributes {
		return
	}
	for _, b := range o.attributes {
		if a == b {
			return
		}
	}
	o.attributes = append(o.attributes, a)
}

// resolveMarks fills in what the text of elements is needed for. Only main text has a
// weight: of what is hidden or excluded, nothing is to be found by it.
func (o *outline) resolveMarks(p *Page, kinds []runKind) {
	for _, m := range o.marks {
		e := &o.elems[m.elem]
		if e.run >= e.end {
			continue
		}
		text := o.text[o.runs[e.run].start:o.runs[e.end-1].end]
		if m.name != "" {
			o.attribute(m.name, string(text[:min(len(text), 4*maxAttributeValue)]))
		} else if text := o.mainTextOf(e, kinds); text != "" && len(p.Weighted) < maxWeighted {
			p.Weighted = append(p.Weighted, Weighted{m.weight, text})
		}
	}
	p.Attributes = o.attributes
}

// mainTextOf is the main text in an element, or the first maxWeightedBytes of it.
func (o *outline) mainTextOf(e *elem, kinds []runKind) string {
	var w writer
	for i := int(e.run); i < int(e.end) && w.Len() <= maxWeightedBytes; i++ {
		switch kinds[i] {
		case mainText, headline, unquotable:
			w.run(o, i)
		}
	}
	return cutText(w.String(), maxWeightedBytes)
}

// applyMarks puts what authors say about regions over what was found by
// evidence. The innermost of include and exclude counts; where something is
// included that no exclusion surrounds, all else is excluded.
func (o *outline) applyMarks(kinds []runKind) {
	const regions = hintHidden | hintNoSnippet | hintInclude | hintExclude
	o.demote(kinds)
	if o.hints&regions == 0 {
		return
	}
	state := make([]hint, len(o.elems))
	only := false
	for i := 1; i < len(o.elems); i++ {
		e := &o.elems[i]
		h := state[e.parent]
		switch {
		case e.hint&hintInclude != 0:
			only = only || h&hintExclude == 0 && e.run < e.end
			h = h&^(hintExclude|hintNav) | hintInclude
		case e.hint&hintExclude != 0:
			h = h&^hintInclude | hintExclude
		}
		state[i] = h | e.hint&(hintHidden|hintNoSnippet|hintNav)
	}
	for i, r := range o.runs {
		h := state[r.elem]
		if h&hintHidden != 0 {
			o.hiddenBytes += int(r.end - r.start)
		}
		switch {
		case h&hintExclude != 0, only && h&hintInclude == 0:
			kinds[i] = excluded
		case h&hintInclude != 0 && h&(hintNav|hintHidden) == 0:
			kinds[i] = mainText
		case h&hintHidden != 0 && kinds[i] == boilerplate:
			kinds[i] = hiddenText
		}
		if h&hintNoSnippet != 0 && kinds[i] == mainText {
			kinds[i] = unquotable
		}
	}
}

// demote makes boilerplate of main text that its author gives hardly any weight. The
// innermost weight counts.
func (o *outline) demote(kinds []runKind) {
	weights := map[int32]float64{}
	any := false
	for _, m := range o.marks {
		if m.name == "" {
			weights[m.elem] = m.weight
			any = any || m.weight < demotedBelow
		}
	}
	if !any {
		return
	}
	low := make([]bool, len(o.elems))
	for i := 1; i < len(o.elems); i++ {
		low[i] = low[o.elems[i].parent]
		if w, ok := weights[int32(i)]; ok {
			low[i] = w < demotedBelow
		}
	}
	for i, r := range o.runs {
		if kinds[i] == mainText && low[r.elem] {
			kinds[i] = boilerplate
		}
	}
}
