package extract

import "html"

const (
	minVouched   = 500 // bytes of prose that structured data must confirm
	vouchedShare = 0.6 // of a run's word sequences, and of the text that confirms
)

// vouch marks the runs of prose that stand in the text which structured data
// gives as the article's (articleBody). It is evidence, not the text itself: it
// is nil where that is a summary, or the text of something else.
func (o *outline) vouch(body string) []bool {
	if len(body) < minVouched {
		return nil
	}
	known := make(map[uint64]struct{}, len(body)/6)
	sequences([]byte(html.UnescapeString(body)), func(h uint64) { known[h] = struct{}{} })
	vouched := make([]bool, len(o.runs))
	bytes := 0
	for i, r := range o.runs {
		if o.runScore(r) == 0 {
			continue
		}
		all, found := 0, 0
		sequences(o.text[r.start:r.end], func(h uint64) {
			all++
			if _, ok := known[h]; ok {
				found++
			}
		})
		if all > 0 && float64(found) >= vouchedShare*float64(all) {
			vouched[i] = true
			bytes += int(r.end - r.start)
		}
	}
	if bytes < minVouched || float64(bytes) < vouchedShare*float64(len(body)) {
		return nil
	}
	return vouched
}

// sequences calls f with a hash of each three words in a row. Marks of markup
// part words like any sign.
func sequences(b []byte, f func(uint64)) {
	var a, prev, h uint64
	words := 0
	for i := 0; i <= len(b); i++ {
		if i < len(b) && (isLetter(b[i]) || isDigit(b[i]) || b[i] >= 0x80) {
			h = (h ^ uint64(b[i])) * 1099511628211
			continue
		}
		if h == 0 {
			continue
		}
		if words++; words >= 3 {
			f(a*31 + prev*17 + h)
		}
		a, prev, h = prev, h, 0
	}
}
