package langid

import (
	"strings"
	"sync"
)

// A Hint is what is known of a text's language beside the text. All of it may
// be empty or wrong.
type Hint struct {
	HTMLLang        string // lang of the html element
	ContentLanguage string // the header; may list several
	TLD             string // of the host, in lower case, without a dot; "xn--p1ai", not "рф"
}

// What claims weigh against the text, in nats of probability: a page that
// claims to be in German is 20 times likelier to be so than one that claims
// nothing. English is the language of templates and of server defaults.
const (
	htmlWeight    = 3.0
	headerWeight  = 1.5
	tldWeight     = 1.5
	englishWeight = 1.0 / 3 // of these
)

// claims are a hint made ready: at most so many languages.
type claims struct {
	langs   [8]string
	weights [8]float64
	n       int
	html    string // what the page itself claims
}

func (h Hint) claims() claims {
	var c claims
	c.html = primary(h.HTMLLang)
	c.add(c.html, htmlWeight)
	for part := range strings.SplitSeq(h.ContentLanguage[:min(len(h.ContentLanguage), 100)], ",") {
		c.add(primary(strings.Trim(part, " \t")), headerWeight)
	}
	for tag := range strings.SplitSeq(languagesOf[h.TLD], " ") {
		c.add(tag, tldWeight)
	}
	return c
}

func (c *claims) add(tag string, weight float64) {
	if tag == "" || c.n == len(c.langs) {
		return
	}
	if tag == "en" {
		weight *= englishWeight
	}
	c.langs[c.n], c.weights[c.n] = tag, weight
	c.n++
}

func (c *claims) weight(tag string) float64 {
	sum := 0.0
	for i, l := range c.langs[:c.n] {
		if l == tag {
			sum += c.weights[i]
		}
	}
	return sum
}

// settle puts the page's claim in the place of an answer where the text has
// none, or can not have the right one.
func (c *claims) settle(tag string, confidence float64) (string, float64) {
	const believed, plainly = 0.5, 0.95
	switch {
	case c.html == "" || c.html == tag:
		return tag, confidence
	case tag == "":
		return c.html, believed
	case isForeign(c.html) && !(tag == "en" && confidence > plainly):
		return c.html, believed
	}
	return tag, confidence
}

// primary is the primary subtag of a language tag in its present form, or "" if
// it is not one of a language that is known by name.
func primary(tag string) string {
	if i := strings.IndexAny(tag, "-_"); i >= 0 {
		tag = tag[:i]
	}
	if len(tag) < 2 || len(tag) > 3 {
		return ""
	}
	var low [3]byte
	for i := range len(tag) {
		if low[i] = tag[i] | 0x20; low[i] < 'a' || low[i] > 'z' {
			return ""
		}
	}
	if known, ok := present()[string(low[:len(tag)])]; ok {
		return known
	}
	return ""
}

// isForeign tells the languages that no text is found to be in.
func isForeign(tag string) bool { return foreign[tag] }

// foreignTags are ISO 639-1's languages but for those above, and some of
// 639-3 with a literature on the web.
const foreignTags = "aa ab ae ak an as av ay ba bh bi bm br ce ch co cr cu cv dz ee ff fj fo fy gd gl gn gv ha ho ht hz ia ie ig ii ik io " +
	"iu jv kg ki kj kl kr ks ku kv kw ky lb li ln lu mg mh mt na nd ne ng nr nv ny oc oj om os pi ps qu rm rn rw sa sc sd se sg sm ss su " +
	"tg ti tk to tt tw ty ug uz ve vo wa wo yi za ast bar ceb ckb dsb frr fur gsw haw hsb ilo kab lad lmo nap nds nso pcm pms sah sat scn sco szl vec war"

var foreign = func() map[string]bool {
	out := map[string]bool{}
	for tag := range strings.FieldsSeq(foreignTags) {
		out[tag] = true
	}
	return out
}()

// present gives every tag that is known its present form.
var present = sync.OnceValue(func() map[string]string {
	out := map[string]string{"no": "nb", "iw": "he", "ji": "yi", "in": "id", "mo": "ro", "sh": "sr", "fil": "tl", "cmn": "zh", "arb": "ar", "zlm": "ms", "als": "sq", "yue": "zh"}
	tags := append(languageOf[:], "ja", "zh")
	for _, g := range defaultTable().groups {
		if g != nil {
			tags = append(tags, g.tags...)
		}
	}
	for tag := range foreign {
		tags = append(tags, tag)
	}
	for _, tag := range tags {
		if tag != "" {
			out[tag] = tag
		}
	}
	return out
})

// languagesOf has the languages of countries and of regions with a domain, the
// official ones that this package knows. Domains that are sold to all the world
// (.io, .tv, .me, .co) say nothing.
var languagesOf = func() map[string]string {
	out := map[string]string{}
	for _, line := range [...]string{
		"ar: ae bh dz eg iq jo kw lb ly ma om ps qa sa sd sy tn ye xn--mgbaam7a8h xn--wgbh1c xn--mgberp4a5d4ar", "az: az", "be ru: by",
		"bg: bg", "bn: bd", "bs hr sr: ba", "ca: cat", "cs: cz", "cy en: wales cymru", "da: dk", "de: de at li", "de fr it: ch", "el: gr",
		"en: us au gb", "en cy: uk", "ga en: ie", "el tr: cy", "es: ar bo cl cr cu do ec gt hn mx ni pa pe py sv uy ve", "es ca eu: es",
		"et: ee", "eu: eus", "fa: ir af", "fi sv: fi", "fr: fr sn ci ml bf bj mg", "he ar: il", "hi en: in", "hr: hr", "hu: hu", "hy: am xn--y9a3aq",
		"id: id", "is: is", "it: it sm va", "ja: jp", "ka: ge xn--node", "kk ru: kz xn--80ao21a", "ko: kr kp", "lg en: ug", "lt: lt", "lv: lv",
		"mi en: nz", "mk: mk xn--d1alf", "mn: mn xn--l1acc", "ms en: my bn", "nb nn: no", "nl: nl sr", "nl fr: be", "pl: pl", "pt: pt br ao mz cv",
		"ro: ro", "ro ru: md", "ru: ru su xn--p1ai", "si ta: lk", "sk: sk", "sl: si", "sn en: zw", "sq: al", "sr: rs xn--90a3ac", "st en: ls",
		"sv: se", "sw: tz", "sw en: ke", "th: th xn--o3cw4h", "tl en: ph", "tn en: bw", "tr: tr", "uk ru: ua xn--j1amh", "ur en: pk", "vi: vn",
		"yo en: ng", "zh: cn tw xn--fiqs8s xn--kprw13d", "zh en: hk sg", "af zu xh en: za", "km: kh", "my: mm", "am: et", "dv: mv", "lo: la",
	} {
		tags, domains, _ := strings.Cut(line, ": ")
		for d := range strings.FieldsSeq(domains) {
			out[d] = tags
		}
	}
	return out
}()
