package objects_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/objects"
	"github.com/chirograph/chirograph/ledger/objects/objectstest"
)

// A moody bucket fails some reads.
type moody struct {
	*objectstest.Memory
	name  string
	fails int
}

func (m *moody) Get(ctx context.Context, name string, most int) ([]byte, objects.Version, error) {
	if name == m.name && m.fails > 0 {
		m.fails--
		return nil, "", errors.New("not now")
	}
	return m.Memory.Get(ctx, name, most)
}

// What is public is there, and nothing else that the bucket has.
func TestATransportServesWhatIsPublic(t *testing.T) {
	b := &moody{objectstest.NewMemory(), "tile/0/001", 1}
	for name, size := range map[string]int{
		"checkpoint": note.MaxSize, "head": 1, "secret": 1, "tile/0/000": 8192, "tile/0/001": 1, "tile/entries/000.p/1": 9, "tile/0/002": 8193,
	} {
		if _, err := b.Create(t.Context(), name, make([]byte, size)); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		method, path string
		status, size int
	}{
		{"GET", "/checkpoint", 200, note.MaxSize}, {"GET", "/head", 404, 0}, {"GET", "/secret", 404, 0}, {"GET", "/tile/0/000", 200, 8192},
		{"GET", "/tile/0/001", 502, 0}, {"GET", "/tile/0/001", 200, 1}, {"GET", "/tile/entries/000.p/1", 200, 9}, {"GET", "/tile/0/002", 502, 0},
		{"GET", "/tile/0/003", 404, 0}, {"GET", "/tile/0/0", 404, 0}, {"GET", "/0/000", 404, 0}, {"POST", "/checkpoint", 405, 0},
	} {
		r, err := http.NewRequestWithContext(t.Context(), c.method, "http://bucket"+c.path, strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := objects.Transport{Bucket: b}.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != c.status || len(body) != c.size || resp.ContentLength != int64(c.size) {
			t.Errorf("%s %s: %d with %d bytes, %v; want %d with %d", c.method, c.path, resp.StatusCode, len(body), err, c.status, c.size)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r, err := http.NewRequestWithContext(ctx, "GET", "http://bucket/checkpoint", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (objects.Transport{Bucket: b}).RoundTrip(r); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// Who has taken the head has it: that what is public could not be read at once gives the log
// to nobody else, and would leave it to nobody for a while.
func TestWhoHasTheHeadReadsWhatIsPublicUntilItCan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &moody{objectstest.NewMemory(), objects.CheckpointName, 3}
		n, err := newWorld(b.Memory, 1).node(nil, nil)
		must(t, err)
		must(t, n.register.Begin(t.Context(), empty, 0, objects.Open))
		shown, err := n.follow()
		must(t, err)
		h, v, err := n.register.Read(t.Context())
		must(t, err)
		must(t, n.promote(h, shown))
		n.register.Bucket = b
		must(t, n.take(h, v))
		if b.fails != 0 {
			t.Error("nobody read it")
		}
		must(t, n.close())
	})
}
