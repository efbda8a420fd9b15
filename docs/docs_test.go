package docs

import (
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	links    = regexp.MustCompile(`\]\(([^)]+)\)`)
	headings = regexp.MustCompile(`(?m)^#+ (.+)$`)
)

func TestEveryPageIsListed(t *testing.T) {
	files, err := fs.Glob(FS, "*.md")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range files {
		names = append(names, strings.TrimSuffix(f, ".md"))
	}
	listed := slices.Sorted(slices.Values(Pages))
	if !slices.Equal(names, listed) {
		t.Errorf("files %q, Pages %q", names, listed)
	}
}

func TestPages(t *testing.T) {
	for _, name := range Pages {
		body := read(t, name)
		if !strings.HasPrefix(body, "# ") || strings.Count(withoutCode(body), "\n# ") > 0 {
			t.Errorf("%s does not begin with its only first-level heading", name)
		}
		if para := strings.SplitN(body, "\n\n", 3); len(para) < 2 || len(para[1]) < 40 || strings.ContainsAny(para[1][:1], "|#`-") {
			t.Errorf("%s: the first paragraph does not say what the page is about", name)
		}
		for _, m := range links.FindAllStringSubmatch(withoutCode(body), -1) {
			checkLink(t, name, m[1])
		}
	}
}

func checkLink(t *testing.T, from, to string) {
	t.Helper()
	if strings.HasPrefix(to, "https://") || strings.HasPrefix(to, "/") {
		return
	}
	file, fragment, _ := strings.Cut(to, "#")
	name := strings.TrimSuffix(file, ".md")
	if !slices.Contains(Pages, name) {
		t.Errorf("%s links to %s, which is no page", from, to)
		return
	}
	if fragment == "" {
		return
	}
	for _, h := range headings.FindAllStringSubmatch(read(t, name), -1) {
		if strings.ReplaceAll(strings.ToLower(h[1]), " ", "-") == fragment {
			return
		}
	}
	t.Errorf("%s links to %s, which has no such heading", from, to)
}

func read(t *testing.T, name string) string {
	t.Helper()
	body, err := FS.ReadFile(name + ".md")
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

var code = regexp.MustCompile("(?s)```.*?```|`[^`]*`")

func withoutCode(body string) string { return code.ReplaceAllString(body, "") }
