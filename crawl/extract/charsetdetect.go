package extract

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/wlynxg/chardet"
	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding/charmap"

	"github.com/trawlsearch/trawl/langid"
)

const (
	detectBytes = 16 << 10 // how much the statistics are fed: they read 7 MB/s
	asciiBytes  = 1 << 10  // how much before the first byte that is not ASCII
	escape      = 0x1B     // begins the ASCII sequences of ISO-2022
	proofBytes  = 2 << 10  // how much text a language is told by
	proofReach  = 48       // bytes before and after a byte that is not ASCII, which are its sentence
)

// detect guesses from the bytes alone.
func detect(body []byte) string {
	if name := detectUTF16(body); name != "" {
		return name
	}
	telling := bytes.IndexFunc(body, func(r rune) bool { return r >= utf8.RuneSelf || r == escape })
	switch {
	case telling < 0:
		return "windows-1252"
	case body[telling] != escape && utf8.Valid(body):
		return "utf-8"
	}
	head := body[max(telling-asciiBytes, 0):] // long heads of scripts and styles tell nothing
	head = head[:min(len(head), detectBytes)]
	guess := strings.ToLower(chardet.Detect(head).Encoding)
	if standard, ok := standardNames[guess]; ok {
		guess = standard
	}
	if _, name := charset.Lookup(guess); name != "" && name != "replacement" && name != "x-user-defined" && name != "utf-8" {
		if singleByte[name] {
			return byLanguage(head, name)
		}
		return name
	}
	if utf8.Valid(body) {
		return "utf-8"
	}
	return "windows-1252"
}

// standardNames are the labels of the Encoding standard for names of the
// detector that it does not have. Of others (UTF-7, UTF-32, Johab, EUC-TW,
// IBM855) the standard has no decoder, and so neither have we.
var standardNames = map[string]string{
	"maccyrillic": "x-mac-cyrillic", "macroman": "macintosh", "cp949": "euc-kr", "cp932": "shift_jis",
}

// Encodings of the Latin script, between which the statistics of bytes are
// wrong as often as right.
var singleByte = map[string]bool{"windows-1252": true, "windows-1250": true, "windows-1254": true, "windows-1257": true, "iso-8859-2": true, "iso-8859-15": true, "macintosh": true}

// pages are the code pages that languages were written in before UTF-8. The
// others of the Latin script had windows-1252.
var pages = map[string]string{
	"bs": "windows-1250", "cs": "windows-1250", "hr": "windows-1250", "hu": "windows-1250", "pl": "windows-1250", "ro": "windows-1250",
	"sk": "windows-1250", "sl": "windows-1250", "sq": "windows-1252", "sr": "windows-1250", "tr": "windows-1254", "az": "windows-1254",
	"et": "windows-1257", "lt": "windows-1257", "lv": "windows-1257",
}

var charmaps = map[string]*charmap.Charmap{
	"windows-1250": charmap.Windows1250, "windows-1252": charmap.Windows1252, "windows-1254": charmap.Windows1254, "windows-1257": charmap.Windows1257,
}

// byLanguage settles a guess among the encodings of the Latin script: letters
// without accents and those that all have in the same place tell the language,
// and the language tells the code page. A page is only taken if the text is
// surely in one of its languages when read so.
func byLanguage(head []byte, guess string) string {
	const sure = 0.9
	text := around(head)
	best, most := guess, 0.0
	for _, name := range [...]string{"windows-1252", "windows-1250", "windows-1254", "windows-1257"} {
		read, err := charmaps[name].NewDecoder().Bytes(text)
		if err != nil {
			continue
		}
		tag, confidence := langid.Detect(string(read))
		page := pages[tag]
		if page == "" {
			page = "windows-1252"
		}
		if page == name && confidence > max(sure, most) {
			best, most = name, confidence
		}
	}
	if best == "windows-1250" && isLatin2(head) {
		return "iso-8859-2"
	}
	if most == 0 || guess == "macintosh" {
		return guess
	}
	return best
}

// around returns the text about bytes beyond ASCII, without its tags.
func around(head []byte) []byte {
	var out []byte
	done := 0 // head up to here is in out, or passed over
	for i, c := range head {
		if c < utf8.RuneSelf || i < done {
			continue
		}
		out = appendProse(out, head[max(i-proofReach, done):min(i+proofReach, len(head))])
		if done = i + proofReach; len(out) >= proofBytes {
			break
		}
	}
	return out[:min(len(out), proofBytes)]
}

// appendProse appends what stands outside of tags.
func appendProse(out, b []byte) []byte {
	for len(b) > 0 {
		text, rest, _ := bytes.Cut(b, []byte("<"))
		out = append(append(out, text...), ' ')
		_, b, _ = bytes.Cut(rest, []byte(">"))
	}
	return out
}

// isLatin2 tells ISO 8859-2 from windows-1250, which has nine letters in other
// places: where the one has control characters or signs.
func isLatin2(head []byte) bool {
	iso, windows := 0, 0
	for _, c := range head {
		switch c {
		case 0xB1, 0xB6, 0xA6, 0xAB, 0xA9, 0xAE, 0xAC: // ą ś Ś Ť Š Ž Ź; ± ¶ ¦ « © ® ¬
			iso++
		case 0xB9, 0xBE: // š ž; ą ľ
			iso++
		case 0x8A, 0x8C, 0x8D, 0x8E, 0x8F, 0x9A, 0x9C, 0x9D, 0x9E, 0x9F: // controls; Š Ś Ť Ž Ź š ś ť ž ź
			windows += 2
		case 0x82, 0x84, 0x85, 0x91, 0x92, 0x93, 0x94, 0x96, 0x97: // controls; quotation marks and dashes
			windows += 2
		}
	}
	return windows == 0 && iso > 0
}

// detectUTF16 recognises UTF-16 without a mark by the zero bytes of its markup:
// at least a quarter of the bytes on one side, and next to none on the other.
func detectUTF16(body []byte) string {
	head := body[:min(len(body), prescanBytes)&^1]
	var even, odd int
	for i := 0; i < len(head); i += 2 {
		if head[i] == 0 {
			even++
		}
		if head[i+1] == 0 {
			odd++
		}
	}
	half := len(head) / 2
	switch {
	case half < 4:
		return ""
	case odd*4 >= half && even*50 < half:
		return "utf-16le"
	case even*4 >= half && odd*50 < half:
		return "utf-16be"
	}
	return ""
}
