// Package page is the verifier as a web page: one HTML file that checks, in a browser and
// without a network, what chirograph-verify receipt, consistency and evidence check, in
// the same words. It is TypeScript (src), on points, hashes and ML-DSA-44 of @noble, and
// shares no line with the Go packages or with testvectors/reader.mjs.
//
//	npm ci            what it is built with, in the versions of package-lock.json
//	npm run build     makes verify.html, the same bytes every time
//	npm test          the types, all of testvectors in Node, and that verify.html is what src gives
//	npm run compare   that it says what chirograph-verify says, sentence for sentence
//	npm run browser   the page in a Chromium, from disk and served; -- DIR keeps screenshots
//
// verify.html is committed, so that a ledger is built without Node.
package page

import _ "embed" // for HTML

// HTML is the page, in UTF-8. It fetches nothing, and says so to the browser by a
// Content-Security-Policy of its own, with the hashes of its script and its style. A
// server that sends such a header beside it must allow what that allows (both are to
// hold), and nothing more. It is not to be changed.
//
//go:embed verify.html
var HTML []byte
