package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/trawlsearch/trawl/eval"
	"github.com/trawlsearch/trawl/node"
)

func evalCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "eval",
		Short: "Measure how good a collection's answers are",
		Long: `Eval asks judged queries and scores the answers by trec_eval's definitions:
nDCG@10, MAP (to depth 1,000), MRR@10, P@1 and Recall@100, as means over the
queries that have a relevant document. Judged names are matched to document
ids; with --id-prefix, to addresses that begin with it.`,
		Example: `  trawl eval --queries queries.tsv --qrels qrels.txt --collection scifact
  trawl eval --queries concept.tsv --qrels qrels.txt --collection pg \
    --id-prefix http://127.0.0.1:8000/html/ --exclude excluded-pages.txt --run run.txt`,
		Args: exactly(0, "flags only"),
		RunE: evaluate,
	}
	addSession(c)
	f := c.Flags()
	f.StringP("collection", "c", node.DefaultCollection, "collection to ask")
	f.String("queries", "", "file of \"id TAB query\" lines")
	f.String("qrels", "", "TREC judgements: \"query iteration document grade\" lines")
	f.String("id-prefix", "", "address that judged names continue")
	f.String("exclude", "", "file of RE2 patterns, one a line: judged names that match are dropped from answers before scoring")
	f.String("run", "", "write the answers to this TREC run file")
	f.Bool("json", false, "print the measures as JSON")
	return c
}

func evaluate(c *cobra.Command, _ []string) (err error) {
	f := c.Flags()
	queriesFile, _ := f.GetString("queries")
	qrelsFile, _ := f.GetString("qrels")
	if queriesFile == "" || qrelsFile == "" {
		return usagef("trawl eval: --queries and --qrels are required; see `trawl eval --help`")
	}
	queries, err := readFile(queriesFile, eval.ReadQueries)
	if err != nil {
		return err
	}
	qrels, err := readFile(qrelsFile, eval.ReadQrels)
	if err != nil {
		return err
	}
	opt := eval.Options{}
	opt.IDPrefix, _ = f.GetString("id-prefix")
	if file, _ := f.GetString("exclude"); file != "" {
		if opt.Exclude, err = readFile(file, eval.ReadPatterns); err != nil {
			return err
		}
	}
	s, err := connect(c, "searcher", "gateway")
	if err != nil {
		return err
	}
	defer s.close(&err)
	collection, _ := f.GetString("collection")
	start := time.Now()
	var asked, judged atomic.Int64
	opt.Progress = func(done, of int) { asked.Store(int64(done)); judged.Store(int64(of)) }
	stop := every(c.ErrOrStderr(), func() string { return fmt.Sprintf("%d of %d queries asked", asked.Load(), judged.Load()) })
	rep, err := eval.Run(c.Context(), queries, qrels, func(ctx context.Context, q string, limit int) ([]eval.Doc, error) {
		ans, err := s.Rank(ctx, collection, q, limit, 0)
		if err != nil {
			return nil, err
		}
		docs := make([]eval.Doc, len(ans.Hits))
		for i, h := range ans.Hits {
			docs[i] = eval.Doc{ID: h.ID, Score: h.Score}
		}
		return docs, nil
	}, opt)
	stop()
	if err != nil {
		return err
	}
	if file, _ := f.GetString("run"); file != "" {
		if err := writeFile(file, func(w io.Writer) error { return eval.WriteRun(w, "trawl", rep.Rankings) }); err != nil {
			return err
		}
	}
	if asJSON, _ := f.GetBool("json"); asJSON {
		return printJSON(c.OutOrStdout(), rep)
	}
	_, err = fmt.Fprintf(c.OutOrStdout(), "queries %d   nDCG@10 %.4f   MAP %.4f   MRR@10 %.4f   P@1 %.4f   Recall@100 %.4f   empty %d   %.1f ms/query\n",
		rep.Queries, rep.NDCG10, rep.MAP, rep.MRR10, rep.P1, rep.Recall100, rep.Empty, float64(time.Since(start).Milliseconds())/float64(rep.Queries))
	return err
}

func readFile[T any](name string, read func(io.Reader) (T, error)) (T, error) {
	f, err := os.Open(name)
	if err != nil {
		var zero T
		return zero, usagef("%v", err)
	}
	defer f.Close()
	v, err := read(f)
	if err != nil {
		return v, usagef("%s: %v", name, err)
	}
	return v, nil
}

func writeFile(name string, write func(io.Writer) error) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	if err := write(f); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
