package node

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"sync"
	"time"
)

// health answers /healthz (the process lives) and /readyz (it should be sent
// requests, or why not).
type health struct {
	opening func() string // a shard that is being opened; nil without the searcher role

	mu      sync.Mutex
	reasons map[string]string // what is not ready, and why
}

func newHealth() *health {
	return &health{reasons: map[string]string{"process": "starting"}}
}

func (h *health) started()  { h.set("process", "") }
func (h *health) draining() { h.set("process", "stopping") }

// set names a reason not to be ready; empty means there is none any more.
func (h *health) set(part, reason string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if reason == "" {
		delete(h.reasons, part)
		return
	}
	h.reasons[part] = reason
}

func (h *health) live(w http.ResponseWriter, _ *http.Request) { writeHealth(w, nil) }

func (h *health) ready(w http.ResponseWriter, _ *http.Request) { writeHealth(w, h.notReady()) }

// notReady tells what is not ready, and why; empty means that requests are welcome.
func (h *health) notReady() map[string]string {
	h.mu.Lock()
	reasons := maps.Clone(h.reasons)
	h.mu.Unlock()
	if h.opening == nil {
		return reasons
	}
	if p := h.opening(); p != "" {
		reasons["searcher"] = "opening shard " + p
	}
	return reasons
}

// Opened tells whether the process has started and looked at every shard that
// it searches. It may still not be ready, for reasons that time does not mend.
func (n *Node) Opened() bool {
	reasons := n.health.notReady()
	return reasons["process"] == "" && reasons["searcher"] == ""
}

func writeHealth(w http.ResponseWriter, reasons map[string]string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	body := map[string]any{"status": "ok"}
	if len(reasons) > 0 {
		body = map[string]any{"status": "not ready", "reasons": reasons}
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(body) // the client is gone: nobody is left to tell
}

// watchHealth looks at the engines until ctx ends. A broker that is away does
// not make a searcher unready: it goes on answering what is committed.
func (n *Node) watchHealth(ctx context.Context) error {
	tick := time.NewTicker(2 * time.Second)
	troubled := map[partition]bool{}
	defer tick.Stop()
	for {
		reason := ""
		if !n.bus.Healthy() {
			reason = "the broker does not answer"
		}
		n.metrics.brokerUp(reason == "")
		for _, col := range n.catalog.Collections() {
			n.metrics.generations(col)
		}
		if n.indexer != nil || n.crawler != nil {
			n.health.set("broker", reason)
		}
		if n.indexer != nil {
			n.watchPartitions(troubled)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// watchPartitions takes back what the indexer said of a partition when another
// process has it by now. troubled are those that were told.
func (n *Node) watchPartitions(troubled map[partition]bool) {
	for _, col := range n.catalog.Collections() {
		for _, p := range partitions(col, col.Live()) {
			note, _ := n.board.lastCommit(p)
			if troubled[p] && note.Trouble == "" {
				n.health.set("partition "+p.String(), "")
			}
			troubled[p] = note.Trouble != ""
		}
	}
}
