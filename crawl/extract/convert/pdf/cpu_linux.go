package pdf

import (
	"runtime"
	"syscall"
	"time"
	"unsafe"
)

// cpuEvery is how often the clock is looked at, and so how late a file is stopped.
const cpuEvery = 50 * time.Millisecond

// watchCPU binds the calling goroutine to its thread, on which PDFium runs, and
// calls timeUp once that thread has used as much CPU as the limit. The function
// that it returns ends the watch.
func watchCPU(limit time.Duration, timeUp func()) (stop func()) {
	runtime.LockOSThread()
	clock := threadClock(syscall.Gettid())
	start, ok := readClock(clock)
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(cpuEvery)
		defer tick.Stop()
		for ok {
			select {
			case <-done:
				return
			case <-tick.C:
				var now time.Duration
				if now, ok = readClock(clock); ok && now-start >= limit {
					timeUp()
					return
				}
			}
		}
	}()
	return func() {
		close(done)
		<-ended
		runtime.UnlockOSThread()
	}
}

// threadClock is the kernel's id for the CPU clock of a thread of this process
// (clock_getcpuclockid(3): the complement of the id, shifted, per thread, CPU
// time as the scheduler counts it).
func threadClock(tid int) uintptr { return uintptr(int32(^tid<<3 | 4 | 2)) }

func readClock(clock uintptr) (time.Duration, bool) {
	var ts syscall.Timespec
	_, _, errno := syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, clock, uintptr(unsafe.Pointer(&ts)), 0)
	return time.Duration(ts.Nano()), errno == 0
}
