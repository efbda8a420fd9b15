package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/trawlsearch/trawl/api"
	"github.com/trawlsearch/trawl/index"
	"github.com/trawlsearch/trawl/node"
	"github.com/trawlsearch/trawl/speed"
)

func benchCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "bench",
		Short: "Measure how fast a collection answers on this machine, and whether it is whole",
		Long: `Bench asks queries and tells how long answers take, how many a second there are
to be had, what the index weighs, and what is wrong with it. Nothing is written
to the collection. It opens what the collection of --data has committed and
searches it in this process, beside a server or without one; where a server
holds --data, it is asked through HTTP as well. With --server, only that one is
asked. Without --queries, queries are made of the collection's own words; the
same --seed makes the same ones. Exit code 1 tells that something is not whole.`,
		Example: `  trawl bench
  trawl bench --collection shop --queries asked-last-week.txt --threads 1,2,4
  trawl bench --server http://10.0.0.1:8080 --duration 0 --json`,
		Args: exactly(0, "flags only"),
		RunE: bench,
	}
	addSettings(c, "data", "memory", "blobs")
	f := c.Flags()
	f.String("server", "", "address of a running server, such as http://127.0.0.1:8080; empty: the index of --data, and who serves it (TRAWL_SERVER)")
	f.StringP("collection", "c", node.DefaultCollection, "collection to ask")
	f.String("queries", "", "file of queries, one a line; what stands before a tab is not read (default: made of the collection)")
	f.Int("count", 20, "queries of each class, where they are made")
	f.Uint64("seed", 1, "of the queries that are made, and of the order in which all are asked")
	f.Int("rounds", 6, "times that each query is asked, the first of them told apart")
	f.IntP("limit", "n", 10, "hits of an answer")
	f.String("threads", "", "how many ask at a time where answers a second are counted, by commas (default: 1, 2, 4 and so on to the processors)")
	f.Duration("duration", 2*time.Second, "how long answers a second are counted, for each of --threads; 0: not at all")
	f.Bool("verify", false, "compare all checksums of the index: every byte is read")
	f.String("scratch", "", "folder for a small index of its own, where it is measured how soon documents are found (default: the system's for temporary files)")
	f.Bool("json", false, "print the figures as JSON")
	_ = c.MarkFlagDirname("scratch") // fails for a flag that there is not
	_ = c.MarkFlagFilename("queries")
	return c
}

// A benchRun is one run of the verb: what was asked for, and what was measured.
type benchRun struct {
	cmd        *cobra.Command
	cfg        node.Config
	collection string
	queries    []speed.Query // nil: made of the collection
	count      int
	verify     bool
	scratch    string
	opt        speed.Options
	out        benchReport
	stage      string // that was told last
}

func bench(c *cobra.Command, _ []string) (err error) {
	b := &benchRun{cmd: c}
	if err := b.read(); err != nil {
		return err
	}
	server, _ := c.Flags().GetString("server")
	if server == "" {
		server = os.Getenv("TRAWL_SERVER")
	}
	switch {
	case server == "":
		err = b.own()
	case strings.HasPrefix(server, "http://"), strings.HasPrefix(server, "https://"):
		err = b.server(strings.TrimSuffix(server, "/"))
	default:
		return usagef("--server %s: want an address such as http://127.0.0.1:8080", server)
	}
	b.tell("", 0, 0)
	if b.out.Docs > 0 || len(b.out.Trouble) > 0 || b.out.Process != nil || b.out.HTTP != nil {
		if perr := b.out.print(c); perr != nil {
			return perr
		}
	}
	switch {
	case c.Context().Err() != nil:
		return interrupted("the figures are of what was measured until then")
	case len(b.out.Trouble) > 0 && (err == nil || errors.Is(err, speed.ErrEmpty)):
		return fmt.Errorf("not all is well: %s", strings.Join(b.out.Trouble, "; "))
	case errors.Is(err, speed.ErrEmpty):
		return usagef("collection %s has no words to make queries of; --queries names a file of them", b.collection)
	}
	return err
}

