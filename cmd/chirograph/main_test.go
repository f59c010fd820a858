package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/keys"
	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/dossier"
	"github.com/chirograph/chirograph/ledger/record"
)

// draftFile writes the dossier of a draft.
func draftFile(t *testing.T) string {
	t.Helper()
	ledger := testKey(t, "ledger.example")
	r, err := record.New(&record.Text{
		Kind: record.Contract, Ledger: ledger, Made: 1_790_000_000, SignBy: 1_790_000_060,
		Parties: []record.Party{
			{Role: "buyer", Threshold: 1, Keys: []note.Key{testKey(t, "ann.example")}},
			{Role: "manufacturer", Threshold: 1, Keys: []note.Key{testKey(t, "dan.example")}},
		},
		Documents: []record.Document{{Hash: [32]byte{1}, Size: 1, Media: "text/plain", Kind: record.Terms, Name: "terms.txt"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	d, err := dossier.New(r, []byte("log "+ledger.String()+"\nquorum none\n"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "x.chirograph")
	if err := d.Save(path); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestOfTwoCommandsOnOneFileTheLaterIsToBeRunAgain(t *testing.T) {
	path := draftFile(t)
	var both []*dossier.Dossier
	for i, policy := range []string{"quorum none\n", "# another\nquorum none\n"} {
		d, err := dossier.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		if err := d.SetPolicy([]byte(policy)); err != nil {
			t.Fatal(i, err)
		}
		both = append(both, d)
	}
	if err := both[0].Save(path); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	err = both[1].Save(path)
	if err == nil || strings.Contains(err.Error(), "exists") || advice(err) != "another command wrote the file meanwhile: run this one again" {
		t.Errorf("%v, hint: %s", err, advice(err))
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		t.Errorf("the file has changed, %v", err)
	}
}

func TestASignalIsNoAnswer(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cut := fmt.Errorf("GET http://ledger.example: %w", context.Canceled)
	for _, err := range []error{cut, no("not signed")} {
		if found, stopped := foundOut(ctx, err); stopped || found != err {
			t.Errorf("%v without a signal: %v, stopped: %v", err, found, stopped)
		}
	}
	cancel()
	for _, err := range []error{cut, errStopped, hint(cut, "ask again"), errors.Join(cut, fmt.Errorf("passphrase: %w", keys.ErrInterrupted))} {
		if found, stopped := foundOut(ctx, err); !stopped || found != nil {
			t.Errorf("%v: stopped: %v, and %v", err, stopped, found)
		}
	}
	for _, err := range []error{no("not registered"), errors.New("the disk is full")} {
		if found, stopped := foundOut(ctx, err); stopped || found != err {
			t.Errorf("%v: stopped: %v, and %v", err, stopped, found)
		}
	}
}

// An answer that came before the signal is said, with its hint.
func TestWhatWasFoundOutBeforeASignalIsSaid(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	cut := fmt.Errorf("GET http://ledger.example: %w", context.Canceled)
	denied := hint(no("it denies what it has signed"), "keep this file")
	for _, err := range []error{errors.Join(cut, denied), errors.Join(errors.Join(nil, denied, cut), cut)} {
		found, stopped := foundOut(ctx, err)
		var n *negative
		if !stopped || found == nil || found.Error() != denied.Error() || advice(found) != "keep this file" || !errors.As(found, &n) {
			t.Errorf("%v: %v", err, found)
		}
	}
	around := hint(errors.Join(denied, cut), "run it again")
	if found, stopped := foundOut(ctx, around); !stopped || found != around {
		t.Errorf("%v: %v", around, found)
	}
}
