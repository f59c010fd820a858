package web

import (
	"encoding/binary"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
)

func TestAFurtherTokenIsForEachPartBeyondTheFirstRead(t *testing.T) {
	for cost, want := range map[int64]float64{0: 0, 1: 0, oneRead - 1: 0, oneRead: 0, oneRead + 1: 1, oneRead + moreRead: 1, oneRead + moreRead + 1: 2, oneRead + 100*moreRead: 100} {
		if got := further(cost); got != want {
			t.Errorf("%d bytes: %v, want %v", cost, got, want)
		}
	}
}

// Whatever an answer took beyond what its address had, the address waits for.
func TestWhatAnAnswerTookIsOwed(t *testing.T) {
	start := time.Unix(epoch, 0)
	r := newRates(10, 5, start)
	at := func(d time.Duration, want bool) {
		t.Helper()
		if err := r.take(elsewhere, start.Add(d)); (err == nil) != want {
			t.Errorf("at %s: %v", d, err)
		}
	}
	at(0, true)
	r.charge(elsewhere, start, 3)
	at(0, true) // the fifth
	at(0, false)
	r.charge(elsewhere, start, 25)
	at(2*time.Second, false) // 25 are owed of 5, as if none had been before
	at(2100*time.Millisecond, true)
	at(2100*time.Millisecond, false)
	at(time.Hour, true)
	off := newRates(0, 0, start)
	off.charge(elsewhere, start, 1e9)
	if err := off.take(elsewhere, start); err != nil {
		t.Errorf("no rate is a bound: %v", err)
	}
}

// A page that reads much counts for as much: nobody keeps the cores busy with large pages at
// the rate of small ones.
func TestALargeAnswerTakesMoreOfTheRate(t *testing.T) {
	w := open(t).add(contracts(256)...).rated(1, 1)
	for path, want := range map[string]string{"/contracts/" + contract(7).ID().String(): "1", "/tile/entries/000": "1", "/keys/" + maker.Public().String(): "8"} {
		w.unix.Add(60)
		if resp := w.get("GET", path); resp.StatusCode != 200 {
			t.Fatalf("%s: %s", path, resp.Status)
		}
		resp := w.get("GET", path)
		if got := resp.Header.Get("Retry-After"); resp.StatusCode != 429 || got != want {
			t.Errorf("%s: %s, after %s s, want %s", path, resp.Status, got, want)
		}
	}
}

// heaviest returns the address of a contract of as many keys and documents as there may be,
// with 257 open disputes that name them all.
func (w *world) heaviest() string {
	w.t.Helper()
	var all []signer
	var parties []record.Party
	for i := range record.MaxKeys {
		all = append(all, newSigner(fmt.Sprintf("k%062d", i)))
		if i%2 == 1 {
			parties = append(parties, record.Party{Role: fmt.Sprintf("r%d", i), Threshold: 1, Keys: []note.Key{all[i-1].Key, all[i].Key}})
		}
	}
	documents := func(kind string) (list []record.Document) {
		for i := range 64 {
			list = append(list, record.Document{Hash: [32]byte{byte(i + 1)}, Size: 1, Media: "text/plain", Kind: kind, Name: fmt.Sprintf("d%d.txt", i)})
			kind = fmt.Sprintf("k%d", i+1)
		}
		return list
	}
	of := sealed(draft(1, func(t *record.Text) { t.Parties, t.Documents = parties, documents(record.Terms) }), all...)
	w.add(of)
	var list []*record.Record
	for i := range uint64(257) {
		text := &record.Text{
			Kind: record.Statement, Ledger: home.Key, Made: epoch - 60, SignBy: epoch + 86400, Contract: of.ID(),
			About: rules.AboutDispute, Parties: parties, Documents: documents("k0"),
		}
		binary.BigEndian.PutUint64(text.Nonce[8:], i)
		list = append(list, sealed(must(record.New(text)), all...))
	}
	w.add(list...)
	return "/contracts/" + of.ID().String()
}

func BenchmarkGetHeaviest(b *testing.B) {
	w := open(b)
	path := w.heaviest()
	for name, path := range map[string]string{"contract": path, "contract-feed": path + ".atom", "log": "/log"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if resp := w.get("GET", path); resp.StatusCode != http.StatusOK {
					b.Fatal(resp.Status)
				}
			}
		})
	}
}
