package objects

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
)

// signer returns the key of a ledger, as those of its tests are.
func signer(name string) note.Key {
	public, err := note.ParsePublicKey(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)).Public().(ed25519.PublicKey))
	if err != nil {
		panic(err)
	}
	k, err := note.NewKey(name, note.Ed25519, public)
	if err != nil {
		panic(err)
	}
	return k
}

// sample returns a head with every field, and entries of these lengths.
func sample(lengths ...int) Head {
	h := Head{
		Nonce: Nonce{1, 2, 3, 15: 255}, Epoch: 7, Owner: "https://n1.example:8443", State: Open, Time: 1_800_000_000,
		Ledger: signer("ledger.example"), Checkpoint: tlog.Checkpoint{Origin: "ledger.example", Size: 10_000, Root: tlog.EmptyRoot()},
	}
	var batch [][]byte
	for i, n := range lengths {
		batch = append(batch, bytes.Repeat([]byte{byte(i)}, n))
	}
	return h.with(batch)
}

func same(a, b Head) bool {
	equal := slices.EqualFunc(a.Batch, b.Batch, bytes.Equal) && a.batch == b.batch
	a.Batch, b.Batch, a.batch, b.batch = nil, nil, 0, 0
	return equal && fmt.Sprintf("%#v", a) == fmt.Sprintf("%#v", b)
}

func TestAHeadIsReadAsItWasWritten(t *testing.T) {
	for name, change := range map[string]func(*Head){
		"all":       func(*Head) {},
		"no batch":  func(h *Head) { *h = h.with(nil) },
		"nobody":    func(h *Head) { h.Owner = "" },
		"frozen":    func(h *Head) { h.State = Frozen },
		"moved":     func(h *Head) { h.State = Moved },
		"empty":     func(h *Head) { *h = h.with(nil); h.Time, h.Checkpoint.Size = 0, 0 },
		"all of it": func(h *Head) { h.Checkpoint.Size = uint64(h.batch) },
		"largest":   func(h *Head) { h.Epoch, h.Time, h.Checkpoint.Size = math.MaxInt64, math.MaxInt64, tlog.MaxSize },
	} {
		h := sample(0, 1, 2, math.MaxUint16)
		change(&h)
		got, err := ParseHead(h.Bytes())
		if err != nil || !same(got, h) || got.Before() != h.Checkpoint.Size-uint64(len(h.Batch)) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		b := h.Bytes()
		peeked, err := parsePeeked(b[:min(len(b), maxText+len("\n\n"))])
		if err != nil || peeked.Batch != nil || peeked.Before() != h.Before() || peeked.Nonce != h.Nonce || peeked.Owner != h.Owner {
			t.Errorf("%s, its beginning: %+v, %v", name, peeked, err)
		}
	}
}

func TestAHeadOfAnotherFormIsRefused(t *testing.T) {
	good := string(sample(3, 4).Bytes())
	cosigner, err := note.NewKey("ledger.example", note.Cosignature, signer("ledger.example").Public())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, old, new string }{
		{"another version", "head 1", "head 2"},
		{"an uppercase nonce", "ff\nepoch", "FF\nepoch"},
		{"a short nonce", "01020", "1020"},
		{"a long nonce", "01020", "0001020"},
		{"epoch 0", "epoch 7", "epoch 0"},
		{"an epoch with a zero before", "epoch 7", "epoch 07"},
		{"an epoch of 64 bits", "epoch 7", "epoch 9223372036854775808"},
		{"no epoch", "epoch 7\n", ""},
		{"an owner of another scheme", "https:", "ftp:"},
		{"an owner with a path", ":8443", ":8443/"},
		{"an owner with a name", "https://", "https://me@"},
		{"an empty owner", "https://n1.example:8443", ""},
		{"another state", "state open", "state shut"},
		{"a time before 1970", "time 1", "time -1"},
		{"a batch with a sign", "batch 2", "batch +2"},
		{"a batch with a zero before", "batch 2", "batch 02"},
		{"a batch of more than there is", "batch 2", "batch 3"},
		{"a batch of less than there is", "batch 2", "batch 1"},
		{"a batch of more than the tree", "10000\n", "1\n"},
		{"two lines in another order", "state open\ntime 1800000000", "time 1800000000\nstate open"},
		{"a carriage return", "state open\n", "state open\r\n"},
		{"an origin with a space", "\nledger.example\n", "\nledger example\n"},
		{"an origin that is not the key's name", "\nledger.example\n", "\nother.example\n"},
		{"a key of another name", "ledger ledger.example+", "ledger other.example+"},
		{"a key of another id", "ledger.example+", "ledger.example+0"},
		{"no key", "ledger " + signer("ledger.example").String() + "\n", ""},
		{"a key of a witness", signer("ledger.example").String(), cosigner.String()},
		{"a fourth line of the checkpoint", "=\n\n", "=\nmore\n\n"},
		{"no empty line", "=\n\n", "=\n"},
		{"two empty lines", "=\n\n", "=\n\n\n"},
		{"a space at an end", "state open\n", "state open \n"},
	} {
		bad := strings.Replace(good, c.old, c.new, 1)
		if bad == good {
			t.Fatalf("%s: nothing is changed", c.name)
		}
		if h, err := ParseHead([]byte(bad)); err == nil {
			t.Errorf("%s is read as %+v", c.name, h)
		}
	}
	for _, bad := range []string{"", good + "x", good[:len(good)-1], good + "\x00\x00", good + good} {
		if h, err := ParseHead([]byte(bad)); err == nil {
			t.Errorf("%.40q of %d bytes is read as %+v", bad, len(bad), h)
		}
	}
}

