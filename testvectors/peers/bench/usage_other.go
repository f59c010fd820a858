//go:build !linux

package main

import (
	"errors"
	"time"
)

// A usage is what a process has used, which this program asks Linux alone.
type usage struct{}

var errLinux = errors.New("what a process uses is read from /proc: run this on Linux")

func used() (usage, error)                   { return usage{}, errLinux }
func (usage) since(usage, int) metrics       { return nil }
func cpuOf(int) (float64, error)             { return 0, errLinux }
func memory() (now, most float64, err error) { return 0, 0, errLinux }
func mostMemory(int) (most float64)          { return 0 }
func sleepUntil(at time.Time)                { time.Sleep(time.Until(at)) }
