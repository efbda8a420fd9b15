package extract

import "math/bits"

// A tagSet is a set of the elements that are known.
type tagSet [2]uint64

// tagsOf makes a set. There are at most 128 names: one that is too many does not
// compile, for its set would need a third word.
func tagsOf(tags ...tagName) (s tagSet) {
	for _, t := range tags {
		s[t>>6] |= 1 << (t & 63)
	}
	return s
}

var _ = tagSet{}[(len(tagNames)-1)>>6]

func (s tagSet) has(t tagName) bool { return s[t>>6]>>(t&63)&1 != 0 }

func (s tagSet) isEmpty() bool { return bits.OnesCount64(s[0]|s[1]) == 0 }

// blocks are the elements that part the text before, in and after them. Unknown
// elements are inline, as in browsers.
var blocks = tagsOf(tagAddress, tagArticle, tagAside, tagBlockquote, tagButton, tagCaption, tagCenter, tagDd, tagDetails,
	tagDialog, tagDir, tagDiv, tagDl, tagDt, tagFieldset, tagFigcaption, tagFigure, tagFooter, tagForm, tagFrameset,
	tagH1, tagH2, tagH3, tagH4, tagH5, tagH6, tagHeader, tagHgroup, tagLegend, tagLi, tagListing, tagMain, tagMenu, tagNav,
	tagNoscript, tagOl, tagOptgroup, tagOption, tagP, tagPlaintext, tagPre, tagSearch, tagSection, tagSelect, tagSummary,
	tagTable, tagTbody, tagTd, tagTextarea, tagTfoot, tagTh, tagThead, tagTr, tagUl, tagXmp)

// voids are the elements that have no end tag.
var voids = tagsOf(tagArea, tagBase, tagBasefont, tagBgsound, tagBr, tagCol, tagEmbed, tagFrame, tagHr, tagImage, tagImg,
	tagInput, tagKeygen, tagLink, tagMeta, tagParam, tagSource, tagTrack, tagWbr)

// closesP are the elements whose start tag ends an open paragraph.
var closesP = tagsOf(tagAddress, tagArticle, tagAside, tagBlockquote, tagCenter, tagDd, tagDetails, tagDialog, tagDir,
	tagDiv, tagDl, tagDt, tagFieldset, tagFigcaption, tagFigure, tagFooter, tagForm, tagH1, tagH2, tagH3, tagH4, tagH5,
	tagH6, tagHeader, tagHgroup, tagHr, tagLi, tagListing, tagMain, tagMenu, tagNav, tagOl, tagP, tagPlaintext, tagPre,
	tagSearch, tagSection, tagSummary, tagTable, tagUl, tagXmp)

// scopes are the elements that hide what is open outside of them from end tags
// and implied ends within.
var scopes = tagsOf(tagApplet, tagCaption, tagHtml, tagMarquee, tagMath, tagObject, tagSvg, tagTable, tagTd, tagTemplate,
	tagTh)

// throughScopes are the elements whose end tags reach through table cells.
var throughScopes = tagsOf(tagCaption, tagMath, tagSvg, tagTable, tagTbody, tagTd, tagTemplate, tagTfoot, tagTh, tagThead,
	tagTr)

// headOnly are the elements that may stand before the body begins.
var headOnly = tagsOf(tagBase, tagBasefont, tagBgsound, tagHead, tagHtml, tagLink, tagMeta, tagNoframes, tagNoscript,
	tagScript, tagStyle, tagTemplate, tagTitle)

// headings are h1 to h6.
var headings = tagsOf(tagH1, tagH2, tagH3, tagH4, tagH5, tagH6)

// headingLevel is 1 to 6 for h1 to h6, else 0.
func headingLevel(t tagName) int {
	if !headings.has(t) {
		return 0
	}
	return int(t-tagH1) + 1
}

// controls are elements that one works, not reads.
var controls = tagsOf(tagButton, tagForm, tagInput, tagLabel, tagSelect, tagTextarea)

// separator is what parts an element from its neighbours: a tab the cells of a
// row, a space the labels of a drawing and inline elements.
func separator(t tagName) byte {
	switch {
	case t == tagTd || t == tagTh:
		return '\t'
	case !blocks.has(t):
		return ' '
	}
	return '\n'
}

// ends says what a start tag ends, by name: the innermost open element of
// closes, unless one of stops stands between or, where stops is empty, the edge
// of a scope.
var ends = func() (e [len(tagNames)]struct{ closes, stops tagSet }) {
	set := func(closes, stops tagSet, tags ...tagName) {
		for _, t := range tags {
			e[t].closes, e[t].stops = closes, stops
		}
	}
	lists := tagsOf(tagUl, tagOl, tagDl, tagMenu, tagDir, tagTable, tagTd, tagTh)
	table := tagsOf(tagTable)
	set(tagsOf(tagLi), lists, tagLi)
	set(tagsOf(tagDt, tagDd), lists, tagDt, tagDd)
	set(tagsOf(tagTd, tagTh), tagsOf(tagTr, tagTable), tagTd, tagTh)
	set(tagsOf(tagTr, tagCaption, tagColgroup), table, tagTr)
	set(tagsOf(tagThead, tagTbody, tagTfoot, tagCaption, tagColgroup), table,
		tagThead, tagTbody, tagTfoot, tagCaption, tagColgroup)
	set(tagsOf(tagOption), tagsOf(tagSelect), tagOption, tagOptgroup)
	set(tagsOf(tagButton), tagSet{}, tagButton)
	return e
}()
