package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/chirograph/chirograph/cmd/commands"
	"github.com/chirograph/chirograph/cmd/version"
	"github.com/chirograph/chirograph/crypto/keys"
	"github.com/chirograph/chirograph/crypto/publickey"
	"github.com/chirograph/chirograph/ledger/objects"
	"github.com/chirograph/chirograph/ledger/objects/s3"
)

// The variables of the environment that have a key of the store, as everywhere.
const (
	keyID     = "AWS_ACCESS_KEY_ID"
	keySecret = "AWS_SECRET_ACCESS_KEY"
	keyToken  = "AWS_SESSION_TOKEN"
)

// bucketKey is the name that systemd gives to the key of the store (LoadCredential=).
const bucketKey = "bucket.key"

// bucketFlags say in which bucket a ledger is, and who asks. There is no secret in a flag,
// which all users of a machine can read.
type bucketFlags struct {
	bucket, endpoint, region, key, ca string
	via                               []string // more endpoints, which a probe asks too
}

func (f *bucketFlags) flags(c *cobra.Command) {
	c.Flags().StringVar(&f.bucket, "bucket", "", "the ledger is in the bucket `NAME`, or NAME/PREFIX in it")
	c.Flags().StringVar(&f.endpoint, "endpoint", "", "the object store is at `URL`; else at AWS")
	c.Flags().StringVar(&f.region, "region", s3.DefaultRegion, "the bucket is in the region `NAME`")
	c.Flags().StringVar(&f.key, "bucket-key", "", "the store's key is in `FILE`: its id and its secret, a line each; else in "+keyID+" and "+keySecret)
	c.Flags().StringVar(&f.ca, "bucket-ca", "", "the endpoint's certificate is of an authority in `FILE`; else of one that the system knows")
	commands.Advanced(c, "region", "bucket-ca", "bucket-key")
}

func (f *bucketFlags) viaFlag(c *cobra.Command, usage string) {
	c.Flags().StringSliceVar(&f.via, "via", nil, usage)
}

func (f *bucketFlags) checkVia() error {
	if len(f.via) > 0 && f.endpoint == "" {
		return errors.New("--via names more endpoints of a store: --endpoint has to be given too")
	}
	return nil
}

// given says whether the flags name a bucket. A flag of a bucket without --bucket is a slip.
func (f *bucketFlags) given() (bool, error) {
	if f.bucket == "" && (f.endpoint != "" || f.key != "" || f.ca != "") {
		return false, errors.New("--endpoint, --bucket-key and --bucket-ca are for a bucket: --bucket NAME has to be given")
	}
	return f.bucket != "", nil
}

// open returns the bucket. Nothing is asked yet.
func (f *bucketFlags) open() (*s3.Bucket, error) { return f.openAt(f.endpoint) }

// openAll returns the bucket by each endpoint, and what closes all.
func (f *bucketFlags) openAll() (all []*s3.Bucket, done func(), err error) {
	done = func() {
		for _, b := range all {
			b.Close()
		}
	}
	for _, endpoint := range append([]string{f.endpoint}, f.via...) {
		b, err := f.openAt(endpoint)
		if err != nil {
			done()
			return nil, nil, err
		}
		all = append(all, b)
	}
	return all, done, nil
}

// openAt returns the bucket by another endpoint.
func (f *bucketFlags) openAt(endpoint string) (*s3.Bucket, error) {
	cfg, err := f.config(endpoint)
	if err != nil {
		return nil, err
	}
	return s3.New(cfg)
}

func (f *bucketFlags) config(endpoint string) (cfg s3.Config, err error) {
	if f.bucket == "" {
		return cfg, errors.New("--bucket has to be given")
	}
	cfg = s3.Config{Endpoint: endpoint, Bucket: f.bucket, Region: f.region}
	if cfg.Credentials, err = f.credentials(); err != nil {
		return cfg, err
	}
	if file := f.keyFile(); file != "" {
		cfg.Renew = (&renewed{file: file, read: time.Now(), last: cfg.Credentials}).now
	}
	if f.ca == "" {
		return cfg, nil
	}
	b, err := os.ReadFile(f.ca)
	if err != nil {
		return cfg, fmt.Errorf("--bucket-ca: %w", err)
	}
	cfg.Roots = x509.NewCertPool()
	if !cfg.Roots.AppendCertsFromPEM(b) {
		return cfg, fmt.Errorf("--bucket-ca %s has no certificate", f.ca)
	}
	return cfg, nil
}

// keyFile returns the file with the key of the store: the one that is named, or what systemd gave
// where the environment has none; "" for none.
func (f *bucketFlags) keyFile() string {
	given := os.Getenv(credentials)
	if f.key != "" || given == "" || os.Getenv(keyID) != "" || os.Getenv(keySecret) != "" {
		return f.key
	}
	file := filepath.Join(given, bucketKey)
	if _, err := os.Stat(file); err != nil {
		return ""
	}
	return file
}

