package index

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"
)

// claim creates the manifest after the newest, in this writer's name.
func (w *Writer) claim(ctx context.Context, schema Schema) error {
	for range claimRounds {
		base, s, err := openNewest(ctx, w.st, w.common, nil)
		switch {
		case err == nil:
		case errors.Is(err, fs.ErrNotExist) && !errors.Is(err, ErrCorrupt):
			if base, s, err = firstManifest(ctx, w.st, schema); err != nil {
				return err
			}
		default:
			return err
		}
		claimed, err := w.claimAfter(ctx, base, s, schema)
		if err == nil && claimed {
			return nil
		}
		s.Close()
		if err != nil {
			return err
		}
	}
	return fmt.Errorf("index: claim: %d other writers came first", claimRounds)
}

// firstManifest is the state of an index that was never written.
func firstManifest(ctx context.Context, st Storage, schema Schema) (*manifest, *Snapshot, error) {
	if err := schema.check(); err != nil {
		return nil, nil, err
	}
	numbers, err := manifestNumbers(ctx, st)
	if err != nil {
		return nil, nil, err
	}
	if len(numbers) > 0 { // something is there, and it does not open
		return nil, nil, fmt.Errorf("index: claim: manifest %d does not open: %w", numbers[0], ErrCorrupt)
	}
	m := &manifest{manifestHead: manifestHead{Schema: schema}}
	return m, newSnapshot(st, nil, schema, nil), nil
}

// claimAfter tries to be the next behind base, whose state s is, and behind the
// damaged ones that are newer. It tells whether it was; then the writer has s.
func (w *Writer) claimAfter(ctx context.Context, base *manifest, s *Snapshot, schema Schema) (bool, error) {
	grown, err := base.Schema.grow(schema)
	if err != nil {
		return false, err
	}
	if s.damage != nil {
		w.log.Warn("index: going on from an older manifest", "manifest", base.Number, "damage", s.damage)
	}
	w.schema = grown
	w.number, w.seq, w.segments = s.newest, base.LastSeq, s.segments
	m := w.manifest(s.segments, base.LastSeq)
	m.Claim = true
	err = createManifest(ctx, w.st, m)
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("index: claim: %w", err)
	}
	// The number could be free because another writer is far ahead.
	numbers, err := manifestNumbers(ctx, w.st)
	if err != nil {
		return false, err
	}
	if len(numbers) == 0 || numbers[0] != m.Number {
		return false, nil
	}
	if base.Number > 0 {
		w.keep(base)
	}
	w.keep(m)
	w.log.Info("index: claimed", "manifest", m.Number, "holder", w.opt.Holder, "seq", w.seq, "segments", len(w.segments))
	return true, nil
}

// manifest describes segments as the next manifest will.
func (w *Writer) manifest(segments []*Segment, seq uint64) *manifest {
	m := &manifest{
		manifestHead: manifestHead{
			Format: manifestFormat, Number: w.number + 1, Holder: w.opt.Holder, Writer: w.id,
			Created: time.Now().UTC().Truncate(time.Millisecond), LastSeq: seq, Schema: w.schema,
		},
		Fields: make([]FieldStats, len(w.schema.Fields)),
	}
	for _, g := range segments {
		m.Docs += uint64(g.Docs())
		for i := range m.Fields {
			f := g.FieldStats(i)
			m.Fields[i].Docs += f.Docs
			m.Fields[i].Tokens += f.Tokens
		}
		m.Segments = append(m.Segments, segmentEntry{
			Name: g.name, UUID: g.id.String(), Docs: g.MaxDoc(), Bytes: g.Bytes(),
			Deleted: g.deleted, Live: g.liveName, LiveBytes: g.liveSize,
		})
	}
	return m
}
