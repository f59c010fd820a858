package main

import (
	"fmt"
	"os"
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
	policy *verify.Policy
	keys   []note.PublicKey

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
	trouble    string             // that was told
}

func (a *app) newWatchMine(p *verify.Policy, f watchFlags) (*watchMine, error) {
	m := &watchMine{app: a, policy: p}
	for _, arg := range f.keys {
		k, err := verifierKey(arg)
		if err != nil {
			return nil, fmt.Errorf("--key: %w", err)
		}
		m.keys = append(m.keys, k.Public())
	}
	for _, path := range f.dossiers {
		w := &watchedFile{path: path}
		if err := w.read(p); err != nil {
			return nil, fmt.Errorf("--dossier: %w", err)
		}
		m.files = append(m.files, w)
	}
	return m, nil
}

// read reads the dossier where its file is another than it was. A receipt in it counts
// where it holds under the policy: whoever sent the file may have put in what nobody
// registered.
func (w *watchedFile) read(p *verify.Policy) error {
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
	w.records, w.registered = d.Records(), make(map[record.ID]bool)
	for _, r := range w.records {
		if receipt := d.Receipt(r.ID()); receipt != nil {
			_, err := verify.Receipt(p, receipt.Bytes())
			w.registered[r.ID()] = err == nil
		}
	}
	w.changed, w.size = info.ModTime(), info.Size()
	return d.Close()
}

// of returns what is watched for in a ledger. A dossier that cannot be read any more
// counts as it was.
func (m *watchMine) of(ledger note.Key) *watch.Mine {
	m.mu.Lock()
	defer m.mu.Unlock()
	mine := &watch.Mine{Keys: m.keys, Records: make(map[record.ID]bool)}
	for _, w := range m.files {
		trouble := ""
		if err := w.read(m.policy); err != nil {
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
	}
	return mine
}
