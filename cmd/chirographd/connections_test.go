package main

import (
	"math"
	"strings"
	"testing"
)

func TestConnectionsLeaveTheStoreItsFiles(t *testing.T) {
	for files, want := range map[uint64]int{
		1128: 64, 1129: 65, 4096: 3032, 5159: 4095, 5160: 4096, 5161: 4096, math.MaxUint64: 4096,
	} {
		if got, err := connections(files, 0); got != want || err != nil {
			t.Errorf("%d files: %d connections, %v, want %d", files, got, err, want)
		}
	}
	for files, begins := range map[uint64]string{0: "this process may have 0 files", 1024: "this process may have 1024 files", 1127: "this process may have 1127 files"} {
		_, err := connections(files, 0)
		if err == nil || !strings.HasPrefix(err.Error(), begins) || !strings.Contains(err.Error(), "at least 64 connections take 1128:") {
			t.Errorf("%d files: error %v", files, err)
		}
	}
	if got, err := connections(1128+nodeFiles, nodeFiles); got != 64 || err != nil {
		t.Errorf("a node: %d connections, %v", got, err)
	}
	if _, err := connections(1127+nodeFiles, nodeFiles); err == nil || !strings.Contains(err.Error(), "at least 64 connections take 1320:") {
		t.Errorf("a node: %v", err)
	}
	files, err := fileLimit()
	if err != nil || files == 0 {
		t.Errorf("%d files, %v", files, err)
	}
}
