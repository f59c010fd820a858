package client

import (
	"net/http"
	"testing"
)

// To compress pays on a line, and not within a machine.
func TestOnlyThisMachineIsAskedForNoCompression(t *testing.T) {
	for url, plain := range map[string]bool{
		"http://127.0.0.1:8080": true, "http://127.8.9.1": true, "http://[::1]:80/x": true, "http://localhost": true, "https://localhost:443": true,
		"http://ledger.example": false, "http://10.0.0.1": false, "http://127.0.0.1.example": false, "http://localhost.example": false, "http://[::2]": false,
	} {
		f, err := newFetcher(nil, url)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.http.Transport.(*http.Transport).DisableCompression; got != plain {
			t.Errorf("%s: not compressed is %t", url, got)
		}
	}
}
