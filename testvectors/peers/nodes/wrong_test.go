//go:build linux

package nodes

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/testvectors/peers/engines"
)

// fork returns two signatures of different trees of one size; false where there are none.
func fork(made []signature) (a, b signature, ok bool) {
	first := make(map[uint64]signature)
	for _, s := range made {
		c, err := tree(s)
		if err != nil {
			continue
		}
		was, seen := first[c.Size]
		if !seen {
			first[c.Size] = s
		} else if was.message != s.message {
			return was, s, true
		}
	}
	return a, b, false
}

// The negative control: where the head is swapped without its condition, a leader that
// sleeps over a takeover signs another history. The other tests would find it.
func TestWithoutTheConditionViewsSplit(t *testing.T) {
	c := begin(t, engines.Versity(t, 3), after, "CHIROGRAPH_UNCONDITIONAL=1")
	c.ready()
	begun, first := time.Now(), uint64(0)
	eventually(t, "two nodes sign two trees of one size", func() error {
		n := c.led()
		time.Sleep(after / 10) // nothing is under way then, most times: a request that is, ends the leader when it wakes
		must(t, n.Stop())
		first += 1 << 20
		l := c.loads(clients, seed(), first)
		defer l.halt()
		eventually(t, "another node leads, and registers something", func() error {
			if h := c.seen.head(); h.Owner == n.url || h.Owner == "" || l.soFar() == 0 {
				return fmt.Errorf("the head is of %q, and %d records are registered", h.Owner, l.soFar())
			}
			return nil
		})
		must(t, n.Continue())
		late := time.Now().Add(after)
		for time.Now().Before(late) {
			if a, b, ok := fork(c.signer.signatures()); ok {
				t.Logf("after %s: nodes %d and %d signed\n%s\n%s", time.Since(begun).Round(time.Millisecond), a.node, b.node, a.message, b.message)
				return nil
			}
			time.Sleep(pace)
		}
		return fmt.Errorf("after %d signatures none contradicts another", len(c.signer.signatures()))
	})
}

// shut has all nodes end as an operator does, and open starts them again.
func (c *cluster) shut() {
	c.t.Helper()
	for _, n := range c.nodes {
		n.terminate(c)
	}
}

func (c *cluster) open() {
	c.t.Helper()
	for _, n := range c.nodes {
		must(c.t, n.Start())
	}
}

// some registers some records over all nodes, and returns what was acknowledged.
func (c *cluster) some(first uint64, n int) []acknowledged {
	c.t.Helper()
	l := c.loads(2, first, first)
	eventually(c.t, "records are registered", func() error {
		if got := l.soFar(); got < n {
			return fmt.Errorf("%d of %d are", got, n)
		}
		return nil
	})
	return l.end()
}

// settled has all nodes show all that is public.
func (c *cluster) settled() {
	c.t.Helper()
	h, err := c.read(c.t.Context(), "")
	must(c.t, err)
	for _, n := range c.nodes {
		c.level(c.t.Context(), n, h)
	}
}

