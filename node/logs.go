package node

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/trawlsearch/trawl/bus"
)

// A log may be lost: with the broker's disk, or because somebody cleared it.
// Another of the same name then begins at 1, while places in an index only
// grow. So the index of a partition counts
//
//	place in the index = base of the log + place in the log
//
// and the base of each log that the partition ever had stands in object
// storage, written once, before the log is first read. Generations share logs,
// but count for themselves:
//
//	index-log/COLLECTION/GENERATION/SHARD/CREATED-NNN.json    {"base":1234}
//
// CREATED is when the broker made the log, in microseconds since 1970, 20
// digits. The first log's base is 0; a later one's is the place up to which
// the index was committed when the log was found to be new. NNN is 000, and one
// more each time that the same log was found to end before the index: its
// broker was restored from an older copy.

// A logKey names the log of a shard, which all generations of its collection share.
type logKey struct {
	collection string
	shard      int
}

func (k logKey) name() string { return fmt.Sprintf("DOCS_%s_%03d", k.collection, k.shard) }

// logs opens each log once. Any goroutine may call it.
type logs struct {
	mu    sync.Mutex
	slots map[logKey]*logSlot
}

// A logSlot holds one log; its lock is a channel so that waiting ends with a context.
type logSlot struct {
	lock chan struct{}
	log  *bus.Log
}

func newLogs() *logs { return &logs{slots: map[logKey]*logSlot{}} }

func (l *logs) slot(k logKey) *logSlot {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.slots[k] == nil {
		l.slots[k] = &logSlot{lock: make(chan struct{}, 1)}
	}
	return l.slots[k]
}

// docLog opens a log, and makes it if there is none.
func (n *Node) docLog(ctx context.Context, k logKey) (*bus.Log, error) {
	s := n.logs.slot(k)
	select {
	case s.lock <- struct{}{}:
		defer func() { <-s.lock }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if s.log != nil {
		return s.log, nil
	}
	l, err := n.bus.Log(ctx, k.name(), bus.LogOptions{MaxBytes: n.cfg.LogBytes})
	if err != nil {
		return nil, err
	}
	s.log = l
	return l, nil
}

// forgetLog makes the next docLog look whether the log is still there.
func (n *Node) forgetLog(k logKey) {
	s := n.logs.slot(k)
	select {
	case s.lock <- struct{}{}:
		s.log = nil
		<-s.lock
	default: // it is being opened just now
	}
}

// basesPrefix is before the names of all bases of a generation.
func basesPrefix(collection string, generation int) string {
	return fmt.Sprintf("index-log/%s/%d/", collection, generation)
}

// basePrefix is before the names of a log's bases; the last one counts.
func basePrefix(p partition, created time.Time) string {
	return fmt.Sprintf("%s%03d/%020d-", basesPrefix(p.collection, p.generation), p.shard, created.UnixMicro())
}

type logBase struct {
	Base uint64 `json:"base"`
}

// logBase reads where in the index the log begins that was made at created,
// and how often that was written down: zero for a log that nobody has indexed.
func (n *Node) logBase(ctx context.Context, p partition, created time.Time) (base uint64, written int, err error) {
	names, err := n.blobs.List(ctx, basePrefix(p, created))
	if err != nil || len(names) == 0 {
		return 0, 0, err
	}
	name := names[len(names)-1]
	obj, err := n.blobs.Open(ctx, name)
	if err != nil {
		return 0, 0, fmt.Errorf("node: %s: %w", name, err)
	}
	defer obj.Close()
	var v logBase
	if err := json.Unmarshal(obj.Bytes(), &v); err != nil {
		return 0, 0, fmt.Errorf("node: %s is corrupt: %w", name, err)
	}
	return v.Base, len(names), nil
}

// maxRewinds bounds how often one log may be found cut at its end.
const maxRewinds = 1000

// beginLog tells where in the index the log begins, for the partition's
// writer, whose index is committed up to seq; it tells too whether the log is
// not the one that the index was made of.
func (n *Node) beginLog(ctx context.Context, p partition, st bus.LogStats, seq uint64) (base uint64, fresh bool, err error) {
	base, written, err := n.logBase(ctx, p, st.Created)
	if err != nil {
		return 0, false, err
	}
	if written > 0 && base <= seq && seq-base <= st.Last {
		return base, false, nil
	}
	if written >= maxRewinds {
		return 0, false, fmt.Errorf("node: the log of %s was cut %d times: delete its stream", p, written)
	}
	if err := n.writeBase(ctx, p, st, written, seq); err != nil {
		return 0, false, err
	}
	return seq, seq > 0, nil
}

// writeBase writes down where the log begins in the partition's index, for the
// time after number times.
func (n *Node) writeBase(ctx context.Context, p partition, st bus.LogStats, number int, base uint64) error {
	err := n.blobs.Create(ctx, fmt.Sprintf("%s%03d.json", basePrefix(p, st.Created), number), func(w io.Writer) error {
		return json.NewEncoder(w).Encode(logBase{Base: base})
	})
	if err != nil { // that another was faster too: it holds the partition
		return fmt.Errorf("node: place of the log: %w", err)
	}
	return nil
}
