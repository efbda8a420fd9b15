package termdict

import (
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"unicode/utf8"
)

// MaxPatternChars bounds a pattern: an automaton is one word of 64 bits, and some
// places of it are spare.
const MaxPatternChars = 60

// MaxDistance is the largest distance of a fuzzy pattern.
const MaxDistance = 2

// ErrPattern marks a pattern that is too long, a distance that is too large, or
// text that is not UTF-8.
var ErrPattern = errors.New("termdict: no such pattern")

// Fuzzy says how far a term may be from a word. The distance is Levenshtein's:
// the least number of characters to insert, delete or replace.
type Fuzzy struct {
	Distance  int  // 0 to MaxDistance
	Prefix    int  // so many first characters must be the same; 0: none
	Sure      bool // an error before the second character, which slips seldom are, counts 2
	Transpose bool // two neighbours that change places count 1, not 2, if nothing else is done to them ("optimal string alignment"): a quarter of slips in typing
}

// A Pattern is a set of terms, as an automaton: immutable, any number of
// goroutines.
//
// It is nondeterministic and bit-parallel (Wu, Manber, "Fast text searching
// allowing errors", 1992). Bit i of row e says that the characters read so far are
// the first i elements of the pattern, but for e errors. Elements are characters
// and question marks; a star is a loop at the bit before the next one. Terms are
// read as characters; a byte that is no UTF-8 is one that no pattern has.
type Pattern struct {
	prefix []byte // of all terms; the automaton is what comes behind
	n      int    // elements
	errors int    // distance that is allowed
	swaps  bool
	sure   uint64 // places where an error counts 2
	any    uint64 // elements that are question marks
	loop   uint64 // places that have a star

	ascii    [utf8.RuneSelf]uint64 // by character: elements that it is
	alphabet []rune                // characters of the pattern in order
	masks    []uint64              // by place in alphabet
}

// noChar stands for a byte that is no UTF-8.
const noChar = utf8.MaxRune + 1

// char is the first character of b, which is not empty.
func char(b []byte) (c rune, size int) {
	if b[0] < utf8.RuneSelf {
		return rune(b[0]), 1
	}
	if c, size = utf8.DecodeRune(b); c == utf8.RuneError && size == 1 {
		c = noChar
	}
	return c, size
}

// NewWildcard makes a pattern of characters, of ? for any one and of * for any number.
func NewWildcard(pattern string) (*Pattern, error) {
	if err := checkPattern(pattern); err != nil {
		return nil, err
	}
	at := strings.IndexAny(pattern, "*?")
	if at < 0 {
		at = len(pattern)
	}
	p := &Pattern{prefix: []byte(pattern[:at])}
	var elements []rune
	for _, c := range pattern[at:] {
		switch c {
		case '*':
			p.loop |= 1 << len(elements)
			continue
		case '?':
			p.any |= 1 << len(elements)
		}
		elements = append(elements, c)
	}
	p.compile(elements)
	return p, nil
}

// NewFuzzy makes a pattern of the terms near a word.
func NewFuzzy(word string, f Fuzzy) (*Pattern, error) {
	if err := checkPattern(word); err != nil {
		return nil, err
	}
	if f.Distance < 0 || f.Distance > MaxDistance || f.Prefix < 0 {
		return nil, fmt.Errorf("%w: distance %d, prefix %d", ErrPattern, f.Distance, f.Prefix)
	}
	chars := []rune(word)
	same := min(f.Prefix, len(chars))
	p := &Pattern{prefix: []byte(string(chars[:same])), errors: f.Distance, swaps: f.Transpose}
	if f.Sure && same == 0 {
		p.sure = 1
	}
	p.compile(chars[same:])
	return p, nil
}

func checkPattern(s string) error {
	if !utf8.ValidString(s) {
		return fmt.Errorf("%w: %q is not UTF-8", ErrPattern, s)
	}
	if n := utf8.RuneCountInString(s); n > MaxPatternChars {
		return fmt.Errorf("%w: %d characters, at most %d", ErrPattern, n, MaxPatternChars)
	}
	return nil
}

