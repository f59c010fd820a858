package expanded

import (
	"crypto/ed25519"
	"encoding/binary"
	"sync"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
)

// A signer is key number n, and its signature of one text.
type signer struct {
	public note.PublicKey
	sig    []byte
}

var text = []byte("text\n")

func signerOf(t testing.TB, n int) signer {
	t.Helper()
	seed := make([]byte, 32)
	binary.BigEndian.PutUint64(seed, uint64(n))
	secret := ed25519.NewKeyFromSeed(seed)
	public, err := note.ParsePublicKey(secret.Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	return signer{public, ed25519.Sign(secret, text)}
}

func (k *Keys) check(t testing.TB, s signer) {
	t.Helper()
	if !k.Verify(s.public, text, s.sig) {
		t.Fatalf("the signature of key %s does not verify", s.public)
	}
}

func (k *Keys) has(s signer) bool { return k.known[[32]byte(s.public.Bytes())] != nil }

// whole checks what holds at any time.
func (k *Keys) whole(t testing.TB) {
	t.Helper()
	if len(k.ring) != len(k.known) || k.hand >= max(1, len(k.ring)) {
		t.Fatalf("%d keys in the ring, %d known, the hand is at %d", len(k.ring), len(k.known), k.hand)
	}
	for raw, e := range k.known {
		if [32]byte(e.public.Bytes()) != raw {
			t.Fatalf("key %s is known as %x", e.public, raw)
		}
	}
}

func TestAKeyIsExpandedWhenItSignsAgain(t *testing.T) {
	k, s := newKeys(2, 64), signerOf(t, 0)
	for n := range 3 {
		k.check(t, s)
		if k.has(s) != (n > 0) {
			t.Errorf("after %d signatures it is expanded: %v", n+1, k.has(s))
		}
	}
}

// To read a key, or to be refused, is not to sign.
func TestOnlyWhatVerifiedExpandsAKey(t *testing.T) {
	k, s := newKeys(2, 64), signerOf(t, 0)
	for range 9 {
		if _, err := k.ParsePublicKey(s.public.Bytes()); err != nil {
			t.Fatal(err)
		}
		if k.Verify(s.public, []byte("another"), s.sig) {
			t.Fatal("verifies another text")
		}
	}
	if k.check(t, s); k.has(s) {
		t.Error("it is expanded after its first signature")
	}
}

func TestAMillionKeysTakeNoMoreMemoryThanIsSaid(t *testing.T) {
	k := newKeys(8, 64)
	for n := range 500 {
		s := signerOf(t, n)
		k.check(t, s)
		k.check(t, s)
		if k.whole(t); len(k.ring) != min(n+1, 8) || cap(k.ring) != 8 || len(k.met)*ways != 64 {
			t.Fatalf("after %d keys %d are expanded, %d met", n+1, len(k.ring), len(k.met))
		}
	}
	if k := New(); cap(k.ring) != MaxExpanded || len(k.met)*ways != maxMet {
		t.Errorf("New keeps %d and %d", cap(k.ring), len(k.met))
	}
}

// Keys that share a place and sign in turn are met again all the same.
func TestKeysOfOnePlaceAreExpandedAtTheirSecondSignature(t *testing.T) {
	k := newKeys(2*ways, ways)
	for round := range 3 {
		for n := range ways {
			s := signerOf(t, n)
			if k.check(t, s); k.has(s) != (round > 0) {
				t.Errorf("in round %d key %d is expanded: %v", round+1, n, k.has(s))
			}
		}
	}
}

// Keys that sign once expand nothing; those that sign twice drive out each other.
func TestStrangersDoNotDriveOutWhoIsAtWork(t *testing.T) {
	k := newKeys(8, 1024)
	var regulars []signer
	for n := range 4 {
		regulars = append(regulars, signerOf(t, n))
		k.check(t, regulars[n])
		k.check(t, regulars[n])
	}
	for n := range 200 {
		s := signerOf(t, 100+n)
		k.check(t, s)
		if n%2 == 0 {
			k.check(t, s)
		}
		for _, r := range regulars {
			if k.check(t, r); !k.has(r) {
				t.Fatalf("key %s was forgotten after %d strangers", r.public, n+1)
			}
		}
	}
	// And who does not come any more goes.
	for n := range 40 * turns {
		s := signerOf(t, 1000+n)
		k.check(t, s)
		k.check(t, s)
	}
	for _, r := range regulars {
		if k.has(r) {
			t.Errorf("key %s stays for ever", r.public)
		}
	}
}

// More keys than places, in turn: the worst that can come. Some stay, and few are
// expanded in vain.
func TestKeysThatComeInTurnAreNotAllExpanded(t *testing.T) {
	const places, rounds = 8, 50
	k := newKeys(places, 1024)
	var signers []signer
	for n := range 3 * places {
		signers = append(signers, signerOf(t, n))
	}
	hits, made := 0, 0
	for range rounds {
		for _, s := range signers {
			had := k.has(s)
			if k.check(t, s); had {
				hits++
			} else if k.has(s) {
				made++
			}
		}
	}
	checks := rounds * len(signers)
	if hits < checks/5 || made > places+checks/turns {
		t.Errorf("of %d checks %d were by expanded keys, and %d keys were expanded", checks, hits, made)
	}
	t.Logf("of %d checks %d were by expanded keys, and %d keys were expanded", checks, hits, made)
}

func TestWhatIsRememberedIsReadAsItWas(t *testing.T) {
	k := newKeys(4, 4)
	for range 3 {
		for n := range 12 {
			s := signerOf(t, n)
			p, err := k.ParsePublicKey(s.public.Bytes())
			if err != nil || p != s.public {
				t.Fatalf("key %s is read as %s: %v", s.public, p, err)
			}
			k.check(t, s)
		}
	}
	for _, bad := range append(odd, nil, make([]byte, 31), make([]byte, 32), make([]byte, 33)) {
		for range 2 {
			_, err := k.ParsePublicKey(bad)
			_, want := note.ParsePublicKey(bad)
			if err == nil || want == nil || err.Error() != want.Error() {
				t.Errorf("%x: %v, want %v", bad, err, want)
			}
		}
	}
	if k.Verify(note.PublicKey{}, text, make([]byte, 64)) {
		t.Error("no key verifies")
	}
}

func TestKeysMayBeUsedByManyAtOnce(t *testing.T) {
	k := newKeys(4, 16)
	var signers []signer
	for n := range 12 {
		signers = append(signers, signerOf(t, n))
	}
	var wait sync.WaitGroup
	for w := range 8 {
		wait.Go(func() {
			for n := range 60 {
				s := signers[(n*n+w)%len(signers)]
				if p, err := k.ParsePublicKey(s.public.Bytes()); err != nil || p != s.public {
					t.Errorf("key %s is read as %s: %v", s.public, p, err)
				}
				if !k.Verify(s.public, text, s.sig) || k.Verify(s.public, text[:1], s.sig) {
					t.Errorf("key %s is judged wrongly", s.public)
				}
			}
		})
	}
	wait.Wait()
	k.whole(t)
}
