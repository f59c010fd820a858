package verify_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/verify"
)

func TestAReceiptProvesARegistration(t *testing.T) {
	s := good(t)
	reg, err := s.verify(t)
	if err != nil {
		t.Fatal(err)
	}
	if reg.Record.ID() != twoParties(t).ID() || reg.Registered != now || reg.Index != 2 {
		t.Errorf("entry is %s at %d, number %d", reg.Record.ID(), reg.Registered, reg.Index)
	}
	if c := reg.Checkpoint; c.Origin != home || c.Size != 5 || c.Log.Key != key(home) {
		t.Errorf("checkpoint is %+v", c.Checkpoint)
	}
	want := []int64{now + 10, now + 20, now + 30}
	if len(reg.Counted) != len(want) {
		t.Fatalf("%d cosignatures counted", len(reg.Counted))
	}
	for i, c := range reg.Counted {
		if c.Witness.Name != fmt.Sprintf("w%d", i+1) || c.Time != want[i] {
			t.Errorf("cosignature %d is of %s at %d", i, c.Witness.Name, c.Time)
		}
	}
	if reg.SeenBy != now+20 {
		t.Errorf("seen by %d, the second of three saw it at %d", reg.SeenBy, now+20)
	}
}

func TestEveryEntryOfEveryTreeHasItsReceipt(t *testing.T) {
	p := policy(t, quorumNone)
	r := twoParties(t)
	for _, size := range []uint64{1, 2, 3, 5, 8, 255, 256, 257} {
		for _, index := range slices.Compact([]uint64{0, size / 2, size - 1}) {
			log := newTree(t).fill(int(index))
			at := log.register(now, r)
			log.fill(int(size - index - 1))
			if reg := receipt(t, p, log.proof(at, size)); reg.Index != index || reg.Checkpoint.Size != size {
				t.Errorf("entry %d of %d is entry %d of %d", index, size, reg.Index, reg.Checkpoint.Size)
			}
		}
	}
}

