package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/trawlsearch/trawl/api"
	"github.com/trawlsearch/trawl/node"
)

// addSettings gives a verb flags for some keys of the configuration; without
// keys, for all of them.
func addSettings(c *cobra.Command, keys ...string) {
	f := c.Flags()
	f.String("config", "", "YAML file of settings (environment: TRAWL_CONFIG); `trawl config` documents the keys")
	for _, s := range node.Settings() {
		if len(keys) > 0 && !contains(keys, s.Key) {
			continue
		}
		usage := fmt.Sprintf("%s (%s)", s.Doc, s.Env())
		if s.Bool {
			f.Bool(s.Key, s.Default == "true", usage)
			continue
		}
		f.String(s.Key, s.Default, usage)
	}
}

func contains(list []string, s string) bool {
	for _, e := range list {
		if e == s {
			return true
		}
	}
	return false
}

// configOf reads the configuration that a verb's flags, the environment and
// the file make.
func configOf(c *cobra.Command) (node.Config, error) {
	file, err := c.Flags().GetString("config")
	if err != nil {
		return node.Config{}, err
	}
	if file == "" {
		file = os.Getenv("TRAWL_CONFIG")
	}
	given := map[string]string{}
	c.Flags().Visit(func(f *pflag.Flag) { given[f.Name] = f.Value.String() })
	cfg, err := node.Load(file, os.Getenv, given)
	cfg.Program = program()
	return cfg, err
}

// A session is a way to the API of a server: one that runs, or one that this
// process runs for as long as the verb lasts.
type session struct {
	*api.Client
	own  bool // the server ends with this process
	stop func() error
}

// addSession gives a verb the flags that connect reads.
func addSession(c *cobra.Command, more ...string) {
	addSettings(c, append([]string{"data", "memory", "blobs", "sql", "nats", "log-level", "log-format", "admin-token"}, more...)...)
	c.Flags().String("server", "", "address of a running server, such as http://127.0.0.1:8080; empty: whoever serves --data, or else this process itself (TRAWL_SERVER)")
}

// connect finds the server that a verb speaks to: the one named by --server,
// the one that holds the data directory, or one of its own with roles. There must be
// a data directory.
func connect(c *cobra.Command, roles ...string) (*session, error) {
	return connectOr(c, func(cfg node.Config) error {
		if _, err := os.Stat(cfg.Data); errors.Is(err, fs.ErrNotExist) && cfg.NATS == "" {
			return usagef("%s: there is nothing at %s yet: `trawl crawl URL` and `trawl index FILE` put something there, --data and --server name another place", c.CommandPath(), cfg.Data)
		}
		return nil
	}, roles)
}

// connectOrMake does so for a verb that brings something: it makes the data directory.
func connectOrMake(c *cobra.Command, roles ...string) (*session, error) {
	return connectOr(c, func(node.Config) error { return nil }, roles)
}

func connectOr(c *cobra.Command, mayOpen func(node.Config) error, roles []string) (*session, error) {
	cfg, err := configOf(c)
	if err != nil {
		return nil, err
	}
	server, err := c.Flags().GetString("server")
	if err != nil {
		return nil, err
	}
	if server == "" {
		server = os.Getenv("TRAWL_SERVER")
	}
	if server != "" {
		if !strings.HasPrefix(server, "http://") && !strings.HasPrefix(server, "https://") {
			return nil, usagef("--server %s: want an address such as http://127.0.0.1:8080", server)
		}
		return remote(cfg, strings.TrimSuffix(server, "/")), nil
	}
	if s, err := occupant(cfg); s != nil || err != nil {
		return s, err
	}
	if err := mayOpen(cfg); err != nil {
		return nil, err
	}
	cfg.Roles, cfg.Listen = roles, "127.0.0.1:0" // so that other verbs find this process while it works
	if !c.Flags().Changed("log-level") && os.Getenv("TRAWL_LOG_LEVEL") == "" {
		cfg.LogLevel = "warn"
	}
	for start := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		s, err := ownServer(c.Context(), cfg, c.ErrOrStderr())
		if !errors.Is(err, node.ErrInUse) || time.Since(start) > openPatience {
			return s, err
		}
		// Somebody was faster, and is about to tell where it answers.
		if s, err := occupant(cfg); s != nil || err != nil {
			return s, err
		}
	}
}

// occupant is a session with the process that holds the data directory, or nil.
func occupant(cfg node.Config) (*session, error) {
	o, held := node.ReadOccupant(cfg.Data)
	switch {
	case !held:
		return nil, nil
	case o.Listen == "":
		return nil, fmt.Errorf("process %d holds %s and has no gateway: name the gateway's address by --server", o.PID, cfg.Data)
	}
	return remote(cfg, "http://"+o.Listen), nil
}

func remote(cfg node.Config, base string) *session {
	return &session{Client: &api.Client{Base: base, Token: cfg.AdminToken, HTTP: &http.Client{}}, stop: func() error { return nil }}
}

// openPatience bounds the wait for shards to open; what is not open by then
// answers with the reason.
const openPatience = 15 * time.Second

// ownServer runs a node until stop is called. The verb's context
// does not end it: what a verb began is stopped in order by stop.
func ownServer(ctx context.Context, cfg node.Config, stderr io.Writer) (*session, error) {
	n, err := node.Open(ctx, cfg, newLogger(cfg, stderr))
	if err != nil {
		return nil, err
	}
	runCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan error, 1)
	go func() { done <- n.Run(runCtx) }()
	for start := time.Now(); !n.Opened() && time.Since(start) < openPatience && ctx.Err() == nil; {
		time.Sleep(2 * time.Millisecond)
	}
	return &session{Client: n.Client(), own: true, stop: func() error {
		cancel()
		return <-done
	}}, nil
}

// close ends a session; its error matters only where err is nil.
func (s *session) close(err *error) {
	if serr := s.stop(); *err == nil {
		*err = serr
	}
}

func newLogger(cfg node.Config, w io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(cfg.LogLevel)) // node.Load has checked it
	opt := &slog.HandlerOptions{Level: level}
	if cfg.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, opt))
	}
	return slog.New(slog.NewTextHandler(w, opt))
}

func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// terminal tells whether w is a screen that a line can be rewritten on.
func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
