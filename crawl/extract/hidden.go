package extract

import "bytes"

// maxStyleBytes is how much of a style attribute is read.
const maxStyleBytes = 512

// A style is what an inline style tells about the text in its element.
type style struct {
	hidden    bool // it is not to be seen
	deceptive bool // by a means that serves to show text to machines only
}

// styleOf reads a style attribute. Hidden is what is not displayed, not visible,
// transparent, moved off the page, or of no size; deceptive among these are
// letters of 1 px or none and letters in the colour of their ground. Style
// sheets are not read.
func styleOf(b []byte) (st style) {
	if len(b) == 0 {
		return st
	}
	var buf [maxStyleBytes]byte
	css := buf[:0]
	for _, c := range b[:min(len(b), maxStyleBytes)] {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c > ' ' {
			css = append(css, c)
		}
	}
	var color, ground []byte
	for decl := range bytes.SplitSeq(css, []byte{';'}) {
		name, value, _ := bytes.Cut(decl, []byte{':'})
		value = bytes.TrimSuffix(value, []byte("!important"))
		switch string(name) {
		case "display":
			st.hidden = st.hidden || string(value) == "none"
		case "visibility":
			st.hidden = st.hidden || string(value) == "hidden" || string(value) == "collapse"
		case "opacity":
			st.hidden = st.hidden || isZero(value)
		case "text-indent", "left", "top", "right", "margin-left", "margin-top":
			st.hidden = st.hidden || isFarOff(value)
		case "font-size":
			tiny := isZero(value) || string(value) == "1px" || string(value) == "1pt"
			st.hidden, st.deceptive = st.hidden || tiny, st.deceptive || tiny
		case "color":
			color = colorOf(value)
		case "background", "background-color":
			ground = colorOf(value)
		}
	}
	if len(color) > 0 && bytes.Equal(color, ground) {
		st.hidden, st.deceptive = true, true
	}
	return st
}

// isZero tells whether a length or number is nothing: 0, 0px, 0.0.
func isZero(v []byte) bool {
	digits := bytes.TrimRight(v, "abcdefghijklmnopqrstuvwxyz%")
	return len(digits) > 0 && len(bytes.Trim(digits, "0.")) == 0
}

// isFarOff tells whether a length moves an element off the page: -999 or more.
func isFarOff(v []byte) bool {
	return len(v) >= 4 && v[0] == '-' && '0' < v[1] && v[1] <= '9' && isDigit(v[2]) && isDigit(v[3]) && !bytes.Contains(v[:4], []byte{'.'})
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// colorOf makes the commonest spellings of one colour alike.
func colorOf(v []byte) []byte {
	switch string(v) {
	case "#fff", "#ffffff", "rgb(255,255,255)":
		return []byte("white")
	case "#000", "#000000", "rgb(0,0,0)":
		return []byte("black")
	}
	if len(v) == 4 && v[0] == '#' {
		return []byte{'#', v[1], v[1], v[2], v[2], v[3], v[3]}
	}
	return v
}

// isHidden tells whether the tag's element is not to be seen, and whether that
// is meant to deceive.
func isHidden(z *tokenizer) style {
	if z.has(attrHidden) && !equalFold(z.attr(attrHidden), "until-found") {
		return style{hidden: true}
	}
	if !z.has(attrStyle) {
		return style{}
	}
	return styleOf(z.attr(attrStyle))
}
