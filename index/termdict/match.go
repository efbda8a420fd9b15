package termdict

import (
	"bytes"
	"slices"
	"unicode/utf8"
)

// Match walks over the terms of a pattern, in order, and ends behind limit of
// them; 0 is no limit.
func (d *Dict) Match(p *Pattern, limit int) *Matches {
	m := &Matches{d: d, p: p, errors: p.errors, limit: limit, block: -1, blurred: -1}
	m.stack = make([]level, 1, p.maxDepth()+1)
	m.stack[0] = level{state: p.start(), end: len(p.prefix), need: len(p.prefix)}
	return m
}

// Matches walks over the terms of a pattern:
//
//	for m := d.Match(p, 1024); m.Next(); { m.Term(); m.Distance(); m.Info() }
//
// It keeps a state for each character of the current term, so that what a term
// shares with the one before is not read again. Where the automaton dies it makes
// the least text behind the current term that it would live for, and passes to the
// first term that is not below it: over terms of a block by their shared lengths
// alone, over blocks by the column of keys. It stands before its first term. Damage
// ends it early: who comes to the end asks Err. One goroutine.
type Matches struct {
	d             *Dict
	p             *Pattern
	errors, limit int
	err           error

	block   int // -1 before the first
	blk     block
	i       int // terms of the block that were read
	term    []byte
	stack   []level // the first is behind the prefix
	blurred int     // level behind the first byte that is no UTF-8; -1: there is none
	found   int
	near    int // distance of the current term
	target  []byte

	infos  infos
	listed int // infos of the block that were read
	info   Info
}

// A level is the state behind some characters of the term.
type level struct {
	state
	c    rune // last one
	end  int  // their bytes
	need int  // bytes that say so: of a byte that is no UTF-8 those that could make it so
}

// Next moves to the next term, and tells whether there is one.
func (m *Matches) Next() bool {
	if m.err != nil || m.limit > 0 && m.found == m.limit {
		return false
	}
	ok := false
	if m.block < 0 {
		ok = m.enter(max(m.d.find(m.p.prefix), 0)) && m.seek(m.p.prefix)
	} else {
		ok = m.step()
	}
	for ok && bytes.HasPrefix(m.term, m.p.prefix) { // a term without it is behind all that have it
		if !m.read() {
			ok = m.jump()
			continue
		}
		if near, match := m.p.distance(&m.top().state, m.errors); match {
			m.near = near
			m.found++
			return true
		}
		ok = m.step()
	}
	m.end()
	return false
}

func (m *Matches) top() *level { return &m.stack[len(m.stack)-1] }

func (m *Matches) end() { m.block, m.blk, m.i = m.d.n, block{}, 0 }

// read reads the rest of the term, and tells whether the automaton still lives. If
// not, the last level is that of the character that killed it.
func (m *Matches) read() bool {
	if !m.top().alive(m.errors) {
		return false
	}
	for at := m.top().end; at < len(m.term); at = m.top().end {
		c, size := char(m.term[at:])
		l := level{c: c, end: at + size, need: at + size}
		if c == noChar {
			l.need = at + utf8.UTFMax
			if m.blurred < 0 {
				m.blurred = len(m.stack)
			}
		}
		l.need = max(l.need, m.top().need)
		m.p.step(&l.state, &m.top().state, m.p.is(c))
		m.stack = append(m.stack, l)
		if !l.alive(m.errors) {
			return false
		}
	}
	return true
}

// keep drops the levels that a term with so many bytes of the one before does not
// have.
func (m *Matches) keep(shared int) {
	n := len(m.stack)
	for n > 1 && m.stack[n-1].need > shared {
		n--
	}
	m.stack = m.stack[:n]
	if m.blurred >= n {
		m.blurred = -1
	}
}

// jump moves to the first term that may match, behind the current one, for which
// the automaton died; false if there is none.
func (m *Matches) jump() bool {
	if m.blurred >= 0 {
		return m.step() // characters sort otherwise than their bytes
	}
	return m.aim() && m.seek(m.target)
}

// aim makes the least target above the current term that the automaton would live
// for: at the deepest level that can go on with a greater character.
func (m *Matches) aim() bool {
	for j := len(m.stack) - 1; j > 0; j-- {
		l, s := &m.stack[j], &m.stack[j-1].state
		if m.p.free(s, m.errors) { // whatever comes behind all that begin so
			m.target = append(m.target[:0], m.term[:l.end]...)
			m.target[l.end-1]++ // no byte of UTF-8 is 0xff
			return true
		}
		if c, is, ok := m.p.after(s, m.errors, l.c); ok {
			m.target = append(m.target[:0], m.term[:m.stack[j-1].end]...)
			m.complete(s, c, is)
			return true
		}
	}
	return false
}

