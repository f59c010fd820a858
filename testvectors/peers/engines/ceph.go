//go:build linux

package engines

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"text/template"
	"time"
)

const (
	disks   = 3                // OSDs, each with a copy of everything
	cephs   = 2                // gateways of Ceph
	starts  = 3                // that are tried: a cluster that begins on a busy machine may not come together
	bounded = 60 * time.Second // for any one command
)

// cephPackages are what of Debian has to be installed.
const cephPackages = "ceph-mon ceph-mgr ceph-osd radosgw ceph-common"

// Ceph starts a cluster of one monitor, a manager, three OSDs on files, each with a copy
// of everything, of which two have to be there for a write, and two gateways, and makes a
// bucket. It takes about half a minute, a gigabyte of memory and at most three of disk, of
// which little is ever written, and it needs root.
//
// Nothing of it is outside the folder of the test: no systemd, no /etc/ceph, no ports that
// are known.
func Ceph(t testing.TB) *Engine {
	t.Helper()
	for _, name := range []string{"ceph-mon", "ceph-mgr", "ceph-osd", "radosgw", "radosgw-admin", "ceph", "ceph-authtool", "monmaptool"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Fatalf("%s is not there: apt-get install --no-install-recommends %s", name, cephPackages)
		}
	}
	var tried error
	for range starts {
		c := &ceph{dir: t.TempDir(), engine: &Engine{Name: "ceph", Region: region, Access: access, Secret: secret}}
		err := c.start(t.Context())
		if err == nil {
			c.engine.untilEnd(t)
			return c.engine
		}
		tried = errors.Join(tried, fmt.Errorf("%w: %s", err, c.logs()))
		c.engine.stop()
	}
	t.Fatalf("Ceph did not start %d times: %v", starts, tried)
	return nil
}

// A ceph is a cluster that is made.
type ceph struct {
	dir    string
	conf   string
	engine *Engine
}

// What a cluster is told. Its parts find one another by the address of the monitor; all
// else they choose. Little memory, one copy a disk, failures seen in seconds; a disk that is
// away stays in, since none could take its place.
var cephConf = template.Must(template.New("ceph.conf").Parse(`[global]
fsid = {{.FSID}}
mon host = v2:{{.Monitor}}/0
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv4 = true
ms bind ipv6 = false
ms bind msgr1 = false
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
auth allow insecure global id reclaim = false
keyring = {{.Dir}}/keyring
run dir = {{.Dir}}
admin socket = {{.Dir}}/$name.asok
pid file =
log file = {{.Dir}}/$name.log
log to stderr = false
err to stderr = true
mon cluster log file = {{.Dir}}/cluster.log
crash dir = {{.Dir}}/crash
debug ms = 0/0

osd pool default size = 3
osd pool default min size = 2
osd pool default pg num = 8
osd pool default pgp num = 8
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon max pg per osd = 1000
mon data avail warn = 1
mon data avail crit = 1
mon osd down out interval = 3600
mon osd min down reporters = 1
mon osd reporter subtree level = osd
osd heartbeat interval = 1
osd heartbeat grace = 5
osd objectstore = bluestore
bluestore block create = true
bluestore block size = 1073741824
bluestore cache autotune = false
bluestore cache size = 33554432
osd memory target = 939524096
rgw thread pool size = 64
rgw enable usage log = false
mgr initial modules =
`))

// start makes the cluster and starts it, each part when the one before does its work.
func (c *ceph) start(ctx context.Context) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	uuid, err := newUUID()
	if err != nil {
		return err
	}
	var conf bytes.Buffer
	about := struct{ Dir, FSID, Monitor string }{c.dir, uuid, loopback(port)}
	if err := cephConf.Execute(&conf, about); err != nil {
		return err
	}
	c.conf = filepath.Join(c.dir, "ceph.conf")
	if err := os.WriteFile(c.conf, conf.Bytes(), 0o600); err != nil {
		return err
	}
	for _, sub := range []string{"mon", "mgr", "gateway", "crash"} {
		if err := os.Mkdir(filepath.Join(c.dir, sub), 0o700); err != nil {
			return err
		}
	}
	for _, step := range []func(context.Context) error{c.keys, func(ctx context.Context) error { return c.monitor(ctx, about.FSID, about.Monitor) }, c.disks, c.gateways} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return c.engine.newBucket(ctx, "chirograph")
}

// keys makes the keys of all parts, in the one file that all read.
func (c *ceph) keys(ctx context.Context) error {
	keyring := filepath.Join(c.dir, "keyring")
	made := [][]string{
		{"mon.", "--cap", "mon", "allow *"},
		{"client.admin", "--cap", "mon", "allow *", "--cap", "osd", "allow *", "--cap", "mgr", "allow *"},
		{"mgr.x", "--cap", "mon", "allow profile mgr", "--cap", "osd", "allow *"},
	}
	for i := range disks {
		made = append(made, []string{fmt.Sprint("osd.", i), "--cap", "mon", "allow profile osd", "--cap", "mgr", "allow profile osd", "--cap", "osd", "allow *"})
	}
	for i := range cephs {
		made = append(made, []string{fmt.Sprint("client.gateway", i), "--cap", "mon", "allow rw", "--cap", "mgr", "allow rw", "--cap", "osd", "allow rwx"})
	}
	for i, m := range made {
		args := append([]string{keyring, "--gen-key", "-n"}, m...)
		if i == 0 {
			args = append([]string{"--create-keyring"}, args...)
		}
		if _, err := c.run(ctx, "ceph-authtool", args...); err != nil {
			return err
		}
	}
	return nil
}