// Each limit is kept, and one past it refused.
func TestTheLimitsOfAHead(t *testing.T) {
	owner := func(n int) string { return "https://" + strings.Repeat("a", n-len("https://")) }
	bytes := func(n int) Head {
		left := n - len(sample(slices.Repeat([]int{0}, 200)...).Bytes())
		lengths := make([]int, 200)
		for i := range lengths {
			lengths[i] = min(left, math.MaxUint16)
			left -= lengths[i]
		}
		return sample(lengths...)
	}
	owned := func(n int) Head { h := sample(); h.Owner = owner(n); return h }
	for _, c := range []struct {
		name  string
		limit int
		head  func(n int) Head
	}{
		{"bytes of the owner", maxOwner, owned},
		{"entries", maxBatch, func(n int) Head { return sample(slices.Repeat([]int{1}, n)...) }},
		{"bytes", MaxHead, bytes},
	} {
		h := c.head(c.limit)
		if got, err := ParseHead(h.Bytes()); err != nil || !same(got, h) {
			t.Errorf("%d %s: %v", c.limit, c.name, err)
		}
		if _, err := ParseHead(c.head(c.limit + 1).Bytes()); err == nil {
			t.Errorf("%d %s are read", c.limit+1, c.name)
		}
	}
	if err := CheckOwner(owner(maxOwner)); err != nil {
		t.Error(err)
	}
	if CheckOwner(owner(maxOwner+1)) == nil {
		t.Errorf("an owner of %d bytes is one", maxOwner+1)
	}
}

// The longest fields that there are together are within the text.
func TestEveryHeadFitsIntoWhatIsPeeked(t *testing.T) {
	h := sample()
	h.Epoch, h.Time, h.State, h.Owner = math.MaxUint64, math.MaxInt64, Frozen, "https://"+strings.Repeat("a", maxOwner-len("https://"))
	h.Checkpoint.Size, h.Checkpoint.Origin = math.MaxUint64, strings.Repeat("o", note.MaxName)
	h.Ledger = signer(h.Checkpoint.Origin)
	if n := len(h.Bytes()); n > maxText {
		t.Errorf("a head may have %d bytes before its batch, %d are read", n, maxText)
	}
}

// FuzzHead: what is read is printed as it was, and its beginning says the same.
func FuzzHead(f *testing.F) {
	for _, h := range []Head{sample(), sample(0), sample(3, 4), {Epoch: 1, State: Moved, Ledger: signer("l"), Checkpoint: tlog.Checkpoint{Origin: "l", Root: tlog.EmptyRoot()}}} {
		f.Add(h.Bytes())
	}
	f.Add([]byte(headLine))
	f.Add([]byte("\n\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := ParseHead(b)
		peeked, failed := parsePeeked(b[:min(len(b), maxText+len("\n\n"))])
		if err != nil {
			return
		}
		if !bytes.Equal(h.Bytes(), b) || len(h.Batch) != h.batch || h.Before() > h.Checkpoint.Size {
			t.Errorf("%q is read as %+v", b, h)
		}
		h.Batch = nil
		peeked.Batch = nil
		if failed != nil || peeked.batch != h.batch || !same(peeked, h) {
			t.Errorf("%q begins as %+v, %v, and is %+v", b, peeked, failed, h)
		}
	})
}
