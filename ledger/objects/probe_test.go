package objects_test

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chirograph/chirograph/ledger/objects"
	"github.com/chirograph/chirograph/ledger/objects/objectstest"
)

// A bad bucket does something else than it has to.
type bad struct {
	objects.Bucket
	put  func(ctx context.Context, name string, v objects.Version, b []byte) (objects.Version, error)
	get  func(ctx context.Context, name string, most int) ([]byte, objects.Version, error)
	peek func(ctx context.Context, name string, most int) ([]byte, objects.Version, error)
	list func(ctx context.Context, prefix, after string, most int) ([]string, error)
}

func (b *bad) Create(ctx context.Context, name string, body []byte) (objects.Version, error) {
	if b.put != nil {
		return b.put(ctx, name, "", body)
	}
	return b.Bucket.Create(ctx, name, body)
}

func (b *bad) Swap(ctx context.Context, name string, v objects.Version, body []byte) (objects.Version, error) {
	if b.put != nil {
		return b.put(ctx, name, v, body)
	}
	return b.Bucket.Swap(ctx, name, v, body)
}

func (b *bad) Get(ctx context.Context, name string, most int) ([]byte, objects.Version, error) {
	if b.get != nil {
		return b.get(ctx, name, most)
	}
	return b.Bucket.Get(ctx, name, most)
}

func (b *bad) Peek(ctx context.Context, name string, most int) ([]byte, objects.Version, error) {
	if b.peek != nil {
		return b.peek(ctx, name, most)
	}
	return b.Bucket.Peek(ctx, name, most)
}

func (b *bad) List(ctx context.Context, prefix, after string, most int) ([]string, error) {
	if b.list != nil {
		return b.list(ctx, prefix, after, most)
	}
	return b.Bucket.List(ctx, prefix, after, most)
}

// probed returns what a probe finds wrong with a bucket.
func probed(t *testing.T, buckets ...objects.Bucket) (wrong []objects.Tried) {
	t.Helper()
	p := &objects.Probe{Buckets: buckets, Random: rand.Reader, Rounds: 5, Racers: 4, Large: 1 << 16}
	list, err := p.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 13 {
		t.Errorf("%d steps", len(list))
	}
	for _, row := range list {
		if row.Wrong != "" {
			wrong = append(wrong, row)
		}
	}
	return wrong
}

func put(ctx context.Context, m objects.Bucket, name string, v objects.Version, b []byte) (objects.Version, error) {
	if v == "" {
		return m.Create(ctx, name, b)
	}
	return m.Swap(ctx, name, v, b)
}

func TestAProbePassesAGoodStoreAndLeavesNothing(t *testing.T) {
	m := objectstest.NewMemory()
	if wrong := probed(t, m, m, m); len(wrong) > 0 {
		t.Errorf("%+v", wrong)
	}
	if names, err := m.List(t.Context(), "", "", 10); err != nil || len(names) > 0 {
		t.Errorf("it left %q, %v", names, err)
	}
}

// A store whose answers get lost, and which says 500 to who lost a race, is as good as another.
func TestAProbePassesAStoreThatIsOnlySlowToAnswer(t *testing.T) {
	m := objectstest.NewMemory()
	var n atomic.Int32
	lost := errors.New("no answer")
	b := &bad{Bucket: m}
	b.put = func(ctx context.Context, name string, v objects.Version, body []byte) (objects.Version, error) {
		now, err := put(ctx, m, name, v, body)
		if strings.Contains(name, "race") && n.Add(1)%3 == 0 {
			return "", lost
		}
		return now, err
	}
	b.get = func(ctx context.Context, name string, most int) ([]byte, objects.Version, error) {
		if n.Add(1)%3 == 0 {
			return nil, "", lost
		}
		return m.Get(ctx, name, most)
	}
	if wrong := probed(t, b); len(wrong) > 0 {
		t.Errorf("%+v", wrong)
	}
}

func TestAProbeFindsWhatABadStoreDoes(t *testing.T) {
	tests := []struct {
		name string
		make func(m *objectstest.Memory) []objects.Bucket
		step string // that has to find it
	}{
		{"conditions are left out", func(m *objectstest.Memory) []objects.Bucket {
			return []objects.Bucket{&bad{Bucket: m, put: func(ctx context.Context, name string, v objects.Version, b []byte) (objects.Version, error) {
				_ = m.Delete(ctx, name)
				return m.Create(ctx, name, b)
			}}}
		}, "create, and create again"},
		{"a swap creates", func(m *objectstest.Memory) []objects.Bucket {
			return []objects.Bucket{&bad{Bucket: m, put: func(ctx context.Context, name string, v objects.Version, b []byte) (objects.Version, error) {
				now, err := put(ctx, m, name, v, b)
				if errors.Is(err, objects.ErrAbsent) {
					return m.Create(ctx, name, b)
				}
				return now, err
			}}}
		}, "swap where nothing is"},
		{"a quoted version is taken for any", func(m *objectstest.Memory) []objects.Bucket {
			return []objects.Bucket{&bad{Bucket: m, put: func(ctx context.Context, name string, v objects.Version, b []byte) (objects.Version, error) {
				if strings.HasPrefix(string(v), `"`) {
					_, now, err := m.Get(ctx, name, 100)
					if err != nil {
						return "", err
					}
					v = now
				}
				return put(ctx, m, name, v, b)
			}}}
		}, "swap of an older version"},
		{"the winners of a race are two", func(m *objectstest.Memory) []objects.Bucket {
			return []objects.Bucket{&bad{Bucket: m, put: func(ctx context.Context, name string, v objects.Version, b []byte) (objects.Version, error) {
				now, err := put(ctx, m, name, v, b)
				if strings.Contains(name, "race") && errors.Is(err, objects.ErrChanged) {
					return "another", nil
				}
				return now, err
			}}}
		}, "race of swaps"},
		{"two buckets are not the same", func(m *objectstest.Memory) []objects.Bucket {
			return []objects.Bucket{m, objectstest.NewMemory()}
		}, "swap, read over each endpoint"},
		{"a cache answers", func(m *objectstest.Memory) []objects.Bucket {
			var name0 string
			var old []byte
			var was objects.Version
			return []objects.Bucket{m, &bad{Bucket: m, get: func(ctx context.Context, name string, most int) ([]byte, objects.Version, error) {
				if name == name0 {
					return old, was, nil
				}
				b, v, err := m.Get(ctx, name, most)
				if err == nil {
					name0, old, was = name, b, v
				}
				return b, v, err
			}}}
		}, "swap, read over each endpoint"},
		{"names come in the order of folders", func(m *objectstest.Memory) []objects.Bucket {
			return []objects.Bucket{&bad{Bucket: m, list: func(ctx context.Context, prefix, after string, most int) ([]string, error) {
				names, err := m.List(ctx, prefix, "", most)
				return names, err
			}}}
		}, "list"},
		{"the beginning is another", func(m *objectstest.Memory) []objects.Bucket {
			return []objects.Bucket{&bad{Bucket: m, peek: func(ctx context.Context, name string, most int) ([]byte, objects.Version, error) {
				b, v, err := m.Get(ctx, name, 1<<20)
				return b, v, err
			}}}
		}, "the first bytes"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := objectstest.NewMemory()
			wrong := probed(t, test.make(m)...)
			for _, row := range wrong {
				if row.What == test.step {
					return
				}
			}
			t.Errorf("step %q passed; wrong are %+v", test.step, wrong)
		})
	}
}
