package durable

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// load faults pages in within one system call, so that the scheduler gives the P
// to another goroutine. Kernels before 5.14 do not know it: they are told to read
// ahead, and the faults then find most pages there.
func load(b []byte) error {
	err := unix.Madvise(b, unix.MADV_POPULATE_READ)
	for errors.Is(err, unix.EINTR) || errors.Is(err, unix.EAGAIN) {
		err = unix.Madvise(b, unix.MADV_POPULATE_READ)
	}
	if errors.Is(err, unix.EINVAL) {
		unix.Madvise(b, unix.MADV_WILLNEED)
		return touch(b)
	}
	return err // EFAULT: what would have been SIGBUS
}

func resident(b, pages []byte) error {
	_, _, errno := unix.Syscall(unix.SYS_MINCORE, uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), uintptr(unsafe.Pointer(&pages[0])))
	if errno != 0 {
		return errno
	}
	return nil
}

// Memory is how many bytes of memory this process may use at most: the machine's,
// or its control group's if that is less; 0 if it is not known.
func Memory() int64 {
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		return 0
	}
	total := int64(info.Totalram) * int64(info.Unit)
	if text, err := os.ReadFile("/sys/fs/cgroup/memory.max"); err == nil { // of a container; else absent
		if limit, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil {
			total = min(total, limit)
		}
	}
	return total
}
