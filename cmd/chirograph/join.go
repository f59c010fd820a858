package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/dossier"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/verify"
)

func (a *app) joinCommand() *cobra.Command {
	var unsigned bool
	c := &cobra.Command{
		Use:   "join X.chirograph Y.chirograph|NOTE|RECEIPT… [--unsigned]",
		Short: "Bring signatures, receipts and documents from copies into X",
		Long: `Puts together what copies of one contract have: signatures, receipts, documents and
salts, by the ids of the records. X is replaced by the result, the others stay.

The draft of a contract that is to replace the one in X, or is made under it, and that
no party of that has signed yet, is refused: anyone can draw up one. So is the NOTE of
a revocation that is not registered.`,
		Example: "  chirograph join pumps.chirograph from-dan.chirograph",
		Args:    arguments("X.chirograph", "Y.chirograph|NOTE|RECEIPT…"),
		RunE: func(_ *cobra.Command, args []string) error {
			d, err := a.openDossier(args[0])
			if err != nil {
				return err
			}
			defer d.Close()
			for _, path := range args[1:] {
				before := d.Contract()
				if err := joinFile(d, path); err != nil {
					return fmt.Errorf("%s: %w", plain(path), err)
				}
				if !unsigned {
					if err := mayDisplace(d, before); err != nil {
						return fmt.Errorf("%s: %w", plain(path), err)
					}
				}
			}
			if err := d.Save(args[0]); err != nil {
				return err
			}
			h := hold(d)
			for _, r := range h.order {
				a.say("%s: %s", nameIn(d, r), a.state(h, r))
			}
			return nil
		},
	}
	c.Flags().BoolVar(&unsigned, "unsigned", false, "take in such a draft all the same")
	return c
}

// mayDisplace refuses the draft of a contract that a dossier is about from now on, when
// no key of a party of the one that it was about before has signed it.
func mayDisplace(d *dossier.Dossier, before *record.Record) error {
	draft := d.Contract()
	if draft.ID() == before.ID() || d.Receipt(draft.ID()) != nil {
		return nil
	}
	for _, p := range before.Text().Parties {
		for _, k := range p.Keys {
			if draft.SignedBy(k.Public()) {
				return nil
			}
		}
	}
	return hint(no("the draft of contract %s would stand in the place of contract %s here, and no party of that has signed it", draft.ID(), before.ID()),
		"keep it in a file of its own, and sign it there; --unsigned joins it all the same, and chirograph drop takes it out again")
}

// state says in a few words how far a record is.
func (a *app) state(h *held, r *record.Record) string {
	if receipt := h.Receipt(r.ID()); receipt != nil {
		return fmt.Sprintf("registered as entry %d", receipt.Proof.Index)
	}
	if a.lapsed(r) {
		return fmt.Sprintf("lapsed: it was to be registered by %s", readable(r.Text().SignBy))
	}
	if why := h.dead(r); why != "" {
		return "can't be registered any more: " + why
	}
	waiting, err := lacking(h, r)
	if err != nil {
		return err.Error()
	}
	s := "signed by everyone who has to; not registered yet"
	if len(waiting) > 0 {
		s = "still to sign: " + strings.Join(waiting, "; ")
	}
	if out := leftOut(h, r); out != "" {
		s += "; " + out
	}
	return s
}

// lapsed says whether the time to register a record is over.
func (a *app) lapsed(r *record.Record) bool {
	by := r.Text().SignBy
	return by != 0 && a.now().Unix() > by
}

