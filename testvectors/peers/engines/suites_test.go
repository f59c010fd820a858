//go:build linux

package engines

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The laws of a ledger and what a disturbed write may not do, as they are tried over a store
// alone, and the points of fault of a bucket: over an engine, by the same code of ledger/objects.
func TestVersityPassesTheSuitesOfALedger(t *testing.T) { passesSuites(t, Versity(t, 3), 2, 90, 200) }

func TestCephPassesTheSuitesOfALedger(t *testing.T) { passesSuites(t, Ceph(t), 9, 30, 100) }

var (
	lawsRun   = regexp.MustCompile(`: (\d+) laws\n`)
	writesRun = regexp.MustCompile(`: (\d+) points of fault of \d+: .*\n`)
	pointsRun = regexp.MustCompile(`: (\d+) points of \d+: .*\n`)
)

// passesSuites tries nine laws and one of every so many points of fault, at least so many of
// writes and of requests.
func passesSuites(t *testing.T, e *Engine, every, leastWrites, leastPoints int) {
	const laws = 9
	begun := time.Now()
	cmd := exec.CommandContext(t.Context(), "go", "test", "-count=1", "-v", "-timeout=5m", "-parallel=8",
		"-run=^(TestALedgerInAStoreKeepsTheLaws|TestAFaultAtAnyWriteInAStoreLosesNothing|TestAFaultAtAnyRequestOfAStoreSplitsNothing)$",
		"github.com/chirograph/chirograph/ledger/objects")
	cmd.Dir = filepath.Join("..", "..", "..")
	cmd.Env = append(os.Environ(),
		"CHIROGRAPH_BUCKET="+e.Bucket, "CHIROGRAPH_ENDPOINT="+strings.Join(e.Endpoints, ","), "CHIROGRAPH_REGION="+e.Region,
		"CHIROGRAPH_KEY="+e.Access, "CHIROGRAPH_SECRET="+e.Secret, fmt.Sprint("CHIROGRAPH_EVERY=", every))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", e.Name, err, out)
	}
	for what, least := range map[*regexp.Regexp]int{lawsRun: laws, writesRun: leastWrites, pointsRun: leastPoints} {
		said := what.FindSubmatch(out)
		if said == nil {
			t.Fatalf("%s: it does not say %s:\n%s", e.Name, what, out)
		}
		if n, err := strconv.Atoi(string(said[1])); err != nil || n < least {
			t.Errorf("%s: %d, at least %d there should be: %s", e.Name, n, least, said[0])
		}
		t.Logf("%s%s", e.Name, said[0])
	}
	t.Logf("%s", time.Since(begun).Round(time.Millisecond))
}
