package main

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/chirograph/chirograph/crypto/publickey"
	"github.com/chirograph/chirograph/ledger/replica"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/verify"
)

// putCut puts a store that has what the copy shows, and no more, in the place of the
// copy's. The copy is closed where it fails.
func (p *promotion) putCut(ctx context.Context) error {
	own, cut, old := filepath.Join(p.dir, storeDir), filepath.Join(p.dir, cutDir), filepath.Join(p.dir, oldDir)
	out, err := replica.Cut(ctx, p.store, store.Config{Dir: cut, Key: p.id.key})
	if err != nil {
		return err
	}
	p.did("the store is cut")
	err = errors.Join(out.Close(), p.store.Close())
	p.store = nil
	if err != nil {
		return err
	}
	if err := os.Rename(own, old); err != nil {
		return err
	}
	p.did("the old store has another name")
	if err := os.Rename(cut, own); err != nil {
		return err
	}
	p.did("the new store has its name")
	if err := syncDir(p.dir); err != nil {
		return err
	}
	p.store, err = openCopy(p.dir, p.id.key, nil)
	p.did("the old store is removed")
	return err
}

// write writes what serve needs, the store last.
func (p *promotion) write(secrets map[string][]byte, asked []byte) error {
	for _, name := range slices.Sorted(maps.Keys(secrets)) {
		if err := p.writeSecret(filepath.Join(p.dir, name), secrets[name]); err != nil {
			return err
		}
		p.did(name + " is written")
	}
	if err := keepWitnesses(p.dir, asked); err != nil {
		return err
	}
	p.did("the witnesses are written")
	if err := errors.Join(keep(filepath.Join(p.dir, policyFile), p.ownPolicy().Bytes()), syncDir(p.dir)); err != nil {
		return err
	}
	p.did("the policy is written")
	if err := p.store.Promote(p.head.Checkpoint); err != nil {
		return err
	}
	p.did("the store is the ledger's")
	if err := removed(filepath.Join(p.dir, copyOf)); err != nil {
		return err
	}
	p.did("it is no copy")
	return p.say("%s: the copy in %s is the ledger, from the tree of %s on; chirographd serve runs it. The machine that was the ledger must never run again",
		p.id.key.Name(), p.dir, entries(p.head.Checkpoint.Size))
}

// ownPolicy returns the policy of the ledger itself, without the witnesses that it asks.
func (p *promotion) ownPolicy() *verify.Policy {
	own := &verify.Policy{Logs: p.copied.Logs, Quorum: verify.NoQuorum}
	if w := p.id.own(); w != (verify.Witness{}) {
		own.Witnesses, own.Quorum = []verify.Witness{w}, w.Name
	}
	return own
}

// mustBeFree demands of the names of secret keys in a directory that none has another.
func mustBeFree(dir string, secrets map[string][]byte) error {
	for name, b := range secrets {
		if err := mustBe(filepath.Join(dir, name), b); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// mustBe demands that the file of a secret key is there, and is the one that was given.
func mustBe(name string, b []byte) error {
	have, err := publickey.ReadFile(name)
	defer clear(have)
	if err == nil && subtle.ConstantTimeCompare(have, b) != 1 {
		err = fmt.Errorf("%s is there, and is another than the file that was given", name)
	}
	return err
}

// writeSecret writes the file of a secret key, which is there already or new, whole or
// not at all.
func (p *promotion) writeSecret(name string, b []byte) error {
	if err := mustBe(name, b); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	temp := name + ".tmp"
	if err := removed(temp); err != nil { // of a run that was killed
		return err
	}
	if err := writeSynced(temp, b, 0o600); err != nil {
		return errors.Join(err, removed(temp))
	}
	p.did(temp + " is written")
	return errors.Join(os.Rename(temp, name), syncDir(p.dir))
}
