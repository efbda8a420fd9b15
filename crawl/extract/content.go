package extract

import "bytes"

// Which text of a page is its main text is decided in two steps. First each
// element is looked at by itself (isBoiler): what it is, what it is named, how
// much of it stands in links. Then the smallest place is looked for that holds
// nearly all prose that is left (article.go). Shares are of prose, see runScore.

const (
	minMainBytes    = 250  // less main text than that is none
	minSentence     = 40   // bytes of a run that is prose
	maxSoftShare    = 0.35 // of all prose, in an element that is boilerplate by its name
	maxLinkShare    = 0.5  // of the bytes of an element that is no list of links
	maxLinkShareP   = 0.8  // the same of a paragraph that ends like a sentence
	maxNavListBytes = 500
	minColumnBytes  = 200 // of links in a cell that is a column of links
)

// A runKind is what a run is to the page.
type runKind uint8

const (
	boilerplate runKind = iota
	mainText
	headline   // the heading above the text of an article
	hiddenText // not shown
	unquotable // main text that no snippet may show
	excluded   // the author keeps it out of search engines
)

// classify tells of each run what it is.
func (o *outline) classify() []runKind {
	c := newContent(o)
	var main []bool
	for _, strict := range []level{levelLinks | levelHints, levelHints, 0} {
		main = c.choose(strict)
		if strict == 0 || c.isEnough(main) {
			break
		}
	}
	kinds := make([]runKind, len(o.runs))
	for i := range main {
		if main[i] {
			kinds[i] = mainText
		}
	}
	if o.article {
		c.trim(main, kinds)
	}
	o.applyMarks(kinds)
	return kinds
}

// A level says which evidence is believed. Where all of it leaves hardly any
// text, as on a page that is one list of links, less is believed.
type level uint8

const (
	levelLinks level = 1 << iota // link density, tables of contents
	levelHints                   // class and id
)

type content struct {
	*outline
	text, link, score []int32 // sums over the runs before i
	nav               []bool  // by elem: a list of previous, next, up
	boiler            []bool  // by elem
	vouched           []bool  // by run, or nil
}

func newContent(o *outline) *content {
	n := len(o.runs)
	sums := make([]int32, 3*(n+1))
	c := &content{outline: o, text: sums[:n+1], link: sums[n+1 : 2*(n+1)], score: sums[2*(n+1):]}
	for i, r := range o.runs {
		c.text[i+1] = c.text[i] + r.end - r.start
		c.link[i+1] = c.link[i] + r.link
		c.score[i+1] = c.score[i] + o.runScore(r)
	}
	c.boiler = make([]bool, len(o.elems))
	c.nav = c.navLists()
	c.vouched = o.vouch(o.vouching)
	return c
}

// runScore is what a run counts as evidence of main text: its bytes outside of
// links, if it is long enough to be prose.
func (o *outline) runScore(r run) int32 {
	n := r.end - r.start
	if n < minSentence || 2*r.link > n {
		return 0
	}
	return n - r.link
}

// in is the sum of sums over the runs of e.
func in(sums []int32, e *elem) int32 { return sums[e.end] - sums[e.run] }

// choose decides over all runs at one level of strictness.
func (c *content) choose(l level) []bool {
	total := c.score[len(c.runs)]
	for i := 1; i < len(c.elems); i++ {
		e := &c.elems[i]
		c.boiler[i] = c.boiler[e.parent] || c.isBoiler(i, l, total)
	}
	main := make([]bool, len(c.runs))
	for i, r := range c.runs {
		main[i] = !c.boiler[r.elem] && (l&levelLinks == 0 || !c.isLinkRun(r))
	}
	if l&levelHints != 0 {
		c.dropLabelled(main)
	}
	if c.vouched != nil {
		for i := range main {
			main[i] = main[i] || c.vouched[i]
		}
	}
	top := c.descend(c.goodSums(main))
	c.keepWithin(main, &c.elems[top])
	return main
}

// isBoiler looks at an element by itself.
func (c *content) isBoiler(i int, l level, total int32) bool {
	e := &c.elems[i]
	share := float64(in(c.score, e)) / float64(max(total, 1))
	switch {
	case e.hint&hintNav != 0 || c.nav[i]:
		return true
	case e.hint&hintHidden != 0:
		return share < 0.5
	case e.tag == tagFigcaption && c.article:
		return share < maxSoftShare
	case e.hint&hintSide != 0:
		return min(share, float64(in(c.text, e))/float64(max(c.text[len(c.runs)], 1))) < maxSoftShare
	case l&levelHints != 0 && e.hint&hintComments != 0 && total-in(c.score, e) > 2*minMainBytes:
		return true
	case l&levelHints != 0 && e.hint&hintSoft != 0 && e.hint&hintBody == 0:
		return share < maxSoftShare
	}
	return l&levelLinks != 0 && share < maxSoftShare && (e.hint&hintContents != 0 || c.isLinkList(e))
}

// isLinkList tells whether most of an element is links. A cell or an item may
// be one link for good reason; only a column full of them is a list.
func (c *content) isLinkList(e *elem) bool {
	n, links := in(c.text, e), in(c.link, e)
	switch e.tag {
	case tagTr, tagTh, tagDt, tagDd, tagLi, tagH1, tagH2, tagH3, tagH4, tagH5, tagH6, tagPre, tagCaption:
		return false
	case tagTd:
		if links < minColumnBytes {
			return false
		}
	case tagP:
		if e.run < e.end && float64(links) < maxLinkShareP*float64(n) && isSentence(c.outline.text[c.runs[e.run].start:c.runs[e.end-1].end]) {
			return false
		}
	}
	return float64(links) > maxLinkShare*float64(n)
}

// isSentence looks for the sign that ends a sentence.
func isSentence(b []byte) bool {
	for _, sign := range []string{". ", ".\n", "! ", "? ", "。", "、", "।", "؟"} {
		if bytes.Contains(b, []byte(sign)) {
			return true
		}
	}
	return endsSentence(b)
}

// endsSentence looks for it at the end.
func endsSentence(b []byte) bool {
	b = bytes.TrimRight(b, "\"')]}»”’")
	for _, sign := range []string{".", "!", "?", "…", "。", "।", "؟"} {
		if bytes.HasSuffix(b, []byte(sign)) {
			return true
		}
	}
	return false
}

// navLists marks the elements that are lists of links to the neighbours of the
// page: short, and with two links that say previous, next, up and the like.
// Documentation generators put them into tables around the text.
func (c *content) navLists() []bool {
	nav := make([]bool, len(c.elems))
	counts := make([]int32, len(c.runs)+1)
	at := 0
	for i := range c.runs {
		counts[i+1] = counts[i]
		for ; at < len(c.links) && c.links[at].start < c.runs[i].end; at++ {
			if c.links[at].nav {
				counts[i+1]++
			}
		}
	}
	for i := 1; i < len(c.elems); i++ {
		e := &c.elems[i]
		links, bytes, score := in(counts, e), in(c.text, e), in(c.score, e)
		if 2*bytes > c.text[len(c.runs)] {
			continue // a whole page, if a short one
		}
		nav[i] = links >= 2 && bytes <= maxNavListBytes && score == 0 || links >= 3 && bytes <= maxNavListBytes && 3*score < 2*bytes
	}
	return nav
}
