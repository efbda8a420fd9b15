package pdf

import (
	"sync"

	"github.com/tetratelabs/wazero/experimental"
)

// A meter hands out the linear memory of an engine's instances and says no past
// its limit. One engine runs one instance at a time.
//
// The limit stands here and not in wazero's RuntimeConfig because only so is it
// known that memory, and not a damaged file, was the reason for a trap.
type meter struct {
	limit uint64

	mu      sync.Mutex
	refused bool
	peak    uint64 // bytes, of all instances so far
}

func (m *meter) Allocate(_, _ uint64) experimental.LinearMemory {
	return &linear{meter: m, reserve: newReserve(int(m.limit))}
}

// wasRefused says whether an instance wanted more since the last call.
func (m *meter) wasRefused() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.refused
	m.refused = false
	return r
}

func (m *meter) high() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.peak
}

// grant says whether size bytes are within the limit.
func (m *meter) grant(size uint64) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if size > m.limit {
		m.refused = true
		return false
	}
	m.peak = max(m.peak, size)
	return true
}

type linear struct {
	meter   *meter
	reserve *reserve
}

func (l *linear) Reallocate(size uint64) []byte {
	if !l.meter.grant(size) {
		return nil
	}
	return l.reserve.bytes(int(size))
}

func (l *linear) Free() { l.reserve.free() }
