package search

import (
	"slices"
	"strings"

	"github.com/trawlsearch/trawl/analysis"
	"github.com/trawlsearch/trawl/index"
	"github.com/trawlsearch/trawl/query"
	"github.com/trawlsearch/trawl/rank"
)

// A plan is a query in the terms of one schema: which documents match, and what
// adds to their scores. It holds nothing of a snapshot. Its memory is used again by
// the next one, but for what the Result tells.
type plan struct {
	schema index.Schema
	model  *rank.Model
	fields []int // text fields with a weight, in the schema's order

	root   step
	shape  shape
	leaves []*leaf // all that scores, in the order of the query

	terms, dropped, cut []string // what the Result tells
	silent              bool     // what is planned now is forbidden: it neither scores nor is shown

	lang   string
	words  *analysis.Analyzer // of the query's language
	plain  *analysis.Analyzer // without stems, for expansions
	tokens []analysis.Token   // scratch
	spare  []*leaf            // of plans before
	steps  []step             // scratch
}

// A step is a node of the plan: *leaf, *filter, *within, *both, *either, *without,
// *every, *quiet. Those are words, a keyword, a range, an And, an Or, a Not that
// stands alone, All, and what restricts without a score; nil matches nothing.
type step any

// A leaf is what scores as one: a word, a phrase or an expansion, in some fields.
type leaf struct {
	number int    // in plan.leaves
	label  string // what the query says
	scope  string // field that the query names
	fields []int
	count  int  // how often the query asks for it
	silent bool // it only forbids

	terms  [][]byte   // one term, or those of a phrase; of an expansion, the word itself if it is one
	words  *expansion // not nil: also these
	phrase bool
	at     []uint32 // of a phrase: place of each term, from the first

	memory [1][]byte // of the term of a single word
}

type (
	filter struct { // a whole keyword
		field int
		value []byte
	}
	both    struct{ required, optional, forbidden []step }
	either  struct{ steps []step }
	without struct{ step step }
	every   struct{}
)

// newPlan makes the plan of a request.
func newPlan(req *Request, schema index.Schema, model *rank.Model) *plan {
	p := new(plan)
	p.reset(req, schema, model)
	return p
}

// reset is newPlan in the memory of another plan.
func (p *plan) reset(req *Request, schema index.Schema, model *rank.Model) {
	lang := req.Lang
	if lang == "" {
		lang = schema.Lang
	}
	if p.words == nil || p.lang != lang {
		p.lang, p.words, p.plain = lang, analysis.For(lang), analysis.For("und")
	}
	p.schema, p.model = schema, model
	p.spare = append(p.spare, p.leaves...)
	p.fields, p.leaves = p.fields[:0], p.leaves[:0]
	p.terms, p.dropped, p.cut, p.silent = nil, nil, nil, false
	for i, f := range schema.Fields {
		if f.Kind == index.Text && model.Field(f.Name).Weight > 0 {
			p.fields = append(p.fields, i)
		}
	}
	tree := req.Tree
	if tree == nil {
		var cut bool
		if tree, cut = query.ParseCut(req.Query); cut {
			p.cut = append(p.cut, "query")
		}
	}
	p.root = p.step(tree, true)
	if req.Filter != "" {
		p.root = p.restricted(p.root, req.Filter)
	}
	p.shape = shapeOf(p.root, p.shape.words)
}

// step plans a node. In a loose place, one among others that may match, the words
// of a text stand for themselves; elsewhere they are a phrase.
func (p *plan) step(n query.Node, loose bool) step {
	switch n := n.(type) {
	case query.Term:
		return p.term(n, loose)
	case query.Phrase:
		return p.text(n.Field, strings.Join(n.Words, " "), `"`+strings.Join(n.Words, " ")+`"`)
	case query.Prefix:
		return p.prefixed(n)
	case query.Range:
		return p.ranged(n)
	case query.Wildcard:
		return p.shaped(n)
	case query.Fuzzy:
		return p.near(n, loose)
	case query.And:
		return p.and(n)
	case query.Or:
		return p.or(n.Nodes)
	case query.Not:
		return &without{p.forbidden(n.Node)}
	case query.Optional:
		return p.step(n.Node, true)
	case query.All:
		return &every{}
	}
	return nil
}

func (p *plan) and(n query.And) step {
	s := new(both)
	for _, n := range n.Nodes {
		switch n := n.(type) {
		case query.Not:
			s.forbidden = append(s.forbidden, p.forbidden(n.Node))
		case query.Optional:
			s.optional = append(s.optional, p.step(n.Node, true))
		default:
			s.required = p.require(s.required, p.step(n, false))
		}
	}
	return s
}

// require appends a step, or counts the word that is there.
func (p *plan) require(steps []step, s step) []step {
	l, ok := s.(*leaf)
	if !ok || !l.plain() {
		return append(steps, s)
	}
	for _, s := range steps {
		if same, ok := s.(*leaf); ok && same.is(l.terms[0]) {
			same.count++
			p.leaves = p.leaves[:len(p.leaves)-1] // it was the last to enter
			return steps
		}
	}
	return append(steps, s)
}

