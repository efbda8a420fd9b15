package frontier

import (
	"encoding/binary"

	"github.com/cockroachdb/pebble/v2"

	"github.com/trawlsearch/trawl/weburl"
)

// The value of a T key:
//
//	T  +---+-------+--------+---------+------+-------+------+--------+---------+-------+---------+-------+
//	   | 2 | shape | checks | changes | mean | known | held | budget | settled | novel | settled | novel |
//	   | 1 | str   | uv     | uv      | uv   | uv    | uv   | uv     | uv      | uv    | uv      | uv    |
//	   +---+-------+--------+---------+------+-------+------+--------+---------+-------+---------+-------+
//	   budget 0: that of Options; settled and novel of first visits: of all, then
//	   of the batch that decides about the budget.
//
// A host has at most maxTemplates; the addresses of further shapes share one.
const (
	maxTemplates = 256
	otherShape   = "..."

	novelPart   = 5    // a fifth of a batch is to be novel
	batchEnough = 8    // the last eighth of a batch is not waited for: retries take hours
	maxRelease  = 1024 // held addresses queued by one outcome; the next goes on
	judgedBy    = 20   // first visits by which the quality of a template is known
)

// template is what is known of the addresses of one shape at one host.
type template struct {
	shape string
	history
	known, held              uint32 // queued ever, and waiting for the budget
	allowed                  uint32 // 0: the budget of Options
	settled, novel           uint32 // first visits
	batchSettled, batchNovel uint32
}

type templateID struct {
	host  hostID
	shape uint64
}

func (t *template) append(dst []byte) []byte {
	dst = t.history.append(appendString(append(dst, recordVersion), t.shape))
	for _, v := range [...]uint32{t.known, t.held, t.allowed, t.settled, t.novel, t.batchSettled, t.batchNovel} {
		dst = binary.AppendUvarint(dst, uint64(v))
	}
	return dst
}

func decodeTemplate(b []byte) (*template, error) {
	d := decoder{b: b}
	ver := d.byte()
	t := &template{shape: d.string(maxStringBytes), history: d.history()}
	for _, p := range [...]*uint32{&t.known, &t.held, &t.allowed, &t.settled, &t.novel, &t.batchSettled, &t.batchNovel} {
		*p = d.uint32()
	}
	return t, d.end("template", ver)
}

// template returns the record of a shape at a host, as this batch has it. It is
// written with the batch.
func (w *write) template(id hostID, rec *hostRecord, shape string) (*template, error) {
	tid := templateID{id, shapeHash(shape)}
	if t := w.templates[tid]; t != nil {
		return t, nil
	}
	v, err := w.f.get(shapeKey(id, tid.shape))
	if err != nil {
		return nil, err
	}
	var t *template
	switch {
	case v != nil:
		if t, err = decodeTemplate(v); err != nil {
			return nil, err
		}
	case rec.templates >= maxTemplates && shape != otherShape:
		return w.template(id, rec, otherShape)
	default:
		t = &template{shape: shape}
		rec.templates++
	}
	w.templates[tid] = t
	return t, nil
}

func (w *write) putTemplates() {
	var b []byte
	for id, t := range w.templates {
		b = t.append(b[:0])
		w.put(shapeKey(id.host, id.shape), b)
	}
}

// budget is how many addresses of the template may be queued.
func (t *template) budget(first int) int {
	if t.allowed == 0 {
		return first
	}
	return int(t.allowed)
}

// demerit is by how many levels a template of little worth is served later.
func (t *template) demerit() uint8 {
	switch {
	case t == nil || t.settled < judgedBy || t.novel*novelPart >= t.settled:
		return 0
	case t.novel*novelPart*4 >= t.settled:
		return 1
	}
	return 2
}

