package langid

import "unicode"

// Scripts, numbered as in the table. Those of the table come first.
const (
	none = iota
	latin
	cyrillic
	arabic
	devanagari
	han // with kana, which part Japanese from Chinese
	hangul
	oneLanguage // from here on each is decided by itself
	greek       = iota - 1
	hebrew
	armenian
	georgian
	bengali
	gurmukhi
	gujarati
	tamil
	telugu
	thai
	oriya
	kannada
	malayalam
	sinhala
	lao
	tibetan
	burmese
	ethiopic
	khmer
	thaana
	scripts
)

// kana is counted apart from han and joined to it.
const kana = scripts

// languageOf names the one language that the web writes in a script. Some have
// more (Hebrew: Yiddish; Bengali: Assamese; Ethiopic: Tigrinya), which only a
// hint can tell.
var languageOf = [scripts]string{
	hangul: "ko", greek: "el", hebrew: "he", armenian: "hy", georgian: "ka", bengali: "bn", gurmukhi: "pa", gujarati: "gu", tamil: "ta",
	telugu: "te", thai: "th", oriya: "or", kannada: "kn", malayalam: "ml", sinhala: "si", lao: "lo", tibetan: "bo", burmese: "my",
	ethiopic: "am", khmer: "km", thaana: "dv",
}

// Unicode's blocks, cut where unused; a block is a multiple of 16 code points.
var blocks = []struct {
	first, last rune
	script      uint8
}{
	{0x0040, 0x007F, latin}, {0x00A0, 0x024F, latin}, {0x1E00, 0x1EFF, latin}, {0x2C60, 0x2C7F, latin}, {0xA720, 0xA7FF, latin}, {0xFB00, 0xFB0F, latin},
	{0x0370, 0x03FF, greek}, {0x1F00, 0x1FFF, greek},
	{0x0400, 0x052F, cyrillic}, {0x1C80, 0x1C8F, cyrillic}, {0x2DE0, 0x2DFF, cyrillic}, {0xA640, 0xA69F, cyrillic},
	{0x0530, 0x058F, armenian}, {0x0590, 0x05FF, hebrew},
	{0x0600, 0x06FF, arabic}, {0x0750, 0x077F, arabic}, {0x08A0, 0x08FF, arabic}, {0xFB50, 0xFDFF, arabic}, {0xFE70, 0xFEFF, arabic},
	{0x0780, 0x07BF, thaana}, {0x0900, 0x097F, devanagari}, {0xA8E0, 0xA8FF, devanagari}, {0x0980, 0x09FF, bengali},
	{0x0A00, 0x0A7F, gurmukhi}, {0x0A80, 0x0AFF, gujarati}, {0x0B00, 0x0B7F, oriya}, {0x0B80, 0x0BFF, tamil}, {0x0C00, 0x0C7F, telugu},
	{0x0C80, 0x0CFF, kannada}, {0x0D00, 0x0D7F, malayalam}, {0x0D80, 0x0DFF, sinhala}, {0x0E00, 0x0E7F, thai}, {0x0E80, 0x0EFF, lao},
	{0x0F00, 0x0FFF, tibetan}, {0x1000, 0x109F, burmese}, {0x10A0, 0x10FF, georgian}, {0x1C90, 0x1CBF, georgian}, {0x2D00, 0x2D2F, georgian},
	{0x1100, 0x11FF, hangul}, {0x3130, 0x318F, hangul}, {0xA960, 0xA97F, hangul}, {0xAC00, 0xD7FF, hangul},
	{0x1200, 0x139F, ethiopic}, {0x2D80, 0x2DDF, ethiopic}, {0x1780, 0x17FF, khmer},
	{0x3040, 0x30FF, kana}, {0x31F0, 0x31FF, kana}, {0xFF60, 0xFF9F, kana},
	{0x3400, 0x4DBF, han}, {0x4E00, 0x9FFF, han}, {0xF900, 0xFAFF, han},
}

// scriptOf16 has the script of each 16 code points below 0x10000.
var scriptOf16 = func() (t [0x1000]uint8) {
	for _, b := range blocks {
		for r := b.first; r <= b.last; r += 16 {
			t[r>>4] = b.script
		}
	}
	return t
}()

func scriptOf(r rune) uint8 {
	switch {
	case r < 0x10000:
		return scriptOf16[r>>4]
	case 0x20000 <= r && r < 0x33480:
		return han
	}
	return none
}

// A letter's lower case, or 0 for what is no letter; of the blocks with n-grams.
const foldEnd = 0x0980

var (
	foldLow = func() (t [foldEnd]uint16) {
		for r := range rune(foldEnd) {
			t[r] = foldRune(r)
		}
		return t
	}()
	foldVietnamese = func() (t [0x100]uint16) {
		for r := range rune(0x100) {
			t[r] = foldRune(0x1E00 + r)
		}
		return t
	}()
)

func foldRune(r rune) uint16 {
	if !unicode.IsLetter(r) {
		return 0
	}
	return uint16(unicode.ToLower(r))
}

// fold returns the letter in lower case, or 0.
func fold(r rune) rune {
	switch {
	case r < foldEnd:
		return rune(foldLow[r])
	case r>>8 == 0x1E:
		return rune(foldVietnamese[r&0xFF])
	}
	return 0
}

// A census counts the bytes of text in each script: a letter of Latin is one,
// of Cyrillic two, of Han three, which is about what they say.
type census struct {
	bytes [scripts + 1]int
	total int // without digits, signs and spaces
}

func (c *census) count(text string) {
	for _, r := range text {
		if r < 0x80 {
			if 'a' <= r|0x20 && r|0x20 <= 'z' {
				c.bytes[latin]++
			}
			continue
		}
		switch s := scriptOf(r); {
		case s == none:
		case r < 0x800:
			c.bytes[s] += 2
		default:
			c.bytes[s] += 3
		}
	}
	c.bytes[none] = 0
	for _, n := range c.bytes {
		c.total += n
	}
}

// main returns the script with most bytes and its share of all.
func (c *census) main() (script int, share float64) {
	if c.total == 0 {
		return none, 0
	}
	best, most := none, 0
	for s, n := range c.bytes[:scripts] {
		if s == han {
			n += c.bytes[kana]
		}
		if n > most {
			best, most = s, n
		}
	}
	return best, float64(most) / float64(c.total)
}
