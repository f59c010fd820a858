package testvectors

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"go/parser"
	"go/token"
	"maps"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// An outcome is what our packages say of a vector: the kind of failure, or "ok" and
// the values.
type outcome struct {
	want   string
	values map[string]any
	reason error // of a failure
}

func ok(values map[string]any) outcome { return outcome{"ok", values, nil} }

func fails(kind string, reason error) outcome { return outcome{kind, nil, reason} }

// checks lists for each class what runs its vectors.
var checks = map[string]func(in *input) outcome{
	"key":         checkKey,
	"ed25519":     checkEd25519,
	"record":      checkRecord,
	"entry":       checkEntry,
	"checkpoint":  checkCheckpoint,
	"cosignature": checkCosignature,
	"inclusion":   checkInclusion,
	"consistency": checkConsistency,
	"tile":        checkTile,
	"proof":       checkProof,
	"policy":      checkPolicy,
	"receipt":     checkReceipt,
	"dossier":     checkDossier,
	"evidence":    checkEvidence,
	"qr":          checkQR,

	"consistency-proof": checkConsistencyProof,
}

// An input gives the members of a vector that go in. What it has not given when the
// vector was run are the values to compare.
type input struct {
	t       *testing.T
	members map[string]any
}

// take returns a member and leaves it out of the values.
func (in *input) take(name string) (any, bool) {
	v, ok := in.members[name]
	delete(in.members, name)
	return v, ok
}

// text returns a member that is a string.
func (in *input) text(name string) string {
	v, _ := in.take(name)
	s, ok := v.(string)
	if !ok {
		in.t.Fatalf("member %q is no string", name)
	}
	return s
}

// octets returns a member of bytes, from "name" or "name_base64".
func (in *input) octets(name string) []byte {
	if v, ok := in.members[name].(string); ok {
		delete(in.members, name)
		return []byte(v)
	}
	b, err := base64.StdEncoding.DecodeString(in.text(name + "_base64"))
	if err != nil {
		in.t.Fatal(err)
	}
	return b
}

// hex returns a member of bytes in hex.
func (in *input) hex(name string) []byte {
	b, err := hex.DecodeString(in.text(name))
	if err != nil {
		in.t.Fatal(err)
	}
	return b
}

func TestVectors(t *testing.T) {
	files := stored(t)
	if len(files) == 0 {
		t.Fatal("there are no vectors: run go test ./testvectors -update")
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		t.Run(strings.TrimSuffix(name, ".json"), func(t *testing.T) { runVector(t, path.Dir(name), files[name]) })
	}
}

func runVector(t *testing.T, class string, file []byte) {
	in := &input{t: t}
	if err := json.Unmarshal(file, &in.members); err != nil {
		t.Fatal(err)
	}
	comment, want := in.text("comment"), in.text("want")
	got := checks[class](in)
	if got.want != want {
		t.Fatalf("%s\nwant %s, got %s (%v)", comment, want, got.want, got.reason)
	}
	if want == "ok" && got.reason != nil {
		t.Fatal(got.reason)
	}
	printed, err := json.Marshal(got.values)
	if err != nil {
		t.Fatal(err)
	}
	values := make(map[string]any)
	if err := json.Unmarshal(printed, &values); err != nil {
		t.Fatal(err)
	}
	if len(values)+len(in.members) > 0 && !reflect.DeepEqual(values, in.members) {
		t.Errorf("%s\nwant %v\ngot  %v", comment, in.members, values)
	}
}

// kinds lists the kinds of failure of each class, as README.md does.
var kinds = map[string][]string{
	"key":               {"form"},
	"ed25519":           {"key", "signature"},
	"record":            {"form", "signed", "quorum"},
	"entry":             {"size", "form", "signed", "quorum"},
	"checkpoint":        {"form", "signature", "origin"},
	"cosignature":       {"form", "signature"},
	"inclusion":         {"index", "proof"},
	"consistency":       {"proof"},
	"tile":              {"form"},
	"policy":            {"form"},
	"proof":             {"form"},
	"receipt":           {"proof", "entry", "ledger", "checkpoint", "cosignature", "quorum", "index", "inclusion", "signatures", "documents"},
	"consistency-proof": {"form", "checkpoint", "quorum", "size", "consistency"},
	"dossier":           {"form", "documents", "quorum", "inclusion", "fork"},
	"qr":                {"form", "differ", "missing", "hash"},
	"evidence":          {"form", "checkpoint", "index", "inclusion", "size", "consistency", "entry", "quorum", "rule"},
}

func TestEveryKindHasVectorsAndEveryVectorAKind(t *testing.T) {
	for class, vectors := range classes {
		count := make(map[string]int)
		for _, v := range vectors() {
			want := v.members[1].value.(string)
			if want != "ok" && !slices.Contains(kinds[class], want) {
				t.Errorf("%s/%s wants %q, which is no kind of its class", class, v.name, want)
			}
			count[want]++
		}
		for _, kind := range append(kinds[class], "ok") {
			if count[kind] < 2 {
				t.Errorf("class %s has %d vectors that want %s", class, count[kind], kind)
			}
		}
	}
	if len(kinds) != len(classes) || len(checks) != len(classes) {
		t.Errorf("%d classes are made, %d checked, %d have kinds", len(classes), len(checks), len(kinds))
	}
}

func TestNoTwoVectorsAreTheSame(t *testing.T) {
	seen := make(map[string]string)
	for name, b := range stored(t) {
		var members map[string]any
		if err := json.Unmarshal(b, &members); err != nil {
			t.Fatal(err)
		}
		delete(members, "comment")
		same, err := json.Marshal(members)
		if err != nil {
			t.Fatal(err)
		}
		key := path.Dir(name) + string(same)
		if other, ok := seen[key]; ok {
			t.Errorf("%s and %s are the same", other, name)
		}
		seen[key] = name
	}
}

// Only the files that run vectors may know the packages that they are run through.
func TestTheGeneratorAsksNoPackageUnderTest(t *testing.T) {
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range f.Imports {
			if strings.Contains(i.Path.Value, "chirograph") && !strings.HasPrefix(name, "check_") {
				t.Errorf("%s imports %s", name, i.Path.Value)
			}
		}
	}
}
