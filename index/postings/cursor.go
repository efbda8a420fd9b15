package postings

// A Cursor walks over one list, from the first document to the last, a block of
// up to 128 documents at a time. After Reset it stands before the first
// document: the first call is Next or Seek, and
//
//	for doc := c.Next(); doc != postings.None; doc = c.Next() { … }
//
// visits them all. At the end it stands on None and stays there. Bytes that
// cannot be right also end the walk: who comes to None asks Err. The zero Cursor
// is spent. A Cursor is some 3 KB, is used again and again by Reset, and then
// allocates nothing. One goroutine.
type Cursor struct{}

// Reset puts the cursor before the first document of a list. It keeps src.
func (c *Cursor) Reset(src *Source, list List) {}

// Size is the number of documents of the list (df).
func (c *Cursor) Size() uint32 { panic("TODO") }

// Doc is the document where the cursor stands: None at the end. Before the first
// Next or Seek it has no meaning.
func (c *Cursor) Doc() uint32 { panic("TODO") }

// Next moves to the next document, or None.
func (c *Cursor) Next() uint32 { panic("TODO") }

// Seek moves to the first document that is not below doc, or None. It does not
// move if the cursor is there already, and never goes back.
func (c *Cursor) Seek(doc uint32) uint32 { panic("TODO") }

// NextBlock moves to the first document of the next block, or None. As the first
// call it moves to the first document of the list.
func (c *Cursor) NextBlock() uint32 { panic("TODO") }

// Block is the current document and those behind it in its block, with their
// frequencies: views that live until the cursor moves to another block.
//
//	for doc := c.NextBlock(); doc != postings.None; doc = c.NextBlock() {
//		docs, freqs := c.Block()
//	}
func (c *Cursor) Block() (docs, freqs []uint32) { panic("TODO") }

// Freq is how often the current document holds the term.
func (c *Cursor) Freq() uint32 { panic("TODO") }

// Positions appends the positions of the term in the current document to dst:
// Freq many, not falling. None if the field keeps none.
func (c *Cursor) Positions(dst []uint32) []uint32 { panic("TODO") }

// SeekBlock looks ahead, without decoding and without moving, to the block that
// holds the first document not below doc, and returns the last document of that
// block, or None if there is no such block. BlockImpact then speaks of it.
func (c *Cursor) SeekBlock(doc uint32) (last uint32) { panic("TODO") }

// BlockImpact bounds the postings of the block that SeekBlock found, or, if the
// cursor has moved since, of the block where it stands. At the end it is zero.
func (c *Cursor) BlockImpact() Impact { panic("TODO") }

// BlockImpacts appends a tighter bound of the same block to dst: a few pairs,
// such that each posting is bounded by one of them. The highest score of the
// pairs bounds the block.
func (c *Cursor) BlockImpacts(dst []Impact) []Impact { panic("TODO") }

// MaxImpact bounds all postings of the list.
func (c *Cursor) MaxImpact() Impact { panic("TODO") }

// Err says what was wrong with the bytes, wrapping ErrCorrupt, or nil.
func (c *Cursor) Err() error { panic("TODO") }
