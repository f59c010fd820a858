package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/web"
)

// A Source is what is read when somebody asks. Its functions may be nil, and what one does
// not know is left out.
type Source struct {
	View        func() *ledger.View    // what is published; it may return nil
	Log         *ledger.Log            // nil for a copy, and for a node
	Node        *Node                  // nil where it is none of several
	Unready     func() string          // one of web.Reasons, or ""
	Connections func() int             // that are open
	Places      int                    // how many may be; 0 for nobody knows
	Store       func() (uint64, error) // bytes that the store has on disk
	Disks       []Disk
	Certificate func() time.Time // when the one in use ends, of several the first; zero while a name has none
}

// A Node is one of several of a log.
type Node struct {
	Log   func() *ledger.Log                // nil while it does not lead
	Leads func() bool                       // it does, and its head is known to be its own
	Owner func() (url string, epoch uint64) // who leads; how many have so far
	Taken func() uint64                     // how often it took over since its start
}

// log returns what registers records; nil for nothing.
func (r reading) log() *ledger.Log {
	if r.Node != nil {
		return r.Node.Log()
	}
	return r.Log
}

// A Disk is one that the ledger writes to.
type Disk struct {
	Name string                 // what is on it
	Free func() (uint64, error) // bytes
}

// Read has what s knows be part of the metrics. It is called once.
func (m *Metrics) Read(s Source) { m.registry.MustRegister(reading{s}) }

// A reading is read at each collection.
type reading struct{ Source }

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(prometheus.BuildFQName(namespace, "", name), help, labels, nil)
}

var (
	treeSize       = desc("tree_size", "Entries of the published tree.")
	checkpointTime = desc("checkpoint_timestamp_seconds", "When the published tree got its last entry, or a quorum of witnesses had last seen that it has no more.")
	waitingSince   = desc("quorum_waiting_since_timestamp_seconds", "Since when a stored tree waits for its quorum of witnesses; 0 where none does.")
	doubt          = desc("witness_doubt", "1 while witnesses say, without a proof, that they have seen another history; else 0.")
	cosigned       = desc("witness_cosigned_timestamp_seconds", "When the witness cosigned last since the start; 0 before.", "witness")
	failures       = desc("witness_failures_total", "Requests that the witness did not answer with a cosignature that counts.", "witness")
	unready        = desc("unready", "1 for the reason for which the ledger is not ready; else 0.", "reason")
	openConns      = desc("connections", "Connections that are open.")
	mostConns      = desc("connections_limit", "Connections that may be open at once.")
	storeBytes     = desc("store_bytes", "Bytes of the store on disk.")
	diskFree       = desc("disk_free_bytes", "Bytes that are free on the disk of the store, and of the guard.", "disk")
	nodeLeads      = desc("node_leads", "1 while this node leads, and its head is known to be its own; else 0.")
	nodeEpoch      = desc("node_epoch", "How many nodes have led the log one after the other, as this one knows.")
	nodeTakeovers  = desc("node_takeovers_total", "How often this node took over.")
	certificateEnd = desc("tls_certificate_expiry_timestamp_seconds", "When the TLS certificate in use ends, of several the first; 0 while a name has none.")
)

// Describe names all that may be read.
func (r reading) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{treeSize, checkpointTime, waitingSince, doubt, cosigned, failures, unready, openConns, mostConns, storeBytes, diskFree, nodeLeads, nodeEpoch, nodeTakeovers, certificateEnd} {
		out <- d
	}
}

// Collect reads it.
func (r reading) Collect(out chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	r.tree(gauge)
	if l := r.log(); l != nil {
		gauge(waitingSince, float64(l.Waiting()))
		gauge(doubt, one(l.Doubt() != nil))
		for _, w := range l.Reports() {
			gauge(cosigned, float64(w.Cosigned), w.Witness)
			out <- prometheus.MustNewConstMetric(failures, prometheus.CounterValue, float64(w.Failures), w.Witness)
		}
	}
	if r.Node != nil {
		_, epoch := r.Node.Owner()
		gauge(nodeLeads, one(r.Node.Leads()))
		gauge(nodeEpoch, float64(epoch))
		out <- prometheus.MustNewConstMetric(nodeTakeovers, prometheus.CounterValue, float64(r.Node.Taken()))
	}
	if r.Unready != nil {
		now := r.Unready()
		for _, reason := range web.Reasons() {
			gauge(unready, one(reason == now), reason)
		}
	}
	if r.Connections != nil {
		gauge(openConns, float64(r.Connections()))
	}
	if r.Places > 0 {
		gauge(mostConns, float64(r.Places))
	}
	if r.Store != nil {
		if n, err := r.Store(); err == nil {
			gauge(storeBytes, float64(n))
		}
	}
	for _, d := range r.Disks {
		if n, err := d.Free(); err == nil {
			gauge(diskFree, float64(n), d.Name)
		}
	}
	if r.Certificate != nil {
		gauge(certificateEnd, seconds(r.Certificate()))
	}
}

// tree reads what is published.
func (r reading) tree(gauge func(*prometheus.Desc, float64, ...string)) {
	if r.View == nil {
		return
	}
	v := r.View()
	if v == nil {
		return
	}
	at := v.LastTime()
	if l := r.log(); l != nil {
		at = max(at, l.Seen())
	}
	gauge(treeSize, float64(v.Size()))
	gauge(checkpointTime, float64(at))
}

func one(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// seconds returns a time as Prometheus has them, 0 for none.
func seconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.Unix())
}