// read reads the flags.
func (b *benchRun) read() (err error) {
	if b.cfg, err = configOf(b.cmd); err != nil {
		return err
	}
	f := b.cmd.Flags()
	b.collection, _ = f.GetString("collection")
	b.count, _ = f.GetInt("count")
	b.verify, _ = f.GetBool("verify")
	b.scratch, _ = f.GetString("scratch")
	b.opt.Rounds, _ = f.GetInt("rounds")
	b.opt.Limit, _ = f.GetInt("limit")
	b.opt.Seed, _ = f.GetUint64("seed")
	b.opt.Duration, _ = f.GetDuration("duration")
	b.opt.Progress = b.tell
	switch {
	case b.opt.Rounds < 1 || b.opt.Rounds > speed.MaxRounds:
		return usagef("trawl bench: --rounds is 1 to %d", speed.MaxRounds)
	case b.opt.Limit < 1 || b.opt.Limit > api.MaxHits:
		return usagef("trawl bench: --limit is 1 to %d", api.MaxHits)
	case b.opt.Duration < 0 || b.opt.Duration > speed.MaxDuration:
		return usagef("trawl bench: --duration is 0 to %v", speed.MaxDuration)
	case b.count < 1 || b.count > maxMade:
		return usagef("trawl bench: --count is 1 to %d", maxMade)
	}
	threads, _ := f.GetString("threads")
	if b.opt.Threads, err = threadCounts(threads); err != nil {
		return err
	}
	if b.opt.Duration == 0 {
		b.opt.Threads = nil
	}
	b.out = benchReport{Collection: b.collection, Limit: b.opt.Limit, Rounds: b.opt.Rounds, Seed: b.opt.Seed,
		Machine: fmt.Sprintf("%d processors, %s/%s, %s", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())}
	if b.out.File, _ = f.GetString("queries"); b.out.File != "" {
		b.queries, err = readFile(b.out.File, speed.Read)
	}
	return err
}

// maxMade bounds the queries of a class that are made: of so many tries not all fit.
const maxMade = 100

// threadCounts reads --threads; empty is the powers of two below the processors,
// and those.
func threadCounts(text string) (out []int, err error) {
	if text == "" {
		for n := 1; n < runtime.NumCPU(); n *= 2 {
			out = append(out, n)
		}
		return append(out, runtime.NumCPU()), nil
	}
	for _, part := range strings.Split(text, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || n < 1 || n > speed.MaxThreads {
			return nil, usagef("trawl bench: --threads %q: want whole numbers from 1 to %d, by commas", text, speed.MaxThreads)
		}
		out = append(out, n)
	}
	return out, nil
}

