package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"
)

// A cut is a way of cutting the same text in other pieces, so that growth is in
// documents and not in words. A piece without a word is left out: Trawl's N counts
// such documents, Lucene's does not, and so their scores would differ.
type cut struct {
	name string
	join int  // passages are joined to pieces of at least so many bytes
	part int  // or parted behind words, to pieces of at least so many bytes
	sent bool // at ends of sentences only
}

var cuts = []cut{
	{name: "huge", join: 3500},
	{name: "para"},
	{name: "sent", part: 60, sent: true},
	{name: "line", part: 75},
}

func corpora() (names []string) {
	for _, c := range cuts {
		names = append(names, c.name)
	}
	return names
}

const prepareTimeout = 30 * time.Minute

func (c *config) corpusFile(name string) string { return filepath.Join(c.cache, name+".tsv") }

// prepareCorpus makes the corpus file, if it is not there.
func prepareCorpus(ctx context.Context, c *config) error {
	if err := command(ctx, prepareTimeout, ".", "./prepare.sh", c.shared, c.cache); err != nil {
		return err
	}
	name := c.corpusFile(c.corpus)
	if _, err := os.Stat(name); err == nil {
		return nil
	}
	in, err := os.Open(c.corpusFile("para"))
	if err != nil {
		return err
	}
	defer in.Close()
	how := cuts[slices.IndexFunc(cuts, func(k cut) bool { return k.name == c.corpus })]
	docs := 0
	err = writeFile(name, func(out io.Writer) (err error) {
		docs, err = how.cut(ctx, in, out)
		return err
	})
	say("cut %s in %d documents", c.corpus, docs)
	return err
}

// cut rewrites lines "id TAB text" and numbers them anew.
func (k cut) cut(ctx context.Context, in io.Reader, out io.Writer) (docs int, err error) {
	w := bufio.NewWriterSize(out, 1<<20)
	put := func(text string) {
		fmt.Fprintf(w, "%d\t%s\n", docs, text)
		docs++
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 16<<20)
	var joined strings.Builder
	for lines.Scan() {
		_, text, _ := strings.Cut(lines.Text(), "\t")
		if k.join == 0 {
			for text != "" {
				var piece string
				if piece, text = k.piece(text); hasWord(piece) {
					put(piece)
				}
			}
			continue
		}
		if joined.Len() > 0 {
			joined.WriteByte(' ')
		}
		joined.WriteString(text)
		if joined.Len() >= k.join {
			put(joined.String())
			joined.Reset()
		}
		if err := ctx.Err(); err != nil {
			return docs, err
		}
	}
	if joined.Len() > 0 {
		put(joined.String())
	}
	if err := lines.Err(); err != nil {
		return docs, err
	}
	return docs, w.Flush()
}

func hasWord(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
}

// piece takes the first piece off a text.
func (k cut) piece(text string) (piece, rest string) {
	if k.part == 0 {
		return text, ""
	}
	for i := k.part; i < len(text)-1; i++ {
		if text[i] == ' ' && (!k.sent || strings.IndexByte(".!?", text[i-1]) >= 0) {
			return text[:i], text[i+1:]
		}
	}
	return text, ""
}
