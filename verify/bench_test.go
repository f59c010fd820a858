package verify_test

import (
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/verify"
)

// inAMillion returns the receipt of a two-party contract as the first entry of a
// tree of 2^20, whose other subtrees are made up.
func inAMillion(t testing.TB, lines ...line) []byte {
	entry := record.Entry{Registered: now, Record: twoParties(t).Bytes()}.Bytes()
	p := tlog.Proof{Extra: entry}
	root := tlog.LeafHash(entry)
	for i := range byte(20) {
		h := tlog.LeafHash([]byte{i})
		p.Hashes, root = append(p.Hashes, h), tlog.NodeHash(root, h)
	}
	p.Checkpoint = signed(tlog.Checkpoint{Origin: home, Size: 1 << 20, Root: root}, append([]line{signs(home)}, lines...)...)
	return p.Bytes()
}

func BenchmarkReceipt(b *testing.B) {
	for _, c := range []struct {
		name, policy string
		lines        []line
	}{
		{"quorum-none", quorumNone, nil}, // three signatures: the log's and the parties'
		{"quorum-2-of-3", quorumTwo, []line{saw("w1", now), saw("w2", now), saw("w3", now)}}, // six
	} {
		b.Run(c.name, func(b *testing.B) {
			p, proof := policy(b, c.policy), inAMillion(b, c.lines...)
			b.SetBytes(int64(len(proof)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := verify.Receipt(p, proof); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkSignature is one signature check over the contract's text: of these
// BenchmarkReceipt has its floor.
func BenchmarkSignature(b *testing.B) {
	text := twoParties(b).Text().Bytes()
	pub, sig := key("alice.example").Public(), signs("alice.example")(text).Bytes
	for b.Loop() {
		if !note.PublicKey.Verify(pub, text, sig) {
			b.Fatal("does not verify")
		}
	}
}

func BenchmarkReport(b *testing.B) {
	p := policy(b, quorumNone)
	reg, err := verify.Receipt(p, inAMillion(b))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		_ = reg.Report(p).String()
	}
}

func BenchmarkParsePolicy(b *testing.B) {
	text := []byte(x()) // a log, six witnesses, three groups
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := verify.ParsePolicy(text); err != nil {
			b.Fatal(err)
		}
	}
}
