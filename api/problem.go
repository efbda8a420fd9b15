package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// A Problem is an RFC 9457 problem document. Code is stable; Detail is for people.
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Code   string `json:"code"`
	Detail string `json:"detail,omitempty"`
}

func (p *Problem) Error() string {
	if p.Detail != "" {
		return p.Detail
	}
	return p.Title
}

// ErrNotFound is what a backend answers for a collection that does not exist.
var ErrNotFound = errors.New("no such collection")

// ErrUnavailable is what a backend answers while a part it needs is away.
var ErrUnavailable = errors.New("temporarily unavailable")

// ErrUnreachable is what a Client answers when nobody listens at its Base.
var ErrUnreachable = errors.New("no server answers")

// ErrConflict is what a backend answers when settings cannot be changed so.
var ErrConflict = errors.New("conflict")

// ErrInvalid is what a backend answers to a request that no settings would help.
var ErrInvalid = errors.New("invalid request")

func problem(status int, code, format string, args ...any) *Problem {
	return &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Code: code, Detail: fmt.Sprintf(format, args...)}
}

// asProblem makes any error speakable. What it does not know is our fault, and
// its words stay in the log.
func asProblem(err error) *Problem {
	var p *Problem
	switch {
	case errors.As(err, &p):
		return p
	case errors.Is(err, ErrNotFound):
		return problem(http.StatusNotFound, "collection_not_found", "%v", err)
	case errors.Is(err, ErrInvalid):
		return problem(http.StatusBadRequest, "invalid_request", "%s", detail(err, ErrInvalid))
	case errors.Is(err, ErrConflict):
		return problem(http.StatusConflict, "conflict", "%s", detail(err, ErrConflict))
	case errors.Is(err, ErrUnavailable):
		return problem(http.StatusServiceUnavailable, "unavailable", "%v", err)
	}
	return problem(http.StatusInternalServerError, "internal", "the server could not do this; its log says why")
}

// detail is what an error says besides its kind, which status and code tell.
func detail(err, kind error) string { return strings.TrimPrefix(err.Error(), kind.Error()+": ") }

func (s *server) fail(w http.ResponseWriter, r *http.Request, err error) {
	p := asProblem(err)
	if p.Status >= 500 && r.Context().Err() == nil {
		s.opt.Log.Error("api: request failed", "method", r.Method, "path", r.URL.Path, "err", err)
	}
	if p.Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the client is gone: nobody is left to tell
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client is gone: nobody is left to tell
}
