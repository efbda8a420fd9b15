package pdf

import (
	"context"
	"os/exec"
	"time"
)

const (
	// CompileVerb is the argument before the folder by which Options.Compiler is
	// told to call Compile.
	CompileVerb = "pdf-cache"
	// compileTime bounds another process's work: 3 s alone, 30 s at a load of 8.
	compileTime = 3 * time.Minute
)

// Compile compiles PDFium into a folder, for a Pool of any process that has it
// as its CacheDir. What is there already is not done again.
func Compile(dir string) error {
	p := New(Options{CacheDir: dir, Instances: 1})
	e, err := p.take()
	if err != nil {
		return err
	}
	p.give(e)
	return p.Close()
}

// compileElsewhere has another process fill the cache, whose memory goes with
// it. Where that fails this process compiles: the work is the same, and files
// are read either way.
func (p *Pool) compileElsewhere() {
	ctx, cancel := context.WithTimeout(p.life, compileTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, p.opt.Compiler, CompileVerb, p.opt.CacheDir)
	cmd.Env = []string{} // it needs nothing of ours
	_ = runBound(cmd)
}
