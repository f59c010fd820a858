package commands

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// What bash completes has its commas as they were typed: after the next comma its script
// would not know again what it quoted itself.
func TestBashQuotesNoComma(t *testing.T) {
	script, err := does(t, "completion", "bash")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(file, []byte(script), 0o644); err != nil {
		t.Fatal(err)
	}
	// The words of a line come from bash-completion, the offers from the program; neither is needed here.
	const ask = `. "$0" && _init_completion() { words=(tool make --by a,); cur=a, prev=--by cword=3; } &&
__tool_get_completion_results() { out='a,b c'; directive=4; } && compopt() { :; } &&
COMP_TYPE=9 COMP_WORDBREAKS= && __tool_with_commas && printf '%s\n' "${COMPREPLY[@]}" && complete -p tool`
	out, err := exec.Command("bash", "--norc", "-c", ask, file).CombinedOutput()
	if want := "a,b\\ c\ncomplete -o default -F __tool_with_commas tool\n"; err != nil || string(out) != want {
		t.Errorf("%v: %s, want %s", err, out, want)
	}
}
