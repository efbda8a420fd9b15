package store

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// An Event is something that happened to a generation of a collection.
type Event struct {
	Collection string
	Number     int64     // counts from 1 in each collection
	At         time.Time // to the microsecond, UTC
	Kind       string    // one word
	Generation int64
	Crawl      int64
	Detail     string // for people
}

const eventColumns = `collection, number, at, kind, generation, crawl, detail`

// PutEvent writes an event, once: of one that is there nothing changes. Its
// collection must be there, or the error is ErrNotFound.
func (s *Store) PutEvent(ctx context.Context, e Event) error {
	if _, err := checked(e.Collection, nil); err != nil {
		return fmt.Errorf("store: event of %.50q: %w", e.Collection, err)
	}
	for _, text := range []string{e.Kind, e.Detail} {
		if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			return fmt.Errorf("store: event of %s: %.50q is not UTF-8 without NUL", e.Collection, text)
		}
	}
	if _, err := s.Collection(ctx, e.Collection); err != nil {
		return err
	}
	_, err := s.write.ExecContext(ctx, `INSERT INTO events (`+eventColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (collection, number) DO NOTHING`,
		e.Collection, e.Number, micros(e.At), e.Kind, e.Generation, e.Crawl, e.Detail)
	if err != nil {
		return fmt.Errorf("store: put event %d of %s: %w", e.Number, e.Collection, err)
	}
	return nil
}

// Events returns at most limit events of a collection, the newest first.
func (s *Store) Events(ctx context.Context, collection string, limit int) ([]Event, error) {
	all, err := collect(ctx, s.read, scanEvent, `SELECT `+eventColumns+` FROM events WHERE collection = $1 ORDER BY number DESC LIMIT $2`, collection, limit)
	if err != nil {
		return nil, fmt.Errorf("store: events of %s: %w", collection, err)
	}
	return all, nil
}

func scanEvent(row scanner) (Event, error) {
	var e Event
	var at int64
	if err := row.Scan(&e.Collection, &e.Number, &at, &e.Kind, &e.Generation, &e.Crawl, &e.Detail); err != nil {
		return Event{}, noRows(err)
	}
	e.At = fromMicros(at)
	return e, nil
}
