//go:build !linux

package pdf

import "time"

// watchCPU stands in for a clock of a thread's CPU: the wall clock.
func watchCPU(limit time.Duration, timeUp func()) (stop func()) {
	t := time.AfterFunc(limit, timeUp)
	return func() { t.Stop() }
}
