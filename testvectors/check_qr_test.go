package testvectors

import (
	"bytes"
	"encoding/base64"
	"errors"

	"github.com/chirograph/chirograph/ledger/qr"
)

func checkQR(in *input) outcome {
	list, _ := in.take("codes")
	var parts []qr.Part
	for _, c := range list.([]any) {
		b := (&input{in.t, c.(map[string]any)}).octets("code")
		p, err := qr.Parse(b)
		if err != nil {
			return failsAs(err)
		}
		if !bytes.Equal(p.Bytes(), b) {
			in.t.Errorf("%q is printed %q", b, p.Bytes())
		}
		parts = append(parts, p)
	}
	wholes := []string{}
	for _, set := range qr.Sets(parts) {
		whole, err := qr.Join(set)
		if err != nil {
			return failsAs(err)
		}
		wholes = append(wholes, base64.StdEncoding.EncodeToString(whole))
	}
	return ok(map[string]any{"wholes": wholes})
}

func failsAs(err error) outcome {
	var f *qr.Fault
	if !errors.As(err, &f) {
		return fails("a fault of another type", err)
	}
	return fails(string(f.Kind), err)
}
