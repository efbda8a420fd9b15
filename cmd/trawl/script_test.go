package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/trawlsearch/trawl/node"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"trawl": func() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
	})
}

// TestScripts runs the program as a user does: each file of testdata/script is
// one story. Beside testscript's own there are these commands:
//
//	site DIR          serve a folder over HTTP, at $SITE
//	serving DATA      wait until a process serves a data directory, at $SERVER
//	freeport NAME     put a loopback port that is free into $NAME
//	scrub FILE        replace what differs from run to run in stdout, into a file for cmp
//	within DURATION   fail if the last such command was longer ago; starts the clock
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("TRAWL_DATA", e.WorkDir+"/data")
			e.Setenv("HOME", e.WorkDir)
			e.Values["clock"] = new(time.Time)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"site": scriptSite, "serving": scriptServing, "freeport": scriptFreePort, "scrub": scriptScrub, "within": scriptWithin,
		},
	})
}

func scriptSite(ts *testscript.TestScript, _ bool, args []string) {
	srv := httptest.NewServer(http.FileServer(http.Dir(ts.MkAbs(args[0]))))
	ts.Defer(srv.Close)
	ts.Setenv("SITE", srv.URL)
}

func scriptServing(ts *testscript.TestScript, _ bool, args []string) {
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		o, held := node.ReadOccupant(ts.MkAbs(args[0]))
		if !held {
			continue
		}
		if resp, err := http.Get("http://" + o.Listen + "/readyz"); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				ts.Setenv("SERVER", "http://"+o.Listen)
				return
			}
		}
	}
	ts.Fatalf("nobody serves %s", args[0])
}

func scriptFreePort(ts *testscript.TestScript, _ bool, args []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	defer l.Close()
	ts.Setenv(args[0], strings.TrimPrefix(l.Addr().String(), "127.0.0.1:"))
}

var unsteady = []struct {
	pattern *regexp.Regexp
	instead string
}{
	{regexp.MustCompile(`127\.0\.0\.1:\d+`), "HOST"},
	{regexp.MustCompile(`\d+ bytes in \S+ from`), "N bytes in T from"},
	{regexp.MustCompile(`(?m)^ +Last-Modified: .*\n`), ""},
}

func scriptScrub(ts *testscript.TestScript, _ bool, args []string) {
	text := ts.ReadFile("stdout")
	for _, u := range unsteady {
		text = u.pattern.ReplaceAllString(text, u.instead)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}

func scriptWithin(ts *testscript.TestScript, _ bool, args []string) {
	limit, err := time.ParseDuration(args[0])
	ts.Check(err)
	clock := ts.Value("clock").(*time.Time)
	if took := time.Since(*clock); !clock.IsZero() && took > limit {
		ts.Fatalf("that took %v", took)
	}
	*clock = time.Now()
}
