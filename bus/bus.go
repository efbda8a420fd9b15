// Package bus carries what the parts of Trawl tell each other: document logs, work queues, leases, a registry, announcements.
//
// It is NATS JetStream, and no other package knows. Without a URL the server
// runs inside this process and listens on nothing; with one, the same code
// speaks to a cluster. Four things are offered, and core pub-sub beside them:
//
//   - Log: an ordered, bounded, durable log of messages, appended in atomic
//     batches and read by place. At least once; duplicates of a batch are
//     recognised for DupWindow.
//   - Queue: jobs that are done at least once, by one worker at a time, and
//     become dead letters after MaxDeliver tries.
//   - Lease: one holder of a name at a time, as long as clocks run evenly. It
//     spares work that would be wasted; it is not a fence. What must not be
//     done twice is fenced where it is written (create-if-absent of a manifest).
//   - Registry: small values by key, with compare-and-swap and a watch.
//
// Nothing here is the only copy of anything: a log is bounded, and rebuilt from
// WARC when it is lost. Measured reasons (specs/cluster.md): the server syncs
// every write (SyncAlways), for by default a power cut of all nodes lost 30,000
// of 30,000 acknowledged messages; a flipped bit in one replica hid 5,353
// messages, which is why a gap in a log is an error to its reader.
//
// An external cluster must be started with sync_interval: always, which cannot
// be seen from here, and a ping interval of 5 s or less.
//
// All methods of all types here may be called from any number of goroutines.
package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Options say where the broker is. Embedded needs Dir, external needs URL.
type Options struct {
	// URL of an external broker, or a comma-separated list of a cluster's:
	// nats://host:4222. Empty: a server inside this process.
	URL string

	// Dir is where the embedded server keeps its files. One process at a
	// time may have it. Unused with a URL.
	Dir string

	// StoreBytes bounds what the embedded server stores. Logs reserve their
	// LogOptions.MaxBytes of it, and queues QueueBytes each for jobs and for
	// dead letters. Zero: DefaultStoreBytes.
	StoreBytes int64

	// Name of this process in the broker's lists. Empty: trawl.
	Name string

	// Replicas of each stream that is created. Zero: three where the broker
	// is a cluster, one where it is not.
	Replicas int

	// LeaseTTL is how long a lease outlives a holder that died, from 1 s on.
	// It must exceed a broker's election (4-9 s) or elections cost leases.
	// The bucket remembers the first value that it was made with, for all
	// processes. Zero: DefaultLeaseTTL.
	LeaseTTL time.Duration

	// OwnLeases says that no other process acquires leases under the names
	// that this one does. One that still stands under such a name is from
	// before a crash of this process, and is taken over at once instead of
	// after its TTL.
	OwnLeases bool

	// Log may be nil.
	Log *slog.Logger
}

const (
	// DefaultStoreBytes holds eight logs of DefaultLogBytes, and twice as
	// much room for queues and more collections.
	DefaultStoreBytes = 8 << 30

	// DefaultLeaseTTL: a killed holder was followed after 12.1 s, and a
	// killed NATS leader went unnoticed (specs/cluster.md, 1).
	DefaultLeaseTTL = 15 * time.Second

	// DupWindow is how long the broker remembers the ids of messages.
	DupWindow = 10 * time.Minute

	connectPatience = 10 * time.Second // for an external broker that is being started
	startPatience   = 2 * time.Minute  // for the embedded server to read its files
	attemptTimeout  = 10 * time.Second // one request; an election takes 4-9 s
	createPatience  = 45 * time.Second // for a cluster that is forming
	maxPayload      = 1 << 20          // the broker's default too
	pingInterval    = 5 * time.Second  // a cut route hung requests for 4 s at 2 s, and for minutes at the default
)

// A Bus is a connection to the broker, and the broker itself when embedded.
type Bus struct {
	log      *slog.Logger
	server   *embedded // nil when external
	conn     *nats.Conn
	js       jetstream.JetStream
	replicas int
	leaseTTL time.Duration
	resume   bool
	done     chan struct{} // closed by Close

	acquiring sync.Mutex // one at a time, or resume would take this process's newest lease for an old one

	mu     sync.Mutex
	closed bool
	leases map[*Lease]struct{}
	bucket *bucket // of leases, made when first needed
	linked map[*context.CancelCauseFunc]struct{}
}

// Open starts the embedded server, or reaches the external one. It fails, and
// says what to do, when another process has the directory, when no broker
// answers within 10 s, or when the broker has no JetStream.
func Open(ctx context.Context, opt Options) (*Bus, error) {
	b := &Bus{log: opt.Log, replicas: opt.Replicas, leaseTTL: opt.LeaseTTL, resume: opt.OwnLeases, done: make(chan struct{}),
		leases: map[*Lease]struct{}{}, linked: map[*context.CancelCauseFunc]struct{}{}}
	if b.log == nil {
		b.log = slog.New(slog.DiscardHandler)
	}
	if opt.Name == "" {
		opt.Name = "trawl"
	}
	if b.leaseTTL == 0 {
		b.leaseTTL = DefaultLeaseTTL
	}
	if b.leaseTTL < time.Second {
		return nil, fmt.Errorf("bus: a lease of %v is too short: from 1 s on", b.leaseTTL)
	}
	if err := b.open(ctx, opt); err != nil {
		b.Close()
		return nil, err
	}
	return b, nil
}

