package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// A Crawl is one run over the sources of a collection.
type Crawl struct {
	ID         string
	Collection string
	Seeds      []string
	Settings   json.RawMessage // any JSON; nil is {}
	State      string          // the crawler's word for how it stands

	// To the microsecond, UTC; zero for what has not come yet.
	Created, Started, Finished time.Time

	Pages, Failed int64 // addresses that were fetched, and that could not be
}

const crawlColumns = `id, collection, seeds, settings, state, created, started, finished, pages, failed`

// PutCrawl writes a crawl, new or changed. Its collection must be there, or the
// error is ErrNotFound; a crawl that exists stays with its collection, or the
// error is ErrConflict, and keeps its Created (now, if it was zero at first).
// The last writer wins: a crawl is its crawler's.
func (s *Store) PutCrawl(ctx context.Context, c Crawl) error {
	settings, err := checked(c.ID, c.Settings)
	if err != nil {
		return fmt.Errorf("store: crawl %.50q: %w", c.ID, err)
	}
	seeds, err := encodeSeeds(c.Seeds)
	if err != nil {
		return fmt.Errorf("store: crawl %s: %w", c.ID, err)
	}
	if !utf8.ValidString(c.State) || strings.ContainsRune(c.State, 0) {
		return fmt.Errorf("store: crawl %s: state %q is not UTF-8 without NUL", c.ID, c.State)
	}
	if c.Created.IsZero() {
		c.Created = time.Now()
	}
	// Selected, not VALUES, so that one statement looks for the collection
	// too. PostgreSQL must be told the types of what is selected.
	res, err := s.write.ExecContext(ctx, `INSERT INTO crawls (`+crawlColumns+`)
		SELECT CAST($1 AS TEXT), name, CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS TEXT), CAST($6 AS BIGINT),
			CAST($7 AS BIGINT), CAST($8 AS BIGINT), CAST($9 AS BIGINT), CAST($10 AS BIGINT)
		FROM collections WHERE name = $2
		ON CONFLICT (id) DO UPDATE SET seeds = excluded.seeds, settings = excluded.settings, state = excluded.state,
			started = excluded.started, finished = excluded.finished, pages = excluded.pages, failed = excluded.failed
		WHERE crawls.collection = excluded.collection`,
		c.ID, c.Collection, seeds, string(settings), c.State, micros(c.Created),
		micros(c.Started), micros(c.Finished), c.Pages, c.Failed)
	if err != nil {
		return fmt.Errorf("store: put crawl %s: %w", c.ID, err)
	}
	n, err := res.RowsAffected()
	if err == nil && n == 0 {
		err = s.whyNotPut(ctx, c)
	}
	if err != nil {
		return fmt.Errorf("store: put crawl %s of %s: %w", c.ID, c.Collection, err)
	}
	return nil
}

func (s *Store) whyNotPut(ctx context.Context, c Crawl) error {
	if _, err := s.Collection(ctx, c.Collection); err != nil {
		return err
	}
	return fmt.Errorf("it is another collection's: %w", ErrConflict)
}

func encodeSeeds(seeds []string) (string, error) {
	if seeds == nil {
		seeds = []string{}
	}
	for _, seed := range seeds {
		if !utf8.ValidString(seed) {
			return "", fmt.Errorf("seed %.50q is not UTF-8", seed)
		}
	}
	b, err := json.Marshal(seeds)
	if err != nil {
		return "", err
	}
	if len(b) > MaxJSONBytes {
		return "", fmt.Errorf("seeds of %d bytes: %d are allowed", len(b), MaxJSONBytes)
	}
	return string(b), nil
}

// Crawl returns a crawl, or an error that is ErrNotFound.
func (s *Store) Crawl(ctx context.Context, id string) (Crawl, error) {
	c, err := scanCrawl(s.read.QueryRowContext(ctx, `SELECT `+crawlColumns+` FROM crawls WHERE id = $1`, id))
	if err != nil {
		return Crawl{}, fmt.Errorf("store: crawl %s: %w", id, err)
	}
	return c, nil
}

// Crawls returns the crawls of a collection, the newest first; all crawls if
// collection is "".
func (s *Store) Crawls(ctx context.Context, collection string) ([]Crawl, error) {
	query, args := `SELECT `+crawlColumns+` FROM crawls`, []any(nil)
	if collection != "" {
		query, args = query+` WHERE collection = $1`, []any{collection}
	}
	all, err := collect(ctx, s.read, scanCrawl, query, args...)
	if err != nil {
		return nil, fmt.Errorf("store: crawls of %s: %w", collection, err)
	}
	slices.SortFunc(all, newestFirst)
	return all, nil
}

// DeleteCrawl removes a crawl. That there is none is no error.
func (s *Store) DeleteCrawl(ctx context.Context, id string) error {
	if _, err := s.write.ExecContext(ctx, `DELETE FROM crawls WHERE id = $1`, id); err != nil {
		return fmt.Errorf("store: delete crawl %s: %w", id, err)
	}
	return nil
}

func scanCrawl(row scanner) (Crawl, error) {
	var c Crawl
	var seeds, settings string
	var created, started, finished int64
	err := row.Scan(&c.ID, &c.Collection, &seeds, &settings, &c.State, &created, &started, &finished, &c.Pages, &c.Failed)
	if err != nil {
		return Crawl{}, noRows(err)
	}
	if err := json.Unmarshal([]byte(seeds), &c.Seeds); err != nil {
		return Crawl{}, errors.Join(errors.New("seeds"), err)
	}
	c.Settings = json.RawMessage(settings)
	c.Created, c.Started, c.Finished = fromMicros(created), fromMicros(started), fromMicros(finished)
	return c, nil
}
