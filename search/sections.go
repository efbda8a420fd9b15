package search

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"github.com/trawlsearch/trawl/analysis"
	"github.com/trawlsearch/trawl/index"
	"github.com/trawlsearch/trawl/rank"
	"github.com/trawlsearch/trawl/section"
)

// Which sections of a hit are shown. Chosen on headings and words of the texts of two
// manuals as queries, whose section is known (docs/decisions/0011); the optima are flat.
const (
	headingFactor = 2    // times the weight of the field headings: the heading is the section's title
	inherited     = 0.25 // of the evidence of a heading counts for the sections below it
	sectionB      = 0.7  // how much a longer section counts less
	sectionMin    = 0.5  // of what the best section adds to its page's title, to be shown
)

// A judge tells which sections of a document answer a query best. A section is scored
// like a document by BM25F (package rank): its fields are the document's title, its
// own heading and, at a quarter of their weight, those above it, and its text; a word counts by
// the document frequencies of the index, and text by how long the section is beside
// the others of its document. What the title alone is worth is left out again, so that
// sections are told apart by what they say beyond it. Words known in part (prefixes,
// wildcards, fuzzy words) count as much as the mean of the others.
//
// The frequencies are the request's (Stats), else those of the part that the document
// is in: other parts may differ by little, and the choice of sections with them.
type judge struct {
	marker *marker
	model  *rank.Model
	idf    []float64 // by word of the marker

	evidence []partEvidence // scratch
}

// newJudge is nil where the index keeps no sections.
func newJudge(p *plan, m *marker, req *Request, snap *index.Snapshot) *judge {
	if _, ok := snap.Schema().Field(fieldSections); !ok {
		return nil
	}
	j := &judge{marker: m, model: p.model, idf: make([]float64, 64)}
	docs := documents(snap)
	if req.Stats != nil {
		docs = req.Stats.Docs
	}
	sum, n := 0.0, 0
	for _, l := range p.leaves {
		if l.silent || l.words != nil {
			continue
		}
		for _, term := range l.terms {
			df := uint64(0)
			for f, field := range l.fields {
				df = max(df, holders(p, l, f, field, term, req, snap))
			}
			idf := rank.IDF(docs, df)
			j.idf[m.terms[string(term)]] = idf
			sum, n = sum+idf, n+1
		}
	}
	mean := 1.0
	if n > 0 {
		mean = sum / float64(n)
	}
	for i := range m.words {
		j.idf[(len(m.terms)+i)%64] = mean
	}
	return j
}

// holders is how many documents hold a term in a field, given by its place in the
// leaf too.
func holders(p *plan, l *leaf, place, field int, term []byte, req *Request, snap *index.Snapshot) (n uint64) {
	if req.Stats != nil {
		return req.Stats.holders(p, l, place, 0, term)
	}
	for _, seg := range snap.Segments() {
		if info, ok := seg.Lookup(field, term); ok {
			n += uint64(info.Docs)
		}
	}
	return n
}

// A counted is how often each word of the query stands in a text, by word.
type counted [64]float32

func (c *counted) add(marks []mark, weight float32) (any bool) {
	for _, m := range marks {
		c[m.word] += weight
	}
	return len(marks) > 0
}

// partEvidence is what a section has of the query.
type partEvidence struct {
	section int     // its number
	anchor  string  // where it is reached: its own
	heading counted // its own and what it has from above
	body    counted
	marks   []mark // within its text
	has     bool   // it holds a word itself
	isTop   bool   // it is the page's own title
	bytes   int    // of its text
	score   float64
}

// sections fills in those of a hit. The body's marks are known, best is where in it the
// snippet is from.
func (j *judge) sections(h *Hit, a *analysis.Analyzer, body passage, title []mark, parts []section.Section, best int) {
	base, err := url.Parse(h.URL)
	if err != nil || h.URL == "" {
		return
	}
	parts = merged(parts)
	if best >= 0 {
		i := slices.IndexFunc(parts, func(s section.Section) bool { return s.Start <= best && best < s.End })
		if i >= 0 && linked(h, parts, i) {
			h.Section = &Section{URL: addressOf(base, parts[i].Anchor), Title: j.heading(a, parts[i]), Level: parts[i].Level}
		}
	}
	if len(body.marks)+len(title) == 0 {
		return
	}
	j.gather(h, a, body, parts)
	var words counted
	words.add(title, 1)
	floor := j.score(&partEvidence{}, &words, 1)
	mean, most := meanBytes(j.evidence), 0.0
	for i := range j.evidence {
		e := &j.evidence[i]
		e.score = j.score(e, &words, mean) - floor
		most = max(most, e.score)
	}
	chosen := slices.DeleteFunc(j.evidence, func(e partEvidence) bool {
		return !e.has || e.isTop || e.anchor == "" || e.score < sectionMin*most
	})
	slices.SortStableFunc(chosen, func(x, y partEvidence) int { return cmp.Compare(y.score, x.score) })
	for _, e := range chosen[:min(len(chosen), MaxSections)] {
		s := parts[e.section]
		snippet, _ := passage{body.text[s.Body:s.End], e.marks}.snippet(sectionChars)
		h.Sections = append(h.Sections, Section{URL: addressOf(base, e.anchor), Title: j.heading(a, s), Level: s.Level, Snippet: snippet})
	}
}

