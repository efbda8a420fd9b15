package shard

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/trawlsearch/trawl/document"
	"github.com/trawlsearch/trawl/index"
)

// A generation of a collection is a set of shards of its own. What was crawled
// is crawled anew into it; what was pushed it takes over from another one.

// Adopt puts all pushed documents of another generation's shard, as of the
// commit that the replica shows, and tells how many they are. They are whole:
// searched and shown as they were.
//
// Shards of before documents were marked as pushed have none that are marked.
// There a document is taken for pushed if its ID is not its address, which is
// what crawled ones have; unmarked says that the shard may hold such.
func (s *Shard) Adopt(ctx context.Context, from *Replica, unmarked bool) (n uint64, err error) {
	snap, err := from.Acquire()
	if err != nil {
		return 0, nil // nothing was ever committed
	}
	defer snap.Close()
	for _, seg := range snap.Segments() {
		for doc := range seg.MaxDoc() {
			if !seg.Live(doc) || !unmarked && !seg.Has(fieldPushed, doc) {
				continue
			}
			if err := ctx.Err(); err != nil {
				return n, err
			}
			d, pushed, err := restore(seg, doc)
			if err != nil {
				return n, fmt.Errorf("shard: adopt: %w", err)
			}
			if !pushed {
				continue
			}
			if err := s.Push(ctx, d); err != nil {
				return n, err
			}
			n++
		}
		if err := seg.Err(); err != nil {
			return n, fmt.Errorf("shard: adopt: %w", err)
		}
	}
	return n, nil
}

// restore makes the event again that a pushed document was indexed from, but
// for the order of its fields.
func restore(seg *index.Segment, doc uint32) (d *document.Document, pushed bool, err error) {
	values, err := seg.Stored(doc, nil)
	if err != nil {
		return nil, false, err
	}
	d = &document.Document{Key: document.Key(seg.Key(doc))}
	rest := map[string]string{}
	for _, v := range values {
		switch text := v.Text; v.Field {
		case fieldID:
			d.ID = text
		case fieldURL:
			d.URL = text
		case fieldAttrs, fieldUnshown:
			if err := json.Unmarshal([]byte(text), &rest); err != nil {
				return nil, false, fmt.Errorf("stored object: %w", err)
			}
		default:
			d.Fields = append(d.Fields, document.Field{Name: Schema("").Fields[v.Field].Name, Text: text})
		}
	}
	d.Version = number(seg, fieldFetched, doc)
	pushed = seg.Has(fieldPushed, doc)
	if pushed {
		fetched := d.Version
		if d.Version = number(seg, fieldPushed, doc); fetched != d.Version {
			d.Fields = append(d.Fields, document.Field{Name: "fetched", Text: fmt.Sprint(fetched)})
		}
		d.Lang = rest["lang"]
		delete(rest, "lang")
	}
	for _, name := range sorted(rest) {
		d.Fields = append(d.Fields, document.Field{Name: name, Text: rest[name]})
	}
	return d, pushed || d.ID != d.URL, nil
}

func number(seg *index.Segment, field int, doc uint32) int64 {
	column := seg.Column(field)
	if column == nil {
		return 0
	}
	return column.Get(doc)
}

func sorted(m map[string]string) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// A Kind says how a page stands in two generations.
type Kind int

const (
	Lost    Kind = iota // in the old one alone
	Added               // in the new one alone
	Changed             // in both, with other texts
	Same
)

// A Difference counts the crawled pages of two generations of a shard.
type Difference struct {
	Old, New uint64 // pages of each
	Kinds    [4]uint64
}

// Compare tells how the pages of one generation's shard differ from another's,
// as of the commits that the replicas show; pushed documents are left out. each
// is called with the address of every page that is not Same. Unless texts are
// compared too, which reads all of them, pages that are in both are Same.
func Compare(ctx context.Context, before, after *Replica, texts bool, each func(Kind, string) error) (Difference, error) {
	c := comparison{ctx: ctx, texts: texts, each: each}
	for i, r := range []*Replica{before, after} {
		snap, err := r.Acquire()
		if err != nil {
			continue // nothing was ever committed
		}
		defer snap.Close()
		c.segments[i] = snap.Segments()
	}
	err := c.pages(0, &c.out.Old, Lost)
	if err == nil {
		err = c.pages(1, &c.out.New, Added)
	}
	if err != nil {
		return c.out, fmt.Errorf("shard: compare: %w", err)
	}
	return c.out, nil
}

type comparison struct {
	ctx      context.Context
	texts    bool
	each     func(Kind, string) error
	segments [2][]*index.Segment // before, after
	out      Difference
	a, b     []index.StoredValue
}

// pages counts the pages of one side, and looks for each on the other; only is
// what a page is that is not there.
func (c *comparison) pages(side int, count *uint64, only Kind) error {
	for _, seg := range c.segments[side] {
		for doc := range seg.MaxDoc() {
			if !seg.Live(doc) || seg.Has(fieldPushed, doc) {
				continue
			}
			*count++
			kind := only
			if other, at, ok := find(c.segments[1-side], seg.Key(doc)); ok {
				if side == 1 {
					continue // it was counted from the other side
				}
				var err error
				if kind, err = c.compare(seg, doc, other, at); err != nil {
					return err
				}
			}
			if err := c.tell(kind, seg, doc); err != nil {
				return err
			}
		}
		if err := seg.Err(); err != nil {
			return err
		}
	}
	for _, seg := range c.segments[1-side] { // a page may not have been found for damage
		if err := seg.Err(); err != nil {
			return err
		}
	}
	return c.ctx.Err()
}

func (c *comparison) tell(kind Kind, seg *index.Segment, doc uint32) error {
	c.out.Kinds[kind]++
	if kind == Same {
		return nil
	}
	if err := c.ctx.Err(); err != nil {
		return err
	}
	var err error
	if c.a, err = seg.StoredFields(doc, func(f int) bool { return f == fieldID }, c.a[:0]); err != nil || len(c.a) == 0 {
		return err
	}
	return c.each(kind, c.a[0].Text)
}

func find(segments []*index.Segment, key index.Key) (*index.Segment, uint32, bool) {
	for _, seg := range segments {
		if doc, ok := seg.Find(key); ok {
			return seg, doc, true
		}
	}
	return nil, 0, false
}

// shown are the texts that make a page another one when they change.
func shown(field int) bool {
	return field == fieldTitle || field == fieldHeadings || field == fieldDescription || field == fieldBody
}

func (c *comparison) compare(x *index.Segment, i uint32, y *index.Segment, j uint32) (Kind, error) {
	if !c.texts {
		return Same, nil
	}
	var err error
	if c.a, err = x.StoredFields(i, shown, c.a[:0]); err != nil {
		return Same, err
	}
	if c.b, err = y.StoredFields(j, shown, c.b[:0]); err != nil {
		return Same, err
	}
	same := func(v, w index.StoredValue) bool { return v.Field == w.Field && v.Text == w.Text }
	if slices.EqualFunc(c.a, c.b, same) {
		return Same, nil
	}
	return Changed, nil
}

// Has tells whether the commit that the replica shows holds a document.
func (r *Replica) Has(key document.Key) bool {
	snap, err := r.Acquire()
	if err != nil {
		return false
	}
	defer snap.Close()
	_, _, ok := find(snap.Segments(), index.Key(key))
	return ok
}
