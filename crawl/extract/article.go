package extract

import "strings"

const (
	minShare        = 0.95 // of the prose, in the place of the main text
	minArticleShare = 0.80 // the same, where the page says that it is an article
	minBodyShare    = 0.5  // of an element marked as the article's body, or an <article> of such a page
	minMainShare    = 0.3  // of <main>
	placeShare      = 5    // a place of an article has a fifth of the prose that the best one has
	minLead         = 100  // bytes of a lead that stands outside of the article's place
	maxHeadlineRuns = 100  // between the heading of an article and its first sentence
	maxLeadRuns     = 30   // between the heading of a page and its text
	maxLabelBytes   = 60
	maxLabels       = 50 // looked at on a page
)

// goodSums are the sums by which descend goes: of what runs of main text count.
// On a page that is an article, only what stands in places with a good share of
// prose does: the article itself stands in one place, and each teaser of another
// in its own. Where structured data confirms runs (vouch.go), those alone do.
func (c *content) goodSums(main []bool) []int32 {
	good := make([]int32, len(c.runs)+1)
	place := make([]int32, len(c.elems))
	var most int32
	if c.article {
		for i, r := range c.runs {
			if main[i] {
				at := c.placeOf(r.elem)
				place[at] += c.runScore(r)
				most = max(most, place[at])
			}
		}
	}
	for i, r := range c.runs {
		good[i+1] = good[i]
		if c.vouched != nil && !c.vouched[i] {
			continue
		}
		if main[i] && place[c.placeOf(r.elem)] >= most/placeShare {
			good[i+1] += c.runScore(r)
		}
	}
	return good
}

// placeOf is the element that a run's paragraph or item stands in.
func (c *content) placeOf(e int32) int32 {
	for e > 0 && paragraphs.has(c.elems[e].tag) {
		e = c.elems[e].parent
	}
	return e
}

// isLinkRun tells whether a run is a link and nothing else, between paragraphs.
func (c *content) isLinkRun(r run) bool {
	n := r.end - r.start
	return 20*r.link >= 19*n && n >= minSentence && linkPlaces.has(c.elems[r.elem].tag)
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
		case e.tag == tagMain:
			need = minMainShare
		case e.tag == tagArticle && c.article:
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

// keepWithin leaves as main text what stands in e, and the paragraphs right
// before it that a lead has to itself.
func (c *content) keepWithin(main []bool, e *elem) {
	from := int(e.run)
	if !c.article {
		for i := from - 1; i >= max(0, from-maxLeadRuns); i-- {
			if c.elems[c.runs[i].elem].tag == tagH1 {
				from = i
				for ; i < int(e.run); i++ {
					main[i] = main[i] && c.runScore(c.runs[i]) > 0
				}
				break
			}
		}
	}
	for from > 0 && main[from-1] && c.runScore(c.runs[from-1]) >= minLead && !notLead.has(c.elems[c.runs[from-1].elem].tag) {
		from--
	}
	for i := range main {
		main[i] = main[i] && i >= from && i < int(e.end)
	}
}

// dropLabelled takes what stands below a label such as "Related articles" out
// of main text.
func (c *content) dropLabelled(main []bool) {
	found := 0
	for i, r := range c.runs {
		if !main[i] || r.end-r.start > maxLabelBytes || int(c.elems[r.elem].run) != i || listed.has(c.elems[r.elem].tag) {
			continue
		}
		if !isLabel(c.outline.text[r.start:r.end]) {
			continue
		}
		from, to := c.labelled(i)
		for j := from; j < to; j++ {
			main[j] = false
		}
		if found++; found == maxLabels {
			return
		}
	}
}

// labelled are the runs that a label stands above: of the greatest small element
// that begins with it, or where that holds no more than it, its siblings: below a
// heading up to the next of its rank, below a line up to the next paragraph.
func (c *content) labelled(i int) (from, to int32) {
	total := c.score[len(c.runs)]
	e := c.runs[i].elem
	for p := c.elems[e].parent; p > 0 && int(c.elems[p].run) == i; p = c.elems[p].parent {
		if n := in(c.score, &c.elems[p]); 3*n >= total && total-n <= 2*minMainBytes {
			break
		}
		e = p
	}
	from, to = c.elems[e].run, c.elems[e].end
	if to-from > 1 {
		return from, to
	}
	level := headingLevel(c.elems[c.runs[i].elem].tag)
	to = c.elems[c.elems[e].parent].end
	for j := int32(i + 1); j < to; j++ {
		l := headingLevel(c.elems[c.runs[j].elem].tag)
		if level > 0 && l > 0 && l <= level && c.runs[j].link == 0 || level == 0 && c.isProse(c.runs[j]) {
			to = j
		}
	}
	if c.score[to]-c.score[from] > total/3 {
		return 0, 0
	}
	return from, to
}

// trim takes lines before the first and after the last sentence of an article
// out of it: dates, names, captions, buttons. The heading above the text is
// known by itself.
func (c *content) trim(main []bool, kinds []runKind) {
	first, last := -1, -1
	for i, r := range c.runs {
		if main[i] && c.isProse(r) && c.elems[r.elem].tag != tagH1 {
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	if first < 0 {
		return
	}
	c.markHeadline(first, kinds)
	for i, r := range c.runs {
		tag := c.elems[r.elem].tag
		switch {
		case !main[i] || i >= first && i <= last:
		case tag == tagH1 && i < first:
			kinds[i] = headline
		case !headings.has(tag) && !listed.has(tag):
			kinds[i] = boilerplate
		}
	}
}

// markHeadline looks for the heading above the text that stands before it, apart
// from it: an h1 that the title has too.
func (c *content) markHeadline(first int, kinds []runKind) {
	for i := first - 1; i >= max(0, first-maxHeadlineRuns); i-- {
		r := c.runs[i]
		if c.elems[r.elem].tag != tagH1 || r.end-r.start > maxHeadingBytes {
			continue
		}
		text := oneLine(c.outline.text[r.start:r.end], maxHeadingBytes)
		if strings.Contains(c.title, text) || strings.Contains(c.ogTitle, text) {
			kinds[i] = headline
			return
		}
	}
}

// isProse tells whether a run is a sentence, or long enough to be one.
func (c *content) isProse(r run) bool {
	return c.runScore(r) > 0 || 2*r.link < r.end-r.start && endsSentence(c.outline.text[r.start:r.end])
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

var (
	paragraphs = tagsOf(tagP, tagPre, tagBlockquote, tagLi, tagUl, tagOl, tagDl, tagDt, tagDd, tagH1, tagH2, tagH3, tagH4, tagH5, tagH6)
	linkPlaces = tagsOf(tagDiv, tagP, tagSection, tagArticle, tagCenter, tagBlockquote)
	notLead    = tagsOf(tagFigcaption, tagFigure, tagLi, tagTd, tagTh, tagDd, tagDt, tagH1, tagH2, tagH3, tagH4, tagH5, tagH6)
	listed     = tagsOf(tagLi, tagTd, tagTh, tagDt, tagDd, tagPre)
)
