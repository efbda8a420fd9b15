package main

import (
	"net/http"
	"net/http/httptest"
	"reflect"
	"runtime"
	"testing"

	"github.com/trawlsearch/trawl/api"
	"github.com/trawlsearch/trawl/speed"
)

func TestBenchThreads(t *testing.T) {
	for text, want := range map[string][]int{"1": {1}, "4, 2,1": {4, 2, 1}, "0": nil, "1025": nil, "1,,2": nil, "two": nil} {
		if got, err := threadCounts(text); !reflect.DeepEqual(got, want) || (err != nil) != (want == nil) {
			t.Errorf("%q: got %v, %v", text, got, err)
		}
	}
	got, err := threadCounts("")
	if err != nil || got[0] != 1 || got[len(got)-1] != runtime.NumCPU() {
		t.Errorf("none: got %v, %v", got, err)
	}
	for i := 1; i < len(got); i++ {
		if got[i] <= got[i-1] {
			t.Errorf("none: got %v", got)
		}
	}
}

// TestBenchWriterTimes reads the indexer's means off metrics, and nothing off
// servers that have none.
func TestBenchWriterTimes(t *testing.T) {
	body, status := "", http.StatusOK
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	defer srv.Close()
	full := "# HELP x y\ntrawl_indexer_refresh_seconds_sum 0.5\ntrawl_indexer_refresh_seconds_count 10\n" +
		"trawl_indexer_commit_seconds_bucket{le=\"+Inf\"} 4\ntrawl_indexer_commit_seconds_sum 1\ntrawl_indexer_commit_seconds_count 4\n"
	for _, tc := range []struct {
		name, body      string
		status          int
		refresh, commit float64
	}{
		{"an indexer", full, 200, 50, 250},
		{"none has worked", "trawl_indexer_refresh_seconds_sum 0\ntrawl_indexer_refresh_seconds_count 0\n", 200, 0, 0},
		{"something else", "<html>", 200, 0, 0},
		{"no metrics for us", full, 403, 0, 0},
	} {
		body, status = tc.body, tc.status
		refresh, commit := writerTimes(t.Context(), &api.Client{Base: srv.URL, HTTP: srv.Client()})
		if refresh != tc.refresh || commit != tc.commit {
			t.Errorf("%s: %v and %v ms", tc.name, refresh, commit)
		}
	}
}

func TestBenchText(t *testing.T) {
	for _, tc := range []struct{ got, want string }{
		{sizeText(0), "0.0 kB"}, {sizeText(999_900), "999.9 kB"}, {sizeText(35_600_000), "35.6 MB"}, {count(1, "shard"), "1 shard"}, {count(0, "shard"), "0 shards"},
	} {
		if tc.got != tc.want {
			t.Errorf("got %q, want %q", tc.got, tc.want)
		}
	}
	// What was interrupted before the first answer says what there is.
	r := benchReport{Collection: "web", Machine: "m", Docs: 3, Process: &speed.Report{}}
	if got := r.text(); got != "web: 3 documents\nm; queries made of the collection, asked 0 times for 0 hits, seed 0\n" {
		t.Errorf("got %q", got)
	}
}
