package render

import (
	"bytes"
	"os"
	"os/exec"
	"strconv"
	"syscall"
)

// sweeps says that the lock of a profile is real.
const sweeps = true

// ownGroup puts the browser into a process group of its own, and has the kernel
// kill it when we die, however we die. (chromedp starts it from a thread that
// lives as long as the browser, which Pdeathsig needs.)
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

func killGroup(pgid int) { syscall.Kill(-pgid, syscall.SIGKILL) }

func tryLock(f *os.File) bool {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil
}

// killUsers ends the processes that were started with a profile: those that
// left the group (the crash handler), and those of a browser whose group is not
// known.
func killUsers(dir string) {
	for _, pid := range users(dir) {
		syscall.Kill(pid, syscall.SIGKILL)
	}
}

// users are the processes that name a profile in their command line, but for
// those that have ended and wait for their parent.
func users(dir string) (pids []int) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		line, err := os.ReadFile("/proc/" + e.Name() + "/cmdline")
		if err == nil && bytes.Contains(line, []byte("="+dir)) {
			pids = append(pids, pid)
		}
	}
	return pids
}
