package ledger_test

import (
	"context"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// tamper changes the database of a ledger that is closed; a nil value deletes.
func tamper(t *testing.T, w *world, changes map[string][]byte) {
	t.Helper()
	db, err := pebble.Open(dir, &pebble.Options{FS: w.fs, FormatMajorVersion: pebble.FormatTableFormatV6, Logger: quiet{t}})
	if err != nil {
		t.Fatal(err)
	}
	for key, value := range changes {
		if value == nil {
			err = errors.Join(err, db.Delete([]byte(key), pebble.Sync))
		} else {
			err = errors.Join(err, db.Set([]byte(key), value, pebble.Sync))
		}
	}
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}

type quiet struct{ t *testing.T }

func (quiet) Infof(string, ...any)             {}
func (q quiet) Errorf(format string, a ...any) { q.t.Logf(format, a...) }
func (q quiet) Fatalf(format string, a ...any) { q.t.Fatalf(format, a...) }

func entryKey(index uint64) string { return string(binary.BigEndian.AppendUint64([]byte{'e'}, index)) }

func TestWhatIsDamagedIsNotServedAsAbsentOrAsProof(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	w.append(t, contract(t, 0))
	w.append(t, contract(t, 1))
	w.append(t, contract(t, 2))
	w.append(t, contract(t, 3))
	var records []*record.Record
	for n := uint64(4); n < 300; n++ {
		records = append(records, unchecked(t, n))
	}
	w.append(t, records...)
	changed, err := w.log.View().Entry(1)
	if err != nil {
		t.Fatal(err)
	}
	changed = []byte(strings.Replace(string(changed), "registered 1", "registered 2", 1))
	w.close(t)
	tamper(t, w, map[string][]byte{
		entryKey(0):                        nil,
		entryKey(1):                        changed,
		entryKey(2):                        []byte("no entry"),
		entryKey(3):                        []byte("registered 1800000000\nno record\n"),
		"t\x00" + string(make([]byte, 10)): []byte(strings.Repeat("x", 256*tlog.HashSize)),
	})
	w.mustOpen(t)
	v := w.log.View()
	for name, err := range map[string]error{
		"entry that is gone":       second(v.Entry(0)),
		"bundle with a gap":        second(v.Bundle(tlog.Tile{Level: -1, Index: 0, Width: 1})),
		"record that is gone":      second(v.Record(contract(t, 0).ID())),
		"receipt that is gone":     second(v.Receipt(0)),
		"receipt of another entry": second(v.Receipt(1)),
		"entry without its line":   second(v.Registered(2)),
		"record that is none":      second(v.Registered(3)),
		"contract that is none":    second(v.Contract(contract(t, 3).ID())),
		"consistency":              second(v.Consistency(3)),
		"again, gone":              second(w.log.Append(context.Background(), contract(t, 0))),
		"again, without its line":  second(w.log.Append(context.Background(), contract(t, 2))),
	} {
		if err == nil || errors.Is(err, ledger.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := v.Entry(299); err != nil {
		t.Errorf("what is not damaged: %v", err)
	}
	w.append(t, unchecked(t, 300))
	w.close(t)
}

func TestAnIndexThatCannotBeReadIsNoAbsence(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	w.append(t, contract(t, 0))
	w.close(t)
	id := contract(t, 1).ID()
	alices := string(alice.Public().Bytes())
	tamper(t, w, map[string][]byte{
		"r" + string(id[:]):            []byte("short"),
		"v" + alices:                   []byte("short"),
		"aalice.example\x00" + alices:  []byte("short"),
		"k" + alices + entryKey(0)[1:]: []byte("long"),
	})
	w.mustOpen(t)
	v := w.log.View()
	_, _, err1 := v.Index(id)
	_, _, err2 := v.Revoked(alice.Public())
	_, _, err3 := v.Key(alice.Public(), 0, 9)
	_, _, err4 := v.Names("alice", ledger.NamedKey{}, 9)
	for name, err := range map[string]error{
		"index": err1, "revocation": err2, "key": err3, "name": err4,
		"record":                 second(v.Record(id)),
		"append":                 second(w.log.Append(context.Background(), contract(t, 1))),
		"append, a key's record": second(w.log.Append(context.Background(), contract(t, 2))),
	} {
		if err == nil || errors.Is(err, ledger.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.append(t, signed(t, draft(t, 3), carol, bob))
	w.close(t)
}
