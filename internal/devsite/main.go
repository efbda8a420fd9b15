// Command devsite serves folders on loopback as the web sites they are copies of, for
// `make run`, `make sites` and measurements: correct types, Last-Modified, and 304.
//
// One folder is served for every host, HOST=FOLDER for that host only. A HOST that is
// an address of loopback is listened on too; other names are reached by --listen as a
// forward proxy, which answers for them itself.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path"
	"strings"
	"sync"
	"time"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:8411", "loopback address to serve on")
	logFile := flag.String("log", "", "write \"STATUS HOST TARGET\" of each request to this file")
	list := flag.String("sites", "", "read lines of HOST=FOLDER from this file too")
	flag.Parse()
	sites, err := parse(flag.Args(), *list)
	if err != nil {
		fmt.Fprintf(os.Stderr, "devsite: %v\nusage: devsite [--listen ADDR] [--log FILE] [--sites FILE] FOLDER | HOST=FOLDER...\n", err)
		os.Exit(2)
	}
	var handler http.Handler = sites
	if *logFile != "" {
		f, err := os.Create(*logFile)
		if err != nil {
			fail(err)
		}
		handler = logged(handler, f)
	}
	fail(serve(addresses(*listen, sites), handler))
}

// hosts are the sites by host; "" is any.
type hosts map[string]http.Handler

func parse(args []string, list string) (hosts, error) {
	if list != "" {
		f, err := os.Open(list)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		for s := bufio.NewScanner(f); s.Scan(); {
			args = append(args, s.Text())
		}
	}
	if len(args) == 0 {
		return nil, fmt.Errorf("no folder")
	}
	out := hosts{}
	for _, arg := range args {
		host, folder, named := strings.Cut(arg, "=")
		if !named {
			host, folder = "", arg
		}
		// A host may have several folders, each below a path: host/path=folder.
		host, prefix, _ := strings.Cut(host, "/")
		mux, _ := out[host].(*http.ServeMux)
		if mux == nil {
			mux = http.NewServeMux()
			out[host] = mux
		}
		prefix = "/" + strings.Trim(prefix, "/")
		mux.Handle(strings.TrimSuffix(prefix, "/")+"/", http.StripPrefix(strings.TrimSuffix(prefix, "/"), files(folder)))
	}
	return out, nil
}

func (h hosts) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if r.Method == http.MethodConnect { // the site's fault, not the proxy's
		http.Error(w, "no TLS here: "+host, http.StatusBadGateway)
		return
	}
	site := h[host]
	if site == nil {
		site = h[""]
	}
	if site == nil {
		http.Error(w, "no such host: "+host, http.StatusBadGateway)
		return
	}
	site.ServeHTTP(w, r)
}

// addresses are where to listen.
func addresses(listen string, sites hosts) []string {
	out := []string{listen}
	_, port, err := net.SplitHostPort(listen)
	for host := range sites {
		if ip := net.ParseIP(host); err == nil && ip != nil && ip.IsLoopback() {
			if addr := net.JoinHostPort(host, port); addr != listen {
				out = append(out, addr)
			}
		}
	}
	return out
}

// serve ends with the first error.
func serve(addresses []string, handler http.Handler) error {
	errs := make(chan error, len(addresses))
	for _, addr := range addresses {
		srv := &http.Server{Addr: addr, Handler: handler, ReadHeaderTimeout: 10 * time.Second}
		go func() { errs <- srv.ListenAndServe() }()
	}
	return <-errs
}

// files serves a folder as Apache does: /index.html is a page of its own and is
// not redirected to the folder, for that is the name that the pages link to. Links
// between folders are followed, as Debian's packages have them.
func files(root string) http.Handler {
	folder := http.FileServer(http.Dir(root))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/index.html") {
			folder.ServeHTTP(w, r)
			return
		}
		f, err := http.Dir(root).Open(path.Clean("/" + r.URL.Path))
		if err != nil {
			http.NotFound(w, r)
			return
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil || info.IsDir() {
			http.NotFound(w, r)
			return
		}
		http.ServeContent(w, r, info.Name(), info.ModTime(), f)
	})
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "devsite:", err)
	os.Exit(1)
}

// logged writes a line for each request, whole: one write call each.
func logged(next http.Handler, w io.Writer) http.Handler {
	var mu sync.Mutex
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rec := &recorder{ResponseWriter: rw, status: http.StatusOK}
		next.ServeHTTP(rec, r)
		target := r.URL.EscapedPath()
		if r.URL.RawQuery != "" {
			target += "?" + r.URL.RawQuery
		}
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(w, "%d %s %s\n", rec.status, r.Host, target)
	})
}

type recorder struct {
	http.ResponseWriter
	status int
}

func (r *recorder) WriteHeader(code int) {
	r.status = code
	r.ResponseWriter.WriteHeader(code)
}