// merged joins sections that nothing leads to with those that they are part of.
func merged(parts []section.Section) []section.Section {
	out := parts[:0]
	for _, s := range parts {
		if n := len(out); n > 0 && s.Anchor == "" && s.Level > out[n-1].Level && out[n-1].Level > 0 {
			out[n-1].End = s.End
			continue
		}
		out = append(out, s)
	}
	return out
}

// linked tells whether a section is a place of its own on the page.
func linked(h *Hit, parts []section.Section, i int) bool {
	s := &parts[i]
	return s.Anchor != "" && strings.TrimSpace(s.Heading) != "" && !isTop(h, parts, i)
}

// isTop tells whether a section is the page itself: the first, under the page's title.
func isTop(h *Hit, parts []section.Section, i int) bool {
	if i > 0 {
		return false
	}
	heading := strings.ToLower(strings.TrimSpace(parts[0].Heading))
	return parts[0].Level == 1 || strings.Contains(strings.ToLower(h.Title), heading)
}

// gather counts the words of the query in each section.
func (j *judge) gather(h *Hit, a *analysis.Analyzer, body passage, parts []section.Section) {
	j.evidence = j.evidence[:0]
	marks := body.marks
	within := func(start, end int) []mark { // those of a piece; pieces rise
		from := 0
		for from < len(marks) && marks[from].start < start {
			from++
		}
		to := from
		for to < len(marks) && marks[to].end <= end {
			to++
		}
		out := marks[from:to]
		marks = marks[to:]
		return out
	}
	var above [7]counted // evidence of headings, by level: what sections below inherit
	for i, s := range parts {
		e := partEvidence{section: i, bytes: s.End - s.Body, isTop: isTop(h, parts, i)}
		if linked(h, parts, i) {
			e.anchor = s.Anchor
		}
		heading := within(s.Start, s.Body)
		if s.Start == s.Body {
			heading = j.marker.marks(a, s.Heading)
		}
		for level := range min(s.Level, len(above)) {
			for w, n := range above[level] {
				e.heading[w] += inherited * n
			}
		}
		if s.Level > 0 && !e.isTop {
			clear(above[s.Level:])
			above[s.Level].add(heading, 1)
		}
		e.has = e.heading.add(heading, 1) && !e.isTop
		for _, m := range within(s.Body, s.End) {
			e.marks = append(e.marks, mark{m.start - s.Body, m.end - s.Body, m.word})
		}
		e.has = e.body.add(e.marks, 1) || e.has
		j.evidence = append(j.evidence, e)
	}
}

func meanBytes(list []partEvidence) float64 {
	sum := 0
	for i := range list {
		sum += list[i].bytes
	}
	return max(1, float64(sum)/float64(len(list)))
}

// score is BM25F of a section under a title.
func (j *judge) score(e *partEvidence, title *counted, meanBytes float64) float64 {
	t, h, b := j.model.Field(fieldTitle), j.model.Field(fieldHeadings), j.model.Field(fieldBody)
	long := 1 - sectionB + sectionB*float64(e.bytes)/meanBytes
	score := 0.0
	for w, idf := range j.idf {
		s := t.Weight*float64(title[w]) + headingFactor*h.Weight*float64(e.heading[w]) + b.Weight*float64(e.body[w])/long
		if s > 0 {
			score += idf * s / (j.model.K1 + s)
		}
	}
	return score
}

// heading is that of a section with its words marked.
func (j *judge) heading(a *analysis.Analyzer, s section.Section) []Span {
	return spans(nil, s.Heading, 0, len(s.Heading), j.marker.marks(a, s.Heading))
}

// addressOf is the address of a page's section.
func addressOf(page *url.URL, anchor string) string {
	u := *page
	u.Fragment, u.RawFragment = anchor, ""
	return u.String()
}
