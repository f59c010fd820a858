// Package commands is what chirograph and chirographd have in common of their command
// lines: help that fits a screen, pages for man, completion, and the command version.
package commands

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/chirograph/chirograph/cmd/manual"
)

// advanced is the annotation of flags that few need.
const advanced = "chirograph_advanced"

// valued is the annotation of all flags: what their value is called, as their help had it
// in backquotes.
const valued = "chirograph_value"

// all is the flag that prints the help with everything.
const all = "help-all"

// A Program is what a root command does not say itself.
type Program struct {
	Section int              // of its manual
	Rows    []manual.Row     // what its help says of its commands together; of the others it says their own line
	More    []manual.Section // of the page of the program
	See     []string         // names of other pages
}

// Advanced marks flags of a command that few need: --help leaves them out where not all
// fit; --help-all, man and completion have them. Flags that are hidden are so marked, too.
func Advanced(c *cobra.Command, flags ...string) {
	for _, name := range flags {
		if err := c.Flags().SetAnnotation(name, advanced, []string{"true"}); err != nil {
			panic(err) // a flag that is not there
		}
	}
}

// Prepare gives a root command, which has all its others, the commands completion, version
// and manual, and all of them their help, --help-all and completion.
func Prepare(root *cobra.Command, p Program) {
	root.CompletionOptions.DisableDefaultCmd = true
	root.AddCommand(completionCommand(root.Name()), versionCommand(root.Name()), p.manualCommand(root.Name()))
	for _, c := range root.Commands() {
		if c.Name() == "help" {
			c.Long = fmt.Sprintf(`Prints the help of a command; with --help-all after the command it has everything. Where
no package brought these pages for man, %[1]s manual man writes them to the folder
man, and man man/%[1]s.%[2]d shows one.`, root.Name(), p.Section)
		}
	}
	root.SetHelpFunc(func(c *cobra.Command, _ []string) { help(c, p) })
	prepare(root)
}

func prepare(c *cobra.Command) {
	c.DisableFlagsInUseLine = true
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			Advanced(c, f.Name)
			f.Hidden = false
		}
	})
	if !c.HasParent() {
		c.InitDefaultVersionFlag()
	}
	c.InitDefaultHelpFlag()
	c.Flags().Var(&wholeHelp{c}, all, "print this help with everything")
	f := c.Flags().Lookup(all)
	f.NoOptDefVal = "true"
	Advanced(c, all)
	unquote(c)
	completeFlags(c)
	for _, sub := range c.Commands() {
		prepare(sub)
	}
}

// unquote takes what the value of each flag is called out of the flag's help, where it
// stands in backquotes or in brackets of its own: shells show that text as it is.
func unquote(c *cobra.Command) {
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Annotations[valued] != nil {
			return // it is of several commands
		}
		value, text := pflag.UnquoteUsage(f)
		if f.NoOptDefVal != "" {
			value = ""
		}
		f.Usage = strings.Replace(text, " ("+value+")", "", 1)
		if err := c.Flags().SetAnnotation(f.Name, valued, []string{value}); err != nil {
			panic(err) // a flag that is not there
		}
	})
}

// valueOf is what the value of a flag is called; "" where none stands after it.
func valueOf(f *pflag.Flag) string { return f.Annotations[valued][0] }

// A wholeHelp asks for help when it is set.
type wholeHelp struct{ of *cobra.Command }

func (w *wholeHelp) Set(s string) error { return w.of.Flags().Set("help", s) }
func (w *wholeHelp) String() string     { return "" }
func (w *wholeHelp) Type() string       { return "bool" }

// IsBoolFlag says that it stands alone.
func (w *wholeHelp) IsBoolFlag() bool { return true }

func help(c *cobra.Command, p Program) {
	page := p.page(c)
	if program, err := os.Executable(); err == nil {
		page.Installed = page.IsBeside(program)
	}
	text := page.Screen()
	if c.Flags().Changed(all) {
		text = page.All()
	}
	_, _ = io.WriteString(c.OutOrStdout(), text) // as cobra does: a help that nobody reads is no failure
}

// page is that of a command. It leaves out the flags that are about itself and the build.
func (p Program) page(c *cobra.Command) *manual.Page {
	page := &manual.Page{
		Name: c.CommandPath(), Section: p.Section, Short: c.Short, Text: cmp.Or(c.Long, c.Short+"."), Examples: c.Example, Flags: flags(c),
	}
	switch {
	case !c.HasParent():
		page.Commands, page.More = p.rows(c), p.More
		page.Usage = []string{c.Name() + " COMMAND [--help] …"}
	case c.HasAvailableSubCommands():
		page.Commands = Program{}.rows(c)
		if c.Runnable() {
			page.Usage = []string{c.UseLine()}
		}
	default:
		page.Usage = []string{c.UseLine()}
	}
	return page
}

// rows are what is said of the commands of a command together, and of each that is not
// among these, by itself: before the last of them, which is about the program.
func (p Program) rows(c *cobra.Command) []manual.Row {
	var named []string
	for _, r := range p.Rows {
		named = append(named, strings.Split(r.Names, ", ")...)
	}
	var others []manual.Row
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() && !slices.Contains(named, sub.Name()) && !(sub.Name() == "help" && c.HasParent()) {
			others = append(others, manual.Row{Names: sub.Name(), Text: sub.Short})
		}
	}
	at := max(len(p.Rows)-1, 0)
	return slices.Concat(p.Rows[:at], others, p.Rows[at:])
}

func flags(c *cobra.Command) (list []manual.Flag) {
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Name == "help" || f.Name == "version" || f.Name == all {
			return
		}
		name := "--" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", " + name
		}
		list = append(list, manual.Flag{
			Name: name, Value: valueOf(f), Text: f.Usage + defaultOf(f),
			Advanced:  f.Annotations[advanced] != nil,
			Repeating: strings.HasSuffix(f.Value.Type(), "Array"),
		})
	})
	return list
}

// defaultOf returns what a flag is when it is not given, unless that is nothing.
func defaultOf(f *pflag.Flag) string {
	switch d := f.DefValue; {
	case d == "" || d == "false" || d == "0" || d == "[]" || d == "0s":
		return ""
	case f.Value.Type() == "duration":
		if v, err := time.ParseDuration(d); err == nil {
			return fmt.Sprintf(" (default %s)", shortest(v))
		}
		fallthrough
	default:
		return fmt.Sprintf(" (default %s)", d)
	}
}

// shortest is a duration without the minutes and seconds that it does not have.
func shortest(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
