// Package store keeps rows in SQL: what people decided, and what happened. It
// speaks the subset that SQLite and PostgreSQL share ($n, ON CONFLICT, JSON as
// text, times as microseconds), through one code path; a conformance test runs
// on both.
//
// SQLite is in the process, with a write-ahead log, synchronous=FULL (a commit
// survives a power cut) and one connection, for it has one writer.
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // driver "pgx"
	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // driver "sqlite"
)

// ErrNotFound: there is no such row.
var ErrNotFound = errors.New("store: not found")

// ErrConflict: the row has another version than the caller read.
var ErrConflict = errors.New("store: changed by another")

//go:embed migrations/*.sql
var migrations embed.FS

// A Store is a database of Trawl's. Any goroutine may call it.
type Store struct{ db *sql.DB }

// Open opens the database at a PostgreSQL URL (postgres://...), or a SQLite file
// by its path or sqlite:// URL, and brings its schema up to date.
func Open(ctx context.Context, where string) (*Store, error) {
	driver, dsn, dialect := "pgx", where, goose.DialectPostgres
	if !strings.HasPrefix(where, "postgres://") && !strings.HasPrefix(where, "postgresql://") {
		driver, dialect = "sqlite", goose.DialectSQLite3
		dsn = "file:" + (&url.URL{Path: strings.TrimPrefix(where, "sqlite://")}).EscapedPath() +
			"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=busy_timeout(5000)&_txlock=immediate"
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	if driver == "sqlite" {
		db.SetMaxOpenConns(1)
	} else {
		db.SetMaxOpenConns(8)
		db.SetConnMaxIdleTime(5 * time.Minute)
	}
	if err := migrate(ctx, db, dialect); err != nil {
		db.Close()
		return nil, err
	}
	return &Store{db}, nil
}

func migrate(ctx context.Context, db *sql.DB, dialect goose.Dialect) error {
	if err := db.PingContext(ctx); err != nil {
		return fmt.Errorf("store: the database does not answer: %w", err)
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	p, err := goose.NewProvider(dialect, db, files)
	if err != nil {
		return fmt.Errorf("store: migrations: %w", err)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("store: migrations: %w", err)
	}
	return nil
}

// Close waits for what runs.
func (s *Store) Close() error { return s.db.Close() }

// A Collection is the row of a collection.
type Collection struct {
	Name     string
	Settings string // JSON
	Version  int64  // counts changes; zero for a row that is not there yet
	Created  time.Time
}

// Collection reads one row.
func (s *Store) Collection(ctx context.Context, name string) (Collection, error) {
	row := s.db.QueryRowContext(ctx, "SELECT name, settings, version, created FROM collections WHERE name = $1", name)
	c, err := scanCollection(row)
	if errors.Is(err, sql.ErrNoRows) {
		return c, fmt.Errorf("%w: collection %s", ErrNotFound, name)
	}
	return c, err
}

// Collections reads all rows, by name.
func (s *Store) Collections(ctx context.Context) ([]Collection, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT name, settings, version, created FROM collections ORDER BY name")
	if err != nil {
		return nil, fmt.Errorf("store: collections: %w", err)
	}
	defer rows.Close()
	var out []Collection
	for rows.Next() {
		c, err := scanCollection(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("store: collections: %w", err)
	}
	return out, nil
}

func scanCollection(row interface{ Scan(...any) error }) (Collection, error) {
	var c Collection
	var created int64
	if err := row.Scan(&c.Name, &c.Settings, &c.Version, &created); err != nil {
		if errors.Is(err, sql.ErrNoRows) {
			return c, err
		}
		return c, fmt.Errorf("store: collection: %w", err)
	}
	c.Created = time.UnixMicro(created).UTC()
	return c, nil
}

// PutCollection writes a row if it still has the version that c carries (zero:
// if it is not there yet), and returns it with its new version.
func (s *Store) PutCollection(ctx context.Context, c Collection) (Collection, error) {
	if c.Created.IsZero() {
		c.Created = time.Now().UTC().Truncate(time.Microsecond)
	}
	query := "INSERT INTO collections (name, settings, version, created) VALUES ($1, $2, 1, $3) ON CONFLICT (name) DO NOTHING RETURNING version"
	args := []any{c.Name, c.Settings, c.Created.UnixMicro()}
	if c.Version > 0 {
		query = "UPDATE collections SET settings = $2, version = version + 1 WHERE name = $1 AND version = $3 RETURNING version"
		args = []any{c.Name, c.Settings, c.Version}
	}
	err := s.db.QueryRowContext(ctx, query, args...).Scan(&c.Version)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return c, fmt.Errorf("%w: collection %s", ErrConflict, c.Name)
	case err != nil:
		return c, fmt.Errorf("store: collection %s: %w", c.Name, err)
	}
	return c, nil
}

// A Crawl is the row of one crawl of a collection.
type Crawl struct {
	Collection string
	Number     int64
	State      string
	Started    time.Time
	Reported   time.Time
	Pages      int64
	Failed     int64
}

// PutCrawl writes how a crawl stands; when it started stays as first written.
func (s *Store) PutCrawl(ctx context.Context, c Crawl) error {
	_, err := s.db.ExecContext(ctx, `INSERT INTO crawls (collection, number, state, started, reported, pages, failed)
		VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (collection, number) DO UPDATE SET state = excluded.state, reported = excluded.reported,
		pages = excluded.pages, failed = excluded.failed`,
		c.Collection, c.Number, c.State, c.Started.UnixMicro(), c.Reported.UnixMicro(), c.Pages, c.Failed)
	if err != nil {
		return fmt.Errorf("store: crawl: %w", err)
	}
	return nil
}

// Crawls reads the newest crawls of a collection, at most limit.
func (s *Store) Crawls(ctx context.Context, collection string, limit int) ([]Crawl, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT collection, number, state, started, reported, pages, failed FROM crawls
		WHERE collection = $1 ORDER BY number DESC LIMIT $2`, collection, limit)
	if err != nil {
		return nil, fmt.Errorf("store: crawls: %w", err)
	}
	defer rows.Close()
	var out []Crawl
	for rows.Next() {
		var c Crawl
		var started, reported int64
		if err := rows.Scan(&c.Collection, &c.Number, &c.State, &started, &reported, &c.Pages, &c.Failed); err != nil {
			return nil, fmt.Errorf("store: crawls: %w", err)
		}
		c.Started, c.Reported = time.UnixMicro(started).UTC(), time.UnixMicro(reported).UTC()
		out = append(out, c)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("store: crawls: %w", err)
	}
	return out, nil
}
