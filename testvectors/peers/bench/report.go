package main

import (
	"fmt"
	"io"
	"math"
)

// A report is the table that is printed, a row as soon as it is known.
type report struct {
	out  io.Writer
	rows []row
}

// A row is one figure.
type row struct {
	name  string
	value float64
	gone  string // why there is no value
}

func (r *report) say(format string, args ...any) { fmt.Fprintf(r.out, format+"\n", args...) }

// row prints a figure for which there is no target.
func (r *report) row(name string, value float64, unit string) { r.print(name, value, unit, "") }

// least prints a figure that should not be below a limit.
func (r *report) least(name string, value float64, unit string, limit float64) {
	r.print(name, value, unit, fmt.Sprintf("at least %s  %s", number(limit), verdict(value >= limit)))
}

// most prints a figure that should not be above a limit.
func (r *report) most(name string, value float64, unit string, limit float64) {
	r.print(name, value, unit, fmt.Sprintf("at most %s  %s", number(limit), verdict(value <= limit)))
}

func verdict(ok bool) string {
	if ok {
		return "reached"
	}
	return "MISSED"
}

// gone says why a figure is not there.
func (r *report) gone(name, why string) {
	r.rows = append(r.rows, row{name: name, gone: why})
	r.say("  %-58s %12s  %s", name, "-", why)
}

func (r *report) print(name string, value float64, unit, target string) {
	r.rows = append(r.rows, row{name: name, value: value})
	r.say("  %-58s %12s %-6s %s", name, number(value), unit, target)
}

// number prints three digits of what is small, and whole numbers of what is not.
func number(v float64) string {
	switch a := math.Abs(v); {
	case a >= 100:
		return fmt.Sprintf("%.0f", v)
	case a >= 10:
		return fmt.Sprintf("%.1f", v)
	default:
		return fmt.Sprintf("%.2f", v)
	}
}
