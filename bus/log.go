package bus

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/synadia-io/orbit.go/jetstreamext"
)

const (
	// MaxBatch is the most messages that Append takes: the broker's bound.
	// The caller cuts larger batches, and cuts them alike when it repeats
	// them, for a repeated batch is known by the ids of its messages.
	MaxBatch = 1000

	// MaxMessageBytes is the longest message of a log or queue. The broker's
	// bound of 1 MiB includes headers.
	MaxMessageBytes = 1_000_000

	// MaxIDBytes is the longest id of a batch or job.
	MaxIDBytes = 200

	// DefaultLogBytes holds a quarter of a million compressed pages or more.
	DefaultLogBytes = 512 << 20

	// appendPatience outlasts two elections. Who calls Append has the batch
	// on disk and comes again.
	appendPatience = 30 * time.Second

	// batchWindowBytes is what a batch sends before it waits for the broker.
	// Eight batches at once stay below its queue of 128 MB, beyond which it
	// refuses messages.
	batchWindowBytes = 4 << 20
	appendsAtOnce    = 8
)

// LogOptions bound a log.
type LogOptions struct {
	// MaxBytes is what the log holds, compressed, before Append returns
	// ErrFull. Zero: DefaultLogBytes, or what the log was made with. Another
	// value changes a log that exists.
	MaxBytes int64
}

// A Log is a durable sequence of messages, numbered from 1 without gaps. They
// are deleted from the front only, by Purge.
type Log struct {
	b       *Bus
	name    string
	stream  string
	subject string
	appends chan struct{} // holds a token for each batch under way
}

// LogStats is the state of a log.
type LogStats struct {
	First, Last uint64 // places of the oldest and newest message; First is Last+1 when it is empty
	Messages    uint64
	Bytes       uint64 // on disk, before compression
	MaxBytes    int64
	Created     time.Time // another time means another log of the same name

	// Deleted counts messages missing between First and Last. It is 0, or
	// a replica has rotted.
	Deleted uint64
}

// Log opens the log of that name, and makes it if there is none. Any name will
// do. While a cluster forms this takes up to 45 s.
func (b *Bus) Log(ctx context.Context, name string, opt LogOptions) (*Log, error) {
	token, err := encode(name)
	if err != nil {
		return nil, err
	}
	l := &Log{b: b, name: name, stream: "DOCS_" + token, subject: "docs." + token, appends: make(chan struct{}, appendsAtOnce)}
	cfg := jetstream.StreamConfig{
		Name:               l.stream,
		Subjects:           []string{l.subject},
		Retention:          jetstream.LimitsPolicy,
		Discard:            jetstream.DiscardNew,
		MaxBytes:           opt.MaxBytes,
		MaxMsgSize:         1 << 20,
		Storage:            jetstream.FileStorage,
		Replicas:           b.replicas,
		Duplicates:         DupWindow,
		Compression:        jetstream.S2Compression,
		DenyDelete:         true,
		AllowAtomicPublish: true,
	}
	if err := b.ensureStream(ctx, cfg, DefaultLogBytes); err != nil {
		return nil, fmt.Errorf("bus: log %s: %w", name, err)
	}
	return l, nil
}

// ensureStream makes a stream if there is none. One that exists keeps its
// settings but for MaxBytes: its operator may have changed replicas or placement.
func (b *Bus) ensureStream(ctx context.Context, cfg jetstream.StreamConfig, defaultBytes int64) error {
	forming := func(err error) bool {
		e := apiError(err)
		// Name in use: another made it meanwhile, with other settings.
		return transient(err) || errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) || b.server == nil && e != nil && e.ErrorCode == errInsufficient
	}
	err := b.retryIf(ctx, createPatience, forming, func(ctx context.Context) error {
		s, err := b.js.Stream(ctx, cfg.Name)
		if err == nil {
			old := s.CachedInfo().Config
			if cfg.MaxBytes == 0 || cfg.MaxBytes == old.MaxBytes {
				return nil
			}
			old.MaxBytes = cfg.MaxBytes
			_, err = b.js.UpdateStream(ctx, old)
			return err
		}
		if !errors.Is(err, jetstream.ErrStreamNotFound) {
			return err
		}
		if cfg.MaxBytes == 0 {
			cfg.MaxBytes = defaultBytes
		}
		_, err = b.js.CreateStream(ctx, cfg)
		return err
	})
	if full(err) {
		return fmt.Errorf("%w: the broker has no room for %d bytes more: raise StoreBytes: %w", ErrFull, cfg.MaxBytes, err)
	}
	return err
}

