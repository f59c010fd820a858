package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
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
		return nil, fmt.Errorf("%s has more than the %d bytes that are allowed", path, limit)
	}
	return b, nil
}

// replaceFile writes what content gives to path, whole or not at all: into a file
// beside it, that then takes its place.
func replaceFile(path string, content io.Reader) (err error) {
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
	if err := tmp.Chmod(0o644); err != nil {
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

// refuseExisting says that a file is never written over.
func refuseExisting(path string) error {
	_, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	}
	return hint(fmt.Errorf("%s is there already", path), "name another file; nothing is written over")
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
