package testvectors

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/chirograph/chirograph/crypto/expanded"
	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
)

func checkKey(in *input) outcome {
	vkey := string(in.octets("vkey"))
	k, err := note.ParseKey(vkey)
	if err != nil {
		return fails("form", err)
	}
	if k.String() != vkey {
		in.t.Errorf("%q is printed %q", vkey, k.String())
	}
	return ok(map[string]any{"name": k.Name(), "id": fmt.Sprintf("%08x", k.ID()), "type": k.Type(), "public": hex.EncodeToString(k.PublicBytes())})
}

func checkEd25519(in *input) outcome {
	public, message, sig := in.hex("public"), in.hex("message"), in.hex("signature")
	k, err := note.ParsePublicKey(public)
	if err != nil {
		return fails("key", err)
	}
	verifies, keys := k.Verify(message, sig), expanded.New()
	for n := range 3 { // new, met, expanded
		if again, err := keys.ParsePublicKey(public); err != nil || again != k || keys.Verify(again, message, sig) != verifies {
			in.t.Errorf("a ledger that saw the key %d times does not say what the verifier says: %v", n, err)
		}
	}
	if !verifies {
		return fails("signature", errors.New("does not verify"))
	}
	return ok(nil)
}

// openRecord returns the kind of failure of a record, or the record.
func openRecord(b []byte) (*record.Record, outcome) {
	r, err := record.Open(b, note.PublicKey.Verify)
	var fault *record.SignatureError
	switch {
	case errors.As(err, &fault):
		return nil, fails("signed", err)
	case err != nil:
		return nil, fails("form", err)
	}
	if missing := r.Missing(); len(missing) > 0 {
		return nil, fails("quorum", fmt.Errorf("%s has %d signatures of %d", missing[0].Name(), missing[0].Signed, missing[0].Threshold))
	}
	return r, outcome{}
}

func checkRecord(in *input) outcome {
	b := in.octets("record")
	r, fault := openRecord(b)
	if r == nil {
		return fault
	}
	if !bytes.Equal(r.Bytes(), b) {
		in.t.Errorf("%q is printed %q", b, r.Bytes())
	}
	return ok(map[string]any{
		"kind": r.Text().Kind.String(), "id": r.ID().String(), "ledger": r.Text().Ledger.String(),
		"signers": keyStrings(r.Text().Signers()), "signed": keyStrings(r.Signed()),
	})
}

func keyStrings(keys []note.Key) []string {
	list := make([]string, 0, len(keys))
	for _, k := range keys {
		list = append(list, k.String())
	}
	return list
}

func checkEntry(in *input) outcome {
	b := in.octets("entry")
	if len(b) > record.MaxEntry {
		return fails("size", fmt.Errorf("%d bytes", len(b)))
	}
	e, err := record.ParseEntry(b)
	if err != nil {
		return fails("form", err)
	}
	r, fault := openRecord(e.Record)
	if r == nil {
		return fault
	}
	if !bytes.Equal(e.Bytes(), b) {
		in.t.Errorf("%q is printed %q", b, e.Bytes())
	}
	leaf := leafHash(string(b))
	return ok(map[string]any{"registered": e.Registered, "id": r.ID().String(), "leaf": hex.EncodeToString(leaf[:])})
}
