package api

import (
	"encoding"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// A schema is as much of JSON Schema as openapi.json uses of objects.
type schema struct {
	Ref        string            `json:"$ref"`
	Type       any               `json:"type"` // a name, or several
	Items      *schema           `json:"items"`
	Properties map[string]schema `json:"properties"`
	Required   []string          `json:"required"`
	AllOf      []schema          `json:"allOf"`
	Additional json.RawMessage   `json:"additionalProperties"`
}

type operation struct {
	Parameters  []struct{ Name, In string }
	RequestBody *struct {
		Content map[string]struct{ Schema schema }
	}
	Responses map[string]struct {
		Content map[string]struct{ Schema schema }
	}
}

func described(t *testing.T) (paths map[string]map[string]operation, schemas map[string]schema) {
	t.Helper()
	var doc struct {
		Paths      map[string]map[string]json.RawMessage
		Components struct{ Schemas map[string]schema }
	}
	if err := json.Unmarshal(openapi, &doc); err != nil {
		t.Fatal(err)
	}
	paths = map[string]map[string]operation{}
	for path, methods := range doc.Paths {
		paths[path] = map[string]operation{}
		for method, raw := range methods {
			if method == "parameters" {
				continue
			}
			var op operation
			if err := json.Unmarshal(raw, &op); err != nil {
				t.Fatal(err)
			}
			paths[path][strings.ToUpper(method)] = op
		}
	}
	return paths, doc.Components.Schemas
}

// TestEveryRouteIsDescribed reads the routes out of server.go, and the parameters of
// queries out of all files.
func TestEveryRouteIsDescribed(t *testing.T) {
	paths, _ := described(t)
	var have, want, names, asked []string
	for path, methods := range paths {
		for method, op := range methods {
			have = append(have, method+" "+path)
			for _, p := range op.Parameters {
				names = append(names, p.Name)
			}
		}
	}
	source, err := os.ReadFile("server.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`s\.handle\("([A-Z]+) "\+c(?:\+"([^"]*)")?,`).FindAllStringSubmatch(string(source), -1) {
		want = append(want, m[1]+" /api/v1/collections"+m[2])
	}
	slices.Sort(have)
	slices.Sort(want)
	if len(want) < 10 || !slices.Equal(have, want) {
		t.Errorf("described\n%s\nserved\n%s", strings.Join(have, "\n"), strings.Join(want, "\n"))
	}
	files, _ := filepath.Glob("*.go")
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?:r\.FormValue\(|number\(r, |r\.Form\[)"(\w+)"`).FindAllStringSubmatch(string(source), -1) {
			if !strings.HasSuffix(file, "_test.go") {
				asked = append(asked, m[1])
			}
		}
	}
	slices.Sort(names)
	slices.Sort(asked)
	if names, asked = slices.Compact(names), slices.Compact(asked); !slices.Equal(names, asked) {
		t.Errorf("parameters described %v, read %v", names, asked)
	}
}

// TestEveryFieldIsDescribed holds the types of the API to their schemas, each field
// with its kind, and whether it may be left out.
func TestEveryFieldIsDescribed(t *testing.T) {
	paths, schemas := described(t)
	check := &fieldCheck{t: t, schemas: schemas, seen: map[string]bool{}}
	const c = "/api/v1/collections"
	list := func(name string, elem any) any {
		return reflect.New(reflect.StructOf([]reflect.StructField{{Name: "List", Type: reflect.SliceOf(reflect.TypeOf(elem)), Tag: reflect.StructTag(`json:"` + name + `"`)}})).Elem().Interface()
	}
	for where, v := range map[string]any{
		"GET " + c: list("collections", Collection{}), "GET " + c + "/{collection}": Collection{}, "PUT " + c + "/{collection}": Collection{},
		"GET " + c + "/{collection}/search": Answer{}, "POST " + c + "/{collection}/documents": Accepted{}, "POST " + c + "/{collection}/captures": Captured{},
		"POST " + c + "/{collection}/crawl": CrawlAccepted{}, "POST " + c + "/{collection}/reparse": Reparsed{}, "GET " + c + "/{collection}/url": Address{}, "GET " + c + "/{collection}/urls": Addresses{},
		"GET " + c + "/{collection}/crawls": list("crawls", Crawl{}), "GET " + c + "/{collection}/diff": Diff{}, "POST " + c + "/{collection}/publish": Generations{},
		"POST " + c + "/{collection}/discard": Generations{}, "POST " + c + "/{collection}/rollback": Generations{},
		"GET " + c + "/{collection}/history": list("events", Event{}), "GET " + c + "/{collection}/status": Status{}, "GET " + c + "/{collection}/events": nil,
	} {
		method, path, _ := strings.Cut(where, " ")
		op, ok := paths[path][method]
		if !ok {
			t.Errorf("%s is not described", where)
			continue
		}
		delete(paths[path], method)
		answered := false
		for status, r := range op.Responses {
			for _, content := range r.Content {
				if status[0] == '2' && v != nil {
					answered = true
					check.is(where, content.Schema, reflect.TypeOf(v))
				}
				if status == "default" {
					check.is(where+" problem", content.Schema, reflect.TypeOf(Problem{}))
				}
			}
		}
		if v != nil && !answered {
			t.Errorf("%s: no answer is described", where)
		}
	}
	for path, methods := range paths {
		for method := range methods {
			t.Errorf("%s %s: this test knows no type for it", method, path)
		}
	}
	check.is("CrawlRequest", schema{Ref: "#/components/schemas/CrawlRequest"}, reflect.TypeOf(CrawlRequest{}))
	unseen := slices.Collect(maps.Keys(schemas))
	unseen = slices.DeleteFunc(unseen, func(s string) bool { return check.seen[s] || s == "Document" }) // documents have any field
	if len(unseen) > 0 {
		t.Errorf("schemas of no type: %v", unseen)
	}
}

type fieldCheck struct {
	t       *testing.T
	schemas map[string]schema
	seen    map[string]bool
}

// is holds a type to a schema.
func (c *fieldCheck) is(where string, s schema, t reflect.Type) {
	if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok {
		if s, ok = c.schemas[name]; !ok {
			c.t.Errorf("%s: there is no schema %s", where, name)
		}
		if c.seen[name] {
			return
		}
		c.seen[name] = true
		where = name
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if kind := kindIn(t); s.Type != kind && kind != "" && s.AllOf == nil {
		c.t.Errorf("%s: described as %v, is %s", where, s.Type, kind)
		return
	}
	switch {
	case t.Kind() == reflect.Slice && s.Items != nil:
		c.is(where+"[]", *s.Items, t.Elem())
	case t.Kind() == reflect.Struct && kindIn(t) == "object":
		c.fields(where, s, t)
	}
}

func (c *fieldCheck) fields(where string, s schema, t reflect.Type) {
	have := map[string]schema{}
	required := map[string]bool{}
	for _, part := range append([]schema{s}, s.AllOf...) {
		if name, ok := strings.CutPrefix(part.Ref, "#/components/schemas/"); ok {
			part, c.seen[name] = c.schemas[name], true
		}
		maps.Copy(have, part.Properties)
		for _, r := range part.Required {
			required[r] = true
		}
	}
	for _, f := range reflect.VisibleFields(t) {
		name, opts, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		p, ok := have[name]
		if !ok {
			c.t.Errorf("%s: %s is not described", where, name)
			continue
		}
		delete(have, name)
		c.is(where+"."+name, p, f.Type)
		if strings.Contains(opts, "omit") && required[name] {
			c.t.Errorf("%s: %s is required, and may be left out", where, name)
		}
	}
	for name := range have {
		c.t.Errorf("%s: %s is described, and no field", where, name)
	}
}

// kindIn is the type of JSON that a value of a type becomes; empty: any.
func kindIn(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Time](), t.Implements(reflect.TypeFor[encoding.TextMarshaler]()):
		return "string"
	}
	switch t.Kind() {
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "boolean"
	case reflect.Float32, reflect.Float64:
		return "number"
	case reflect.Slice:
		return "array"
	case reflect.Struct, reflect.Map:
		return "object"
	case reflect.Interface:
		return ""
	case reflect.Int, reflect.Int64, reflect.Uint64:
		return "integer"
	}
	panic(fmt.Sprint("a kind that this test does not know: ", t))
}
