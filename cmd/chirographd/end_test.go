package main

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// A store that failed ends the process, also where something waits for it for ever.
func TestAProcessWhoseStoreFailedEndsWhateverHangs(t *testing.T) {
	const within = 12 * time.Second
	for _, c := range []struct {
		name        string
		fails, ends bool
		want        bool
	}{
		{"hangs", true, false, true},
		{"ends in order", true, true, false},
		{"goes on", false, false, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			failed, ended := make(chan struct{}), new(atomic.Bool)
			stop := endAnyway(failed, within, func() { ended.Store(true) })
			time.Sleep(time.Hour)
			synctest.Wait()
			if ended.Load() {
				t.Fatalf("%s: it ended before anything failed", c.name)
			}
			if c.fails {
				close(failed)
			}
			time.Sleep(within - time.Second)
			synctest.Wait()
			if ended.Load() {
				t.Errorf("%s: it ended before its patience did", c.name)
			}
			if c.ends {
				stop()
			}
			time.Sleep(time.Minute)
			synctest.Wait()
			if ended.Load() != c.want {
				t.Errorf("%s: ended: %v", c.name, ended.Load())
			}
			if !c.ends {
				stop()
			}
		})
	}
}
