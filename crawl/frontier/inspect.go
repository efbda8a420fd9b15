package frontier

import (
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Inspect writes every key and value of the frontier in dir, annotated, in the
// order of the store. The frontier must not be open.
func Inspect(out io.Writer, dir string) error { return inspect(out, dir, vfs.Default) }

func inspect(out io.Writer, dir string, fs vfs.FS) error {
	opt := Options{fs: fs}
	opt.defaults()
	po := storeOptions(opt, nil)
	po.ReadOnly = true
	db, err := pebble.Open(filepath.Clean(dir), po)
	if err != nil {
		return fmt.Errorf("frontier: inspect %s: %w", dir, err)
	}
	defer db.Close()
	it, err := db.NewIter(nil)
	if err != nil {
		return fmt.Errorf("frontier: inspect %s: %w", dir, err)
	}
	defer it.Close()
	for ok := it.First(); ok; ok = it.Next() {
		v, err := it.ValueAndErr()
		if err != nil {
			return fmt.Errorf("frontier: inspect %s: %w", dir, err)
		}
		if _, err := fmt.Fprintf(out, "%s\n", annotate(it.Key(), v)); err != nil {
			return err
		}
	}
	return it.Error()
}

// annotate is one line for one key and value.
func annotate(key, value []byte) string {
	if len(key) < 3 {
		return fmt.Sprintf("?  %x = %x", key, value)
	}
	head := fmt.Sprintf("%04x %s", key[:2], strings.Trim(strconv.QuoteRune(rune(key[2])), "'"))
	fault := func(err error) string { return fmt.Sprintf("%s  %x = %x  # %v", head, key[3:], value, err) }
	switch kind := key[2]; {
	case kind == kindHost && len(key) == prefixLen:
		r, err := decodeHost(value)
		if err != nil {
			return fault(err)
		}
		return fmt.Sprintf("%s  %x %x = %q delay %s ready %s paused %s sched %s pages %d errors %d %q%s", head, key[3:11], key[11:19],
			r.origin, time.Duration(r.delay)*time.Microsecond, stamp(r.ready), stamp(r.paused), stamp(r.sched), r.pages, r.errors, r.reason, r.more())
	case kind == kindURL && len(key) == urlLen:
		r, err := decodeURL(value)
		if err != nil {
			return fault(err)
		}
		return fmt.Sprintf("%s  %x %x %x = %q %s", head, key[3:11], key[11:19], key[19:], r.url, r)
	case kind == kindAmiss && len(key) == urlLen:
		return fmt.Sprintf("%s  %x %x %x", head, key[3:11], key[11:19], key[19:])
	case kind == kindQueue && len(key) == queueLen:
		_, p, _ := decodeQueueKey(key)
		return fmt.Sprintf("%s  %x %x due %s level %d seq %d = %x", head, key[3:11], key[11:19], stamp(int64(p.due)*1e6), p.level, p.seq, value)
	case kind == kindRevisit && len(key) == revisitLen:
		due, _, _ := decodeRevisitKey(key)
		return fmt.Sprintf("%s  %x %x due %s %x", head, key[3:11], key[11:19], stamp(int64(due)*1e6), key[prefixLen+4:])
	case kind == kindShape && len(key) == shapeLen:
		t, err := decodeTemplate(value)
		if err != nil {
			return fault(err)
		}
		return fmt.Sprintf("%s  %x %x %x = %q known %d held %d budget %d settled %d novel %d batch %d/%d%s", head, key[3:11], key[11:19], key[19:],
			t.shape, t.known, t.held, t.allowed, t.settled, t.novel, t.batchNovel, t.batchSettled, t.text())
	case kind == kindHeld && len(key) == heldLen:
		return fmt.Sprintf("%s  %x %x %x level %d seq %d = %x", head, key[3:11], key[11:19], key[19:27], key[27], key[28:], value)
	case kind == kindSite && len(key) == siteLen:
		s, err := decodeSite(value)
		if err != nil {
			return fault(err)
		}
		return fmt.Sprintf("%s  %x = addresses %d hosts %d bytes %d refused %d links %.0f seeded %t", head, key[3:],
			s.addresses, s.hosts, s.bytes, s.refused, s.links.estimate(), s.seeded)
	case kind == kindContent && len(key) == contentLen, kind == kindBand && len(key) == bandLen:
		r, err := decodeRef(value)
		if err != nil {
			return fault(err)
		}
		return fmt.Sprintf("%s  %x = %016x %016x %x", head, key[3:], r.site, r.host, r.key[:])
	case kind == kindSketch && len(key) == urlLen:
		s, err := decodeSketch(value)
		if err != nil {
			return fault(err)
		}
		return fmt.Sprintf("%s  %x %x %x = %d bands %x", head, key[3:11], key[11:19], key[19:], len(s.bands), s.sketch)
	case kind == kindLearned && len(key) == prefixLen:
		return fmt.Sprintf("%s  %x %x = %d bytes", head, key[3:11], key[11:19], len(value))
	case kind == kindSched && len(key) == schedLen:
		due, id, _ := decodeSchedKey(key)
		return fmt.Sprintf("%s  due %s %04x %016x %016x", head, stamp(due), id.slot, id.site, id.host)
	case kind == kindOutbound && len(key) == spoolLen:
		slot, list, err := decodeOutbound(value)
		if err != nil {
			return fault(err)
		}
		return fmt.Sprintf("%s  seq %d = slot %04x, %d addresses", head, spoolSeq(key), slot, len(list))
	case kind == kindSlot && len(key) == 5:
		s, err := decodeSlot(value)
		if err != nil {
			return fault(err)
		}
		return fmt.Sprintf("%s  %x = epoch %d frozen %t importing %t", head, key[3:], s.epoch, s.frozen, s.importing)
	case kind == kindOutbox && len(key) == spoolLen:
		e, err := decodeEntry(value)
		if err != nil {
			return fault(err)
		}
		return fmt.Sprintf("%s  seq %d = part %d, %d documents, %d bytes", head, spoolSeq(key), e.Part, len(e.Data), len(value))
	case kind == kindMeta:
		m, err := decodeMeta(value)
		if err != nil {
			return fault(err)
		}
		return fmt.Sprintf("%s  = id %q seq %d outbox %d outbound %d hosts %d retrying %d waiting %d visits %d demand %d states %v warc %q+%d reasons %v", head,
			m.id, m.seq, m.outboxNext, m.outboundNext, m.hosts, m.retrying, m.waiting, m.visits, m.demand, m.states[1:], m.warc.File, m.warc.Offset, m.reasons)
	}
	return fmt.Sprintf("%s  %x = %x  # unknown", head, key[3:], value)
}

// String is the record without its address.
func (r *urlRecord) String() string {
	out := fmt.Sprintf("%s status %d %q level %d depth %d hops %d mark %d tries %d visits %d doc %t fetched %s due %s seq %d from %q alias %q etag %q lm %q hash %x",
		State(r.state), r.status, r.reason, r.level, r.depth, r.hops, r.mark, r.tries, r.visits, r.doc,
		stamp(r.fetched), stamp(int64(r.due)*1e6), r.seq, r.referrer, r.alias, r.etag, r.lastModified, r.hash)
	if r.urlLife != (urlLife{}) {
		out += fmt.Sprintf("%s changed %s demand %d missing %s misses %d fails %d",
			r.history.text(), stamp(r.changed), r.demand, stamp(r.missing), r.misses, r.fails)
	}
	if r.waits {
		out += " waits"
	}
	if r.truncated {
		out += " truncated"
	}
	return out
}

func stamp(us int64) string {
	if us == 0 {
		return "-"
	}
	return time.UnixMicro(us).UTC().Format("2006-01-02T15:04:05.000000Z")
}
