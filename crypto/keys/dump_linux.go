package keys

import (
	"errors"
	"fmt"
	"syscall"
)

// NoDumps has the system write no core dump of this process, in which the secrets are that
// it reads: not when it crashes, and not when GOTRACEBACK=crash asks for one. A limit for
// core files is not enough, because a program that collects them (core(5)) is handed
// them whatever the limit; so the process is marked as one that is not dumped, and no
// other of the same account can read its memory any more. The programs that it starts
// inherit the limit and not the mark. Nothing of it hinders root.
//
// What Go itself prints of a crash are the names of functions and their arguments as
// machine words, which for a slice are an address and two lengths; no function here
// takes a secret as an array.
func NoDumps() error {
	if _, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_DUMPABLE, 0, 0); errno != 0 {
		return errors.Join(fmt.Errorf("marking the process as one that is not dumped: %w", errno), noCoreFile())
	}
	return noCoreFile()
}
