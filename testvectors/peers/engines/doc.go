// Package engines runs real object stores for tests, and what stands between them and
// their clients: the gateways of versitygw over one directory, a Ceph of one monitor,
// three OSDs and two gateways, a proxy that does to requests what networks do, and
// network namespaces that can be cut off.
//
// All of it listens on loopback, on ports that are free, keeps what it writes in a
// folder of the test's, and has ended when the test has. Each program that it runs is a
// [Process], which can be killed, stopped, resumed and started again.
//
// What the stores do with conditional requests, on which a ledger is built, the tests of
// this package find out: behaviour_test.go has a table of it. What they have in common:
//
//   - Of any number who create or swap an object at once, over any gateways, one is told 200,
//     and its bytes are there over every gateway. Who loses is told 412, or on Ceph 500.
//   - Of any other answer, and of none, nothing follows: a swap may have been done, or be
//     done later, as long as its condition holds then. Where something between delivers a
//     request twice, not even of 412.
//   - An ETag is the MD5 of the bytes, and no version: when the same bytes are back, so is
//     the condition. versitygw may send it with the bytes of a later object; a swap on
//     that is refused.
//   - A request is good for a quarter of an hour after it was signed, and as often as it is
//     delivered. Nothing but its condition stops it.
//
// It needs Linux. [Versity] needs Go, which builds the gateway; [Ceph] and [NewNamespace]
// need root. A test that uses [Versity] is in a package whose TestMain calls [Main].
package engines
