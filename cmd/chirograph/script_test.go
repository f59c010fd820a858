//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(programs{m}, map[string]func(){"chirograph": main})
}

// A programs builds the two other programs, and puts them on the path, before the
// tests run. This one is the test binary under its own name.
type programs struct{ *testing.M }

func (p programs) Run() int {
	dir, err := os.MkdirTemp("", "chirograph-programs")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	build := exec.Command("go", append(append([]string{"build"}, raceFlag...), "-o", dir, "../chirographd", "../chirograph-verify")...)
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, build, err)
		return 1
	}
	os.Setenv("PATH", dir+string(filepath.ListSeparator)+os.Getenv("PATH"))
	if os.Getenv("GORACE") == "" {
		os.Setenv("GORACE", "atexit_sleep_ms=0") // else each program waits a second at its end
	}
	return p.M.Run()
}

// TestProgramsDoWhatTheySay runs testdata/script: the three programs as people use
// them, with ledgers on free ports. Beside the commands of package testscript there
// are these:
//
//	exits CODE PROGRAM [ARG…]           without a terminal, with that exit code
//	typed CODE FILE PROGRAM [ARG…]      on a terminal; FILE has lines PROMPT|ANSWER, in turn
//	serve NAME DIR [FLAG…]              a ledger, until the end; its URL goes into $NAME
//	follow NAME DIR [FLAG…] URL         a copy of the ledger at URL, likewise
//	unserve NAME                        SIGTERM; it has to exit with 0
//	front NAME [URL]                    a proxy with an address of its own in $NAME, to the ledger at URL
//	hook NAME STATUS                    a server for alarms, its URL in $NAME; prints what was posted, and answers STATUS from now on
//	agent                               an ssh-agent, in $SSH_AUTH_SOCK
//	get URL FILE · post URL FILE        over HTTP; post sends FILE and prints what is answered
//	like FILE WANT                      WANT has variables, and "…" for what differs (see likeness)
//	json PATH VALUE                     of standard output
//	capture NAME FILE REGEXP            the first group goes into $NAME
//	flip FILE OFFSET · cut FILE BYTES   one bit; bytes from the end
//	tamper DOSSIER FILE                 a letter of a document or receipt in it
//	bare DOSSIER COPY                   a copy without documents and salts
//	lapse DOSSIER KEY…                  adds a statement of which the time to sign is over, by the first party, signed by the keys
//	slip DOSSIER NOTE                   puts a record into a dossier, as whoever sends it can
//	past DOSSIER COPY KEY…              the same contract of which the time to sign is over, signed by the keys
func TestProgramsDoWhatTheySay(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("CHIROGRAPH_HOME", filepath.Join(env.WorkDir, ".home"))
			env.Values[runningKey{}] = make(running)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": cmdExits, "typed": cmdTyped,
			"serve": cmdServe, "follow": cmdFollow, "unserve": cmdUnserve, "front": cmdFront, "hook": cmdHook, "agent": cmdAgent, "get": cmdGet, "post": cmdPost,
			"like": cmdLike, "json": cmdJSON, "capture": cmdCapture,
			"flip": cmdFlip, "cut": cmdCut, "tamper": cmdTamper, "bare": cmdBare, "past": cmdPast, "lapse": cmdLapse, "slip": cmdSlip,
		},
	})
}
