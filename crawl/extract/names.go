package extract

// A tagName is the name of an element that extraction knows; tagOther is any
// other, which browsers show as an inline element.
type tagName uint8

const (
	tagOther tagName = iota
	tagA
	tagAbbr
	tagAddress
	tagApplet
	tagArea
	tagArticle
	tagAside
	tagB
	tagBase
	tagBasefont
	tagBdi
	tagBdo
	tagBgsound
	tagBig
	tagBlockquote
	tagBody
	tagBr
	tagButton
	tagCaption
	tagCenter
	tagCite
	tagCode
	tagCol
	tagColgroup
	tagDd
	tagDel
	tagDetails
	tagDfn
	tagDialog
	tagDir
	tagDiv
	tagDl
	tagDt
	tagEm
	tagEmbed
	tagFieldset
	tagFigcaption
	tagFigure
	tagFont
	tagFooter
	tagForm
	tagFrame
	tagFrameset
	tagH1
	tagH2
	tagH3
	tagH4
	tagH5
	tagH6
	tagHead
	tagHeader
	tagHgroup
	tagHr
	tagHtml
	tagI
	tagIframe
	tagImage
	tagImg
	tagInput
	tagIns
	tagKbd
	tagKeygen
	tagLabel
	tagLegend
	tagLi
	tagLink
	tagListing
	tagMain
	tagMark
	tagMarquee
	tagMath
	tagMenu
	tagMeta
	tagNav
	tagNoembed
	tagNoframes
	tagNoscript
	tagObject
	tagOl
	tagOptgroup
	tagOption
	tagP
	tagParam
	tagPlaintext
	tagPre
	tagQ
	tagS
	tagSamp
	tagScript
	tagSearch
	tagSection
	tagSelect
	tagSmall
	tagSource
	tagSpan
	tagStrike
	tagStrong
	tagStyle
	tagSub
	tagSummary
	tagSup
	tagSvg
	tagTable
	tagTbody
	tagTd
	tagTemplate
	tagText
	tagTextarea
	tagTfoot
	tagTh
	tagThead
	tagTime
	tagTitle
	tagTr
	tagTrack
	tagTt
	tagU
	tagUl
	tagVar
	tagVideo
	tagWbr
	tagXmp
)

// An attrKey is the name of an attribute that extraction reads.
type attrKey uint8

const (
	attrOther attrKey = iota
	attrAlt
	attrAriaHidden
	attrAriaLabel
	attrClass
	attrColspan
	attrContent
	attrDataElasticExclude
	attrDataElasticInclude
	attrDataElasticName
	attrDataNosnippet
	attrDataPagefindBody
	attrDataPagefindFilter
	attrDataPagefindIgnore
	attrDataPagefindMeta
	attrDataPagefindWeight
	attrDatetime
	attrHidden
	attrHref
	attrHreflang
	attrHttpEquiv
	attrId
	attrItemprop
	attrLang
	attrMedia
	attrName
	attrProperty
	attrRel
	attrRole
	attrSrc
	attrStyle
	attrTitle
	attrType
	attrXmlLang
)

var tagNames = [...]string{
	tagA: "a", tagAbbr: "abbr", tagAddress: "address", tagApplet: "applet", tagArea: "area", tagArticle: "article",
	tagAside: "aside", tagB: "b", tagBase: "base", tagBasefont: "basefont", tagBdi: "bdi", tagBdo: "bdo",
	tagBgsound: "bgsound", tagBig: "big", tagBlockquote: "blockquote", tagBody: "body", tagBr: "br",
	tagButton: "button", tagCaption: "caption", tagCenter: "center", tagCite: "cite", tagCode: "code", tagCol: "col",
	tagColgroup: "colgroup", tagDd: "dd", tagDel: "del", tagDetails: "details", tagDfn: "dfn", tagDialog: "dialog",
	tagDir: "dir", tagDiv: "div", tagDl: "dl", tagDt: "dt", tagEm: "em", tagEmbed: "embed", tagFieldset: "fieldset",
	tagFigcaption: "figcaption", tagFigure: "figure", tagFont: "font", tagFooter: "footer", tagForm: "form",
	tagFrame: "frame", tagFrameset: "frameset", tagH1: "h1", tagH2: "h2", tagH3: "h3", tagH4: "h4", tagH5: "h5",
	tagH6: "h6", tagHead: "head", tagHeader: "header", tagHgroup: "hgroup", tagHr: "hr", tagHtml: "html", tagI: "i",
	tagIframe: "iframe", tagImage: "image", tagImg: "img", tagInput: "input", tagIns: "ins", tagKbd: "kbd",
	tagKeygen: "keygen", tagLabel: "label", tagLegend: "legend", tagLi: "li", tagLink: "link", tagListing: "listing",
	tagMain: "main", tagMark: "mark", tagMarquee: "marquee", tagMath: "math", tagMenu: "menu", tagMeta: "meta",
	tagNav: "nav", tagNoembed: "noembed", tagNoframes: "noframes", tagNoscript: "noscript", tagObject: "object",
	tagOl: "ol", tagOptgroup: "optgroup", tagOption: "option", tagP: "p", tagParam: "param", tagPlaintext: "plaintext",
	tagPre: "pre", tagQ: "q", tagS: "s", tagSamp: "samp", tagScript: "script", tagSearch: "search",
	tagSection: "section", tagSelect: "select", tagSmall: "small", tagSource: "source", tagSpan: "span",
	tagStrike: "strike", tagStrong: "strong", tagStyle: "style", tagSub: "sub", tagSummary: "summary", tagSup: "sup",
	tagSvg: "svg", tagTable: "table", tagTbody: "tbody", tagTd: "td", tagTemplate: "template", tagText: "text",
	tagTextarea: "textarea", tagTfoot: "tfoot", tagTh: "th", tagThead: "thead", tagTime: "time", tagTitle: "title",
	tagTr: "tr", tagTrack: "track", tagTt: "tt", tagU: "u", tagUl: "ul", tagVar: "var", tagVideo: "video",
	tagWbr: "wbr", tagXmp: "xmp",
}

