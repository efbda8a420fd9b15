package store

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"
)

// pgBin is where Debian's package postgresql-15 stands.
const pgBin = "/usr/lib/postgresql/15/bin"

// pg is the PostgreSQL server of these tests: a socket in a temporary
// directory, no port.
var pg struct {
	once sync.Once
	dir  string
	cmd  *exec.Cmd
	log  bytes.Buffer
	err  error

	mu    sync.Mutex
	count int
}

func TestMain(m *testing.M) {
	code := m.Run()
	if pg.cmd != nil && pg.cmd.Process != nil {
		pg.cmd.Process.Signal(syscall.SIGQUIT) // at once; nothing here must last
		pg.cmd.Wait()
	}
	if pg.dir != "" {
		os.RemoveAll(pg.dir)
	}
	os.Exit(code)
}

// postgresDatabase makes an empty database, or skips.
func postgresDatabase(t testing.TB) string {
	t.Helper()
	if testing.Short() {
		t.Skip("starting PostgreSQL takes 4 s")
	}
	if _, err := os.Stat(filepath.Join(pgBin, "initdb")); err != nil {
		t.Skipf("no PostgreSQL (apt-get install postgresql-15): %v", err)
	}
	pg.once.Do(func() { pg.err = startPostgres() })
	if pg.err != nil {
		t.Fatalf("PostgreSQL: %v\n%s", pg.err, pg.log.String())
	}
	pg.mu.Lock()
	pg.count++
	name := fmt.Sprintf("t%d", pg.count)
	pg.mu.Unlock()
	db, err := sql.Open("pgx", postgresURL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	return postgresURL(name)
}

func postgresURL(name string) string {
	return "postgres:///" + name + "?user=postgres&host=" + pg.dir
}

func startPostgres() error {
	dir, err := os.MkdirTemp("/tmp", "trawl-pg-") // a socket's path is 107 bytes at most
	if err != nil {
		return err
	}
	pg.dir = dir
	var as []string
	if os.Geteuid() == 0 { // PostgreSQL refuses to be root
		u, err := user.Lookup("postgres")
		if err != nil {
			return err
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		if err := os.Chown(dir, uid, gid); err != nil {
			return err
		}
		as = []string{"setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"}
	}
	run := func(args ...string) *exec.Cmd {
		args = append(as[:len(as):len(as)], args...)
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &pg.log, &pg.log
		return cmd
	}
	data := filepath.Join(dir, "data")
	if err := run(pgBin+"/initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync").Run(); err != nil {
		return fmt.Errorf("initdb: %w", err)
	}
	pg.cmd = run(pgBin+"/postgres", "-D", data, "-k", dir, "-c", "listen_addresses=", "-c", "fsync=off")
	if err := pg.cmd.Start(); err != nil {
		return err
	}
	return waitPostgres()
}

func waitPostgres() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	db, err := sql.Open("pgx", postgresURL("postgres"))
	if err != nil {
		return err
	}
	defer db.Close()
	for {
		if err = db.PingContext(ctx); err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(20 * time.Millisecond): // another process: its time is real
		}
	}
}