// joinFile joins a dossier, a receipt, or a record. A receipt has to hold under the
// policy of d, so that none that proves nothing drives out one that does.
func joinFile(d *dossier.Dossier, path string) error {
	magic, err := firstBytes(path, 32)
	if err != nil {
		return err
	}
	switch {
	case bytes.HasPrefix(magic, []byte("PK")):
		other, err := dossier.Open(path)
		if err != nil {
			return err
		}
		if err := checkReceipts(d, other); err != nil {
			return err
		}
		// The documents are copied when the result is saved, so the copy stays open.
		return d.Join(other)
	case bytes.HasPrefix(magic, []byte("c2sp.org/tlog-proof@")):
		b, err := readFile(path, int64(tlog.MaxProof))
		if err != nil {
			return err
		}
		return addReceipt(d, b)
	}
	b, err := readFile(path, int64(record.MaxRecord))
	if err != nil {
		return err
	}
	r, err := record.OpenDraft(b, note.PublicKey.Verify)
	var fault *record.SignatureError
	if errors.As(err, &fault) {
		return &negative{err}
	}
	if err != nil {
		return fmt.Errorf("neither a dossier nor a receipt nor a record: %w", err)
	}
	if r.Text().Kind == record.Revocation && d.Receipt(r.ID()) == nil {
		return hint(no("a revocation is kept apart until it is registered, and this one is not, as far as this file knows"),
			"chirograph submit NOTE --ledger URL registers it, for ever; chirograph update then fetches it")
	}
	return d.AddRecord(r)
}

func addReceipt(d *dossier.Dossier, b []byte) error {
	p, err := verify.ParsePolicy(d.Policy())
	if err != nil {
		return fmt.Errorf("the dossier's policy: %w", err)
	}
	reg, err := verify.Receipt(p, b)
	if err != nil {
		return &negative{err}
	}
	if err := onePast(d, []tlog.SignedCheckpoint{reg.Checkpoint.SignedCheckpoint}); err != nil {
		return err
	}
	_, err = d.AddReceipt(b)
	return err
}

// checkReceipts verifies the receipts of a copy under the policy of d.
func checkReceipts(d, other *dossier.Dossier) error {
	p, err := verify.ParsePolicy(d.Policy())
	if err != nil {
		return fmt.Errorf("the dossier's policy: %w", err)
	}
	for _, r := range other.Records() {
		for _, receipt := range []*dossier.Receipt{other.Receipt(r.ID()), other.FirstReceipt(r.ID())} {
			if receipt == nil {
				continue
			}
			if _, err := verify.Receipt(p, receipt.Bytes()); err != nil {
				return no("its receipt of %s: %w", recordName(r), err)
			}
		}
	}
	return onePast(d, heldBy(other))
}

// onePast refuses receipts of which one shows another tree of the same size as one
// that is held.
func onePast(d *dossier.Dossier, others []tlog.SignedCheckpoint) error {
	if _, err := checkpoints(append(heldBy(d), others...)...); err != nil {
		return hint(&negative{err}, "nothing was joined; keep both files: they are evidence against the ledger")
	}
	return nil
}

func firstBytes(path string, n int) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, int64(n)))
}

func (a *app) extractCommand() *cobra.Command {
	var to string
	c := &cobra.Command{
		Use:   "extract X.chirograph [--to DIR]",
		Short: "Write documents, salts, records, receipts and policy as files",
		Long: `Writes what a dossier holds to DIR (X without its ending, if you do not say): the
contract's documents under their names, their salts as NAME.salt, each record as
ID.note and its receipt as ID.tlog-proof, and the policy. Documents of other records
go to DIR/ID. A file that is there and differs is never written over.

  cat NAME.salt NAME | sha256sum      is a salted document's commitment.`,
		Example: "  chirograph extract pumps.chirograph --to pumps",
		Args:    arguments("X.chirograph"),
		RunE: func(_ *cobra.Command, args []string) error {
			d, err := a.openDossier(args[0])
			if err != nil {
				return err
			}
			defer d.Close()
			if to == "" {
				to = strings.TrimSuffix(filepath.Base(args[0]), dossierExtension)
				if strings.Trim(to, ".") == "" {
					return hint(fmt.Errorf("%s has no name that a folder could have", plain(args[0])), "name the folder: --to DIR")
				}
			}
			return a.extract(d, to)
		},
	}
	c.Flags().StringVar(&to, "to", "", "the folder to write to (`DIR`)")
	return c
}

// An extracted file is one to be written.
type extracted struct {
	path   string
	source dossier.Source
}

