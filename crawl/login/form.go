package login

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"slices"

	"github.com/trawlsearch/trawl/crawl/fetch"
	"github.com/trawlsearch/trawl/weburl"
)

const maxHops = 10

// A formLogin fills in a form as a browser does, and keeps the cookies.
type formLogin struct {
	keeper
	cfg      Config
	origins  []string
	trusted  []string // origins that may see the password
	page     weburl.URL
	password fetch.Secret
	success  struct{ match, noMatch *regexp.Regexp }
	over     *regexp.Regexp
	jar      fetch.Jar
	at       weburl.URL // where the form was found; k.busy guards it, and mu
}

func newForm(cfg Config, origins []string, password fetch.Secret, log *slog.Logger) (*formLogin, error) {
	f := &formLogin{cfg: cfg, origins: origins, password: password}
	var err error
	if f.page, err = weburl.Parse(cfg.URL); err != nil || !f.page.IsWeb() {
		return nil, fmt.Errorf("url %q: want the address of the page with the form", cfg.URL)
	}
	f.page = f.page.Page()
	f.trusted = append(slices.Clone(origins), f.page.Origin())
	for _, re := range []struct {
		name, text string
		to         **regexp.Regexp
	}{
		{"success.match", cfg.Success.Match, &f.success.match}, {"success.no_match", cfg.Success.NoMatch, &f.success.noMatch},
		{"expired", cfg.Expired, &f.over},
	} {
		if re.text != "" {
			if *re.to, err = regexp.Compile(re.text); err != nil {
				return nil, fmt.Errorf("%s: %w", re.name, err)
			}
		}
	}
	f.keeper = newKeeper(f.page.Origin(), log, f.login)
	return f, nil
}

func (f *formLogin) Origins() []string { return f.origins }

// Sign logs in where that is due, and adds the session's cookies.
func (f *formLogin) Sign(ctx context.Context, send fetch.Sender, u weburl.URL, h http.Header) (fetch.SessionID, error) {
	n, err := f.ensure(ctx, send)
	if err != nil {
		return 0, err
	}
	_, err = fetch.CookieSession{Jar: &f.jar}.Sign(ctx, send, u, h)
	return n, err
}

// Answered looks for the end of the session.
func (f *formLogin) Answered(ctx context.Context, send fetch.Sender, n fetch.SessionID, resp *fetch.Response) (bool, error) {
	if f.ended(resp) {
		return f.renew(ctx, send, n)
	}
	if f.current(n) { // what others set may be the end of a former session
		f.jar.Set(resp.URL, resp.Header)
	}
	if resp.Status < 400 {
		f.heard(n)
	}
	return false, nil
}

// ended says whether an answer is one to a user who is not logged in.
func (f *formLogin) ended(resp *fetch.Response) bool {
	if f.isForm(resp.URL) {
		return false // it was asked for
	}
	switch {
	case resp.Status == http.StatusUnauthorized:
		return true
	case !resp.Location.IsZero():
		return f.isForm(resp.Location) || f.over != nil && f.over.MatchString(resp.Location.String())
	}
	return f.over != nil && resp.Status == http.StatusOK && f.over.Match(resp.Body)
}

// isForm says whether an address is that of the page with the form.
func (f *formLogin) isForm(u weburl.URL) bool {
	f.mu.Lock()
	at := f.at
	f.mu.Unlock()
	for _, p := range []weburl.URL{f.page, at} {
		if !p.IsZero() && u.Origin() == p.Origin() && u.Path() == p.Path() {
			return p.Path() != "/" || u.Query() == p.Query()
		}
	}
	return false
}

