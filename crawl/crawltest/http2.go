package crawltest

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"sync/atomic"
)

// HTTP/2 by hand, frame by frame (RFC 9113, 4.1), for servers that break it.
const (
	frameData     = 0x0
	frameHeaders  = 0x1
	frameReset    = 0x3
	frameSettings = 0x4
	frameGoAway   = 0x7

	flagAck        = 0x1
	flagEndStream  = 0x1
	flagEndHeaders = 0x4

	clientPreface = 24 // bytes
)

type frames struct{ c net.Conn }

func (f frames) write(kind, flags byte, stream uint32, payload []byte) error {
	b := make([]byte, 9, 9+len(payload))
	b[0], b[1], b[2] = byte(len(payload)>>16), byte(len(payload)>>8), byte(len(payload))
	b[3], b[4] = kind, flags
	binary.BigEndian.PutUint32(b[5:], stream)
	_, err := f.c.Write(append(b, payload...))
	return err
}

func (f frames) read() (kind, flags byte, stream uint32, err error) {
	var b [9]byte
	if _, err = io.ReadFull(f.c, b[:]); err != nil {
		return
	}
	_, err = io.CopyN(io.Discard, f.c, int64(b[0])<<16|int64(b[1])<<8|int64(b[2]))
	return b[3], b[4], binary.BigEndian.Uint32(b[5:]) & (1<<31 - 1), err
}

// answer is a page: ":status: 200" is field 8 of HPACK's static table, and
// "content-type" field 31, here with a value of its own (RFC 7541, 6).
func (f frames) answer(stream uint32, host string) {
	f.write(frameHeaders, flagEndHeaders, stream, append([]byte{0x88, 0x0f, 0x10, 9}, "text/html"...))
	f.write(frameData, flagEndStream, stream, []byte("<title>H2</title><p>"+Prose(hashed(host), 40)))
}

// installN02: each host breaks HTTP/2 in its way as long as it is asked by it (or
// once), and has pages by HTTP/1.1.
func installN02(w *Web) {
	serve := func(host string, settings []byte, fault func(f frames, stream uint32) bool) {
		config := &tls.Config{GetCertificate: w.ca.certificate, NextProtos: []string{"h2", "http/1.1"}}
		w.Site(host).Page("/", prosePage(hashed(host))).Listen(443, func(c net.Conn) {
			tc := tls.Server(c, config)
			switch {
			case tc.Handshake() != nil:
			case tc.ConnectionState().NegotiatedProtocol == "h2":
				breakH2(tc, settings, fault)
			default:
				w.serveOn(tc)
			}
		})
	}
	goaways := new(atomic.Int64)
	serve("goaway.n02.test", nil, func(f frames, stream uint32) bool {
		if goaways.Add(1) > 1 {
			f.answer(stream, "goaway")
			return true
		}
		f.write(frameGoAway, 0, 0, make([]byte, 8)) // last stream 0: nothing was begun
		return false
	})
	serve("rst.n02.test", nil, func(f frames, stream uint32) bool {
		for range 1000 {
			if f.write(frameReset, 0, stream, []byte{0, 0, 0, 2}) != nil { // INTERNAL_ERROR
				return false
			}
		}
		return true
	})
	settings := bytes.Repeat([]byte{0, 0, 0, frameSettings, 0, 0, 0, 0, 0}, 1000)
	serve("settings.n02.test", nil, func(f frames, _ uint32) bool {
		for {
			if _, err := f.c.Write(settings); err != nil {
				return false
			}
		}
	})
	// SETTINGS_INITIAL_WINDOW_SIZE (4) of 0: we may send no body, and need not.
	serve("window.n02.test", []byte{0, 4, 0, 0, 0, 0}, func(f frames, stream uint32) bool {
		f.answer(stream, "window")
		return true
	})
}

// breakH2 speaks HTTP/2 until a request comes, and lets fault answer; it goes on
// while fault answers true.
func breakH2(c net.Conn, settings []byte, fault func(f frames, stream uint32) bool) {
	f := frames{c}
	if _, err := io.CopyN(io.Discard, c, clientPreface); err != nil {
		return
	}
	requests := make(chan uint32, 100)
	go func() { // a pipe has no buffer: who writes must be read meanwhile
		defer close(requests)
		for {
			kind, flags, stream, err := f.read()
			switch {
			case err != nil:
				return
			case kind == frameHeaders:
				requests <- stream
			case kind == frameSettings && flags&flagAck == 0:
				select {
				case requests <- 0: // acknowledge from the writer's side
				default:
				}
			}
		}
	}()
	if f.write(frameSettings, 0, 0, settings) != nil {
		c.Close()
	}
	for stream := range requests {
		if stream == 0 {
			f.write(frameSettings, flagAck, 0, nil)
			continue
		}
		if !fault(f, stream) {
			break
		}
	}
	c.Close()
	for range requests { // until the reader has ended
	}
}
