// Package nodes has no code, and tests of several nodes of one ledger as people run them:
// three processes of chirographd node, each behind a proxy of its own to its own gateway of
// a real object store, under load, while processes are killed, stopped and resumed, networks
// cut, answers lost, requests repeated, clocks wrong, gateways and disks gone.
//
// The ledger's key is in an ssh-agent of the test's, so that each signature that was ever made
// is known; a watcher reads head and checkpoint all the time, past the proxies. At the
// end all of it has to lie on one chain: the log in the bucket.
//
// The program is built with the tag skew, by which a node's clock can be made wrong, and the
// condition be left off the swap of the head; without it the same tests find split views.
//
// It needs Linux, and root for Ceph and for networks that are cut.
package nodes
