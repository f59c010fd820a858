package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
)

// The forms of a submission.
const (
	singleForm = "single" // a request a record
	bulkForm   = "bulk"   // many records in a request, an answer a record
)

// The bulk form of POST /records. What stands here is all that this program knows of it.
const (
	bulkType  = "application/vnd.chirograph.records" // of its body: of each record its length, a line feed, and its bytes
	bulkAtOne = 4096                                 // records in a request
)

// newBulk returns a request that submits records in the bulk form.
func newBulk(url string, list [][]byte) (*http.Request, error) {
	var body bytes.Buffer
	for _, r := range list {
		fmt.Fprintf(&body, "%d\n", len(r))
		body.Write(r)
	}
	req, err := http.NewRequest(http.MethodPost, url+"/records", &body)
	if err == nil {
		req.Header.Set("Content-Type", bulkType)
	}
	return req, err
}

// readBulk reads the answers to n records as they come, and demands that each is new.
func readBulk(body io.Reader, n int) error {
	answers := bufio.NewScanner(body)
	got := 0
	for ; answers.Scan(); got++ {
		if line := answers.Bytes(); !bytes.HasPrefix(line, []byte(`{"status":201,`)) {
			return fmt.Errorf("record %d of %d: %.1000s", got, n, line)
		}
	}
	if err := answers.Err(); err != nil || got != n {
		return fmt.Errorf("%d records have %d answers: %w", n, got, err)
	}
	return nil
}

// postBulk submits records in the bulk form, over as many connections as there are
// requests at once.
func postBulk(j job, list [][]byte) (metrics, error) {
	const atOnce = 2 // one is answered while the next is read
	before, err := used()
	if err != nil {
		return nil, err
	}
	errs := make([]error, atOnce)
	var group sync.WaitGroup
	for w := range atOnce {
		group.Go(func() {
			for at := w * bulkAtOne; at < len(list) && errs[w] == nil; at += atOnce * bulkAtOne {
				errs[w] = postOneBulk(j.URL, list[at:min(at+bulkAtOne, len(list))])
			}
		})
	}
	group.Wait()
	after, err := used()
	if err := errors.Join(append(errs, err)...); err != nil {
		return nil, err
	}
	return after.since(before, j.N), nil
}

func postOneBulk(url string, list [][]byte) error {
	req, err := newBulk(url, list)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		b, err := readAll(resp.Body)
		return errors.Join(fmt.Errorf("bulk: %s\n%.500s", resp.Status, b), err)
	}
	return errors.Join(readBulk(resp.Body, len(list)), resp.Body.Close())
}