func (a *app) extract(d *dossier.Dossier, dir string) error {
	files := []extracted{{filepath.Join(dir, "policy"), dossier.Bytes(d.Policy())}}
	for _, r := range d.Records() {
		if err := trueDocuments(d, r); err != nil {
			return err
		}
		id := r.ID().String()
		files = append(files, extracted{filepath.Join(dir, id+".note"), dossier.Bytes(r.Bytes())})
		if receipt := d.Receipt(r.ID()); receipt != nil {
			files = append(files, extracted{filepath.Join(dir, id+".tlog-proof"), dossier.Bytes(receipt.Bytes())})
		}
		if first := d.FirstReceipt(r.ID()); first != d.Receipt(r.ID()) {
			files = append(files, extracted{filepath.Join(dir, id+".first.tlog-proof"), dossier.Bytes(first.Bytes())})
		}
		folder := dir
		if r != d.Contract() {
			folder = filepath.Join(dir, id)
		}
		for _, line := range r.Text().Documents {
			if source, _, ok := d.Document(r.ID(), line.Name); ok {
				files = append(files, extracted{filepath.Join(folder, line.Name), source})
			}
			if salt := d.Salt(r.ID(), line.Name); salt != nil {
				files = append(files, extracted{filepath.Join(folder, line.Name+".salt"), dossier.Bytes(salt)})
			}
		}
	}
	if err := mayExtract(files); err != nil {
		return err
	}
	for _, f := range files {
		if err := writeExtracted(f); err != nil {
			return err
		}
		if err := a.print("%s", f.path); err != nil {
			return err
		}
	}
	return nil
}

// trueDocuments refuses a document that is not the one that its record names: on its
// own it would pass for it.
func trueDocuments(d *dossier.Dossier, r *record.Record) error {
	documents, err := d.CheckDocuments(r.ID())
	if err != nil {
		return err
	}
	for _, c := range documents {
		if c.State == dossier.Differs {
			return hint(no("%s is not the document that %s names: %s", c.Name, recordName(r), c.Reason), "ask whoever sent you the file for another copy")
		}
	}
	return nil
}

// mayExtract refuses before the first file is written: two files of one name (a
// document may be called as another's salt), or one that is there and differs.
func mayExtract(files []extracted) error {
	seen := make(map[string]bool)
	for _, f := range files {
		folded := strings.ToLower(f.path)
		if seen[folded] {
			return hint(no("two files would be %s", f.path), "the documents are in the ZIP that the dossier is: unzip it")
		}
		seen[folded] = true
		if _, err := os.Lstat(f.path); err != nil {
			continue
		}
		if same, err := f.isThere(); err != nil {
			return err
		} else if !same {
			return f.other()
		}
	}
	return nil
}

// isThere says whether it was written before.
func (f extracted) isThere() (bool, error) {
	want, err := f.source()
	if err != nil {
		return false, err
	}
	defer want.Close()
	return isThere(f.path, want)
}

func (f extracted) other() error {
	return hint(no("%s is there already, and is another file", f.path), "extract to an empty folder: --to DIR")
}

func sameContent(a, b io.Reader) (bool, error) {
	bufA, bufB := make([]byte, 64<<10), make([]byte, 64<<10)
	for {
		n, errA := io.ReadFull(a, bufA)
		m, errB := io.ReadFull(b, bufB)
		if !bytes.Equal(bufA[:n], bufB[:m]) {
			return false, nil
		}
		for _, err := range []error{errA, errB} {
			if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
				return false, err
			}
		}
		if errA != nil {
			return true, nil
		}
	}
}

// writeExtracted writes a file, unless it is there.
func writeExtracted(f extracted) error {
	if err := os.MkdirAll(filepath.Dir(f.path), 0o700); err != nil {
		return err
	}
	if same, err := f.isThere(); err != nil || same {
		return err
	}
	r, err := f.source()
	if err != nil {
		return err
	}
	defer r.Close()
	if err = newFile(f.path, forOwner, r); !errors.Is(err, fs.ErrExist) {
		return err
	}
	// Another command wrote it meanwhile.
	if same, err := f.isThere(); err != nil || same {
		return err
	}
	return f.other()
}
