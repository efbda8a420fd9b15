package analysis

// porter stems a lower-case English word in place: M. F. Porter, An algorithm for
// suffix stripping, Program 14(3), 1980. Words of one or two letters stay as they
// are, as in the author's own program. Bytes that are no vowel are consonants.
func porter(w []byte) []byte {
	if len(w) <= 2 {
		return w
	}
	w = porterPlural(w)
	w = porterPast(w)
	if n := len(w); w[n-1] == 'y' && hasVowel(w[:n-1]) {
		w[n-1] = 'i'
	}
	w = replaceSuffix(w, porterStep2, 0)
	w = replaceSuffix(w, porterStep3, 0)
	w = replaceSuffix(w, porterStep4, 1)
	return porterFinalE(w)
}

// A suffixRule turns a suffix to another when what stands before it is long enough.
type suffixRule struct{ from, to string }

// In each step the first suffix that fits decides, so a longer one stands before
// the shorter that ends it.
var (
	porterStep2 = []suffixRule{
		{"ational", "ate"}, {"tional", "tion"}, {"enci", "ence"}, {"anci", "ance"}, {"izer", "ize"},
		{"abli", "able"}, {"alli", "al"}, {"entli", "ent"}, {"eli", "e"}, {"ousli", "ous"},
		{"ization", "ize"}, {"ation", "ate"}, {"ator", "ate"}, {"alism", "al"}, {"iveness", "ive"},
		{"fulness", "ful"}, {"ousness", "ous"}, {"aliti", "al"}, {"iviti", "ive"}, {"biliti", "ble"},
	}
	porterStep3 = []suffixRule{
		{"icate", "ic"}, {"ative", ""}, {"alize", "al"}, {"iciti", "ic"}, {"ical", "ic"}, {"ful", ""}, {"ness", ""},
	}
	porterStep4 = []suffixRule{
		{"al", ""}, {"ance", ""}, {"ence", ""}, {"er", ""}, {"ic", ""}, {"able", ""}, {"ible", ""}, {"ant", ""},
		{"ement", ""}, {"ment", ""}, {"ent", ""}, {"sion", "s"}, {"tion", "t"}, {"ou", ""}, {"ism", ""},
		{"ate", ""}, {"iti", ""}, {"ous", ""}, {"ive", ""}, {"ize", ""},
	}
)

// replaceSuffix applies the first rule that fits if the stem's measure, with what
// the rule leaves of the suffix, is above limit.
func replaceSuffix(w []byte, rules []suffixRule, limit int) []byte {
	for _, r := range rules {
		// The last letter but one parts the rules best: it is looked at first.
		if n, k := len(w), len(r.from); n < k || w[n-2] != r.from[k-2] || !endsIn(w, r.from) {
			continue
		}
		stem := w[:len(w)-len(r.from)]
		if limit > 0 { // step 4 counts the s and t of -sion and -tion to the stem
			stem = w[:len(stem)+len(r.to)]
			if measure(stem) > limit {
				return stem
			}
			return w
		}
		if measure(stem) > limit {
			return append(stem, r.to...)
		}
		return w
	}
	return w
}

// porterPlural is step 1a.
func porterPlural(w []byte) []byte {
	n := len(w)
	switch {
	case endsIn(w, "sses"), endsIn(w, "ies"):
		return w[:n-2]
	case endsIn(w, "ss"):
	case w[n-1] == 's':
		return w[:n-1]
	}
	return w
}

// porterPast is step 1b.
func porterPast(w []byte) []byte {
	n := len(w)
	switch {
	case endsIn(w, "eed"):
		if measure(w[:n-3]) > 0 {
			return w[:n-1]
		}
		return w
	case endsIn(w, "ed") && hasVowel(w[:n-2]):
		w = w[:n-2]
	case endsIn(w, "ing") && hasVowel(w[:n-3]):
		w = w[:n-3]
	default:
		return w
	}
	switch n = len(w); {
	case endsIn(w, "at"), endsIn(w, "bl"), endsIn(w, "iz"):
		return append(w, 'e')
	case endsDouble(w):
		if c := w[n-1]; c != 'l' && c != 's' && c != 'z' {
			return w[:n-1]
		}
	case measure(w) == 1 && endsCVC(w):
		return append(w, 'e')
	}
	return w
}

// porterFinalE is step 5.
func porterFinalE(w []byte) []byte {
	if n := len(w); w[n-1] == 'e' {
		stem := w[:n-1]
		if m := measure(stem); m > 1 || m == 1 && !endsCVC(stem) {
			w = stem
		}
	}
	if n := len(w); n > 1 && w[n-1] == 'l' && w[n-2] == 'l' && measure(w[:n-1]) > 1 {
		w = w[:n-1]
	}
	return w
}

func endsIn(w []byte, suffix string) bool {
	return len(w) >= len(suffix) && string(w[len(w)-len(suffix):]) == suffix
}

// vowelAt tells whether w[i] is a vowel: y is one behind a consonant.
func vowelAt(w []byte, i int) bool {
	switch w[i] {
	case 'a', 'e', 'i', 'o', 'u':
		return true
	case 'y':
		return i > 0 && !vowelAt(w, i-1)
	}
	return false
}

func hasVowel(w []byte) bool {
	for i := range w {
		if vowelAt(w, i) {
			return true
		}
	}
	return false
}

// measure counts the steps from vowel to consonant: the m of [C](VC)^m[V].
func measure(w []byte) int {
	m, vowel := 0, false
	for i, c := range w {
		now := c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u' || c == 'y' && i > 0 && !vowel
		if vowel && !now {
			m++
		}
		vowel = now
	}
	return m
}

func endsDouble(w []byte) bool {
	n := len(w)
	return n > 1 && w[n-1] == w[n-2] && !vowelAt(w, n-1)
}

// endsCVC is the paper's *o: consonant, vowel, consonant, the last not w, x or y.
func endsCVC(w []byte) bool {
	n := len(w)
	if n < 3 || vowelAt(w, n-1) || !vowelAt(w, n-2) || vowelAt(w, n-3) {
		return false
	}
	c := w[n-1]
	return c != 'w' && c != 'x' && c != 'y'
}