func TestAReceiptHasTheFormOfAProof(t *testing.T) {
	b64 := func(b []byte) []byte { // of the middle of the extra line
		i := bytes.Index(b, []byte("extra ")) + 100
		b[i] = '-'
		return b
	}
	breaks(t, verify.StepProof, []breach{
		{"nothing", rewrite(func([]byte) []byte { return nil }), "no empty line before its checkpoint"},
		{"a page", rewrite(func([]byte) []byte { return []byte("<html>\n\n</html>") }), "begins with the line"},
		{"another version", rewrite(replace(t, "tlog-proof@v1\n", "tlog-proof@v2\n")), "begins with the line"},
		{"cut short", rewrite(func(b []byte) []byte { return b[:len(b)-1] }), "does not end in a line feed"},
		{"CRLF", rewrite(func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n")) }), "no empty line before its checkpoint"},
		{"a NUL", rewrite(replace(t, home+"\n5", home+"\x00\n5")), "control character 0x00"},
		{"bad UTF-8", rewrite(replace(t, home+"\n5", home+"\xff\n5")), "not valid UTF-8"},
		{"a byte after it", rewrite(func(b []byte) []byte { return append(b, '\n') }), "note has no signature line"},
		{"no index", rewrite(replace(t, "index 2\n", "")), "where index belongs"},
		{"two indexes", rewrite(replace(t, "index 2\n", "index 2\nindex 2\n")), "is not 32 bytes in canonical base64"},
		{"a leading zero", rewrite(replace(t, "index 2", "index 02")), "index of the proof"},
		{"an index of 2^63", rewrite(replace(t, "index 2", "index 9223372036854775808")), "index of the proof"},
		{"64 hashes", func(s *scenario) { s.proof = func(p *tlog.Proof) { p.Hashes = make([]tlog.Hash, 64) } }, "has 64 hashes, at most 63"},
		{"a size with a leading zero", rewrite(replace(t, home+"\n5\n", home+"\n05\n")), "size of the checkpoint"},
		{"an extension line", rewrite(replace(t, "\n\n— ", "\nmore\n\n— ")), "4 line feeds"},
		{"no signature line", func(s *scenario) { s.lines = nil }, "no signature line"},
		{"another alphabet", rewrite(b64), "not canonical base64"},
		{"too long", rewrite(func(b []byte) []byte { return append(b, make([]byte, tlog.MaxProof)...) }), "at most"},
	})
}

func TestAReceiptHasAnEntryWithARecord(t *testing.T) {
	breaks(t, verify.StepEntry, []breach{
		{"no extra", func(s *scenario) { s.proof = func(p *tlog.Proof) { p.Extra = nil } }, "does not begin with a line"},
		{"no time", func(s *scenario) { s.entry = func([]byte) []byte { return s.record } }, "does not begin with a line"},
		{"a leading zero", func(s *scenario) { s.entry = replace(t, "registered ", "registered 0") }, "is not a decimal"},
		{"a negative time", func(s *scenario) { s.entry = replace(t, "registered ", "registered -") }, "is not a decimal"},
		{"a time alone", func(s *scenario) { s.record = nil }, "record: note has no empty line"},
		{"no signature line", func(s *scenario) { s.record = sign(t, contractText(t, 0)).Bytes() }, "record: note has no signature line"},
		{"an unknown kind", func(s *scenario) { s.entry = replace(t, "/contract/v1", "/contract/v2") }, "record: line 1: unknown kind"},
		{"an unknown keyword", func(s *scenario) { s.entry = replace(t, "\ntitle ", "\nsubtitle ") }, `record: line 6: unknown keyword "subtitle"`},
		{"CRLF", func(s *scenario) { s.entry = replace(t, "/v1\n", "/v1\r\n") }, "record: note has the control character 0x0d"},
		{"a changed spelling of one value", func(s *scenario) { s.entry = replace(t, "manufacturer 1 ", "manufacturer 01 ") }, "leading zeros"},
		{"one byte too many", func(s *scenario) {
			s.entry = func(b []byte) []byte { return append(b, make([]byte, record.MaxEntry+1-len(b))...) }
		}, "entry has 32769 bytes, at most 32768"},
	})
}

func TestARecordIsForALogOfThePolicy(t *testing.T) {
	breaks(t, verify.StepLedger, []breach{
		{"no log", func(s *scenario) { s.policy = "quorum none\n" }, "which is no log of the policy"},
		{"another log", func(s *scenario) { s.policy = logLine(elsewhere) + "quorum none\n" }, key(home).String()},
		{"another key of its name", func(s *scenario) {
			s.policy = "log " + keyOf(home, elsewhere, note.Ed25519).String() + "\nquorum none\n"
		}, "which is no log of the policy"},
		{"another name of its key", func(s *scenario) {
			s.policy = "log " + keyOf(elsewhere, home, note.Ed25519).String() + "\nquorum none\n"
		}, "which is no log of the policy"},
		{"a witness of its key", func(s *scenario) {
			s.policy = "witness w " + keyOf(home, home, note.Cosignature).String() + "\nquorum none\n"
		}, "which is no log of the policy"},
	})
}

func TestTheLedgerSignedTheCheckpointUnderItsOrigin(t *testing.T) {
	two := logLine(elsewhere) + quorumTwo
	cosigned := good(t).lines[1:]
	breaks(t, verify.StepCheckpoint, []breach{
		{"another log's checkpoint", func(s *scenario) {
			s.policy, s.origin, s.lines[0] = two, elsewhere, signs(elsewhere)
		}, "is of \"elsewhere.example\", the ledger is ledger.example"},
		{"the ledger's signature under another origin", func(s *scenario) { s.origin = elsewhere }, "is of \"elsewhere.example\""},
		{"another log's signature under the ledger's origin", func(s *scenario) {
			s.policy, s.lines[0] = two, signs(elsewhere)
		}, "is not signed by the key of ledger.example, " + key(home).Public().Fingerprint()},
		{"witnesses alone", func(s *scenario) { s.lines = cosigned }, "is not signed by the key"},
		{"another key of its name", func(s *scenario) { s.lines[0] = signsAs(keyOf(home, stranger, note.Ed25519), stranger) }, "is not signed by the key"},
		{"its key under another name", func(s *scenario) { s.lines[0] = signsAs(keyOf(stranger, home, note.Ed25519), home) }, "is not signed by the key"},
		{"its key as a witness", func(s *scenario) { s.lines[0] = sawAs(keyOf(home, home, note.Cosignature), home, now) }, "is not signed by the key"},
		{"a changed signature", func(s *scenario) { s.lines[0] = spoilt(signs(home)) }, "the signature of ledger.example under the checkpoint does not verify"},
		{"a short signature", func(s *scenario) { s.lines[0] = cut(signs(home)) }, "does not verify"},
		{"a stranger's signature", func(s *scenario) { s.lines[0] = signsAs(key(home), stranger) }, "does not verify"},
		{"a signature of another checkpoint", func(s *scenario) { s.lines[0] = about("other", signs(home)) }, "does not verify"},
		{"a good and a bad signature", func(s *scenario) { s.lines = append(s.lines, spoilt(signs(home))) }, "does not verify"},
		{"a changed size", rewrite(replace(t, home+"\n5\n", home+"\n6\n")), "does not verify"},
	})
}

func TestEveryLineOfAKnownKeyVerifies(t *testing.T) {
	late := func(at uint64) line {
		return func(text []byte) note.Signature {
			sig := ed25519.Sign(secret("w3"), fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", at, text))
			return witness("w3").Signature(append(binary.BigEndian.AppendUint64(nil, at), sig...))
		}
	}
	bad := func(l line) func(*scenario) { return func(s *scenario) { s.lines[3] = l } }
	breaks(t, verify.StepCosignature, []breach{
		{"a changed cosignature", bad(spoilt(saw("w3", now))), "witness w3: cosignature of w3 does not verify"},
		{"a short cosignature", bad(cut(saw("w3", now))), "witness w3: cosignature of w3 does not verify"},
		{"a time alone", bad(func([]byte) note.Signature { return witness("w3").Signature([]byte("now")) }), "has 3 bytes, at least 8"},
		{"a stranger's", bad(sawAs(witness("w3"), stranger, now)), "does not verify"},
		{"of another checkpoint", bad(about("other", saw("w3", now))), "does not verify"},
		{"without a time", bad(signsAs(witness("w3"), "w3")), "witness w3"},
		{"of a changed time", bad(func(text []byte) note.Signature {
			s := saw("w3", now)(text)
			s.Bytes[7]++
			return s
		}), "does not verify"},
		{"of a time of 2^63", bad(late(1 << 63)), "has the time 9223372036854775808"},
		{"a second that does not verify", func(s *scenario) { s.lines = append(s.lines, spoilt(saw("w1", now))) }, "witness w1"},
		{"a first that does not verify", func(s *scenario) {
			s.lines = append([]line{spoilt(saw("w1", now))}, s.lines...)
		}, "witness w1"},
		{"too old, and changed", bad(spoilt(saw("w3", now-9999))), "witness w3"},
		{"nobody asks for it", func(s *scenario) {
			s.policy, s.lines[3] = threeOf+"quorum none\n", spoilt(saw("w3", now))
		}, "witness w3"},
		{"of another log of the policy", func(s *scenario) {
			s.policy, s.lines = logLine(elsewhere)+s.policy, append(s.lines, spoilt(signs(elsewhere)))
		}, "the signature of elsewhere.example, another log, under the checkpoint does not verify"},
	})
}

func TestTheWitnessesThatCountMeetTheQuorum(t *testing.T) {
	only := func(lines ...line) func(*scenario) {
		return func(s *scenario) { s.lines = append([]line{signs(home)}, lines...) }
	}
	groups := logLine(home) + witnessLine("w1") + witnessLine("w2") + witnessLine("w3") + witnessLine("w4") +
		"group a any w1 w2\ngroup b any w3 w4\ngroup both all a b\nquorum both\n"
	under := func(p string, lines ...line) func(*scenario) {
		return func(s *scenario) {
			only(lines...)(s)
			s.policy = p
		}
	}
	breaks(t, verify.StepQuorum, []breach{
		{"nobody", only(), "the quorum most is not met: no witness of the policy cosigned"},
		{"one of two", only(saw("w2", now)), "the quorum most is not met: w2 cosigned at 2026-05-28T20:26:40Z"},
		{"one of two, twice", only(saw("w2", now), saw("w2", now+1)), "w2 cosigned at 2026-05-28T20:26:40Z, w2 cosigned at 2026-05-28T20:26:41Z"},
		{"both too old", only(saw("w1", now-301), saw("w2", now-301)), "w1 cosigned at 2026-05-28T20:21:39Z, before the entry was there"},
		{"one too old", only(saw("w1", now-300), saw("w2", now-301)), "w1 cosigned at 2026-05-28T20:21:40Z, w2 cosigned at 2026-05-28T20:21:39Z, before the entry was there"},
		{"at the beginning of time", only(saw("w1", 0), saw("w2", 0)), "w1 cosigned at 1970-01-01T00:00:00Z, before"},
		{"strangers", only(saw("w4", now), saw("w5", now)), "no witness of the policy cosigned"},
		{"strangers of the same names", only(sawAs(keyOf("w1", stranger, note.Cosignature), stranger, now), sawAs(keyOf("w2", stranger, note.Cosignature), stranger, now)), "no witness of the policy cosigned"},
		{"the keys under other names", only(sawAs(keyOf("x1", "w1", note.Cosignature), "w1", now), sawAs(keyOf("x2", "w2", note.Cosignature), "w2", now)), "no witness of the policy cosigned"},
		{"the keys as logs", only(signsAs(keyOf("w1", "w1", note.Ed25519), "w1"), signsAs(keyOf("w2", "w2", note.Ed25519), "w2")), "no witness of the policy cosigned"},
		{"the one who has to has not", under(quorumOne, saw("w2", now), saw("w3", now)), "the quorum w1 is not met: no witness"},
		{"two of one group", under(groups, saw("w1", now), saw("w2", now)), "the quorum both is not met"},
	})
	holds(t, map[string]func(*scenario){
		"none":               under(quorumNone),
		"none, with lines":   under(threeOf+"quorum none\n", saw("w1", now-9999)),
		"one":                under(quorumOne, saw("w1", now)),
		"exactly 300 before": only(saw("w1", now-300), saw("w2", now-300)),
		"long after":         only(saw("w1", now+1e9), saw("w2", math.MaxInt64)),
		"w3 and w1":          only(saw("w3", now), saw("w1", now)),
		"an old one of one who also has a new one": only(saw("w1", now-9999), saw("w1", now), saw("w2", now)),
		"one of each group":                        under(groups, saw("w2", now), saw("w3", now)),
		"the log's name for a witness":             under(logLine(home)+"witness w "+keyOf(home, "w1", note.Cosignature).String()+"\nquorum w\n", sawAs(keyOf(home, "w1", note.Cosignature), "w1", now)),
	})
}

func TestLinesOfUnknownKeysAreIgnored(t *testing.T) {
	add := func(lines ...line) func(*scenario) {
		return func(s *scenario) { s.lines = append(slices.Clone(lines), s.lines...) }
	}
	mldsa := func(text []byte) note.Signature {
		return note.Signature{Name: home, ID: 0x06060606, Bytes: make([]byte, 8+2420)}
	}
	holds(t, map[string]func(*scenario){
		"a stranger's log line":           add(spoilt(signs(stranger))),
		"a stranger's cosignature":        add(spoilt(saw(stranger, now))),
		"another key of the log's name":   add(spoilt(signsAs(keyOf(home, stranger, note.Ed25519), stranger))),
		"another key of a witness's name": add(spoilt(sawAs(keyOf("w1", stranger, note.Cosignature), stranger, now))),
		"the log's key as a witness":      add(spoilt(sawAs(keyOf(home, home, note.Cosignature), home, now))),
		"a witness's key as a log":        add(spoilt(signsAs(keyOf("w1", "w1", note.Ed25519), "w1"))),
		"a line of a type to come":        add(mldsa),
		"another log of the policy": func(s *scenario) {
			s.policy, s.lines = logLine(elsewhere)+s.policy, append(s.lines, signs(elsewhere))
		},
		"the log's line last":  func(s *scenario) { slices.Reverse(s.lines) },
		"the log's line twice": add(signs(home)),
		"100 lines": func(s *scenario) {
			for i := len(s.lines); i < note.MaxSignatures; i++ {
				s.lines = append(s.lines, spoilt(saw(stranger, int64(i))))
			}
		},
	})
}
