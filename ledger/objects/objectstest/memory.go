// Package objectstest has a bucket in memory for tests, and a way to a bucket on which
// requests and answers are lost, late, or there twice.
package objectstest

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/chirograph/chirograph/ledger/objects"
)

// A Memory is a bucket that does as it is told, and remembers what it was told. Each write
// gives its object a version that no other has.
type Memory struct {
	// Careless is the name of an object of which Swap ignores the condition; "" for none.
	// It is set before the bucket is used.
	Careless string

	mu      sync.Mutex
	writes  int
	objects map[string]object
	history map[string][]Write
}

// A Write is one value that an object had.
type Write struct {
	Replaced objects.Version // as whoever wrote named it; "" where there was to be nothing
	Version  objects.Version
	Bytes    []byte
}

type object struct {
	bytes   []byte
	version objects.Version
}

// NewMemory returns an empty bucket.
func NewMemory() *Memory {
	return &Memory{objects: make(map[string]object), history: make(map[string][]Write)}
}

// Clone returns a bucket with the same objects and the same past.
func (m *Memory) Clone() *Memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := &Memory{Careless: m.Careless, writes: m.writes, objects: maps.Clone(m.objects), history: make(map[string][]Write)}
	for name, list := range m.history {
		c.history[name] = slices.Clip(list)
	}
	return c
}

// History returns all values that an object had, the first one first. They are not to be
// changed.
func (m *Memory) History(name string) []Write {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.history[name])
}

// Get implements objects.Bucket.
func (m *Memory) Get(ctx context.Context, name string, most int) ([]byte, objects.Version, error) {
	b, v, err := m.Peek(ctx, name, most+1)
	if err == nil && len(b) > most {
		return nil, "", fmt.Errorf("%s has more than %d bytes", name, most)
	}
	return b, v, err
}

// Peek implements objects.Bucket.
func (m *Memory) Peek(ctx context.Context, name string, most int) ([]byte, objects.Version, error) {
	if err := ctx.Err(); err != nil {
		return nil, "", err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	o, ok := m.objects[name]
	if !ok {
		return nil, "", objects.ErrAbsent
	}
	return bytes.Clone(o.bytes[:min(most, len(o.bytes))]), o.version, nil
}

// Create implements objects.Bucket.
func (m *Memory) Create(ctx context.Context, name string, b []byte) (objects.Version, error) {
	return m.put(ctx, name, "", b, func(_ object, ok bool) error {
		if ok {
			return objects.ErrExists
		}
		return nil
	})
}

// Swap implements objects.Bucket.
func (m *Memory) Swap(ctx context.Context, name string, v objects.Version, b []byte) (objects.Version, error) {
	return m.put(ctx, name, v, b, func(o object, ok bool) error {
		switch {
		case !ok:
			return objects.ErrAbsent
		case o.version != v && name != m.Careless:
			return objects.ErrChanged
		}
		return nil
	})
}

func (m *Memory) put(ctx context.Context, name string, replaced objects.Version, b []byte, may func(o object, ok bool) error) (objects.Version, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	o, ok := m.objects[name]
	if err := may(o, ok); err != nil {
		return "", err
	}
	m.writes++
	o = object{bytes.Clone(b), objects.Version(fmt.Sprint(m.writes))}
	m.objects[name] = o
	m.history[name] = append(m.history[name], Write{replaced, o.version, o.bytes})
	return o.version, nil
}

// List implements objects.Bucket.
func (m *Memory) List(ctx context.Context, prefix, after string, most int) ([]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(m.objects)), func(name string) bool {
		return !strings.HasPrefix(name, prefix) || name <= after
	})
	return names[:min(most, len(names))], nil
}

// Delete implements objects.Bucket.
func (m *Memory) Delete(ctx context.Context, name string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.objects, name)
	return nil
}
