package fetch_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/trawlsearch/trawl/crawl/crawltest"
	"github.com/trawlsearch/trawl/crawl/fetch"
)

// TestMain is also the server of BenchmarkCPU, which runs in a process of its
// own so that only the client's CPU is counted.
func TestMain(m *testing.M) {
	if os.Getenv("TRAWL_BENCH_SERVER") == "" {
		os.Exit(m.Run())
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(l.Addr())
	body := "<!DOCTYPE html><title>Page</title><p>" + crawltest.Prose(1, 2000)
	body = strings.Repeat(body, 14<<10/len(body)+1)[:14<<10]
	answer := fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nDate: Mon, 02 Nov 2026 10:00:00 GMT\r\nServer: x\r\nContent-Type: text/html\r\n"+
		"Last-Modified: Mon, 02 Nov 2026 10:00:00 GMT\r\nETag: \"abc\"\r\nAccept-Ranges: bytes\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			br := bufio.NewReader(c)
			for {
				line, err := br.ReadSlice('\n')
				if err != nil {
					return
				}
				if len(line) == 2 {
					c.Write(answer)
				}
			}
		}()
	}
}

// bencher starts the server and gives its address.
func bencher(b *testing.B) string {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "TRAWL_BENCH_SERVER=1")
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { in.Close(); cmd.Process.Kill(); cmd.Wait() })
	addr, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return strings.TrimSpace(addr)
}

func cpu() float64 {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e3
}

// BenchmarkCPU is the price of a page of 14 KB over a kept connection, in CPU of
// this process, for net/http alone and for a Client.
func BenchmarkCPU(b *testing.B) {
	addr := bencher(b)
	bare := &http.Client{Transport: &http.Transport{DisableCompression: true, ReadBufferSize: 16 << 10}}
	c := fetch.New(fetch.Options{AllowPrivate: true})
	defer c.Close()
	u := parse(b, "http://"+addr+"/page")
	for name, get := range map[string]func() (int, error){
		"net-http": func() (int, error) {
			req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, u.String(), nil)
			if err != nil {
				return 0, err
			}
			req.Header.Set("User-Agent", "x")
			req.Header.Set("Accept", "text/html")
			req.Header.Set("Accept-Encoding", "gzip, br, zstd")
			resp, err := bare.Do(req)
			if err != nil {
				return 0, err
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			return len(body), err
		},
		"fetch": func() (int, error) {
			r, err := c.Get(b.Context(), fetch.Request{URL: u})
			if err != nil {
				return 0, err
			}
			return len(r.Body), nil
		},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			start := cpu()
			for b.Loop() {
				if n, err := get(); err != nil || n != 14<<10 {
					b.Fatal(n, err)
				}
			}
			b.ReportMetric((cpu()-start)/float64(b.N), "cpu-us/op")
		})
	}
}
