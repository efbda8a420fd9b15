package crawltest

import (
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path"
	"strings"
	"testing"
)

// types are the content types of a Dir, the same on every machine.
var types = map[string]string{
	".html": "text/html", ".htm": "text/html", ".xhtml": "application/xhtml+xml",
	".css": "text/css", ".js": "text/javascript", ".json": "application/json",
	".txt": "text/plain", ".xml": "application/xml", ".pdf": "application/pdf",
	".png": "image/png", ".jpg": "image/jpeg", ".gif": "image/gif", ".svg": "image/svg+xml",
}

// Dir serves the files below a folder, for Site.Mount, as a plain web server
// does: index.html for a folder, a redirect to the folder's name with a slash,
// Last-Modified from the file, ETag from its time and size, 304 where nothing
// changed. The charset is left to the document. Links that lead out of the
// folder are not followed.
func Dir(tb testing.TB, root string) http.Handler {
	tb.Helper()
	r, err := os.OpenRoot(root)
	if err != nil {
		tb.Fatalf("crawltest: %v", err)
	}
	tb.Cleanup(func() { r.Close() })
	return dir{r.FS()}
}

type dir struct{ fsys fs.FS }

func (d dir) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(path.Clean("/"+r.URL.Path), "/")
	if name == "" {
		name = "."
	}
	info, err := fs.Stat(d.fsys, name)
	if err == nil && info.IsDir() {
		if !strings.HasSuffix(r.URL.Path, "/") {
			w.Header().Set("Location", r.URL.EscapedPath()+"/")
			w.WriteHeader(http.StatusMovedPermanently)
			return
		}
		name = path.Join(name, "index.html")
	}
	f, err := d.fsys.Open(name)
	if err != nil {
		d.missing(w, r)
		return
	}
	defer f.Close()
	file, ok := f.(*os.File)
	if !ok {
		d.missing(w, r)
		return
	}
	info, err = file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		d.missing(w, r)
		return
	}
	t := types[strings.ToLower(path.Ext(name))]
	if t == "" {
		t = "application/octet-stream"
	}
	w.Header().Set("Content-Type", t)
	w.Header().Set("ETag", fmt.Sprintf(`"%x-%x"`, info.ModTime().Unix(), info.Size()))
	http.ServeContent(w, r, "", info.ModTime(), file)
}

func (dir) missing(w http.ResponseWriter, r *http.Request) {
	Page{Status: http.StatusNotFound, Title: "Not found"}.ServeHTTP(w, r)
}
