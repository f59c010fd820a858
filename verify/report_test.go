package verify_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/verify"
)

// files are the documents of contractText as they lie in a folder.
func files() fstest.MapFS {
	return fstest.MapFS{
		"document-1.md":      {Data: termsText},
		"document-1.md.salt": {Data: termsSalt},
		"Drawing (A3).svg":   {Data: drawingText},
		"another file":       {Data: []byte("of nobody")},
	}
}

// reported returns the report of a contract that three witnesses saw, with no
// document compared.
func reported(t testing.TB, p string) (*verify.Registration, *verify.Report) {
	t.Helper()
	log := newTree(t).fill(41)
	index := log.register(now, sign(t, contractText(t, 1), both...))
	log.fill(20)
	trust := policy(t, p)
	reg := receipt(t, trust, log.proof(index, 62, sawLattice(home, now+40), saw("w1", now+30), saw("w2", now+10), saw("w3", now+20)))
	return reg, reg.Report(trust)
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s has changed: is\n%s\nwas\n%s", path, got, want)
	}
}

func TestTheReportsWords(t *testing.T) {
	_, alone := reported(t, quorumNone)
	reg, whole := reported(t, quorumTwo)
	if err := whole.Compare(reg.Record.Text(), files()); err != nil {
		t.Fatal(err)
	}
	whole.Demand(reg.Record, "manufacturer", key("alice.example").Public())
	_, differs := reported(t, quorumTwo)
	changed := files()
	changed["Drawing (A3).svg"] = &fstest.MapFile{Data: []byte("<svg!>\n")}
	if err := differs.Compare(reg.Record.Text(), changed); err != nil {
		t.Fatal(err)
	}
	_, ledgerOnly := reported(t, logLine(home)+latticeLine("ledger", home)+"quorum ledger\n")
	_, required := reported(t, logLine(home)+latticeLine("ledger", home)+witnessLine("w1")+witnessLine("w2")+"group witnesses any w1 w2\ngroup all all ledger witnesses\nquorum all\n")
	w := newWorld(t)
	statement := w.register(statementText(contractText(t, 1).ID(), makers()[1:], 2), "bob.example", "carol.example")
	frame := contractText(t, 2)
	f := newWorld(t)
	f.register(frame, both...)
	sub := f.register(subText(t, frame.ID(), 3, partyLine("lead", 1, "alice.example")), "zoe.example", "alice.example")
	for name, rep := range map[string]*verify.Report{
		"subcontract":           f.related(0, sub)[1].Report,
		"subcontract-unchecked": f.related(sub)[0].Report,
		"contract-none":         alone,
		"contract-2-of-3":       whole,
		"contract-differs":      differs,
		"contract-ledger-only":  ledgerOnly,
		"contract-own-word":     required,
		"statement-unchecked":   w.items(statement)[0].Report,
		"receipt-that-is-none":  verify.Refused(errors.New("not a receipt")),
	} {
		t.Run(name, func(t *testing.T) {
			b, err := json.MarshalIndent(rep, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name+".json", append(b, '\n'))
			golden(t, name+".txt", []byte(rep.String()))
		})
	}
}