// complete appends a character to the target, and then all that must follow.
func (m *Matches) complete(s *state, c rune, is uint64) {
	at := *s
	for ok := true; ok && len(m.target) <= MaxTermBytes; {
		m.target = utf8.AppendRune(m.target, c)
		var next state
		m.p.step(&next, &at, is)
		at = next
		if _, match := m.p.distance(&at, m.errors); match || m.p.free(&at, m.errors) {
			return
		}
		c, is, ok = m.p.after(&at, m.errors, -1)
	}
}

// seek moves to the first term that is not below target, which is not below the
// current one.
func (m *Matches) seek(target []byte) bool {
	if !m.d.columns() {
		return m.fail()
	}
	if b := m.d.findFrom(target, m.block); b > m.block && !m.enter(b) {
		return false
	}
	matched := commonPrefix(m.term, target)
	if matched == len(target) || matched < len(m.term) && m.term[matched] > target[matched] {
		return true
	}
	return m.skip(target, matched)
}

// skip passes over the terms of the block below target, of which the current one
// has the first matched bytes. Its loop is that of block.search.
func (m *Matches) skip(target []byte, matched int) bool {
	r := &m.blk.terms
	for have := len(m.term); m.i < m.blk.n; {
		shared, suffix := front(r)
		if r.Bad() || shared > have {
			return m.fail()
		}
		m.i++
		have = shared + len(suffix)
		if shared > matched {
			continue // as far below as the one before
		}
		more := 0
		if shared == matched {
			more = commonPrefix(suffix, target[matched:])
			if end := matched + more; end < len(target) && (more == len(suffix) || suffix[more] < target[end]) {
				matched = end
				continue
			}
		}
		m.keep(commonPrefix(m.term, target[:shared]))
		m.term = append(append(m.term[:0], target[:shared]...), suffix...)
		return true
	}
	return m.enter(m.block + 1)
}

// enter moves to the first term of a block.
func (m *Matches) enter(b int) bool {
	if b >= m.d.n {
		return false
	}
	blk, ok := m.d.open(b)
	m.block, m.blk, m.i, m.listed, m.infos = b, blk, 1, 0, blk.infos()
	first := m.blk.terms.Bytes(int(m.blk.terms.U8()))
	if !ok || m.blk.terms.Bad() || keyOf(first) != m.d.key(b) {
		return m.fail()
	}
	shared := commonPrefix(m.term, first)
	if len(m.term) > 0 && (shared == len(first) || shared < len(m.term) && first[shared] < m.term[shared]) {
		return m.fail() // blocks out of order
	}
	m.keep(shared)
	m.term = append(m.term[:0], first...)
	return true
}

// step moves to the next term.
func (m *Matches) step() bool {
	if m.i == m.blk.n {
		return m.enter(m.block + 1)
	}
	shared, suffix := front(&m.blk.terms)
	if m.blk.terms.Bad() || shared > len(m.term) {
		return m.fail()
	}
	m.i++
	m.keep(shared)
	m.term = append(m.term[:shared], suffix...)
	return true
}

func (m *Matches) fail() bool {
	m.d.fail(max(m.block, 0), "terms or infos do not add up")
	m.err = m.d.Err()
	return false
}

// Term is the current term: a view that lives until Next.
func (m *Matches) Term() []byte { return m.term }

// Distance is how far the current term is from the word; 0 of a wildcard.
func (m *Matches) Distance() int { return m.near }

// Info is that of the current term; without documents if the bytes cannot be right,
// and then Err says so.
func (m *Matches) Info() Info {
	for ; m.listed < m.i; m.listed++ {
		m.infos.next(&m.info)
	}
	if m.infos.r.Bad() {
		m.fail()
		return Info{}
	}
	return m.info
}

// Err is what was wrong with the bytes, or nil.
func (m *Matches) Err() error { return m.err }

// A Near is a term near a word.
type Near struct {
	Term     []byte
	Distance int
	Info     Info
}

// Nearest is the first limit terms of a pattern in the order of their distance, and
// of those equally far, in their own. When there are so many, it looks no farther
// than they are.
func (d *Dict) Nearest(p *Pattern, limit int) ([]Near, error) {
	var found [MaxDistance + 1][]Near
	m := d.Match(p, 0)
	for m.errors >= 0 && limit > 0 && m.Next() {
		e := m.Distance()
		found[e] = append(found[e], Near{bytes.Clone(m.Term()), e, m.Info()})
		for sum, e := 0, 0; e <= m.errors; e++ {
			if sum += len(found[e]); sum >= limit {
				m.errors = e - 1 // those as far that follow come behind
			}
		}
	}
	all := slices.Concat(found[:]...)
	return all[:min(len(all), limit)], m.Err()
}
