package index

import (
	"context"
	"io"
	"time"
)

const (
	// paceStep is how far a paced writer may be ahead before it sleeps: sleeping is
	// not exact to less.
	paceStep = 10 * time.Millisecond

	// hurrySegments is the number of segments from which merges are not held back:
	// half of what makes flushes wait for them.
	hurrySegments = stallSegments / 2
)

// A pacedWriter writes no more than rate bytes a second, in the mean since it began,
// unless there is a hurry. One goroutine.
type pacedWriter struct {
	w     io.Writer
	ctx   context.Context
	rate  int64
	since time.Time
	n     int64
	hurry func() bool
}

func (p *pacedWriter) Write(b []byte) (int, error) {
	n, err := p.w.Write(b)
	p.n += int64(n)
	due := time.Duration(float64(p.n) / float64(p.rate) * float64(time.Second))
	if ahead := due - time.Since(p.since); err == nil && ahead > paceStep && !p.hurry() {
		select {
		case <-p.ctx.Done():
			err = p.ctx.Err()
		case <-time.After(ahead):
		}
	}
	return n, err
}

// piledUp tells whether merging has fallen behind.
func (w *Writer) piledUp() bool { return w.segmentCount() >= hurrySegments }
