package extract

import "golang.org/x/net/html/atom"

// isBlock tells whether an element parts the text before, in and after it.
// Unknown elements are inline, as in browsers.
func isBlock(a atom.Atom) bool {
	switch a {
	case atom.Address, atom.Article, atom.Aside, atom.Blockquote, atom.Caption, atom.Center, atom.Dd, atom.Details,
		atom.Dialog, atom.Dir, atom.Div, atom.Dl, atom.Dt, atom.Fieldset, atom.Figcaption, atom.Figure, atom.Footer,
		atom.Form, atom.Frameset, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Header, atom.Hgroup,
		atom.Legend, atom.Li, atom.Listing, atom.Main, atom.Menu, atom.Nav, atom.Noscript, atom.Ol, atom.Optgroup,
		atom.Option, atom.P, atom.Pre, atom.Search, atom.Section, atom.Select, atom.Summary, atom.Table, atom.Tbody,
		atom.Td, atom.Textarea, atom.Tfoot, atom.Th, atom.Thead, atom.Tr, atom.Ul, atom.Xmp, atom.Plaintext,
		atom.Button:
		return true
	}
	return false
}

// isVoid tells whether an element has no end tag.
func isVoid(a atom.Atom) bool {
	switch a {
	case atom.Area, atom.Base, atom.Basefont, atom.Bgsound, atom.Br, atom.Col, atom.Embed, atom.Frame, atom.Hr,
		atom.Img, atom.Image, atom.Input, atom.Keygen, atom.Link, atom.Meta, atom.Param, atom.Source, atom.Track, atom.Wbr:
		return true
	}
	return false
}

// closesP tells whether a start tag ends an open paragraph.
func closesP(a atom.Atom) bool {
	switch a {
	case atom.Address, atom.Article, atom.Aside, atom.Blockquote, atom.Center, atom.Dd, atom.Details, atom.Dialog,
		atom.Dir, atom.Div, atom.Dl, atom.Dt, atom.Fieldset, atom.Figcaption, atom.Figure, atom.Footer, atom.Form,
		atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Header, atom.Hgroup, atom.Hr, atom.Li, atom.Listing,
		atom.Main, atom.Menu, atom.Nav, atom.Ol, atom.P, atom.Plaintext, atom.Pre, atom.Search, atom.Section,
		atom.Summary, atom.Table, atom.Ul, atom.Xmp:
		return true
	}
	return false
}

// isScope tells whether an element hides what is open outside of it from end
// tags and implied ends within.
func isScope(a atom.Atom) bool {
	switch a {
	case atom.Applet, atom.Caption, atom.Html, atom.Table, atom.Td, atom.Th, atom.Marquee, atom.Object, atom.Template,
		atom.Svg, atom.Math:
		return true
	}
	return false
}

// isHeadOnly lists the elements that may stand before the body begins.
func isHeadOnly(a atom.Atom) bool {
	switch a {
	case atom.Html, atom.Head, atom.Base, atom.Basefont, atom.Bgsound, atom.Link, atom.Meta, atom.Title, atom.Noscript,
		atom.Noframes, atom.Style, atom.Script, atom.Template:
		return true
	}
	return false
}

// headingLevel is 1 to 6 for h1 to h6, else 0.
func headingLevel(a atom.Atom) int {
	switch a {
	case atom.H1:
		return 1
	case atom.H2:
		return 2
	case atom.H3:
		return 3
	case atom.H4:
		return 4
	case atom.H5:
		return 5
	case atom.H6:
		return 6
	}
	return 0
}

// separator is what parts an element from its neighbours: cells of a row, and
// the labels of a drawing (no atom), stand on one line.
func separator(a atom.Atom) byte {
	if a == atom.Td || a == atom.Th || a == 0 {
		return ' '
	}
	return '\n'
}

// impliedEnd returns the elements that a start tag ends when they are open, and
// those at which the search for them stops.
func impliedEnd(a atom.Atom) (ends, stops []atom.Atom) {
	switch a {
	case atom.Li:
		return endLi, stopLists
	case atom.Dt, atom.Dd:
		return endDef, stopLists
	case atom.Td, atom.Th:
		return endCell, stopRow
	case atom.Tr:
		return endRow, stopTable
	case atom.Thead, atom.Tbody, atom.Tfoot, atom.Caption, atom.Colgroup:
		return endGroup, stopTable
	case atom.Option, atom.Optgroup:
		return endOption, stopSelect
	case atom.Button:
		return endButton, nil
	}
	return nil, nil
}

var (
	endLi      = []atom.Atom{atom.Li}
	endDef     = []atom.Atom{atom.Dt, atom.Dd}
	endCell    = []atom.Atom{atom.Td, atom.Th}
	endRow     = []atom.Atom{atom.Tr, atom.Caption, atom.Colgroup}
	endGroup   = []atom.Atom{atom.Thead, atom.Tbody, atom.Tfoot, atom.Caption, atom.Colgroup}
	endOption  = []atom.Atom{atom.Option}
	endButton  = []atom.Atom{atom.Button}
	stopLists  = []atom.Atom{atom.Ul, atom.Ol, atom.Dl, atom.Menu, atom.Dir, atom.Table, atom.Td, atom.Th}
	stopRow    = []atom.Atom{atom.Tr, atom.Table}
	stopTable  = []atom.Atom{atom.Table}
	stopSelect = []atom.Atom{atom.Select}
)
