package bus

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/synadia-io/orbit.go/jetstreamext"
)

var (
	// ErrFull: the log or queue holds as much as it may. Back off until
	// its readers have caught up and it was purged.
	ErrFull = errors.New("bus: full")

	// ErrClosed: the bus was closed.
	ErrClosed = errors.New("bus: closed")

	// ErrGap: a log lacks messages that were not purged. A replica rots,
	// or was lost: compare the replicas, and re-drive the log from WARC.
	ErrGap = errors.New("bus: messages are missing from the log")

	// ErrRewound: a log ends before the place its reader stands at. It was
	// lost and made anew; the reader's place means nothing in it.
	ErrRewound = errors.New("bus: the log ends before its reader's place")

	// ErrHeld: another holds the lease.
	ErrHeld = errors.New("bus: lease is held by another")

	// ErrConflict: a registry key exists already, or has another revision.
	ErrConflict = errors.New("bus: conflict")

	// ErrNotFound: no such registry key.
	ErrNotFound = errors.New("bus: not found")
)

const (
	errNoPeers       jetstream.ErrorCode = 10005 // no suitable peers for placement: the cluster is forming
	errInsufficient  jetstream.ErrorCode = 10023 // the server has no room
	errNoMemory      jetstream.ErrorCode = 10028
	errNoStorage     jetstream.ErrorCode = 10047
	errAccountFull   jetstream.ErrorCode = 10002
	errStoreFailed   jetstream.ErrorCode = 10077 // what failed stands in the description
	errDupInFlight   jetstream.ErrorCode = 10158 // the first of two identical messages is not stored yet
	minRetryInterval                     = 20 * time.Millisecond
	maxRetryInterval                     = 2 * time.Second
)

func apiError(err error) *jetstream.APIError {
	var e *jetstream.APIError
	if errors.As(err, &e) {
		return e
	}
	return nil
}

// full reports whether the broker refused a message for want of room.
func full(err error) bool {
	e := apiError(err)
	if e == nil {
		return false
	}
	switch e.ErrorCode {
	case errInsufficient, errNoMemory, errNoStorage, errAccountFull:
		return true
	case errStoreFailed:
		return strings.Contains(e.Description, "maximum") || strings.Contains(e.Description, "no space")
	}
	return false
}

// transient reports whether a request may succeed when it is repeated: the
// broker was not there, was electing, or did not answer in time. The outcome
// of such a request is unknown.
func transient(err error) bool {
	if full(err) {
		return false
	}
	if e := apiError(err); e != nil {
		switch e.ErrorCode {
		case errNoPeers, errDupInFlight, jetstreamext.JSErrCodeBatchPublishIncomplete:
			return true
		case jetstream.JSErrCodeJetStreamNotEnabled, jetstream.JSErrCodeJetStreamNotEnabledForAccount:
			return false
		}
		return e.Code == 503 || e.Code == 408 || e.Code == 429
	}
	for _, t := range []error{
		errCut, context.DeadlineExceeded, nats.ErrTimeout, nats.ErrNoResponders, jetstream.ErrNoStreamResponse,
		nats.ErrReconnectBufExceeded, nats.ErrConnectionReconnecting, nats.ErrDisconnected, nats.ErrStaleConnection,
		jetstream.ErrNoHeartbeat, jetstreamext.ErrInvalidBatchAck, jetstream.ErrInvalidJSAck,
	} {
		if errors.Is(err, t) {
			return true
		}
	}
	return false
}

// retry calls do until it succeeds, fails for good, patience is spent or ctx
// ends. Each call has attemptTimeout.
func (b *Bus) retry(ctx context.Context, patience time.Duration, do func(context.Context) error) error {
	return b.retryIf(ctx, patience, transient, do)
}

func (b *Bus) retryIf(ctx context.Context, patience time.Duration, again func(error) bool, do func(context.Context) error) error {
	end := time.Now().Add(patience)
	for wait := minRetryInterval; ; wait = min(2*wait, maxRetryInterval) {
		err := b.attempt(ctx, do)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return fmt.Errorf("%w (last: %w)", ctx.Err(), err)
		case errors.Is(err, nats.ErrConnectionClosed):
			return ErrClosed
		case !again(err) || time.Now().Add(wait).After(end):
			return err
		}
		b.log.Debug("bus: again", "err", err, "wait", wait)
		if err := pause(ctx, wait/2+rand.N(wait/2)); err != nil {
			return err
		}
	}
}

func (b *Bus) attempt(ctx context.Context, do func(context.Context) error) error {
	ctx, unlink := b.link(ctx)
	defer unlink()
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	err := do(ctx)
	if err != nil && context.Cause(ctx) == errCut {
		return fmt.Errorf("%w: %w", errCut, err)
	}
	return err
}

// pause waits for d, or for the end of ctx.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
