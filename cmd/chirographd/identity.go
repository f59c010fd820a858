package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/chirograph/chirograph/crypto/keys"
	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/ledger/witness"
	"github.com/chirograph/chirograph/verify"
)

// What the directory of a ledger holds.
const (
	keyFile      = "ledger.key"       // the secret; ledger.key.pub beside it
	cosignerFile = "ledger.mldsa.key" // the second secret, where there is one
	policyFile   = "policy"
	storeDir     = "store"
	guardDir     = "guard"            // unless it is put elsewhere
	guardFile    = "guard-dir"        // where that is
	witnessFile  = "witnesses.policy" // those who were asked last
)

// ownWitness is the name under which a policy has the ledger's own second key.
const ownWitness = "ledger"

// An identity is who a ledger is.
type identity struct {
	key      note.Key
	secret   keys.Signer
	cosigner *ledger.Cosigner // nil where there is one key
	policy   *verify.Policy   // as it is given out
}

// readIdentity is readIdentityBy for a ledger whose secret keys are where they are looked
// for first.
func readIdentity(dir, ledgerURL string) (*identity, error) {
	return readIdentityBy(dir, ledgerURL, secrets{})
}

// readIdentityBy reads who the ledger in a directory is: its policy, with the URL to
// give out, and its secret keys, which have to be the policy's.
func readIdentityBy(dir, ledgerURL string, where secrets) (*identity, error) {
	if err := mustBeNoCopy(dir); err != nil {
		return nil, err
	}
	file := filepath.Join(dir, policyFile)
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("no ledger in %s (chirographd init makes one): %w", dir, err)
	}
	policy, err := verify.ParsePolicy(text)
	if err == nil && len(policy.Logs) != 1 {
		err = fmt.Errorf("it lists %d logs, not this ledger alone", len(policy.Logs))
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	id := &identity{key: policy.Logs[0].Key, policy: policy}
	if ledgerURL != "" {
		id.locate(ledgerURL)
	}
	if err := mustBeNoBackup(dir); err != nil {
		return nil, err
	}
	if id.secret, err = where.open(dir, id.key.Public()); err != nil {
		return nil, err
	}
	for _, w := range policy.Witnesses {
		if w != id.own() {
			return nil, fmt.Errorf("%s: it lists the witness %s: those whom the ledger asks are named by --witness-policy", file, w.Name)
		}
	}
	return id, id.readCosigner(dir, where)
}

// locate says where the public finds the ledger. Its second key has that URL too,
// though nobody asks for cosignatures there: some readers of policies (formats v0.1.1)
// take no witness without one.
func (id *identity) locate(url string) {
	id.policy.Logs[0].URL = url
	for i, w := range id.policy.Witnesses {
		if w == id.own() {
			id.policy.Witnesses[i].URL = url
		}
	}
}

// guardOf returns where the guard of the ledger in dir is: where it is said to be, or
// was last. There is one, so a place that is said is refused while it is in another.
func guardOf(dir, said string) (string, error) {
	last := filepath.Join(dir, guardDir)
	switch b, err := os.ReadFile(filepath.Join(dir, guardFile)); {
	case err == nil:
		last = strings.TrimSuffix(string(b), "\n")
	case !errors.Is(err, fs.ErrNotExist):
		return "", err
	}
	if said == "" {
		return last, nil
	}
	a, err := filepath.Abs(said)
	b, err2 := filepath.Abs(last)
	if err := errors.Join(err, err2); err != nil || a == b {
		return said, err
	}
	if store.HasGuard(last) {
		return "", fmt.Errorf("the guard of this ledger is in %s, not in %s: move it, so that there is one", last, said)
	}
	return said, nil
}

// keepGuard has the ledger in dir remember where its guard is.
func keepGuard(dir, guard string) error {
	place, err := filepath.Abs(guard)
	if err != nil {
		return err
	}
	own, err := filepath.Abs(filepath.Join(dir, guardDir))
	if err != nil || place == own {
		return errors.Join(err, removed(filepath.Join(dir, guardFile)))
	}
	return keep(filepath.Join(dir, guardFile), []byte(place+"\n"))
}

// keep replaces a small file of the ledger's directory, whole, and returns when it is on
// disk: a ledger that forgot its guard or its witnesses would be another.
func keep(name string, b []byte) error {
	if old, err := os.ReadFile(name); err == nil && bytes.Equal(old, b) {
		return nil
	}
	return replace(name, b)
}