// credentials reads the key of the store: from the file that is named, from the environment,
// or from what systemd gave.
func (f *bucketFlags) credentials() (s3.Credentials, error) {
	env := s3.Credentials{ID: os.Getenv(keyID), Secret: os.Getenv(keySecret), Token: os.Getenv(keyToken)}
	file := f.keyFile()
	switch {
	case file != "":
		return readBucketKey(file)
	case env.ID == "" && env.Secret == "":
		return env, fmt.Errorf("no key for the bucket: set %s and %s, or name a file with the id and the secret, a line each, by --bucket-key", keyID, keySecret)
	case env.ID == "" || env.Secret == "":
		return env, fmt.Errorf("of %s and %s one is empty: both have to be set", keyID, keySecret)
	}
	return env, nil
}

// readBucketKey reads the file of a key: id, secret, and perhaps the token of a session.
func readBucketKey(file string) (s3.Credentials, error) {
	var c s3.Credentials
	if err := keys.Private(file); err != nil {
		return c, err
	}
	b, err := publickey.ReadFile(file)
	if err != nil {
		return c, err
	}
	lines := strings.Split(strings.TrimSuffix(strings.ReplaceAll(string(b), "\r\n", "\n"), "\n"), "\n")
	clear(b)
	if len(lines) != 2 && len(lines) != 3 || strings.ContainsAny(strings.Join(lines, ""), " \t") {
		return c, fmt.Errorf("%s is no key of a bucket: it has to have the id of the key, its secret, and the token of a session where there is one, a line each", file)
	}
	c.ID, c.Secret = lines[0], lines[1]
	if len(lines) == 3 {
		c.Token = lines[2]
	}
	return c, nil
}

// place names the bucket and its endpoint, in one line.
func (f *bucketFlags) place() string {
	return f.bucket + " at " + cmp.Or(f.endpoint, "AWS "+f.region)
}

// storeProbed is the file that says in which place the store of a node was probed, and when.
const storeProbed = "store.probed"

// Rounds and racers of the probe that is made once before a node may lead.
const (
	shortRounds, shortRacers = 10, 6
	longRounds, longRacers   = 50, 8

	largest = objects.MaxHead // bytes: no object is larger that changes
)

// probedOnce demands of a bucket that it keeps what a ledger rests on, by each endpoint that is
// named, which is tried once and remembered in dir.
func probedOnce(ctx context.Context, dir string, f *bucketFlags, now time.Time) error {
	if err := mustHavePolicy(dir); err != nil {
		return err
	}
	file := filepath.Join(dir, storeProbed)
	first := "store " + strings.Join(append([]string{f.place()}, f.via...), ", ") + "\n"
	have, err := os.ReadFile(file)
	if err == nil && strings.HasPrefix(string(have), first) {
		return nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	all, done, err := f.openAll()
	if err != nil {
		return err
	}
	defer done()
	rows, err := probe(ctx, all, shortRounds, shortRacers, nil)
	if err != nil {
		return fmt.Errorf("the store %s could not be tried: %w", f.place(), err)
	}
	for _, row := range rows {
		if row.Wrong != "" {
			return fmt.Errorf("the store %s: %s: %s: %s; chirographd probe-store says all", f.place(), row.What, row.Saw, row.Wrong)
		}
	}
	return keep(file, fmt.Appendf(nil, "%sdate %s\nby %s\n", first, now.UTC().Format(time.RFC3339), version.Of("chirographd")))
}

// mustHavePolicy demands of the directory of a node that it has been begun.
func mustHavePolicy(dir string) error {
	_, err := os.Stat(filepath.Join(dir, policyFile))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no ledger in %s: chirographd init makes the first directory of one; to that of each other node copy its %s, %s.pub, %s and, where it is there, %s, and nothing else: %w",
			dir, keyFile, keyFile, policyFile, cosignerFile, err)
	}
	return err
}

// probe tries a bucket by each of its endpoints. Show may be nil.
func probe(ctx context.Context, by []*s3.Bucket, rounds, racers int, show func(objects.Tried)) ([]objects.Tried, error) {
	versions := objects.Tried{What: "old versions", Saw: "not kept"}
	switch kept, err := by[0].Versioned(ctx); {
	case errors.Is(err, s3.ErrNoBucket):
		return nil, err
	case err != nil:
		versions.Saw, versions.Open = "whether they are kept is not known: "+err.Error(), true
	case kept:
		versions.Saw = "they are kept"
		versions.Wrong = "each batch replaces the head, and all heads would be kept for ever: suspend the versioning of the bucket"
	}
	first := true
	p := &objects.Probe{Random: rand.Reader, Rounds: rounds, Racers: racers, Large: largest, Show: func(t objects.Tried) {
		if show == nil {
			return
		}
		if first { // not before the store has let somebody in
			show(versions)
			first = false
		}
		show(t)
	}}
	for _, b := range by {
		p.Buckets = append(p.Buckets, b)
	}
	rows, err := p.Run(ctx)
	if errors.Is(err, objects.ErrDenied) {
		err = fmt.Errorf("nothing was tried: %w", err)
	}
	return append([]objects.Tried{versions}, rows...), err
}
