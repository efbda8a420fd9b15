package fetch

import (
	"context"
	"crypto/tls"
	"crypto/x509"
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
	ClassTLS            Class = "tls"             // handshake or certificate
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
	ClassRefused        Class = "refused"         // Follow's caller refused a hop
	ClassCanceled       Class = "canceled"        // the caller's context ended
)

// An Error is why there is no usable answer.
type Error struct {
	Class Class
	URL   string
	Err   error
}

func (e *Error) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("fetch: get %s: %s", e.URL, e.Class)
	}
	return fmt.Sprintf("fetch: get %s: %s: %v", e.URL, e.Class, e.Err)
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

// Reasons for which we end a request ourselves.
var (
	errTotal   = errors.New("the request took too long")
	errSlow    = errors.New("the body comes too slowly")
	errMany1xx = errors.New("too many informational responses")
)

// classify names what a transport reported. parent is the caller's context,
// ctx the request's own.
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
	switch {
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
	if isTLS(err) {
		return ClassTLS
	}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return ClassTimeout
	}
	return classifyHTTP(err)
}

// isTLS says whether an error came from the handshake. crypto/tls has types
// for some of its errors and texts for the others.
func isTLS(err error) bool {
	var (
		record    tls.RecordHeaderError
		alert     tls.AlertError
		cert      *tls.CertificateVerificationError
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
		invalid   x509.CertificateInvalidError
	)
	if errors.As(err, &record) || errors.As(err, &alert) || errors.As(err, &cert) ||
		errors.As(err, &authority) || errors.As(err, &host) || errors.As(err, &invalid) {
		return true
	}
	s := err.Error()
	return strings.Contains(s, "tls: ") || strings.Contains(s, "TLS handshake")
}

// classifyHTTP tells the errors of net/http apart, most of which have only
// their texts. What is none of the known is a fault of protocol.
func classifyHTTP(err error) Class {
	s := err.Error()
	switch {
	case strings.Contains(s, "response headers exceeded"), strings.Contains(s, "response header list larger"):
		return ClassHeaderLimit
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, syscall.ECONNABORTED),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.ErrClosedPipe), errors.Is(err, net.ErrClosed):
		return ClassReset
	case strings.Contains(s, "server closed"), strings.Contains(s, "GOAWAY"), strings.Contains(s, "stream error"),
		strings.Contains(s, "connection lost"), strings.Contains(s, "connection reset"):
		return ClassReset
	}
	return ClassProtocol
}
