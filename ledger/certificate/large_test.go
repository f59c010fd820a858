package certificate

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/dossier"
	"github.com/chirograph/chirograph/ledger/record"
)

// levels returns the hashes of a tree of a power of two leaves, from the leaves up.
func levels(leaves []tlog.Hash) [][]tlog.Hash {
	all := [][]tlog.Hash{leaves}
	for last := leaves; len(last) > 1; {
		var next []tlog.Hash
		for pair := range slices.Chunk(last, 2) {
			next = append(next, tlog.NodeHash(pair[0], pair[1]))
		}
		all, last = append(all, next), next
	}
	return all
}

// registered returns a dossier of records, a power of two, of which the first is its contract.
func registered(t testing.TB, policy string, records ...*record.Record) *dossier.Dossier {
	t.Helper()
	d, err := dossier.New(records[0], []byte(policy))
	if err != nil {
		t.Fatal(err)
	}
	var entries [][]byte
	var leaves []tlog.Hash
	for i, r := range records {
		entries = append(entries, record.Entry{Registered: now + int64(i), Record: r.Bytes()}.Bytes())
		leaves = append(leaves, tlog.LeafHash(entries[i]))
	}
	tree := levels(leaves)
	signed := cosigned(uint64(len(records)), tree[len(tree)-1][0], now+int64(len(records)))
	for i, r := range records {
		if i > 0 {
			if err := d.AddRecord(r); err != nil {
				t.Fatal(err)
			}
		}
		var path []tlog.Hash
		for level, hashes := range tree[:len(tree)-1] {
			path = append(path, hashes[i>>level^1])
		}
		if _, err := d.AddReceipt(tlog.Proof{Extra: entries[i], Index: uint64(i), Hashes: path, Checkpoint: signed}.Bytes()); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// longest is a contract of as many parties and documents as there may be, with names that
// no line has room for.
func longest(t testing.TB, title string) (*record.Text, []string) {
	t.Helper()
	text := contract(t, title)
	text.Parties, text.Documents = nil, text.Documents[:1]
	var signers []string
	for i := range record.MaxParties {
		var keys []note.Key
		for j := range 2 {
			name := fmt.Sprintf("%s-%02d-%d", strings.Repeat("w", 30), i, j)
			keys = append(keys, key(name, note.Ed25519))
			signers = append(signers, name)
		}
		text.Parties = append(text.Parties, record.Party{Role: fmt.Sprintf("%s-%02d", strings.Repeat("r", 29), i), Threshold: 1, Keys: keys})
	}
	document := text.Documents[0]
	text.Documents = nil
	for i := range record.MaxDocuments {
		document.Name = fmt.Sprintf("%s%03d", strings.Repeat("d", 80), i)
		if i > 0 {
			document.Kind = "drawing"
		}
		document.Media = "application/" + strings.Repeat("m", 30)
		text.Documents = append(text.Documents, document)
	}
	return text, signers
}

// streams returns what is in a PDF, page by page and else, uncompressed.
func streams(t testing.TB, pdf []byte) []string {
	t.Helper()
	var all []string
	for _, m := range regexp.MustCompile(`(?s)/Length (\d+)[^>]*>>\s*stream\r?\n`).FindAllSubmatchIndex(pdf, -1) {
		length, err := strconv.Atoi(string(pdf[m[2]:m[3]]))
		if err != nil {
			t.Fatal(err)
		}
		z, err := zlib.NewReader(bytes.NewReader(pdf[m[1] : m[1]+length]))
		if err != nil {
			continue // a font's
		}
		b, err := io.ReadAll(z)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(b))
	}
	return all
}

// placed are the pieces of text of a PDF, with where their line stands, in points.
var placed = regexp.MustCompile(`BT (-?[\d.]+) (-?[\d.]+) Td`)

func TestNoLineOfAPDFStandsBelowItsPage(t *testing.T) {
	long := strings.Repeat("w", 250)
	for name, policyText := range map[string]string{"a short name": policyText("w"), "a long name": policyText(long), "a name that no type has": policyText(strings.Repeat("四", 80))} {
		text, signers := longest(t, strings.Repeat("四", 60))
		d := registered(t, policyText, sign(t, text, signers...))
		c, err := New(policy(t, policyText), true, d, d.Contract().ID())
		if err != nil {
			t.Fatal(err)
		}
		const points = 72 / 25.4
		lowest, footers, texts := 0, 0, 0
		for _, s := range streams(t, pdf(t, c)) {
			for _, m := range placed.FindAllStringSubmatch(s, -1) {
				texts++
				y, err := strconv.ParseFloat(m[2], 64)
				if err != nil {
					t.Fatal(err)
				}
				switch down := pageHeight - y/points; {
				case down > pageHeight-15.1 && down < pageHeight-14.9:
					footers++
				case down > textBottom || down < textTop:
					lowest++
				}
			}
		}
		if lowest > 0 || footers < 10 || texts < 500 {
			t.Errorf("%s: of %d pieces of text %d are outside of what a page has for text, %d are of footers", name, texts, lowest, footers)
		}
	}
}

func TestWhatIsSignedNeverBecomesAnOperatorOfAPDF(t *testing.T) {
	title := `\) Tj ET /JavaScript (app.alert\(1\)) >> endstream endobj`
	b := pdf(t, certificate(t, title))
	for _, part := range append(streams(t, b), string(b)) {
		for _, bad := range []string{"/JavaScript", "app.alert", "/OpenAction", "/URI", "/Launch", "/AA "} {
			if strings.Contains(part, bad) {
				t.Errorf("the PDF has %s", bad)
			}
		}
	}
	if n, m := bytes.Count(b, []byte("endstream")), bytes.Count(b, []byte("\nstream\n")); n != m {
		t.Errorf("%d streams begin and %d end", m, n)
	}
}

func TestACertificateOfManyRecordsHasARowForEach(t *testing.T) {
	first := sign(t, contract(t, "Forty flow meters"), "ann.example", "dan.example")
	const many = 512
	records := []*record.Record{first}
	for i := 1; i < many; i++ {
		records = append(records, sign(t, &record.Text{
			Kind: record.Statement, Ledger: key(home, note.Ed25519), Made: now - 60, SignBy: now + 360_000, Nonce: [16]byte{byte(i), byte(i >> 8)}, Contract: first.ID(), About: "dispute",
			Parties: first.Text().Parties[1:],
		}, "dan.example"))
	}
	d := registered(t, policyText("w"), records...)
	c, err := New(policy(t, policyText("w")), true, d, first.ID())
	if err != nil {
		t.Fatal(err)
	}
	page, paper := html(t, c), pdf(t, c)
	if n := strings.Count(page, "<strong>dispute</strong> stated by manufacturer"); n != many-1 {
		t.Errorf("%d rows of %d disputes", n, many-1)
	}
	if n := strings.Count(page, "is open</li>"); n != many-1 {
		t.Errorf("%d of %d disputes are open", n, many-1)
	}
	if len(page) > 1<<20 || len(paper) > 1<<20 {
		t.Errorf("the page has %d bytes, the PDF %d", len(page), len(paper))
	}
}

func TestATitleInTheTimeLineEndsWhereItsQuotationMarksDo(t *testing.T) {
	old := sign(t, contract(t, `Old” of buyer and bank (0123456789ab), “replaced`), "ann.example", "dan.example")
	next := contract(t, "New")
	next.Replaces, next.Former = old.ID(), old.Text().Parties
	d := registered(t, policyText("w"), old, sign(t, next, "ann.example", "dan.example"))
	c, err := New(policy(t, policyText("w")), true, d, d.Contract().ID())
	if err != nil {
		t.Fatal(err)
	}
	if page, want := html(t, c), `“<bdi>Old\u{201d} of buyer and bank (0123456789ab), \u{201c}replaced</bdi>”`; !strings.Contains(page, want) {
		t.Errorf("the time line does not say %s", want)
	}
}
