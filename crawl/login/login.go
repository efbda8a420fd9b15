// Package login makes a crawl a user of the sites that it has an account on:
// passwords and tokens in header fields, imported cookies, forms with a session
// that is renewed when it ends, OAuth2 client credentials.
//
// New makes a Session of a Config, and fetch.Options.Auth takes it: that is all
// that a crawl has to do, but for two things. Links for which IsLogout holds
// should not be queued for the origins of a Session (it refuses to ask for them:
// fetch.ClassRefused). And an answer of class needs-auth with an *Error in its
// chain should let the host rest until Error.RetryAt.
//
// # What goes where
//
// A Session answers for its origins and no other. A password is put into a form
// only if the form's page and its target are of these origins, or of that of
// Config.URL; never into an address. Nothing here prints a secret.
//
// # Limits
//
//	what                           value
//	page with a form               2 MiB, 50 forms, 500 fields
//	redirects around a form        10
//	log-ins at the same time       1; who comes meanwhile waits for it
//	failed log-ins in a row        5 with credentials that were refused, then no more;
//	                               1 min apart, doubling to 1 h; for faults of the network 10 s to 10 min
//	log-ins that changed nothing   3 in a row, then one in 1 min, doubling to 1 h
//	answer with a token            64 KiB
package login

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/trawlsearch/trawl/crawl/fetch"
	"github.com/trawlsearch/trawl/weburl"
)

// A Config says who we are at a site. Of what is called a reference, Secrets
// gives the text. In YAML:
//
//	logins:
//	  - kind: form
//	    origin: https://wiki.example.org
//	    url: https://wiki.example.org/login
//	    user: crawler
//	    password: env:WIKI_PASSWORD
//	    success: {cookie: session}
//	  - kind: bearer
//	    origin: https://api.example.org
//	    password: file:/run/secrets/token
type Config struct {
	Kind    string   `yaml:"kind" json:"kind"`                             // basic, bearer, header, cookies, form or oauth2
	Origin  string   `yaml:"origin" json:"origin"`                         // "https://example.org"
	Origins []string `yaml:"origins,omitempty" json:"origins,omitempty"`   // further origins of the same account
	User    string   `yaml:"user,omitempty" json:"user,omitempty"`         // basic, form; of oauth2 the client's id
	Secret  string   `yaml:"password,omitempty" json:"password,omitempty"` // reference: password, token, value of the header, the client's secret, file of cookies

	Header string `yaml:"header,omitempty" json:"header,omitempty"` // header: the name of the field

	URL           string            `yaml:"url,omitempty" json:"url,omitempty"`                       // form: the page that it is on; oauth2: the token endpoint
	Form          string            `yaml:"form,omitempty" json:"form,omitempty"`                     // its id or name; zero: the first with a password field
	UserField     string            `yaml:"user_field,omitempty" json:"user_field,omitempty"`         // zero: the last text field before the password's
	PasswordField string            `yaml:"password_field,omitempty" json:"password_field,omitempty"` // zero: the first password field
	Fields        map[string]string `yaml:"fields,omitempty" json:"fields,omitempty"`                 // form: further fields, over those of the page; oauth2: further parameters
	Success       Success           `yaml:"success,omitempty" json:"success,omitempty"`
	Expired       string            `yaml:"expired,omitempty" json:"expired,omitempty"` // form: RE2 on the target of a redirect or the text of a page: log in again; 401 and a redirect to URL always do

	Scopes   []string `yaml:"scopes,omitempty" json:"scopes,omitempty"`       // oauth2
	AuthBody bool     `yaml:"auth_body,omitempty" json:"auth_body,omitempty"` // oauth2: id and secret in the body, not in the header

	Logout []string `yaml:"logout,omitempty" json:"logout,omitempty"` // RE2 on addresses that are not asked for, besides those of IsLogout
	Keep   []string `yaml:"keep,omitempty" json:"keep,omitempty"`     // RE2 on addresses that are asked for although they look like one of these
}

// Success says how to tell that a form was accepted. Of what is set all must
// hold; where nothing is set, the page that follows must have no form with a
// password field.
type Success struct {
	Status  int    `yaml:"status,omitempty" json:"status,omitempty"`     // of the page after all redirects; zero: 200 to 299
	Match   string `yaml:"match,omitempty" json:"match,omitempty"`       // RE2 that its text must match
	NoMatch string `yaml:"no_match,omitempty" json:"no_match,omitempty"` // RE2 that it must not match
	Cookie  string `yaml:"cookie,omitempty" json:"cookie,omitempty"`     // a cookie that must be there
	NoForm  bool   `yaml:"no_form,omitempty" json:"no_form,omitempty"`   // it must have no form with a password field
}

// Secrets gives the text behind a reference, such as "env:NAME" or "file:PATH":
// what references there are is the caller's business.
type Secrets func(reference string) (fetch.Secret, error)

// A Session is a user's at some origins. It is a fetch.Authenticator; any
// goroutine may call it.
type Session struct {
	fetch.Authenticator
	keeper *keeper // nil: there is nothing to log in to
	logout []*regexp.Regexp
	keep   []*regexp.Regexp
}

