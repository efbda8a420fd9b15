package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

//go:embed assets
var assetFiles embed.FS

var assetTypes = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
}

// An asset is a file under an address that changes with its content.
type asset struct {
	contentType string
	body        []byte
}

// assets are all files of style, script and image. They do not change.
type assets struct {
	byName  map[string]asset  // style-0123456789ab.css
	address map[string]string // style.css -> /assets/style-0123456789ab.css
}

func loadAssets() *assets {
	a := &assets{byName: map[string]asset{}, address: map[string]string{}}
	files, err := fs.ReadDir(assetFiles, "assets")
	if err != nil {
		panic("web: " + err.Error())
	}
	for _, f := range files {
		body, err := assetFiles.ReadFile("assets/" + f.Name())
		if err != nil {
			panic("web: " + err.Error())
		}
		ext := path.Ext(f.Name())
		sum := sha256.Sum256(body)
		name := strings.TrimSuffix(f.Name(), ext) + "-" + hex.EncodeToString(sum[:6]) + ext
		a.byName[name] = asset{assetTypes[ext], body}
		a.address[f.Name()] = "/assets/" + name
	}
	return a
}

// path is where an asset stands now; templates call it.
func (a *assets) path(name string) string {
	p, ok := a.address[name]
	if !ok {
		panic("web: there is no asset " + name)
	}
	return p
}

func (a *assets) serve(w http.ResponseWriter, r *http.Request) error {
	f, ok := a.byName[r.PathValue("name")]
	if !ok {
		return failure(http.StatusNotFound, "There is no such file.")
	}
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	write(w, http.StatusOK, f.contentType, f.body)
	return nil
}

// favicon serves the icon where browsers look for it unasked.
func (a *assets) favicon(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Cache-Control", "public, max-age=86400")
	f := a.byName[path.Base(a.path("icon.svg"))]
	write(w, http.StatusOK, f.contentType, f.body)
	return nil
}
