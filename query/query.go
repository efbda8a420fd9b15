// Package query is what was asked, as a tree. Parse cannot fail, and the text of
// a tree is its wire form: Parse(n.String()) is n again.
//
// # Language
//
//	red wine           documents with either word; with both they score higher
//	"red wine"         the words side by side
//	+red wine          red is required, wine adds to the score
//	wine -red, NOT red without red
//	red AND wine       both are required
//	red OR wine        either; AND binds tighter than OR, OR tighter than a space
//	(red OR white) AND wine
//	win*               words that begin with win
//	inter*al, colo?r, *ware
//	                   words of that shape: * any characters or none, ? one
//	recieve~, recieve~1, recieve~2
//	                   words that differ in so many characters: one more, one less,
//	                   another, or two neighbours that changed places. Without a
//	                   number 1 from 4 letters on, 2 from 8, and 0 below
//	title:wine         in one field; also intitle: url: inurl: site: lang:
//	                   author: type: filetype: and the fields of a page;
//	                   title:"a b" too, and title:(a b), which is title:a title:b
//	year:2010..2015    documents whose number in a field is 2010 to 2015, both
//	                   among them; also price:>=10 price:>10 price:<=9.99 price:<5
//	                   price:=7 year:2010.. year:..2015
//	fetched:>2024-01-31, fetched:2024-01..2024-06, fetched:2024-01-31
//	                   dates, in UTC: a month, a day, or 2024-01-31T12:30 with or
//	                   without seconds. A date is all of its time, so that this is
//	                   from the 1st of February on, then six months, then a day
//	*                  every document
//
// A field's restriction is required and leaves the words beside it as they are:
// site:example.com red wine is the pages of that site that hold red or wine. Operators are upper case. A sign
// counts before a word only if no other sign follows: --verbose is a word. A colon
// behind anything but a known field's name is part of the word, unless a range of
// numbers or dates follows: then any name will do.
//
// What looks like a range, a wildcard or a fuzzy word and is none is words:
// localhost:8080, http://x/y?z=1, ~/bin. A ? at the end of a word ends a question.
// A date is microseconds since 1970, as everywhere in Trawl, and a whole year is
// written 2010-01..2010-12, since 2010 alone is a number. A fraction counts: up to
// 9.99 is up to 9 where numbers are whole.
//
// Limits: MaxWords words, MaxTextBytes of their text and MaxDepth levels; what is
// beyond is cut off, and ParseCut says so. MaxPatternChars of a wildcard or a fuzzy
// word; a longer one is words.
package query

import (
	"slices"
	"strings"
)

// Bounds of a query, far above what people type and low enough for what programs
// generate.
const (
	MaxWords     = 1000
	MaxTextBytes = 32 << 10 // of all words together
	MaxDepth     = 32       // nodes from the root to a word
)

// A Node is a value, not changed once it is made, and safe for any number of
// goroutines: one of Term, Phrase, Prefix, Wildcard, Fuzzy, Range, And, Or, Not,
// Optional, All, None.
type Node interface {
	String() string // in the language above
}

// Term asks for the words of a text, which analysis finds: there may be several, or
// none. Field is empty for the text fields, here as in the others.
type Term struct{ Field, Text string }

// Phrase asks for words side by side, in this order and in one field.
type Phrase struct {
	Field string
	Words []string
}

// Prefix asks for words that begin with a text, as the index keeps them: folded and
// stemmed.
type Prefix struct{ Field, Text string }

// And asks for all of its nodes but those that are Optional. There are two or
// more of them: first the required ones, then at most one Optional, then each Not.
type And struct{ Nodes []Node }

// Or asks for at least one of its two or more nodes.
type Or struct{ Nodes []Node }

// Not asks for documents that a node does not match.
type Not struct{ Node Node }

// Optional stands in an And: its node adds to the score.
type Optional struct{ Node Node }

// All is every document, None is none.
type (
	All  struct{}
	None struct{}
)

// fields maps the names before a colon to the fields they mean.
var fields = map[string]string{
	"title": "title", "intitle": "title",
	"url": "url", "inurl": "url",
	"site": "site", "lang": "lang", "type": "type", "author": "author", "filetype": "filetype",
	"headings": "headings", "body": "body", "intext": "body", "description": "description", "anchors": "anchors",
}

// The String of a node is what Parse makes the node of.

func (t Term) String() string   { return prefix(t.Field) + t.Text }
func (p Prefix) String() string { return prefix(p.Field) + p.Text + "*" }
func (p Phrase) String() string { return prefix(p.Field) + `"` + strings.Join(p.Words, " ") + `"` }
func (All) String() string      { return "*" }
func (None) String() string     { return "" }
func (n Not) String() string    { return "-" + signed(n.Node) }

// String is that of the node: an Optional has a meaning only within an And.
func (o Optional) String() string { return o.Node.String() }

func (o Or) String() string {
	sep := " "
	if !slices.ContainsFunc(o.Nodes, func(n Node) bool { return !plain(n) }) {
		return join(o.Nodes, sep)
	}
	return join(o.Nodes, " OR ")
}

func (a And) String() string {
	at := slices.IndexFunc(a.Nodes, func(n Node) bool { _, ok := n.(Optional); return ok })
	if at < 0 {
		return join(a.Nodes, " AND ")
	}
	var parts []string
	for _, n := range a.Nodes {
		switch n := n.(type) {
		case Not:
			parts = append(parts, n.String())
		case Optional:
			if or, ok := n.Node.(Or); ok && !slices.ContainsFunc(or.Nodes, func(n Node) bool { return !plain(n) }) {
				parts = append(parts, or.String())
				continue
			}
			parts = append(parts, nested(n.Node))
		default:
			parts = append(parts, "+"+signed(n))
		}
	}
	return strings.Join(parts, " ")
}

// plain tells whether a node is a word of the text fields: a space between such
// words is an OR.
func plain(n Node) bool {
	switch n := n.(type) {
	case Term:
		return n.Field == ""
	case Phrase:
		return n.Field == ""
	case Prefix:
		return n.Field == ""
	case Wildcard:
		return n.Field == ""
	case Fuzzy:
		return n.Field == ""
	case All:
		return true
	}
	return false
}

func prefix(field string) string {
	if field == "" {
		return ""
	}
	return field + ":"
}

func join(nodes []Node, sep string) string {
	parts := make([]string, len(nodes))
	for i, n := range nodes {
		parts[i] = nested(n)
	}
	return strings.Join(parts, sep)
}

// nested is the text of a node within another.
func nested(n Node) string {
	switch n.(type) {
	case And, Or:
		return "(" + n.String() + ")"
	}
	return n.String()
}

// signed is the text of a node behind a sign.
func signed(n Node) string {
	s := nested(n)
	if startsSigned(s) {
		return "(" + s + ")"
	}
	return s
}

func startsSigned(s string) bool { return s != "" && (s[0] == '+' || s[0] == '-') }