// New makes a Session. It sends nothing yet: the first request does.
func New(cfg Config, secrets Secrets, log *slog.Logger) (*Session, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	s, err := build(cfg, secrets, log)
	if err != nil {
		return nil, fmt.Errorf("login: %s at %s: %w", cmp.Or(cfg.Kind, "?"), cmp.Or(cfg.Origin, "?"), err)
	}
	return s, nil
}

func build(cfg Config, secrets Secrets, log *slog.Logger) (*Session, error) {
	var origins []string
	for _, o := range append([]string{cfg.Origin}, cfg.Origins...) {
		u, err := weburl.Parse(o)
		if err != nil || !u.IsWeb() || strings.TrimSuffix(u.String(), "/") != u.Origin() {
			return nil, fmt.Errorf("origin %q: want http(s)://host[:port]", o)
		}
		origins = append(origins, u.Origin())
	}
	s := &Session{}
	var err error
	if s.logout, err = compile(cfg.Logout); err != nil {
		return nil, fmt.Errorf("logout: %w", err)
	}
	if s.keep, err = compile(cfg.Keep); err != nil {
		return nil, fmt.Errorf("keep: %w", err)
	}
	var secret fetch.Secret
	if cfg.Secret != "" {
		if secrets == nil {
			return nil, errors.New("there is a secret and no store of secrets")
		}
		if secret, err = secrets(cfg.Secret); err != nil {
			return nil, fmt.Errorf("secret %q: %w", cfg.Secret, err)
		}
	}
	if secret.IsZero() {
		return nil, errors.New("the secret is empty")
	}
	switch cfg.Kind {
	case "basic":
		s.Authenticator = field{origins, fetch.Basic("", cfg.User, secret)}
	case "bearer":
		s.Authenticator = field{origins, fetch.Bearer("", secret)}
	case "header":
		if !usable(cfg.Header) {
			return nil, fmt.Errorf("header %q cannot be set", cfg.Header)
		}
		s.Authenticator = field{origins, fetch.Credential{Field: cfg.Header, Value: secret}}
	case "cookies":
		jar := &fetch.Jar{}
		if _, err := jar.Import([]byte(secret.Reveal())); err != nil {
			return nil, err
		}
		s.Authenticator = fetch.CookieSession{Jar: jar, Only: origins}
	case "form":
		f, err := newForm(cfg, origins, secret, log)
		if err != nil {
			return nil, err
		}
		s.Authenticator, s.keeper = f, &f.keeper
	case "oauth2":
		o, err := newOAuth(cfg, origins, secret, log)
		if err != nil {
			return nil, err
		}
		s.Authenticator, s.keeper = o, &o.keeper
	default:
		return nil, errors.New("want basic, bearer, header, cookies, form or oauth2")
	}
	return s, nil
}

func compile(list []string) (out []*regexp.Regexp, err error) {
	for _, text := range list {
		re, err := regexp.Compile(text)
		if err != nil {
			return nil, err
		}
		out = append(out, re)
	}
	return out, nil
}

// usable says whether a field is one that may be set: not one by which
// messages are framed and routed.
func usable(name string) bool {
	if name == "" || strings.Trim(name, "-_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" {
		return false
	}
	return !slices.Contains([]string{"Host", "Connection", "Content-Length", "Transfer-Encoding", "Te", "Trailer", "Upgrade", "Proxy-Authorization"},
		http.CanonicalHeaderKey(name))
}

// A field is one credential for several origins.
type field struct {
	origins []string
	fetch.Credential
}

func (f field) Origins() []string { return f.origins }

// Sign adds to a request what makes it the user's, logging in before the first
// and after the session's end.
func (s *Session) Sign(ctx context.Context, send fetch.Sender, u weburl.URL, h http.Header) (fetch.SessionID, error) {
	if s.IsLogout(u, "") {
		return 0, fetch.ErrRefused
	}
	return s.Authenticator.Sign(ctx, send, u, h)
}

// IsLogout is the function IsLogout with what the configuration adds.
func (s *Session) IsLogout(u weburl.URL, text string) bool {
	match := func(re *regexp.Regexp) bool { return re.MatchString(u.String()) }
	switch {
	case slices.ContainsFunc(s.keep, match):
		return false
	case slices.ContainsFunc(s.logout, match):
		return true
	}
	return IsLogout(u, text)
}

// A State is how a session does.
type State struct {
	Since    time.Time // logged in; zero: not
	Logins   int       // that were accepted
	Failures int       // in a row
	RetryAt  time.Time // no attempt before; zero: at any time
	GivenUp  bool      // no further attempt
	Err      error     // of the last attempt
}

// State tells. Of a kind that has no session it is zero.
func (s *Session) State() State {
	if s.keeper == nil {
		return State{}
	}
	return s.keeper.state()
}

// An Error says that there is no session. It is in the chain of the
// *fetch.Error of a request.
type Error struct {
	RetryAt time.Time // zero: no attempt will be made
	Err     error
}

func (e *Error) Error() string { return "login: " + e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }
