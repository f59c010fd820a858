package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/verify"
)

// A running ledger has the store to itself. For a backup, and to read its
// witness policy again, it is asked over a socket in a directory that its user alone may enter: whoever can ask it could read its key.
const (
	controlDir    = "control" // in the ledger's directory, mode 0700
	controlSocket = "sock"    // in that, or where its path is too long
	controlPlace  = "place"   // in the directory that this file names

	// maxSocketPath is what every system takes in an address of a socket: macOS 103
	// bytes, others some more.
	maxSocketPath = 103

	controlTime = 10 * time.Second // for a request, which is one line, and for the answer

	// A copy keeps files on disk that the ledger has long replaced. maxCopies may be held
	// at once, each for copyTime: one a day, and a terabyte goes to a slow disk in less.
	maxCopies = 4
	copyTime  = 24 * time.Hour

	// lookTime is between two looks at whether the socket is still the ledger's: some
	// systems clear away after days what lies in the place for temporary files.
	lookTime = time.Minute

	askBackup    = "backup"
	askReloading = "reload"

	// maxChanges is the most bytes of what a reload says: it names witnesses of two policies.
	maxChanges = 4 * verify.MaxPolicy
)

// copyName is what the name of a copy looks like, in the directory of the store.
var copyName = regexp.MustCompile(`^backup-[0-9a-f]{16}$`)

// A control answers requests at the socket of a ledger.
type control struct {
	ledger string // its directory
	dir    string // of the socket, or of what names it
	log    *ledger.Log
	reload func(context.Context) (string, error) // returns what changed
	logger *slog.Logger

	copies   chan struct{} // one for each that is held
	copyTime time.Duration

	ctx     context.Context
	cancel  context.CancelFunc
	running sync.WaitGroup

	looking  sync.Mutex // held by look, whose is what follows
	listener *net.UnixListener
	path     string
	socket   fs.FileInfo
	told     string // why nobody can ask, the last time it was said
}

// listenControl answers at the socket of the ledger in dir, which this process has to
// itself. What an earlier one left there is taken away.
func listenControl(dir string, l *ledger.Log, reload func(context.Context) (string, error), logger *slog.Logger) (*control, error) {
	c := &control{ledger: dir, dir: filepath.Join(dir, controlDir), log: l, reload: reload, logger: logger,
		copies: make(chan struct{}, maxCopies), copyTime: copyTime}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	if err := c.listen(); err != nil {
		return nil, err
	}
	c.running.Go(c.watch)
	return c, nil
}

// listen makes the socket, in the place of what is there, and answers at it.
func (c *control) listen() error {
	if err := removeControl(c.dir); err != nil {
		return err
	}
	if err := os.Mkdir(c.dir, 0o700); err != nil {
		return err
	}
	path, err := socketPath(c.dir)
	if err != nil {
		return err
	}
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return fmt.Errorf("%w (is there no AF_UNIX on this system?)", errors.Join(err, removeControl(c.dir)))
	}
	// By its path, which may be another's by then.
	listener.SetUnlinkOnClose(false)
	err = os.Chmod(path, 0o600)
	if err == nil {
		c.socket, err = os.Lstat(path)
	}
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	c.listener, c.path = listener, path
	c.running.Go(func() { c.accept(listener) })
	return nil
}

// watch looks after the socket until the control is closed.
func (c *control) watch() {
	ticker := time.NewTicker(lookTime)
	defer ticker.Stop()
	for {
		select {
		case <-c.ctx.Done():
			c.looking.Lock()
			defer c.looking.Unlock()
			_ = c.listener.Close() // or accept closed it, which could not go on
			return
		case <-ticker.C:
			c.look()
		}
	}
}

