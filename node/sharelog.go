package node

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/trawlsearch/trawl/bus"
	"github.com/trawlsearch/trawl/crawl/frontier"
)

// A message of the log of found addresses is those of one slot:
//
//	+---+------------+------+-------------------------+
//	| 1 | generation | slot | frontier.EncodeItems    |
//	| 1 | uv         | uv   |                         |
//	+---+------------+------+-------------------------+
const foundVersion = 1

// send puts addresses for others into the log, where whoever has their range, now
// or later, finds them.
func (s *sharing) send(ctx context.Context, id string, items []byte) error {
	slot, _, err := frontier.DecodeItems(items)
	if err != nil {
		return err
	}
	b := binary.AppendUvarint([]byte{foundVersion}, uint64(s.generation))
	b = append(binary.AppendUvarint(b, uint64(slot)), items...)
	last, err := s.links.Append(ctx, id, [][]byte{b})
	if err != nil {
		return err
	}
	if old := s.sent.Load(); last > old { // one goroutine sends
		s.sent.Store(last)
	}
	return nil
}

// found is what a message is about.
func found(b []byte) (generation int, slot uint16, items []byte, err error) {
	if len(b) == 0 || b[0] != foundVersion {
		return 0, 0, nil, fmt.Errorf("node: a message of the log of found addresses has no version that this build reads: upgrade Trawl")
	}
	b = b[1:]
	g, n := binary.Uvarint(b)
	if n > 0 {
		b = b[n:]
		var v uint64
		if v, n = binary.Uvarint(b); n > 0 && v < frontier.Slots && g <= 1<<31 {
			return int(g), uint16(v), b[n:], nil
		}
	}
	return 0, 0, nil, fmt.Errorf("node: a message of the log of found addresses is corrupt")
}

// read adds what others found for our ranges, until ctx ends.
func (s *sharing) read(ctx context.Context) {
	s.node.retry(ctx, "reading of addresses that others found", func(ctx context.Context) error {
		own, cancel := context.WithCancel(ctx)
		defer cancel()
		after := s.place(cancel)
		err := s.links.Read(own, after, s.apply)
		switch {
		case errors.Is(err, bus.ErrRewound):
			st, serr := s.links.Stats(ctx)
			if serr != nil {
				return serr
			}
			s.newLog(st.Created)
			return errAgain
		case own.Err() != nil && ctx.Err() == nil:
			return errAgain // a range came in
		}
		return err
	})
}

// place is where the log is to be read from for all of our ranges; again ends that
// reading when one comes in.
func (s *sharing) place(again context.CancelFunc) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reread = again
	after := ^uint64(0)
	for i := range s.parts {
		p := &s.parts[i]
		if p.behind = false; p.lease != nil {
			after = min(after, p.position)
		}
	}
	if after == ^uint64(0) { // nothing is ours: what is taken later is read for then
		after = s.newest()
	}
	return after
}

// newest is the furthest place at which a range stands; mu is held.
func (s *sharing) newest() (at uint64) {
	for i := range s.parts {
		at = max(at, s.parts[i].position)
	}
	return at
}

// apply adds the addresses of one message, if they are ours and new.
func (s *sharing) apply(seq uint64, data []byte) error {
	generation, slot, items, err := found(data)
	if err != nil {
		s.log.Error("addresses are left out", "place", seq, "err", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := int(slot / rangeSlots); err == nil && generation == s.generation {
		if p := &s.parts[i]; s.owns(i) && !p.behind && seq > p.position {
			if err := s.c.Receive(items); err != nil {
				return err
			}
		}
	}
	for _, i := range s.ranges() {
		if p := &s.parts[i]; !p.behind {
			p.position = max(p.position, seq)
		}
	}
	return nil
}

// position is up to where the log is read for all of our ranges.
func (s *sharing) position() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := ^uint64(0)
	for _, i := range s.ranges() {
		at = min(at, s.parts[i].position)
	}
	return at
}

// newLog makes places of another log void: it was lost, and made anew.
func (s *sharing) newLog(created time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.created.Equal(created) {
		return
	}
	if !s.created.IsZero() {
		s.log.Warn("the log of found addresses was lost and made anew: what was in it and not read is found at the next crawl", "collection", s.name)
	}
	s.created = created
	for i := range s.parts {
		s.parts[i].position = 0
	}
	s.sent.Store(0)
}