func (p *Pattern) compile(elements []rune) {
	p.n = len(elements)
	for i, c := range elements {
		if p.any>>i&1 == 0 {
			p.alphabet = append(p.alphabet, c)
		}
	}
	slices.Sort(p.alphabet)
	p.alphabet = slices.Compact(p.alphabet)
	p.masks = make([]uint64, len(p.alphabet))
	for c := range p.ascii {
		p.ascii[c] = p.any
	}
	for a, c := range p.alphabet {
		p.masks[a] = p.any
		for i, e := range elements {
			if e == c && p.any>>i&1 == 0 {
				p.masks[a] |= 1 << i
			}
		}
		if c < utf8.RuneSelf {
			p.ascii[c] = p.masks[a]
		}
	}
}

// A state is what an automaton knows behind some characters.
type state struct {
	row [MaxDistance + 1]uint64
	// swap holds, for one error and for two, the places whose next element but one
	// has been read: if the next one follows, both have changed places.
	swap [MaxDistance]uint64
}

// start is the state before the first character: e errors skip e elements, or one
// less of a word whose first one is sure.
func (p *Pattern) start() (s state) {
	for e := range p.errors + 1 {
		s.row[e] = (1<<(max(e-int(p.sure), 0)+1) - 1) & p.places()
	}
	return s
}

// places are the bits of a row that mean something.
func (p *Pattern) places() uint64 { return 1<<(p.n+1) - 1 }

// is tells which elements a character is.
func (p *Pattern) is(c rune) uint64 {
	if c < utf8.RuneSelf {
		return p.ascii[c]
	}
	if a, ok := slices.BinarySearch(p.alphabet, c); ok {
		return p.masks[a]
	}
	return p.any
}

// step reads a character that is the given elements. Row e comes of itself by a
// character that matches, of the row before by one that is too much, by another
// one or by one that lacks, and by two that changed places. The sure place is in rows
// from the start alone, and there in all of them: left out of the lowest one, errors
// cost 1 more there.
func (p *Pattern) step(to, s *state, is uint64) {
	places := p.places()
	to.row[0] = (s.row[0]&is)<<1 | s.row[0]&p.loop
	for e := 1; e <= p.errors; e++ {
		less := p.less(s, e)
		to.row[e] = ((s.row[e]&is)<<1 | less | (less|to.row[e-1])<<1 | (s.swap[e-1]&is)<<2) & places
		if p.swaps {
			to.swap[e-1] = less & (is >> 1)
		}
	}
}

// alive tells whether a state can still come to a match with so many errors: rows
// hold all of the rows before, and a swap leaves its place in its row.
func (s *state) alive(errors int) bool { return s.row[errors] != 0 }

// less is the places from which one error more leads to row e.
func (p *Pattern) less(s *state, e int) uint64 {
	if e == 1 {
		return s.row[0] &^ p.sure
	}
	return s.row[e-1]
}

// free tells whether any character at all leaves a state alive.
func (p *Pattern) free(s *state, errors int) bool {
	if errors > 0 && p.less(s, errors) != 0 {
		return true
	}
	return s.row[errors]&(p.loop|p.any) != 0
}

// distance tells with how many errors the characters read so far match.
func (p *Pattern) distance(s *state, errors int) (int, bool) {
	for e := range errors + 1 {
		if s.row[e]>>p.n&1 != 0 {
			return e, true
		}
	}
	return 0, false
}

// after is the first character of the alphabet behind c that leaves a state alive
// which is not free.
func (p *Pattern) after(s *state, errors int, c rune) (r rune, is uint64, ok bool) {
	open := s.row[errors]
	for e := range errors {
		open |= s.swap[e]
	}
	for a, r := range p.alphabet {
		if r > c && open&p.masks[a] != 0 {
			return r, p.masks[a], true
		}
	}
	return 0, 0, false
}

// Match tells whether a term is of the pattern, and how far it is from it.
func (p *Pattern) Match(term []byte) (distance int, ok bool) {
	rest := term
	if len(term) < len(p.prefix) || string(term[:len(p.prefix)]) != string(p.prefix) {
		return 0, false
	}
	rest = rest[len(p.prefix):]
	s, next := p.start(), state{}
	for len(rest) > 0 && s.alive(p.errors) {
		c, size := char(rest)
		p.step(&next, &s, p.is(c))
		s, rest = next, rest[size:]
	}
	if len(rest) > 0 {
		return 0, false
	}
	return p.distance(&s, p.errors)
}

// maxDepth is how many characters an automaton without loops can read and live.
func (p *Pattern) maxDepth() int {
	if p.loop != 0 {
		return MaxTermBytes + 1
	}
	return bits.Len64(p.places()) + p.errors + 1
}
