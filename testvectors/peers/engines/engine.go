//go:build linux

package engines

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Of an engine there is one user, who may do everything.
const (
	access = "AKCHIROGRAPHTESTS"
	secret = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b"
	region = "us-east-1"
)

// An Engine is an object store that runs until the test ends, with one bucket, which is
// not versioned.
type Engine struct {
	Name      string     // versitygw or ceph
	Endpoints []string   // URL of each gateway: http://127.0.0.1:20000
	Gateways  []*Process // in the order of Endpoints
	Disks     []*Process // the OSDs of Ceph
	Region    string
	Access    string // key of the one user
	Secret    string
	Bucket    string
	Dir       string // of versitygw: where its buckets are, a directory each

	others []*Process // that are not for tests to kill
}

// Client returns a client of the endpoint, made as the ledger's is: nothing is tried
// twice, buckets are in the path, a checksum is sent and asked for only where the protocol
// wants one, and a large body waits for 100 Continue. No two clients share a connection.
func (e *Engine) Client(endpoint string) *s3.Client {
	return s3.New(s3.Options{
		BaseEndpoint: aws.String(endpoint),
		Region:       e.Region,
		UsePathStyle: true,
		Retryer:      aws.NopRetryer{},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: e.Access, SecretAccessKey: e.Secret}, nil
		}),
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenRequired,
		HTTPClient: &http.Client{
			Transport: &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true, ExpectContinueTimeout: time.Second},
			Timeout:   patience,
		},
	})
}

// Clients returns a client of each gateway.
func (e *Engine) Clients() []*s3.Client {
	var all []*s3.Client
	for _, endpoint := range e.Endpoints {
		all = append(all, e.Client(endpoint))
	}
	return all
}

// newBucket makes a bucket over the first gateway. A gateway that has just begun may
// have to be asked more than once.
func (e *Engine) newBucket(ctx context.Context, name string) error {
	client := e.Client(e.Endpoints[0])
	late := time.Now().Add(patience)
	for {
		_, err := client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &name})
		if err == nil {
			e.Bucket = name
			return nil
		}
		var resp *awshttp.ResponseError
		wrong := errors.As(err, &resp) && resp.HTTPStatusCode() < 500
		if wrong || time.Now().After(late) {
			return fmt.Errorf("%s: making the bucket %s: %w", e.Name, name, err)
		}
		time.Sleep(pace)
	}
}

// stop ends what the engine runs: gateways first, so that none waits for a disk.
func (e *Engine) stop() {
	for _, list := range [][]*Process{e.Gateways, e.Disks, e.others} {
		for _, p := range list {
			p.Kill()
		}
	}
}

// untilEnd stops the engine when the test ends, which then shows what its programs said
// if it failed.
func (e *Engine) untilEnd(t testing.TB) {
	t.Cleanup(func() {
		e.stop()
		if !t.Failed() {
			return
		}
		for _, list := range [][]*Process{e.Gateways, e.Disks, e.others} {
			for _, p := range list {
				t.Logf("%s said:\n%s", p.Name, p.tail())
			}
		}
	})
}

// answers returns a test of whether an HTTP server answers there, whatever it says.
func answers(url string) func() error {
	client := &http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	return func() error {
		resp, err := client.Get(url)
		if err != nil {
			return err
		}
		return resp.Body.Close()
	}
}