// learn books the first visit to an address of the template, and decides about
// its budget when a batch of them is complete.
func (t *template) learn(novel bool, first int) {
	t.settled++
	t.batchSettled++
	if novel {
		t.novel++
		t.batchNovel++
	}
	if first <= 0 {
		return
	}
	budget := t.budget(first)
	if batch := max(first, budget/2); int(t.batchSettled) < batch-batch/batchEnough {
		return
	}
	if t.batchNovel*novelPart >= t.batchSettled {
		budget *= 2
	} else {
		budget = max(1, budget/2)
	}
	t.allowed = uint32(min(budget, 1<<30))
	t.batchSettled, t.batchNovel = 0, 0
}

// hold stores an address that waits for the budget of its template.
func (w *write) hold(c *candidate, rec *urlRecord, t *template) {
	f := w.f
	f.meta.seq++
	rec.state, rec.seq, rec.reason = uint8(Held), f.meta.seq, refusedTemplate
	w.put(heldKey(c.id, shapeHash(t.shape), rec.place()), c.key[:])
	t.held++
}

// release queues what is held, as far as the budget goes.
func (w *write) release(id hostID, t *template) error {
	b := &w.f.opt.Budget
	room := maxRelease
	if b.PerTemplate > 0 {
		room = min(room, t.budget(b.PerTemplate)-int(t.known))
	}
	if t.held == 0 || room <= 0 {
		return nil
	}
	lower := heldKey(id, shapeHash(t.shape), place{})
	it, err := w.f.db.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: heldKey(id, shapeHash(t.shape), place{level: 0xFF})})
	if err != nil {
		return err
	}
	defer it.Close()
	for ok := it.First(); ok && room > 0 && t.held > 0; ok = it.Next() {
		v, err := it.ValueAndErr()
		if err != nil {
			return err
		}
		if len(v) != 16 {
			return errCorrupt
		}
		key := weburl.Key(v)
		if w.urls[key] != nil {
			continue // queued by this batch already
		}
		rec, err := w.f.loadURL(id, key)
		if err != nil {
			return err
		}
		if rec == nil || State(rec.state) != Held {
			w.batch.Delete(it.Key(), nil)
			continue
		}
		w.f.meta.count(rec, -1)
		w.unhold(id, rec, t)
		if err := w.enqueue(id, key, rec, "", 0); err != nil {
			return err
		}
		w.setURL(id, key, rec)
		room--
	}
	return it.Error()
}

// unhold takes an address out of what is held. The caller counts it out before,
// and queues it.
func (w *write) unhold(id hostID, rec *urlRecord, t *template) {
	w.batch.Delete(heldKey(id, shapeHash(t.shape), rec.place()), nil)
	rec.reason = ""
	t.held = max(1, t.held) - 1
	t.known++
}

// A TemplateStatus is what is known about the addresses of one shape at a host.
type TemplateStatus struct {
	Shape           string // "/product/0.html?page"
	Known, Held     int    // queued ever, and waiting for the budget
	Budget          int    // 0: no limit
	Settled, Novel  int    // first visits, and those that brought something new
	Changes, Checks int
}

// Templates lists up to limit templates of the host of an address.
func (f *Frontier) Templates(u weburl.URL, limit int) ([]TemplateStatus, error) {
	if !u.IsWeb() {
		return nil, nil
	}
	id := hostOf(u)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.broken != nil {
		return nil, f.broken
	}
	it, err := f.db.NewIter(&pebble.IterOptions{LowerBound: id.prefix(kindShape, 0), UpperBound: append(id.prefix(kindShape, 9), shapeEnd...)})
	if err != nil {
		return nil, err
	}
	defer it.Close()
	var out []TemplateStatus
	for ok := it.First(); ok && len(out) < limit; ok = it.Next() {
		v, err := it.ValueAndErr()
		if err != nil {
			return nil, err
		}
		t, err := decodeTemplate(v)
		if err != nil {
			return nil, err
		}
		st := TemplateStatus{
			Shape: t.shape, Known: int(t.known), Held: int(t.held), Settled: int(t.settled), Novel: int(t.novel),
			Changes: int(t.changes), Checks: int(t.checks),
		}
		if b := &f.opt.Budget; b.PerTemplate > 0 && b.binds(u) {
			st.Budget = t.budget(b.PerTemplate)
		}
		out = append(out, st)
	}
	return out, it.Error()
}
