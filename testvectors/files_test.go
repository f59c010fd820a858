package testvectors

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

var update = flag.Bool("update", false, "write the vectors instead of comparing them")

// A vector is one file: what goes in, and what the page says comes out.
type vector struct {
	class, name string
	members     []member // in the order of the file
}

// A member is one member of a vector's JSON object.
type member struct {
	name  string
	value any
}

// accepted returns a vector whose input is good and means what the values say.
func accepted(class, name, comment string, members ...member) vector {
	return vector{class, name, append([]member{{"comment", comment}, {"want", "ok"}}, members...)}
}

// refused returns a vector whose input has one fault, of this kind.
func refused(class, name, kind, comment string, inputs ...member) vector {
	return vector{class, name, append([]member{{"comment", comment}, {"want", kind}}, inputs...)}
}

// octets returns the member for an input of bytes: a string where one can hold
// them and a reader can see them, else base64.
func octets(name, value string) member {
	hidden := func(r rune) bool { return r < 0x20 && r != '\n' || r == 0x7F }
	if utf8.ValidString(value) && !strings.ContainsFunc(value, hidden) {
		return member{name, value}
	}
	return member{name + "_base64", base64.StdEncoding.EncodeToString([]byte(value))}
}

// file prints the vector. All but ASCII and the dash of signature lines is
// escaped, so that no editor hides or changes a character.
func (v vector) file() []byte {
	var object bytes.Buffer
	object.WriteString("{\n")
	for i, m := range v.members {
		var value bytes.Buffer
		enc := json.NewEncoder(&value)
		enc.SetEscapeHTML(false)
		enc.SetIndent("  ", "  ")
		if err := enc.Encode(m.value); err != nil {
			panic(err)
		}
		fmt.Fprintf(&object, "  %q: %s", m.name, bytes.TrimSuffix(value.Bytes(), []byte("\n")))
		if i < len(v.members)-1 {
			object.WriteByte(',')
		}
		object.WriteByte('\n')
	}
	object.WriteString("}\n")
	var b []byte
	for _, r := range object.String() {
		switch {
		case r < utf8.RuneSelf && r != 0x7F, r == '—':
			b = utf8.AppendRune(b, r)
		case r > 0xFFFF:
			r -= 0x10000
			b = fmt.Appendf(b, `\u%04x\u%04x`, 0xD800+r>>10, 0xDC00+r&0x3FF)
		default:
			b = fmt.Appendf(b, `\u%04x`, r)
		}
	}
	return b
}

// classes lists the generators by class, which is also the folder.
var classes = map[string]func() []vector{
	"key":         keyVectors,
	"ed25519":     ed25519Vectors,
	"record":      recordVectors,
	"entry":       entryVectors,
	"checkpoint":  checkpointVectors,
	"cosignature": cosignatureVectors,
	"inclusion":   inclusionVectors,
	"consistency": consistencyVectors,
	"tile":        tileVectors,
	"proof":       proofVectors,
	"policy":      policyVectors,
	"receipt":     receiptVectors,
	"dossier":     dossierVectors,
	"evidence":    evidenceVectors,
	"qr":          qrVectors,

	"consistency-proof": consistencyProofVectors,
}

// fileNames and devices: on Windows, nul.json is no file.
var (
	fileNames = regexp.MustCompile(`^[a-z0-9-]+$`)
	devices   = regexp.MustCompile(`^(con|prn|aux|nul|(com|lpt)[0-9])$`)
)

// generate makes every file again, by its path.
func generate(t *testing.T) map[string][]byte {
	files := make(map[string][]byte)
	for class, vectors := range classes {
		for _, v := range vectors() {
			name := v.class + "/" + v.name + ".json"
			if v.class != class || !fileNames.MatchString(v.name) || devices.MatchString(v.name) {
				t.Errorf("%s is made among the vectors of %s, or under no name for a file", name, class)
			}
			if _, ok := files[name]; ok {
				t.Errorf("%s is made twice", name)
			}
			files[name] = v.file()
		}
	}
	return files
}

// stored reads every file of the folders of vectors.
func stored(t *testing.T) map[string][]byte {
	files := make(map[string][]byte)
	for class := range classes {
		err := filepath.WalkDir(class, func(name string, d fs.DirEntry, err error) error {
			if os.IsNotExist(err) && name == class {
				return nil
			}
			if err != nil || d.IsDir() {
				return err
			}
			b, err := os.ReadFile(name)
			files[filepath.ToSlash(name)] = b
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return files
}

func TestGeneratingChangesNothing(t *testing.T) {
	made, have := generate(t), stored(t)
	if *update {
		write(t, made, have)
		return
	}
	for _, name := range slices.Sorted(maps.Keys(made)) {
		b, ok := have[name]
		switch {
		case !ok:
			t.Errorf("%s is missing: run go test ./testvectors -update", name)
		case !bytes.Equal(b, made[name]):
			t.Errorf("%s is not what the generator makes", name)
		}
	}
	for name := range have {
		if _, ok := made[name]; !ok {
			t.Errorf("%s is not made by the generator", name)
		}
	}
}

func write(t *testing.T, made, have map[string][]byte) {
	for name, b := range made {
		if err := os.MkdirAll(path.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if bytes.Equal(have[name], b) {
			continue
		}
		if err := os.WriteFile(filepath.FromSlash(name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name := range have {
		if _, ok := made[name]; !ok {
			if err := os.Remove(filepath.FromSlash(name)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestFilesAreEmbedded(t *testing.T) {
	for name := range stored(t) {
		if _, err := fs.Stat(Files, name); err != nil && !*update {
			t.Error(err)
		}
	}
}
