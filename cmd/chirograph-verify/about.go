package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/chirograph/chirograph/cmd/manual"
	"github.com/chirograph/chirograph/cmd/version"
)

// about does what is said of the program itself, and says whether that was the command.
func (o *options) about(name string, args []string) (is bool, err error) {
	if name != "version" && name != "completion" && name != "manual" {
		return false, nil
	}
	if flag := o.ofReceipts(); flag != "" || o.policy != "" {
		return true, fmt.Errorf("%s reads no file, and takes no flag that names one; %w", name, errUsage)
	}
	wants := 1
	if name == "version" {
		wants = 0
	}
	if len(args) != wants {
		return true, fmt.Errorf("%q is given, and it is called by: %s", args, pageOf(name).Usage[0])
	}
	switch name {
	case "version":
		return true, o.printVersion()
	case "completion":
		script, ok := scripts[args[0]]
		if !ok {
			return true, fmt.Errorf("the shell is %q, it has to be bash, zsh or fish", args[0])
		}
		_, err := io.WriteString(o.stdout, script())
		return true, err
	}
	return true, writePages(args[0])
}

func (o *options) printVersion() error {
	b := version.Read(program.Name)
	if o.json {
		return o.printJSON(b)
	}
	_, err := io.WriteString(o.stdout, b.Text())
	return err
}

func writePages(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	b := version.Read(program.Name)
	list := []*manual.Page{program}
	for _, name := range names() {
		list = append(list, pageOf(name))
	}
	for _, page := range list {
		path := filepath.Join(dir, fmt.Sprintf("%s.%d", page.File(), page.Section))
		if err := os.WriteFile(path, page.Man(b.Program+" "+b.Version, b.Day()), 0o644); err != nil {
			return err
		}
	}
	return nil
}