// replace is keep for a file that may be what it is to be by another's hand, and not on disk.
func replace(name string, b []byte) error {
	f, err := os.OpenFile(name+".tmp", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(name+".tmp", name); err != nil {
		return err
	}
	return syncDir(filepath.Dir(name))
}

// removed removes a file that may not be there.
func removed(name string) error {
	err := os.Remove(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return syncDir(filepath.Dir(name))
}

// own returns the policy's witness that is the ledger itself; the zero Witness where
// there is none.
func (id *identity) own() verify.Witness {
	for _, w := range id.policy.Witnesses {
		if w.Key.Name() == id.key.Name() {
			return w
		}
	}
	return verify.Witness{}
}

// readWitnesses has the ledger ask the witnesses of a policy file for their quorum, or
// where none is named those whom it asked last; none are there where alone is said. The
// ledger's own second key stays one that the quorum requires. It returns the text.
func (id *identity) readWitnesses(dir, file string, alone bool) ([]byte, error) {
	switch {
	case alone && file != "":
		return nil, errors.New("--witness-policy and --without-witnesses contradict each other")
	case alone:
		return nil, nil
	}
	text, err := os.ReadFile(cmp.Or(file, filepath.Join(dir, witnessFile)))
	if file == "" && errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	p, err := verify.ParsePolicy(text)
	if err == nil {
		p, err = id.withWitnesses(p)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", cmp.Or(file, filepath.Join(dir, witnessFile)), err)
	}
	id.policy = p
	return text, nil
}

// lastWitnesses returns the policy of those whom the ledger in dir asked last, not nil; nil
// where it asked nobody.
func lastWitnesses(dir string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(dir, witnessFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return text, err
}

// keepWitnesses has the ledger in dir remember whom it asks.
func keepWitnesses(dir string, text []byte) error {
	if text == nil {
		return removed(filepath.Join(dir, witnessFile))
	}
	return keep(filepath.Join(dir, witnessFile), text)
}

func (id *identity) withWitnesses(p *verify.Policy) (*verify.Policy, error) {
	if _, ok := p.Log(id.key); !ok && len(p.Logs) > 0 {
		return nil, fmt.Errorf("it is for the log %s, this ledger is %s", p.Logs[0].Key, id.key)
	}
	if len(p.Witnesses) == 0 {
		return nil, errors.New("it names no witness")
	}
	for _, w := range p.Witnesses {
		if w.Key.Name() == id.key.Name() {
			return nil, fmt.Errorf("its witness %s has the name of this ledger, which puts its own key there by itself", w.Name)
		}
		if w.URL == "" {
			return nil, fmt.Errorf("its witness %s has no URL at which to ask: witness %s <vkey> <url>", w.Name, w.Name)
		}
		if err := witness.CheckURL(w.URL); err != nil {
			return nil, fmt.Errorf("its witness %s cannot be asked: %w", w.Name, err)
		}
	}
	out := &verify.Policy{Logs: id.policy.Logs, Witnesses: p.Witnesses, Groups: p.Groups, Quorum: p.Quorum}
	if own := id.own(); own != (verify.Witness{}) {
		out.Witnesses = append([]verify.Witness{own}, out.Witnesses...)
		if out.Quorum = own.Name; p.Quorum != verify.NoQuorum {
			out.Quorum = "ledger-and-" + p.Quorum
			out.Groups = append(out.Groups, verify.Group{Name: out.Quorum, K: 2, Members: []string{own.Name, p.Quorum}})
		}
	}
	// Names that are taken, or in a group already, are found by reading it again.
	return verify.ParsePolicy(out.Bytes())
}

// readCosigner reads the second key, where the policy has one.
func (id *identity) readCosigner(dir string, where secrets) error {
	own := id.own()
	file := file(dir, where.cosigner, cosignerFile)
	if own == (verify.Witness{}) {
		if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s is there, and %s lists no witness of the ledger's name with that key", file, filepath.Join(dir, policyFile))
		}
		return nil
	}
	return id.openCosigner(file, own)
}

// openCosigner reads the second key from a file.
func (id *identity) openCosigner(file string, own verify.Witness) error {
	secret, err := keys.OpenMLDSA44(file)
	if err == nil {
		err = keys.Private(file)
	}
	if err != nil {
		return err
	}
	key, err := secret.Key(id.key.Name())
	if err != nil {
		return err
	}
	if key != own.Key {
		return fmt.Errorf("%s is the key %s, the policy's is %s", file, key.Fingerprint(), own.Key.Fingerprint())
	}
	id.cosigner = &ledger.Cosigner{Key: key, Sign: secret.Sign}
	return nil
}
