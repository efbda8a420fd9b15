package web

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Bounds of those who follow progress: each costs a connection and a goroutine.
const (
	maxStreams   = 1000
	streamTick   = time.Second
	streamQuiet  = 15 * time.Second // then a comment, so that proxies keep the line open
	streamStalls = 30 * time.Second // a visitor who takes longer to read is gone
	streamWait   = 3 * time.Second
)

// figuresAge is how old figures may be: those who follow share one question a tick.
const figuresAge = 900 * time.Millisecond

// progress streams how a collection stands: at once, then each second in which
// it changed, until the visitor leaves.
func (s *server) progress(w http.ResponseWriter, r *http.Request) error {
	name, all := s.collection(r)
	if !slices.Contains(all, name) {
		return failure(http.StatusNotFound, "There is no collection of that name.")
	}
	select {
	case s.streams <- struct{}{}:
		defer func() { <-s.streams }()
	default:
		return failure(http.StatusServiceUnavailable, "Too many visitors follow the progress; load the page again to see it.")
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no") // nginx would hold events back
	if r.Method == http.MethodHead {
		return nil
	}
	st := stream{w: w, rc: http.NewResponseController(w)}
	tick := time.NewTicker(streamTick)
	defer tick.Stop()
	for {
		p, ok, err := s.seen.get(r.Context(), name, all, streamWait)
		if err != nil && s.opt.NotFound(err) {
			return nil // deleted: the browser asks again and is told so
		}
		if ok {
			err = st.event("progress", p)
		} else {
			err = st.quiet()
		}
		if err != nil {
			return nil // the visitor is gone
		}
		select {
		case <-r.Context().Done():
			return nil
		case <-tick.C:
		}
	}
}

// A stream writes server-sent events to one visitor.
type stream struct {
	w     io.Writer
	rc    *http.ResponseController
	last  string
	wrote time.Time
}

// event sends v if it is not what was sent last.
func (s *stream) event(name string, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("web: progress: %w", err)
	}
	if string(body) == s.last {
		return s.quiet()
	}
	s.last = string(body)
	return s.send("event: " + name + "\ndata: " + s.last + "\n\n")
}

// quiet says that the line is open, if nothing else has for a while.
func (s *stream) quiet() error {
	if !s.wrote.IsZero() && time.Since(s.wrote) < streamQuiet {
		return nil
	}
	return s.send(": still here\n\n")
}

func (s *stream) send(text string) error {
	s.wrote = time.Now()
	// A writer without deadlines, as in tests, waits as long as its reader does.
	_ = s.rc.SetWriteDeadline(s.wrote.Add(streamStalls))
	if _, err := io.WriteString(s.w, text); err != nil {
		return err
	}
	return s.rc.Flush()
}

// A progressCache asks for figures once a tick, however many want them. The
// goroutine that asks ends with the answer. Any goroutine may call it.
type progressCache struct {
	ask func(collection string) (Progress, error)

	mu    sync.Mutex
	known map[string]*figures
}

// figures are the last answer for one collection.
type figures struct {
	value Progress
	err   error
	at    time.Time     // zero: never answered
	done  chan struct{} // closed when the question that runs is answered; nil: none runs
}

// get returns figures of a collection, waiting at most wait for fresh ones; ok is
// false where there are none. all bounds what is remembered.
func (c *progressCache) get(ctx context.Context, name string, all []string, wait time.Duration) (p Progress, ok bool, err error) {
	if !slices.Contains(all, name) {
		p, err = c.ask(name)
		return p, err == nil, err
	}
	c.mu.Lock()
	f := c.known[name]
	if f == nil {
		if c.known == nil {
			c.known = map[string]*figures{}
		}
		f = &figures{}
		c.known[name] = f
	}
	if f.at.IsZero() || time.Since(f.at) >= figuresAge {
		c.refresh(name, f)
	}
	done := f.done
	c.mu.Unlock()
	if done != nil {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-done:
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return f.value, !f.at.IsZero() && f.err == nil, f.err
}

// refresh asks for f, unless somebody does; c.mu is held.
func (c *progressCache) refresh(name string, f *figures) {
	if f.done != nil {
		return
	}
	f.done = make(chan struct{})
	go func() {
		value, err := c.ask(name)
		c.mu.Lock()
		defer c.mu.Unlock()
		f.value, f.err, f.at = value, err, time.Now()
		close(f.done)
		f.done = nil
	}()
}
