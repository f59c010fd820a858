// Package testvectors holds the test vectors of Chirograph: one value or one
// failure a file, as <class>/<name>.json. README.md says how to read them and
// FORMATS.md is the page that decides each outcome; reader.mjs passes all of them
// and shares no line with the Go packages.
//
// The tests of this package make every file again from fixed seeds and compare,
// and run each through the packages that it is about. After a change:
//
//	go test ./testvectors -update
package testvectors

import "embed"

// Files holds the vectors, each as <class>/<name>.json.
//
//go:embed key/*.json ed25519/*.json record/*.json entry/*.json
//go:embed checkpoint/*.json cosignature/*.json inclusion/*.json consistency/*.json tile/*.json proof/*.json
//go:embed policy/*.json receipt/*.json consistency-proof/*.json dossier/*.json evidence/*.json qr/*.json
var Files embed.FS
