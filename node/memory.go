package node

import (
	"runtime/debug"

	"golang.org/x/sys/unix"
)

// minMemory is the least that a process with all roles runs in: the broker,
// SQL and one index writer take some 90 MB before the first document.
const minMemory = 128 << 20

// A budget shares a process's memory out. What is not given away here (a
// sixth) is for goroutines, responses on their way and the garbage that the
// collector has not got to. Segments are mapped: what searches have read of them
// counts as the process's too, until the system wants it back.
type budget struct {
	heap     int64 // the collector's limit
	index    int64 // documents not yet in a segment, all shards together
	resident int64 // mapped segments that are brought into memory as a whole, all shards together
	frontier int64 // block cache and memtables, all crawls together
	blobs    int64 // disk, not memory: segments of remote object storage
}

func share(memory int64) budget {
	return budget{
		heap:     memory * 60 / 100,
		index:    memory * 15 / 100,
		resident: memory * 15 / 100,
		frontier: memory * 10 / 100,
		blobs:    4 << 30,
	}
}

// apply holds the Go heap to its part.
func (b budget) apply() { debug.SetMemoryLimit(b.heap) }

// machineMemory is the physical memory in bytes, or 2 GB where it is not told.
func machineMemory() int64 {
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		return 2 << 30
	}
	return int64(info.Totalram) * int64(info.Unit)
}

// residentBytes is the share of one shard, as many as there are now.
func (n *Node) residentBytes() int64 {
	return max(n.budget.resident/int64(max(1, n.catalog.shards())), 1)
}
