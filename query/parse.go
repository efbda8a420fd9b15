package query

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxParens bounds the parser's recursion: twice what a tree of MaxDepth prints.
const maxParens = 2 * MaxDepth

// maxInputBytes bounds what the parser reads: ten times what a tree of MaxWords
// and MaxTextBytes prints.
const maxInputBytes = 1 << 20

// Parse reads a query. Whatever the text is, there is a tree for it.
func Parse(text string) Node {
	n, _ := ParseCut(text)
	return n
}

// ParseCut is Parse, and tells whether the text exceeded the limits.
func ParseCut(text string) (n Node, cut bool) {
	p := parser{words: MaxWords, bytes: MaxTextBytes}
	if len(text) > maxInputBytes {
		text, p.cut = text[:maxInputBytes], true
	}
	p.rest = strings.ToValidUTF8(text, " ")
	var parts []Node
	for p.rest != "" {
		n := p.sequence("", 0)
		if n != (Node)(None{}) {
			parts = append(parts, n)
		}
		p.rest = strings.TrimPrefix(p.rest, ")") // one that nobody opened
	}
	n = group(parts)
	if depth(n) > MaxDepth {
		n, p.cut = prune(n, MaxDepth), true
	}
	return n, p.cut
}

// A parser reads from the front of rest. Its grammar:
//
//	sequence = { or }
//	or       = and { "OR" and }
//	and      = unary { "AND" unary }
//	unary    = ( "+" | "-" | "NOT" ) unary | primary
//	primary  = [ field ":" ] ( "(" sequence ")" | phrase | word | pattern | fuzzy )
//	         | name ":" range
//	range    = [ bound ] ".." [ bound ] | ( ">" | ">=" | "<" | "<=" | "=" ) bound | date
type parser struct {
	rest         string
	words, bytes int // what is left of the limits
	cut          bool
}

// must is a node behind a plus sign; it leaves the parser as its node.
type must struct{ Node }

func (p *parser) sequence(field string, parens int) Node {
	var parts []Node
	for {
		p.space()
		if p.rest == "" || p.rest[0] == ')' {
			return group(parts)
		}
		if n := p.or(field, parens); n != nil {
			parts = append(parts, n)
		}
	}
}

func (p *parser) or(field string, parens int) Node {
	n := p.and(field, parens)
	if !p.operator("OR") {
		return n
	}
	nodes := add(nil, n)
	for p.operator("OR") {
		p.take("OR")
		nodes = add(nodes, p.and(field, parens))
	}
	if len(nodes) == 0 {
		return nil
	}
	return newOr(nodes)
}

func (p *parser) and(field string, parens int) Node {
	n := p.unary(field, parens)
	if !p.operator("AND") {
		return n
	}
	nodes := add(nil, n)
	for p.operator("AND") {
		p.take("AND")
		nodes = add(nodes, p.unary(field, parens))
	}
	if len(nodes) == 0 {
		return nil
	}
	return newAnd(nodes)
}

// add appends an operand, if there is one, without its plus sign.
func add(nodes []Node, n Node) []Node {
	if m, ok := n.(must); ok {
		n = m.Node
	}
	if n == nil {
		return nodes
	}
	return append(nodes, n)
}

// unary reads signs in a loop, not by recursion: a text may be all NOT.
func (p *parser) unary(field string, parens int) Node {
	plus, not, sign := false, false, false
	for {
		p.space()
		switch {
		case p.operator("NOT"):
			p.take("NOT")
			not = !not
			continue
		case p.sign('-'):
			not, sign = !not, true
			p.rest = p.rest[1:]
		case p.sign('+'):
			plus, sign = true, true
			p.rest = p.rest[1:]
		}
		break
	}
	if !sign && (p.operator("OR") || p.operator("AND")) { // without a left side
		p.take(p.word())
		return nil
	}
	n := p.primary(field, parens)
	switch {
	case n == nil:
		return nil
	case not:
		return negate(n)
	case plus:
		return must{n}
	}
	return n
}

// sign tells whether c stands before a word, a phrase or a group.
func (p *parser) sign(c byte) bool {
	if len(p.rest) < 2 || p.rest[0] != c {
		return false
	}
	r, _ := utf8.DecodeRuneInString(p.rest[1:])
	return r != '+' && r != '-' && r != ')' && !unicode.IsSpace(r)
}

