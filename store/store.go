// Package store keeps Trawl's rows in SQL: what people set up, and what became of it.
//
// It runs on SQLite, in a file, or on PostgreSQL, with one set of statements in
// the subset that both understand: $n, ON CONFLICT, RETURNING, text and bigint.
// JSON is text that the database does not look into, times are microseconds
// since 1970. Nothing is ordered by the database, for collations differ.
//
//	/var/lib/trawl/trawl.db                a path is SQLite
//	sqlite:///var/lib/trawl/trawl.db       so is this
//	postgres://user:password@host/trawl    as libpq reads it
//
// SQLite is used with a write-ahead log, synchronous=FULL (a row that was
// written survives a power cut; 0.6-5.6k transactions/s) and one connection
// that writes. Readers do not wait for it. One process at a time should have
// the file; PostgreSQL takes any number.
//
// The schema is brought up to date by Open, from migrations inside the program.
// A database of a newer Trawl is refused.
//
// A Store may be used by any number of goroutines.
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver pgx
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

var (
	// ErrNotFound: there is no such row.
	ErrNotFound = errors.New("store: not found")

	// ErrConflict: the row exists already, or was changed since it was read.
	ErrConflict = errors.New("store: conflict")
)

// Options of Open. The zero value works.
type Options struct {
	// Conns bounds the connections to PostgreSQL, or the readers of SQLite.
	// Zero: 8.
	Conns int

	// Log hears of migrations. It may be nil.
	Log *slog.Logger
}

const (
	defaultConns   = 8
	connectTimeout = 10 * time.Second
	migrateTimeout = 5 * time.Minute // and as long for another process that migrates
)

//go:embed migrations/*.sql
var migrations embed.FS

// A Store is an open database.
type Store struct {
	write *sql.DB
	read  *sql.DB // the same as write on PostgreSQL
}

// Open opens the database at rawURL, makes the file if it is SQLite's and not
// there, and brings the schema up to date.
func Open(ctx context.Context, rawURL string, opt Options) (*Store, error) {
	if opt.Conns <= 0 {
		opt.Conns = defaultConns
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	scheme, rest, ok := strings.Cut(rawURL, "://")
	switch {
	case rawURL == "":
		return nil, errors.New("store: no database: give a file's path or postgres://user:password@host/database")
	case !ok:
		return openSQLite(ctx, rawURL, opt)
	case scheme == "sqlite":
		path, err := url.PathUnescape(rest)
		if err != nil || path == "" || strings.Contains(rest, "?") {
			return nil, fmt.Errorf("store: %q: write sqlite:///path/of/the/file", rawURL)
		}
		return openSQLite(ctx, path, opt)
	case scheme == "postgres", scheme == "postgresql":
		return openPostgres(ctx, rawURL, opt)
	}
	return nil, fmt.Errorf("store: %s: there are sqlite and postgres", scheme)
}

func openSQLite(ctx context.Context, path string, opt Options) (*Store, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	// What people set up may hold secrets. The log beside it gets the same mode.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	f.Close()
	s := &Store{}
	if s.write, err = sql.Open("sqlite", sqliteDSN(path, "_txlock=immediate")); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	s.write.SetMaxOpenConns(1)
	if s.read, err = sql.Open("sqlite", sqliteDSN(path, "_pragma=query_only(1)")); err != nil {
		s.Close()
		return nil, fmt.Errorf("store: %w", err)
	}
	s.read.SetMaxOpenConns(opt.Conns)
	if err := s.start(ctx, goose.DialectSQLite3, opt); err != nil {
		s.Close()
		return nil, fmt.Errorf("store: %s: %w", path, err)
	}
	return s, nil
}

func sqliteDSN(path, extra string) string {
	u := url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(path)}
	return u.String() + "?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)" +
		"&_pragma=foreign_keys(1)&_pragma=trusted_schema(0)&" + extra
}

func openPostgres(ctx context.Context, rawURL string, opt Options) (*Store, error) {
	db, err := sql.Open("pgx", rawURL)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	db.SetMaxOpenConns(opt.Conns)
	db.SetMaxIdleConns(opt.Conns)
	db.SetConnMaxIdleTime(5 * time.Minute)
	s := &Store{write: db, read: db}
	if err := s.start(ctx, goose.DialectPostgres, opt); err != nil {
		s.Close()
		return nil, fmt.Errorf("store: PostgreSQL: %w", err)
	}
	return s, nil
}

// start looks whether the database answers, and migrates it.
func (s *Store) start(ctx context.Context, dialect goose.Dialect, opt Options) error {
	hello, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	if err := s.hello(hello); err != nil {
		return fmt.Errorf("no database answers: %w", err)
	}
	ctx, cancel = context.WithTimeout(ctx, migrateTimeout)
	defer cancel()
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	options := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true), goose.WithSlog(opt.Log)}
	if dialect == goose.DialectPostgres { // many processes may start at once
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, uint64(migrateTimeout/time.Second)))
		if err != nil {
			return err
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	p, err := goose.NewProvider(dialect, s.write, files, options...)
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	return migrate(ctx, p, opt.Log)
}

// hello waits for the first answer. Only while another process turns the log of
// the same SQLite file on is "busy" an answer that no timeout of SQLite's waits out.
func (s *Store) hello(ctx context.Context) error {
	for {
		err := s.write.PingContext(ctx)
		var busy *sqlite.Error
		if err == nil || !errors.As(err, &busy) || busy.Code()&0xff != sqlite3.SQLITE_BUSY {
			return err
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return err
		}
	}
}

// migrateTries: where there is no lock (SQLite) processes that start at once
// may run one migration together. All but one are rolled back, and find it
// done when they look again.
const migrateTries = 5

func migrate(ctx context.Context, p *goose.Provider, log *slog.Logger) error {
	done, err := p.Up(ctx)
	for try := 1; err != nil && try < migrateTries && ctx.Err() == nil; try++ {
		done, err = p.Up(ctx)
	}
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	for _, m := range done {
		log.Info("store: migrated", "to", m.Source.Version, "took", m.Duration)
	}
	have, want, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	if have > want {
		return fmt.Errorf("the database is of a newer Trawl (schema %d, this one knows %d): use that one, or restore a backup", have, want)
	}
	return nil
}

// Ping asks the database whether it is there.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.read.PingContext(ctx); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return nil
}

// Close waits for what is under way, and closes the database.
func (s *Store) Close() error {
	err := s.write.Close()
	if s.read != nil && s.read != s.write {
		err = errors.Join(s.read.Close(), err)
	}
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return nil
}
