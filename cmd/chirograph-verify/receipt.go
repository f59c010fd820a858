package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/dossier"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/chirograph/chirograph/verify"
)

// A fileResult is what was found out of one file.
type fileResult struct {
	File    string           `json:"file"`
	Verdict verify.Verdict   `json:"verdict"`
	Records []*verify.Report `json:"records"` // in the order of registration
	Drafts  []string         `json:"drafts,omitempty"`
	Status  *statusResult    `json:"status,omitempty"` // of the contract of a dossier, today

	items []verify.Item
	main  record.ID // the contract of a dossier; zero for a receipt
}

// A statusResult is how a contract stands by the records of its dossier alone.
type statusResult struct {
	Contract string         `json:"contract"`
	Standing rules.Standing `json:"standing"`
	Since    string         `json:"since"`
	By       string         `json:"by,omitempty"` // the contract or termination that ended it
	Disputes []string       `json:"disputes"`     // that are open

	text string
}

type receiptResult struct {
	Verdict verify.Verdict `json:"verdict"`
	Files   []*fileResult  `json:"files"`
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
	for _, f := range result.Files {
		verify.SortByIndex(f.items)
		f.Verdict = verify.Yes
		for _, item := range f.items {
			f.Records = append(f.Records, item.Report)
			f.Verdict = worse(f.Verdict, item.Verdict)
		}
		if err := f.status(o.now().Unix()); err != nil {
			return 0, err
		}
		result.Verdict = worse(result.Verdict, f.Verdict)
	}
	if o.json {
		return code(result.Verdict), o.printJSON(result)
	}
	return code(result.Verdict), o.print(result)
}

// file verifies a dossier, which begins as a ZIP does, or a receipt.
func (o *options) file(p *verify.Policy, path string) (*fileResult, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var magic [2]byte
	if n, err := io.ReadFull(f, magic[:]); err != nil && n == 0 && !errors.Is(err, io.EOF) {
		return nil, err
	}
	result := &fileResult{File: path}
	if string(magic[:]) == "PK" {
		return result, o.dossier(p, f, result)
	}
	return result, o.receipt(p, path, result)
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
	return o.compare(result.items, result.main)
}

// status finds out how the contract of a dossier stands by its records.
func (f *fileResult) status(now int64) error {
	st, ok, err := verify.StatusFrom(f.items, f.main, now)
	if err != nil || !ok {
		return err
	}
	f.Status = &statusResult{Contract: f.main.String(), Standing: st.Standing, Since: st.Since.String(), Disputes: []string{}, text: st.String()}
	if st.By != (record.ID{}) {
		f.Status.By = st.By.String()
	}
	for _, d := range st.Disputes {
		f.Status.Disputes = append(f.Status.Disputes, d.ID.String())
	}
	return nil
}

func (o *options) receipt(p *verify.Policy, path string, result *fileResult) error {
	b, err := readFile(path, int64(tlog.MaxProof))
	if err != nil {
		return err
	}
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
	key  note.Key
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
		k, err := note.ParseKey(vkey)
		if err != nil {
			return nil, fmt.Errorf("--party %s: %w", role, err)
		}
		demands = append(demands, demand{role, k})
	}
	return demands, nil
}

// apply demands the key of every contract that no other takes the place of, and says
// whether there is one. A contract that does not hold is refused anyway.
func (d demand) apply(items []verify.Item) bool {
	found := false
	for _, item := range items {
		switch {
		case item.Registration == nil:
			found = true
		case item.Record.Text().Kind == record.Contract && item.Replaced == "":
			item.Demand(item.Record.Text(), d.role, d.key)
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
		if err := f.printRest(o.stdout); err != nil {
			return err
		}
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
