package render

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// cpuTime is what the process groups of the browsers on a profile, and the
// processes that they waited for, have computed: pages a second depend on who
// else uses the machine, this does not.
func cpuTime(dir string) (sum time.Duration) {
	groups := map[int]bool{}
	for _, pid := range users(dir) {
		if group, err := syscall.Getpgid(pid); err == nil {
			groups[group] = true
		}
	}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		b, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		_, rest, _ := strings.Cut(string(b), ") ")
		f := strings.Fields(rest) // from field 3 of proc_pid_stat(5)
		if len(f) < 15 {
			continue
		}
		if group, _ := strconv.Atoi(f[2]); !groups[group] {
			continue
		}
		for _, v := range f[11:15] {
			ticks, _ := strconv.Atoi(v)
			sum += time.Duration(ticks) * (time.Second / 100)
		}
	}
	return sum
}