// own measures the index of the data folder in this process, and the server that
// holds the folder, if there is one.
func (b *benchRun) own() (err error) {
	ctx := b.cmd.Context()
	if dir, ok := strings.CutPrefix(b.cfg.Blobs, "file://"); ok {
		if _, err := os.Stat(dir); err != nil {
			return usagef("trawl bench: there is nothing at %s yet: `trawl crawl URL` and `trawl index FILE` put something there, --data and --server name another place", b.cfg.Data)
		}
	}
	start := time.Now()
	c, err := node.OpenCommitted(ctx, b.cfg, b.collection)
	if errors.Is(err, api.ErrNotFound) {
		return usagef("%v: `trawl crawl URL` and `trawl index FILE` make one; --collection names another", err)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	opened := time.Since(start)
	snaps := c.Snapshots()
	defer func() {
		for _, s := range snaps {
			s.Close()
		}
	}()
	b.weigh(snaps, opened)
	if err := b.check(ctx, snaps); err != nil {
		return err
	}
	if b.out.Process, err = b.run(ctx, speed.Of(c.Searcher())); err != nil {
		return err
	}
	b.tell("a scratch index", 0, 0)
	fresh, err := speed.Freshness(ctx, snaps[0], b.scratch)
	switch {
	case err == nil:
		b.out.Fresh = &fresh
	case !errors.Is(err, speed.ErrEmpty):
		return err
	}
	if o, held := node.ReadOccupant(b.cfg.Data); held && o.Listen != "" {
		return b.server("http://" + o.Listen)
	}
	return nil
}

// check looks for damage: what was noticed in opening, and with --verify all.
func (b *benchRun) check(ctx context.Context, snaps []*index.Snapshot) error {
	start := time.Now()
	for _, s := range snaps {
		if err := s.Damage(); err != nil {
			b.out.Trouble = append(b.out.Trouble, "newer commits are damaged, an older one is measured: "+oneLine(err))
		}
		if !b.verify {
			continue
		}
		b.tell("checksums", 0, 0)
		if err := s.Verify(ctx); err != nil && ctx.Err() != nil {
			return ctx.Err()
		} else if err != nil {
			b.out.Trouble = append(b.out.Trouble, oneLine(err))
		}
	}
	if b.verify {
		b.out.VerifySeconds = time.Since(start).Seconds()
	}
	return nil
}

// server measures a server through its API, which anybody may search: there is
// nothing here that a browser could not do.
func (b *benchRun) server(base string) (err error) {
	ctx := b.cmd.Context()
	most := 1
	for _, n := range b.opt.Threads {
		most = max(most, n)
	}
	transport := &http.Transport{MaxIdleConnsPerHost: most}
	defer transport.CloseIdleConnections()
	client := &api.Client{Base: base, HTTP: &http.Client{Transport: transport}}
	st, err := client.Status(ctx, b.collection)
	if err != nil {
		return err
	}
	b.out.Server = &benchServer{Base: base, Status: st.Index}
	b.out.Docs = max(b.out.Docs, st.Index.Docs)
	b.out.Trouble = append(b.out.Trouble, st.Index.Trouble...)
	if b.out.HTTP, err = b.run(ctx, overHTTP(client, b.collection)); err != nil {
		return err
	}
	b.out.Server.Refresh, b.out.Server.Commit = writerTimes(ctx, client)
	return nil
}

// run asks the queries, which are made of the first that is asked.
func (b *benchRun) run(ctx context.Context, ask speed.Ask) (rep *speed.Report, err error) {
	if b.queries == nil {
		b.tell("making queries", 0, 0)
		if b.queries, err = speed.Make(ctx, ask, b.count, b.opt.Seed); err != nil {
			return nil, err
		}
	}
	rep, err = speed.Run(ctx, ask, b.queries, b.opt)
	if rep != nil && rep.Partial > 0 {
		b.out.Trouble = append(b.out.Trouble, fmt.Sprintf("%d answers lack what some shards have", rep.Partial))
	}
	return rep, err
}

// overHTTP asks a server; the time is that of the way there and back, of reading
// JSON too.
func overHTTP(client *api.Client, collection string) speed.Ask {
	return func(ctx context.Context, q string, offset, limit int) (speed.Answer, error) {
		start := time.Now()
		ans, err := client.Ask(ctx, collection, api.Question{Query: q, Offset: offset, Limit: limit})
		if err != nil {
			return speed.Answer{}, err
		}
		return speed.Answer{
			Find: time.Since(start), Total: ans.Total, Docs: ans.Docs, Partial: ans.Shards.Failed > 0, Dropped: len(ans.Dropped) > 0,
			Texts: func() (texts []string) {
				for _, h := range ans.Hits {
					texts = append(texts, h.Title, h.Snippet)
				}
				return texts
			},
		}, nil
	}
}

// maxMetricsBytes bounds what is read of /metrics: it has some 20 KB.
const maxMetricsBytes = 4 << 20

// writerTimes is how long the server's indexer took, in the mean since its start,
// to make documents visible and to commit, in milliseconds; 0 where it has no
// indexer, or it did nothing yet. They are its metrics: nothing is put to find out.
func writerTimes(ctx context.Context, client *api.Client) (refresh, commit float64) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, client.Base+"/metrics", nil)
	if err != nil {
		return 0, 0
	}
	resp, err := client.HTTP.Do(req)
	if err != nil {
		return 0, 0
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxMetricsBytes))
	if err != nil || resp.StatusCode != http.StatusOK {
		return 0, 0
	}
	values := map[string]float64{}
	for _, line := range strings.Split(string(body), "\n") {
		name, value, _ := strings.Cut(line, " ")
		if v, err := strconv.ParseFloat(value, 64); err == nil {
			values[name] = v
		}
	}
	mean := func(name string) float64 {
		if n := values[name+"_count"]; n > 0 {
			return 1000 * values[name+"_sum"] / n
		}
		return 0
	}
	return mean("trawl_indexer_refresh_seconds"), mean("trawl_indexer_commit_seconds")
}
