package fetch

import (
	"crypto/tls"
	"errors"
	"net/http"
	"strings"
)

// A blame is whose fault it was that a proxy brought no answer. Proxies speak
// for themselves and for the servers behind them with the same words, and only
// few say which; what says nothing certain is judged by what another proxy
// makes of the same origin (see proxyHealth).
type blame int

const (
	blameNobody blame = iota // it was not for lack of a way through the proxy
	// The proxy was not reached or does not speak its protocol, does not know
	// us, or says that the fault is its own.
	blameProxy
	// It says that the way to the server works, and that the server is at fault.
	blameOrigin
	// It refuses, says nothing, or shows a page of its own: the server may be
	// down, the address forbidden here, the proxy cut off from the net.
	blameEither
)

// A proxyError is why a proxy brought no answer.
type proxyError struct {
	proxy string
	blame blame
	spoke bool // it did answer, in its protocol
	err   error
}

func (e *proxyError) Error() string { return "proxy " + e.proxy + ": " + e.err.Error() }
func (e *proxyError) Unwrap() error { return e.err }

// class is ClassConnect where the proxy said that it gets no connection: what it
// would be without proxy.
func (e *proxyError) class() Class {
	if e.spoke && e.blame != blameProxy {
		return ClassConnect
	}
	return ClassProxy
}

// blameOf is whose fault an error of a request through a proxy is.
func blameOf(err error) blame {
	var failed *proxyError
	if errors.As(err, &failed) {
		return failed.blame
	}
	var record tls.RecordHeaderError
	if errors.As(err, &record) {
		return blameEither // not TLS: a page of the proxy's behind "200", or a server that has none
	}
	return blameNobody
}

// blameOfStatus judges a refusal of CONNECT. 407 and 511 (RFC 6585, 6: a network
// that wants a login) are about us and the proxy, 501 and 505 about what it can do
// at all. All else is said of origins as well: Squid answers 503 where a server
// is down and 403 where its rules forbid it, others 502, 504 or 404.
func blameOfStatus(status int, h http.Header) blame {
	switch status {
	case http.StatusProxyAuthRequired, http.StatusNetworkAuthenticationRequired, http.StatusNotImplemented, http.StatusHTTPVersionNotSupported:
		return blameProxy
	}
	if b := blameOfField(h); b != blameNobody {
		return b
	}
	if status < 200 {
		return blameProxy // it goes on with what is no answer
	}
	return blameEither
}

// blameOfField judges by the error that a proxy names in Proxy-Status (RFC 9209,
// 2.3); blameNobody: it names none.
func blameOfField(h http.Header) blame {
	switch name := proxyStatusError(h["Proxy-Status"]); {
	case name == "":
		return blameNobody
	case name == "proxy_internal_error", name == "proxy_configuration_error", name == "proxy_loop_detected":
		return blameProxy
	case name == "connection_refused", strings.HasPrefix(name, "tls_"), strings.HasPrefix(name, "http_response_"):
		return blameOrigin
	}
	return blameEither
}

// proxyStatusError is the error of the last member of a Proxy-Status field: that
// of the proxy nearest to us, the others being copied from beyond it. In a list
// that is damaged it may find none, or take a word from within a text: it is
// evidence, not proof.
func proxyStatusError(lines []string) (name string) {
	text := strings.Join(lines, ",")
	quoted, start := false, 0
	end := func(i int) {
		key, value, _ := strings.Cut(strings.TrimSpace(text[start:i]), "=")
		if key == "error" && name == "" {
			name = value
		}
		start = i + 1
	}
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == ';':
			end(i)
		case c == ',':
			end(i)
			name = "" // a member begins
		}
	}
	if !quoted {
		end(len(text))
	}
	return name
}

// blameOfSocks judges the reply code of SOCKS5 (RFC 1928, 6).
func blameOfSocks(code byte) blame {
	switch code {
	case 5: // connection refused
		return blameOrigin
	case 7: // command not supported
		return blameProxy
	}
	return blameEither
}
