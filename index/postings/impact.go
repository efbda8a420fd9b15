package postings

// Impacts are the constants from which the impacts of a field were made. Who
// keeps the lists keeps them too.
type Impacts struct {
	K1  float32 `json:"k1"`
	B   float32 `json:"b"`
	Avg float32 `json:"avg"` // tokens of a document that has the field, in the mean

	// Least and greatest norm of the field's postings; both 0 if there is none.
	MinNorm uint8 `json:"minNorm"`
	MaxNorm uint8 `json:"maxNorm"`
}

// Table is K by norm: K1·(1 - B + B·length/Avg), where length is what a norm stands for.
func (m Impacts) Table(length func(norm byte) uint32) *[256]float32 {
	avg := float64(m.Avg)
	if !(avg > 0) {
		avg = 1
	}
	var k [256]float32
	for n := range k {
		k[n] = float32(float64(m.K1) * (1 - float64(m.B) + float64(m.B)*float64(length(byte(n)))/avg))
	}
	return &k
}

const (
	maxLevel   = 254 // of a posting: its impact is one more, and 255 says nothing
	levelFreqs = 32  // frequencies up to this have a place in the table of levels
)

// levelOf is ⌊255·f/(f+K)⌋: the worth of a posting, rounded down. One more is its
// impact: not below the worth, whatever the division rounds to.
func levelOf(freq uint32, k float32) uint8 {
	f := float64(freq)
	worth := 255 * f / (f + float64(k))
	if !(worth < maxLevel) { // K of 0, or below: no bound
		return maxLevel
	}
	return uint8(max(worth, 0))
}

// levels is levelOf for the frequencies that nearly all postings have.
type levels struct {
	k     *[256]float32
	table [levelFreqs][256]uint8 // by frequency less 1 and norm
}

func newLevels(k *[256]float32) *levels {
	if k == nil {
		return nil
	}
	l := &levels{k: k}
	for less := range l.table {
		for norm := range l.table[less] {
			l.table[less][norm] = levelOf(uint32(less)+1, k[norm])
		}
	}
	return l
}

// set sets the levels of postings, whose frequencies are told less 1.
func (l *levels) set(levels []uint8, freqs *[BlockLen]uint32, norms *[BlockLen]uint8) {
	for i := range levels[:min(len(levels), BlockLen)] {
		less, norm := freqs[i], norms[i]
		if less < levelFreqs {
			levels[i] = l.table[less][norm]
		} else {
			levels[i] = levelOf(less+1, l.k[norm])
		}
	}
}

// Impact bounds all postings of the list: none has an f/(f+K) above Impact/255.
// 255 is no bound. It is 0 for a list that is empty or damaged.
func (c *Cursor) Impact() uint8 {
	switch {
	case c.blocks == 0:
		return 0
	case c.blocked:
		return c.head[headImpact]
	}
	if c.shortImpact == 0 {
		level := uint8(0)
		for i := range c.short {
			level = max(level, c.shortLevel(i))
		}
		c.shortImpact = level + 1
	}
	return c.shortImpact
}

// ImpactOf bounds the postings of a block, as Impact does; 0 if there is no such
// block.
func (c *Cursor) ImpactOf(b int) uint8 {
	switch {
	case uint(b) >= uint(c.blocks):
		return 0
	case c.blocked:
		return c.impacts[b]
	}
	return c.Impact()
}

// Impacts is ImpactOf for all blocks, in place; nil for a short list.
func (c *Cursor) Impacts() []byte { return c.impacts }

// shortLevel is the level of posting i of a short list.
func (c *Cursor) shortLevel(i int) uint8 {
	if c.src.K == nil || c.src.Norms == nil {
		return maxLevel
	}
	return levelOf(c.freqs[i], c.src.K[c.src.Norms[c.docs[i]]])
}

// Kth is a level that at least k postings of the list reach: each of them has an
// f/(f+K) of at least Kth/255. 0: it is not known, or there are not so many.
func (c *Cursor) Kth(k uint32) uint8 {
	switch {
	case c.blocks == 0 || k == 0 || c.list.Docs < k:
		return 0
	case !c.blocked:
		return c.shortKth(k)
	}
	for i, stored := range kths {
		if k <= stored {
			return c.head[headKth+i]
		}
	}
	return 0
}

func (c *Cursor) shortKth(k uint32) uint8 {
	if c.src.K == nil || c.src.Norms == nil {
		return 0
	}
	var counts [256]uint32
	for i := range c.short {
		counts[c.shortLevel(i)]++
	}
	return kthLevel(&counts, k)
}
