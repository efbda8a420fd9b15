package extract

import "strings"

// Keyword stuffing: a paragraph that says a few words of three letters and more over and over. No prose and no
// table of names has less than one new word in twelve over so many.
const (
	stuffedWords    = 60
	stuffedDistinct = 12
)

// unstuff moves such paragraphs of the main text to Hidden, and flags the page.
func (p *Page) unstuff() {
	if len(p.Body) < 2*stuffedWords {
		return
	}
	var kept, moved []string
	for line := range strings.SplitSeq(p.Body, "\n") {
		if len(line) >= 2*stuffedWords && stuffed(line) {
			moved = append(moved, line)
		} else {
			kept = append(kept, line)
		}
	}
	if moved == nil {
		return
	}
	p.Body, p.HiddenText = strings.Join(kept, "\n"), true
	p.Hidden = strings.TrimPrefix(p.Hidden+"\n"+strings.Join(moved, "\n"), "\n")
	for i := range p.Sections {
		for _, m := range moved {
			p.Sections[i].Text = strings.Trim(strings.Replace(p.Sections[i].Text, m, "", 1), "\n")
		}
	}
}

// stuffed tells whether a paragraph is stuffed. It looks at its words until there are
// too many different ones: a paragraph of prose is left after some thirty.
func stuffed(line string) bool {
	seen := make(map[string]bool, 8)
	words := 0
	for w := range strings.FieldsSeq(line) {
		if len(w) < 3 {
			continue
		}
		words++
		seen[w] = true
		if len(seen)*stuffedDistinct > max(words, 4*stuffedWords) {
			return false
		}
	}
	return words >= stuffedWords && len(seen)*stuffedDistinct <= words
}
