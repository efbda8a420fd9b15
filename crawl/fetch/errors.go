package fetch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
)

// A Class is what kind of thing went wrong, in words that stand in logs,
// metrics and the frontier's records.
type Class string

// Classes of errors. Those marked * also stand in Response.Cut.
const (
	ClassDNS            Class = "dns"             // the name could not be resolved now
	ClassNXDomain       Class = "dns-nxdomain"    // the name does not exist
	ClassPrivateAddress Class = "private-address" // the guard refused
	ClassConnect        Class = "connect"         // no connection: refused, unreachable, too slow
	ClassTLS            Class = "tls"             // handshake or certificate; Error.Detail says more
	ClassTimeout        Class = "timeout"         // * header or request took too long
	ClassSlow           Class = "slow"            // * the body came below the minimum rate
	ClassHeaderLimit    Class = "header-limit"    // the response header is too large
	ClassProtocol       Class = "protocol-error"  // not HTTP
	ClassReset          Class = "reset"           // * the server broke the connection
	ClassTruncated      Class = "truncated"       // * the body ended before its announced end
	ClassDecode         Class = "decode-error"    // * content or transfer coding is damaged
	ClassBodyLimit      Class = "body-limit"      // * the body is larger than we take
	ClassRatioLimit     Class = "ratio-limit"     // * the body unpacks to more than 100 times its size
	ClassBadRedirect    Class = "bad-redirect"    // a redirect without a Location that is an address
	ClassBadScheme      Class = "bad-scheme"      // an address that is not http or https
	ClassRedirectLoop   Class = "redirect-loop"   // Follow came back to where it was
	ClassRedirectLimit  Class = "redirect-limit"  // Follow took MaxRedirects hops
	ClassRefused        Class = "refused"         // Follow's caller refused a hop, or an Authenticator the address
	ClassCanceled       Class = "canceled"        // the caller's context ended
	ClassURLLimit       Class = "url-limit"       // the address is too long
	ClassProxy          Class = "proxy"           // no proxy of the route works, or none takes our credentials
	ClassAuth           Class = "needs-auth"      // an Authenticator could not log in
)

// An Error is why there is no usable answer.
type Error struct {
	Class  Class
	Detail Class // of ClassTLS, its kind: tls-expired and so on; else empty
	URL    string
	Err    error
}

func (e *Error) Error() string {
	class := cmp.Or(e.Detail, e.Class)
	if e.Err == nil {
		return fmt.Sprintf("fetch: get %s: %s", e.URL, class)
	}
	return fmt.Sprintf("fetch: get %s: %s: %v", e.URL, class, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// ClassOf gives the class of an error of this package; of nil, and of errors
// that are none of ours, the empty class.
func ClassOf(err error) Class {
	var e *Error
	if errors.As(err, &e) {
		return e.Class
	}
	return ""
}

// DetailOf is ClassOf, with the kinds of ClassTLS told apart.
func DetailOf(err error) Class {
	var e *Error
	if errors.As(err, &e) {
		return cmp.Or(e.Detail, e.Class)
	}
	return ""
}

// newError makes an error of a class or of a kind of it.
func newError(class Class, url string, err error) *Error {
	e := &Error{Class: class.Kind(), URL: url, Err: err}
	if e.Class != class {
		e.Detail = class
	}
	return e
}

// Reasons for which we end a request ourselves.
var (
	errTotal   = errors.New("the request took too long")
	errSlow    = errors.New("the body comes too slowly")
	errMany1xx = errors.New("too many informational responses")
)

// classify names what a transport reported, kinds of ClassTLS told apart. parent
// is the caller's context, ctx the request's own.
func classify(parent, ctx context.Context, err error) Class {
	if perr := parent.Err(); perr != nil {
		if errors.Is(perr, context.DeadlineExceeded) {
			return ClassTimeout
		}
		return ClassCanceled
	}
	var private *privateError
	var dns *net.DNSError
	var dial *dialError
	var proxy *proxyError
	switch {
	case errors.As(err, &proxy):
		return proxy.class()
	case errors.As(err, &private):
		return ClassPrivateAddress
	case errors.As(err, &dns):
		if dns.IsNotFound {
			return ClassNXDomain
		}
		return ClassDNS
	case errors.As(err, &dial):
		return ClassConnect
	}
	switch context.Cause(ctx) {
	case errTotal:
		return ClassTimeout
	case errSlow:
		return ClassSlow
	}
	if class, ok := tlsClass(err); ok {
		return class
	}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return ClassTimeout
	}
	return classifyHTTP(err)
}

// classifyHTTP tells the errors of net/http apart, most of which have only
// their texts. What is none of the known is a fault of protocol.
func classifyHTTP(err error) Class {
	s := err.Error()
	switch {
	case strings.Contains(s, "response headers exceeded"), strings.Contains(s, "response header list larger"):
		return ClassHeaderLimit
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, syscall.ECONNABORTED),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.ErrClosedPipe), errors.Is(err, net.ErrClosed), errors.Is(err, errFlood):
		return ClassReset
	case strings.Contains(s, "server closed"), strings.Contains(s, "GOAWAY"), strings.Contains(s, "stream error"),
		strings.Contains(s, "connection lost"), strings.Contains(s, "connection reset"), strings.Contains(s, "connection error"),
		strings.Contains(s, errFlood.Error()):
		return ClassReset
	}
	return ClassProtocol
}
