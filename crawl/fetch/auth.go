package fetch

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"

	"github.com/trawlsearch/trawl/weburl"
)

// An Authenticator makes requests to its origins those of a user. It is asked
// before each request to one of them and hears each answer from one of them, of
// Get, Follow and Robots alike; requests to any other origin, be it after a
// redirect, it never sees. Any goroutine may call it.
//
// What Sign puts into the header goes nowhere else: Response.RequestHeader and
// the Set-Cookie fields of Response.Header show Masked in its place.
type Authenticator interface {
	// Origins are scheme://host[:port], as weburl.URL.Origin has them.
	Origins() []string
	// Sign adds to the header of a request. Its error is that of the request:
	// of class needs-auth, or refused if it is ErrRefused, or that of the
	// *Error that it wraps. Where it needs requests of its own, send makes them
	// with the limits, proxies and guard of the client, unsigned.
	Sign(ctx context.Context, send Sender, u weburl.URL, h http.Header) (SessionID, error)
	// Answered hears the answer to a request of a session. again asks for the
	// request to be signed and sent once more, once.
	Answered(ctx context.Context, send Sender, s SessionID, resp *Response) (again bool, err error)
}

// A SessionID numbers what an Authenticator signs with, so that an answer that
// comes late is not taken for one to its successor.
type SessionID int

// A Sender sends one request as it is.
type Sender func(ctx context.Context, req Request) (*Response, error)

// ErrRefused is the error of an Authenticator for an address that must not be
// asked for, such as that which ends its session.
var ErrRefused = errors.New("not to be asked for while logged in")

// A Credential is one header field for one origin. It is an Authenticator.
type Credential struct {
	Origin string
	Field  string // its name
	Value  Secret
}

// Basic is a user's password (RFC 7617).
func Basic(origin, user string, password Secret) Credential {
	return Credential{origin, "Authorization", NewSecret(basic(user, password))}
}

// Bearer is a token (RFC 6750).
func Bearer(origin string, token Secret) Credential {
	return Credential{origin, "Authorization", NewSecret("Bearer " + token.Reveal())}
}

func basic(user string, password Secret) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password.Reveal()))
}

// Origins is the one origin.
func (c Credential) Origins() []string { return []string{c.Origin} }

// Sign adds the field.
func (c Credential) Sign(_ context.Context, _ Sender, _ weburl.URL, h http.Header) (SessionID, error) {
	h.Set(c.Field, c.Value.Reveal())
	return 0, nil
}

// Answered has nothing to learn.
func (c Credential) Answered(context.Context, Sender, SessionID, *Response) (bool, error) {
	return false, nil
}

// A CookieSession sends the cookies of a jar, such as an imported one, to some
// origins, and keeps those that they set. It is an Authenticator.
type CookieSession struct {
	Jar  *Jar
	Only []string // origins
}

// Origins are the given ones.
func (s CookieSession) Origins() []string { return s.Only }

// Sign adds the cookies.
func (s CookieSession) Sign(_ context.Context, _ Sender, u weburl.URL, h http.Header) (SessionID, error) {
	if cookies := joinCookies(h.Get("Cookie"), s.Jar.Cookies(u)); cookies != "" {
		h.Set("Cookie", cookies)
	}
	return 0, nil
}

// Answered keeps cookies.
func (s CookieSession) Answered(_ context.Context, _ Sender, _ SessionID, resp *Response) (bool, error) {
	s.Jar.Set(resp.URL, resp.Header)
	return false, nil
}

// byOrigin sorts authenticators by what they are for. What is no origin gets
// none.
func byOrigin(list []Authenticator) map[string][]Authenticator {
	out := map[string][]Authenticator{}
	for _, a := range list {
		for _, o := range a.Origins() {
			if u, err := weburl.Parse(o); err == nil && u.IsWeb() {
				out[u.Origin()] = append(out[u.Origin()], a)
			}
		}
	}
	return out
}

// signed sends a request with what the authenticators of its origin add, and
// once more if one of them asks for it.
func (c *Client) signed(ctx context.Context, q call) (*Response, error) {
	list := c.auth[q.URL.Origin()]
	if len(list) == 0 || c.opt.insecure(q.URL.Hostname()) {
		return c.get(ctx, q)
	}
	for try := 0; ; try++ {
		q.secret = http.Header{}
		sessions := make([]SessionID, len(list))
		for i, a := range list {
			var err error
			if sessions[i], err = a.Sign(ctx, c.send, q.URL.Page(), q.secret); err != nil {
				return nil, authError(ctx, q.URL, err)
			}
		}
		resp, err := c.get(ctx, q)
		if resp == nil {
			return nil, err
		}
		resp.secret = q.secret
		again := false
		for i, a := range list {
			more, aerr := a.Answered(ctx, c.send, sessions[i], resp)
			if aerr != nil {
				return resp, authError(ctx, q.URL, aerr)
			}
			again = again || more
		}
		if !again || try > 0 {
			return resp, err
		}
	}
}

// send is a Sender.
func (c *Client) send(ctx context.Context, req Request) (*Response, error) {
	return c.get(ctx, call{Request: req, limits: c.limits})
}

func authError(ctx context.Context, u weburl.URL, err error) error {
	class := ClassAuth
	var e *Error
	switch {
	case ctx.Err() != nil:
		class = classify(ctx, ctx, err)
	case errors.Is(err, ErrRefused):
		class = ClassRefused
	case errors.As(err, &e):
		class = e.Class
	}
	return &Error{Class: class, URL: u.Page().String(), Err: err}
}

// hide takes out what Sign put in, for those who keep what they get.
func (r *Response) hide() *Response {
	if r == nil || r.secret == nil {
		return r
	}
	r.RequestHeader = mask(r.RequestHeader, r.secret)
	if lines := r.Header["Set-Cookie"]; len(lines) > 0 {
		r.Header = r.Header.Clone()
		for i, line := range lines {
			r.Header["Set-Cookie"][i] = hideCookie(line)
		}
	}
	r.secret = nil
	return r
}

// hideCookie keeps all of a Set-Cookie field but the value.
func hideCookie(line string) string {
	pair, rest, more := strings.Cut(line, ";")
	name, _, ok := strings.Cut(pair, "=")
	if !ok {
		return Masked
	}
	if more {
		rest = ";" + rest
	}
	return name + "=" + Masked + rest
}
