package bus

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// MaxDeliver is how often a job is tried before it is a dead letter.
	MaxDeliver = 5

	// AckWait is how long a worker's silence is borne: it says every third
	// of it that it is at work. A killed worker's job starts again after it.
	AckWait = 30 * time.Second

	// QueueBytes bounds the jobs that wait, and the dead letters.
	QueueBytes = 64 << 20

	// DeadFor is how long dead letters are kept.
	DeadFor = 30 * 24 * time.Hour

	queueConsumer = "workers"
	reasonHeader  = "Trawl-Reason"
	idHeader      = "Trawl-Job"
)

// queueTimes are constants but for tests.
type queueTimes struct {
	ackWait time.Duration
	backoff []time.Duration // after the first, second, … failure
}

var defaultTimes = queueTimes{AckWait, []time.Duration{time.Second, 5 * time.Second, 30 * time.Second, 2 * time.Minute}}

// A Queue holds jobs until one worker has done each. A job may be done twice
// (its worker's word can be lost), never by two at once unless a worker was
// paused for AckWait.
type Queue struct {
	b      *Bus
	name   string
	stream string
	times  queueTimes
}

// A DeadLetter is a job that failed MaxDeliver times.
type DeadLetter struct {
	ID     string
	Data   []byte
	Reason string // of the last failure
	Time   time.Time
}

// Queue opens the queue of that name, and makes it if there is none.
func (b *Bus) Queue(ctx context.Context, name string) (*Queue, error) {
	return b.queue(ctx, name, defaultTimes)
}

func (b *Bus) queue(ctx context.Context, name string, times queueTimes) (*Queue, error) {
	token, err := encode(name)
	if err != nil {
		return nil, err
	}
	q := &Queue{b: b, name: name, stream: "JOBS_" + token, times: times}
	jobs := jetstream.StreamConfig{
		Name: q.stream, Subjects: []string{"jobs." + token}, Retention: jetstream.WorkQueuePolicy,
		Discard: jetstream.DiscardNew, MaxMsgSize: 1 << 20, Storage: jetstream.FileStorage,
		Replicas: b.replicas, Duplicates: DupWindow, Compression: jetstream.S2Compression,
	}
	dead := jobs
	dead.Name, dead.Subjects = "DEAD_"+token, []string{"dead." + token}
	dead.Retention, dead.Discard, dead.MaxAge = jetstream.LimitsPolicy, jetstream.DiscardOld, DeadFor
	for _, cfg := range []jetstream.StreamConfig{jobs, dead} {
		if err := b.ensureStream(ctx, cfg, QueueBytes); err != nil {
			return nil, fmt.Errorf("bus: queue %s: %w", name, err)
		}
	}
	err = b.retry(ctx, createPatience, func(ctx context.Context) error {
		_, err := b.js.CreateOrUpdateConsumer(ctx, q.stream, jetstream.ConsumerConfig{
			Durable:   queueConsumer,
			AckPolicy: jetstream.AckExplicitPolicy,
			AckWait:   times.ackWait,
			// The count is ours: past a bound of the broker's a job would
			// stay in the stream, unseen, and only a message that can be
			// lost would tell.
			MaxDeliver:    -1,
			MaxAckPending: 1000,
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("bus: queue %s: %w", name, err)
	}
	return q, nil
}

func (q *Queue) token() string { return q.stream[len("JOBS_"):] }

// Push adds a job, durable on return. A job whose id was pushed within
// DupWindow is not added again; an empty id is known to none. ErrFull comes at
// once, other troubles of the broker are borne for 30 s.
func (q *Queue) Push(ctx context.Context, id string, data []byte) error {
	if len(id) > MaxIDBytes || len(data) > MaxMessageBytes {
		return fmt.Errorf("bus: push to %s: an id of %d bytes and data of %d: %d and %d are allowed",
			q.name, len(id), len(data), MaxIDBytes, MaxMessageBytes)
	}
	m := &nats.Msg{Subject: "jobs." + q.token(), Data: data, Header: nats.Header{idHeader: {id}}}
	if id != "" {
		m.Header.Set(jetstream.MsgIDHeader, id)
	}
	if err := q.publish(ctx, m); err != nil {
		return fmt.Errorf("bus: push to %s: %w", q.name, err)
	}
	return nil
}

func (q *Queue) publish(ctx context.Context, m *nats.Msg) error {
	err := q.b.retry(ctx, appendPatience, func(ctx context.Context) error {
		_, err := q.b.js.PublishMsg(ctx, m)
		return err
	})
	if full(err) {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}

// Work does jobs, one at a time, until ctx ends (it returns its error) or the
// bus closes. Call it from as many goroutines as jobs may run at once. A job
// whose fn returns nil is done. One that fails is tried again after 1 s, 5 s,
// 30 s and 2 min, by any worker, and is a dead letter then; so is one that
// killed its worker as often.
func (q *Queue) Work(ctx context.Context, fn func(ctx context.Context, data []byte) error) error {
	wait := minRetryInterval
	for {
		heard, err := q.work(ctx, fn)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case q.b.conn.IsClosed():
			return ErrClosed
		}
		q.b.log.Debug("bus: worker starts again", "queue", q.name, "err", err)
		if heard {
			wait = minRetryInterval
		}
		if err := pause(ctx, wait); err != nil {
			return err
		}
		wait = min(2*wait, maxRetryInterval)
	}
}

func (q *Queue) work(ctx context.Context, fn func(ctx context.Context, data []byte) error) (heard bool, err error) {
	link, unlink := q.b.link(ctx)
	defer unlink()
	attempt, cancel := context.WithTimeout(link, attemptTimeout)
	defer cancel()
	cons, err := q.b.js.Consumer(attempt, q.stream, queueConsumer)
	if err != nil {
		return false, err
	}
	iter, err := cons.Messages(jetstream.PullMaxMessages(1), // the next job may be another's
		jetstream.PullHeartbeat(heartbeat), jetstream.WithMessagesErrOnMissingHeartbeat(true))
	if err != nil {
		return false, err
	}
	defer iter.Stop()
	for {
		m, err := iter.Next(jetstream.NextContext(link))
		if err != nil {
			return heard, err
		}
		heard = true
		if err := q.one(ctx, m, fn); err != nil {
			q.b.log.Warn("bus: job", "queue", q.name, "err", err)
		}
	}
}

// one does one job, and says to the broker what became of it.
func (q *Queue) one(ctx context.Context, m jetstream.Msg, fn func(ctx context.Context, data []byte) error) error {
	meta, err := m.Metadata()
	if err != nil {
		return err
	}
	if meta.NumDelivered > MaxDeliver {
		return q.bury(ctx, m, meta, errors.New("its worker died, or was cut off"))
	}
	err = q.try(ctx, m, fn)
	switch {
	case err == nil:
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), attemptTimeout)
		defer cancel()
		if err := m.DoubleAck(ctx); err != nil {
			return fmt.Errorf("done, and will be done again: %w", err)
		}
		return nil
	case ctx.Err() != nil:
		return m.Nak() // this worker goes; the job is not to blame
	case meta.NumDelivered >= MaxDeliver:
		return q.bury(ctx, m, meta, err)
	}
	delay := q.times.backoff[min(int(meta.NumDelivered), len(q.times.backoff))-1]
	if nerr := m.NakWithDelay(delay); nerr != nil {
		return nerr
	}
	return fmt.Errorf("try %d of %d: %w", meta.NumDelivered, MaxDeliver, err)
}

// try calls fn, and tells the broker meanwhile that it runs.
func (q *Queue) try(ctx context.Context, m jetstream.Msg, fn func(ctx context.Context, data []byte) error) error {
	done, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		tick := time.NewTicker(q.times.ackWait / 3)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				if err := m.InProgress(); err != nil {
					q.b.log.Debug("bus: job in progress", "queue", q.name, "err", err)
				}
			case <-done:
				return
			}
		}
	}()
	defer func() { close(done); <-gone }()
	return fn(ctx, m.Data())
}

