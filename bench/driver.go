package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"time"
)

// A driver is a running process that holds one engine; package drive says what
// it speaks. One goroutine at a time.
type driver struct {
	engine engine
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	late   atomic.Bool // it was killed for being so
}

const (
	openTimeout  = 2 * time.Minute
	batchTimeout = 10 * time.Minute // a hundred of the slowest queries of the slowest engine take 90 s
	stopTimeout  = 20 * time.Second
)

// start runs a driver; pin keeps it on one core.
func (e engine) start(ctx context.Context, c *config, pin bool, args ...string) (*driver, error) {
	argv := append(replace(e.run, e.bin(c)), args...)
	if pin {
		argv = append([]string{"taskset", "-c", "1"}, argv...)
	}
	d := &driver{engine: e, cmd: exec.CommandContext(ctx, argv[0], argv[1:]...)}
	d.cmd.Env = os.Environ()
	if c.profile != "" && e.name == "trawl" {
		d.cmd.Env = append(d.cmd.Env, "TRAWL_BENCH_PROFILE="+c.profile)
	}
	d.cmd.Stderr = os.Stderr
	d.cmd.WaitDelay = stopTimeout
	var err error
	if d.in, err = d.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := d.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	d.out = bufio.NewReaderSize(out, 1<<16)
	if err := d.cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", e.name, err)
	}
	return d, nil
}

// ask sends a request and reads so many lines of answer, each with its first
// words, which it takes off.
func (d *driver) ask(timeout time.Duration, request string, lines int, word string) ([][]string, error) {
	defer d.limit(timeout)()
	if _, err := io.WriteString(d.in, request); err != nil {
		// What it said before it went is a better reason.
		if _, rerr := d.read(1, word); rerr != nil {
			err = rerr
		}
		return nil, err
	}
	return d.read(lines, word)
}

// limit kills the driver if the returned function is not called in time.
func (d *driver) limit(timeout time.Duration) func() bool {
	t := time.AfterFunc(timeout, func() {
		d.late.Store(true)
		d.cmd.Process.Kill()
	})
	return t.Stop
}

func (d *driver) read(lines int, word string) ([][]string, error) {
	answer := make([][]string, lines)
	for i := range answer {
		line, err := d.out.ReadString('\n')
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		switch {
		case d.late.Load():
			return nil, fmt.Errorf("%s: took too long and was stopped", d.engine.name)
		case err != nil: // io.EOF if it ended well
			if werr := d.cmd.Wait(); werr != nil {
				err = werr
			}
			return nil, fmt.Errorf("%s: driver ended: %w", d.engine.name, err)
		case f[0] == "error":
			return nil, fmt.Errorf("%s: %s", d.engine.name, strings.Join(f[1:], " "))
		case word != "" && f[0] != word:
			return nil, fmt.Errorf("%s: driver says %q, want %s", d.engine.name, f, word)
		case word != "":
			f = f[1:]
		}
		answer[i] = f
	}
	return answer, nil
}

// open opens an index and tells how long that took.
func (d *driver) open(dir string) (time.Duration, error) {
	answer, err := d.ask(openTimeout, "open\t"+dir+"\n", 1, "opened")
	if err != nil {
		return 0, err
	}
	return nanoseconds(answer[0], 0)
}

// stop ends the driver by ending its input.
func (d *driver) stop() error {
	d.in.Close()
	defer d.limit(stopTimeout)()
	return d.cmd.Wait()
}

// nanoseconds reads a field of an answer.
func nanoseconds(fields []string, i int) (time.Duration, error) {
	if i >= len(fields) {
		return 0, fmt.Errorf("driver says %q: too few words", fields)
	}
	var n int64
	if _, err := fmt.Sscan(fields[i], &n); err != nil || n < 0 {
		return 0, fmt.Errorf("driver says %q: no duration", fields)
	}
	return time.Duration(n), nil
}
