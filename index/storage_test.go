package index

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
)

// memory is a Storage in memory that can fail.
type memory struct {
	mu      sync.Mutex
	objects map[string][]byte
	creates int

	// fault, if not nil, is asked at each Create.
	fault func(name string, n int) fault
}

type fault int

const (
	none   fault = iota
	before       // fails, and there is no object
	after        // fails, and there is an object
)

var errInjected = errors.New("injected fault")

func newMemory() *memory { return &memory{objects: map[string][]byte{}} }

func (m *memory) Create(ctx context.Context, name string, write func(io.Writer) error) error {
	m.mu.Lock()
	m.creates++
	f := none
	if m.fault != nil {
		f = m.fault(name, m.creates)
	}
	m.mu.Unlock()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if f == before {
		return errInjected
	}
	if _, ok := m.objects[name]; ok {
		return fmt.Errorf("memory: %s: %w", name, fs.ErrExist)
	}
	m.objects[name] = b.Bytes()
	if f == after {
		return errInjected
	}
	return nil
}

func (m *memory) Open(ctx context.Context, name string) (Object, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	data, ok := m.objects[name]
	if !ok {
		return nil, fmt.Errorf("memory: %s: %w", name, fs.ErrNotExist)
	}
	return memoryObject{bytes.NewReader(data), data}, nil
}

func (m *memory) List(ctx context.Context, prefix string) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	names := slices.DeleteFunc(slices.Collect(maps.Keys(m.objects)), func(n string) bool { return !strings.HasPrefix(n, prefix) })
	slices.Sort(names)
	return names, nil
}

func (m *memory) Delete(ctx context.Context, name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.objects[name]; !ok {
		return fmt.Errorf("memory: %s: %w", name, fs.ErrNotExist)
	}
	delete(m.objects, name)
	return nil
}

// copy is the storage as a crash at this moment leaves it.
func (m *memory) copy() *memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	return &memory{objects: maps.Clone(m.objects)}
}

type memoryObject struct {
	*bytes.Reader
	data []byte
}

func (o memoryObject) Bytes() []byte { return o.data }
func (o memoryObject) Size() int64   { return int64(len(o.data)) }
func (o memoryObject) Close() error  { return nil }

func TestStorage(t *testing.T) {
	t.Run("dir", func(t *testing.T) { storageTest(t, Dir(t.TempDir()+"/index")) })
	t.Run("memory", func(t *testing.T) { storageTest(t, newMemory()) })
}

// storageTest holds a Storage to its contract.
func storageTest(t *testing.T, st Storage) {
	ctx := t.Context()
	write := func(text string) func(io.Writer) error {
		return func(w io.Writer) error { _, err := io.WriteString(w, text); return err }
	}
	if names, err := st.List(ctx, "seg/"); err != nil || len(names) != 0 {
		t.Fatalf("List of nothing: %v, %v", names, err)
	}
	for _, name := range []string{"seg/b", "seg/a", "live/a.1", "manifest/1.json"} {
		if err := st.Create(ctx, name, write(name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := st.Create(ctx, "seg/a", write("other")); !errors.Is(err, fs.ErrExist) {
		t.Fatalf("second Create: %v", err)
	}
	if err := st.Create(ctx, "seg/c", func(io.Writer) error { return errInjected }); !errors.Is(err, errInjected) {
		t.Fatalf("failing Create: %v", err)
	}
	names, err := st.List(ctx, "seg/")
	if err != nil || !slices.Equal(names, []string{"seg/a", "seg/b"}) {
		t.Fatalf("List: %v, %v", names, err)
	}
	o, err := st.Open(ctx, "seg/a")
	if err != nil {
		t.Fatal(err)
	}
	part := make([]byte, 3)
	if _, err := o.ReadAt(part, 2); err != nil || string(part) != "g/a" || o.Size() != 5 {
		t.Fatalf("ReadAt: %q, %v; size %d", part, err, o.Size())
	}
	if err := st.Delete(ctx, "seg/a"); err != nil {
		t.Fatal(err)
	}
	if string(o.Bytes()) != "seg/a" {
		t.Fatalf("an open object is %q after Delete", o.Bytes())
	}
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"seg/a", "seg/none"} {
		if _, err := st.Open(ctx, name); !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("Open %s: %v", name, err)
		}
	}
	storageRace(t, st, write)
}

// storageRace creates one name from many goroutines: one wins.
func storageRace(t *testing.T, st Storage, write func(string) func(io.Writer) error) {
	var wg sync.WaitGroup
	won := make(chan int, 8)
	for i := range 8 {
		wg.Go(func() {
			switch err := st.Create(t.Context(), "race/x", write(fmt.Sprint(i))); {
			case err == nil:
				won <- i
			case !errors.Is(err, fs.ErrExist):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if len(won) != 1 {
		t.Fatalf("%d creators of one name", len(won))
	}
	o, err := st.Open(t.Context(), "race/x")
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	if want := fmt.Sprint(<-won); string(o.Bytes()) != want {
		t.Fatalf("the object is of %s, the winner was %s", o.Bytes(), want)
	}
}

func TestDirRefusesNames(t *testing.T) {
	st := Dir(t.TempDir())
	for _, name := range []string{"", ".", "../x", "/x", "a//b", "x.tmp"} {
		err := st.Create(t.Context(), name, func(io.Writer) error { return nil })
		if !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("Create %q: %v, want fs.ErrInvalid", name, err)
		}
	}
}