// Append stores all of msgs, in order and next to each other, or none. It
// returns the place of the last. On return they are durable.
//
// id names the batch: who repeats an Append whose outcome is unknown (any error
// but ErrFull) repeats it with the same id and the same messages. A batch that
// is known is not stored again. It takes 1 to MaxBatch messages of at most
// MaxMessageBytes; batches of 100 to 500 cost least.
//
// It repeats by itself for 30 s, as across an election. ErrFull comes at once.
func (l *Log) Append(ctx context.Context, id string, msgs [][]byte) (last uint64, err error) {
	size, err := checkBatch(id, msgs)
	if err != nil {
		return 0, fmt.Errorf("bus: append to %s: %w", l.name, err)
	}
	select {
	case l.appends <- struct{}{}:
		defer func() { <-l.appends }()
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	err = l.b.retry(ctx, appendPatience, func(ctx context.Context) (err error) {
		if len(msgs) == 1 {
			last, _, err = l.publish(ctx, id, 0, msgs[0])
		} else {
			last, err = l.batch(ctx, id, msgs, size)
		}
		return err
	})
	if full(err) {
		return 0, fmt.Errorf("bus: append to %s: %w: %w", l.name, ErrFull, err)
	}
	if err != nil {
		return 0, fmt.Errorf("bus: append to %s: %w", l.name, err)
	}
	return last, nil
}

func checkBatch(id string, msgs [][]byte) (size int, err error) {
	if id == "" || len(id) > MaxIDBytes {
		return 0, fmt.Errorf("an id of %d bytes: 1 to %d are allowed", len(id), MaxIDBytes)
	}
	if len(msgs) == 0 || len(msgs) > MaxBatch {
		return 0, fmt.Errorf("a batch of %d messages: 1 to %d are allowed", len(msgs), MaxBatch)
	}
	for i, m := range msgs {
		if len(m) > MaxMessageBytes {
			return 0, fmt.Errorf("message %d has %d bytes: %d are allowed", i, len(m), MaxMessageBytes)
		}
		size += len(m)
	}
	return size, nil
}

// batch sends one atomic batch.
func (l *Log) batch(ctx context.Context, id string, msgs [][]byte, size int) (last uint64, err error) {
	every := max(1, len(msgs)*batchWindowBytes/max(size, 1))
	pub, err := jetstreamext.NewBatchPublisher(l.b.js, jetstreamext.BatchFlowControl{
		AckFirst: true, AckEvery: every, AckTimeout: attemptTimeout / 2,
	})
	if err != nil {
		return 0, err
	}
	n := len(msgs) - 1
	for i, m := range msgs[:n] {
		if err := pub.AddMsg(l.message(id, i, m)); err != nil {
			pub.Discard()
			return 0, err
		}
		if err := ctx.Err(); err != nil {
			pub.Discard()
			return 0, err
		}
	}
	ack, err := pub.CommitMsg(ctx, l.message(id, n, msgs[n]))
	if e := apiError(err); e != nil && e.ErrorCode == jetstreamext.JSErrCodeBatchPublishDuplicateMsgID {
		return l.confirm(ctx, id, msgs)
	}
	if err != nil {
		return 0, err
	}
	return ack.Sequence, nil
}

// confirm finds the place of a batch that the broker says it knows (error
// 10201, which one known message of the batch is enough for). Each message is
// sent again by itself: a known one is answered with its place and not stored.
// So a batch that the broker tore is made whole too, should one ever be; it
// finishes torn batches itself when it starts.
func (l *Log) confirm(ctx context.Context, id string, msgs [][]byte) (last uint64, err error) {
	torn := 0
	for i, m := range msgs {
		seq, known, err := l.publish(ctx, id, i, m)
		if err != nil {
			return 0, err
		}
		if !known {
			torn++
		}
		last = max(last, seq)
	}
	if torn > 0 {
		l.b.log.Warn("bus: a batch was stored in part, and is whole now", "log", l.name, "id", id, "lacked", torn)
	}
	return last, nil
}

// publish sends one message. known says that the log had it.
func (l *Log) publish(ctx context.Context, id string, i int, data []byte) (seq uint64, known bool, err error) {
	ack, err := l.b.js.PublishMsg(ctx, l.message(id, i, data))
	if err != nil {
		return 0, false, err
	}
	return ack.Sequence, ack.Duplicate, nil
}

func (l *Log) message(id string, i int, data []byte) *nats.Msg {
	return &nats.Msg{
		Subject: l.subject,
		Data:    data,
		Header:  nats.Header{jetstream.MsgIDHeader: {id + "/" + strconv.Itoa(i)}},
	}
}

// Stats asks the broker for the log's state.
func (l *Log) Stats(ctx context.Context) (LogStats, error) {
	var info *jetstream.StreamInfo
	err := l.b.retry(ctx, appendPatience, func(ctx context.Context) error {
		s, err := l.b.js.Stream(ctx, l.stream)
		if err == nil {
			info = s.CachedInfo()
		}
		return err
	})
	if err != nil {
		return LogStats{}, fmt.Errorf("bus: log %s: %w", l.name, err)
	}
	st := info.State
	return LogStats{
		First: max(st.FirstSeq, 1), Last: st.LastSeq, Messages: st.Msgs, Bytes: st.Bytes,
		MaxBytes: info.Config.MaxBytes, Created: info.Created, Deleted: uint64(st.NumDeleted),
	}, nil
}

// Last returns the place of the newest message, 0 before the first. A broker
// that was cut off may answer with an older one.
func (l *Log) Last(ctx context.Context) (uint64, error) {
	st, err := l.Stats(ctx)
	return st.Last, err
}

// Purge deletes the messages up to and with place upTo. What is newer, and the
// numbering, stay.
func (l *Log) Purge(ctx context.Context, upTo uint64) error {
	st, err := l.Stats(ctx)
	if err != nil {
		return err
	}
	// Beyond the end the broker would skip numbers, which is a gap.
	upTo = min(upTo, st.Last)
	if upTo < st.First {
		return nil
	}
	err = l.b.retry(ctx, appendPatience, func(ctx context.Context) error {
		s, err := l.b.js.Stream(ctx, l.stream)
		if err != nil {
			return err
		}
		return s.Purge(ctx, jetstream.WithPurgeSequence(upTo+1))
	})
	if err != nil {
		return fmt.Errorf("bus: purge %s: %w", l.name, err)
	}
	return nil
}