// look listens again where the socket is gone, or is another's.
func (c *control) look() {
	c.looking.Lock()
	defer c.looking.Unlock()
	found, err := findSocket(c.ledger)
	if err == nil && found != c.path {
		err = fmt.Errorf("the socket is said to be %s, and is %s", found, c.path)
	}
	if err == nil {
		var info fs.FileInfo
		if info, err = os.Lstat(c.path); err == nil && !(os.SameFile(info, c.socket) && info.ModTime().Equal(c.socket.ModTime())) {
			err = fmt.Errorf("%s is another's socket", c.path)
		}
	}
	if err == nil {
		return
	}
	_ = c.listener.Close()
	if failed := c.listen(); failed != nil {
		if why := failed.Error(); why != c.told {
			c.told = why
			c.logger.Error("nobody can ask for a backup or a reload while the ledger runs", "why", err, "err", failed)
		}
		return
	}
	c.told = ""
	c.logger.Warn("listening anew for those who ask for a backup or a reload", "why", err)
}

// socketPath returns where the socket is to be: in place, or where that is too long in a
// new directory that place names.
func socketPath(place string) (string, error) {
	path := filepath.Join(place, controlSocket)
	if len(path) <= maxSocketPath {
		return path, nil
	}
	short, err := os.MkdirTemp("", "chirographd-") // mode 0700
	if err != nil {
		return "", err
	}
	if path = filepath.Join(short, controlSocket); len(path) > maxSocketPath {
		return "", errors.Join(fmt.Errorf("%s has %d bytes, a socket's path has at most %d", path, len(path), maxSocketPath), os.Remove(short))
	}
	return path, os.WriteFile(filepath.Join(place, controlPlace), []byte(short+"\n"), 0o600)
}

// findSocket returns where the socket of the ledger in dir is, if there is one. Where
// that is in a directory that another user could have made, it is an error.
func findSocket(dir string) (string, error) {
	place := filepath.Join(dir, controlDir)
	b, err := os.ReadFile(filepath.Join(place, controlPlace))
	if errors.Is(err, fs.ErrNotExist) {
		return filepath.Join(place, controlSocket), nil
	}
	if err != nil {
		return "", err
	}
	short := strings.TrimSuffix(string(b), "\n")
	if !filepath.IsAbs(short) {
		return "", fmt.Errorf("%s names %.80q, which is no absolute path", filepath.Join(place, controlPlace), short)
	}
	return filepath.Join(short, controlSocket), mustBePrivate(short, dir)
}

// removeControl takes away the socket and its directories. Of what the file names, no
// more is removed than a socket and the directory that it was alone in.
func removeControl(place string) error {
	if b, err := os.ReadFile(filepath.Join(place, controlPlace)); err == nil {
		short := strings.TrimSuffix(string(b), "\n")
		_ = removed(filepath.Join(short, controlSocket))
		_ = removed(short)
	}
	return os.RemoveAll(place)
}

// Close answers nobody any more, and returns when what was begun has ended.
func (c *control) Close() error {
	c.cancel()
	c.running.Wait()
	return removeControl(c.dir)
}

func (c *control) accept(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			// Whoever connects is told that nobody answers, and does not wait for ever. With
			// the socket gone, look listens again.
			c.logger.Error("no backups and no reloads are made for the moment", "err", errors.Join(err, listener.Close(), removeControl(c.dir)))
			return
		}
		c.running.Go(func() {
			defer conn.Close()
			stop := context.AfterFunc(c.ctx, func() { conn.Close() })
			defer stop()
			if err := c.serve(conn); err != nil {
				c.logger.Error("a request at the control socket failed", "err", err)
			}
		})
	}
}

// serve answers one request.
func (c *control) serve(conn net.Conn) error {
	if err := conn.SetDeadline(time.Now().Add(controlTime)); err != nil {
		return err
	}
	r := bufio.NewReader(io.LimitReader(conn, 2*int64(len(askBackup))))
	switch line, _ := r.ReadString('\n'); line {
	case askBackup + "\n":
		return c.backup(conn)
	case askReloading + "\n":
		return c.answerReload(conn)
	default:
		_, err := fmt.Fprintf(conn, "error the request is %q, and there are only %q and %q\n", line, askBackup, askReloading)
		return err
	}
}

