package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
)

// A minter makes contracts between makers and buyers: of number n always the same
// one, with the signatures of both.
type minter struct {
	ledger note.Key
	made   int64
	makers []signer
	buyers []signer
}

type signer struct {
	note.Key
	secret ed25519.PrivateKey
}

// newMinter makes the keys of so many of each, and a contract's date of made, in POSIX
// seconds.
func newMinter(ledger note.Key, parties int, made int64) (*minter, error) {
	m := &minter{ledger: ledger, made: made}
	for n := range parties {
		maker, err1 := newSigner("maker.example", n)
		buyer, err2 := newSigner("buyer.example", n)
		if err := errors.Join(err1, err2); err != nil {
			return nil, err
		}
		m.makers, m.buyers = append(m.makers, maker), append(m.buyers, buyer)
	}
	return m, nil
}

func newSigner(name string, n int) (signer, error) {
	name = fmt.Sprintf("%d.%s", n, name)
	seed := sha256.Sum256([]byte(name))
	secret := ed25519.NewKeyFromSeed(seed[:])
	public, err := note.ParsePublicKey(secret.Public().(ed25519.PublicKey))
	if err != nil {
		return signer{}, err
	}
	key, err := note.NewKey(name, note.Ed25519, public)
	return signer{key, secret}, err
}

// between returns who makes contract number n.
func (m *minter) between(n uint64) (maker, buyer signer) {
	return m.makers[n%uint64(len(m.makers))], m.buyers[n*7919%uint64(len(m.buyers))]
}

// text returns what contract number n says: as much as one that the tools make of a
// title and one document.
func (m *minter) text(n uint64) *record.Text {
	maker, buyer := m.between(n)
	hash := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("terms"), n))
	nonce := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("nonce"), n))
	return &record.Text{
		Kind: record.Contract, Ledger: m.ledger, Made: m.made, SignBy: m.made + 14*86400, Nonce: [16]byte(nonce[:16]),
		Title: "Forty flow meters",
		Parties: []record.Party{
			{Role: "manufacturer", Threshold: 1, Keys: []note.Key{maker.Key}},
			{Role: "buyer", Threshold: 1, Keys: []note.Key{buyer.Key}},
		},
		Documents: []record.Document{{Salted: true, Hash: hash, Size: 8192, Media: "text/markdown", Kind: record.Terms, Name: "terms.md"}},
	}
}

// record returns contract number n.
func (m *minter) record(n uint64) []byte {
	text := m.text(n).Bytes()
	maker, buyer := m.between(n)
	return note.Note{Text: text, Signatures: []note.Signature{
		maker.Signature(ed25519.Sign(maker.secret, text)), buyer.Signature(ed25519.Sign(buyer.secret, text)),
	}}.Bytes()
}

// records returns contracts from number first on, made on all cores.
func (m *minter) records(first uint64, n int) [][]byte {
	list := make([][]byte, n)
	eachCore(n, func(_, i int) error {
		list[i] = m.record(first + uint64(i))
		return nil
	})
	return list
}

// eachCore calls f for the numbers below n, on all cores, and returns the first error
// of each of them.
func eachCore(n int, f func(core, i int) error) error {
	cores := runtime.GOMAXPROCS(0)
	errs := make([]error, cores)
	var group sync.WaitGroup
	for core := range cores {
		group.Go(func() {
			for i := core; i < n && errs[core] == nil; i += cores {
				errs[core] = f(core, i)
			}
		})
	}
	group.Wait()
	return errors.Join(errs...)
}

// writeRecords writes records to a file, each after its length.
func writeRecords(file string, list [][]byte) error {
	var b []byte
	for _, r := range list {
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(r))), r...)
	}
	return os.WriteFile(file, b, 0o600)
}

// readRecords reads the first n records of such a file.
func readRecords(file string, n int) ([][]byte, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	list := make([][]byte, n)
	for i := range list {
		if len(b) < 4 || uint32(len(b)-4) < binary.BigEndian.Uint32(b) {
			return nil, fmt.Errorf("%s has %d records, not %d", file, i, n)
		}
		end := 4 + binary.BigEndian.Uint32(b)
		list[i], b = b[4:end:end], b[end:]
	}
	return list, nil
}
