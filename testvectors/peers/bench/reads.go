package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	xnote "golang.org/x/mod/sumdb/note"

	"github.com/chirograph/chirograph/crypto/tlog"
)

// spread is how many places are read in turn: with any more of them the load would not
// hold their names.
const spread = 5000

// readConns is over how many connections is read.
const readConns = 16

// anywhere returns a number below n, for each i another, and the same at every run.
func anywhere(i, n int) uint64 { return uint64(i) * 7_919_993 % uint64(n) }

// tiles returns the paths of whole tiles of a level, -1 for bundles, of a tree of that size.
func tiles(level, size int) []string {
	var list []string
	for i := range spread {
		list = append(list, "/"+tlog.Tile{Level: level, Index: anywhere(i, size/tlog.MaxWidth), Width: tlog.MaxWidth}.Path())
	}
	return list
}

// contracts returns the paths of contracts in the ledger of that size.
func (s *stage) contracts(size int) []string {
	var list []string
	for i := range spread {
		list = append(list, "/contracts/"+s.mint.text(anywhere(i, size)).ID().String())
	}
	return list
}

// A readServer is a server from which is read, on a core of its own where that can be.
type readServer struct {
	name  string
	start func() (*server, error)
}

// readSide asks a server that is started for it.
func (s *stage) readSide(what readServer, name string, conns int, paths []string, before []string) side {
	return side{name, func() (m metrics, err error) {
		srv, err := what.start()
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, srv.stop()) }()
		j := job{URL: srv.url, Conns: conns, N: min(s.Reads, spread), Paths: paths}
		if _, err := child("get", j, before...); err != nil { // what comes often is at hand then
			return nil, err
		}
		start, err := cpuOf(srv.cmd.Process.Pid)
		if err != nil {
			return nil, err
		}
		j.N = s.Reads
		if m, err = child("get", j, before...); err != nil {
			return nil, err
		}
		end, err := cpuOf(srv.cmd.Process.Pid)
		m["core-rate"] = float64(s.Reads) / max(end-start, cpuStep)
		return m, err
	}}
}

func reads(s *stage, r *report) error {
	dir, err := s.ledgerOf(s.Stored)
	if err != nil {
		return err
	}
	files := s.folder("files")
	if _, err := child("export", job{Dir: dir, Records: files}); err != nil {
		return err
	}
	core, why := onCore(0)
	if why != "" {
		r.say("  %s", why)
	}
	client, _ := onCore(1) // of the load
	if runtime.NumCPU() < 2 {
		client = nil
	}
	ours := readServer{"ours", func() (*server, error) { return s.serve(dir, core...) }}
	rival := readServer{"tessera", func() (*server, error) { return s.serveTessera(files, core) }}
	sides := []side{
		s.readSide(ours, "ours", readConns, tiles(0, s.Stored), client),
		s.readSide(rival, "tessera", readConns, tiles(0, s.Stored), client),
	}
	nginx, gone := found("nginx", "nginx-light")
	if gone == "" {
		static := readServer{"nginx", func() (*server, error) { return s.serveNginx(nginx, files, core) }}
		sides = append(sides, s.readSide(static, "nginx", readConns, tiles(0, s.Stored), client),
			s.readSide(static, "nginx bundles", readConns, tiles(-1, s.Stored), client))
	}
	sides = append(sides, s.readSide(ours, "our bundles", readConns, tiles(-1, s.Stored), client),
		s.readSide(ours, "contracts", 1, s.contracts(s.Stored), client),
		side{"proofs", func() (metrics, error) { return child("proofs", job{Dir: dir, N: s.Reads / 4}, core...) }})
	res, err := rounds(s.Rounds, sides...)
	if err != nil {
		return err
	}
	r.row("our tiles, a second of the core", res.of("ours", "core-rate"), "/s")
	if gone != "" {
		r.gone("nginx's static files", gone)
	} else {
		r.row("nginx's static files, a second of the core", res.of("nginx", "core-rate"), "/s")
		r.least("  ours to that", res.ratio("ours", "nginx", "core-rate"), "", 0.55)
		r.row("  by the clock", res.ratio("ours", "nginx", "rate"), "")
	}
	r.row("Tessera's server, a second of the core", res.of("tessera", "core-rate"), "/s")
	r.least("  ours to that", res.ratio("ours", "tessera", "core-rate"), "", 1.6)
	r.row("  by the clock", res.ratio("ours", "tessera", "rate"), "")
	r.row("our bundles, a second of the core", res.of("our bundles", "core-rate"), "/s")
	if gone == "" {
		r.row("  nginx's to that", res.ratio("nginx bundles", "our bundles", "core-rate"), "")
	}
	r.most(fmt.Sprintf("inclusion proof in %d entries", s.Stored), micro*res.of("proofs", "inclusion"), "µs", 50)
	r.row("  the first of a tile", micro*res.of("proofs", "first"), "µs")
	r.most("consistency proof", micro*res.of("proofs", "consistency"), "µs", 50)
	r.row("receipt, verified", micro*res.of("proofs", "receipt"), "µs")
	r.most("GET /contracts/<id>, p50", milli*res.of("contracts", "p50"), "ms", 1)
	r.row("  p99", milli*res.of("contracts", "p99"), "ms")
	return nil
}

// nginxConf serves the files of a folder as nginx does best with few and small ones.
const nginxConf = `
daemon off;
master_process off;
worker_processes 1;
pid %[1]s/nginx.pid;
error_log %[1]s/nginx.log;
events { worker_connections 512; }
http {
	access_log off;
	sendfile on;
	tcp_nopush on;
	keepalive_requests 100000000;
	open_file_cache max=20000 inactive=1h;
	open_file_cache_valid 1h;
	client_body_temp_path %[1]s/body;
	proxy_temp_path %[1]s/proxy;
	fastcgi_temp_path %[1]s/fastcgi;
	uwsgi_temp_path %[1]s/uwsgi;
	scgi_temp_path %[1]s/scgi;
	server { listen %[2]s; location / { root %[3]s; add_header Cache-Control "public, max-age=31536000, immutable"; } }
}
`

func (s *stage) serveNginx(nginx, files string, before []string) (*server, error) {
	dir := s.folder("nginx")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	conf := filepath.Join(dir, "nginx.conf")
	return serveAt(func(address string) *exec.Cmd {
		if err := os.WriteFile(conf, fmt.Appendf(nil, nginxConf, dir, address, files), 0o644); err != nil {
			return &exec.Cmd{Path: nginx, Err: err}
		}
		return started(before, nginx, "-c", conf, "-p", dir)
	})
}

// serveTessera runs the server that Tessera has for logs on files, over the tree of
// another one.
func (s *stage) serveTessera(files string, before []string) (*server, error) {
	if err := s.tessera("cmd/conformance/posix"); err != nil {
		return nil, err
	}
	dir := s.folder("tessera")
	secret, _, err := xnote.GenerateKey(rand.Reader, "rival.example")
	if err != nil {
		return nil, err
	}
	key := dir + ".key"
	err = errors.Join(os.Mkdir(dir, 0o755), os.WriteFile(key, []byte(secret), 0o600), os.Symlink(filepath.Join(files, "tile"), filepath.Join(dir, "tile")))
	if err != nil {
		return nil, err
	}
	return serveAt(func(address string) *exec.Cmd {
		return started(before, s.program("posix"), "--storage_dir", dir, "--listen", address, "--private_key", key)
	})
}
