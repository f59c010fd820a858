package keystest

import (
	"bytes"
	"encoding/base32"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestEveryFormOfASecretIsFoundWhereverItStands(t *testing.T) {
	secret := Seed(1)
	words := func() string {
		b := slices.Clone(secret[8:16])
		slices.Reverse(b)
		return fmt.Sprintf("main.f({0x%x, 0x1})", b)
	}
	for n := range 7 {
		around := append(append(bytes.Repeat([]byte{0x5c}, n), secret...), "after"...)
		for form, text := range map[string]string{
			"raw":             "error: " + string(around),
			"hex":             fmt.Sprintf("%x", around),
			"HEX":             fmt.Sprintf("%X", around),
			"hex with spaces": fmt.Sprintf("% x", around),
			"numbers":         fmt.Sprint(around),
			"Go":              fmt.Sprintf("%#v", around),
			"JSON":            strings.ReplaceAll(fmt.Sprint(around), " ", ","),
			"base64":          base64.StdEncoding.EncodeToString(around),
			"base64 URL":      base64.URLEncoding.EncodeToString(around),
			"base32":          strings.ToLower(base32.StdEncoding.EncodeToString(around)),
			"PEM":             string(pem.EncodeToMemory(&pem.Block{Type: "KEY", Bytes: around})),
			"a trace":         words(),
		} {
			if Find(secret, []byte(text)) == "" {
				t.Errorf("%s after %d bytes is not found: %s", form, n, text)
			}
		}
		if form := Find(secret, []byte(fmt.Sprintf("%x %v %s", Seed(2), Seed(3), base64.StdEncoding.EncodeToString(Seed(4))))); form != "" {
			t.Errorf("other bytes are taken for it, %s", form)
		}
	}
}
