package pdf

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"time"

	"github.com/klippa-app/go-pdfium"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// instanceWait bounds the making of an instance, which takes 3 ms: it waits for
// nothing, because an engine has one at a time.
const instanceWait = 10 * time.Second

// An engine is a runtime with the compiled module, for one file at a time. Its
// context is that of all calls of its instances: cancelled, the call that is
// running returns and the engine is of no more use.
type engine struct {
	ctx    context.Context
	cancel context.CancelFunc
	pool   pdfium.Pool
	meter  *meter
}

// newEngine compiles the module, or takes it from the cache.
func newEngine(cache wazero.CompilationCache, limit int) (*engine, error) {
	e := &engine{meter: &meter{limit: uint64(limit/pageMemory) * pageMemory}}
	e.ctx, e.cancel = context.WithCancel(context.Background())
	config := wazero.NewRuntimeConfig().
		WithCoreFeatures(api.CoreFeaturesV2 | experimental.CoreFeaturesExceptionHandling). // PDFium's setjmp
		WithCloseOnContextDone(true).                                                      // see the package's comment on its price
		WithCompilationCache(cache)
	pool, err := webassembly.Init(webassembly.Config{
		Context:       experimental.WithMemoryAllocator(e.ctx, e.meter),
		MaxIdle:       1,
		MaxTotal:      1,
		FSConfig:      wazero.NewFSConfig(), // no files at all
		RuntimeConfig: config,
		Stdout:        io.Discard,
		Stderr:        io.Discard,
		RandomSource:  rand.Reader,
	})
	if err != nil {
		e.cancel()
		return nil, fmt.Errorf("pdf: start PDFium: %w", err)
	}
	e.pool = pool
	return e, nil
}

// close may be called while no call is running, and only then: it unmaps the
// memory that a call would run in.
func (e *engine) close() {
	e.cancel()
	_ = e.pool.Close() // the instance of a cancelled engine cannot close its document
}

// read reads one file; timeUp cancels ctx because its time is up. The engine is spent if its context is done afterwards.
func (e *engine) read(ctx context.Context, timeUp func(), body []byte, opt Options) (*File, error) {
	stop := context.AfterFunc(ctx, e.cancel)
	defer stop()
	defer watchCPU(opt.MaxTime, timeUp)()
	e.meter.wasRefused()
	instance, err := e.pool.GetInstance(instanceWait)
	if err != nil {
		defer e.cancel()
		return nil, e.reason(ctx, opt, err)
	}
	r := &reading{in: instance, opt: opt, file: &File{}}
	err = r.run(body)
	switch {
	case isTrap(err):
		defer e.cancel()
		err = e.reason(ctx, opt, err)
		if len(r.file.Pages) > 0 {
			r.file.cut(err.Error())
			err = nil
		}
	case e.meter.wasRefused(): // PDFium went on without the stream that was too large
		r.file.cut(memoryLimit(opt).Error())
		fallthrough
	default:
		if instance.Close() != nil {
			e.cancel()
		}
	}
	if err != nil {
		return nil, err
	}
	return r.file, nil
}

func memoryLimit(opt Options) error {
	return fmt.Errorf("%w: %d MiB of memory", ErrLimit, opt.MaxMemory>>20)
}

// reason names what stopped PDFium in the middle of a call.
func (e *engine) reason(ctx context.Context, opt Options, err error) error {
	switch refused := e.meter.wasRefused(); {
	case context.Cause(ctx) == errTime:
		return fmt.Errorf("%w: %v", ErrLimit, opt.MaxTime)
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case refused:
		return memoryLimit(opt)
	}
	return fmt.Errorf("%w: %w", ErrDamaged, err)
}

// hasHeader looks where readers look for it: in the first 1,024 bytes.
func hasHeader(body []byte) bool {
	return bytes.Contains(body[:min(len(body), 1024)], []byte("%PDF-"))
}
