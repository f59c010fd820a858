// Package engines runs real object stores for tests, and what stands between them and
// their clients: the gateways of versitygw over one directory, a Ceph of one monitor,
// three OSDs and two gateways, a proxy that does to requests what networks do, and
// network namespaces that can be cut off.
//
// All of it listens on loopback, on ports that are free, keeps what it writes in a
// folder of the test's, and has ended when the test has. Each program that it runs is a
// [Process], which can be killed, stopped, resumed and started again.
//
// What the stores do with conditional requests, which a ledger on them is built on, is
// told by the tests of this package: behaviour_test.go has it as a table.
//
// It needs Linux. [Versity] needs Go, which builds the gateway; [Ceph] and [Namespace]
// need root. A test that uses [Versity] is in a package whose TestMain is [Main].
package engines
