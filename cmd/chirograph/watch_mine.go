package main

import (
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/dossier"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/watch"
	"github.com/chirograph/chirograph/verify"
)

// A watchMine is the keys and dossiers that a watch is for. The dossiers are read again
// when their files change.
type watchMine struct {
	*app
	policy  *verify.Policy
	ledgers []note.Key // that are watched
	keys    []note.PublicKey

	mu    sync.Mutex // of files
	files []*watchedFile
}

// A watchedFile is what was in a dossier when it was read last.
type watchedFile struct {
	path       string
	changed    time.Time
	size       int64
	records    []*record.Record
	registered map[record.ID]bool // those of them whose receipt holds
	held       []heldReceipt      // of records in it, whether they hold or not
	trouble    string             // that was told
}

// A heldReceipt is a receipt for a ledger.
type heldReceipt struct {
	watch.Held
	ledger note.Key
}

func (a *app) newWatchMine(targets []*watchTarget, f watchFlags) (*watchMine, error) {
	m := &watchMine{app: a, policy: targets[0].policy}
	for _, t := range targets {
		m.ledgers = append(m.ledgers, t.ledger)
	}
	for _, arg := range f.keys {
		k, err := verifierKey(arg)
		if err != nil {
			return nil, fmt.Errorf("--key: %w", err)
		}
		m.keys = append(m.keys, k.Public())
	}
	for _, path := range f.dossiers {
		w := &watchedFile{path: path}
		if err := w.read(m); err != nil {
			return nil, fmt.Errorf("--dossier: %w", err)
		}
		m.files = append(m.files, w)
	}
	return m, nil
}

// read reads the dossier where its file is another than it was. A receipt in it counts
// where it holds under the policy: whoever sent the file may have put in what nobody
// registered. Its tree counts wherever the ledger signed it, whatever quorum is asked for.
func (w *watchedFile) read(m *watchMine) error {
	info, err := os.Stat(w.path)
	if err != nil {
		return err
	}
	if info.ModTime().Equal(w.changed) && info.Size() == w.size {
		return nil
	}
	d, err := dossier.Open(w.path)
	if err != nil {
		return err
	}
	w.records, w.registered, w.held = d.Records(), make(map[record.ID]bool), nil
	for _, r := range w.records {
		receipt := d.Receipt(r.ID())
		if receipt == nil {
			continue
		}
		_, err := verify.Receipt(m.policy, receipt.Bytes())
		w.registered[r.ID()] = err == nil
		name := fmt.Sprintf("%s %s", r.Text().Kind, r.ID())
		w.held = append(w.held, heldReceipt{watch.Held{Name: name, Proof: receipt.Proof}, r.Text().Ledger})
		if first := d.FirstReceipt(r.ID()); first != receipt {
			w.held = append(w.held, heldReceipt{watch.Held{Name: name, Proof: first.Proof}, r.Text().Ledger})
		}
	}
	w.warn(m)
	w.changed, w.size = info.ModTime(), info.Size()
	return d.Close()
}

// warn says what of a dossier cannot be compared with anything.
func (w *watchedFile) warn(m *watchMine) {
	var strange []note.Key
	for _, r := range w.records {
		if l := r.Text().Ledger; !slices.Contains(m.ledgers, l) && !slices.Contains(strange, l) {
			strange = append(strange, l)
			m.say("warning: %s has records of the ledger %s (%s), which is not watched here: give its URL and a policy that lists it", w.path, l.Name(), l.Fingerprint())
		}
	}
	for _, h := range w.held {
		log, ok := m.policy.Log(h.ledger)
		if !ok || slices.Contains(strange, h.ledger) {
			continue
		}
		if c := h.Proof.Checkpoint; c.Origin != log.Key.Name() || len(log.Alone(c).Note.Signatures) == 0 {
			m.say("warning: the receipt of %s in %s is not compared: the key of %s did not sign its tree", h.Name, w.path, log.Key.Name())
		}
	}
}

// of returns what is watched for in a ledger. A dossier that cannot be read any more
// counts as it was.
func (m *watchMine) of(ledger note.Key) *watch.Mine {
	m.mu.Lock()
	defer m.mu.Unlock()
	mine := &watch.Mine{Keys: m.keys, Records: make(map[record.ID]bool)}
	for _, w := range m.files {
		trouble := ""
		if err := w.read(m); err != nil {
			trouble = err.Error()
		}
		if trouble != w.trouble && trouble != "" {
			m.say("warning: %s counts as it was: %s", w.path, trouble)
		}
		w.trouble = trouble
		for _, r := range w.records {
			if r.Text().Ledger != ledger {
				continue
			}
			if r.Text().Kind == record.Contract {
				mine.Contracts = append(mine.Contracts, r.ID())
			}
			mine.Records[r.ID()] = mine.Records[r.ID()] || w.registered[r.ID()]
		}
		for _, h := range w.held {
			if h.ledger == ledger {
				mine.Receipts = append(mine.Receipts, h.Held)
			}
		}
	}
	return mine
}
