//go:build linux

package nodes

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/objects"
	"github.com/chirograph/chirograph/ledger/objects/s3"
	"github.com/chirograph/chirograph/testvectors/peers/engines"
	"github.com/chirograph/chirograph/verify"
)

const (
	count    = 3                // nodes
	after    = 5 * time.Second  // that they wait before they take over: the least
	patience = 90 * time.Second // for nodes to come together when nothing is done to them
	pace     = 20 * time.Millisecond
)

// A cluster is a ledger in an engine's bucket, and its nodes.
type cluster struct {
	t      testing.TB
	engine *engines.Engine
	key    note.Key
	policy *verify.Policy
	signer *signer // nil where each node has the key in a file
	direct bool    // nodes ask gateways by no proxy
	nodes  []*node
	seen   *watcher
	after  time.Duration
	env    []string     // of each node
	now    atomic.Int64 // by how many nanoseconds all clocks are ahead
}

// A node is one process of chirographd node.
type node struct {
	*engines.Process
	number int
	dir    string
	url    string
	proxy  *engines.Proxy
	skew   string     // a file: by how many seconds its clock is wrong
	sets   sync.Mutex // one at a time
	busy   atomic.Bool
}

// begin makes a ledger in the bucket and starts its nodes, which sign by an agent of the
// test's.
func begin(t testing.TB, e *engines.Engine, takeover time.Duration, env ...string) *cluster {
	t.Helper()
	c := &cluster{t: t, engine: e, after: takeover, env: env}
	first := c.make()
	c.identity(first)
	c.take(first)
	for range count {
		c.join(first)
	}
	c.seen = c.watch()
	return c
}

// create makes a ledger, and returns its directory.
func (c *cluster) create() string {
	c.t.Helper()
	dir := filepath.Join(c.t.TempDir(), "first")
	_, err := say(nil, "chirographd", "init", "--dir", dir, "--origin", "ledger.example", "--url", "http://ledger.example")
	must(c.t, err)
	return dir
}

// make makes a ledger in the bucket, and returns the directory of its first node.
func (c *cluster) make() string {
	c.t.Helper()
	dir := c.create()
	_, err := say(c.credentials(), "chirographd", "migrate", "--dir", dir, "--to-bucket", "--bucket", c.engine.Bucket, "--endpoint", c.engine.Endpoints[0])
	must(c.t, err)
	return dir
}

// join starts one more node, the first in the directory of the ledger that was moved, and
// inside a network of its own where there is one.
func (c *cluster) join(first string, inside ...*engines.Namespace) *node {
	c.t.Helper()
	dir := first
	if len(c.nodes) > 0 {
		dir = c.t.TempDir()
		for _, name := range []string{"policy", "ledger.key", "ledger.key.pub"} {
			b, err := os.ReadFile(filepath.Join(first, name))
			if name != "policy" && errors.Is(err, fs.ErrNotExist) {
				continue // an agent has it
			}
			must(c.t, err)
			must(c.t, os.WriteFile(filepath.Join(dir, name), b, 0o600))
		}
	}
	n := c.start(len(c.nodes), dir, append(inside, nil)[0])
	c.nodes = append(c.nodes, n)
	return n
}

// credentials are the environment of who asks the engine.
func (c *cluster) credentials() []string {
	return []string{"AWS_ACCESS_KEY_ID=" + c.engine.Access, "AWS_SECRET_ACCESS_KEY=" + c.engine.Secret}
}

// identity reads who the ledger is.
func (c *cluster) identity(dir string) {
	text, err := os.ReadFile(filepath.Join(dir, "policy"))
	must(c.t, err)
	c.policy, err = verify.ParsePolicy(text)
	must(c.t, err)
	c.key = c.policy.Logs[0].Key
}

// take gives the secret key to an agent, and takes it away from the directory.
func (c *cluster) take(dir string) {
	file := filepath.Join(dir, "ledger.key")
	pem, err := os.ReadFile(file)
	must(c.t, err)
	secret, err := ssh.ParseRawPrivateKey(pem)
	must(c.t, err)
	c.signer = newSigner(c.t, *secret.(*ed25519.PrivateKey))
	must(c.t, os.Remove(file))
}

