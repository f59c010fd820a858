package record_test

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
)

// people are the keys that random records name.
var people = func() (labels []string) {
	for i := range 24 {
		labels = append(labels, fmt.Sprintf("person%d.example", i))
	}
	return labels
}()

func drawID(t *rapid.T, name string) record.ID {
	return idOf(fmt.Sprint(rapid.IntRange(0, 1<<20).Draw(t, name)))
}

// drawParties deals some of the people to between least and most roles.
func drawParties(t *rapid.T, name string, least, most int) []record.Party {
	labels := rapid.Permutation(people).Draw(t, name+" keys")
	roles := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z][a-z0-9-]{0,31}`), least, most, rapid.ID).Draw(t, name+" roles")
	var parties []record.Party
	for _, role := range roles {
		n := rapid.IntRange(1, 4).Draw(t, "number of keys")
		p := record.Party{Role: role, Threshold: rapid.IntRange(1, n).Draw(t, "threshold")}
		for _, label := range labels[:n] {
			// The former parties may have had another name for the same key.
			p.Keys = append(p.Keys, named(label+rapid.SampledFrom([]string{"", "/2"}).Draw(t, "version"), label))
		}
		labels = labels[n:]
		parties = append(parties, p)
	}
	return parties
}

func drawDocuments(t *rapid.T, least int) []record.Document {
	names := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z]{4,8}( \([0-9]\))?`), least, 6, rapid.ID).Draw(t, "documents")
	var documents []record.Document
	for i, name := range names {
		d := record.Document{
			Salted: rapid.Bool().Draw(t, "salted"), Hash: idOf(name), Name: name,
			Media: rapid.StringMatching(`[a-z0-9][a-z0-9.+-]{0,9}/[a-z0-9][a-z0-9.+-]{0,9}`).Draw(t, "media"),
			Kind:  "k-" + rapid.StringMatching(`[a-z0-9-]{0,30}`).Draw(t, "kind"),
			Size:  rapid.Int64Range(0, 1<<53-4096).Draw(t, "size"),
		}
		if i < least {
			d.Kind = record.Terms
		}
		if d.Salted {
			d.Size = record.RoundSize(d.Size)
		}
		documents = append(documents, d)
	}
	return documents
}

// texts draws records of all four kinds that keep every rule of form.
var texts = rapid.Custom(func(t *rapid.T) *record.Text {
	x := &record.Text{Kind: rapid.SampledFrom([]record.Kind{record.Contract, record.Statement, record.Termination, record.Revocation}).Draw(t, "kind")}
	x.Ledger = key(rapid.SampledFrom([]string{"ledger.example", "l", "Other.Ledger/2026"}).Draw(t, "ledger"))
	x.Made = rapid.Int64Range(0, at("9998-12-30T00:00:00Z")).Draw(t, "made")
	copy(x.Nonce[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "nonce"))
	if x.Kind == record.Revocation {
		x.Key = key(rapid.SampledFrom(people).Draw(t, "key"))
		x.Reason = rapid.SampledFrom(record.Reasons).Draw(t, "reason")
		return x
	}
	x.SignBy = x.Made + rapid.Int64Range(1, 366*86400).Draw(t, "sign-by")
	maybe := func(name string, do func()) {
		if rapid.Bool().Draw(t, name) {
			do()
		}
	}
	date := func(name string, from record.Date) record.Date {
		return record.Date(rapid.Int32Range(int32(max(from, 1)), int32(day("9999-12-31"))).Draw(t, name))
	}
	switch x.Kind {
	case record.Contract:
		maybe("title?", func() {
			x.Title = rapid.StringMatching(`[a-zA-Zäß€]{1,20}( [a-z😀]{1,20}){0,2}`).Draw(t, "title")
		})
		x.Parties = drawParties(t, "party", 2, 6)
		x.Documents = drawDocuments(t, 1)
		maybe("from?", func() { x.From = date("from", 1) })
		maybe("until?", func() { x.Until = date("until", x.From) })
		for _, p := range x.Parties {
			maybe("terminable?", func() {
				x.Terminable = append(x.Terminable, record.Notice{Role: p.Role, Days: rapid.IntRange(0, 3650).Draw(t, "days")})
			})
		}
		maybe("replaces?", func() { x.Replaces, x.Former = drawID(t, "replaces"), drawParties(t, "former", 1, 6) })
		maybe("under?", func() { x.Under = drawID(t, "under") })
	case record.Statement:
		x.Contract, x.Parties = drawID(t, "contract"), drawParties(t, "by", 1, 3)
		x.About = rapid.StringMatching(`[a-z][a-z0-9-]{0,31}`).Draw(t, "about")
		maybe("answers?", func() { x.Answers = drawID(t, "answers") })
		x.Documents = drawDocuments(t, 0)
	case record.Termination:
		x.Contract, x.Parties = drawID(t, "contract"), drawParties(t, "by", 1, 3)
		maybe("effective?", func() { x.Effective = date("effective", 1) })
		x.Documents = drawDocuments(t, 0)
	}
	return x
})

