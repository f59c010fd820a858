package main

import (
	"fmt"
	"io"
	"sync"
)

// sayTrouble returns what tells people that a bucket does not take something yet.
func sayTrouble(stderr io.Writer) func(what string, err error) {
	var mu sync.Mutex
	return func(what string, err error) {
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			fmt.Fprintf(stderr, "the bucket does not take the %s yet, and is asked again: %v\n", what, err)
			return
		}
		fmt.Fprintf(stderr, "the bucket takes the %s again\n", what)
	}
}
