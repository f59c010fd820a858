// Command three verifies three Ed25519 signatures, as many as the receipt of a contract
// between two parties has, and prints ok: what a process costs that does no more.
package main

import (
	"crypto/ed25519"
	"encoding/hex"
	"os"
)

// Test 1 of RFC 8032, section 7.1: the empty message.
const (
	public    = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
	signature = "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
)

func main() {
	key, err1 := hex.DecodeString(public)
	sig, err2 := hex.DecodeString(signature)
	if err1 != nil || err2 != nil {
		os.Exit(1)
	}
	for range 3 {
		if !ed25519.Verify(key, nil, sig) {
			os.Exit(1)
		}
	}
	if _, err := os.Stdout.WriteString("ok\n"); err != nil {
		os.Exit(1)
	}
}
