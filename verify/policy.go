package verify

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/chirograph/chirograph/crypto/note"
)

// Bounds of a policy. The specification asks for at least 32 of each. All of them
// with the longest names and ML-DSA-44 keys have 216 kB, so that there is room for
// their URLs.
const (
	MaxPolicy    = 256 << 10 // bytes
	MaxLogs      = 64
	MaxWitnesses = 64
	MaxGroups    = 64
	maxName      = 255 // bytes of a witness's or group's name: as many as a key name has
)

// NoQuorum is the quorum that asks for no cosignature.
const NoQuorum = "none"

// A Policy says which logs are trusted, and which witnesses have to have cosigned
// a checkpoint of theirs: a file of c2sp.org/tlog-policy.
type Policy struct {
	Logs      []Log     // in the order of the file
	Witnesses []Witness // in the order of the file
	Groups    []Group   // in the order of the file: each after its members
	Quorum    string    // the name of a witness or group, or "none"
}

// A Log is a ledger that the policy trusts to sign.
type Log struct {
	Key note.Key // of type Ed25519; its name is the log's origin
	URL string   // may be empty
}

// A Witness is a cosigner.
type Witness struct {
	Name string   // in this policy only
	Key  note.Key // of type Cosignature or MLDSA44
	URL  string   // may be empty
}

// Owns says whether the witness is the ledger itself: its key has the log's name. A
// quorum may ask for its cosignature, which proves no independent view of the log.
func (l Log) Owns(w Witness) bool { return w.Key.Name() == l.Key.Name() }

// A Group has witnessed a checkpoint when at least K of its members have.
type Group struct {
	Name    string
	K       int      // 1 to len(Members)
	Members []string // witnesses and groups
}

// ParsePolicy reads a policy file. The error names the line.
func ParsePolicy(text []byte) (*Policy, error) {
	if len(text) > MaxPolicy {
		return nil, fmt.Errorf("policy has %d bytes, at most %d are allowed", len(text), MaxPolicy)
	}
	for i, c := range text {
		if c < 0x20 && c != '\t' && c != '\n' || c == 0x7F {
			return nil, fmt.Errorf("policy has the control character %#02x at byte %d", c, i)
		}
	}
	body, ok := bytes.CutSuffix(text, []byte("\n"))
	if !ok {
		return nil, errors.New("policy does not end in a line feed")
	}
	p := policyParser{defined: make(map[string]bool), member: make(map[string]bool), owner: make(map[string]string)}
	for i, line := range strings.Split(string(body), "\n") {
		fields := strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == '\t' })
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		if err := p.line(fields); err != nil {
			return nil, fmt.Errorf("policy line %d: %w", i+1, err)
		}
	}
	if p.Policy.Quorum == "" {
		return nil, errors.New("policy has no quorum line")
	}
	return &p.Policy, nil
}

type policyParser struct {
	Policy
	defined map[string]bool   // names of witnesses and groups
	member  map[string]bool   // names that are in a group
	owner   map[string]string // who has a key, by its public bytes
	keys    []note.Key        // of logs and witnesses
}

func (p *policyParser) line(fields []string) error {
	switch keyword, args := fields[0], fields[1:]; keyword {
	case "log":
		return p.log(args)
	case "witness":
		return p.witness(args)
	case "group":
		return p.group(args)
	case "quorum":
		return p.quorum(args)
	default:
		return fmt.Errorf("unknown keyword %.8q", keyword) // no more: it may be another file, with a secret in it
	}
}

func (p *policyParser) log(args []string) error {
	if len(args) != 1 && len(args) != 2 {
		return errors.New("a log is: log <vkey> [<url>]")
	}
	k, err := p.key(args[0], "log", note.Ed25519)
	if err != nil {
		return err
	}
	if len(p.Logs) == MaxLogs {
		return fmt.Errorf("more than %d logs", MaxLogs)
	}
	p.Logs = append(p.Logs, Log{k, optionalArg(args, 1)})
	return nil
}

func (p *policyParser) witness(args []string) error {
	if len(args) != 2 && len(args) != 3 {
		return errors.New("a witness is: witness <name> <vkey> [<url>]")
	}
	if err := p.define(args[0]); err != nil {
		return err
	}
	k, err := p.key(args[1], "witness", note.Cosignature, note.MLDSA44)
	if err != nil {
		return err
	}
	if len(p.Witnesses) == MaxWitnesses {
		return fmt.Errorf("more than %d witnesses", MaxWitnesses)
	}
	p.Witnesses = append(p.Witnesses, Witness{args[0], k, optionalArg(args, 2)})
	return nil
}

