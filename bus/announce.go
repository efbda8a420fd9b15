package bus

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/nats-io/nats.go"
)

// announcePrefix keeps announcements apart from what streams store.
const announcePrefix = "announce."

// listenBacklog is how many announcements wait for a listener. Further ones
// are dropped.
const listenBacklog = 1024

// Announce tells all who listen now. It is lost to who does not, and may be
// lost to who does: what matters is also found by looking. A subject is words
// of letters, digits, - and _, parted by dots.
func (b *Bus) Announce(subject string, data []byte) error {
	if strings.ContainsAny(subject, "*> \t\r\n") || subject == "" {
		return fmt.Errorf("bus: announce: bad subject %q", subject)
	}
	if err := b.conn.Publish(announcePrefix+subject, data); err != nil {
		return fmt.Errorf("bus: announce %s: %w", subject, err)
	}
	return nil
}

// Listen calls fn with each announcement, until ctx ends; it returns its error.
// In subject, * stands for one word, and > at the end for one or more. It goes
// on listening after an outage of the broker; what was said meanwhile is lost.
func (b *Bus) Listen(ctx context.Context, subject string, fn func(subject string, data []byte)) error {
	msgs := make(chan *nats.Msg, listenBacklog)
	sub, err := b.conn.ChanSubscribe(announcePrefix+subject, msgs)
	if errors.Is(err, nats.ErrConnectionClosed) {
		return ErrClosed
	}
	if err != nil {
		return fmt.Errorf("bus: listen to %s: %w", subject, err)
	}
	defer sub.Unsubscribe()
	for {
		select {
		case m := <-msgs:
			fn(strings.TrimPrefix(m.Subject, announcePrefix), m.Data)
		case <-ctx.Done():
			return ctx.Err()
		case <-b.done:
			return ErrClosed
		}
	}
}
