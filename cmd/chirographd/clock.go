//go:build !skew

package main

import (
	"time"

	"github.com/chirograph/chirograph/ledger/objects"
)

// clock is the clock of a node.
func clock() time.Time { return time.Now() }

// bucketOf returns the bucket in which a node's ledger is.
func bucketOf(b objects.Bucket) objects.Bucket { return b }
