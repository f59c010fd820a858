//go:build unix

package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/objects"
	"github.com/chirograph/chirograph/ledger/objects/objectstest"
)

// What a node that is stopped has is checked, backed up and listed as what it is, and is made
// into no ledger beside the bucket's.
func TestANodeThatIsStoppedIsCheckedAndBackedUpAsACopy(t *testing.T) {
	dir, policy := newLedger(t)
	key := policy.Logs[0].Key
	bucket := objectstest.NewMemory()
	register := &objects.Register{Bucket: bucket, Key: key, Random: new(counting)}
	if err := register.Begin(t.Context(), tlog.Checkpoint{Origin: key.Name(), Root: tlog.EmptyRoot()}, 0, objects.Open); err != nil {
		t.Fatal(err)
	}
	if err := keepMoved(dir, moved{step: there, bucket: "ledger", state: objects.Open}); err != nil {
		t.Fatal(err)
	}
	n := startNode(t, dir, bucket)
	n.ready(t)
	for i := range 3 {
		submitTo(t, n.url, policy, i+1)
	}
	says(t, exitFailed, []string{"stop the node first"}, "check", "--dir", dir)
	if err := n.end(); err != nil {
		t.Fatal(err)
	}
	backup := filepath.Join(t.TempDir(), "backup")
	says(t, 0, []string{"node of ledger.example: 3 entries", "verified"}, "backup", "--dir", dir, "--to", backup)
	restored := filepath.Join(t.TempDir(), "restored")
	clone(t, backup, restored)
	for _, d := range []string{dir, backup, restored} {
		says(t, 0, []string{"node of ledger.example: sound: 3 entries"}, "check", "--dir", d)
		says(t, 0, []string{"ledger.example: 3 entries; contracts in force: 0"}, "freeze", "--list", "--dir", d)
	}
	secret := filepath.Join(dir, keyFile)
	for _, command := range [][]string{{"rebuild"}, {"promote", "--key", secret, "--without-witnesses"}} {
		says(t, exitFailed, []string{"is in the bucket ", "chirographd node runs it"}, append(command, "--dir", dir)...)
	}
	says(t, exitFailed, []string{"where that bucket is lost, stop all nodes", "move its file in-bucket away"}, "rebuild", "--dir", dir)
	says(t, exitFailed, []string{"is in the bucket ", "chirographd freeze --bucket freezes it there"}, "freeze", "--dir", dir, "--name", key.Name())
	serve, recovers := []string{"serve", "--listen", "127.0.0.1:0"}, []string{"recover", "--without-witnesses"}
	for _, command := range [][]string{serve, recovers} {
		says(t, exitFailed, []string{"is a backup of a node", "witnesses.policy and in-bucket beside the node's keys"}, append(command, "--dir", backup)...)
	}
	// Put back as a ledger is, it lacks what says that it is a node's.
	unmarked := filepath.Join(t.TempDir(), "unmarked")
	clone(t, dir, unmarked)
	if err := os.Remove(filepath.Join(unmarked, movedFile)); err != nil {
		t.Fatal(err)
	}
	for _, command := range [][]string{serve, recovers} {
		says(t, exitFailed, []string{"is a copy of a ledger's log, as a node has it", "put the node's file in-bucket back", "chirographd rebuild"}, append(command, "--dir", unmarked)...)
	}
	// A guard that knows of more than the store has was not put back with it.
	if err := os.RemoveAll(filepath.Join(dir, storeDir)); err != nil {
		t.Fatal(err)
	}
	early := startNode(t, dir, objectstest.NewMemory()) // nothing to be read
	if err := early.end(); err != nil {
		t.Fatal(err)
	}
	says(t, exitDamaged, []string{"guard: ", "it is of 3 entries, the store has 0", "it is a node's"}, "check", "--dir", dir)
}

// counting reads bytes of which each is another than the one before.
type counting byte

func (c *counting) Read(b []byte) (int, error) {
	for i := range b {
		*c++
		b[i] = byte(*c)
	}
	return len(b), nil
}

func TestABucketWithoutALogIsSaidToHaveNone(t *testing.T) {
	dir, policy := newLedger(t)
	f := bucketAt(t, objectstest.NewMemory())
	node := filepath.Join(t.TempDir(), "node")
	clone(t, dir, node)
	if err := keepMoved(node, moved{step: there, bucket: f.bucket, state: objects.Open}); err != nil {
		t.Fatal(err)
	}
	freeze := append([]string{"freeze", "--dir", node, "--name", policy.Logs[0].Key.Name()}, f.args()...)
	says(t, exitFailed, []string{"the bucket has no log"}, freeze...)
	says(t, 0, nil, migrateArgs(dir, "--to-bucket", f)...)
	says(t, 0, nil, migrateArgs(dir, "--from-bucket", f)...)
	says(t, exitFailed, []string{"has left this bucket, and nothing was frozen"}, freeze...)
}
