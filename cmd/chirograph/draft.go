package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/chirograph/chirograph/ledger/dossier"
	"github.com/chirograph/chirograph/ledger/record"
)

// signDays is how long a draft may be signed unless the command says otherwise.
const signDays = 30

// A draftArgs is what the command line says about a draft of any kind.
type draftArgs struct {
	signBy string
	public bool
	names  bool
	files  []string // [KIND=]FILE
}

func (n *draftArgs) flags(f *pflag.FlagSet) {
	f.StringVar(&n.signBy, "sign-by", "", "to be registered by then (`YYYY-MM-DD`); else in 30 days")
	f.BoolVar(&n.public, "public", false, "state plain hashes, names and sizes of documents")
	f.BoolVar(&n.names, "names", false, "state the own names of documents, though salted")
	for _, name := range []string{"public", "names"} {
		_ = f.MarkHidden(name) // advanced
	}
}

// fillHead sets what every draft has.
func (a *app) fillHead(t *record.Text, n draftArgs) (err error) {
	t.Made = a.now().Unix()
	t.SignBy = t.Made + signDays*24*60*60
	if n.signBy != "" {
		if t.SignBy, err = parseDeadline(n.signBy); err != nil {
			return fmt.Errorf("--sign-by: %w", err)
		}
	}
	_, err = io.ReadFull(a.random, t.Nonce[:])
	return err
}

// lineFault is what is wrong with a line of a text, by its keyword.
var lineFault = regexp.MustCompile(`^line [0-9]+: (party|title|from|until|terminable|sign-by|about|effective): `)

// flagged says of a text that is out of form which flag of the command line is at fault,
// where that has the name of the line.
func flagged(err error) error {
	text := lineFault.ReplaceAllString(err.Error(), "--$1: ")
	if rest, ok := strings.CutPrefix(text, "party names "); ok {
		text = "--party names " + rest
	}
	return errors.New(text)
}

// parseDeadline reads a time, or a date for its last second.
func parseDeadline(s string) (int64, error) {
	if d, err := record.ParseDate(s); err == nil {
		return (d + 1).Unix() - 1, nil
	}
	t, err := record.ParseTime(s)
	if err != nil {
		return 0, fmt.Errorf("%.32q is neither a day (YYYY-MM-DD, of which the last second counts) nor a time (YYYY-MM-DDTHH:MM:SSZ)", s)
	}
	return t, nil
}

// A newDocument is a file that a draft names.
type newDocument struct {
	path string
	name string // in the record
	salt []byte // nil when public
}

// documents reads the files, [KIND=]FILE each, and writes their lines into t. The
// first of a contract is the terms.
func (a *app) documents(t *record.Text, n draftArgs) ([]newDocument, error) {
	var documents []newDocument
	for i, arg := range n.files {
		kind, path := splitKind(arg)
		if i == 0 && t.Kind == record.Contract {
			kind, path = record.Terms, arg
		}
		if isDossier(path) {
			return nil, hint(fmt.Errorf("%s is a dossier, with documents and salts that only its parties have", plain(path)),
				"chirograph join puts copies of one contract together; to attach it all the same, give it another name")
		}
		doc := newDocument{path: path, name: filepath.Base(path)}
		line := record.Document{Salted: !n.public, Kind: kind, Media: mediaType(path)}
		if line.Salted {
			doc.salt = make([]byte, record.SaltSize)
			if _, err := io.ReadFull(a.random, doc.salt); err != nil {
				return nil, err
			}
			if !n.names {
				doc.name = fmt.Sprintf("document-%d%s", i+1, plainExt(path))
			}
		}
		if err := record.CheckFileName(doc.name); err != nil {
			return nil, hint(err, "rename the file, or leave out --names and --public")
		}
		line.Name = doc.name
		if err := commit(path, doc.salt, &line); err != nil {
			return nil, err
		}
		if i == 0 && kind == record.Terms && isEmpty(path) {
			return nil, fmt.Errorf("%s is empty: a contract needs terms", plain(path))
		}
		t.Documents = append(t.Documents, line)
		documents = append(documents, doc)
	}
	return documents, nil
}

func isEmpty(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Size() == 0
}

// splitKind reads [KIND=]FILE. A name with an equals sign that is a file is one.
func splitKind(arg string) (kind, path string) {
	if kind, path, ok := strings.Cut(arg, "="); ok && record.CheckToken(kind) == nil {
		if _, err := os.Stat(arg); err != nil {
			return kind, path
		}
	}
	return "attachment", arg
}

// plainExt returns the ending of a file if a document's name may have it.
func plainExt(path string) string {
	ext := strings.ToLower(filepath.Ext(path))
	if len(ext) > 1 && record.CheckFileName("x"+ext) == nil {
		return ext
	}
	return ""
}

func commit(path string, salt []byte, line *record.Document) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a file", plain(path))
	}
	if line.Hash, line.Size, err = record.Commit(salt, io.LimitReader(f, dossier.MaxSize+1)); err != nil {
		return err
	}
	if info.Size() > dossier.MaxSize {
		return fmt.Errorf("%s has %d bytes, a dossier holds at most %d", plain(path), info.Size(), int64(dossier.MaxSize))
	}
	return nil
}

// addDocuments puts the files of a record into its dossier.
func addDocuments(d *dossier.Dossier, id record.ID, documents []newDocument) error {
	for _, doc := range documents {
		if err := d.AddDocument(id, doc.name, dossier.File(doc.path), doc.salt); err != nil {
			return fmt.Errorf("%s: %w", plain(doc.path), err)
		}
	}
	return nil
}

// readable prints POSIX seconds for people.
func readable(unix int64) string {
	return time.Unix(unix, 0).UTC().Format("2006-01-02 15:04:05 UTC")
}
