//go:build !windows

package keys

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/publickey"
)

// openSSH runs a program of OpenSSH and returns its output.
func openSSH(t *testing.T, env []string, program string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Fatalf("%s is needed: install the clients of OpenSSH (package openssh-client): %v", program, err)
	}
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", program, args, err, out)
	}
	return string(out)
}

func TestSSHKeygenReadsOurFiles(t *testing.T) {
	k := keyOf(t, 3, "alice.example")
	for _, pass := range []string{"", passphrase} {
		path := written(t, k, pass)
		if got := openSSH(t, nil, "ssh-keygen", "-y", "-P", pass, "-f", path); got != string(contents(t, path+".pub")) {
			t.Errorf("ssh-keygen -y prints %q, FILE.pub is %q", got, contents(t, path+".pub"))
		}
		want := fmt.Sprintf("256 %s alice.example (ED25519)\n", k.Public().Fingerprint())
		if got := openSSH(t, nil, "ssh-keygen", "-l", "-f", path+".pub"); got != want {
			t.Errorf("ssh-keygen -l prints %q, want %q", got, want)
		}
		// A new passphrase by ssh-keygen leaves the key as it is.
		openSSH(t, nil, "ssh-keygen", "-p", "-q", "-P", pass, "-N", "another", "-f", path)
		ask, _ := typed("another")
		if got, err := Open(path, ask); err != nil || got.Public() != k.Public() || got.Name() != k.Name() {
			t.Errorf("after ssh-keygen -p: %v, %v", got, err)
		}
	}
}

func TestWeReadFilesOfSSHKeygen(t *testing.T) {
	for name, c := range map[string]struct {
		pass, comment string
		more          []string
	}{
		"plain":          {"", "bob@host", nil},
		"spaces":         {"", "Bob Smith, his laptop", nil},
		"no comment":     {"", "", nil},
		"unicode":        {"", "Zoë", nil},
		"encrypted":      {passphrase, "bob@host", nil},
		"many rounds":    {passphrase, "bob@host", []string{"-a", "40"}},
		"another cipher": {passphrase, "bob@host", []string{"-Z", "aes256-cbc"}},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "id_ed25519")
			openSSH(t, nil, "ssh-keygen", append([]string{"-q", "-t", "ed25519", "-N", c.pass, "-C", c.comment, "-f", path}, c.more...)...)
			ask, _ := typed(c.pass)
			k, err := Open(path, ask)
			if err != nil {
				t.Fatal(err)
			}
			if k.Name() != c.comment {
				t.Errorf("name %q, comment %q", k.Name(), c.comment)
			}
			if listed := openSSH(t, nil, "ssh-keygen", "-l", "-f", path); !strings.Contains(listed, " "+k.Public().Fingerprint()+" ") {
				t.Errorf("fingerprint %s, ssh-keygen says %s", k.Public().Fingerprint(), listed)
			}
			if sig, err := k.Sign([]byte("text")); err != nil || !k.Public().Verify([]byte("text"), sig) {
				t.Errorf("signature %x, %v", sig, err)
			}
		})
	}
}

func TestOtherKindsOfKeysAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"rsa":        {[]string{"-t", "rsa", "-b", "1024"}, `"ssh-rsa"; only ssh-ed25519`},
		"ecdsa":      {[]string{"-t", "ecdsa"}, `"ecdsa-sha2-nistp256"; only ssh-ed25519`},
		"encrypted":  {[]string{"-t", "ecdsa", "-N", passphrase}, `"ecdsa-sha2-nistp256"; only ssh-ed25519`},
		"legacy":     {[]string{"-t", "ecdsa", "-m", "PEM"}, `"EC PRIVATE KEY"`},
		"odd cipher": {[]string{"-t", "ed25519", "-N", passphrase, "-Z", "chacha20-poly1305@openssh.com"}, "aes256-ctr"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "id")
			args := append([]string{"-q", "-C", "bob@host", "-f", path}, c.args...)
			if !slices.Contains(args, "-N") {
				args = append(args, "-N", "")
			}
			openSSH(t, nil, "ssh-keygen", args...)
			_, err := Open(path, func(string) ([]byte, error) {
				t.Error("asked for a passphrase first")
				return nil, nil
			})
			wantError(t, err, path, c.want)
			if _, _, err := publickey.Open(path + ".pub"); c.args[1] != "ed25519" {
				wantError(t, err, path+".pub", "only ssh-ed25519")
			}
		})
	}
}

// startAgent runs ssh-agent until the test ends and returns its address.
func startAgent(t *testing.T, env ...string) (address string) {
	t.Helper()
	path, err := exec.LookPath("ssh-agent")
	if err != nil {
		t.Fatalf("ssh-agent is needed: install the clients of OpenSSH (package openssh-client): %v", err)
	}
	// The address of a socket has at most 104 bytes; t.TempDir may give more.
	dir, err := os.MkdirTemp("", "agent")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	address = filepath.Join(dir, "s")
	cmd := exec.Command(path, "-D", "-a", address)
	cmd.Env = append(os.Environ(), env...)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	// It says where it listens once it does.
	if line, err := bufio.NewReader(stdout).ReadString('\n'); err != nil || !strings.Contains(line, address) {
		t.Fatalf("ssh-agent says %q, %v", line, err)
	}
	return address
}

func TestSSHAgentSigns(t *testing.T) {
	address := startAgent(t)
	env := []string{"SSH_AUTH_SOCK=" + address}
	k := keyOf(t, 4, "alice")
	path := written(t, k, "")
	rsa := filepath.Join(t.TempDir(), "id_rsa")
	openSSH(t, nil, "ssh-keygen", "-q", "-t", "rsa", "-b", "1024", "-N", "", "-f", rsa)
	openSSH(t, env, "ssh-add", "-q", rsa)
	openSSH(t, env, "ssh-add", "-q", path)

	keys, err := AgentKeys(address)
	if err != nil {
		t.Fatal(err)
	}
	if len(keys) != 1 || keys[0].Public() != k.Public() || keys[0].Name() != "alice" {
		t.Fatalf("keys %v, want alice's alone", keys)
	}
	for _, message := range [][]byte{nil, []byte("text"), bytes.Repeat([]byte("x"), 200_000)} {
		want, _ := k.Sign(message)
		if got, err := keys[0].Sign(message); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes: signature %x, %v; want %x", len(message), got, err, want)
		}
	}
	openSSH(t, env, "ssh-add", "-q", "-d", path)
	_, err = keys[0].Sign([]byte("text"))
	wantError(t, err, "no longer held")
}

func TestConfirmedKeySignsWhenThePersonAgrees(t *testing.T) {
	for program, agrees := range map[string]bool{"true": true, "false": false} {
		asks, err := exec.LookPath(program)
		if err != nil {
			t.Fatal(err)
		}
		address := startAgent(t, "SSH_ASKPASS="+asks, "SSH_ASKPASS_REQUIRE=force", "DISPLAY=:0")
		k := keyOf(t, 5, "alice")
		openSSH(t, []string{"SSH_AUTH_SOCK=" + address}, "ssh-add", "-q", "-c", written(t, k, ""))
		keys, err := AgentKeys(address)
		if err != nil || len(keys) != 1 {
			t.Fatal(keys, err)
		}
		sig, err := keys[0].Sign([]byte("text"))
		if agrees && err != nil {
			t.Error(err)
		}
		if !agrees {
			wantError(t, err, "refused")
		}
		if (sig != nil) != agrees {
			t.Errorf("agrees is %v, signature %x", agrees, sig)
		}
	}
}
