package frontier

import (
	"fmt"

	"github.com/trawlsearch/trawl/weburl"
)

// MaxLearnedBytes bounds what is kept of a host for the caller.
const MaxLearnedBytes = 16 << 10

// A HostDelta replaces what the caller keeps of a host. The value of its L key is
// a version byte and the bytes.
type HostDelta struct {
	Host    weburl.URL // any address of it
	Learned []byte     // at most MaxLearnedBytes; empty: nothing is kept
}

func (d *HostDelta) check() error {
	if !d.Host.IsWeb() {
		return fmt.Errorf("frontier: commit: learned of %s: not http or https", d.Host)
	}
	if len(d.Learned) > MaxLearnedBytes {
		return fmt.Errorf("frontier: commit: learned of %s: %d bytes, at most %d", d.Host.Host(), len(d.Learned), MaxLearnedBytes)
	}
	return nil
}

func (w *write) learned(d *HostDelta) {
	id := hostOf(d.Host)
	if w.f.slots[id.slot].frozen {
		return // it is learned again where the slot goes
	}
	key := learnedKey(id)
	if len(d.Learned) == 0 {
		w.batch.Delete(key, nil)
		return
	}
	w.put(key, append([]byte{recordVersion}, d.Learned...))
}

// Learned is what the last HostDelta of the host of an address kept; nil: nothing.
func (f *Frontier) Learned(u weburl.URL) ([]byte, error) {
	if !u.IsWeb() {
		return nil, nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.broken != nil {
		return nil, f.broken
	}
	v, err := f.get(learnedKey(hostOf(u)))
	if v == nil || err != nil {
		return nil, err
	}
	d := decoder{b: v}
	ver := d.byte()
	out := d.bytes(uint64(len(d.b)))
	return out, d.end("learned", ver)
}
