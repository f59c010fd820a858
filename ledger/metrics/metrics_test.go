package metrics

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/chirograph/chirograph/ledger/web"
)

// Whoever verifies, signs or reads a record has nothing of Prometheus in his program, nor has
// the interface over HTTP: it is told here.
func TestNobodyElseReachesPrometheus(t *testing.T) {
	const module = "github.com/chirograph/chirograph/"
	for _, pkg := range []string{"verify", "crypto/note", "crypto/tlog", "crypto/keys", "ledger/record", "ledger/rules", "ledger/dossier", "cmd/chirograph-verify"} {
		out, err := exec.Command("go", "list", "-deps", module+pkg).Output()
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(out), "prometheus") {
			t.Errorf("%s reaches Prometheus", pkg)
		}
	}
	for _, pkg := range []string{"ledger", "ledger/web", "ledger/store", "ledger/witness"} { // Pebble does, for those above it
		out, err := exec.Command("go", "list", "-f", `{{join .Imports "\n"}}`, module+pkg).Output()
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(out), "prometheus") {
			t.Errorf("%s imports Prometheus", pkg)
		}
	}
}

// value returns the line of a series.
func value(t testing.TB, m *Metrics, series string) string {
	t.Helper()
	b, err := m.Text()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if v, ok := strings.CutPrefix(line, series+" "); ok {
			return strings.TrimSuffix(v, "\n")
		}
	}
	return ""
}

func TestEachRecordIsCountedOnceByWhatBecameOfIt(t *testing.T) {
	m := New()
	meter := m.Meter()
	for _, c := range []struct {
		status int
		rule   rules.Rule
		series string
	}{
		{201, "", `{outcome="registered",rule=""}`}, {200, "", `{outcome="known",rule=""}`}, {400, rules.Form, `{outcome="refused",rule="form"}`}, {409, rules.Revoked, `{outcome="refused",rule="revoked"}`},
		{415, "", `{outcome="refused",rule=""}`}, {429, "", `{outcome="limited",rule=""}`}, {503, "", `{outcome="unavailable",rule=""}`}, {500, "", `{outcome="failed",rule=""}`},
	} {
		meter.Record(c.status, c.rule)
		if got := value(t, m, "chirograph_records_total"+c.series); got != "1" {
			t.Errorf("%d %s: %s is %q", c.status, c.rule, c.series, got)
		}
	}
	for _, rule := range web.Rules() {
		meter.Record(422, rule)
	}
}

// There are all the series from the start, and a request finds its one.
func TestEachRequestIsCountedByItsEndpointAndClass(t *testing.T) {
	m := New()
	for number, name := range web.Endpoints() {
		for _, status := range []int{200, 201, 301, 404, 429, 500, 503} {
			m.Meter().Request(number, status, time.Millisecond)
		}
		for class, want := range map[string]string{"2xx": "2", "3xx": "1", "4xx": "2", "5xx": "2"} {
			series := fmt.Sprintf(`chirograph_request_duration_seconds_count{endpoint="%s",status="%s"}`, name, class)
			if got := value(t, m, series); got != want {
				t.Errorf("%s is %q, want %s", series, got, want)
			}
		}
	}
	m.Meter().Request(0, 0, 0) // no status of ours ends nothing
	m.Batch(3, time.Second)
	if got := value(t, m, "chirograph_batch_records_sum"); got != "3" {
		t.Error(got)
	}
}

// What a source does not know is left out, and all else is there.
func TestWhatIsNotKnownIsLeftOut(t *testing.T) {
	m := New()
	m.Read(Source{
		Store:       func() (uint64, error) { return 0, fmt.Errorf("it failed") },
		Disks:       []Disk{{"store", func() (uint64, error) { return 7, nil }}, {"guard", func() (uint64, error) { return 0, fmt.Errorf("it failed") }}},
		Unready:     func() string { return "disk" },
		Certificate: func() time.Time { return time.Time{} },
		Places:      9,
		Node: &Node{
			Log:   func() *ledger.Log { return nil },
			Leads: func() bool { return true },
			Owner: func() (string, uint64) { return "http://other.example", 5 },
			Taken: func() uint64 { return 2 },
		},
	})
	for series, want := range map[string]string{
		`chirograph_node_leads`: "1", `chirograph_node_epoch`: "5", `chirograph_node_takeovers_total`: "2", `chirograph_quorum_waiting_since_timestamp_seconds`: "",
		`chirograph_connections_limit`: "9", `chirograph_store_bytes`: "", `chirograph_disk_free_bytes{disk="store"}`: "7", `chirograph_disk_free_bytes{disk="guard"}`: "", `chirograph_tree_size`: "",
		`chirograph_unready{reason="disk"}`: "1", `chirograph_unready{reason="doubt"}`: "0", `chirograph_tls_certificate_expiry_timestamp_seconds`: "0",
	} {
		if got := value(t, m, series); got != want {
			t.Errorf("%s is %q, want %q", series, got, want)
		}
	}
}

func BenchmarkMeter(b *testing.B) {
	meter := New().Meter()
	b.Run("request", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			meter.Request(3, 200, 70*time.Microsecond)
		}
	})
	b.Run("record", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			meter.Record(201, "")
		}
	})
}
