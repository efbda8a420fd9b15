package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A build is one way of building an index, and what it took.
type build struct {
	Engine  string `json:"engine"`
	Corpus  string `json:"corpus"`
	Threads int    `json:"threads"` // 1: the whole process is kept on one core
	Stored  bool   `json:"stored"`  // the text too, not the id alone

	Docs       int64   `json:"docs"`
	InputMB    float64 `json:"inputMB"`    // megabytes are of a million bytes
	Searchable float64 `json:"searchable"` // seconds until all could be found
	Merged     float64 `json:"merged"`     // and until the index was one segment
	CPU        float64 `json:"cpu"`        // seconds of the process, from its start to its end
	PeakMB     float64 `json:"peakMB"`     // most resident memory, mapped files among it
	PeakAnonMB float64 `json:"peakAnonMB"` // most resident memory that is no file's, looked at every pollEvery
	IndexMB    float64 `json:"indexMB"`
	Load       float64 `json:"load"` // average, when it began
}

const (
	indexTimeout = 20 * time.Minute
	pollEvery    = 20 * time.Millisecond
)

func (b *build) name() string {
	name := fmt.Sprintf("%s-t%d", b.Engine, b.Threads)
	if b.Stored {
		name += "-stored"
	}
	return name
}

// dir is where the index stands.
func (b *build) dir(c *config) string { return filepath.Join(c.cache, "index", b.Corpus, b.name()) }

// load reads what an earlier build took; false if there was none.
func (b *build) load(c *config) bool {
	data, err := os.ReadFile(b.dir(c) + ".json")
	return err == nil && json.Unmarshal(data, b) == nil
}

// make builds the index in its place and notes what that took.
func (b *build) make(ctx context.Context, c *config, e engine) error {
	say("indexing %s with %s, threads %d, %s", b.Corpus, b.Engine, b.Threads, map[bool]string{false: "id stored", true: "text stored"}[b.Stored])
	ctx, cancel := context.WithTimeout(ctx, indexTimeout)
	defer cancel()
	dir, corpus := b.dir(c), c.corpusFile(b.Corpus)
	fresh := dir + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return err
	}
	if err := os.MkdirAll(fresh, 0o755); err != nil {
		return err
	}
	b.Load = loadAverage()
	d, err := e.start(ctx, c, b.Threads == 1, "index", corpus, fresh, strconv.Itoa(b.Threads), map[bool]string{false: "id", true: "stored"}[b.Stored])
	if err != nil {
		return err
	}
	var peak peaks
	peak.watch(d.cmd.Process.Pid)
	answer, err := d.read(1, "indexed")
	peak.stop()
	if err != nil {
		return err
	}
	if err := d.stop(); err != nil {
		return fmt.Errorf("%s: %w", b.Engine, err)
	}
	if _, err := fmt.Sscan(strings.Join(answer[0], " "), &b.Docs, &b.Searchable, &b.Merged); err != nil {
		return fmt.Errorf("%s says indexed %q: %w", b.Engine, answer[0], err)
	}
	state := d.cmd.ProcessState
	b.CPU = (state.UserTime() + state.SystemTime()).Seconds()
	b.PeakMB, b.PeakAnonMB = float64(peak.all)/1e3, float64(peak.anon)/1e3
	if b.IndexMB, err = sizeMB(fresh); err != nil {
		return err
	}
	if b.InputMB, err = sizeMB(corpus); err != nil {
		return err
	}
	b.InputMB -= float64(idBytes(b.Docs)) / 1e6
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.Rename(fresh, dir); err != nil {
		return err
	}
	return writeFile(dir+".json", func(w io.Writer) error { return json.NewEncoder(w).Encode(b) })
}

// idBytes is how much of a corpus is ids 0 to n-1, tabs and line feeds.
func idBytes(n int64) int64 {
	sum := int64(0)
	for first, digits := int64(0), int64(1); first < n; digits++ {
		next := max(first*10, 10)
		sum += (min(n, next) - first) * (digits + 2)
		first = next
	}
	return sum
}

func sizeMB(name string) (float64, error) {
	sum := int64(0)
	err := filepath.WalkDir(name, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			sum += info.Size()
		}
		return err
	})
	return float64(sum) / 1e6, err
}

// peaks are the most of a process's memory, in kB.
type peaks struct {
	all, anon int64
	done      chan struct{}
	wg        sync.WaitGroup
}

func (p *peaks) watch(pid int) {
	p.done = make(chan struct{})
	p.wg.Go(func() {
		t := time.NewTicker(pollEvery)
		defer t.Stop()
		for {
			p.look(pid)
			select {
			case <-p.done:
				return
			case <-t.C:
			}
		}
	})
}

// stop looks once more: the driver has answered and waits.
func (p *peaks) stop() {
	close(p.done)
	p.wg.Wait()
}

func (p *peaks) look(pid int) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		var kb int64
		if n, _ := fmt.Sscanf(s.Text(), "VmHWM: %d kB", &kb); n == 1 {
			p.all = max(p.all, kb)
		} else if n, _ := fmt.Sscanf(s.Text(), "RssAnon: %d kB", &kb); n == 1 {
			p.anon = max(p.anon, kb)
		}
	}
}

func loadAverage() (load float64) {
	data, _ := os.ReadFile("/proc/loadavg")
	fmt.Sscan(string(data), &load)
	return load
}
