package api

import (
	"context"
	"io"
	"net/http"
)

// Captured tells what became of captures that were pushed.
type Captured struct {
	Accepted int64            `json:"accepted"`          // documents that were made, durable in the log
	Captures int64            `json:"captures"`          // answers of servers that were read
	Skipped  map[string]int64 `json:"skipped,omitempty"` // captures that made no document, by reason
	Corrupt  int64            `json:"corrupt"`           // places where no record could be read
	Damage   []Damage         `json:"damage,omitempty"`  // the first 100 of them
}

// A Damage is a place where no record could be read.
type Damage struct {
	File   string `json:"file,omitempty"` // absent: the body of the request
	Offset int64  `json:"offset"`         // in it, in bytes
	Error  string `json:"error"`
}

// captures makes documents of a body of WARC.
func (s *server) captures(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("collection")
	if _, err := s.change(r.Context(), name, func(*Collection) error { return nil }); err != nil {
		return err
	}
	out, err := s.opt.Import(r.Context(), name, r.Body)
	switch {
	case err != nil:
		return err
	case out.Captures == 0 && out.Corrupt > 0:
		return problem(http.StatusBadRequest, "bad_archive", "no WARC record could be read; at byte %d: %s", out.Damage[0].Offset, out.Damage[0].Error)
	}
	reply(w, http.StatusAccepted, out)
	return nil
}

// PushCaptures streams WARC: documents are made of its captures.
func (c *Client) PushCaptures(ctx context.Context, collection string, archive io.Reader) (*Captured, error) {
	var out Captured
	return &out, c.stream(ctx, collectionPath(collection)+"/captures", "application/warc", archive, &out)
}
