//go:build unix && !linux

package keys

// NoDumps has the system write no core dump of this process, in which the secrets are that
// it reads: not when it crashes, and not when GOTRACEBACK=crash asks for one. The
// programs that it starts inherit that, and may allow it again. Nothing of it hinders
// root, or a debugger of the same account.
//
// What Go itself prints of a crash are the names of functions and their arguments as
// machine words, which for a slice are an address and two lengths; no function here
// takes a secret as an array.
func NoDumps() error { return noCoreFile() }
