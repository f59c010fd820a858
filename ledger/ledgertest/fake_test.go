package ledgertest

import (
	"bytes"
	"net/http"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/verify"
)

func TestFixtureServesWhatItHas(t *testing.T) {
	f := NewFake(60)
	f.Fill(300)
	c := f.Checkpoint(300)
	if root := must(tlog.Root(f.Tile, 300)); root != c.Root || len(must(tlog.ParseBundle(must(f.answer("tile/entries/001.p/44")), 44))) != 44 {
		t.Error(root)
	}
	id := verify.OpenEntry(f.Entries[0]).Record.ID().String()
	if !bytes.Contains(must(f.answer("contracts/"+id)), []byte(`"in force"`)) {
		t.Error("no status")
	}
}

// A twin signs with the same key, and no text of it is one of the other's.
func TestTwinsGoTheirOwnWays(t *testing.T) {
	f := NewFake(1)
	f.Fill(3)
	twin := f.Twin()
	f.Fill(5)
	twin.Fill(5)
	if twin.Key != f.Key || twin.Checkpoint(3).Root != f.Checkpoint(3).Root || twin.Checkpoint(4).Root == f.Checkpoint(4).Root {
		t.Error("they are one, or were never")
	}
}

// A witness has one line under a tree, its last, and it verifies.
func TestWhatWasSeenIsCosignedOnce(t *testing.T) {
	f := NewFake(1)
	f.Fill(2)
	a, b := NewSigner("a.example", note.Cosignature), NewSigner("b.example", note.Cosignature)
	f.Seen(Begin+1, a, b)
	f.Seen(Begin+2, a)
	lines := f.Checkpoint(2).Note.Signatures
	if len(lines) != 3 || !lines[0].By(Home.Key) || !lines[1].By(b.Key) || !lines[2].By(a.Key) {
		t.Fatal(lines)
	}
	p := must(verify.ParsePolicy([]byte("log " + Home.String() + "\nwitness a " + a.String() + "\nquorum a\n")))
	if v, err := p.Checkpoint(f.Checkpoint(2)); err != nil || must(p.SeenBy(v)) != Begin+2 {
		t.Error(v, err)
	}
	if f.ForgetCosignatures(); len(f.Checkpoint(2).Note.Signatures) != 1 {
		t.Error("cosigned all the same")
	}
}

func TestServerAnswersAsItIsTold(t *testing.T) {
	f := NewFake(1)
	f.Fill(1)
	client := Serve(t, f)
	get := func(path string) int {
		resp, err := client.Get("http://ledger.example/" + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		return resp.StatusCode
	}
	if got := []int{get("checkpoint"), get("tile/0/000.p/1"), get("tile/0/000.p/2"), get("tile/entries/000.p/1")}; got[0] != 200 || got[1] != 200 || got[2] != 404 || got[3] != 200 {
		t.Error(got)
	}
	if n := f.Asked("tile/"); n != 3 || f.Asked("") != 4 {
		t.Errorf("asked for %d tiles", n)
	}
	f.Forget()
	f.Alter = func(string, []byte) []byte { return nil }
	if status := get("checkpoint"); status != http.StatusNotFound || f.Asked("") != 1 {
		t.Error(status)
	}
	f.Fails = func(path string) bool { return path == "checkpoint" }
	if status := get("checkpoint"); status != http.StatusServiceUnavailable {
		t.Error(status)
	}
}
