package login

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/trawlsearch/trawl/crawl/fetch"
)

const (
	maxFailures  = 5
	failureFirst = time.Minute
	failureMost  = time.Hour
	networkFirst = 10 * time.Second
	networkMost  = 10 * time.Minute
	// maxVain is how many log-ins in a row may leave the request that asked for
	// them as it was.
	maxVain = 3
)

var (
	errDenied = errors.New("the site does not let the user in here, also not after a new log-in")
	errWaits  = errors.New("it does not help to log in again; waiting")
)

// A keeper keeps a session alive: one log-in at a time, and not too many.
type keeper struct {
	name  string
	log   *slog.Logger
	login func(ctx context.Context, send fetch.Sender) error

	busy turn // held while logging in

	mu       sync.Mutex
	since    time.Time // of the session; zero: there is none
	ends     time.Time // of the session as the server told; zero: it did not
	good     int       // good answers of this session
	denied   bool      // this session was denied something before any good answer
	vain     int       // sessions in a row that began with a denial
	logins   int       // also the number of the session
	failures int
	network  int // faults of the network in a row
	retryAt  time.Time
	givenUp  bool
	err      error
}

// A turn is a mutex that can be waited for as long as a context lasts.
type turn chan struct{}

func (t turn) take(ctx context.Context) error {
	select {
	case t <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t turn) give() { <-t }

func newKeeper(name string, log *slog.Logger, login func(context.Context, fetch.Sender) error) keeper {
	return keeper{name: name, log: log, login: login, busy: make(turn, 1)}
}

func (k *keeper) state() State {
	k.mu.Lock()
	defer k.mu.Unlock()
	return State{Since: k.since, Logins: k.logins, Failures: k.failures, RetryAt: k.retryAt, GivenUp: k.givenUp, Err: k.err}
}

// ensure sees to it that there is a session, and gives its number. It waits for
// the log-in of another.
func (k *keeper) ensure(ctx context.Context, send fetch.Sender) (fetch.SessionID, error) {
	if n := k.holds(time.Now()); n > 0 {
		return n, nil
	}
	if err := k.busy.take(ctx); err != nil {
		return 0, err
	}
	defer k.busy.give()
	if n := k.holds(time.Now()); n > 0 {
		return n, nil
	}
	if err := k.attempt(ctx, send); err != nil {
		return 0, err
	}
	return fetch.SessionID(k.state().Logins), nil
}

// holds gives the number of the session, 0 where there is none.
func (k *keeper) holds(now time.Time) fetch.SessionID {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.since.IsZero() || !k.ends.IsZero() && !now.Before(k.ends) {
		return 0
	}
	return fetch.SessionID(k.logins)
}

// current says whether a session is the last.
func (k *keeper) current(n fetch.SessionID) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return int(n) == k.logins
}

// attempt logs in. k.busy is held.
func (k *keeper) attempt(ctx context.Context, send fetch.Sender) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	k.mu.Lock()
	if k.givenUp || time.Now().Before(k.retryAt) {
		defer k.mu.Unlock()
		return &Error{RetryAt: k.retryAt, Err: k.err}
	}
	k.mu.Unlock()
	err := k.login(ctx, send)
	if err != nil && ctx.Err() != nil {
		return err // the caller's end is no failure
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if err != nil {
		return k.failed(err)
	}
	k.since, k.good, k.denied = time.Now(), 0, false
	k.failures, k.network, k.retryAt, k.err = 0, 0, time.Time{}, nil
	k.logins++
	k.log.Info("login: logged in", "at", k.name, "logins", k.logins)
	return nil
}

// failed notes a failure. k.mu is held.
func (k *keeper) failed(err error) error {
	k.since, k.err = time.Time{}, err
	var ferr *fetch.Error
	if errors.As(err, &ferr) {
		k.retryAt = time.Now().Add(min(networkFirst<<min(k.network, 10), networkMost))
		k.network++
	} else {
		k.retryAt = time.Now().Add(min(failureFirst<<min(k.failures, 10), failureMost))
		if k.failures++; k.failures >= maxFailures {
			k.givenUp, k.retryAt = true, time.Time{}
		}
	}
	k.log.Warn("login: failed", "at", k.name, "err", err, "retry", k.retryAt, "given up", k.givenUp)
	return &Error{RetryAt: k.retryAt, Err: err}
}

// heard takes in a good answer to a request of a session.
func (k *keeper) heard(n fetch.SessionID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if int(n) != k.logins {
		return
	}
	if k.good++; k.good == 1 && !k.denied {
		k.vain = 0
	}
}

// renew is called for an answer that says that a session is over. It tells
// whether to send the request again: after a new log-in, be it one that another
// caller made meanwhile.
func (k *keeper) renew(ctx context.Context, send fetch.Sender, n fetch.SessionID) (bool, error) {
	if err := k.busy.take(ctx); err != nil {
		return false, err
	}
	defer k.busy.give()
	k.mu.Lock()
	switch now := time.Now(); {
	case int(n) != k.logins:
		k.mu.Unlock()
		return true, nil
	case k.good == 0 && !k.since.IsZero():
		// The session is new. It is the address that is not for this user, or
		// the log-in was none.
		if !k.denied {
			k.denied = true
			if k.vain++; k.vain >= maxVain {
				k.retryAt, k.err = now.Add(min(failureFirst<<min(k.vain-maxVain, 10), failureMost)), errWaits
			}
		}
		k.mu.Unlock()
		return false, errDenied
	case now.Before(k.retryAt):
		k.mu.Unlock()
		return false, errDenied // the session may serve other addresses still
	}
	k.since = time.Time{}
	k.mu.Unlock()
	if err := k.attempt(ctx, send); err != nil {
		return false, err
	}
	return true, nil
}