func (b *Bus) open(ctx context.Context, opt Options) (err error) {
	if opt.URL == "" {
		if b.server, err = startEmbedded(ctx, opt, b.log); err != nil {
			return err
		}
	}
	if b.conn, err = b.connect(ctx, opt); err != nil {
		return err
	}
	if b.js, err = jetstream.New(b.conn, jetstream.WithDefaultTimeout(attemptTimeout)); err != nil {
		return fmt.Errorf("bus: %w", err)
	}
	if have := b.conn.MaxPayload(); have < maxPayload {
		return fmt.Errorf("bus: the broker at %s takes %d bytes a message: set its max_payload to %d or more", b.conn.ConnectedUrlRedacted(), have, maxPayload)
	}
	if b.replicas == 0 {
		b.replicas = 1
		if b.conn.ConnectedClusterName() != "" {
			b.replicas = 3
		}
	}
	err = b.retry(ctx, connectPatience, b.Ping)
	if errors.Is(err, jetstream.ErrJetStreamNotEnabled) || errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount) {
		return fmt.Errorf("bus: JetStream is off at %s: start the server with -js and sync_interval: always: %w", b.conn.ConnectedUrlRedacted(), err)
	}
	return err
}

// connect reaches the broker. From then on the connection heals by itself, for
// ever: what is asked while it is down fails at once and is asked again by retry.
func (b *Bus) connect(ctx context.Context, opt Options) (*nats.Conn, error) {
	options := []nats.Option{
		nats.Name(opt.Name),
		nats.Timeout(5 * time.Second),
		nats.MaxReconnects(-1),
		nats.CustomReconnectDelay(reconnectDelay),
		nats.ReconnectBufSize(-1), // or old requests would be sent after their time
		nats.PingInterval(pingInterval),
		nats.MaxPingsOutstanding(2),
		nats.DisconnectErrHandler(b.unlink),
		nats.ReconnectHandler(func(c *nats.Conn) {
			b.log.Info("bus: broker is back", "url", c.ConnectedUrlRedacted())
		}),
		nats.ErrorHandler(func(_ *nats.Conn, s *nats.Subscription, err error) {
			subject := ""
			if s != nil {
				subject = s.Subject
			}
			b.log.Warn("bus: broker", "subject", subject, "err", err)
		}),
	}
	if b.server != nil {
		conn, err := nats.Connect("", append(options, nats.InProcessServer(b.server.server))...)
		if err != nil {
			return nil, fmt.Errorf("bus: reach the embedded broker: %w", err)
		}
		return conn, nil
	}
	var conn *nats.Conn
	err := b.retryIf(ctx, connectPatience, func(error) bool { return true }, func(context.Context) (err error) {
		conn, err = nats.Connect(opt.URL, options...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("bus: no broker answers at %s: start one there (nats-server -js), correct the address, "+
			"or leave it empty for the one inside Trawl: %w", redact(opt.URL), err)
	}
	return conn, nil
}

// errCut is the cause of a context that link made, when the connection went.
var errCut = errors.New("bus: the connection to the broker was cut")

// link returns a context that ends with ctx and with the connection: what was
// asked on a connection that is gone is not answered on the next.
func (b *Bus) link(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.linked[&cancel] = struct{}{}
	return ctx, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.linked, &cancel)
		cancel(nil)
	}
}

func (b *Bus) unlink(_ *nats.Conn, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.closed {
		b.log.Warn("bus: broker is out of reach", "err", err)
	}
	for cancel := range b.linked {
		(*cancel)(errCut)
	}
}

// reconnectDelay grows from 50 ms to 5 s, with up to a half of chance, so that
// a fleet does not come back in one instant.
func reconnectDelay(attempts int) time.Duration {
	d := 5 * time.Second
	if attempts < 7 {
		d = 50 * time.Millisecond << max(attempts, 0)
	}
	return d/2 + rand.N(d/2)
}

// redact hides passwords: everything between // and @.
func redact(urls string) string {
	parts := strings.Split(urls, ",")
	for i, p := range parts {
		scheme, rest, ok := strings.Cut(p, "://")
		if !ok {
			scheme, rest = "nats", p
		}
		if at := strings.LastIndexByte(rest, '@'); at >= 0 {
			rest = "xxx@" + rest[at+1:]
		}
		parts[i] = scheme + "://" + rest
	}
	return strings.Join(parts, ",")
}

// Ping asks the broker's JetStream whether it is there, and waits for the answer.
func (b *Bus) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	if _, err := b.js.AccountInfo(ctx); err != nil {
		return fmt.Errorf("bus: ping: %w", err)
	}
	return nil
}

// Healthy reports whether the broker was in reach a moment ago, without asking it.
func (b *Bus) Healthy() bool { return b.conn.IsConnected() }

// Close ends every lease, disconnects, and stops the embedded server. What
// still waits in Read, Work, Watch or Acquire returns ErrClosed. Leases are
// not released: their holders did not say that they are done. Closing twice
// is closing once.
func (b *Bus) Close() error {
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return nil
	}
	b.closed = true
	close(b.done)
	leases := make([]*Lease, 0, len(b.leases))
	for l := range b.leases {
		leases = append(leases, l)
	}
	b.mu.Unlock()
	for _, l := range leases {
		l.stop()
	}
	if b.conn != nil {
		b.conn.Close()
	}
	if b.server != nil {
		return b.server.stop()
	}
	return nil
}
