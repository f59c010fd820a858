// Package verify says whether what a ledger gave holds: a receipt, the dossier that
// keeps it, a consistency proof. It asks nobody: it has no network, no storage and
// no clock, and trusts the keys of a [Policy] alone.
//
// testvectors/FORMATS.md, section 3, fixes the steps and their order. A [Failure]
// names the step. What cannot be known from the files at hand is said, and is not
// taken as good: a [Report] lists what was proved and what was not.
package verify