// DESIGN, law 5: say what was proved, and what was not.
func TestAReportSaysWhatWasNotProved(t *testing.T) {
	w := newWorld(t)
	contract := contractText(t, 1)
	frame := contractText(t, 2)
	sub := contractText(t, 3)
	sub.Under = frame.ID()
	texts := []struct {
		text   *record.Text
		labels []string
		want   string
	}{
		{contract, both, "who the keys belong to"},
		{sub, both, "that contract " + frame.ID().String() + ", which this is made under, was in force then: that is shown only as far as the records here go"},
		{statementText(contract.ID(), makers()[:1], 2), both[:1], "that what is stated is true"},
		{terminationText(contract.ID(), makers()[:1]), both[:1], "that no key was revoked before, and no contract replaced"},
		{amendmentText(t, contract.ID(), makers()), both, "that no key was revoked before, and no contract replaced"},
		{revocationText(key("bob.example")), []string{"bob.example"}, "who the keys belong to"},
	}
	for _, p := range []string{quorumNone, quorumTwo} {
		trust := policy(t, p)
		for i, c := range texts {
			index := w.log.register(now, sign(t, c.text, c.labels...))
			reg := receipt(t, trust, w.log.proof(index, w.log.tree.Size(), saw("w1", now), saw("w2", now)))
			rep := reg.Report(trust)
			all, text := strings.Join(rep.NotProved, "\n"), rep.String()
			if !strings.Contains(all, c.want) {
				t.Errorf("text %d under the quorum %s: not proved is %q, which lacks %q", i, rep.Quorum, rep.NotProved, c.want)
			}
			for _, s := range append(slices.Clone(rep.NotProved), rep.Unchecked...) {
				if !strings.Contains(text, s) {
					t.Errorf("text %d: the words lack %q:\n%s", i, s, text)
				}
			}
			const alone = "quorum none, so one key vouches for this tree and its time; others may have been shown another"
			if strings.Contains(all, alone) != (p == quorumNone) || strings.Contains(text, "had seen it by") != (p != quorumNone) {
				t.Errorf("text %d under the quorum %s says\n%s", i, rep.Quorum, text)
			}
			if strings.Contains(all, "no contract replaced") == (c.text.Kind == record.Revocation) {
				t.Errorf("text %d says of what came before it: %q", i, rep.NotProved)
			}
			if len(c.text.Documents) > 0 && !strings.Contains(text, "what these documents say, which were not compared: document-1.md (terms)") {
				t.Errorf("text %d does not say that documents were not compared:\n%s", i, text)
			}
		}
	}
}

func TestAReportMarksTheKeysThatDidNotSign(t *testing.T) {
	_, rep := reported(t, quorumNone)
	var got []string
	for _, p := range rep.Parties {
		for _, k := range p.Keys {
			pub := key(k.Name).Public()
			if k.Fingerprint != pub.Fingerprint() || k.Key != pub.String() {
				t.Errorf("key %s is %s, %s", k.Name, k.Key, k.Fingerprint)
			}
			if k.Signed {
				got = append(got, k.Name)
			}
		}
	}
	if !slices.Equal(got, both) {
		t.Errorf("signed are %q, want %q", got, both)
	}
	if n := strings.Count(rep.String(), "listed, did not sign"); n != 1 {
		t.Errorf("%d keys are marked as not signed, want carol's alone:\n%s", n, rep)
	}
}

func TestAWitnessIsNamedOnceAndOnlyIfItSawInTime(t *testing.T) {
	s := good(t)
	s.lines = []line{signs(home), saw("w3", now+99), saw("w2", now+4), saw("w2", now+3), saw("w1", now+5), saw("w1", now+8)}
	reg, err := s.verify(t)
	if err != nil {
		t.Fatal(err)
	}
	rep := reg.Report(policy(t, quorumTwo))
	if want := "the quorum most had seen it by 2026-05-28T20:26:45Z (w1, w2)"; !slices.Contains(rep.Proved, want) {
		t.Errorf("proved is %q, want %q", rep.Proved, want)
	}
	if len(rep.Witnesses) != 5 {
		t.Errorf("%d cosignatures are listed, 5 counted", len(rep.Witnesses))
	}
}

