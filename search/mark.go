package search

import (
	"strings"

	"github.com/trawlsearch/trawl/analysis"
)

// A marker knows the words of a query and finds them in texts by analysing these
// again: the index keeps no places in bytes.
type marker struct {
	terms  map[string]int // to a number below 64: which word of the query it is
	words  []*expansion
	tokens []analysis.Token // scratch
}

// newMarker takes the words of a plan that are not forbidden.
func newMarker(p *plan) *marker {
	m := &marker{terms: map[string]int{}}
	for _, l := range p.leaves {
		if l.silent {
			continue
		}
		for _, t := range l.terms {
			if _, ok := m.terms[string(t)]; !ok {
				m.terms[string(t)] = len(m.terms) % 64
			}
		}
		if l.words != nil {
			m.words = append(m.words, l.words)
		}
	}
	return m
}

// A mark is a word of the query at a place of a text.
type mark struct{ start, end, word int }

// marks finds the words of the query in a text.
func (m *marker) marks(a *analysis.Analyzer, text string) []mark {
	if len(m.terms)+len(m.words) == 0 {
		return nil
	}
	m.tokens = a.Tokens(m.tokens[:0], text)
	var out []mark
	for _, t := range m.tokens {
		word, ok := m.terms[string(t.Term)]
		for i := 0; !ok && i < len(m.words); i++ {
			word, ok = (len(m.terms)+i)%64, m.words[i].matches(t.Term)
		}
		if !ok {
			continue
		}
		next := mark{int(t.Start), int(t.End), word}
		if n := len(out); n > 0 && next.start < out[n-1].end { // pairs of characters overlap
			out[n-1].end = max(out[n-1].end, next.end)
			continue
		}
		out = append(out, next)
	}
	return out
}

// spans cuts text[start:end] at its marks. White space becomes single spaces.
func spans(dst []Span, text string, start, end int, marks []mark) []Span {
	for _, m := range marks {
		if m.start < start || m.end > end {
			continue
		}
		dst = appendSpan(dst, text[start:m.start], false)
		dst = appendSpan(dst, text[m.start:m.end], true)
		start = m.end
	}
	return appendSpan(dst, text[start:end], false)
}

func appendSpan(dst []Span, text string, mark bool) []Span {
	if text == "" {
		return dst
	}
	text = squeeze(text)
	if n := len(dst); n > 0 && dst[n-1].Mark == mark && !mark {
		dst[n-1].Text += text
		return dst
	}
	return append(dst, Span{text, mark})
}

// squeeze makes each run of white space one space.
func squeeze(s string) string {
	if !strings.ContainsAny(s, "\n\t\r\v\f\u00a0\u2028\u3000") && !strings.Contains(s, "  ") {
		return s
	}
	fields := strings.Fields(s)
	out := strings.Join(fields, " ")
	if len(fields) == 0 {
		return " "
	}
	if !strings.HasPrefix(s, fields[0]) {
		out = " " + out
	}
	if !strings.HasSuffix(s, fields[len(fields)-1]) {
		out += " "
	}
	return out
}