// answerReload has the ledger read its witness policy again, and says what changed, or why
// nothing did. That the caller hangs up changes nothing.
func (c *control) answerReload(conn net.Conn) error {
	said, err := c.reload(c.ctx)
	if err != nil {
		if !errors.Is(err, ledger.ErrStopped) {
			err = fmt.Errorf("nothing is changed: %w", err)
		}
		c.logger.Warn("the witness policy was not taken over", "err", err)
		said = "error " + strings.ReplaceAll(err.Error(), "\n", "; ") + "\n"
	} else {
		said = "ok\n" + said
	}
	if err := conn.SetDeadline(time.Now().Add(controlTime)); err != nil { // witnesses had their time
		return err
	}
	_, err = io.WriteString(conn, said)
	return err
}

// backup makes a copy of the store, which is the caller's until he hangs up: what he has
// not moved away by then, or after copyTime, is removed.
func (c *control) backup(conn net.Conn) error {
	select {
	case c.copies <- struct{}{}:
		defer func() { <-c.copies }()
	default:
		_, err := fmt.Fprintf(conn, "error %d backups are being made, and no more are at once\n", cap(c.copies))
		return err
	}
	dir, checkpoint, err := c.log.Snapshot()
	if err != nil {
		_, _ = fmt.Fprintf(conn, "error %s\n", err)
		return err
	}
	defer os.RemoveAll(dir)
	if err := conn.SetDeadline(time.Now().Add(controlTime)); err != nil { // a copy may have taken longer
		return err
	}
	c.logger.Info("made a copy of the store for a backup", "size", checkpoint.Size)
	if _, err := fmt.Fprintf(conn, "ok %s\n%s", filepath.Base(dir), checkpoint.Bytes()); err != nil {
		return err
	}
	if half, ok := conn.(*net.UnixConn); ok {
		if err := half.CloseWrite(); err != nil {
			return err
		}
	}
	if err := conn.SetReadDeadline(time.Now().Add(c.copyTime)); err != nil {
		return err
	}
	_, err = conn.Read(make([]byte, 1)) // returns when the caller has hung up, or the ledger ends
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("it was not done after %v, and its copy of the store is removed", c.copyTime)
	}
	return nil
}

// errNotRunning says that no ledger answers at the socket.
var errNotRunning = errors.New("no running ledger answers")

// A storeCopy is a copy of a store that somebody else makes, until it is closed.
type storeCopy struct {
	name       string // of the directory, in that of the store: each process has its own way there
	checkpoint tlog.SignedCheckpoint
	close      func() error
}

// askSnapshot asks the process that runs the ledger in dir for a copy of its store. The
// error is errNotRunning where none does.
func askSnapshot(ctx context.Context, dir string) (*storeCopy, error) {
	conn, hangUp, err := askRunning(ctx, dir, askBackup)
	if err != nil {
		return nil, err
	}
	s, err := readSnapshot(conn)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the running ledger made no copy of its store: %w", err), hangUp())
	}
	s.close = hangUp
	return s, nil
}

// askRunning asks the process that runs the ledger in dir, and returns where it answers
// until hangUp is called or ctx ends. The error is errNotRunning where none does.
func askRunning(ctx context.Context, dir, request string) (conn net.Conn, hangUp func() error, err error) {
	path, err := findSocket(dir)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", errNotRunning, err)
	}
	conn, err = new(net.Dialer).DialContext(ctx, "unix", path)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", errNotRunning, err)
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	hangUp = func() error {
		stop()
		return conn.Close()
	}
	if _, err := io.WriteString(conn, request+"\n"); err != nil {
		return nil, nil, errors.Join(err, hangUp())
	}
	return conn, hangUp, nil
}

func readSnapshot(conn net.Conn) (*storeCopy, error) {
	b, err := io.ReadAll(io.LimitReader(conn, 2*note.MaxSize))
	if err != nil {
		return nil, err
	}
	line, rest, _ := bytes.Cut(b, []byte("\n"))
	if why, ok := strings.CutPrefix(string(line), "error "); ok {
		return nil, errors.New(why)
	}
	name, ok := strings.CutPrefix(string(line), "ok ")
	if !ok || !copyName.MatchString(name) {
		return nil, fmt.Errorf("it answers %.80q", line)
	}
	c, err := tlog.ParseSignedCheckpoint(rest)
	return &storeCopy{name: name, checkpoint: c}, err
}
