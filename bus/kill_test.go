package bus

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// TestKill kills a process that appends, opens its files, and checks that
// every batch that was acknowledged is there, each batch is whole and once,
// and the batch under way can be repeated.
func TestKill(t *testing.T) {
	const env = "TRAWL_BUS_KILL"
	if dir := os.Getenv(env); dir != "" {
		appendForEver(t, dir)
		return
	}
	dir := t.TempDir()
	acked := -1
	for range 3 {
		cmd := exec.Command(os.Args[0], "-test.run=^TestKill$")
		cmd.Env = append(os.Environ(), env+"="+dir, env+"_FROM="+itoa(acked+1))
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; n < 25 && lines.Scan(); n++ {
			if acked, err = strconv.Atoi(lines.Text()); err != nil {
				t.Fatalf("child says %q", lines.Text())
			}
		}
		cmd.Process.Kill()
		for lines.Scan() { // it may have acknowledged more before it died
			if n, err := strconv.Atoi(lines.Text()); err == nil {
				acked = n
			}
		}
		io.Copy(io.Discard, out)
		cmd.Wait()
	}
	if acked < 60 {
		t.Fatalf("children acknowledged %d batches", acked)
	}
	b := open(t, Options{Dir: dir})
	l := openLog(t, b, "kill", 0)
	mustAppend(t, l, killID(acked+1), killBatch(acked+1), uint64(acked+2)*killSize)
	enough := errors.New("enough")
	err := l.Read(within(t), 0, func(seq uint64, data []byte) error {
		n, i := int(seq-1)/killSize, int(seq-1)%killSize
		if want := killBatch(n)[i]; !bytes.Equal(data, want) {
			return fmt.Errorf("message %d is %.40q, want %.40q", seq, data, want)
		}
		if seq == uint64(acked+2)*killSize {
			return enough
		}
		return nil
	})
	if err != enough {
		t.Fatal(err)
	}
}

const killSize = 20

func killID(n int) string { return "kill " + itoa(n) }

func killBatch(n int) [][]byte {
	msgs := make([][]byte, killSize)
	for i := range msgs {
		msgs[i] = fmt.Appendf(nil, "%d.%d %s", n, i, strings.Repeat("x", 500))
	}
	return msgs
}

func appendForEver(t *testing.T, dir string) {
	from, err := strconv.Atoi(os.Getenv("TRAWL_BUS_KILL_FROM"))
	if err != nil {
		t.Fatal(err)
	}
	b := open(t, Options{Dir: dir})
	l := openLog(t, b, "kill", 0)
	for n := from; ; n++ {
		if _, err := l.Append(context.Background(), killID(n), killBatch(n)); err != nil {
			t.Fatal(err)
		}
		fmt.Println(n)
	}
}
