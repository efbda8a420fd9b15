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

// shapeOf finds the shape of a plan. The words stand in the memory of dst.
func shapeOf(root step, dst []*leaf) shape {
	dst = dst[:0]
	if kind, words := wordsOf(dst, root); kind != scanned {
		return shape{kind: kind, words: words}
	}
	b, ok := root.(*both)
	if !ok || len(b.optional) > 0 {
		return shape{words: dst}
	}
	s := shape{words: dst, forbid: b.forbidden}
	for _, r := range b.required {
		switch r.(type) {
		case *filter, *within, *quiet:
			s.restrict = append(s.restrict, r)
			continue
		}
		had := len(s.words)
		kind, words := wordsOf(s.words, r)
		switch {
		case kind == scanned:
			return shape{words: dst}
		case had == 0:
			s.kind, s.words = kind, words
		case kind == anyOf && len(words) == had+1 && (s.kind == allOf || s.kind == anyOf && had == 1):
			s.kind, s.words = allOf, words
		default:
			return shape{words: dst}
		}
	}
	if len(s.words) == 0 {
		return shape{words: dst}
	}
	return s
}

// wordsOf appends the words of a step that is a word, a phrase, or words of which
// any may match. The kind of others is scanned.
func wordsOf(dst []*leaf, s step) (shapeKind, []*leaf) {
	switch s := s.(type) {
	case *leaf:
		switch {
		case s.words != nil:
			return scanned, dst
		case s.phrase:
			return onePhrase, append(dst, s)
		}
		return anyOf, append(dst, s)
	case *either:
		had := len(dst)
		for _, s := range s.steps {
			kind, words := wordsOf(dst, s)
			if kind != anyOf {
				return scanned, dst[:had]
			}
			dst = words
		}
		if len(dst) > had {
			return anyOf, dst
		}
	}
	return scanned, dst
}
