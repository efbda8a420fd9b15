package main

import (
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

type countingReader struct {
	r io.Reader
	n *atomic.Int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// A progress tells how far a push has come.
type progress struct {
	done  atomic.Int64
	total int64 // 0: not known
	start time.Time
}

// show tells it until stop is called.
func (p *progress) show(w io.Writer) (stop func()) {
	return every(w, func() string { return p.line(time.Since(p.start)) })
}

// every writes a line each second on a terminal, over the one before, and each ten
// elsewhere, until stop is called.
func every(w io.Writer, line func() string) (stop func()) {
	wait, format := 10*time.Second, "%s\n"
	tty := terminal(w)
	if tty {
		wait, format = time.Second, "\r\x1b[K%s"
	}
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(wait)
		defer tick.Stop()
		for {
			select {
			case <-done:
				if tty {
					fmt.Fprint(w, "\r\x1b[K")
				}
				return
			case <-tick.C:
				fmt.Fprintf(w, format, line())
			}
		}
	}()
	return func() {
		close(done)
		<-ended
	}
}

func (p *progress) line(since time.Duration) string {
	mb, speed := float64(p.done.Load())/1e6, float64(p.done.Load())/1e6/since.Seconds()
	total := float64(p.total) / 1e6
	if mb == 0 || total <= mb {
		return fmt.Sprintf("%.1f MB taken (%.1f MB/s)", mb, speed)
	}
	left := time.Duration((total - mb) / speed * float64(time.Second))
	return fmt.Sprintf("%.1f of %.1f MB taken (%.1f MB/s, %s left)", mb, total, speed, left.Round(time.Second))
}
