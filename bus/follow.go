package bus

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	readMessages = 500     // that a reader asks for at a time
	readBytes    = 4 << 20 // and their size, which is its memory

	// readRoom is how much fits into a reader's channel. The broker ends each
	// request with a word of its own: where the channel had room for the
	// messages only, one of 500 was dropped, and the reader began anew.
	readRoom = 2 * readMessages

	heartbeat = 5 * time.Second

	electionTime = 10 * time.Second // 4-9 s, a constant of the broker's

	// idleCheck is how often a reader that hears nothing looks whether its
	// log still holds what it should.
	idleCheck = 30 * time.Second
)

// follower reads one stream in order through consumers that it makes anew
// after every fault. A consumer is a place in the broker's memory and dies
// with the connection; the follower's own place is what counts.
type follower struct {
	b      *Bus
	stream string

	// start sets where the next consumer begins.
	start func(cfg *jetstream.ConsumerConfig)

	// begin is called with each new consumer, and how many messages wait for it. May be nil.
	begin func(pending uint64) error

	// each is called with each message.
	each func(m jetstream.Msg, meta *jetstream.MsgMetadata) error

	// idle is called every wait without a message. May be nil.
	idle func(ctx context.Context) error
	wait time.Duration
}

// errStop ends a follower: an error of the caller's, not of the broker's.
type errStop struct{ err error }

func (e errStop) Error() string { return e.err.Error() }
func (e errStop) Unwrap() error { return e.err }

// errRenew asks for a new consumer, and is no fault.
var errRenew = errors.New("bus: renew")

// run follows until ctx ends, the bus closes, or a function returns an error
// that is not errRenew.
func (f *follower) run(ctx context.Context) error {
	wait := minRetryInterval
	for {
		heard, err := f.once(ctx)
		var stop errStop
		switch {
		case errors.As(err, &stop):
			if !errors.Is(err, errRenew) {
				return stop.err
			}
			wait = 0
		case ctx.Err() != nil:
			return ctx.Err()
		case f.b.conn.IsClosed():
			return ErrClosed
		default:
			f.b.log.Debug("bus: reader starts again", "stream", f.stream, "err", err)
		}
		if heard || wait == 0 {
			wait = minRetryInterval
		} else {
			wait = min(2*wait, maxRetryInterval)
		}
		if err := pause(ctx, wait/2+rand.N(wait/2)); err != nil {
			return err
		}
	}
}

// once reads through one consumer until something ends it.
func (f *follower) once(ctx context.Context) (heard bool, err error) {
	cfg := jetstream.ConsumerConfig{
		AckPolicy:         jetstream.AckNonePolicy,
		MaxDeliver:        1,
		InactiveThreshold: 5 * time.Minute, // a reader that is busy for so long gets a new one
		MemoryStorage:     true,
		Replicas:          1,
	}
	f.start(&cfg)
	ctx, unlink := f.b.link(ctx)
	defer unlink()
	attempt, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	cons, err := f.b.js.CreateConsumer(attempt, f.stream, cfg)
	if err != nil {
		return false, err
	}
	defer f.drop(ctx, cons)
	if f.begin != nil {
		if err := f.begin(cons.CachedInfo().NumPending); err != nil {
			return false, errStop{err}
		}
	}
	n := uint64(0)
	for err == nil {
		err = f.read(ctx, cons, &n)
	}
	return n > 0, err
}

// read takes one round of readMessages, and calls idle after each wait without
// a message. n counts the deliveries of this consumer.
func (f *follower) read(ctx context.Context, cons jetstream.Consumer, n *uint64) error {
	iter, err := cons.Messages(jetstream.PullMaxMessagesWithBytesLimit(readRoom, readBytes), jetstream.StopAfter(readMessages),
		jetstream.PullHeartbeat(heartbeat), jetstream.WithMessagesErrOnMissingHeartbeat(true))
	if err != nil {
		return err
	}
	defer iter.Stop()
	for end := *n + readMessages; *n < end; {
		before := *n
		window, cancel := context.WithTimeout(ctx, f.wait)
		err := f.readWindow(window, iter, n, end)
		cancel()
		var stop errStop
		if err != nil && (errors.As(err, &stop) || ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded)) {
			return err
		}
		if *n == before && f.idle != nil {
			if err := f.idle(ctx); err != nil {
				return errStop{err}
			}
		}
	}
	return nil
}

