package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// A job is what a process of its own measures, so that the memory, the processor time
// and the writes of one side are not another's.
type job struct {
	Dir     string   // of a ledger, or a folder to work in
	Records string   // file
	N       int      // records or requests
	Check   string   // of signatures
	Made    int64    // POSIX seconds, of contracts
	Parties int      // keys of each role
	Rate    float64  // records a second; 0 for one after the other
	URL     string   // of a server
	Conns   int      // connections
	Paths   []string // that are asked for in turn
	Form    string   // of a submission: one of forms
	Batch   int      // entries
	Age     string   // of a batch
	Lone    int      // records that come alone
	Guarded bool     // against entries that are there
	Profile string   // file for a CPU profile; "" for none
}

// metrics are what a process measured, by name: seconds, bytes, or a number.
type metrics map[string]float64

// children are what processes of their own can do.
var children map[string]func(job) (metrics, error)

func init() {
	children = map[string]func(job) (metrics, error){
		"floor": floorChild, "ours": oursChild, "tessera": tesseraChild,
		"ours-latency": oursLatencyChild, "tessera-latency": tesseraLatencyChild,
		"fill": fillChild, "crowd": crowdChild, "lone": loneChild, "tidy": tidyChild, "export": exportChild, "receipt": receiptChild,
		"post": postChild, "get": getChild, "proofs": proofsChild, "at-size": atSizeChild,
	}
}

// childName is the variable of the environment that makes this program a child.
const childName = "CHIROGRAPH_BENCH_CHILD"

// runChild does the job that it finds on standard input, and ends the process, where
// this one is a child.
func runChild() {
	name := os.Getenv(childName)
	if name == "" {
		return
	}
	var j job
	err := json.NewDecoder(os.Stdin).Decode(&j)
	var m metrics
	if err == nil {
		m, err = children[name](j)
	}
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(m)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// child has a process of its own do a job. Before its name may stand a command that
// starts it.
func child(name string, j job, before ...string) (metrics, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	in, err := json.Marshal(j)
	if err != nil {
		return nil, err
	}
	cmd := started(before, self)
	var stdout, stderr bytes.Buffer
	cmd.Env = append(os.Environ(), childName+"="+name)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(in), &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", name, err, strings.TrimSpace(stderr.String()))
	}
	var m metrics
	if err := json.Unmarshal(stdout.Bytes(), &m); err != nil {
		return nil, fmt.Errorf("%s said %q: %w", name, stdout.String(), err)
	}
	return m, nil
}