func TestDocumentsInAFolderAreCompared(t *testing.T) {
	other := func(name, data string) func(fstest.MapFS) {
		return func(m fstest.MapFS) { m[name] = &fstest.MapFile{Data: []byte(data)} }
	}
	without := func(names ...string) func(fstest.MapFS) {
		return func(m fstest.MapFS) {
			for _, name := range names {
				delete(m, name)
			}
		}
	}
	const terms, salt, drawing = "document-1.md", "document-1.md.salt", "Drawing (A3).svg"
	const noTerms, noDrawing = "document-1.md (terms) could not be compared: it is not in the folder", "Drawing (A3).svg (drawing) could not be compared: it is not in the folder"
	for _, c := range []struct {
		name     string
		do       func(fstest.MapFS)
		compared [2]bool
		want     string // of the failure, or what could not be compared, by lines; "" where all is well
	}{
		{"both are there", func(fstest.MapFS) {}, [2]bool{true, true}, ""},
		{"an empty folder", without(terms, salt, drawing), [2]bool{}, noTerms + "\n" + noDrawing},
		{"the drawing alone", without(terms, salt), [2]bool{false, true}, noTerms},
		{"the terms alone", without(drawing), [2]bool{true, false}, noDrawing},
		{"the terms without their salt", without(salt), [2]bool{false, true}, "document-1.md (terms) could not be compared: its salt, document-1.md.salt, is not in the folder"},
		{"the salt alone", without(terms, drawing), [2]bool{}, noTerms + "\n" + noDrawing},
		{"a salt beside a public document", other(drawing+".salt", "salt"), [2]bool{true, true}, ""},
		{"another name", func(m fstest.MapFS) { m["drawing (a3).svg"] = m[drawing]; delete(m, drawing) }, [2]bool{true, false}, noDrawing},
		{"another drawing", other(drawing, "<svg!>\n"), [2]bool{true, false}, "document does not match: Drawing (A3).svg is sha256:"},
		{"a longer drawing", other(drawing, string(drawingText)+"\n"), [2]bool{true, false}, "has more than the 7 bytes that the record states"},
		{"a shorter drawing", other(drawing, "<svg>\n"), [2]bool{true, false}, "has 6 bytes, the record states 7"},
		{"other terms", other(terms, "# Terms\n"), [2]bool{}, "document-1.md is salted-sha256:"},
		{"terms of another size", other(terms, strings.Repeat("x", 4097)), [2]bool{}, "has more than the 4096 bytes"},
		{"another salt", other(salt, "pepper of thirty-two bytes......"), [2]bool{}, "document-1.md is salted-sha256:"},
		{"a short salt", other(salt, "salt"), [2]bool{}, "the salt of document-1.md has 4 bytes, not 32"},
		{"a long salt", other(salt, string(termsSalt)+"\n"), [2]bool{}, "the salt of document-1.md has 33 bytes, not 32"},
		{"an empty salt", other(salt, ""), [2]bool{}, "the salt of document-1.md has 0 bytes, not 32"},
	} {
		t.Run(c.name, func(t *testing.T) {
			reg, rep := reported(t, quorumNone)
			folder := files()
			c.do(folder)
			if err := rep.Compare(reg.Record.Text(), folder); err != nil {
				t.Fatal(err)
			}
			if got := [2]bool{rep.Documents[0].Compared, rep.Documents[1].Compared}; got != c.compared {
				t.Errorf("compared are %v, want %v", got, c.compared)
			}
			switch {
			case c.want == "":
				wantYes(t, rep)
			case strings.Contains(c.want, "could not be compared"):
				if rep.Verdict != verify.Unchecked || rep.Failure != nil || strings.Join(rep.Unchecked, "\n") != c.want {
					t.Errorf("verdict is %s, %v, %q", rep.Verdict, rep.Failure, rep.Unchecked)
				}
				if !strings.Contains(rep.String(), "  could not be checked: "+strings.Split(c.want, "\n")[0]+"\n") {
					t.Errorf("the words lack it:\n%s", rep)
				}
			default:
				wantNo(t, rep, verify.StepDocuments, c.want)
			}
		})
	}
}

// A dossier may hold what the folder lacks.
func TestADocumentThatWasComparedIsNotMissed(t *testing.T) {
	reg, rep := reported(t, quorumNone)
	for _, folder := range []fstest.MapFS{files(), {}} {
		if err := rep.Compare(reg.Record.Text(), folder); err != nil {
			t.Fatal(err)
		}
		wantYes(t, rep)
	}
}

func TestAFailureIsNotMadeGoodByWhatCannotBeChecked(t *testing.T) {
	reg, rep := reported(t, quorumNone)
	rep.Fail(verify.StepSignatures, "a key is revoked")
	if err := rep.Compare(reg.Record.Text(), fstest.MapFS{}); err != nil {
		t.Fatal(err)
	}
	wantNo(t, rep, verify.StepSignatures, "a key is revoked")
}

// faulty is a folder in which one file cannot be opened.
type faulty struct {
	fstest.MapFS
	name string
}

