package pdf

import (
	"os/exec"
	"runtime"
	"syscall"
)

// runBound runs a process that the kernel ends when we die, however we die. It
// does so when the thread ends that started it, which therefore waits.
func runBound(cmd *exec.Cmd) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd.Run()
}
