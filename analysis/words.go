package analysis

import (
	"unicode"
	"unicode/utf8"

	uax29 "github.com/clipperhouse/uax29/v2/words"
)

// Classes of the bytes of words. The middle ones join letters or digits on both
// of their sides: rules WB6, WB7, WB11 and WB12 of UAX #29.
const (
	letter     = 1 << iota // ALetter
	digit                  // Numeric
	underscore             // ExtendNumLet
	midBoth                // MidNumLet, Single_Quote
	midLetter              // MidLetter
	midDigit               // MidNum
	wide                   // not ASCII

	inWord = letter | digit | underscore
)

var class = func() (t [256]uint8) {
	for c := 'a'; c <= 'z'; c++ {
		t[c], t[c-32] = letter, letter
	}
	for c := '0'; c <= '9'; c++ {
		t[c] = digit
	}
	t['_'] = underscore
	t['.'], t['\''] = midBoth, midBoth
	t[':'] = midLetter
	t[','], t[';'] = midDigit, midDigit
	for c := utf8.RuneSelf; c < 256; c++ {
		t[c] = wide
	}
	return t
}()

// words walks over the words of a text that hold a letter or a number. Runs of
// ASCII are read by a table, which is three times as fast as the segmenter; a run
// that holds another byte goes to the segmenter, up to the next ASCII space.
type words struct {
	text  string
	at    int  // everything before it is done
	alnum bool // words are runs of letters and numbers, and nothing else

	start, end int  // the word
	ascii      bool // it is ASCII
	spaceless  bool // it is a run of a script without spaces

	slow bool // it is at the run's words
	base int  // where the run starts
	run  *uax29.Iterator[string]
}

// next moves to the next word; false at the end of the text.
func (w *words) next() bool {
	if w.alnum {
		return w.nextAlnum()
	}
	for {
		if w.slow {
			if w.nextSlow() {
				return true
			}
			w.slow = false
		}
		i := w.at
		for i < len(w.text) && class[w.text[i]]&(inWord|wide) == 0 {
			i++
		}
		if i == len(w.text) {
			w.at = i
			return false
		}
		end, seen := asciiWord(w.text, i)
		if seen&wide != 0 {
			w.enter(i)
			continue
		}
		w.at = end
		if seen&(letter|digit) != 0 {
			w.start, w.end, w.ascii, w.spaceless = i, end, true, false
			return true
		}
	}
}

// nextAlnum moves to the next run of letters and numbers.
func (w *words) nextAlnum() bool {
	w.start, w.end, w.ascii, w.spaceless = -1, -1, true, false
	for i := w.at; i < len(w.text); {
		n, in := 1, class[w.text[i]]&(letter|digit) != 0
		if w.text[i] >= utf8.RuneSelf {
			var r rune
			r, n = utf8.DecodeRuneInString(w.text[i:])
			in = unicode.IsLetter(r) || unicode.IsNumber(r)
		}
		switch {
		case !in && w.start >= 0:
			w.at = w.end
			return true
		case in:
			if w.start < 0 {
				w.start = i
			}
			w.end = i + n
			w.ascii = w.ascii && n == 1
		}
		i += n
	}
	w.at = len(w.text)
	return w.start >= 0
}

// asciiWord returns where the word at i ends and the classes it holds; wide among
// them means that the table cannot tell.
func asciiWord(text string, i int) (end int, seen uint8) {
	last := class[text[i]]
	seen = last
	if last == wide {
		return i, seen
	}
	for i++; i < len(text); i++ {
		c := class[text[i]]
		switch {
		case c&inWord != 0:
		case c == 0:
			return i, seen
		case c == wide:
			return i, seen | wide
		case i+1 == len(text):
			return i, seen
		default:
			after := class[text[i+1]]
			if after == wide {
				return i, seen | wide
			}
			if !joins(c, last, after) {
				return i, seen
			}
			i++
			c = after
		}
		last = c
		seen |= c
	}
	return i, seen
}

// joins tells whether a middle byte holds the two beside it together.
func joins(middle, before, after uint8) bool {
	switch both := before & after; middle {
	case midLetter:
		return both&letter != 0
	case midDigit:
		return both&digit != 0
	default:
		return both&(letter|digit) != 0
	}
}

// enter gives the run at i to the segmenter.
func (w *words) enter(i int) {
	end := i
	for end < len(w.text) && w.text[end] > ' ' {
		end++
	}
	if w.run == nil {
		w.run = uax29.FromString("")
	}
	w.run.SetText(w.text[i:end])
	w.base, w.at, w.slow = i, end, true
	w.end = -1
}

// nextSlow moves to the next word of the run.
func (w *words) nextSlow() bool {
	for w.run.Next() {
		v := w.run.Value()
		start := w.base + w.run.Start()
		found, ascii, spaceless := inspect(v)
		switch {
		case !found:
			continue
		case spaceless:
			w.spacelessRun(start, start+len(v))
			return true
		}
		w.start, w.end, w.ascii, w.spaceless = start, start+len(v), ascii, false
		return true
	}
	return false
}

// spacelessRun widens a segment of a spaceless script by the segments that touch
// it and are spaceless too.
func (w *words) spacelessRun(start, end int) {
	peek := *w.run
	for peek.Next() {
		if found, _, spaceless := inspect(peek.Value()); !found || !spaceless {
			break
		}
		end += len(peek.Value())
		*w.run = peek
	}
	w.start, w.end, w.ascii, w.spaceless = start, end, false, true
}

// inspect tells of a segment whether it holds a letter or a number, is ASCII, or
// is of a spaceless script, by its first letter.
func inspect(v string) (found, ascii, spaceless bool) {
	ascii = true
	for _, r := range v {
		if r < utf8.RuneSelf {
			found = found || class[r]&(letter|digit) != 0
			continue
		}
		ascii = false
		if !found && (unicode.IsLetter(r) || unicode.IsNumber(r)) {
			found, spaceless = true, isSpaceless(r)
		}
	}
	return found, ascii, spaceless
}