var errDisk = errors.New("the disk is gone")

func (f faulty) Open(name string) (fs.File, error) {
	if name == f.name {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errDisk}
	}
	return f.MapFS.Open(name)
}

func TestAFolderThatCannotBeReadIsNoVerdict(t *testing.T) {
	for _, name := range []string{"document-1.md", "document-1.md.salt", "Drawing (A3).svg"} {
		reg, rep := reported(t, quorumNone)
		if err := rep.Compare(reg.Record.Text(), faulty{files(), name}); !errors.Is(err, errDisk) {
			t.Errorf("error of %s is %v", name, err)
		}
		wantYes(t, rep)

		folder := files()
		folder[name] = &fstest.MapFile{Mode: fs.ModeDir}
		if err := rep.Compare(reg.Record.Text(), folder); err == nil || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("where %s is a folder the error is %v", name, err)
		}
		wantYes(t, rep)
	}
}

func TestTheKeyThatIsDemandedSignedForTheRole(t *testing.T) {
	print := func(label string) string { return key(label).Public().Fingerprint() }
	for _, c := range []struct {
		name, role, key string
		want            string // of the failure; "" where there is none
	}{
		{"the key", "manufacturer", "alice.example", ""},
		{"one of three", "buyer", "dave.example", ""},
		{"one that did not sign", "buyer", "carol.example", "buyer signed with " + print("bob.example") + ", " + print("dave.example") +
			", and not with the key you expect, " + print("carol.example") + ", which is only listed"},
		{"of another party", "manufacturer", "bob.example", "manufacturer has the keys " + print("alice.example") + ", you expect " + print("bob.example")},
		{"a stranger's", "buyer", stranger, "buyer has the keys " + print("bob.example") + ", " + print("carol.example") + ", " + print("dave.example") + ", you expect " + print(stranger)},
		{"no such party", "inspector", "alice.example", "the record has no party inspector"},
		{"a part of a role", "buy", "bob.example", "the record has no party buy"},
	} {
		t.Run(c.name, func(t *testing.T) {
			reg, rep := reported(t, quorumNone)
			rep.Demand(reg.Record, c.role, key(c.key).Public())
			if c.want != "" {
				wantNo(t, rep, verify.StepSignatures, c.want)
				return
			}
			wantYes(t, rep)
			if want := c.role + " signed with the key you expect, " + print(c.key); !slices.Contains(rep.Proved, want) {
				t.Errorf("proved is %q, which lacks %q", rep.Proved, want)
			}
		})
	}
}

// A signature as a former party is not one for the role.
func TestADemandAsksForTheRoleAndNotForTheFormerOne(t *testing.T) {
	w := newWorld(t)
	w.register(contractText(t, 1), both...)
	text := amendmentText(t, contractText(t, 1).ID(), makers())
	text.Parties[1] = record.Party{Role: "buyer", Threshold: 1, Keys: keys("erin.example")}
	w.register(text, append(slices.Clone(both), "erin.example")...)
	item := w.related(0, 1)[1]
	item.Demand(item.Record, "buyer", key("erin.example").Public())
	wantYes(t, item.Report)
	item.Demand(item.Record, "buyer", key("bob.example").Public())
	wantNo(t, item.Report, verify.StepSignatures, "buyer has the keys "+key("erin.example").Public().Fingerprint())
}

// Of a receipt that fails nothing is repeated, so nothing of it can be taken as good.
func TestARefusedReceiptProvesNothing(t *testing.T) {
	s := good(t)
	s.lines[0] = spoilt(s.lines[0])
	_, err := s.verify(t)
	rep := verify.Refused(err)
	wantNo(t, rep, verify.StepCheckpoint, "does not verify")
	b, err := json.Marshal(rep)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"verdict":"no","failure":{"step":"checkpoint","reason":"the signature of ledger.example under the checkpoint does not verify"},"proved":[],"not_proved":[]}`
	if string(b) != want {
		t.Errorf("report is\n%s\nwant\n%s", b, want)
	}
	wantNo(t, verify.Refused(errors.New("the directory is no ZIP")), verify.StepForm, "the directory is no ZIP")
}
