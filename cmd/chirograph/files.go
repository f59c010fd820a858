package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/chirograph/chirograph/ledger/dossier"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/verify"
)

// readFile reads a file of at most limit bytes.
func readFile(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) > limit {
		return nil, fmt.Errorf("%s has more than the %d bytes that are allowed", plain(path), limit)
	}
	return b, nil
}

// Who may read a file that is written here, beside its owner.
const (
	forAll   fs.FileMode = 0o644 // policies, receipts: what everyone may know
	forOwner fs.FileMode = 0o600 // documents, salts, and a revocation, which whoever has it can register
)

// replaceFile writes what content gives to path, whole or not at all: into a file
// beside it, that then takes its place. What is not to be written over goes to
// [newFile].
func replaceFile(path string, mode fs.FileMode, content io.Reader) (err error) {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".chirograph-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			tmp.Close()
			os.Remove(tmp.Name())
		}
	}()
	if _, err := io.Copy(tmp, content); err != nil {
		return err
	}
	if err := tmp.Chmod(mode); err != nil {
		return err
	}
	if err := tmp.Sync(); err != nil {
		return err
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

// dossierExtension ends the name of the one file of a contract.
const dossierExtension = ".chirograph"

func isDossier(path string) bool { return strings.HasSuffix(path, dossierExtension) }

// mediaTypes is by ending, so that the same file has the same line everywhere.
var mediaTypes = map[string]string{
	".md": "text/markdown", ".txt": "text/plain", ".csv": "text/csv", ".html": "text/html", ".htm": "text/html",
	".pdf": "application/pdf", ".json": "application/json", ".xml": "application/xml", ".zip": "application/zip",
	".odt": "application/vnd.oasis.opendocument.text", ".ods": "application/vnd.oasis.opendocument.spreadsheet",
	".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	".svg":  "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".tif": "image/tiff", ".tiff": "image/tiff",
	".stl": "model/stl", ".step": "model/step", ".stp": "model/step", ".obj": "model/obj", ".3mf": "model/3mf", ".gltf": "model/gltf+json",
	".dxf": "image/vnd.dxf", ".dwg": "image/vnd.dwg", ".gcode": "text/x.gcode",
}

func mediaType(name string) string {
	if t, ok := mediaTypes[strings.ToLower(filepath.Ext(name))]; ok {
		return t
	}
	return "application/octet-stream"
}

// openDossier opens a dossier and leaves out the receipts in it that do not hold under
// its own policy: whoever sent the file may have put in what nobody registered. An older
// one beside one that holds may be from when the ledger asked other witnesses. The
// file stays as it is until it is saved.
func (a *app) openDossier(path string) (*dossier.Dossier, error) {
	d, err := dossier.Open(path)
	if err != nil {
		return nil, err
	}
	if err := a.dropForged(d); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", plain(path), err), d.Close())
	}
	return d, nil
}

func (a *app) dropForged(d *dossier.Dossier) error {
	p, err := verify.ParsePolicy(d.Policy())
	if err != nil {
		return fmt.Errorf("its policy: %w", err)
	}
	anyWitness := *p
	anyWitness.Quorum = verify.NoQuorum
	good := make(map[*dossier.Receipt]bool)
	forged := false
	judge := func(p *verify.Policy, r *record.Record, receipt *dossier.Receipt) {
		_, err := verify.Receipt(p, receipt.Bytes())
		if good[receipt] = err == nil; err != nil {
			a.say("warning: a receipt of %s in this file does not hold, and is left out: %s", recordName(r), err)
			forged = true
		}
	}
	for _, r := range d.Records() {
		newest, first := d.Receipt(r.ID()), d.FirstReceipt(r.ID())
		if newest == nil {
			continue
		}
		judge(p, r, newest)
		switch {
		case first != newest && good[newest]:
			judge(&anyWitness, r, first)
		case first != newest:
			judge(p, r, first)
		}
	}
	if !forged {
		return nil
	}
	return d.KeepReceipts(func(r *dossier.Receipt) bool { return good[r] })
}
