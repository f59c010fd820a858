//go:build linux

package engines

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"
)

// asNode is the variable of the environment that makes this test program a node: it puts
// an object through the endpoint that it names, and says how that went.
const asNode = "ENGINES_TEST_NODE"

const nodePatience = 3 * time.Second

func node() {
	endpoint := os.Getenv(asNode)
	if endpoint == "" {
		return
	}
	e := &Engine{Region: region, Access: access, Secret: secret, Bucket: "chirograph"}
	ctx, cancel := context.WithTimeout(context.Background(), nodePatience)
	defer cancel()
	fmt.Println(outcome(store{e.Client(endpoint), e.Bucket}.put(ctx, "from inside", one)))
	os.Exit(0)
}

func TestANamespaceIsCutOff(t *testing.T) {
	e := Versity(t, 1)
	n := NewNamespace(t)
	endpoint := n.Reach(t, e.Endpoints[0])
	self, err := os.Executable()
	must(t, err)
	put := func() string {
		cmd := n.Command(self)
		cmd.Env = append(os.Environ(), asNode+"="+endpoint)
		said, err := cmd.Output()
		must(t, err)
		return string(said)
	}
	eventually(t, func() bool { return put() == done+"\n" })
	must(t, stores(e)[0].delete(t.Context(), "from inside", nil))
	must(t, n.Cut())
	from := time.Now()
	if got := put(); got != "none\n" {
		t.Errorf("from inside, cut off: %s", got)
	}
	if took := time.Since(from); took < nodePatience {
		t.Errorf("somebody told the inside after %s that it is cut off", took)
	}
	if _, _, err := stores(e)[0].get(t.Context(), "from inside"); outcome(err) != "404 NoSuchKey" {
		t.Errorf("something came through: %s", outcome(err))
	}
	must(t, n.Heal())
	eventually(t, func() bool { return put() == done+"\n" })
}
