// Package crashtest makes, for tests, the states in which a power cut may leave a
// directory: from a record of the changes that were made to it, and what each kind of
// file system guarantees about those that were not synced.
//
// The rules are POSIX's, which are weaker than what ext4 or XFS do: the content of a
// file is durable up to its last sync; a name, made or removed, is durable once its
// directory is synced. Of the rest any part may have reached the disk, in any order:
// any subset of the changes of names, and of a file any length between the one that
// was synced and the one that was written, in which each page of 4 KiB is there or
// zero.
package crashtest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/trawlsearch/trawl/internal/durable"
)

const pageBytes = 4096

// A Log records the changes below a directory, and may let one fail. Any number of
// goroutines.
type Log struct {
	root string

	mu   sync.Mutex
	ops  []durable.Op
	seen int

	// Fault, if not nil, is asked before each change, which has a number from 0 on,
	// failed ones included. Its error is the change's, which is then not made and not
	// recorded. Set it before the first.
	Fault func(n int, op durable.Op) error
}

// New records what is done below root, which is an empty directory.
func New(root string) *Log { return &Log{root: root} }

// FS is the file system that records.
func (l *Log) FS() durable.FS { return durable.FS{Before: l.before} }

func (l *Log) before(op durable.Op) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := l.seen
	l.seen++
	if l.Fault != nil {
		if err := l.Fault(n, op); err != nil {
			return err
		}
	}
	op.Path, op.To, op.Data = l.rel(op.Path), l.rel(op.To), slices.Clone(op.Data)
	l.ops = append(l.ops, op)
	return nil
}

func (l *Log) rel(path string) string {
	if path == "" {
		return ""
	}
	rel, err := filepath.Rel(l.root, path)
	if err != nil || strings.HasPrefix(rel, "..") {
		return ".."
	}
	return filepath.ToSlash(rel)
}

// Len is the number of changes recorded.
func (l *Log) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.ops)
}

// Seen is the number of changes that were asked for, failed ones included.
func (l *Log) Seen() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seen
}

// Op is change n.
func (l *Log) Op(n int) durable.Op {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ops[n]
}

// A Loss says what became of changes that were not durable.
type Loss int

const (
	All  Loss = iota // they are gone
	None             // they are there: the process died, and not the machine
	Some             // any part of them is there
)

// A State is the files of a directory, by path.
type State map[string][]byte

// Crash is a state behind the first n changes. The generator is for Some. The syncs
// among lost, by the number of their change, were not made though they returned no
// error.
func (l *Log) Crash(n int, loss Loss, r *rand.Rand, lost ...int) State {
	l.mu.Lock()
	ops := l.ops[:n]
	l.mu.Unlock()
	d := newDisk()
	for i, op := range ops {
		if !slices.Contains(lost, i) {
			d.do(op)
		}
	}
	return d.crash(loss, r)
}

// Write makes the files below a new directory.
func (s State) Write(root string) error {
	for _, name := range slices.Sorted(maps.Keys(s)) {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(path, s[name], 0o666); err != nil {
			return err
		}
	}
	return nil
}

// disk is a file system of which it is known what is durable.
type disk struct {
	names   map[string]*inode // durable ones, by path
	dirs    map[string]bool   // durable ones
	pending map[string][]durable.Op
	now     map[string]*inode // names as programs see them
	meant   map[string]*inode // by pending creates and links
}

type inode struct {
	data   []byte
	synced int
}

func newDisk() *disk {
	return &disk{
		names: map[string]*inode{}, now: map[string]*inode{}, meant: map[string]*inode{},
		dirs: map[string]bool{".": true, "..": true}, pending: map[string][]durable.Op{},
	}
}

// dirOf is the directory that knows a name.
func dirOf(path string) string {
	if path == "." {
		return ".."
	}
	return filepath.ToSlash(filepath.Dir(path))
}

func (d *disk) do(op durable.Op) {
	switch op.Kind {
	case durable.OpWrite:
		f := d.now[op.Path]
		f.data = append(f.data, op.Data...)
	case durable.OpSync:
		f := d.now[op.Path]
		f.synced = len(f.data)
	case durable.OpSyncDir:
		for _, p := range d.pending[op.Path] {
			d.settle(p)
		}
		delete(d.pending, op.Path)
	case durable.OpCreate:
		d.now[op.Path] = new(inode)
		d.later(op.Path, op)
	case durable.OpLink:
		d.now[op.To] = d.now[op.Path]
		d.later(op.To, op)
	case durable.OpRemove:
		delete(d.now, op.Path)
		d.later(op.Path, op)
	case durable.OpMkdir:
		d.later(op.Path, op)
	default:
		panic(fmt.Sprintf("crashtest: operation %q", op.Kind))
	}
}

// later waits for the sync of the directory. Which file a name means is known now:
// temporary names are used once, and so each pair of them and another name.
func (d *disk) later(path string, op durable.Op) {
	if f := d.now[path]; f != nil {
		d.meant[op.Path+"\x00"+op.To] = f
	}
	d.pending[dirOf(path)] = append(d.pending[dirOf(path)], op)
}

// settle makes a change of names durable.
func (d *disk) settle(op durable.Op) {
	switch f := d.meant[op.Path+"\x00"+op.To]; op.Kind {
	case durable.OpCreate:
		d.names[op.Path] = f
	case durable.OpLink:
		d.names[op.To] = f
	case durable.OpRemove:
		delete(d.names, op.Path)
	case durable.OpMkdir:
		d.dirs[op.Path] = true
	}
}

func (d *disk) crash(loss Loss, r *rand.Rand) State {
	for _, dir := range slices.Sorted(maps.Keys(d.pending)) {
		for _, op := range d.pending[dir] {
			if loss == None || loss == Some && r.IntN(2) == 0 {
				d.settle(op)
			}
		}
	}
	cut := map[*inode][]byte{} // a file of two names has one content
	s := State{}
	for _, path := range slices.Sorted(maps.Keys(d.names)) {
		if !d.reached(dirOf(path)) {
			continue
		}
		f := d.names[path]
		if _, ok := cut[f]; !ok {
			cut[f] = f.cut(loss, r)
		}
		s[path] = cut[f]
	}
	return s
}

// reached tells whether a directory and all above it are there.
func (d *disk) reached(dir string) bool {
	for ; dir != "." && dir != ".."; dir = dirOf(dir) {
		if !d.dirs[dir] {
			return false
		}
	}
	return d.dirs[dir]
}

// cut is what is there of a file.
func (f *inode) cut(loss Loss, r *rand.Rand) []byte {
	switch {
	case loss == All:
		return slices.Clone(f.data[:f.synced])
	case loss == None || f.synced == len(f.data):
		return slices.Clone(f.data)
	}
	data := slices.Clone(f.data[:f.synced+r.IntN(len(f.data)-f.synced+1)])
	for from := f.synced; from < len(data); {
		to := min((from/pageBytes+1)*pageBytes, len(data))
		if r.IntN(2) == 0 {
			clear(data[from:to])
		}
		from = to
	}
	return data
}
