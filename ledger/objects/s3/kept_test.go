package s3_test

import (
	"net/http"
	"path"
	"testing"
)

// What readers find, they and what is on their way may keep as long as the ledger says; what is of
// the nodes alone, nobody.
func TestNobodyKeepsWhatIsOfTheNodes(t *testing.T) {
	kept := make(map[string]string)
	b := open(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kept[path.Base(r.URL.Path)] = r.Header.Get("Cache-Control")
		w.Header().Set("ETag", `"1"`)
	}), "bucket")
	for _, name := range []string{"head", "checkpoint", "probe/0011223344556677/race-1", "tile/0/000"} {
		if _, err := b.Create(t.Context(), name, []byte("first")); err != nil {
			t.Fatal(err)
		}
		if name == "tile/0/000" {
			continue // which nobody replaces
		}
		if _, err := b.Swap(t.Context(), name, "1", []byte("next")); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{
		"head": "no-store", "race-1": "no-store", "checkpoint": "public, max-age=2", "000": "public, max-age=31536000, immutable",
	} {
		if kept[name] != want {
			t.Errorf("%s is stored with %q, not %q", name, kept[name], want)
		}
	}
}
