package main

import (
	"fmt"
	"strings"
)

// parse reads the flags of a command line, which stand anywhere in it, and returns the
// other arguments: after "--" all are others. Of a flag with a value that comes twice the
// last counts, but each --party. Help is for all that stands before it.
func (o *options) parse(args []string) (rest []string, err error) {
	set := func(to *string) func(string) { return func(value string) { *to = value } }
	values := map[string]func(value string){
		"--policy": set(&o.policy), "--docs": set(&o.docs), "--evidence": set(&o.charge),
		"--party": func(value string) { o.parties = append(o.parties, value) },
	}
	switches := map[string]*bool{"--json": &o.json, "--version": &o.version, "--help": &o.help, "-h": &o.help}
	for len(args) > 0 && !o.help {
		arg := args[0]
		args = args[1:]
		if arg == "--" {
			return append(rest, args...), nil
		}
		if arg == "-" || !strings.HasPrefix(arg, "-") {
			rest = append(rest, arg)
			continue
		}
		name, value, given := strings.Cut(arg, "=")
		is, keep := switches[name], values[name]
		switch {
		case is == nil && keep == nil:
			return nil, fmt.Errorf("unknown flag: %s; %w", name, errUsage)
		case is != nil && given:
			return nil, fmt.Errorf("flag %s takes no value, and has %q; %w", name, value, errUsage)
		case is != nil:
			*is = true
			continue
		case !given && len(args) == 0:
			return nil, fmt.Errorf("flag %s needs a value; %w", name, errUsage)
		case !given:
			value, args = args[0], args[1:]
		}
		keep(value)
	}
	return rest, nil
}

// ofReceipts returns a flag that was given and says something of receipts alone, or "".
func (o *options) ofReceipts() string {
	switch {
	case o.docs != "":
		return "--docs"
	case o.charge != "":
		return "--evidence"
	case len(o.parties) > 0:
		return "--party"
	}
	return ""
}
