package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/publickey"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/dossier"
	"github.com/chirograph/chirograph/ledger/newfile"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/chirograph/chirograph/verify"
)

// A fileResult is what was found out of one file.
type fileResult struct {
	File    string           `json:"file"`
	Verdict verify.Verdict   `json:"verdict"`
	Failure *verify.Failure  `json:"failure,omitempty"` // of the records together: what each says holds by itself
	Records []*verify.Report `json:"records"`           // in the order of registration
	Drafts  []string         `json:"drafts,omitempty"`
	Status  *statusResult    `json:"status,omitempty"` // of the contract of a dossier, today; not with Failure

	items []verify.Item
	main  record.ID // the contract of a dossier; zero for a receipt
}

// A statusResult is how a contract stands by the records of its dossier alone.
type statusResult struct {
	Contract string         `json:"contract"`
	Standing rules.Standing `json:"standing"`
	Since    string         `json:"since"`
	By       string         `json:"by,omitempty"`       // the contract or termination that ended it
	Recorded string         `json:"recorded,omitempty"` // when what makes it so was registered, where that is after since
	From     string         `json:"from,omitempty"`     // of the text, as until
	Until    string         `json:"until,omitempty"`
	Ends     rules.Ending   `json:"ends,omitzero"` // that is to come
	Disputes []string       `json:"disputes"`      // that are open

	text string
}

type receiptResult struct {
	Verdict  verify.Verdict  `json:"verdict"`
	Failure  *verify.Failure `json:"failure,omitempty"` // of the files together
	Files    []*fileResult   `json:"files"`
	Evidence string          `json:"evidence,omitempty"` // the file that was written

	contradicted bool   // somewhere
	charge       []byte // evidence of that; nil where these receipts make none
}

func (o *options) receipts(p *verify.Policy, paths []string) (int, error) {
	if len(paths) == 0 {
		return 0, fmt.Errorf("no receipt or dossier is named; %w", errUsage)
	}
	demands, err := parseDemands(o.parties)
	if err != nil {
		return 0, err
	}
	if o.docs != "" {
		if _, err := os.Stat(o.docs); err != nil {
			return 0, fmt.Errorf("--docs: %w", err)
		}
	}
	result := receiptResult{Verdict: verify.Yes}
	var all []verify.Item
	for _, path := range paths {
		f, err := o.file(p, path)
		if err != nil {
			return 0, err
		}
		result.Files = append(result.Files, f)
		all = append(all, f.items...)
	}
	verify.Relate(all)
	for _, d := range demands {
		if !d.apply(all) {
			return 0, fmt.Errorf("--party %s: no contract that holds is among the files", d.role)
		}
	}
	if err := result.judge(all, o.now().Unix()); err != nil {
		return 0, err
	}
	result.charge = verify.ContradictionEvidence(all)
	if o.charge != "" && result.charge != nil {
		if err := newfile.Write(o.charge, 0o644, bytes.NewReader(result.charge)); err != nil {
			return 0, fmt.Errorf("--evidence: %w", err)
		}
		result.Evidence = o.charge
	}
	if o.json {
		return code(result.Verdict), o.printJSON(result)
	}
	if err := o.print(result); err != nil {
		return 0, err
	}
	o.sayEvidence(result)
	return code(result.Verdict), nil
}

// sayEvidence says whether receipts that contradict each other are evidence in one file,
// and where it is.
func (o *options) sayEvidence(r receiptResult) {
	switch {
	case r.Evidence != "":
		fmt.Fprintf(o.stderr, "wrote %s: chirograph-verify evidence judges it\n", plain(r.Evidence))
	case r.charge != nil:
		fmt.Fprintln(o.stderr, "hint: --evidence FILE writes it as one file, which chirograph-verify evidence judges")
	case r.contradicted:
		fmt.Fprintln(o.stderr, "hint: they make no evidence file by themselves, because they are of two trees: chirograph audit and chirograph watch --dossier read the rest of the log, and write one where it shows a breach")
	case o.charge != "":
		fmt.Fprintf(o.stderr, "%s is not written: these receipts do not contradict each other\n", plain(o.charge))
	}
}

// judge says of each file, and of all together, what the items say.
func (r *receiptResult) judge(all []verify.Item, now int64) error {
	for _, f := range r.Files {
		verify.SortByIndex(f.items)
		f.Verdict = verify.Yes
		for _, item := range f.items {
			f.Records = append(f.Records, item.Report)
			f.Verdict = worse(f.Verdict, item.Verdict)
		}
		if f.Failure = verify.Contradiction(f.items); f.Failure != nil {
			f.Verdict, r.contradicted = verify.No, true
		} else if err := f.status(now); err != nil {
			return err
		}
		r.Verdict = worse(r.Verdict, f.Verdict)
	}
	if r.contradicted {
		return nil
	}
	if r.Failure = verify.Contradiction(all); r.Failure != nil {
		r.Verdict, r.contradicted = verify.No, true
	}
	return nil
}

// file verifies a dossier, which begins as a ZIP does, or a receipt.
func (o *options) file(p *verify.Policy, path string) (*fileResult, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var magic [2]byte
	n, err := io.ReadFull(f, magic[:])
	if err != nil && n == 0 && !errors.Is(err, io.EOF) {
		return nil, err
	}
	result := &fileResult{File: path}
	if string(magic[:]) == "PK" {
		return result, o.dossier(p, f, result)
	}
	b, err := readAll(io.MultiReader(bytes.NewReader(magic[:n]), f), path, int64(tlog.MaxProof))
	if err != nil {
		return nil, err
	}
	return result, o.receipt(p, b, result)
}

