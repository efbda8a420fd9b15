package fetch

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"slices"
	"strings"
)

// The kinds of ClassTLS, as Error.Detail and DetailOf have them.
const (
	ClassTLSExpired   Class = "tls-expired"           // the certificate is over, or does not hold yet
	ClassTLSHost      Class = "tls-host"              // it is for another host
	ClassTLSAuthority Class = "tls-unknown-authority" // nobody we trust signed it; signed by itself
	ClassTLSOld       Class = "tls-old"               // the server knows no version that we take
	ClassTLSPlain     Class = "tls-plain"             // what it speaks is not TLS
	ClassTLSTimeout   Class = "tls-timeout"           // the handshake took too long
)

// Kind is the class that a caller branches on: ClassTLS for all that begins
// with "tls-", and the class itself for others.
func (c Class) Kind() Class {
	if strings.HasPrefix(string(c), string(ClassTLS)+"-") {
		return ClassTLS
	}
	return c
}

// tlsClass says whether an error came from the handshake, and what kind it is.
// crypto/tls has types for some of its errors and texts for the others.
func tlsClass(err error) (Class, bool) {
	var (
		record    tls.RecordHeaderError
		alert     tls.AlertError
		cert      *tls.CertificateVerificationError
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
		invalid   x509.CertificateInvalidError
	)
	text := err.Error()
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return ClassTLSExpired, true
	case errors.As(err, &host):
		return ClassTLSHost, true
	case errors.As(err, &authority):
		return ClassTLSAuthority, true
	case strings.Contains(text, "protocol version"), strings.Contains(text, "unsupported versions"):
		return ClassTLSOld, true
	case errors.As(err, &record), strings.Contains(text, "HTTP response to HTTPS client"):
		return ClassTLSPlain, true
	case strings.Contains(text, "TLS handshake timeout"):
		return ClassTLSTimeout, true
	case errors.As(err, &alert), errors.As(err, &cert), errors.As(err, &invalid),
		strings.Contains(text, "tls: "), strings.Contains(text, "TLS handshake"):
		return ClassTLS, true
	}
	return "", false
}

// insecure says whether a host's certificate is taken as it is.
func (o *Options) insecure(host string) bool { return slices.Contains(o.InsecureHosts, host) }

func (o *Options) tlsConfig(insecure bool) *tls.Config {
	return &tls.Config{RootCAs: o.RootCAs, MinVersion: o.MinTLS, InsecureSkipVerify: insecure}
}
