package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	// MaxNameBytes is the longest name of a collection, and id of a crawl.
	MaxNameBytes = 200

	// MaxJSONBytes is the longest settings, and list of seeds. A hundred
	// thousand addresses are 5 MB or so.
	MaxJSONBytes = 16 << 20
)

// A Collection is what one searches, as it was set up.
type Collection struct {
	Name     string
	Settings json.RawMessage // any JSON; nil is {}
	Version  int64           // 1 at first, one more with each change
	Created  time.Time       // to the microsecond, UTC
}

// PutCollection writes a collection. With Version 0 it is new; otherwise it
// replaces the one of that version, so that of two who change what they both
// have read the second gets ErrConflict. It returns what was written: with its
// new Version, and Created as it was at first (now, if it was zero). A change
// to a collection that is not there is ErrNotFound.
func (s *Store) PutCollection(ctx context.Context, c Collection) (Collection, error) {
	var err error
	if c.Settings, err = checked(c.Name, c.Settings); err != nil {
		return Collection{}, fmt.Errorf("store: collection %.50q: %w", c.Name, err)
	}
	var created int64
	if c.Version == 0 {
		if c.Created.IsZero() {
			c.Created = time.Now()
		}
		err = s.write.QueryRowContext(ctx, `INSERT INTO collections (name, settings, version, created) VALUES ($1, $2, 1, $3)
			ON CONFLICT (name) DO NOTHING RETURNING version, created`,
			c.Name, string(c.Settings), micros(c.Created)).Scan(&c.Version, &created)
	} else {
		err = s.write.QueryRowContext(ctx, `UPDATE collections SET settings = $1, version = version + 1
			WHERE name = $2 AND version = $3 RETURNING version, created`,
			string(c.Settings), c.Name, c.Version).Scan(&c.Version, &created)
	}
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrConflict
		if c.Version != 0 {
			if _, gerr := s.Collection(ctx, c.Name); gerr != nil {
				return Collection{}, gerr
			}
		}
	}
	if err != nil {
		return Collection{}, fmt.Errorf("store: put collection %s: %w", c.Name, err)
	}
	c.Created = fromMicros(created)
	return c, nil
}

// Collection returns a collection, or an error that is ErrNotFound.
func (s *Store) Collection(ctx context.Context, name string) (Collection, error) {
	c, err := scanCollection(s.read.QueryRowContext(ctx, `SELECT name, settings, version, created FROM collections WHERE name = $1`, name))
	if err != nil {
		return Collection{}, fmt.Errorf("store: collection %s: %w", name, err)
	}
	return c, nil
}

// Collections returns all collections, by name.
func (s *Store) Collections(ctx context.Context) ([]Collection, error) {
	all, err := collect(ctx, s.read, scanCollection, `SELECT name, settings, version, created FROM collections`)
	if err != nil {
		return nil, fmt.Errorf("store: collections: %w", err)
	}
	slices.SortFunc(all, func(a, b Collection) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// DeleteCollection removes a collection and its crawls, or returns ErrNotFound.
func (s *Store) DeleteCollection(ctx context.Context, name string) error {
	res, err := s.write.ExecContext(ctx, `DELETE FROM collections WHERE name = $1`, name)
	if err == nil {
		var n int64
		if n, err = res.RowsAffected(); err == nil && n == 0 {
			err = ErrNotFound
		}
	}
	if err != nil {
		return fmt.Errorf("store: delete collection %s: %w", name, err)
	}
	return nil
}

// scanner is a *sql.Row, or *sql.Rows at a row.
type scanner interface{ Scan(into ...any) error }

func scanCollection(row scanner) (Collection, error) {
	var c Collection
	var settings string
	var created int64
	if err := row.Scan(&c.Name, &settings, &c.Version, &created); err != nil {
		return Collection{}, noRows(err)
	}
	c.Settings, c.Created = json.RawMessage(settings), fromMicros(created)
	return c, nil
}

// collect reads all rows of a query.
func collect[T any](ctx context.Context, db *sql.DB, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, rows.Err()
}

func noRows(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	return err
}

// checked returns the settings to store, or why the row is refused.
func checked(name string, settings json.RawMessage) (json.RawMessage, error) {
	if name == "" || len(name) > MaxNameBytes || !utf8.ValidString(name) || strings.ContainsRune(name, 0) {
		return nil, fmt.Errorf("a name is 1 to %d bytes of UTF-8 without NUL", MaxNameBytes)
	}
	if settings == nil {
		settings = json.RawMessage("{}")
	}
	if len(settings) > MaxJSONBytes || !json.Valid(settings) || !utf8.Valid(settings) {
		return nil, fmt.Errorf("settings are JSON of at most %d bytes", MaxJSONBytes)
	}
	return settings, nil
}

// micros is 0 for the zero time.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicros(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// newestFirst orders crawls.
func newestFirst(a, b Crawl) int {
	return cmp.Or(b.Created.Compare(a.Created), strings.Compare(b.ID, a.ID))
}
