package login

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/trawlsearch/trawl/crawl/fetch"
	"github.com/trawlsearch/trawl/weburl"
)

const (
	maxPageBytes  = 2 << 20
	maxForms      = 50
	maxFields     = 500
	maxFieldBytes = 64 << 10
)

// A form is one of a page, as it would be sent untouched.
type form struct {
	id, name string
	action   weburl.URL
	post     bool
	fields   []input
}

type input struct {
	kind, name, value string
}

// parseForms reads the forms of a page from its tokens: what is nested, or in
// the midst of a table, does not matter to a form's fields.
func parseForms(page weburl.URL, body []byte) (forms []*form) {
	z := html.NewTokenizer(bytes.NewReader(body[:min(len(body), maxPageBytes)]))
	z.SetMaxBuf(maxPageBytes)
	base := page
	var cur *form
	var choice *input // a <select> that has no chosen option yet
	fields := 0
	add := func(in input) *input {
		if cur == nil || in.name == "" || len(in.name)+len(in.value) > maxFieldBytes || fields >= maxFields {
			return nil
		}
		fields++
		cur.fields = append(cur.fields, in)
		return &cur.fields[len(cur.fields)-1]
	}
	for len(forms) <= maxForms {
		kind := z.Next()
		if kind == html.ErrorToken {
			break
		}
		if kind == html.EndTagToken {
			switch tag, _ := z.TagName(); atom.Lookup(tag) {
			case atom.Form:
				cur = nil
			case atom.Select:
				choice = nil
			}
			continue
		}
		if kind != html.StartTagToken && kind != html.SelfClosingTagToken {
			continue
		}
		tag, more := z.TagName()
		name := atom.Lookup(tag)
		var attr map[string]string
		if more && wanted(name) {
			attr = attrs(z)
		}
		switch name {
		case atom.Base:
			if u, err := page.Join(attr["href"]); err == nil && attr["href"] != "" && base == page {
				base = u
			}
		case atom.Form:
			if cur != nil {
				break // a form in a form is none
			}
			cur = &form{id: attr["id"], name: attr["name"], post: strings.EqualFold(attr["method"], "post"), action: page}
			if a := strings.TrimSpace(attr["action"]); a != "" {
				u, err := base.Join(a)
				if err != nil || !u.IsWeb() {
					u = weburl.URL{}
				}
				cur.action = u.Page()
			}
			forms = append(forms, cur)
		case atom.Input, atom.Button:
			add(readInput(name, attr))
		case atom.Select:
			choice = add(input{kind: "select", name: attr["name"]})
		case atom.Option:
			_, chosen := attr["selected"]
			if choice != nil && (chosen || choice.kind == "select") {
				choice.kind, choice.value = "option", attr["value"]
			}
		case atom.Textarea:
			in := input{kind: "text", name: attr["name"]}
			if z.Next() == html.TextToken {
				in.value = string(z.Text())
			}
			add(in)
		}
	}
	return forms
}

func wanted(name atom.Atom) bool {
	switch name {
	case atom.Base, atom.Form, atom.Input, atom.Button, atom.Select, atom.Option, atom.Textarea:
		return true
	}
	return false
}

// attrs reads the attributes of a tag; of two with the same name the first
// holds.
func attrs(z *html.Tokenizer) map[string]string {
	out := map[string]string{}
	for range maxFields {
		k, v, more := z.TagAttr()
		if _, ok := out[string(k)]; !ok {
			out[string(k)] = string(v)
		}
		if !more {
			break
		}
	}
	return out
}

// readInput gives a field that a browser would send, else one without a name.
func readInput(tag atom.Atom, attr map[string]string) input {
	in := input{kind: strings.ToLower(attr["type"]), name: attr["name"], value: attr["value"]}
	_, checked := attr["checked"]
	_, disabled := attr["disabled"]
	if tag == atom.Button && in.kind == "" {
		in.kind = "submit"
	}
	switch in.kind {
	case "checkbox", "radio":
		if _, ok := attr["value"]; !ok {
			in.value = "on"
		}
		if !checked {
			return input{}
		}
	case "reset", "button", "file", "image":
		return input{}
	}
	if disabled {
		return input{}
	}
	return in
}

// pick finds the form of an id or name, or the first with a password field; nil:
// there is none.
func pick(forms []*form, name string) *form {
	for _, f := range forms {
		if name != "" && (f.id == name || f.name == name) || name == "" && f.index("password") >= 0 {
			if !f.action.IsZero() {
				return f
			}
		}
	}
	return nil
}

func (f *form) index(kind string) int {
	return slices.IndexFunc(f.fields, func(in input) bool { return in.kind == kind })
}

// fill gives the body to send: the fields of the page as they are, hidden ones
// with their tokens among them, with user and password, and what the
// configuration sets. Of buttons only the first is pressed.
func (f *form) fill(cfg Config, password fetch.Secret) (fetch.Secret, error) {
	fields := slices.Clone(f.fields)
	if err := place(&fields, cfg, password); err != nil {
		return fetch.Secret{}, err
	}
	for _, name := range slices.Sorted(maps.Keys(cfg.Fields)) {
		set(&fields, name, cfg.Fields[name])
	}
	var body strings.Builder
	pressed := false
	for _, in := range fields {
		if in.kind == "submit" {
			if pressed {
				continue
			}
			pressed = true
		}
		if body.Len() > 0 {
			body.WriteByte('&')
		}
		body.WriteString(url.QueryEscape(in.name) + "=" + url.QueryEscape(in.value))
	}
	return fetch.NewSecret(body.String()), nil
}

// place puts user and password where they belong.
func place(fields *[]input, cfg Config, password fetch.Secret) error {
	at := slices.IndexFunc(*fields, func(in input) bool { return in.kind == "password" })
	name := cfg.PasswordField
	if name == "" {
		if at < 0 {
			return errors.New("the form has no password field")
		}
		name = (*fields)[at].name
	}
	user := cfg.UserField
	for i := at - 1; i >= 0 && user == ""; i-- {
		switch (*fields)[i].kind {
		case "", "text", "email", "tel":
			user = (*fields)[i].name
		}
	}
	if user == "" && cfg.User != "" {
		return fmt.Errorf("the form has no field before %q for the user", name)
	}
	if user != "" {
		set(fields, user, cfg.User)
	}
	set(fields, name, password.Reveal())
	return nil
}

func set(fields *[]input, name, value string) {
	for i := range *fields {
		if (*fields)[i].name == name {
			(*fields)[i].value = value
			return
		}
	}
	*fields = append(*fields, input{kind: "text", name: name, value: value})
}