var attrNames = [...]string{
	attrAlt: "alt", attrAriaHidden: "aria-hidden", attrAriaLabel: "aria-label", attrClass: "class",
	attrColspan: "colspan", attrContent: "content", attrDataElasticExclude: "data-elastic-exclude",
	attrDataElasticInclude: "data-elastic-include", attrDataElasticName: "data-elastic-name",
	attrDataNosnippet: "data-nosnippet", attrDataPagefindBody: "data-pagefind-body",
	attrDataPagefindFilter: "data-pagefind-filter", attrDataPagefindIgnore: "data-pagefind-ignore",
	attrDataPagefindMeta: "data-pagefind-meta", attrDataPagefindWeight: "data-pagefind-weight",
	attrDatetime: "datetime", attrHidden: "hidden", attrHref: "href", attrHreflang: "hreflang",
	attrHttpEquiv: "http-equiv", attrId: "id", attrItemprop: "itemprop", attrLang: "lang", attrMedia: "media",
	attrName: "name", attrProperty: "property", attrRel: "rel", attrRole: "role", attrSrc: "src", attrStyle: "style",
	attrTitle: "title", attrType: "type", attrXmlLang: "xml:lang",
}

// numAttrs is a power of two for the sake of clearing an array of as many.
const numAttrs = 64

var (
	knownTags  = tableOf(tagNames[:])
	knownAttrs = tableOf(attrNames[:])
)

// A nameTable finds names without regard to ASCII case. Readers compute the hash
// while they look for a name's end: from hashSeed, hashByte for each byte.
type nameTable struct {
	slots []uint16 // index in names, by hash; 0 is empty
	names []string
	shift uint32
}

const hashSeed uint32 = 2166136261

// hashByte goes on with a hash (FNV-1a). Setting bit 5 makes letters lower case;
// what else it makes alike, equalFold tells apart.
func hashByte(h uint32, c byte) uint32 { return (h ^ uint32(c|0x20)) * 16777619 }

// tableOf makes the table of names, of which the first is "" and stands for all
// others. It is at most an eighth full, so that a name not in it is known for
// that by the first look.
func tableOf(names []string) *nameTable {
	t := &nameTable{names: names, shift: 32}
	size := 1
	for size < 8*len(names) {
		size, t.shift = size*2, t.shift-1
	}
	t.slots = make([]uint16, size)
	for i, name := range names[1:] {
		h := hashSeed
		for j := range len(name) {
			h = hashByte(h, name[j])
		}
		at := t.slot(h)
		for t.slots[at] != 0 {
			at = (at + 1) % uint32(size)
		}
		t.slots[at] = uint16(i + 1)
	}
	return t
}

// slot takes the upper bits of a hash times the golden ratio (Knuth, 6.4).
func (t *nameTable) slot(h uint32) uint32 { return h * 2654435769 >> t.shift }

// find returns the index of a name that has hash h, or 0.
func (t *nameTable) find(h uint32, name []byte) int {
	for at := t.slot(h); ; at = (at + 1) % uint32(len(t.slots)) {
		i := t.slots[at]
		if i == 0 {
			return 0
		}
		if equalFold(name, t.names[i]) {
			return int(i)
		}
	}
}

// equalFold compares with a name in lower case.
func equalFold(b []byte, name string) bool {
	if len(b) != len(name) {
		return false
	}
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != name[i] {
			return false
		}
	}
	return true
}