func (p *parser) primary(field string, parens int) Node {
	for {
		switch {
		case p.rest == "" || p.rest[0] == ')':
			return nil
		case p.rest[0] == '(':
			p.rest = p.rest[1:]
			return p.parens(field, parens)
		case quote(p.rest) > 0:
			return p.phrase(field)
		}
		word := p.word()
		name, value, ok := strings.Cut(word, ":")
		known := fields[strings.ToLower(name)]
		opens := value == "" && len(p.rest) > len(word) && (p.rest[len(word)] == '(' || quote(p.rest[len(word):]) > 0)
		if !ok || known == "" || value == "" && !opens {
			p.take(word)
			if r, ok := parseRange(name, value); ok {
				return p.ranged(r, word)
			}
			return p.leaf(field, word)
		}
		p.rest = p.rest[len(name)+1:]
		field = known
		if value != "" {
			p.take(value)
			return p.leaf(field, value)
		}
	}
}

// parens reads a group behind its opening.
func (p *parser) parens(field string, parens int) Node {
	if parens == maxParens {
		p.rest, p.cut = "", true
		return nil
	}
	n := p.sequence(field, parens+1)
	p.rest = strings.TrimPrefix(p.rest, ")")
	if n == (Node)(None{}) {
		return nil
	}
	return n
}

// phrase reads a phrase up to its closing quote, or to the end.
func (p *parser) phrase(field string) Node {
	p.rest = p.rest[quote(p.rest):]
	end := 0
	for end < len(p.rest) && quote(p.rest[end:]) == 0 {
		end++
	}
	words := strings.Fields(p.rest[:end])
	p.rest = p.rest[end:]
	p.rest = p.rest[quote(p.rest):]
	for i, w := range words {
		if !p.room(w) {
			words = words[:i]
			break
		}
	}
	if len(words) == 0 {
		return nil
	}
	return Phrase{Field: field, Words: words}
}

// leaf makes the node of a word that was taken.
func (p *parser) leaf(field, word string) Node {
	if !p.room(word) {
		return nil
	}
	if pattern, ok := parseWildcard(word); ok {
		return Wildcard{field, pattern}
	}
	if text, distance, ok := parseFuzzy(word); ok && distance > 0 {
		return Fuzzy{field, text, distance}
	} else if ok {
		word = text
	}
	text := strings.TrimRight(word, "*")
	switch {
	case text == "" && field == "":
		return All{}
	case text == "":
		return Term{field, "*"}
	case len(text) < len(word):
		return Prefix{field, text}
	case field == "" && isOperator(word): // behind a sign
		return Phrase{Words: []string{word}}
	}
	return Term{field, word}
}

// ranged is the node of a range that was taken as a word.
func (p *parser) ranged(r Range, word string) Node {
	if !p.room(word) {
		return nil
	}
	return r
}

// room takes a word from the limits; where they are spent, the rest of the query
// is cut off.
func (p *parser) room(word string) bool {
	p.words--
	p.bytes -= len(word)
	if p.words < 0 || p.bytes < 0 {
		p.rest, p.cut = "", true
		return false
	}
	return true
}

// operator tells whether the next word is op.
func (p *parser) operator(op string) bool {
	p.space()
	return strings.HasPrefix(p.rest, op) && p.word() == op
}

func isOperator(word string) bool { return slices.Contains([]string{"AND", "OR", "NOT"}, word) }

func (p *parser) take(word string) { p.rest = p.rest[len(word):] }

func (p *parser) space() { p.rest = strings.TrimLeftFunc(p.rest, unicode.IsSpace) }

// word is the next word: up to a space, a parenthesis or a quote.
func (p *parser) word() string {
	for i, r := range p.rest {
		if r == '(' || r == ')' || unicode.IsSpace(r) || quote(p.rest[i:]) > 0 {
			return p.rest[:i]
		}
	}
	return p.rest
}

// quote is the length of the quotation mark that s starts with, 0 for none.
func quote(s string) int {
	for _, q := range []string{`"`, "“", "”", "„"} {
		if strings.HasPrefix(s, q) {
			return len(q)
		}
	}
	return 0
}
