package bus

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/nats-io/nats.go"
)

// ErrNobody: nobody answers questions of that subject now.
var ErrNobody = errors.New("bus: nobody answers")

const (
	askPrefix = "ask."

	// failedHeader marks an answer that is the text of an error.
	failedHeader = "Trawl-Failed"

	// answersAtOnce is how many questions of one subject are worked at.
	answersAtOnce = 16
)

// Ask puts a question to whoever answers the subject, and returns the answer, of
// up to 1 MB. It is asked once: after any error but ErrNobody it may have been
// heard. An answer that is an error is an *AnswerError.
func (b *Bus) Ask(ctx context.Context, subject string, data []byte) ([]byte, error) {
	if strings.ContainsAny(subject, "*> \t\r\n") || subject == "" {
		return nil, fmt.Errorf("bus: ask: bad subject %q", subject)
	}
	m, err := b.conn.RequestWithContext(ctx, askPrefix+subject, data)
	switch {
	case errors.Is(err, nats.ErrNoResponders):
		return nil, fmt.Errorf("%w to %s", ErrNobody, subject)
	case errors.Is(err, nats.ErrConnectionClosed):
		return nil, ErrClosed
	case err != nil:
		return nil, fmt.Errorf("bus: ask %s: %w", subject, err)
	}
	if text := m.Header.Get(failedHeader); text != "" {
		return nil, &AnswerError{text}
	}
	return m.Data, nil
}

// An AnswerError is an error of the function that was to answer, in another
// process: only its text has come.
type AnswerError struct{ Text string }

func (e *AnswerError) Error() string { return e.Text }

// Answer answers questions of a subject by fn, several at once, until ctx ends;
// it returns its error, when the last fn has returned. Of several processes that
// answer one subject each question goes to one.
func (b *Bus) Answer(ctx context.Context, subject string, fn func(ctx context.Context, data []byte) ([]byte, error)) error {
	asked := make(chan *nats.Msg, listenBacklog)
	sub, err := b.conn.ChanQueueSubscribe(askPrefix+subject, "answer", asked)
	if errors.Is(err, nats.ErrConnectionClosed) {
		return ErrClosed
	}
	if err != nil {
		return fmt.Errorf("bus: answer %s: %w", subject, err)
	}
	defer sub.Unsubscribe()
	var work sync.WaitGroup
	defer work.Wait()
	places := make(chan struct{}, answersAtOnce)
	for {
		select {
		case m := <-asked:
			places <- struct{}{}
			work.Go(func() {
				defer func() { <-places }()
				b.answer(m, func() ([]byte, error) { return fn(ctx, m.Data) })
			})
		case <-ctx.Done():
			return ctx.Err()
		case <-b.done:
			return ErrClosed
		}
	}
}

func (b *Bus) answer(m *nats.Msg, fn func() ([]byte, error)) {
	data, err := fn()
	out := nats.NewMsg(m.Reply)
	out.Data = data
	if err != nil {
		// A header's value is one line.
		out.Header.Set(failedHeader, strings.Join(strings.Fields(err.Error()), " "))
		out.Data = nil
	}
	if err := b.conn.PublishMsg(out); err != nil {
		b.log.Debug("bus: answer not sent", "subject", m.Subject, "err", err)
	}
}