func (p *plan) forbidden(n query.Node) step {
	was := p.silent
	p.silent = true
	s := p.step(n, false)
	p.silent = was
	return s
}

// or plans nodes of which one must match. Stop words are dropped if one of the
// others is not.
func (p *plan) or(nodes []query.Node) step {
	telling := slices.ContainsFunc(nodes, func(n query.Node) bool {
		t, ok := n.(query.Term)
		return !ok || t.Field != "" || p.telling(t.Text)
	})
	s := new(either)
	for _, n := range nodes {
		if t, ok := n.(query.Term); ok && t.Field == "" {
			s.steps = p.loose(s.steps, t.Text, telling)
			continue
		}
		s.steps = append(s.steps, p.step(n, true))
	}
	return s
}

// analyze is the tokens of a text, until the next call.
func (p *plan) analyze(text string) []analysis.Token {
	p.tokens = p.words.QueryTokens(p.tokens[:0], text)
	return p.tokens
}

// telling tells whether a text has a word that is no stop word.
func (p *plan) telling(text string) bool {
	return slices.ContainsFunc(p.analyze(text), func(t analysis.Token) bool { return !p.words.Stop(t.Term) })
}

// loose appends a step for each word of a text, or counts the word that is there.
func (p *plan) loose(steps []step, text string, dropStop bool) []step {
	for _, t := range p.analyze(text) {
		word := text[t.Start:t.End]
		if dropStop && p.words.Stop(t.Term) {
			if !p.silent {
				p.dropped = remember(p.dropped, word)
			}
			continue
		}
		p.show(word)
		if again := slices.IndexFunc(steps, func(s step) bool {
			l, ok := s.(*leaf)
			return ok && l.is(t.Term)
		}); again >= 0 {
			steps[again].(*leaf).count++
			continue
		}
		steps = append(steps, p.word(word, t.Term))
	}
	return steps
}

// plain tells whether a leaf is a single word of all fields.
func (l *leaf) plain() bool { return l.scope == "" && !l.phrase && l.words == nil }

// is tells whether a leaf is that word, of all fields.
func (l *leaf) is(term []byte) bool { return l.plain() && string(l.terms[0]) == string(term) }

func (p *plan) term(n query.Term, loose bool) step {
	if n.Field == "" && loose {
		steps := p.loose(p.steps[:0], n.Text, p.telling(n.Text))
		if len(steps) == 1 {
			p.steps = steps
			return steps[0]
		}
		return &either{slices.Clone(steps)}
	}
	return p.text(n.Field, n.Text, n.String())
}

// text plans words that must stand side by side, in a named field or in any.
func (p *plan) text(scope, text, label string) step {
	fields, f := p.scoped(scope)
	if f != nil {
		f.value = []byte(strings.ToLower(text))
		return f
	}
	tokens := p.analyze(text)
	if len(fields) == 0 || len(tokens) == 0 {
		return nil
	}
	l := leaf{label: label, scope: scope, fields: fields, phrase: len(tokens) > 1}
	for _, t := range tokens {
		l.terms = append(l.terms, slices.Clone(t.Term))
		l.at = append(l.at, t.Pos-tokens[0].Pos)
		p.show(text[t.Start:t.End])
	}
	return p.leaf(l)
}

// scoped is the text fields that a field's name means, or a filter on a keyword
// field. A name that the schema does not have means none. url is the words of the
// address, which a schema may keep apart from the address itself.
func (p *plan) scoped(scope string) ([]int, *filter) {
	if scope == "" {
		return p.fields, nil
	}
	i, ok := p.schema.Field(scope)
	if scope == fieldURL && (!ok || p.schema.Fields[i].Kind == index.Stored) {
		i, ok = p.schema.Field(fieldAddress)
	}
	switch {
	case !ok:
	case p.schema.Fields[i].Kind == index.Text:
		return []int{i}, nil
	case p.schema.Fields[i].Kind == index.Keyword:
		return nil, &filter{field: i}
	}
	return nil, nil
}

// leaf enters a leaf into the plan.
func (p *plan) leaf(l leaf) *leaf {
	l.number, l.count, l.silent = len(p.leaves), 1, p.silent
	var to *leaf
	if n := len(p.spare); n > 0 {
		to, p.spare = p.spare[n-1], p.spare[:n-1]
	} else {
		to = new(leaf)
	}
	memory := to.memory
	*to = l
	to.memory = memory
	p.leaves = append(p.leaves, to)
	return to
}

// word is the leaf of a single word of all fields.
func (p *plan) word(label string, term []byte) *leaf {
	l := p.leaf(leaf{label: label, fields: p.fields})
	l.memory[0] = append(l.memory[0][:0], term...)
	l.terms = l.memory[:]
	return l
}

// show notes a word that is looked for.
func (p *plan) show(word string) {
	if !p.silent {
		p.terms = remember(p.terms, word)
	}
}

func remember(list []string, word string) []string {
	if slices.Contains(list, word) {
		return list
	}
	return append(list, word)
}
