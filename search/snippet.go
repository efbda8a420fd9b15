package search

import (
	"math/bits"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/trawlsearch/trawl/analysis"
)

const (
	maxSnippetText    = 1 << 20 // bytes of a text that are looked at: 20 ms
	sectionChars      = 160     // of the snippet of a section
	snippetSentences  = 3
	shortSnippetChars = 120 // below, the next sentence follows for context
	shortSentence     = 16  // bytes; a shorter one, like "Fig. 1.", goes with the next
	ellipsis          = "…"
)

// A sentence is a place of a text, and the words of the query in it.
type sentence struct {
	start, end int
	paragraph  bool   // it opens one
	words      uint64 // which words of the query it has
	marks      []mark
	chars      int
}

// A passage is a text and where the words of the query are in it.
type passage struct {
	text  string
	marks []mark
}

// passage looks for the words of the query in a text, or in what is looked at of it.
func (m *marker) passage(a *analysis.Analyzer, text string) passage {
	if end := maxSnippetText; len(text) > end {
		for end > 0 && !utf8.RuneStart(text[end]) {
			end--
		}
		text = text[:end]
	}
	return passage{text, m.marks(a, text)}
}

// snippet shows the sentences of a text that hold the words of the query: at most
// three, and so many characters. Without such a sentence it is the text's beginning.
// A sentence too long is cut around its words. best is where the sentence begins that
// says most of the query, -1 if there is none.
func (p passage) snippet(chars int) (spans []Span, best int) {
	all := sentences(p.text)
	if len(all) == 0 {
		return nil, -1
	}
	assign(all, p.marks)
	c := choose(all, chars)
	best = -1
	if c.len() == 0 {
		c.add(0, all)
	} else {
		best = all[c.numbers[0]].start
	}
	c.widen(all)
	return c.show(all, p.text), best
}

// show is the text of the sentences that were chosen.
func (c *choice) show(all []sentence, text string) []Span {

	var out []Span
	last := -1
	for i := range all {
		if !c.has(i) {
			continue
		}
		switch {
		case last < 0 && !all[i].paragraph:
			out = append(out, Span{Text: ellipsis + " "})
		case last >= 0 && last == i-1:
			out = appendSpan(out, " ", false)
		case last >= 0:
			out = appendSpan(out, " "+ellipsis+" ", false)
		}
		out = all[i].appendTo(out, text, c.limit)
		last = i
	}
	return out
}

// assign gives each sentence the marks within it. Both rise.
func assign(all []sentence, marks []mark) {
	for i := range all {
		s := &all[i]
		n := 0
		for n < len(marks) && marks[n].start < s.end {
			if marks[n].start >= s.start && marks[n].end <= s.end {
				s.words |= 1 << marks[n].word
			}
			n++
		}
		s.marks, marks = marks[:n], marks[n:]
	}
}

// A choice is up to three sentences, by number, and their length.
type choice struct {
	numbers []int
	words   uint64
	chars   int
	limit   int // of chars
}

func (c *choice) len() int { return len(c.numbers) }

func (c *choice) has(i int) bool { return slices.Contains(c.numbers, i) }

func (c *choice) add(i int, all []sentence) {
	c.numbers = append(c.numbers, i)
	c.words |= all[i].words
	c.chars += min(all[i].chars, c.limit)
}

// choose takes, one after the other, the sentence that has most words of the query
// that no sentence before has, then most of all, then the first.
func choose(all []sentence, limit int) choice {
	c := choice{limit: limit}
	for c.len() < snippetSentences {
		best, bestGain := -1, 0
		for i := range all {
			s := &all[i]
			if s.words == 0 || c.has(i) || c.len() > 0 && c.chars+s.chars > limit {
				continue
			}
			gain := 8*bits.OnesCount64(s.words&^c.words) + bits.OnesCount64(s.words)
			if s.chars > limit {
				gain-- // it will be cut
			}
			if gain > bestGain {
				best, bestGain = i, gain
			}
		}
		if best < 0 {
			break
		}
		c.add(best, all)
	}
	return c
}

