package web

import (
	"net/http"
	"strings"
	"testing"
)

const (
	firefox = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
	chrome  = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7"
	safari  = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
	axios   = "application/json, text/plain, */*"
	java    = "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"
)

func TestThePreferredFaceIsTheOneThatAcceptNamesMost(t *testing.T) {
	three, two := []face{textFace, htmlFace, jsonFace}, []face{jsonFace, htmlFace}
	for _, test := range []struct {
		accept     string
		three, two face
	}{
		{firefox, htmlFace, htmlFace}, {chrome, htmlFace, htmlFace}, {safari, htmlFace, htmlFace},
		{"*/*", textFace, jsonFace}, {axios, textFace, jsonFace}, {java, textFace, jsonFace}, {"", textFace, jsonFace}, {",", textFace, jsonFace},
		{"text/html", htmlFace, htmlFace}, {"TEXT/HTML", htmlFace, htmlFace}, {"text/html;charset=utf-8", htmlFace, htmlFace}, {`text/html;a="b,;\"c"`, htmlFace, htmlFace},
		{"application/json", jsonFace, jsonFace}, {"application/json; charset=utf-8", jsonFace, jsonFace}, {"application/*", jsonFace, jsonFace},
		{"text/*", textFace, htmlFace}, {"image/png", textFace, jsonFace}, {"application/atom+xml", textFace, jsonFace},
		{"text/html, application/json", htmlFace, jsonFace}, {"application/json, text/html", htmlFace, jsonFace},
		{"text/html;q=0.5, application/json;q=0.4", htmlFace, htmlFace}, {"text/html;q=0.5, application/json;q=0.501", jsonFace, jsonFace},
		{"text/html;q=0", textFace, jsonFace}, {"text/html;q=0, */*", textFace, jsonFace}, {"text/html;q=0.001", htmlFace, htmlFace}, {"text/html ; q=1.000", htmlFace, htmlFace},
		{"*/*;q=0.1, text/*;q=0.2, text/html;q=0.05", textFace, jsonFace}, {"text/html;q=0.3, text/html;level=1;q=0.9, application/json;q=0.5", htmlFace, htmlFace},
		// No form of RFC 9110.
		{"text/html;q=1.001", textFace, jsonFace}, {"text/html;q=2", textFace, jsonFace}, {"text/html;q=.5", textFace, jsonFace}, {"text/html;q=0.1234", textFace, jsonFace},
		{"text/html;q=", textFace, jsonFace}, {"text/html;q", textFace, jsonFace}, {"text/html;", textFace, jsonFace}, {"text", textFace, jsonFace}, {"text/", textFace, jsonFace}, {"/html", textFace, jsonFace},
		{"*/html", textFace, jsonFace}, {"text/html text/plain", textFace, jsonFace}, {"text / html", textFace, jsonFace}, {`text/html;a="b`, textFace, jsonFace}, {"text/html;q=0.5;a=b", textFace, jsonFace},
		{"text/html;q=+1", textFace, jsonFace}, {"text/html;q=1e0", textFace, jsonFace}, {"text/html\x00", textFace, jsonFace}, {"text/html;q=-0", textFace, jsonFace},
	} {
		header := http.Header{"Accept": {test.accept}}
		if got := prefer(header, three); got != test.three {
			t.Errorf("%q of three: face %d, want %d", test.accept, got, test.three)
		}
		if got := prefer(header, two); got != test.two {
			t.Errorf("%q of two: face %d, want %d", test.accept, got, test.two)
		}
	}
	if got := prefer(http.Header{}, three); got != textFace {
		t.Errorf("without Accept: face %d", got)
	}
	if got := prefer(http.Header{"Accept": {"text/plain;q=0.5", "text/html"}}, three); got != htmlFace {
		t.Errorf("of two lines: face %d", got)
	}
}

func TestAnAcceptFieldIsBounded(t *testing.T) {
	pad := func(n int) string { return "text/html;a=" + strings.Repeat("b", n-len("text/html;a=")) }
	for _, test := range []struct {
		accept string
		ok     bool
	}{
		{pad(maxAccept), true}, {pad(maxAccept + 1), false},
		{strings.TrimSuffix(strings.Repeat("a/b,", maxRanges), ","), true}, {strings.Repeat("a/b,", maxRanges) + "a/b", false},
	} {
		if list, err := parseAccept([]string{test.accept}); (err == nil) != test.ok {
			t.Errorf("%d bytes, %d ranges: %v", len(test.accept), len(list), err)
		}
	}
}

// Whatever is read as an Accept field: printed again it says the same, and every weight is
// from 0 to 1.
func FuzzAccept(f *testing.F) {
	for _, s := range []string{firefox, chrome, axios, java, "", ",,", `a/b;c="d\"e";q=0.5`, "text/html;q=1.0", "*/*;q=0", "a/b;q=0.1234", "\t a/b \t;\tc=d"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		list, err := parseAccept([]string{s})
		if err != nil {
			return
		}
		var printed []string
		for _, r := range list {
			if r.weight < 0 || r.weight > 1000 || r.major == "*" && r.minor != "*" {
				t.Fatalf("%q has the range %+v", s, r)
			}
			q := "1"
			if r.weight < 1000 {
				q = "0." + string([]byte{'0' + byte(r.weight/100), '0' + byte(r.weight/10%10), '0' + byte(r.weight%10)})
			}
			printed = append(printed, r.major+"/"+r.minor+";q="+q)
		}
		if len(strings.Join(printed, ",")) > maxAccept {
			return
		}
		again, err := parseAccept(printed)
		if err != nil || len(again) != len(list) {
			t.Fatalf("%q is printed as %q: %v", s, printed, err)
		}
		for i := range list {
			if list[i] != again[i] {
				t.Errorf("%q: %+v, printed and read %+v", s, list[i], again[i])
			}
		}
	})
}