// start starts a node of a directory, inside a network where that is not nil.
func (c *cluster) start(i int, dir string, inside *engines.Namespace) *node {
	n := &node{number: i, dir: dir, skew: filepath.Join(c.t.TempDir(), "skew")}
	n.proxy = engines.NewProxy(c.t, c.engine.Endpoints[i%len(c.engine.Endpoints)])
	env, by := append(c.credentials(), "CHIROGRAPH_SKEW="+n.skew), []string(nil)
	if c.signer != nil {
		env, by = append(env, "SSH_AUTH_SOCK="+c.signer.serve(c.t, i)), []string{"--agent"}
	}
	endpoint := n.proxy.URL
	if c.direct {
		endpoint = c.engine.Endpoints[i%len(c.engine.Endpoints)]
	}
	if inside != nil {
		endpoint = inside.Reach(c.t, endpoint)
	}
	n.Process, n.url = engines.NewProgram(c.t, fmt.Sprintf("node %d", i), inside, program("chirographd"), append(env, c.env...), func(address string) []string {
		return append([]string{
			"node", "--dir", dir, "--listen", address, "--at", "http://" + address, "--rate", "0", "--trusted-proxy", "127.0.0.1",
			"--bucket", c.engine.Bucket, "--endpoint", endpoint, "--takeover-after", c.after.String(),
		}, by...)
	})
	return n
}

// set has a node's clock be wrong by so much.
func (n *node) set(wrong time.Duration) error {
	n.sets.Lock()
	defer n.sets.Unlock()
	// Whole, because the node reads it at any moment.
	if err := os.WriteFile(n.skew+".new", []byte(strconv.Itoa(int(wrong/time.Second))), 0o644); err != nil {
		return err
	}
	return os.Rename(n.skew+".new", n.skew)
}

// bucket returns the bucket by an endpoint, past all proxies.
func (c *cluster) bucket(endpoint string) *s3.Bucket {
	b, err := s3.New(s3.Config{Endpoint: endpoint, Bucket: c.engine.Bucket, Credentials: s3.Credentials{ID: c.engine.Access, Secret: c.engine.Secret}})
	must(c.t, err)
	c.t.Cleanup(b.Close)
	return b
}

// registers returns the ledger's register by each endpoint.
func (c *cluster) registers() []*objects.Register {
	var all []*objects.Register
	for _, endpoint := range c.engine.Endpoints {
		all = append(all, &objects.Register{Bucket: c.bucket(endpoint), Key: c.key, Random: rand.Reader})
	}
	return all
}

// leader returns the node that the head names, nil for none.
func (c *cluster) leader() *node {
	owner := c.seen.head().Owner
	for _, n := range c.nodes {
		if n.url == owner {
			return n
		}
	}
	return nil
}

// led returns the node that leads, when one does.
func (c *cluster) led() (n *node) {
	c.t.Helper()
	eventually(c.t, "a node leads", func() error {
		if n = c.leader(); n == nil {
			return fmt.Errorf("the head is of %q", c.seen.head().Owner)
		}
		return nil
	})
	return n
}

// eventually waits until a condition holds, and fails the test where it does not.
func eventually(t testing.TB, what string, holds func() error) {
	t.Helper()
	late := time.Now().Add(patience)
	for {
		err := holds()
		if err == nil {
			return
		}
		if time.Now().After(late) {
			t.Fatalf("%s, not within %s: %v", what, patience, err)
		}
		time.Sleep(pace)
	}
}

// get asks a node for something small.
func get(ctx context.Context, url string) (int, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}

// ready waits until each node says that it shows what the log has, and may lead: its guard is no new
// one any more.
func (c *cluster) ready() {
	c.t.Helper()
	for _, n := range c.nodes {
		eventually(c.t, n.Name+" is ready", func() error {
			ctx, cancel := context.WithTimeout(c.t.Context(), 5*time.Second)
			defer cancel()
			status, err := get(ctx, n.url+"/readyz")
			if err == nil && status != http.StatusOK {
				err = fmt.Errorf("%s/readyz: %d", n.url, status)
			}
			if err != nil {
				return err
			}
			_, err = os.Stat(filepath.Join(n.dir, "guard", "checkpoint.0"))
			if _, fresh := os.Stat(filepath.Join(n.dir, "guard", "unvouched")); err == nil && !errors.Is(fresh, fs.ErrNotExist) {
				err = errors.New("nobody vouches for its guard")
			}
			return err
		})
	}
}
