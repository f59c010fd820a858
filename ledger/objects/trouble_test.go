package objects_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/objects"
	"github.com/chirograph/chirograph/ledger/objects/objectstest"
)

// A grudging bucket takes no write before it has refused so many; none for -1.
type grudging struct {
	objects.Bucket
	mu      sync.Mutex
	left    int
	refused int
}

func (b *grudging) refuse(name string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.left == 0 {
		return nil
	}
	b.left--
	b.refused++
	return fmt.Errorf("PUT %s: 403 AccessDenied, request %dF", name, b.refused)
}

func (b *grudging) Create(ctx context.Context, name string, body []byte) (objects.Version, error) {
	if err := b.refuse(name); err != nil {
		return "", err
	}
	return b.Bucket.Create(ctx, name, body)
}

func (b *grudging) Swap(ctx context.Context, name string, v objects.Version, body []byte) (objects.Version, error) {
	if err := b.refuse(name); err != nil {
		return "", err
	}
	return b.Bucket.Swap(ctx, name, v, body)
}

func TestABucketThatMayNotBeWrittenEndsAMigration(t *testing.T) {
	from, err := bases()
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(objectstest.NewMemory(), 1)
		n, err := w.node(from[1].clone(), nil)
		if err != nil {
			t.Fatal(err)
		}
		ctx := t.Context()
		b := &grudging{Bucket: objectstest.NewMemory()}
		r := &objects.Register{Bucket: b, Key: key, Random: bytes.NewReader(bytes.Repeat([]byte("random"), 1000))}
		if err := r.Begin(ctx, empty, 0, objects.Open); err != nil {
			t.Fatal(err)
		}
		h, v, err := r.Read(ctx)
		if err != nil {
			t.Fatal(err)
		}
		void := &objects.Register{Bucket: &grudging{Bucket: objectstest.NewMemory(), left: -1}, Key: key}
		b.left = -1
		for what, do := range map[string]func() error{
			"fill": func() error { return r.Fill(ctx, n.store, n.store.Head()) },
			"enter": func() error {
				return void.Enter(ctx, objects.Nonce{1}, objects.Nonce{}, empty, 0, objects.Open, anything)
			},
			"leave":  func() error { return r.Leave(ctx, objects.Nonce{2}, h, v) },
			"freeze": func() error { _, err := r.Freeze(ctx); return err },
		} {
			begun := time.Now()
			err := do()
			if took := time.Since(begun); err == nil || !strings.Contains(err.Error(), "it was tried 12 times") || !strings.Contains(err.Error(), "AccessDenied") || took > 15*time.Second {
				t.Errorf("%s: after %s %v", what, took, err)
			}
		}
		b.left = 11 // one short of too many
		if err := r.Leave(ctx, objects.Nonce{2}, h, v); err != nil {
			t.Error(err)
		}
		if err := n.close(); err != nil {
			t.Error(err)
		}
	})
}

func TestTroubleIsToldOnceAndWhenItIsOver(t *testing.T) {
	for refused, want := range map[int]string{4: "", 5: "head: PUT head: 403 AccessDenied, request 5F\nhead is well\n", 9: "head: PUT head: 403 AccessDenied, request 5F\nhead is well\n"} {
		synctest.Test(t, func(t *testing.T) {
			var told strings.Builder
			r := &objects.Register{
				Bucket: &grudging{Bucket: objectstest.NewMemory(), left: refused}, Key: key, Random: bytes.NewReader(bytes.Repeat([]byte("random"), 1000)),
				Trouble: func(what string, err error) {
					if err == nil {
						fmt.Fprintf(&told, "%s is well\n", what)
					} else {
						fmt.Fprintf(&told, "%s: %v\n", what, err)
					}
				},
			}
			if err := r.Begin(t.Context(), tlog.Checkpoint{Origin: key.Name(), Root: tlog.EmptyRoot()}, 0, objects.Open); err != nil {
				t.Fatal(err)
			}
			if told.String() != want {
				t.Errorf("after %d refusals it was told:\n%s", refused, &told)
			}
		})
	}
}

func TestWhatDiffersByNumbersAloneIsNoNews(t *testing.T) {
	var n objects.News
	for _, step := range []struct {
		what, why string
		news      bool
	}{
		{"head", "read tcp 10.0.0.1:50123->10.0.0.2:9000: connection reset", true},
		{"head", "read tcp 10.0.0.1:50124->10.0.0.2:9000: connection reset", false},
		{"checkpoint", "read tcp 10.0.0.1:50124->10.0.0.2:9000: connection reset", true},
		{"head", "403 AccessDenied, request 4442587FB7D0A2F9", true},
		{"head", "403 AccessDenied, request 7FB7D0A2F94442", false},
		{"head", "read tcp 10.0.0.1:50125->10.0.0.2:9000: connection reset", false},
	} {
		if got := n.Fails(step.what, errors.New(step.why)); got != step.news {
			t.Errorf("%s, %s: news %t", step.what, step.why, got)
		}
	}
	if !n.Well("head") || n.Well("head") {
		t.Error("it is not well once")
	}
	for i := range 9 { // one more than are told
		why := strings.Repeat("x", i+1)
		if got := n.Fails("head", errors.New(why)); got != (i < 8) {
			t.Errorf("reason %d: news %t", i, got)
		}
	}
	if n.Clear(); n.Well("checkpoint") {
		t.Error("it is not forgotten")
	}
}
