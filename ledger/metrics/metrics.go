// Package metrics counts what a ledger does, for Prometheus: some counters that are told of
// each request and record, and a reading of what the ledger knows of itself, made when
// somebody asks. The names are in ledger/OPERATING.md, section "Metrics".
//
// No label has a value that a caller chose: endpoints, classes of statuses, rules, the
// witnesses of the policy and two disks are all that there are, and all but the witnesses
// have their series from the start. So the number of series is bounded, and whoever counts
// looks nothing up by a label.
package metrics

import (
	"bytes"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/common/expfmt"

	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/chirograph/chirograph/ledger/web"
)

const namespace = "chirograph"

// Upper bounds of buckets, few, because each is a series for each endpoint.
var (
	requestBuckets = []float64{.001, .01, .1, 1, 10}            // seconds: a read, a commit, a slow disk, witnesses
	commitBuckets  = []float64{.001, .005, .01, .05, .1, .5, 2} // seconds
	batchBuckets   = []float64{1, 4, 16, 64, 256, 1024}         // records: at most ledger.DefaultBatch
)

// What becomes of a record that was sent.
const (
	outcomeRegistered  = "registered"
	outcomeKnown       = "known"       // its id was registered before
	outcomeRefused     = "refused"     // by the rule in the label beside it; "" where it was not sent as a record is
	outcomeLimited     = "limited"     // its address has had its share (429)
	outcomeUnavailable = "unavailable" // too much is at hand, or there is no quorum, no room, no end of it (503)
	outcomeFailed      = "failed"      // a fault of ours (500)
)

// classes are those of statuses: 1xx to 5xx.
const classes = 5

// Metrics is what a ledger or a copy counts.
type Metrics struct {
	registry *prometheus.Registry
	requests [][classes]prometheus.Observer // by endpoint

	registered, known, limited, unavailable, failed, refused prometheus.Counter
	rules                                                    map[rules.Rule]prometheus.Counter

	batches, commits prometheus.Histogram
}

// New returns metrics of nothing yet.
func New() *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(), rules: make(map[rules.Rule]prometheus.Counter)}
	requests := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: namespace, Name: "request_duration_seconds", Buckets: requestBuckets,
		Help: "How long requests took, by what they are for and the class of their status.",
	}, []string{"endpoint", "status"})
	for _, name := range web.Endpoints() {
		var of [classes]prometheus.Observer
		for class := range of {
			if class > 0 { // nobody answers 1xx
				of[class] = requests.WithLabelValues(name, fmt.Sprintf("%dxx", class+1))
			}
		}
		m.requests = append(m.requests, of)
	}
	records := prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: namespace, Name: "records_total",
		Help: "Records that were sent, by what became of them, and the rule that refused them.",
	}, []string{"outcome", "rule"})
	m.registered, m.known = records.WithLabelValues(outcomeRegistered, ""), records.WithLabelValues(outcomeKnown, "")
	m.limited, m.unavailable = records.WithLabelValues(outcomeLimited, ""), records.WithLabelValues(outcomeUnavailable, "")
	m.failed, m.refused = records.WithLabelValues(outcomeFailed, ""), records.WithLabelValues(outcomeRefused, "")
	for _, rule := range web.Rules() {
		m.rules[rule] = records.WithLabelValues(outcomeRefused, string(rule))
	}
	m.batches = prometheus.NewHistogram(prometheus.HistogramOpts{
		Namespace: namespace, Name: "batch_records", Buckets: batchBuckets,
		Help: "Records that went to disk in one commit.",
	})
	m.commits = prometheus.NewHistogram(prometheus.HistogramOpts{
		Namespace: namespace, Name: "commit_duration_seconds", Buckets: commitBuckets,
		Help: "How long a batch took, from the first question to the rules to the end of its commit.",
	})
	m.registry.MustRegister(requests, records, m.batches, m.commits,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collectors.NewBuildInfoCollector())
	return m
}

// Meter returns what a handler tells.
func (m *Metrics) Meter() *web.Meter { return &web.Meter{Request: m.request, Record: m.record} }

func (m *Metrics) request(endpoint, status int, took time.Duration) {
	class := status/100 - 1
	if class < 1 || class >= classes {
		class = classes - 1 // no status of ours
	}
	m.requests[endpoint][class].Observe(took.Seconds())
}

func (m *Metrics) record(status int, rule rules.Rule) {
	switch {
	case status == 201:
		m.registered.Inc()
	case status == 200:
		m.known.Inc()
	case rule != "":
		m.rules[rule].Inc()
	case status == 429:
		m.limited.Inc()
	case status == 503:
		m.unavailable.Inc()
	case status >= 500:
		m.failed.Inc()
	default:
		m.refused.Inc()
	}
}

// Batch is told of each batch that is on disk.
func (m *Metrics) Batch(records int, took time.Duration) {
	m.batches.Observe(float64(records))
	m.commits.Observe(took.Seconds())
}

// Text returns all of it in Prometheus's text format.
func (m *Metrics) Text() ([]byte, error) {
	families, err := m.registry.Gather()
	if err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	var out bytes.Buffer
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(&out, f); err != nil {
			return nil, fmt.Errorf("metrics: %s: %w", f.GetName(), err)
		}
	}
	return out.Bytes(), nil
}