func (p *policyParser) group(args []string) error {
	if len(args) < 3 {
		return errors.New("a group is: group <name> <all|any|k> <member> [<member> …]")
	}
	name, count, members := args[0], args[1], args[2:]
	k := 0
	switch count {
	case "all":
		k = len(members)
	case "any":
		k = 1
	default:
		n, err := note.ParseDecimal(count)
		if err != nil || n < 1 || n > uint64(len(members)) {
			return fmt.Errorf("group %.100q needs %.20q of its %d members", name, count, len(members))
		}
		k = int(n)
	}
	for _, m := range members {
		if !p.defined[m] {
			return fmt.Errorf("group %.100q has the member %.100q, which no line before defines", name, m)
		}
		if p.member[m] {
			return fmt.Errorf("%.100q is a member of a group twice", m)
		}
		p.member[m] = true
	}
	if err := p.define(name); err != nil {
		return err
	}
	if len(p.Groups) == MaxGroups {
		return fmt.Errorf("more than %d groups", MaxGroups)
	}
	p.Groups = append(p.Groups, Group{name, k, members})
	return nil
}

func (p *policyParser) quorum(args []string) error {
	switch {
	case len(args) != 1:
		return errors.New("a quorum is: quorum <name>, or quorum none")
	case p.Quorum != "":
		return fmt.Errorf("a second quorum, %.100q after %.100q", args[0], p.Quorum)
	case args[0] != NoQuorum && !p.defined[args[0]]:
		return fmt.Errorf("quorum %.100q is defined by no line before", args[0])
	}
	p.Quorum = args[0]
	return nil
}

func (p *policyParser) define(name string) error {
	if name == NoQuorum {
		return fmt.Errorf("%q is the name of the empty quorum", NoQuorum)
	}
	if len(name) > maxName {
		return fmt.Errorf("the name %.100q… has %d bytes, at most %d are allowed", name, len(name), maxName)
	}
	if p.defined[name] {
		return fmt.Errorf("%.100q is defined twice", name)
	}
	p.defined[name] = true
	return nil
}

func (p *policyParser) key(vkey, who string, types ...note.Type) (note.Key, error) {
	k, err := note.ParseKey(vkey)
	if err != nil {
		return note.Key{}, err
	}
	if !slices.Contains(types, k.Type()) {
		needs := make([]string, len(types))
		for i, t := range types {
			needs[i] = fmt.Sprintf("%#02x", byte(t))
		}
		return note.Key{}, fmt.Errorf("key %s of a %s has the type %#02x, it needs %s", k.Name(), who, byte(k.Type()), strings.Join(needs, " or "))
	}
	public := string(k.PublicBytes())
	if other, ok := p.owner[public]; ok {
		return note.Key{}, fmt.Errorf("%s and %s have the same public key", other, k.Name())
	}
	p.owner[public] = k.Name()
	for _, other := range p.keys {
		if other.Name() == k.Name() && other.ID() == k.ID() {
			return note.Key{}, fmt.Errorf("two keys have the name %s and the key id %08x", k.Name(), k.ID())
		}
	}
	p.keys = append(p.keys, k)
	return k, nil
}

func optionalArg(args []string, i int) string {
	if i < len(args) {
		return args[i]
	}
	return ""
}

// Bytes prints the policy. Comments are gone, and what it means is the same.
func (p *Policy) Bytes() []byte {
	var b []byte
	line := func(words ...string) {
		b = append(b, strings.TrimRight(strings.Join(words, " "), " ")...)
		b = append(b, '\n')
	}
	for _, l := range p.Logs {
		line("log", l.Key.String(), l.URL)
	}
	for _, w := range p.Witnesses {
		line("witness", w.Name, w.Key.String(), w.URL)
	}
	for _, g := range p.Groups {
		line("group", g.Name, strconv.Itoa(g.K), strings.Join(g.Members, " "))
	}
	line("quorum", p.Quorum)
	return b
}

// Log returns the log of this key.
func (p *Policy) Log(key note.Key) (Log, bool) {
	i := slices.IndexFunc(p.Logs, func(l Log) bool { return l.Key == key })
	if i < 0 {
		return Log{}, false
	}
	return p.Logs[i], true
}

// Met says whether the witnesses of these names, as the policy calls them, make its
// quorum.
func (p *Policy) Met(cosigned map[string]bool) bool {
	if p.Quorum == NoQuorum {
		return true
	}
	has := make(map[string]bool, len(cosigned)+len(p.Groups))
	for name := range cosigned {
		has[name] = true
	}
	for _, g := range p.Groups {
		n := 0
		for _, m := range g.Members {
			if has[m] {
				n++
			}
		}
		has[g.Name] = n >= g.K
	}
	return has[p.Quorum]
}
