package search

// A shape says which operator runs a plan. The common shapes have one of their own;
// every other plan is scanned, window by window.
type shape struct {
	kind     shapeKind
	words    []*leaf
	restrict []step // must match too, and do not score
	forbid   []step
}

type shapeKind int

const (
	scanned shapeKind = iota
	anyOf             // of words
	allOf             // of words
	onePhrase
)

// shapeOf finds the shape of a plan.
func shapeOf(root step) shape {
	if s, ok := wordsOf(root); ok {
		return s
	}
	b, ok := root.(*both)
	if !ok || len(b.optional) > 0 {
		return shape{}
	}
	var s shape
	var parts []shape
	for _, r := range b.required {
		switch r.(type) {
		case *filter, *within, *quiet:
			s.restrict = append(s.restrict, r)
			continue
		}
		part, ok := wordsOf(r)
		if !ok {
			return shape{}
		}
		parts = append(parts, part)
	}
	s.forbid = b.forbidden
	switch {
	case len(parts) == 0:
		return shape{}
	case len(parts) == 1:
		s.kind, s.words = parts[0].kind, parts[0].words
		return s
	}
	s.kind = allOf
	for _, p := range parts {
		if p.kind != anyOf || len(p.words) != 1 {
			return shape{}
		}
		s.words = append(s.words, p.words[0])
	}
	return s
}

// wordsOf is the shape of a word, a phrase, or words of which any may match.
func wordsOf(s step) (shape, bool) {
	switch s := s.(type) {
	case *leaf:
		switch {
		case s.words != nil:
			return shape{}, false
		case s.phrase:
			return shape{kind: onePhrase, words: []*leaf{s}}, true
		}
		return shape{kind: anyOf, words: []*leaf{s}}, true
	case *either:
		all := shape{kind: anyOf}
		for _, s := range s.steps {
			part, ok := wordsOf(s)
			if !ok || part.kind != anyOf {
				return shape{}, false
			}
			all.words = append(all.words, part.words...)
		}
		return all, len(all.words) > 0
	}
	return shape{}, false
}
