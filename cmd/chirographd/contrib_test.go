package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/metrics"
)

// contrib returns a file for operators.
func contrib(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("contrib", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

var ownMetric = regexp.MustCompile(`\bchirograph_[a-z0-9_]+`)

// metricsIn returns the metrics that a text names, without what histograms add.
func metricsIn(text string) map[string]bool {
	names := make(map[string]bool)
	for _, name := range ownMetric.FindAllString(text, -1) {
		for _, of := range []string{"_bucket", "_sum", "_count"} {
			name = strings.TrimSuffix(name, of)
		}
		names[name] = true
	}
	return names
}

// Every metric that there is, is in the guide and in the dashboard, and neither has another;
// nor do the alarms, each of which the guide explains.
func TestMetricsAlarmsDashboardAndGuideNameTheSame(t *testing.T) {
	dir, policy := newLedger(t)
	_, file := witnesses(t, policy.Logs[0].Key)
	f := serveFlags{dir: dir, witnesses: file, front: front{admin: "127.0.0.1:0"}}
	f.cert, f.front.secure.key, _ = newCertificate(t, t.TempDir(), "localhost")
	_, admin, end := operate(t, f, silent())
	_, text := answered(t, http.DefaultClient, admin+"/metrics")
	if err := end(); err != nil {
		t.Fatal(err)
	}
	// Those that only one of several nodes has.
	node := metrics.New()
	node.Read(metrics.Source{Node: &metrics.Node{
		Log: func() *ledger.Log { return nil }, Leads: func() bool { return false }, Owner: func() (string, uint64) { return "", 1 }, Taken: func() uint64 { return 0 },
	}})
	more, err := node.Text()
	if err != nil {
		t.Fatal(err)
	}
	text += string(more)
	there, all := make(map[string]bool), make(map[string]bool)
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (\S+) `).FindAllStringSubmatch(text, -1) {
		all[m[1]] = true
		if strings.HasPrefix(m[1], "chirograph_") {
			there[m[1]] = true
		}
	}
	guide, err := os.ReadFile(filepath.Join("..", "..", "ledger", "OPERATING.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(guide), "\n## Metrics\n")
	section, alarms, _ := strings.Cut(section, "\n## Alarms\n")
	alarms, _, _ = strings.Cut(alarms, "\n## ")
	for what, names := range map[string]map[string]bool{"the guide": metricsIn(section), "the dashboard": metricsIn(contrib(t, "dashboard.json"))} {
		if !maps.Equal(names, there) {
			t.Errorf("%s names\n%q, there are\n%q", what, slices.Sorted(maps.Keys(names)), slices.Sorted(maps.Keys(there)))
		}
	}
	for _, file := range []string{"alerts.yml", "alerts_test.yml"} {
		for name := range metricsIn(contrib(t, file)) {
			if !there[name] {
				t.Errorf("%s names %s, which is none", file, name)
			}
		}
	}
	for _, name := range regexp.MustCompile(`\b(go|process)_[a-z_]+`).FindAllString(contrib(t, "dashboard.json"), -1) {
		if !all[name] {
			t.Errorf("the dashboard names %s, which is none", name)
		}
	}
	if !json.Valid([]byte(contrib(t, "dashboard.json"))) {
		t.Error("the dashboard is no JSON")
	}
	name := regexp.MustCompile(`\bChirograph[A-Z][A-Za-z]+`)
	explained, ring := names(name, alarms), names(regexp.MustCompile(`(?m)alert: (\w+)`), contrib(t, "alerts.yml"))
	if tested := names(regexp.MustCompile(`alertname: (\w+), exp_alerts`), contrib(t, "alerts_test.yml")); !maps.Equal(ring, tested) || !maps.Equal(ring, explained) {
		t.Errorf("the alarms are\n%q, tested are\n%q, explained\n%q", slices.Sorted(maps.Keys(ring)), slices.Sorted(maps.Keys(tested)), slices.Sorted(maps.Keys(explained)))
	}
}

// names returns what an expression finds, or its group.
func names(e *regexp.Regexp, text string) map[string]bool {
	found := make(map[string]bool)
	for _, m := range e.FindAllStringSubmatch(text, -1) {
		found[m[len(m)-1]] = true
	}
	return found
}

// No series is made by what callers send, however much of it there is.
func TestCallersMakeNoSeries(t *testing.T) {
	dir, policy := newLedger(t)
	url, admin, end := operate(t, serveFlags{dir: dir, front: front{admin: "127.0.0.1:0"}}, silent())
	series := func() map[string]bool {
		_, text := answered(t, http.DefaultClient, admin+"/metrics")
		found := make(map[string]bool)
		for line := range strings.Lines(text) {
			if i := strings.LastIndexByte(line, ' '); strings.HasPrefix(line, "chirograph_") && i > 0 {
				found[line[:i]] = true
			}
		}
		return found
	}
	before := series()
	for _, path := range []string{"/", "/checkpoint", "/tile/0/000", "/records/x", "/x", "/y?z", "/metrics", "/keys/x"} {
		answered(t, http.DefaultClient, url+path)
	}
	for _, body := range []string{string(revocations(t, policy.Logs[0].Key, 1)[0].Bytes()), "x", "y"} {
		for _, media := range []string{"text/plain", "text/html", "application/vnd.chirograph.records"} {
			resp, err := http.Post(url+"/records", media, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			// To its end, which comes after it is counted.
			if _, err := io.Copy(io.Discard, resp.Body); err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
		}
	}
	if after := series(); !maps.Equal(before, after) {
		t.Errorf("%d series, before %d", len(after), len(before))
	}
	_, text := answered(t, http.DefaultClient, admin+"/metrics")
	for _, want := range []string{
		`chirograph_records_total{outcome="registered",rule=""} 1`, `chirograph_records_total{outcome="refused",rule="form"} 2`, `chirograph_records_total{outcome="refused",rule=""} 3`,
		`chirograph_request_duration_seconds_count{endpoint="other",status="4xx"} 2`, `chirograph_request_duration_seconds_count{endpoint="stream",status="2xx"} 3`,
		`chirograph_batch_records_count 1`, `chirograph_batch_records_sum 1`, `chirograph_tree_size 1`,
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("it does not say %s", want)
		}
	}
	if err := end(); err != nil {
		t.Fatal(err)
	}
}

// The unit has Go collect garbage before the system ends the ledger for want of memory, and the
// guide names both bounds.
func TestTheUnitBoundsMemoryAsTheGuideSays(t *testing.T) {
	unit := contrib(t, "chirographd.service")
	var soft, hard int
	if _, err := fmt.Sscanf(regexp.MustCompile(`(?m)^Environment=GOMEMLIMIT=.*$`).FindString(unit), "Environment=GOMEMLIMIT=%dMiB", &soft); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscanf(regexp.MustCompile(`(?m)^MemoryMax=.*$`).FindString(unit), "MemoryMax=%dM", &hard); err != nil {
		t.Fatal(err)
	}
	if soft >= hard {
		t.Errorf("GOMEMLIMIT is %d MiB, MemoryMax %d", soft, hard)
	}
	guide, err := os.ReadFile(filepath.Join("..", "..", "ledger", "OPERATING.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, bound := range []string{fmt.Sprintf("`GOMEMLIMIT=%dMiB`", soft), fmt.Sprintf("`MemoryMax=%dM`", hard)} {
		if !strings.Contains(string(guide), bound) {
			t.Errorf("the guide does not name %s", bound)
		}
	}
}

// The programs that read these files, where they are here, take them.
func TestFilesForOperatorsAreTakenByWhatReadsThem(t *testing.T) {
	unit := contrib(t, "chirographd.service")
	for _, flag := range regexp.MustCompile(`--[a-z-]+`).FindAllString(unit[strings.Index(unit, "[Service]"):], -1) {
		if serveCommand().Flags().Lookup(strings.TrimPrefix(flag, "--")) == nil {
			t.Errorf("chirographd.service has the flag %s, which serve has not", flag)
		}
	}
	work := t.TempDir()
	here := func(name, text string) string {
		path := filepath.Join(work, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	cert, key, _ := newCertificate(t, work, "ledger.example")
	site := strings.NewReplacer("/etc/letsencrypt/live/ledger.example/fullchain.pem", cert, "/etc/letsencrypt/live/ledger.example/privkey.pem", key,
		"/var/cache/nginx/chirograph", filepath.Join(work, "cache"), "listen 443", "listen 127.0.0.1:8443", "listen [::]:443", "listen [::1]:8443").Replace(contrib(t, "nginx.conf"))
	nginx := here("nginx.conf", "pid "+filepath.Join(work, "pid")+"; error_log stderr; events {} http {\naccess_log off;\n"+site+"\n}\n")
	for _, rules := range []string{"alerts.yml", "alerts_test.yml"} {
		here(rules, contrib(t, rules))
	}
	service := here("chirographd.service", strings.ReplaceAll(unit, "/usr/bin/chirographd", "/bin/true"))
	for _, command := range [][]string{
		{"nginx", "-t", "-q", "-c", nginx, "-p", work}, {"promtool", "check", "rules", "alerts.yml"}, {"promtool", "test", "rules", "alerts_test.yml"},
		{"systemd-analyze", "verify", service}, {"systemd-analyze", "security", "--offline=true", "--threshold=15", service},
		{"caddy", "adapt", "--validate", "--config", here("Caddyfile", contrib(t, "Caddyfile"))},
	} {
		program, err := exec.LookPath(command[0])
		if err != nil {
			if program, err = exec.LookPath("/usr/sbin/" + command[0]); err != nil {
				t.Logf("%s is not here", command[0])
				continue
			}
		}
		c := exec.Command(program, command[1:]...)
		c.Dir = work
		if out, err := c.CombinedOutput(); err != nil {
			t.Errorf("%q: %v\n%s", command, err, out)
		}
	}
}