// monitor starts the monitor and the manager.
func (c *ceph) monitor(ctx context.Context, fsid, address string) error {
	monmap, data := filepath.Join(c.dir, "monmap"), filepath.Join(c.dir, "mon")
	if _, err := c.run(ctx, "monmaptool", "--create", "--addv", "a", "[v2:"+address+"]", "--fsid", fsid, monmap); err != nil {
		return err
	}
	if _, err := c.run(ctx, "ceph-mon", "-c", c.conf, "-i", "a", "--mkfs", "--monmap", monmap, "--keyring", filepath.Join(c.dir, "keyring"), "--mon-data", data); err != nil {
		return err
	}
	mon := c.process("monitor", "ceph-mon", "-i", "a", "--mon-data", data)
	mon.ready = func() error {
		_, err := c.ceph(ctx, "mon", "stat")
		return err
	}
	mgr := c.process("manager", "ceph-mgr", "-i", "x", "--mgr-data", filepath.Join(c.dir, "mgr"))
	mgr.ready = func() error { return nil } // what needs it waits for it
	c.engine.others = []*Process{mon, mgr}
	return errors.Join(mon.Start(), mgr.Start())
}

// disks makes the OSDs and starts them, all at once but for the making.
func (c *ceph) disks(ctx context.Context) error {
	for i := range disks {
		id, data := fmt.Sprint(i), filepath.Join(c.dir, fmt.Sprint("osd", i))
		uuid, err := newUUID()
		if err != nil {
			return err
		}
		if err := os.Mkdir(data, 0o700); err != nil {
			return err
		}
		if _, err := c.ceph(ctx, "osd", "new", uuid, id); err != nil {
			return err
		}
		if _, err := c.run(ctx, "ceph-osd", "-c", c.conf, "-i", id, "--mkfs", "--osd-uuid", uuid, "--osd-data", data); err != nil {
			return err
		}
		p := c.process("osd "+id, "ceph-osd", "-i", id, "--osd-data", data)
		p.ready = func() error { return nil } // all are waited for below
		c.engine.Disks = append(c.engine.Disks, p)
		if err := p.Start(); err != nil {
			return err
		}
	}
	for i, p := range c.engine.Disks {
		p.ready = c.up(i)
		if err := p.await(); err != nil {
			return err
		}
	}
	return nil
}

// up returns a test of whether the monitor counts on an OSD in its present life: for some
// seconds it counts on one that was killed.
func (c *ceph) up(osd int) func() error {
	var before int // epoch of the cluster from which it was counted on
	return func() error {
		said, err := c.ceph(context.Background(), "osd", "dump")
		if err != nil {
			return err
		}
		found := regexp.MustCompile(fmt.Sprintf(`(?m)^osd\.%d up .* up_from (\d+) `, osd)).FindStringSubmatch(said)
		if found == nil {
			return fmt.Errorf("osd.%d is not up", osd)
		}
		from, err := strconv.Atoi(found[1])
		if err == nil && from == before {
			err = fmt.Errorf("osd.%d is up as it was before", osd)
		}
		if err == nil {
			before = from
		}
		return err
	}
}

// gateways starts the gateways one after the other, since the first makes the pools, and
// makes the user.
func (c *ceph) gateways(ctx context.Context) error {
	for i := range cephs {
		p, endpoint, err := startGateway(fmt.Sprint("gateway ", i), func(address string) *Process {
			return c.process("", "radosgw", "-n", fmt.Sprint("client.gateway", i), "--rgw-frontends", "beast endpoint="+address,
				"--rgw-data", filepath.Join(c.dir, "gateway"))
		})
		if err != nil {
			return err
		}
		c.engine.Gateways, c.engine.Endpoints = append(c.engine.Gateways, p), append(c.engine.Endpoints, endpoint)
	}
	_, err := c.run(ctx, "radosgw-admin", "-c", c.conf, "user", "create", "--uid=tests", "--display-name=tests",
		"--access-key="+access, "--secret="+secret)
	return err
}

// process is a part of the cluster that stays.
func (c *ceph) process(name, program string, args ...string) *Process {
	path, err := exec.LookPath(program)
	if err != nil {
		path = program // Start says that it is not there
	}
	return &Process{Name: name, path: path, args: append([]string{"-c", c.conf, "-f"}, args...)}
}

// ceph runs a command of the monitor's.
func (c *ceph) ceph(ctx context.Context, args ...string) (string, error) {
	return c.run(ctx, "ceph", append([]string{"-c", c.conf, "--connect-timeout", "10"}, args...)...)
}

// run runs a program to its end and returns what it said on standard output.
func (c *ceph) run(ctx context.Context, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, bounded)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &stdout, &stderr, time.Second
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, stderr.String())
	}
	return stdout.String(), nil
}

// logs returns the end of what each part wrote of itself.
func (c *ceph) logs() string {
	names, _ := filepath.Glob(filepath.Join(c.dir, "*.log"))
	var all strings.Builder
	for _, name := range names {
		b, _ := os.ReadFile(name)
		fmt.Fprintf(&all, "\n%s:\n%s", filepath.Base(name), b[max(0, len(b)-1000):])
	}
	return all.String()
}

func newUUID() (string, error) {
	b, err := os.ReadFile("/proc/sys/kernel/random/uuid")
	return strings.TrimSpace(string(b)), err
}