// readWindow reads up to delivery end or an error, which is the window's end
// if nothing else comes first.
func (f *follower) readWindow(window context.Context, iter jetstream.MessagesContext, n *uint64, end uint64) error {
	for next := jetstream.NextContext(window); *n < end; {
		m, err := iter.Next(next)
		if err != nil {
			return err
		}
		meta, err := m.Metadata()
		if err != nil {
			return err
		}
		if *n++; meta.Sequence.Consumer != *n {
			return fmt.Errorf("bus: delivery %d came as %d", *n, meta.Sequence.Consumer)
		}
		if err := f.each(m, meta); err != nil {
			return errStop{err}
		}
	}
	return nil
}

// drop removes the consumer, so that a reader which restarts leaves no crowd behind.
func (f *follower) drop(ctx context.Context, cons jetstream.Consumer) {
	if !f.b.conn.IsConnected() {
		return // InactiveThreshold takes it
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := f.b.js.DeleteConsumer(ctx, f.stream, cons.CachedInfo().Name); err != nil {
		f.b.log.Debug("bus: drop reader", "stream", f.stream, "err", err)
	}
}

// Read calls fn with each message after place after, in order, and waits for
// more. It returns when ctx ends (with its error), when fn returns an error
// (that one), or when the log is not what it was:
//
//   - ErrGap: messages are missing that were not purged.
//   - ErrRewound: the log ends before after.
//
// Where the log was purged beyond after, reading goes on at its first message,
// and a warning is logged; fn sees it by seq. An outage of the broker is waited
// out. data is fn's to keep. Readers use 4 MB or so each.
func (l *Log) Read(ctx context.Context, after uint64, fn func(seq uint64, data []byte) error) error {
	f := &follower{b: l.b, stream: l.stream, wait: idleCheck}
	f.start = func(cfg *jetstream.ConsumerConfig) {
		cfg.DeliverPolicy = jetstream.DeliverByStartSequencePolicy
		cfg.OptStartSeq = after + 1
	}
	f.begin = func(pending uint64) error {
		// A log that was made anew may be shorter than this reader's place:
		// it would wait for ever, and miss what is written meanwhile.
		if pending > 0 || after == 0 {
			return nil
		}
		return l.rewound(ctx, after)
	}
	f.each = func(m jetstream.Msg, meta *jetstream.MsgMetadata) error {
		seq := meta.Sequence.Stream
		if seq != after+1 {
			if err := l.explain(ctx, after, seq); err != nil {
				return err
			}
		}
		if err := fn(seq, m.Data()); err != nil {
			return err
		}
		after = seq
		return nil
	}
	f.idle = func(ctx context.Context) error { return l.rewound(ctx, after) }
	return f.run(ctx)
}

// explain returns nil if all messages between after and seq were purged.
func (l *Log) explain(ctx context.Context, after, seq uint64) error {
	st, err := l.Stats(ctx)
	if err != nil {
		return err
	}
	if seq <= after || st.First < seq {
		return fmt.Errorf("%w: %s goes from %d to %d and begins at %d", ErrGap, l.name, after, seq, st.First)
	}
	l.b.log.Warn("bus: the log was purged before it was read", "log", l.name, "after", after, "first", st.First)
	return nil
}

// rewound returns an error if the log ends before after. That the broker does
// not answer is no news of the log. In a cluster a server that was cut off may
// answer with what it knew, so there it is asked twice.
func (l *Log) rewound(ctx context.Context, after uint64) error {
	st, err := l.Stats(ctx)
	if err != nil || st.Last >= after {
		return nil
	}
	if l.b.conn.ConnectedClusterName() != "" {
		if err := pause(ctx, electionTime); err != nil {
			return err
		}
		if st, err = l.Stats(ctx); err != nil || st.Last >= after {
			return nil
		}
	}
	return fmt.Errorf("%w: %s ends at %d, its reader stands at %d", ErrRewound, l.name, st.Last, after)
}
