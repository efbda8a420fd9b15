package fetch

import (
	"context"
	"sync"
	"time"
)

// A life is the time that a request has, all its tries together: the total, and
// while a body comes the least rate at which it must. One timer sees to both.
type life struct {
	parent context.Context // the caller's
	ctx    context.Context // the request's; its cause says who ended it
	cancel context.CancelCauseFunc

	end    time.Time
	window time.Duration // over which the rate is counted; 0: it is not
	want   int64         // bytes in a window

	mu    sync.Mutex
	timer *time.Timer
	wire  *wireReader // the body that comes; nil: none does
	seen  int64       // bytes of it at the last look
}

func (c *Client) newLife(ctx context.Context, total time.Duration) *life {
	l := &life{parent: ctx, end: time.Now().Add(total)}
	l.ctx, l.cancel = context.WithCancelCause(ctx)
	if c.opt.MinRate > 0 {
		l.window = c.opt.RateWindow
		l.want = max(1, int64(float64(c.opt.MinRate)*l.window.Seconds()))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.timer = time.AfterFunc(total, l.look)
	return l
}

// over ends all that the request still does.
func (l *life) over() {
	l.timer.Stop()
	l.cancel(nil)
}

// watch counts the bytes of a body from now on, or, for nil, no longer.
func (l *life) watch(wire *wireReader) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wire, l.seen = wire, 0
	if wire != nil && l.window > 0 {
		l.timer.Reset(min(l.window, time.Until(l.end)))
	}
}

// look ends the request if its time is over, or the last window brought too few
// bytes.
func (l *life) look() {
	l.mu.Lock()
	defer l.mu.Unlock()
	left := time.Until(l.end)
	if left <= 0 {
		l.cancel(errTotal)
		return
	}
	if l.wire != nil && l.window > 0 {
		now := l.wire.n.Load()
		if now-l.seen < l.want {
			l.cancel(errSlow)
			return
		}
		l.seen = now
		left = min(left, l.window)
	}
	l.timer.Reset(left)
}
