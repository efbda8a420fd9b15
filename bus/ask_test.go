package bus

import (
	"context"
	"errors"
	"strings"
	"testing"
)

// TestAsk: a question goes to one of those who answer, and its answer comes back,
// an error as its text.
func TestAsk(t *testing.T) {
	b := open(t, Options{Dir: t.TempDir()})
	if _, err := b.Ask(within(t), "who.knows", nil); !errors.Is(err, ErrNobody) {
		t.Errorf("nobody answers: %v", err)
	}
	for _, bad := range []string{"", "a b", "a.*", "a.>"} {
		if _, err := b.Ask(within(t), bad, nil); err == nil || errors.Is(err, ErrNobody) {
			t.Errorf("subject %q: %v", bad, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 2)
	for range 2 {
		go func() {
			ended <- b.Answer(ctx, "who.knows", func(_ context.Context, data []byte) ([]byte, error) {
				if string(data) == "bad" {
					return nil, errors.New("two\nlines")
				}
				return append([]byte("heard "), data...), nil
			})
		}()
	}
	var answer []byte
	err := ErrNobody
	for errors.Is(err, ErrNobody) { // until the first is listening
		answer, err = b.Ask(within(t), "who.knows", []byte("it"))
	}
	if string(answer) != "heard it" || err != nil {
		t.Errorf("%q, %v", answer, err)
	}
	var failed *AnswerError
	if _, err := b.Ask(within(t), "who.knows", []byte("bad")); !errors.As(err, &failed) || failed.Text != "two lines" {
		t.Errorf("an answer that is an error: %v", err)
	}
	if answer, err := b.Ask(within(t), "who.knows", []byte(strings.Repeat("x", 900_000))); err != nil || len(answer) != 900_006 {
		t.Errorf("%d bytes, %v", len(answer), err)
	}
	cancel()
	for range 2 {
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
	b.Close()
	if _, err := b.Ask(context.Background(), "who.knows", nil); !errors.Is(err, ErrClosed) {
		t.Errorf("asked on a closed bus: %v", err)
	}
}