func (o *options) dossier(p *verify.Policy, f *os.File, result *fileResult) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	d, err := dossier.Read(f, info.Size())
	if err != nil {
		result.items = []verify.Item{{Report: verify.Refused(fmt.Errorf("not a dossier: %w", err))}}
		return nil
	}
	if result.items, err = verify.Dossier(p, d); err != nil {
		return fmt.Errorf("%s: %w", result.File, err)
	}
	for _, r := range d.Records() {
		if d.Receipt(r.ID()) == nil {
			result.Drafts = append(result.Drafts, r.ID().String())
		}
	}
	result.main = d.Contract().ID()
	if r := d.InPlace(); r != nil {
		result.main = r.ID()
	}
	return o.compare(result.items, d.Contract().ID())
}

// status finds out how the contract of a dossier stands by its records.
func (f *fileResult) status(now int64) error {
	st, ok, err := verify.StatusFrom(f.items, f.main, now)
	if err != nil || !ok {
		return err
	}
	f.Status = &statusResult{Contract: f.main.String(), Standing: st.Standing, Since: st.Since.String(), Ends: st.Ends, Disputes: []string{}, text: st.String()}
	t := f.text()
	for _, d := range []struct {
		to  *string
		day record.Date
	}{{&f.Status.Recorded, st.Recorded}, {&f.Status.From, t.From}, {&f.Status.Until, t.Until}} {
		if d.day != 0 {
			*d.to = d.day.String()
		}
	}
	if st.By != (record.ID{}) {
		f.Status.By = st.By.String()
	}
	for _, d := range st.Disputes {
		f.Status.Disputes = append(f.Status.Disputes, d.ID.String())
	}
	return nil
}

// text returns what the contract of a dossier says, which is among the items.
func (f *fileResult) text() *record.Text {
	i := slices.IndexFunc(f.items, func(i verify.Item) bool { return i.Registration != nil && i.Record.ID() == f.main })
	return f.items[i].Record.Text()
}

func (o *options) receipt(p *verify.Policy, b []byte, result *fileResult) error {
	reg, err := verify.Receipt(p, b)
	if err != nil {
		result.items = []verify.Item{{Report: verify.Refused(err)}}
		return nil
	}
	result.items = []verify.Item{{Registration: reg, Report: reg.Report(p)}}
	return o.compare(result.items, reg.Record.ID())
}

// compare compares the documents in --docs, where chirograph extract puts them: those
// of main in the folder itself, those of another record in one of its id.
func (o *options) compare(items []verify.Item, main record.ID) error {
	if o.docs == "" {
		return nil
	}
	for _, item := range items {
		if item.Registration == nil {
			continue
		}
		dir := o.docs
		if id := item.Record.ID(); id != main {
			dir = filepath.Join(dir, id.String())
		}
		if err := item.Compare(item.Record.Text(), os.DirFS(dir)); err != nil {
			return err
		}
	}
	return nil
}

// A demand is what --party asks for.
type demand struct {
	role string
	key  note.PublicKey
}

func parseDemands(args []string) ([]demand, error) {
	var demands []demand
	for _, a := range args {
		role, vkey, ok := strings.Cut(a, "=")
		if !ok {
			return nil, fmt.Errorf("--party %q is not ROLE=VKEY", a)
		}
		if err := record.CheckToken(role); err != nil {
			return nil, fmt.Errorf("--party: role %w", err)
		}
		k, _, err := publickey.Find(vkey)
		if err != nil {
			return nil, fmt.Errorf("--party %s: %w", role, err)
		}
		demands = append(demands, demand{role, k})
	}
	return demands, nil
}

// apply demands the key of every contract that no other takes the place of or is made
// under, and says whether there is one. A contract that does not hold is refused
// anyway.
func (d demand) apply(items []verify.Item) bool {
	frames := make(map[record.ID]bool)
	for _, item := range items {
		if item.Registration != nil {
			frames[item.Record.Text().Under] = true
		}
	}
	found := false
	for _, item := range items {
		switch {
		case item.Registration == nil:
			found = true
		case item.Record.Text().Kind == record.Contract && item.Replaced == "" && !frames[item.Record.ID()]:
			item.Demand(item.Record, d.role, d.key)
			found = true
		}
	}
	return found
}

func (o *options) print(result receiptResult) error {
	for _, f := range result.Files {
		if _, err := fmt.Fprintf(o.stdout, "%s: %s\n", plain(f.File), f.Verdict); err != nil {
			return err
		}
		for _, r := range f.Records {
			if r.Failure != nil {
				o.complain(f.File, r.Failure)
				continue
			}
			if _, err := io.WriteString(o.stdout, r.String()); err != nil {
				return err
			}
		}
		if f.Failure != nil {
			o.complain(f.File, f.Failure)
		}
		if err := f.printRest(o.stdout); err != nil {
			return err
		}
	}
	if result.Failure != nil {
		o.complain("these files together", result.Failure)
	}
	return nil
}

// printRest prints the drafts, and how the contract stands.
func (f *fileResult) printRest(w io.Writer) error {
	for _, id := range f.Drafts {
		if _, err := fmt.Fprintf(w, "draft %s: not registered\n", id); err != nil {
			return err
		}
	}
	if f.Status == nil {
		return nil
	}
	_, err := fmt.Fprintf(w, "by the records in this file, in the order in which they were registered, contract %s is %s; the ledger may have others\n",
		f.Status.Contract, f.Status.text)
	for _, id := range f.Status.Disputes {
		if err == nil {
			_, err = fmt.Fprintf(w, "dispute %s is open\n", id)
		}
	}
	return err
}