// bury makes a job a dead letter. The letter is written first: it is written
// once, for the job's place in the queue is its id.
func (q *Queue) bury(ctx context.Context, m jetstream.Msg, meta *jetstream.MsgMetadata, reason error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), attemptTimeout)
	defer cancel()
	letter := &nats.Msg{Subject: "dead." + q.token(), Data: m.Data(), Header: nats.Header{
		idHeader:              {m.Headers().Get(idHeader)},
		reasonHeader:          {headerText(reason.Error())},
		jetstream.MsgIDHeader: {strconv.FormatUint(meta.Sequence.Stream, 10)},
	}}
	if err := q.publish(ctx, letter); err != nil {
		return fmt.Errorf("dead letter: %w", err)
	}
	if err := m.TermWithReason("dead letter"); err != nil {
		return fmt.Errorf("dead letter: %w", err)
	}
	return fmt.Errorf("given up after %d tries: %w", MaxDeliver, reason)
}

// headerText makes any text fit for a header line.
func headerText(s string) string {
	b := []byte(s[:min(len(s), 1000)])
	for i, c := range b {
		if c < ' ' {
			b[i] = ' '
		}
	}
	return string(b)
}

// Waiting returns the number of jobs that are not done, running ones included.
func (q *Queue) Waiting(ctx context.Context) (uint64, error) {
	s, err := q.b.js.Stream(ctx, q.stream)
	if err != nil {
		return 0, fmt.Errorf("bus: queue %s: %w", q.name, err)
	}
	return s.CachedInfo().State.Msgs, nil
}

// MaxDead is the most dead letters that Dead returns: the oldest.
const MaxDead = 1000

// Dead returns the dead letters, the oldest first. They stay.
func (q *Queue) Dead(ctx context.Context) ([]DeadLetter, error) {
	ctx, cancel := context.WithTimeout(ctx, appendPatience)
	defer cancel()
	var dead []DeadLetter
	f := &follower{b: q.b, stream: "DEAD_" + q.token(), wait: idleCheck}
	f.start = func(cfg *jetstream.ConsumerConfig) { cfg.DeliverPolicy = jetstream.DeliverAllPolicy }
	f.begin = func(pending uint64) error {
		dead = nil
		if pending == 0 {
			return errListed
		}
		return nil
	}
	f.each = func(m jetstream.Msg, meta *jetstream.MsgMetadata) error {
		h := m.Headers()
		dead = append(dead, DeadLetter{ID: h.Get(idHeader), Data: m.Data(), Reason: h.Get(reasonHeader), Time: meta.Timestamp})
		if meta.NumPending == 0 || len(dead) == MaxDead {
			return errListed
		}
		return nil
	}
	if err := f.run(ctx); !errors.Is(err, errListed) {
		return nil, fmt.Errorf("bus: dead letters of %s: %w", q.name, err)
	}
	return dead, nil
}
