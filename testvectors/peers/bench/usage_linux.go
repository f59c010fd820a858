package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A usage is what a process has used.
type usage struct {
	at      time.Time
	cpu     float64 // seconds, of all its threads, in the program and in the system for it
	written float64 // bytes that it gave to the system to write
	toDisk  float64 // bytes of the pages that it made the system write
}

// used returns what this process has used so far.
func used() (usage, error) {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return usage{}, err
	}
	u := usage{at: time.Now(), cpu: seconds(r.Utime) + seconds(r.Stime)}
	b, err := os.ReadFile("/proc/self/io")
	if err != nil {
		return usage{}, err
	}
	for line := range strings.Lines(string(b)) {
		if _, err := fmt.Sscanf(line, "wchar: %g", &u.written); err == nil {
			continue
		}
		fmt.Sscanf(line, "write_bytes: %g", &u.toDisk)
	}
	return u, nil
}

func seconds(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }

// cpuOf returns the seconds that another process has used, of all its threads, in steps
// of cpuStep.
func cpuOf(pid int) (float64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// The name, in parentheses, may hold anything.
	f := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:])
	user, err1 := strconv.ParseFloat(string(f[11]), 64)
	system, err2 := strconv.ParseFloat(string(f[12]), 64)
	if err1 != nil || err2 != nil {
		return 0, fmt.Errorf("/proc/%d/stat: %q", pid, b)
	}
	return (user + system) * cpuStep, nil
}

// memory returns the bytes that this process has in memory, and the most that it had.
func memory() (now, most float64, err error) {
	b, err := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(b)) {
		fmt.Sscanf(line, "VmRSS: %g kB", &now)
		fmt.Sscanf(line, "VmHWM: %g kB", &most)
	}
	return now * 1024, most * 1024, err
}

// mostMemory returns the most bytes that another process had in memory, which runs. What
// the system says of one that has ended counts the memory of the one that started it too.
func mostMemory(pid int) (most float64) {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)) // which may just have ended
	for line := range strings.Lines(string(b)) {
		fmt.Sscanf(line, "VmHWM: %g kB", &most)
	}
	return most * 1024
}

// since returns the metrics of n entries that were done since an earlier moment.
func (u usage) since(before usage, n int) metrics {
	took := u.at.Sub(before.at).Seconds()
	return metrics{
		"seconds": took, "rate": float64(n) / took, "cpu": (u.cpu - before.cpu) / float64(n),
		"written": u.written - before.written, "to-disk": u.toDisk - before.toDisk,
	}
}

// sleepUntil sleeps until a moment in a call of the system. A process of Go that is idle
// wakes a sleeper at the next whole millisecond: more than the syncs that are measured.
func sleepUntil(at time.Time) {
	for left := time.Until(at); left > 0; left = time.Until(at) {
		t := syscall.NsecToTimespec(int64(left))
		syscall.Nanosleep(&t, nil)
	}
}
