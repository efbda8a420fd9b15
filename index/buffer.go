package index

import (
	"fmt"
	"math"
	"sync"
	"sync/atomic"
)

const (
	// deadDoc is where remap sends documents that a segment does not get.
	deadDoc = math.MaxUint32

	// maxDocumentBytes and maxDocumentValues bound one document, so that one
	// Put cannot outgrow the budget by more than some ten times this, and all
	// of it can be stored (stored.MaxDocBytes).
	maxDocumentBytes  = 12 << 20
	maxDocumentValues = 64 << 10

	keyEntryBytes = 48 // of a map[Key]struct{}, at its growth

	// A batch is handed to an inverter when it has so many documents or bytes:
	// those that are put one after another come to lie near each other. There
	// are at most queuedBatches more waiting for each inverter.
	batchDocs     = 512
	maxBatchBytes = 1 << 20
	queuedBatches = 2

	// maxInverters bounds them, and minInverterBytes is the memory for which
	// there is one: each makes a segment of its own at every flush.
	maxInverters     = 64
	minInverterBytes = 24 << 20
)

// A buffer holds documents in memory until they are flushed: in one part for each
// inverter, which becomes a segment of its own. It numbers the documents of each
// part, and so knows which are replaced or deleted, while inverters work. Its size
// is known to the byte.
//
// One goroutine may call it. With one part that one inverts too; with several
// there is a goroutine for each, from the first full batch on, until close.
type buffer struct {
	schema Schema
	parts  []*part
	byKey  *keyTable // the live documents
	turn   int       // part that gets the documents of the moment

	batchBytes int64
	batch      *batch   // of the part whose turn it is; nil with one part
	spare      []*batch // that are done; guarded by spareMu
	spareMu    sync.Mutex
	queued     atomic.Int64 // bytes of batches that are not inverted
	started    bool
	workers    sync.WaitGroup
}

// A part is what goes to one inverter, and to one segment.
type part struct {
	inverter *inverter
	sortBy   SortBy // of the segment
	keys     []Key  // by document
	dead     []bool // by document: replaced or deleted since
	deaths   int
	queue    chan *batch
	open     sync.WaitGroup // batches that are queued and not inverted
}

// A batch is documents on their way to an inverter.
type batch struct {
	docs   []batchDoc
	values []Value
	bytes  int64
}

type batchDoc struct {
	lang   string
	values int // how many of the batch's are its
}

const valueBytes = 40 // of a Value

// newBuffer makes a buffer of as many parts as there are inverters, for about so
// much memory.
func newBuffer(schema Schema, inverters int, memory int64) *buffer {
	b := &buffer{schema: schema, batchBytes: min(maxBatchBytes, memory/256)}
	for range max(inverters, 1) {
		b.parts = append(b.parts, &part{inverter: newInverter(schema)})
	}
	b.byKey = newKeyTable(func(at place) Key { return b.parts[at>>placeDocBits].keys[at&(1<<placeDocBits-1)] })
	if len(b.parts) > 1 {
		b.batch = new(batch)
	}
	return b
}

// docs is the number of documents put, dead ones included.
func (b *buffer) docs() int {
	n := 0
	for _, p := range b.parts {
		n += len(p.keys)
	}
	return n
}

// bytes is the memory held, what flushing takes included.
func (b *buffer) bytes() int64 {
	n := b.byKey.bytes() + b.queued.Load()
	if b.batch != nil {
		n += b.batch.bytes
	}
	for _, p := range b.parts {
		n += int64(cap(p.keys))*int64(len(Key{})) + int64(cap(p.dead)) + 4*int64(len(p.keys)) + p.inverter.held.Load()
	}
	return n
}

// slack is what trim would free.
func (b *buffer) slack() int64 {
	n := int64(0)
	for _, p := range b.parts {
		n += p.inverter.slack()
	}
	return n
}

// trim gives up memory that the settled buffer keeps for documents like those of
// before: others may need it for something else.
func (b *buffer) trim() {
	for _, p := range b.parts {
		p.inverter.trim()
	}
	b.spare = nil
}

