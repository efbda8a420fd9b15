package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A measured engine is one whose driver runs with its index open.
type measured struct {
	*driver
	results results
}

// batch asks a batch of one command and enters the answers.
func (m *measured) batch(command string, queries []query) error {
	var b strings.Builder
	fmt.Fprintf(&b, "batch\t%s\t%d\n", command, len(queries))
	for _, q := range queries {
		b.WriteString(q.line())
	}
	answers, err := m.ask(batchTimeout, b.String(), len(queries), "")
	if err != nil {
		return err
	}
	for i, a := range answers {
		took, err := nanoseconds(a, 0)
		if err != nil || len(a) < 2 {
			return fmt.Errorf("%s: answer %q: %w", m.engine.name, a, err)
		}
		count, err := strconv.ParseUint(a[1], 10, 64)
		if err != nil {
			return fmt.Errorf("%s: answer %q: %w", m.engine.name, a, err)
		}
		hits := ""
		if len(a) > 2 {
			hits = a[2]
		}
		if err := m.results.add(command, queries[i], took, count, hits); err != nil {
			return fmt.Errorf("%s: %w", m.engine.name, err)
		}
	}
	return nil
}

// warm asks all queries of a command, whatever will be measured, so that a JIT
// compiles for the same mix in a short run as in a long one.
func (m *measured) warm(ctx context.Context, command string, all []query) error {
	kept := m.results
	defer func() { m.results = kept }()
	m.results = results{}
	for range m.engine.warm {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := m.batch(command, all); err != nil {
			return err
		}
	}
	return nil
}

// rounds asks every engine in turn, batch by batch, round by round, so that what
// disturbs the machine disturbs all. The engine that begins changes from batch to
// batch.
func rounds(ctx context.Context, c *config, engines []*measured, first int, command string, queries []query) error {
	started := time.Now()
	for round := first; round < first+c.rounds; round++ {
		for b, batch := range batches(queries, c.batch, round) {
			for i := range engines {
				m := engines[(i+b)%len(engines)]
				if m.engine.rounds > 0 && round >= m.engine.rounds {
					continue
				}
				if err := ctx.Err(); err != nil {
					return err
				}
				if err := m.batch(command, batch); err != nil {
					return err
				}
			}
		}
	}
	say("%s: rounds %d to %d, %.0f s", command, first+1, first+c.rounds, time.Since(started).Seconds())
	return nil
}