func TestWhatIsPrintedIsRead(t *testing.T) {
	kinds := make(map[record.Kind]int)
	rapid.Check(t, func(t *rapid.T) {
		x := texts.Draw(t, "text")
		kinds[x.Kind]++
		printed := x.Bytes()
		got, err := record.ParseText(printed)
		if err != nil {
			t.Fatalf("%v, in\n%s", err, printed)
		}
		if !reflect.DeepEqual(got, x) || !bytes.Equal(got.Bytes(), printed) || got.ID() != x.ID() {
			t.Fatalf("%#v\nreads as\n%#v", x, got)
		}
		r, err := record.New(x)
		if err != nil {
			t.Fatal(err)
		}
		if r.ID() != x.ID() || !bytes.Equal(r.Bytes(), append(printed, '\n')) || len(r.Signed()) != 0 || r.Complete() {
			t.Fatalf("a draft of it is\n%s", r.Bytes())
		}
	})
	for k := record.Contract; k <= record.Revocation; k++ {
		if kinds[k] == 0 {
			t.Errorf("no %s was drawn", k)
		}
	}
}

func TestEveryEditIsRefusedOrAnotherRecord(t *testing.T) {
	accepted := 0
	rapid.Check(t, func(t *rapid.T) {
		x := texts.Draw(t, "text")
		text := x.Bytes()
		for range 20 {
			edited := slices.Clone(text)
			i := rapid.IntRange(0, len(text)-1).Draw(t, "place")
			c := rapid.OneOf(rapid.Byte(), rapid.SampledFrom([]byte(" \n\r\x000123456789:/+=Aa-"))).Draw(t, "byte")
			switch rapid.IntRange(0, 2).Draw(t, "edit") {
			case 0:
				edited[i] = c
			case 1:
				edited = slices.Insert(edited, i, c)
			case 2:
				edited = slices.Delete(edited, i, i+1)
			}
			got, err := record.ParseText(edited)
			if err != nil || bytes.Equal(edited, text) {
				continue
			}
			accepted++
			if got.ID() == x.ID() || !bytes.Equal(got.Bytes(), edited) {
				t.Fatalf("%q is read as %q", edited, got.Bytes())
			}
		}
	})
	if accepted == 0 {
		t.Error("no edit made another record, so this shows little")
	}
}

// labelOf returns the label whose secret key a key of people is of.
func labelOf(k note.Key) string {
	i := slices.IndexFunc(people, func(label string) bool { return key(label).Public() == k.Public() })
	return people[i]
}

// drawSigned signs r with some of the keys that may sign it, in any order.
func drawSigned(t *rapid.T, name string, r *record.Record) *record.Record {
	for _, k := range rapid.Permutation(r.Text().Signers()).Draw(t, name) {
		if !rapid.Bool().Draw(t, name+"?") {
			continue
		}
		var err error
		if r, err = r.Sign(k.Public(), signer(labelOf(k))); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func TestSignaturesStandInTheOrderOfTheTextWhoeverSignsFirst(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, err := record.New(texts.Draw(t, "text"))
		if err != nil {
			t.Fatal(err)
		}
		signed := drawSigned(t, "order", r)
		if len(r.Signed()) != 0 {
			t.Fatal("signing changed the draft")
		}
		opened, err := record.OpenDraft(signed.Bytes(), note.PublicKey.Verify)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(opened.Bytes(), signed.Bytes()) || opened.ID() != r.ID() || !slices.Equal(opened.Signed(), signed.Signed()) {
			t.Fatal("what was signed does not read as it was")
		}
		var want []note.Key
		for _, k := range r.Text().Signers() {
			if signed.SignedBy(k.Public()) {
				want = append(want, k)
			}
		}
		if !slices.Equal(signed.Signed(), want) {
			t.Fatalf("signed by %v, want %v", signed.Signed(), want)
		}
	})
}

func TestMergingIsTheUnionOfSignatures(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, err := record.New(texts.Draw(t, "text"))
		if err != nil {
			t.Fatal(err)
		}
		a, b, c := drawSigned(t, "a", r), drawSigned(t, "b", r), drawSigned(t, "c", r)
		merge := func(a, b *record.Record) *record.Record {
			before := a.Bytes()
			m, err := a.Merge(b)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(a.Bytes(), before) {
				t.Fatal("merging changed a record")
			}
			return m
		}
		same := func(what string, a, b *record.Record) {
			if !bytes.Equal(a.Bytes(), b.Bytes()) || !slices.Equal(a.Signed(), b.Signed()) {
				t.Fatalf("merging is not %s", what)
			}
		}
		ab := merge(a, b)
		same("commutative", ab, merge(b, a))
		same("associative", merge(ab, c), merge(a, merge(b, c)))
		same("idempotent", merge(ab, b), ab)
		same("idempotent", merge(a, a), a)
		for _, k := range r.Text().Signers() {
			if ab.SignedBy(k.Public()) != (a.SignedBy(k.Public()) || b.SignedBy(k.Public())) {
				t.Fatalf("the line of %s is lost or made up", k)
			}
		}
	})
}

func TestACompleteRecordMissesNobody(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, err := record.New(texts.Draw(t, "text"))
		if err != nil {
			t.Fatal(err)
		}
		r = drawSigned(t, "order", r)
		missing := r.Missing()
		for _, q := range r.Text().Requirements() {
			signed := 0
			for _, k := range q.Keys {
				if slices.ContainsFunc(r.Signed(), func(s note.Key) bool { return s.Public() == k.Public() }) {
					signed++
				}
			}
			if signed >= q.Threshold {
				continue
			}
			if len(missing) == 0 || missing[0].Keyword != q.Keyword || missing[0].Role != q.Role || missing[0].Signed != signed {
				t.Fatalf("%s has %d of %d signatures, which %+v does not say", q.Name(), signed, q.Threshold, missing)
			}
			missing = missing[1:]
		}
		if len(missing) != 0 || r.Complete() != (len(r.Missing()) == 0) {
			t.Fatalf("missing are %+v, complete is %v", r.Missing(), r.Complete())
		}
	})
}
