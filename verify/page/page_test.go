package page

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"regexp"
	"testing"
)

// A page that was edited by hand, or whose line ends somebody converted, shows nothing:
// the browser runs no script whose hash is another.
func TestThePageAllowsItsOwnScriptAndStyleAndNothingElse(t *testing.T) {
	hash := func(tag string) string {
		m := regexp.MustCompile(`(?s)<` + tag + `>(.*?)</` + tag + `>`).FindSubmatch(HTML)
		if m == nil {
			t.Fatalf("the page has no %s", tag)
		}
		sum := sha256.Sum256(m[1])
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	want := `content="default-src 'none'; script-src ` + hash("script") + `; style-src ` + hash("style") +
		`; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types search; worker-src blob:"`
	if !bytes.Contains(HTML, []byte(want)) {
		t.Errorf("the page does not have the policy %s", want)
	}
}