// widen adds to a short choice what follows it, or else what precedes it.
func (c *choice) widen(all []sentence) {
	for c.chars < min(shortSnippetChars, c.limit/2) && c.len() < snippetSentences {
		before, behind := slices.Min(c.numbers)-1, slices.Max(c.numbers)+1
		switch {
		case behind < len(all) && c.chars+all[behind].chars <= c.limit:
			c.add(behind, all)
		case before >= 0 && c.chars+all[before].chars <= c.limit:
			c.add(before, all)
		default:
			return
		}
	}
}

// appendTo shows a sentence; one too long from shortly before the place where
// most of its words are near each other.
func (s *sentence) appendTo(out []Span, text string, chars int) []Span {
	if s.chars <= chars {
		return spans(out, text, s.start, s.end, s.marks)
	}
	start, most := s.start, 0
	for i, m := range s.marks {
		words := uint64(0)
		for _, later := range s.marks[i:] {
			if later.end-m.start > chars*3/4 {
				break
			}
			words |= 1 << later.word
		}
		if n := bits.OnesCount64(words); n > most {
			start, most = m.start, n
		}
	}
	start = backwards(text, s.start, start, chars/6)
	end := forwards(text, start, s.end, chars)
	if start > s.start {
		out = appendSpan(out, ellipsis, false)
	}
	out = spans(out, text, start, end, s.marks)
	if end < s.end {
		out = appendSpan(out, ellipsis, false)
	}
	return out
}

// backwards is the start of a word at most chars characters before at, or at.
func backwards(text string, from, at, chars int) int {
	start := at
	for i := at; i > from && chars > 0; chars-- {
		r, n := utf8.DecodeLastRuneInString(text[from:i])
		if unicode.IsSpace(r) {
			start = i
		}
		if i -= n; i == from {
			start = from
		}
	}
	return start
}

// forwards is the end of a word at most chars characters behind from.
func forwards(text string, from, to, chars int) int {
	end := from
	for i, r := range text[from:to] {
		if chars--; chars < 0 {
			if end == from { // one endless word
				end = from + i
			}
			return end
		}
		if unicode.IsSpace(r) {
			end = from + i
		}
	}
	return to
}

// sentences cuts a text at line feeds and at the ends of sentences: a full stop or
// the like, then white space, then no lower-case letter. Ideographic ones need no
// space.
func sentences(text string) []sentence {
	var out []sentence
	paragraph := true
	for start := 0; start < len(text); {
		end, feed := sentenceEnd(text, start)
		s := sentence{start: start, end: end, paragraph: paragraph}
		start, paragraph = end, feed
		for s.start < s.end && unicode.IsSpace(rune(text[s.start])) {
			s.start++
		}
		s.end = s.start + len(strings.TrimRightFunc(text[s.start:s.end], unicode.IsSpace))
		s.chars = utf8.RuneCountInString(text[s.start:s.end])
		if s.chars > 0 {
			out = append(out, s)
		}
	}
	return out
}

func sentenceEnd(text string, start int) (end int, feed bool) {
	stopped := false // behind a stop, and closing marks after it
	for i, r := range text[start:] {
		at := start + i
		switch {
		case r == '\n':
			return at + 1, true
		case strings.ContainsRune("。！？", r):
			return at + utf8.RuneLen(r), false
		case strings.ContainsRune(".!?…", r):
			stopped = true
		case stopped && strings.ContainsRune(`"')]}”’»`, r):
		case stopped && unicode.IsSpace(r):
			next, _ := utf8.DecodeRuneInString(strings.TrimLeftFunc(text[at:], unicode.IsSpace))
			if i >= shortSentence && !unicode.IsLower(next) {
				return at, false
			}
			stopped = false
		default:
			stopped = false
		}
	}
	return len(text), true
}
