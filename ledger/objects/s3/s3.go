// Package s3 has buckets of S3-compatible object storage as [objects.Bucket]. It is the only
// package that sees the SDK.
//
// # What is asked of a store
//
// PUT with If-None-Match: * and with If-Match, as their makers promise them: of all requests
// that name one ETag one is carried out. The ETag is sent without quotes, because Ceph answers
// 412 to one with quotes, and versitygw and AWS take both. chirographd probe-store tries it.
//
// # What an answer says
//
// 412 says that the condition did not hold; 404 with NoSuchKey that there is no such object;
// a success that it was carried out. Of everything else, as 409, each 5xx, a time-out, a
// connection that broke, a page of a proxy, nobody knows what was done. Nothing is tried twice
// here: a PUT that is repeated answers 412 to its own success, and who repeats one has to read
// first (package objects).
//
// What comes back is bounded before it is read, a redirect is an error, and no error has a
// secret in it.
package s3

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// DefaultRegion is for stores that have none: they take what the request is signed for.
const DefaultRegion = "us-east-1"

// Bounds of names.
const (
	maxPrefix = 200  // bytes, so that a key has at most 1,024 with the longest name of an object
	maxKey    = 1024 // bytes: S3's own
)

// Credentials are who asks. They print as nothing.
type Credentials struct {
	ID, Secret string
	Token      string // of a session; "" for none
}

func (Credentials) String() string   { return "credentials" }
func (Credentials) GoString() string { return "credentials" }

// Config says which bucket is meant.
type Config struct {
	Endpoint    string             // http or https, a host, perhaps with a port; "" for that of AWS in the region
	Bucket      string             // NAME or NAME/prefix
	Region      string             // "" for DefaultRegion
	Credentials Credentials        // at first
	Renew       func() Credentials // who asks from now on, before each request, by several goroutines; nil for Credentials always
	Roots       *x509.CertPool     // by which an https endpoint is known; nil for the system's
}

// A Bucket is one of S3, or what is in it below a prefix, by one endpoint.
type Bucket struct {
	client   *s3.Client
	patient  *patient
	name     string
	prefix   string // "" or with a slash at its end
	endpoint string
}

var (
	bucketName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{2,62}$`)
	prefixName = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$`)
)

// New returns a bucket. Nothing is asked yet.
func New(cfg Config) (*Bucket, error) {
	if err := checkEndpoint(cfg.Endpoint); err != nil {
		return nil, err
	}
	name, prefix, below := strings.Cut(cfg.Bucket, "/")
	switch {
	case !bucketName.MatchString(name):
		return nil, fmt.Errorf("the bucket %.80q is none: its name has 3 to 63 letters, digits, dots and hyphens", name)
	case below && (len(prefix) > maxPrefix || !prefixName.MatchString(prefix)):
		return nil, fmt.Errorf("the prefix %.300q is none: it has parts of letters, digits, dots, hyphens and underlines, with a slash between two, and at most %d bytes", prefix, maxPrefix)
	case cfg.Credentials.ID == "" || cfg.Credentials.Secret == "":
		return nil, errors.New("no credentials: a key's id and its secret have to be given")
	}
	if below {
		prefix += "/"
	}
	p := newPatient(cfg.Roots)
	region := cfg.Region
	if region == "" {
		region = DefaultRegion
	}
	who := cfg.Renew
	if who == nil {
		who = func() Credentials { return cfg.Credentials }
	}
	options := s3.Options{
		Region:       region,
		UsePathStyle: true,
		HTTPClient:   p,
		Retryer:      aws.NopRetryer{},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			now := who()
			return aws.Credentials{AccessKeyID: now.ID, SecretAccessKey: now.Secret, SessionToken: now.Token}, nil
		}),
		// Trailers and checksums of the SDK's are what not every store takes.
		RequestChecksumCalculation:                aws.RequestChecksumCalculationWhenRequired,
		ResponseChecksumValidation:                aws.ResponseChecksumValidationWhenRequired,
		ContinueHeaderThresholdBytes:              -1, // no question before a body is sent
		DisableMultiRegionAccessPoints:            true,
		DisableS3ExpressSessionAuth:               aws.Bool(true),
		DisableLogOutputChecksumValidationSkipped: true,
	}
	if cfg.Endpoint != "" {
		options.BaseEndpoint = aws.String(cfg.Endpoint)
	}
	return &Bucket{s3.New(options), p, name, prefix, cfg.Endpoint}, nil
}

// checkEndpoint demands a URL of a host, without anything secret in it.
func checkEndpoint(s string) error {
	if s == "" {
		return nil
	}
	u, err := url.Parse(s)
	if err == nil && u.User != nil {
		return fmt.Errorf("the endpoint %s has a user or a password: they belong into the credentials", u.Host)
	}
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || s != u.Scheme+"://"+u.Host {
		return fmt.Errorf("the endpoint %.300q is no http or https URL of a host alone", s)
	}
	return nil
}

// String names the bucket and its endpoint.
func (b *Bucket) String() string {
	at := b.endpoint
	if at == "" {
		at = "AWS"
	}
	return strings.TrimSuffix(b.name+"/"+b.prefix, "/") + " at " + at
}

// key returns the key of an object.
func (b *Bucket) key(name string) (*string, error) {
	if key := b.prefix + name; name != "" && len(key) <= maxKey {
		return &key, nil
	}
	return nil, fmt.Errorf("the name %.300q is none: with the prefix %q it has to have 1 to %d bytes", name, b.prefix, maxKey)
}
