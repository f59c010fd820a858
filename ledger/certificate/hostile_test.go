package certificate

import (
	"crypto/sha256"
	"encoding/base64"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/chirograph/chirograph/ledger/record"
	"pgregory.net/rapid"
)

// hostile are titles that may be signed, and would be more than words if they could.
var hostile = []string{
	`</title><script>alert(1)</script><b onclick="x">`, `"><img src=x onerror=alert(1)>&amp;{{.}}`, "שלום (12) <b>", "四十个流量计 😀", "\u0430pple \\u{5d0}",
}

func TestATitleIsWordsAndNothingElse(t *testing.T) {
	for _, title := range hostile {
		page := html(t, certificate(t, title))
		if strings.Contains(page, "<script") || strings.Contains(page, "<b>") || strings.Contains(page, "<b ") || strings.Contains(page, "<img src=x") || strings.Count(page, "</title>") != 1 {
			t.Errorf("%q is markup", title)
		}
		escaped := regexp.MustCompile(`<h1><bdi>([^<]*)</bdi></h1>`).FindStringSubmatch(page)
		if escaped == nil || unescape(escaped[1]) != title {
			t.Errorf("%q stands there as %q", title, escaped)
		}
	}
}

func unescape(s string) string {
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&#34;", `"`, "&#39;", "'", "&#43;", "+", "&amp;", "&").Replace(s)
}

func TestWhatLooksLikeAnotherLetterIsSpelled(t *testing.T) {
	if page := html(t, certificate(t, "\u0430pple")); !strings.Contains(page, `letter by letter: <code>\u{430}pple</code>`) {
		t.Error("a Cyrillic a is not told from a Latin one")
	}
	if page := html(t, certificate(t, "Müller & Söhne")); strings.Contains(page, "letter by letter") {
		t.Error("a title in Latin-1 is spelled")
	}
}

// One function says what hides, in whatever version of Unicode a program was made with.
func TestWhatIsWrittenOutIsWhatNoTitleMayHave(t *testing.T) {
	for r := range rune(unicode.MaxRune + 1) {
		if s := string(r); utf8.ValidRune(r) && (visible(s) != s) != record.Hides(r) {
			t.Fatalf("U+%04X is shown as %q, and that it hides is %v", r, visible(s), record.Hides(r))
		}
	}
}

func TestNothingHides(t *testing.T) {
	for _, r := range []rune{0, '\n', 0x7f, 0xa0, 0xad, 0x200b, 0x202e, 0x2066, 0x2800, 0x3000, 0x3164, 0xe000, 0xfe0f, 0xfeff, 0xfffd, 0xfffe, 0xe0041, 0xe0100} {
		if got := visible("a" + string(r) + "b"); len(got) < 6 || !strings.Contains(got, `\u{`) {
			t.Errorf("U+%04X is shown as %q", r, got)
		}
	}
	if s := "Ärger, שלום, 四十 😀 \\ –"; visible(s) != s {
		t.Errorf("%q is shown as %q", s, visible(s))
	}
	text := policyText("w\u202e")
	d, id := sample(t, "One", text)
	c, err := New(policy(t, text), true, d, id)
	if err != nil {
		t.Fatal(err)
	}
	if page := html(t, c); strings.Contains(page, "\u202e") || !strings.Contains(page, `w\u{202e}`) {
		t.Error("a witness turns the page round")
	}
}

func TestLettersFromRightToLeftStandApart(t *testing.T) {
	text := markup(isolated("the quorum אב גד (12) had seen it"))
	if text != "the quorum <bdi>אב גד</bdi> (12) had seen it" {
		t.Errorf("it is %s", text)
	}
}

// What a PDF cannot draw is written out: no face is asked for a letter that it has not.
func TestNoLetterIsLostInAPDF(t *testing.T) {
	c := certificate(t, "One")
	for _, title := range append(hostile, "Müller, Ωμέγα, Пример", "سلام", "👩‍🌾") {
		p, err := c.newPaper(1)
		if err != nil {
			t.Fatal(err)
		}
		drawn := p.drawable(plain, visible(title))
		for _, r := range drawn {
			if !p.types.has(plain, r) {
				t.Errorf("%q: U+%04X has no letter", title, r)
			}
		}
		if p.missing != (drawn != visible(title)) {
			t.Errorf("%q is drawn as %q, and missing is %v", title, drawn, p.missing)
		}
		if strings.ContainsAny(title, "שס四") && !strings.Contains(drawn, `\u{`) {
			t.Errorf("%q is drawn as %q", title, drawn)
		}
		pdf(t, certificate(t, strings.ReplaceAll(title, "\u200d", "")))
	}
}

func TestThePageFetchesAndRunsNothing(t *testing.T) {
	page := html(t, certificate(t, "One"))
	csp := regexp.MustCompile(`Content-Security-Policy" content="([^"]*)"`).FindStringSubmatch(page)
	_, rest, _ := strings.Cut(page, "<style>")
	sheet, _, ok := strings.Cut(rest, "</style>")
	sum := sha256.Sum256([]byte(sheet))
	want := "default-src 'none'; img-src data:; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"
	if !ok || csp == nil || unescape(csp[1]) != want {
		t.Errorf("the policy is %q, want %q", csp, want)
	}
	for _, bad := range []string{"<script", "http:", "https:", "url(", "@import", " style=", "javascript:"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	for _, m := range regexp.MustCompile(`(?:src|href)="([^"]{0,12})`).FindAllStringSubmatch(page, -1) {
		if !strings.HasPrefix(m[1], "data:") {
			t.Errorf("the page names %q", m[1])
		}
	}
}

func TestRowsAreTheLine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		line := rapid.StringOfN(rapid.RuneFrom([]rune("ab  —")), 0, 400, -1).Draw(t, "line")
		all := rowsOf([]rune(line))
		if strings.Join(all, "") != line {
			t.Fatalf("%q is %q", line, all)
		}
		for i, row := range all {
			width := rowWidth
			if i > 0 {
				width -= indent
			}
			if utf8.RuneCountInString(row) > width {
				t.Fatalf("%q is wider than %d", row, width)
			}
			inner := i > 0 && strings.HasPrefix(row, " ") || i < len(all)-1 && strings.HasSuffix(row, " ")
			if inner && !strings.Contains(line, strings.Repeat(" ", 2)) {
				t.Fatalf("%q begins or ends with a space", row)
			}
		}
	})
}

func TestItAsksNeitherNetworkNorClock(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, dep := range strings.Fields(string(out)) {
		if dep == "net" || dep == "net/http" || dep == "os/exec" || strings.Contains(dep, "pebble") || strings.HasSuffix(dep, "chirograph/ledger/client") {
			t.Errorf("it reaches %s", dep)
		}
	}
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		if b, err := os.ReadFile(name); err != nil || !strings.HasSuffix(name, "_test.go") && strings.Contains(string(b), "time.Now") {
			t.Errorf("%s names time.Now, or cannot be read: %v", name, err)
		}
	}
}
