// Command devsite serves a folder on loopback as the web site it is a copy of,
// for `make run` and for measurements: correct types, Last-Modified, and 304.
package main

import (
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:8411", "loopback address to serve on")
	logFile := flag.String("log", "", "write \"STATUS PATH\" of each request to this file")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: devsite [--listen ADDR] FOLDER")
		os.Exit(2)
	}
	var handler http.Handler = files(flag.Arg(0))
	if *logFile != "" {
		f, err := os.Create(*logFile)
		if err != nil {
			fail(err)
		}
		handler = logged(handler, f)
	}
	srv := &http.Server{Addr: *listen, Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	fail(srv.ListenAndServe())
}

// files serves a folder as Apache does: /index.html is a page of its own and is
// not redirected to the folder, for that is the name that the pages link to.
func files(root string) http.Handler {
	folder := http.FileServer(http.Dir(root))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/index.html") {
			folder.ServeHTTP(w, r)
			return
		}
		f, err := http.Dir(root).Open(r.URL.Path)
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
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rec := &recorder{ResponseWriter: rw, status: http.StatusOK}
		next.ServeHTTP(rec, r)
		fmt.Fprintf(w, "%d %s\n", rec.status, r.URL.RequestURI())
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