// copyDir copies a directory of versitygw, whose ETags are extended attributes.
func copyDir(t testing.TB, from, to string) {
	t.Helper()
	must(t, os.RemoveAll(to))
	if out, err := exec.Command("cp", "-a", from, to).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// replace puts another bucket in the place of the engine's, as of a backup.
func (c *cluster) replace(from string) {
	c.t.Helper()
	for _, g := range c.engine.Gateways {
		g.Kill()
	}
	copyDir(c.t, from, filepath.Join(c.engine.Dir, c.engine.Bucket))
	for _, g := range c.engine.Gateways {
		must(c.t, g.Start())
	}
}

// says waits until a node has said something since it had said so much.
func (n *node) says(t testing.TB, since int, what string) {
	t.Helper()
	eventually(t, n.Name+" says "+what, func() error {
		if s := n.Said(); !strings.Contains(s[min(since, len(s)):], what) {
			return fmt.Errorf("it said %q", s[min(since, len(s)):])
		}
		return nil
	})
}

// A bucket that was put back from a backup is led by no node that knows more, nothing is
// signed there, and what was acknowledged is still shown. When the right one is back, all goes on.
func TestARestoredBucketIsRefused(t *testing.T) {
	c := begin(t, engines.Versity(t, 3), after)
	c.ready()
	given := c.some(0, 20)
	c.settled()
	c.shut()
	bucket, old, right := filepath.Join(c.engine.Dir, c.engine.Bucket), filepath.Join(t.TempDir(), "old"), filepath.Join(t.TempDir(), "right")
	copyDir(t, bucket, old)
	c.open()
	given = append(given, c.some(1<<20, 20)...)
	c.settled()
	c.shut()
	copyDir(t, bucket, right)
	c.replace(old)
	signed := len(c.signer.signatures())
	var said []int
	for _, n := range c.nodes {
		said = append(said, len(n.Said()))
	}
	c.open()
	for i, n := range c.nodes {
		n.says(t, said[i], "THE BUCKET WAS PUT BACK")
	}
	l := c.loads(1, 1, 1<<21)
	time.Sleep(2 * after) // in which one would take over
	if got := l.end(); len(got) > 0 {
		t.Errorf("%d records were registered in a bucket that was put back", len(got))
	}
	for _, n := range c.nodes {
		h, err := c.read(t.Context(), n.url)
		must(t, err)
		c.judgeRecords(n.Name, h, given)
	}
	// Nor by one that begins anew, which knows of nothing that is missing.
	fresh := c.nodes[count-1]
	fresh.terminate(c)
	for _, name := range []string{"store", "guard"} {
		must(t, os.RemoveAll(filepath.Join(fresh.dir, name)))
	}
	since := len(fresh.Said())
	must(t, fresh.Start())
	fresh.says(t, since, "THIS NODE DOES NOT ON ITS OWN WORD")
	if made := c.signer.signatures(); len(made) > signed {
		t.Errorf("%d signatures were made there, of %q", len(made)-signed, made[signed].message)
	}
	c.shut()
	c.replace(right)
	c.open()
	given = append(given, c.some(1<<22, 5)...)
	c.seen = c.watch() // what it saw, went back
	c.judge(given)
}

// putAt puts bytes in the place of an object.
func (c *cluster) putAt(ctx context.Context, name string, change func([]byte) []byte) {
	c.t.Helper()
	b := c.bucket(c.engine.Endpoints[0])
	was, _, err := b.Get(ctx, name, 1<<24)
	must(c.t, err)
	must(c.t, b.Delete(ctx, name))
	_, err = b.Create(ctx, name, change(was))
	must(c.t, err)
}

// flipped returns bytes of which one bit is another.
func flipped(b []byte) []byte {
	b = append([]byte(nil), b...)
	b[len(b)/2] ^= 1
	return b
}

// A bundle that is not the log's halts who reads it, and who is to put its own there: the
// record is acknowledged by nobody, and no other tree is signed.
func TestAPoisonedTileHalts(t *testing.T) {
	c := begin(t, engines.Versity(t, 3), after)
	c.ready()
	given := c.some(0, 20)
	c.settled()
	h, err := c.read(t.Context(), "")
	must(t, err)
	width := int(h.public.Size)

	// A node that begins anew reads a bundle that was changed.
	var n *node
	for _, n = range c.nodes {
		if n != c.leader() {
			break
		}
	}
	n.terminate(c)
	for _, name := range []string{"store", "guard"} {
		must(t, os.RemoveAll(filepath.Join(n.dir, name)))
	}
	entries, hashes := tlog.Tile{Level: -1, Width: width}.Path(), tlog.Tile{Width: width}.Path()
	said := len(n.Said())
	c.putAt(t.Context(), entries, flipped)
	must(t, n.Start())
	n.says(t, said, "entry")
	if status, err := get(t.Context(), n.url+"/readyz"); err != nil || status == 200 {
		t.Errorf("it says that it is ready: %d, %v", status, err)
	}
	c.putAt(t.Context(), entries, flipped)
	c.ready()

	// Who leads is to put a tile where another is.
	next := tlog.Tile{Width: width + 1}.Path()
	wrong := make([]byte, (width+1)*tlog.HashSize)
	_, err = c.bucket(c.engine.Endpoints[0]).Create(t.Context(), next, wrong)
	must(t, err)
	l := c.loads(1, 1, 1<<20)
	for _, n := range c.nodes {
		n.says(t, 0, "THIS NODE DOES NOT LEAD AGAIN")
	}
	if got := l.end(); len(got) > 0 {
		t.Errorf("%d records were acknowledged", len(got))
	}
	for _, s := range c.signer.signatures() {
		if tree, err := tree(s); err != nil || tree.Size > h.public.Size+1 {
			t.Errorf("signed was %q, %v", s.message, err)
		}
	}
	if a, b, ok := fork(c.signer.signatures()); ok {
		t.Errorf("signed was %q, and %q", a.message, b.message)
	}
	now, err := c.read(t.Context(), "")
	must(t, err)
	if now.public.Size != h.public.Size {
		t.Errorf("public are %d entries, not %d", now.public.Size, h.public.Size)
	}
	c.judgeRecords("the bucket", now, given)
	t.Logf("halted at %s, and %s", hashes, next)
}

// A store without locks between its gateways looks like one to lead on: the probe says no, and
// of the same store with its locks yes.
func TestAStoreWithoutLocksIsFoundOut(t *testing.T) {
	probe := func(e *engines.Engine) (string, error) {
		c := &cluster{t: t, engine: e}
		return say(c.credentials(), "chirographd", "probe-store", "--bucket", e.Bucket, "--endpoint", e.Endpoints[0], "--via", strings.Join(e.Endpoints[1:], ","))
	}
	if said, err := probe(engines.Versity(t, 3)); err != nil {
		t.Errorf("%v: %s", err, said)
	}
	said, err := probe(engines.VersityUnlocked(t, 3))
	if err == nil {
		t.Errorf("it can be led on: %s", said)
	}
	t.Log(said)
}
