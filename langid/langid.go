// Package langid tells which of 85 natural languages a text is in: 62 by the
// letters of their words, 23 by their script.
//
// The script that most of the text is written in comes first. If the web writes
// one language in it (Greek, Thai, Hangul ...), that is the answer; kana among
// Han make Japanese. Else the words are taken letter by letter, and of each
// letter the table (table.go) says how likely it is after those before it, in
// each of the script's languages: a naive Bayes classifier over n-grams of one
// to five letters and word edges, the longest that the table has. Words that
// are part of addresses, file names, identifiers and numbers do not count.
//
// Limits: 2 KiB of text are looked at, 40 letters of a word. A text with fewer
// than 3 letters has no language (one sign of a script that needs no table is
// enough), nor has one whose letters follow each other as in no language known
// here, which is so for four in five paragraphs in languages without a table.
// Answers are BCP 47 primary tags: nb and nn, never no; sr for both of its
// alphabets; zh for both forms of writing.
//
// Nothing is allocated, the same text has the same answer everywhere, and any
// number of goroutines may call.
//
// Sources: Cavnar and Trenkle, "N-Gram-Based Text Categorization", 1994, for
// the idea; the models in the Go module lingua-go (Apache-2.0), counted on the
// Leipzig Corpora Collection, for the numbers; _train makes the table of them.
package langid

import "math"

const (
	maxText    = 2 << 10 // bytes: what is said after is seldom in another language
	minLetters = 3

	// Letters of a word are not independent of each other, and words of a text
	// are not of its subject, so that the sum of their logarithms claims too
	// much; this is the divisor that makes confidence come true.
	overconfidence = 2.0

	// The mean level of text in a language is 1.6, under 2.9 even where it is
	// spelled or worded unusually; of text in one that has no table 4.8. Short
	// texts stray more: 99 of 100 known ones are below the line.
	strangeLevel = 2.9
	strangeStray = 8.0 // over the square root of the letters
)

// Detect names the language of a text, or "" if it has none that is known.
// Confidence is the probability of the answer, 0 to 1.
func Detect(text string) (tag string, confidence float64) {
	return DetectWith(text, Hint{})
}

// DetectWith does so with what is known beside the text. Authors often claim
// what is not so, above all English, because a template did; so claims and text
// are weighed against each other: a claim decides short texts and between close
// languages. A claim of a language that this package does not know is believed
// unless the text is plainly English, and one without any text at half.
func DetectWith(text string, h Hint) (tag string, confidence float64) {
	text = text[:min(len(text), maxText)]
	var c census
	c.count(text)
	script, share := c.main()
	claims := h.claims()
	switch {
	case script == none:
		tag, confidence = "", 0
	case script == han:
		tag, confidence = c.eastAsian(claims)
	case languageOf[script] != "":
		tag, confidence = languageOf[script], share
	default:
		tag, confidence = defaultTable().detect(text, script, claims)
		confidence *= share
	}
	return claims.settle(tag, confidence)
}

// eastAsian tells Japanese from Chinese: the one has kana, but for headlines
// and names, where a claim decides.
func (c *census) eastAsian(claims claims) (tag string, confidence float64) {
	const kanaShare, headline = 20, 90 // one sign of so many; bytes
	all := c.bytes[han] + c.bytes[kana]
	share := float64(all) / float64(c.total)
	switch {
	case c.bytes[kana]*kanaShare > all:
		return "ja", share
	case all < headline && claims.weight("ja") > claims.weight("zh"):
		return "ja", share / 2
	}
	return "zh", share
}

// detect is for a script that more than one language is written in.
func (t *table) detect(text string, script int, claims claims) (tag string, confidence float64) {
	s := sums{g: t.groups[script]}
	s.text(text, uint8(script))
	if s.letters < minLetters {
		return "", 0
	}
	var score [maxLangs]float64
	best := 0
	for l, tag := range s.g.tags {
		score[l] = claims.weight(tag) - t.step/overconfidence*float64(s.total[l])
		if score[l] > score[best] {
			best = l
		}
	}
	if s.isStrange(best) {
		return "", 0
	}
	all := 0.0 // of likelihoods, the best one's being 1
	for l := range s.g.tags {
		all += math.Exp(score[l] - score[best])
	}
	return s.g.tags[best], 1 / all
}

// isStrange tells whether the words look like none of even the likeliest language.
func (s *sums) isStrange(lang int) bool {
	n := float64(s.letters)
	return float64(s.total[lang])/n > strangeLevel+strangeStray/math.Sqrt(n)
}
