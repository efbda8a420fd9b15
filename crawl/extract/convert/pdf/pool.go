package pdf

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/tetratelabs/wazero"
)

// errTime is the cause of a context whose file took too long, as apart from a
// caller who went away.
var errTime = errors.New("time is up")

// A Pool reads files, a bounded number at once. Any goroutines may call it.
type Pool struct {
	opt   Options
	slots chan struct{} // one token for each file that may be read now
	life  context.Context
	end   context.CancelFunc // of life: Close was called

	mu     sync.Mutex
	cache  wazero.CompilationCache // nil until the first file
	idle   []*engine
	closed bool
	peak   uint64 // bytes of linear memory, of engines that are gone
}

// New makes a pool; nothing is compiled before the first Read.
func New(opt Options) *Pool {
	opt = opt.withDefaults()
	p := &Pool{opt: opt, slots: make(chan struct{}, opt.Instances)}
	p.life, p.end = context.WithCancel(context.Background())
	return p
}

// Read reads a file. It waits for a free instance as long as ctx allows.
func (p *Pool) Read(ctx context.Context, body []byte) (*File, error) {
	if len(body) > p.opt.MaxBytes {
		return nil, fmt.Errorf("pdf: read %d bytes: %w: %d bytes", len(body), ErrLimit, p.opt.MaxBytes)
	}
	if !hasHeader(body) {
		return nil, fmt.Errorf("pdf: read: %w: no %%PDF- at the start", ErrDamaged)
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("pdf: read: %w", context.Cause(ctx))
	}
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return nil, fmt.Errorf("pdf: wait for an instance: %w", context.Cause(ctx))
	}
	e, err := p.take()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, WallFactor*p.opt.MaxTime, errTime)
	defer cancel()
	ctx, cause := context.WithCancelCause(ctx)
	defer cause(nil)
	file, err := e.read(ctx, func() { cause(errTime) }, body, p.opt)
	p.give(e)
	if err != nil {
		return nil, fmt.Errorf("pdf: read: %w", err)
	}
	return file, nil
}

// take returns an engine that nobody else has. The lock is held while the first
// one compiles, so that it is done once.
func (p *Pool) take() (*engine, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, fmt.Errorf("pdf: read: %w", ErrClosed)
	}
	if n := len(p.idle); n > 0 {
		e := p.idle[n-1]
		p.idle = p.idle[:n-1]
		return e, nil
	}
	if err := p.openCache(); err != nil {
		return nil, err
	}
	return newEngine(p.cache, p.opt.MaxMemory)
}

func (p *Pool) openCache() error {
	if p.cache != nil {
		return nil
	}
	if p.opt.CacheDir == "" {
		p.cache = wazero.NewCompilationCache()
		return nil
	}
	if p.opt.Compiler != "" {
		p.compileElsewhere()
		if p.life.Err() != nil {
			return fmt.Errorf("pdf: read: %w", ErrClosed)
		}
	}
	cache, err := wazero.NewCompilationCacheWithDir(p.opt.CacheDir)
	if err != nil {
		return fmt.Errorf("pdf: open cache: %w", err)
	}
	p.cache = cache
	return nil
}

// give takes an engine back, or throws it away.
func (p *Pool) give(e *engine) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.peak = max(p.peak, e.meter.high())
	if e.ctx.Err() != nil || p.closed {
		e.close()
		return
	}
	p.idle = append(p.idle, e)
}

// Close frees what the pool holds. Files being read are read to their end, and
// Close waits for them.
func (p *Pool) Close() error {
	p.end()
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil
	}
	p.closed = true
	p.mu.Unlock()
	for range cap(p.slots) {
		p.slots <- struct{}{}
	}
	for range cap(p.slots) {
		<-p.slots
	}
	for _, e := range p.idle {
		e.close()
	}
	p.idle = nil
	if p.cache == nil {
		return nil
	}
	return p.cache.Close(context.Background())
}