// check refuses a document that put could not take whole.
func (b *buffer) check(d *Document) error {
	size := 0
	for i := range d.Values {
		v := &d.Values[i]
		if b.schema.kind(v.Field) == 0 {
			return fmt.Errorf("index: put %s: no field %d in a schema of %d", d.Key, v.Field, len(b.schema.Fields))
		}
		size += len(v.Text)
	}
	if size > maxDocumentBytes || len(d.Values) > maxDocumentValues {
		return fmt.Errorf("index: put %s: %d values of %d bytes: more than a document may have", d.Key, len(d.Values), size)
	}
	return nil
}

// remove marks the live document of a key as dead.
func (b *buffer) remove(k Key) {
	if at, ok := b.byKey.remove(k); ok {
		p := b.parts[at>>placeDocBits]
		p.dead[at&(1<<placeDocBits-1)] = true
		p.deaths++
	}
}

// put adds a document that check has passed, in the place of another of its key.
func (b *buffer) put(d *Document) {
	b.remove(d.Key)
	p := b.parts[b.turn]
	b.byKey.add(d.Key, place(b.turn)<<placeDocBits|place(len(p.keys)))
	p.keys = append(p.keys, d.Key)
	p.dead = append(p.dead, false)
	if b.batch == nil {
		p.inverter.put(d.Lang, d.Values)
		p.inverter.held.Store(p.inverter.bytes())
		return
	}
	b.batch.add(d)
	if len(b.batch.docs) >= batchDocs || b.batch.bytes >= b.batchBytes {
		b.send(p)
	}
}

func (t *batch) add(d *Document) {
	t.docs = append(t.docs, batchDoc{d.Lang, len(d.Values)})
	t.values = append(t.values, d.Values...)
	for i := range d.Values {
		t.bytes += valueBytes + int64(len(d.Values[i].Text))
	}
}

// send queues the batch for its part, and gives the turn to the next.
func (b *buffer) send(p *part) {
	if !b.started {
		b.start()
	}
	b.queued.Add(b.batch.bytes)
	p.open.Add(1)
	p.queue <- b.batch
	b.turn = (b.turn + 1) % len(b.parts)
	b.batch = new(batch)
	b.spareMu.Lock()
	defer b.spareMu.Unlock()
	if n := len(b.spare); n > 0 {
		b.batch, b.spare = b.spare[n-1], b.spare[:n-1]
	}
}

// start begins a goroutine for each part.
func (b *buffer) start() {
	b.started = true
	for _, p := range b.parts {
		p.queue = make(chan *batch, queuedBatches)
		b.workers.Go(func() {
			for t := range p.queue {
				b.invert(p, t)
				p.open.Done()
			}
		})
	}
}

// invert puts the documents of a batch into the inverter of its part.
func (b *buffer) invert(p *part, t *batch) {
	values := t.values
	for _, d := range t.docs {
		p.inverter.put(d.lang, values[:d.values:d.values])
		values = values[d.values:]
	}
	p.inverter.held.Store(p.inverter.bytes())
	b.queued.Add(-t.bytes)
	clear(t.values)
	clear(t.docs)
	*t = batch{docs: t.docs[:0], values: t.values[:0]}
	b.spareMu.Lock()
	defer b.spareMu.Unlock()
	b.spare = append(b.spare, t)
}

// settle inverts what is not inverted yet, and waits for the inverters. It changes
// nothing that can be seen.
func (b *buffer) settle() {
	if b.batch == nil {
		return
	}
	p := b.parts[b.turn]
	p.open.Wait() // documents are numbered in their order
	if len(b.batch.docs) > 0 {
		t := b.batch
		b.batch = new(batch)
		b.queued.Add(t.bytes)
		b.invert(p, t)
	}
	for _, p := range b.parts {
		p.open.Wait()
	}
}

// reset empties the settled buffer for the next segments.
func (b *buffer) reset() {
	for _, p := range b.parts {
		p.keys, p.dead, p.deaths = nil, nil, 0
		p.inverter.reset()
	}
	b.byKey.reset()
	b.turn = 0
}

// close ends the goroutines. What is queued is inverted for nothing.
func (b *buffer) close() {
	if b.started {
		for _, p := range b.parts {
			close(p.queue)
		}
		b.workers.Wait()
		b.started = false
	}
}
