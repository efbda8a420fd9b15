package extract

import "bytes"

// mainText tells for each run whether it is main text. The rest is boilerplate.
func (o *outline) mainText() []bool {
	c := newContent(o)
	for _, strict := range []level{levelLinks | levelHints, levelHints, 0} {
		main := c.choose(strict)
		if strict == 0 || c.isEnough(main) {
			return main
		}
	}
	return nil
}

const (
	minMainBytes    = 250
	minSentence     = 40
	minShare        = 0.95
	minArticleShare = 0.80
	minBodyShare    = 0.5
	maxSoftShare    = 0.35
	maxLinkShare    = 0.5
	maxNavListBytes = 500
	minColumnBytes  = 200
)

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
	good := make([]int32, len(c.runs)+1)
	for i, r := range c.runs {
		good[i+1] = good[i]
		if !c.boiler[r.elem] {
			main[i] = true
			good[i+1] += c.runScore(r)
		}
	}
	top := c.descend(good)
	e := &c.elems[top]
	for i := range main {
		if int32(i) < e.run || int32(i) >= e.end {
			main[i] = false
		}
	}
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
	case e.hint&hintSide != 0:
		return share < maxSoftShare
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
	}
	return float64(links) > maxLinkShare*float64(n)
}

// descend finds the smallest element that holds nearly all good text: from the
// document into the child that holds minShare of its parent's, as long as there
// is one.
func (c *content) descend(good []int32) int {
	top := 0
	if good[len(c.runs)] < minMainBytes {
		return top // too little to go by
	}
	for i := 1; i < len(c.elems); i++ {
		e := &c.elems[i]
		if c.boiler[i] || int(e.parent) != top || e.tag == tagP || e.tag == tagPre || headingLevel(e.tag) > 0 {
			continue
		}
		need := minShare
		switch {
		case e.hint&hintBody != 0:
			need = minBodyShare
		case c.article:
			need = minArticleShare
		}
		whole, part := in(good, &c.elems[top]), in(good, e)
		if part > 0 && float64(part) >= need*float64(whole) {
			top = i
		}
	}
	return top
}

// isEnough tells whether main text was found at all: some text, and either
// sentences or the greater part of what is no navigation.
func (c *content) isEnough(main []bool) bool {
	var prose, bytes, all int
	for i, r := range c.runs {
		n := int(r.end - r.start)
		all += n
		if !main[i] {
			continue
		}
		bytes += n
		if c.runScore(r) > 0 && isSentence(c.outline.text[r.start:r.end]) {
			prose += n
		}
	}
	return bytes >= minMainBytes && (prose >= minMainBytes || 2*bytes >= all)
}

// isSentence looks for the sign that ends a sentence.
func isSentence(b []byte) bool {
	for _, sign := range []string{". ", ".\n", "! ", "? ", "。", "、"} {
		if bytes.Contains(b, []byte(sign)) {
			return true
		}
	}
	return bytes.HasSuffix(b, []byte("."))
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