// login is one attempt.
func (f *formLogin) login(ctx context.Context, send fetch.Sender) error {
	f.jar.Clear()
	resp, err := f.browse(ctx, send, fetch.Request{URL: f.page})
	if err != nil {
		return fmt.Errorf("page with the form: %w", err)
	}
	f.mu.Lock()
	f.at = resp.URL
	f.mu.Unlock()
	if resp.Status < 200 || resp.Status > 299 && resp.Status != http.StatusUnauthorized && resp.Status != http.StatusForbidden {
		return unusable(resp, "the page with the form")
	}
	form := pick(parseForms(resp.URL, resp.Body), f.cfg.Form)
	if form == nil {
		return fmt.Errorf("%s has no form to log in by", resp.URL)
	}
	switch {
	case !form.post:
		return errors.New("the form would put the password into an address")
	case !f.trusts(resp.URL), !f.trusts(form.action):
		return fmt.Errorf("the form on %s goes to %s: name both in origins to let them see the password", resp.URL.Origin(), form.action.Origin())
	}
	body, err := form.fill(f.cfg, f.password)
	if err != nil {
		return err
	}
	h := http.Header{"Origin": {resp.URL.Origin()}, "Referer": {resp.URL.String()}} // sites check them against forged requests
	resp, err = f.browse(ctx, send, fetch.Request{URL: form.action, Post: body, Header: h})
	if err != nil {
		return fmt.Errorf("sending the form: %w", err)
	}
	return f.accepted(resp)
}

func (f *formLogin) trusts(u weburl.URL) bool { return slices.Contains(f.trusted, u.Origin()) }

// browse sends a request with the session's cookies and follows redirects, as
// a browser does: with GET, but 307 and 308 at a trusted origin.
func (f *formLogin) browse(ctx context.Context, send fetch.Sender, req fetch.Request) (*fetch.Response, error) {
	for range maxHops {
		if req.Header == nil {
			req.Header = http.Header{}
		}
		req.Header.Del("Cookie")
		if cookies := f.jar.Cookies(req.URL); cookies != "" {
			req.Header.Set("Cookie", cookies)
		}
		resp, err := send(ctx, req)
		if err != nil {
			return nil, err
		}
		f.jar.Set(resp.URL, resp.Header)
		if resp.Location.IsZero() {
			return resp, nil
		}
		next := fetch.Request{URL: resp.Location.Page()}
		if resp.Status == http.StatusTemporaryRedirect || resp.Status == http.StatusPermanentRedirect {
			if !req.Post.IsZero() && !f.trusts(next.URL) {
				return nil, fmt.Errorf("the form is sent on to %s", next.URL.Origin())
			}
			next.Post, next.Header = req.Post, req.Header
		}
		req = next
	}
	return nil, errors.New("too many redirects")
}

// accepted puts the answer to the form to the test.
func (f *formLogin) accepted(resp *fetch.Response) error {
	want := f.cfg.Success
	if want.Status != 0 && resp.Status != want.Status || want.Status == 0 && (resp.Status < 200 || resp.Status > 299) {
		return unusable(resp, "the form")
	}
	if f.success.match != nil && !f.success.match.Match(resp.Body) {
		return errors.New("the page after the form does not match success.match")
	}
	if f.success.noMatch != nil && f.success.noMatch.Match(resp.Body) {
		return errors.New("the page after the form matches success.no_match")
	}
	if want.Cookie != "" && !slices.ContainsFunc(f.origins, func(o string) bool {
		u, err := weburl.Parse(o + resp.URL.Path())
		_, ok := f.jar.Value(u, want.Cookie)
		return err == nil && ok
	}) {
		return fmt.Errorf("the form did not set the cookie %q", want.Cookie)
	}
	if (want == Success{} || want.NoForm) && pick(parseForms(resp.URL, resp.Body), "") != nil {
		return errors.New("the page after the form has a form to log in by: user or password are wrong")
	}
	return nil
}

// unusable is the error for a status: a fault of the server is one of the
// network, which does not speak of the password.
func unusable(resp *fetch.Response, what string) error {
	err := fmt.Errorf("%s answers %d", what, resp.Status)
	if resp.Status >= 500 || resp.Status == http.StatusTooManyRequests {
		return &fetch.Error{Class: fetch.ClassAuth, URL: resp.URL.String(), Err: err}
	}
	return err
}
