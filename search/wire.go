package search

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// The searcher's calls are gRPC with JSON messages: HTTP/2 for many questions on
// one connection, deadlines and cancellation that travel with them. Both ends are
// of one release, or of two that follow each other: fields are added, never
// changed.
//
//	/trawl.search.v1.Searcher/Stats   call -> reply.Stats
//	/trawl.search.v1.Searcher/Search  call -> reply.Result
//	/trawl.search.v1.Searcher/Fetch   call with Hits -> reply.Hits, filled in
const serviceName = "trawl.search.v1.Searcher"

// maxMessageBytes bounds a message: MaxDepth hits, or the whole text of a few
// dozen of the largest documents.
const maxMessageBytes = 64 << 20

type call struct {
	Collection string  `json:"collection"`
	Request    Request `json:"request"`
	Hits       []Hit   `json:"hits,omitempty"`
}

type reply struct {
	Stats  *Stats  `json:"stats,omitempty"`
	Result *Result `json:"result,omitempty"`
	Hits   []Hit   `json:"hits,omitempty"`
}

// codec is JSON as a gRPC codec.
type codec struct{}

func (codec) Marshal(v any) ([]byte, error)      { return json.Marshal(v) }
func (codec) Unmarshal(data []byte, v any) error { return json.Unmarshal(data, v) }
func (codec) Name() string                       { return "json" }

// toStatus is an error as it travels.
func toStatus(err error) error {
	code := codes.Unknown
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrDepth):
		code = codes.InvalidArgument
	case errors.Is(err, ErrField):
		code = codes.Unimplemented
	case errors.Is(err, ErrFacets):
		code = codes.OutOfRange
	case errors.Is(err, ErrBehind):
		code = codes.FailedPrecondition
	case errors.Is(err, ErrUnknown):
		code = codes.NotFound
	case errors.Is(err, context.DeadlineExceeded):
		code = codes.DeadlineExceeded
	case errors.Is(err, context.Canceled):
		code = codes.Canceled
	}
	return status.Error(code, err.Error())
}

// fromStatus is an error that has travelled: it wraps what toStatus saw in it.
func fromStatus(addr string, err error) error {
	cause := map[codes.Code]error{
		codes.InvalidArgument:    ErrDepth,
		codes.Unimplemented:      ErrField,
		codes.OutOfRange:         ErrFacets,
		codes.FailedPrecondition: ErrBehind,
		codes.NotFound:           ErrUnknown,
		codes.DeadlineExceeded:   context.DeadlineExceeded,
		codes.Canceled:           context.Canceled,
	}[status.Code(err)]
	if cause == nil {
		return fmt.Errorf("search: %s: %w", addr, err)
	}
	said := status.Convert(err).Message()
	if rest, ok := strings.CutPrefix(said, cause.Error()); ok && callersOwn(cause) {
		return fmt.Errorf("%w%s", cause, rest)
	}
	return fmt.Errorf("search: %s: %w (%s)", addr, cause, said)
}
