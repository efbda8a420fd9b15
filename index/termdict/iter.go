package termdict

import (
	"bytes"
)

// Iter walks over all terms.
func (d *Dict) Iter() *Iter { return d.Range(nil, nil) }

// Range walks over the terms t with lo <= t < hi; a nil hi is no bound. It keeps
// both slices.
func (d *Dict) Range(lo, hi []byte) *Iter { return &Iter{d: d, lo: lo, hi: hi, block: -1} }

// Prefix walks over the terms that begin with p.
func (d *Dict) Prefix(p []byte) *Iter {
	hi := bytes.Clone(p)
	for len(hi) > 0 && hi[len(hi)-1] == 0xff {
		hi = hi[:len(hi)-1]
	}
	if len(hi) == 0 {
		return d.Range(p, nil)
	}
	hi[len(hi)-1]++
	return d.Range(p, hi)
}

// An Iter walks over terms in order:
//
//	for it := d.Prefix(p); it.Next(); { it.Term(); it.Info() }
//
// It stands before its first term. Damage ends it early: who comes to the end
// asks Err. One goroutine.
type Iter struct {
	d      *Dict
	lo, hi []byte
	err    error

	block int // -1 before the first
	blk   block
	infos infos
	i     int    // terms of the block that were read
	term  []byte // reused
	info  Info
}

// Next moves to the next term, and tells whether there is one.
func (it *Iter) Next() bool {
	if it.block < 0 {
		return it.Seek(it.lo)
	}
	return it.step() && it.inside()
}

// Seek moves to the first term that is not below term, forwards or backwards but
// within the bounds of the Iter, and tells whether there is one.
func (it *Iter) Seek(term []byte) bool {
	if bytes.Compare(term, it.lo) < 0 {
		term = it.lo
	}
	if it.err != nil || !it.enter(max(it.d.find(term), 0)) {
		return false
	}
	for it.step() {
		if bytes.Compare(it.term, term) >= 0 {
			return it.inside()
		}
	}
	return false
}

// inside ends the walk at the upper bound.
func (it *Iter) inside() bool {
	if it.hi == nil || bytes.Compare(it.term, it.hi) < 0 {
		return true
	}
	it.end()
	return false
}

func (it *Iter) end() { it.block, it.blk, it.i = it.d.n, block{}, 0 }

// enter puts the Iter before the first term of a block.
func (it *Iter) enter(b int) bool {
	if b >= it.d.n {
		it.end()
		return false
	}
	blk, ok := it.d.open(b)
	if !ok {
		return it.fail(b)
	}
	it.block, it.blk, it.i, it.infos = b, blk, 0, blk.infos()
	it.term = it.term[:0]
	return true
}

// step reads the next term, whatever the bounds.
func (it *Iter) step() bool {
	if it.i == it.blk.n && !it.enter(it.block+1) {
		return false
	}
	r := &it.blk.terms
	if it.i == 0 {
		it.term = append(it.term[:0], r.Bytes(int(r.U8()))...)
	} else {
		shared, suffix := front(r)
		if shared > len(it.term) {
			r.Fail()
			shared = 0
		}
		it.term = append(it.term[:shared], suffix...)
	}
	it.i++
	it.infos.next(&it.info)
	if r.Bad() || it.infos.r.Bad() || len(it.term) > MaxTermBytes {
		return it.fail(it.block)
	}
	return true
}

func (it *Iter) fail(b int) bool {
	it.d.fail(b, "terms or infos do not add up")
	it.err = it.d.Err()
	it.end()
	return false
}

// Term is the current term: a view that lives until the Iter moves.
func (it *Iter) Term() []byte { return it.term }

// Info is that of the current term.
func (it *Iter) Info() Info { return it.info }

// Err is what was wrong with the bytes, or nil.
func (it *Iter) Err() error { return it.err }
