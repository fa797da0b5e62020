package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/blang/semver"
	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/integration"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/asset"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

func itoa(n uint32) string { return strconv.Itoa(int(n)) }

type inputs = map[string]property.Value

func text(s string) property.Value { return property.New(s) }

// plugin drives the provider the way Pulumi's engine does: check, then diff, create, update or delete.
type plugin struct {
	integration.Server
	t   *testing.T
	urn resource.URN
}

func newPlugin(t *testing.T, token string) plugin {
	t.Helper()
	served, err := provider()
	if err != nil {
		t.Fatal(err)
	}
	s, err := integration.NewServer(t.Context(), "command", semver.MustParse(version), integration.WithProvider(served))
	if err != nil {
		t.Fatal(err)
	}
	return plugin{s, t, resource.NewURN("stack", "project", "", tokens.Type(token), "it")}
}

func (pl plugin) check(in inputs) property.Map {
	pl.t.Helper()
	checked, err := pl.Check(p.CheckRequest{Urn: pl.urn, Inputs: property.NewMap(in)})
	if err != nil || len(checked.Failures) > 0 {
		pl.t.Fatal(err, checked.Failures)
	}
	return checked.Inputs
}

func (pl plugin) create(in inputs) (property.Map, error) {
	pl.t.Helper()
	created, err := pl.Create(p.CreateRequest{Urn: pl.urn, Properties: pl.check(in)})
	return created.Properties, err
}

func (pl plugin) mustCreate(in inputs) property.Map {
	pl.t.Helper()
	state, err := pl.create(in)
	if err != nil {
		pl.t.Fatal(err)
	}
	return state
}

func (pl plugin) diff(state property.Map, old, in inputs) p.DiffResponse {
	pl.t.Helper()
	d, err := pl.Diff(p.DiffRequest{ID: "id", Urn: pl.urn, State: state, OldInputs: pl.check(old), Inputs: pl.check(in)})
	if err != nil {
		pl.t.Fatal(err)
	}
	return d
}

func (pl plugin) update(state property.Map, in inputs) property.Map {
	pl.t.Helper()
	updated, err := pl.Update(p.UpdateRequest{ID: "id", Urn: pl.urn, State: state, Inputs: pl.check(in)})
	if err != nil {
		pl.t.Fatal(err)
	}
	return updated.Properties
}

func (pl plugin) delete(state property.Map) {
	pl.t.Helper()
	if err := pl.Delete(p.DeleteRequest{ID: "id", Urn: pl.urn, Properties: state}); err != nil {
		pl.t.Fatal(err)
	}
}

func stdout(state property.Map) string { return state.Get("stdout").AsString() }

func with(in inputs, more inputs) inputs {
	merged := inputs{}
	for _, m := range []inputs{in, more} {
		for k, v := range m {
			merged[k] = v
		}
	}
	return merged
}

const remote, local = "command:remote:Command", "command:local:Command"

// world is a server, the means to enter it, and the plugin.
func world(t *testing.T) (*server, inputs, plugin) {
	t.Helper()
	login, private := newKey(t)
	s := startServer(t, login.PublicKey())
	return s, inputs{
		"host": text("127.0.0.1"), "port": property.New(s.port()), "user": text("root"), "privateKey": text(private),
		"hostKey": text(s.hostKey()), "dialErrorLimit": property.New(-1.0), "perDialTimeout": property.New(5.0),
	}, newPlugin(t, remote)
}

func over(connection inputs, more inputs) inputs {
	return with(inputs{"connection": property.New(connection)}, more)
}

func hurry(t *testing.T) {
	before, wait := patience, firstWait
	patience, firstWait = 50*time.Millisecond, 10*time.Millisecond
	t.Cleanup(func() { patience, firstWait = before, wait })
}

func TestRemoteCommandGetsItsStandardInput(t *testing.T) {
	s, connection, pl := world(t)
	state := pl.mustCreate(over(connection, inputs{"create": text("cat; echo oops >&2"), "stdin": text("a secret\n")}))
	if stdout(state) != "a secret" || state.Get("stderr").AsString() != "oops" {
		t.Errorf("unexpected streams: %v", state)
	}
	if ran := s.ran(); len(ran) != 1 || ran[0].command != "cat; echo oops >&2" {
		t.Errorf("unexpected commands: %v", ran)
	}
}

func TestSecretInputsStaySecret(t *testing.T) {
	_, connection, pl := world(t)
	state := pl.mustCreate(over(connection, inputs{"create": text("true"), "stdin": text("x").WithSecret(true)}))
	for _, name := range []string{"connection", "stdin"} {
		if !state.Get(name).Secret() {
			t.Errorf("%s is no secret", name)
		}
	}
}

func TestUnknownHostKeyIsRefused(t *testing.T) {
	hurry(t)
	s, connection, pl := world(t)
	stranger, _ := newKey(t)
	connection["hostKey"] = text(authorized(stranger.PublicKey()))
	_, err := pl.create(over(connection, inputs{"create": text("true"), "stdin": text("hunter2")}))
	if err == nil || !strings.Contains(err.Error(), errHostKey.Error()) {
		t.Errorf("unexpected error: %v", err)
	}
	if len(s.ran()) != 0 {
		t.Error("the command reached the stranger")
	}
}

func TestMissingOrMalformedHostKeyIsRefused(t *testing.T) {
	s, connection, pl := world(t)
	for _, key := range []string{"", "not a key"} {
		connection["hostKey"] = text(key)
		if _, err := pl.create(over(connection, inputs{"create": text("true")})); err == nil ||
			!strings.Contains(err.Error(), "connection.hostKey of 127.0.0.1") {
			t.Errorf("unexpected error for %q: %v", key, err)
		}
	}
	if len(s.ran()) != 0 {
		t.Error("the command was run")
	}
}

func TestWrongPrivateKeyIsRefusedInSpiteOfEndlessTries(t *testing.T) {
	hurry(t)
	_, connection, pl := world(t)
	_, other := newKey(t)
	connection["privateKey"] = text(other)
	if _, err := pl.create(over(connection, inputs{"create": text("true")})); err == nil ||
		!strings.Contains(err.Error(), "unable to authenticate") {
		t.Errorf("unexpected error: %v", err)
	}
}

func TestServerThatIsNotUpYetIsWaitedFor(t *testing.T) {
	hurry(t)
	s, connection, pl := world(t)
	address := s.listener.Addr().String()
	s.listener.Close()
	time.AfterFunc(300*time.Millisecond, func() { s.listen(t, address) })
	if state := pl.mustCreate(over(connection, inputs{"create": text("echo up")})); stdout(state) != "up" {
		t.Errorf("unexpected output: %q", stdout(state))
	}
}

func TestTriesAreLimited(t *testing.T) {
	hurry(t)
	s, connection, pl := world(t)
	s.listener.Close()
	connection["dialErrorLimit"] = property.New(2.0)
	if _, err := pl.create(over(connection, inputs{"create": text("true")})); err == nil ||
		!strings.Contains(err.Error(), "no SSH connection to 127.0.0.1") {
		t.Errorf("unexpected error: %v", err)
	}
}

func TestSilentServerTakesNoLongerThanPerDialTimeout(t *testing.T) {
	hurry(t)
	silent := startSilent(t)
	_, connection, pl := world(t)
	connection["port"], connection["perDialTimeout"], connection["dialErrorLimit"] = property.New(silent), property.New(1.0), property.New(0.0)
	start := time.Now()
	if _, err := pl.create(over(connection, inputs{"create": text("true")})); err == nil || time.Since(start) > 3*time.Second {
		t.Errorf("unexpected end after %s: %v", time.Since(start), err)
	}
}

func TestProxyIsPassedThrough(t *testing.T) {
	proxy, proxyConnection, _ := world(t)
	_, connection, pl := world(t)
	connection["proxy"] = property.New(proxyConnection)
	if state := pl.mustCreate(over(connection, inputs{"create": text("echo behind")})); stdout(state) != "behind" {
		t.Errorf("unexpected output: %q", stdout(state))
	}
	if len(proxy.ran()) != 0 {
		t.Error("the command was run on the proxy")
	}
}

func TestProxyMustShowItsHostKeyToo(t *testing.T) {
	_, proxyConnection, _ := world(t)
	_, connection, pl := world(t)
	delete(proxyConnection, "hostKey")
	connection["proxy"] = property.New(proxyConnection)
	if _, err := pl.create(over(connection, inputs{"create": text("true")})); err == nil ||
		!strings.Contains(err.Error(), "connection.proxy: connection.hostKey") {
		t.Errorf("unexpected error: %v", err)
	}
}

func TestErrorOfAFailingCommandKeepsStandardInputToItself(t *testing.T) {
	_, connection, pl := world(t)
	_, err := pl.create(over(connection, inputs{"create": text("cat >/dev/null; echo no space left; exit 3"), "stdin": text("hunter2")}))
	if err == nil || !strings.Contains(err.Error(), "no space left") || !strings.Contains(err.Error(), "status 3") {
		t.Errorf("unexpected error: %v", err)
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("the error holds standard input: %v", err)
	}
}

func TestOnlyChangedInputsUpdate(t *testing.T) {
	_, connection, pl := world(t)
	in := over(connection, inputs{"create": text("echo one"), "update": text("echo two"), "stdin": text("x"),
		"triggers": property.New([]property.Value{text("a")})})
	state := pl.mustCreate(in)
	if d := pl.diff(state, in, in); d.HasChanges {
		t.Errorf("a change out of nothing: %v", d)
	}
	changed := with(in, inputs{"stdin": text("y")})
	if d := pl.diff(state, in, changed); !d.HasChanges {
		t.Error("a changed stdin is no change")
	}
	if state := pl.update(state, changed); stdout(state) != "two" {
		t.Errorf("unexpected output: %q", stdout(state))
	}
	// That this one replaces is asked for by the npm package.
	if d := pl.diff(state, in, with(in, inputs{"triggers": property.New([]property.Value{text("b")})})); !d.HasChanges {
		t.Error("a changed trigger is no change")
	}
}

func TestWithoutUpdateTheCreateRunsAgain(t *testing.T) {
	_, connection, pl := world(t)
	state := pl.mustCreate(over(connection, inputs{"create": text("echo one")}))
	if state := pl.update(state, over(connection, inputs{"create": text("echo other")})); stdout(state) != "other" {
		t.Errorf("unexpected output: %q", stdout(state))
	}
}

func TestDeleteUsesTheInputsOfTheState(t *testing.T) {
	s, connection, pl := world(t)
	in := over(connection, inputs{"create": text("true"), "delete": text("cat"), "stdin": text("first")})
	state := pl.update(pl.mustCreate(in), with(in, inputs{"stdin": text("second")}))
	pl.delete(state)
	if ran := s.ran(); ran[len(ran)-1] != (session{"cat", "second"}) {
		t.Errorf("unexpected commands: %v", ran)
	}
}

func TestPreviewRunsNothing(t *testing.T) {
	s, connection, pl := world(t)
	checked := pl.check(over(connection, inputs{"create": text("true")}))
	if _, err := pl.Create(p.CreateRequest{Urn: pl.urn, Properties: checked, DryRun: true}); err != nil || len(s.ran()) != 0 {
		t.Errorf("unexpected: %v %v", err, s.ran())
	}
}

func TestServerThatTakesNoVariables(t *testing.T) {
	_, connection, pl := world(t)
	_, err := pl.create(over(connection, inputs{"create": text("true"), "environment": property.New(inputs{"A": text("b")})}))
	if err == nil || !strings.Contains(err.Error(), "the server refuses the variable A") {
		t.Errorf("a variable that was asked for is missed: %v", err)
	}
	in := over(connection, inputs{"create": text("echo out")})
	pl.update(pl.mustCreate(in), in) // the previous output is only offered
}

func TestLocalCommand(t *testing.T) {
	pl := newPlugin(t, local)
	dir := t.TempDir()
	in := inputs{
		"create": text("cat >file; echo $A"), "update": text("echo after $PULUMI_COMMAND_STDOUT"), "delete": text("rm file"),
		"stdin": text("content"), "dir": text(dir), "environment": property.New(inputs{"A": text("b")}),
	}
	state := pl.mustCreate(in)
	if content, err := os.ReadFile(filepath.Join(dir, "file")); err != nil || string(content) != "content" || stdout(state) != "b" {
		t.Errorf("unexpected: %q %v %v", content, err, state)
	}
	if state = pl.update(state, in); stdout(state) != "after b" {
		t.Errorf("unexpected output: %q", stdout(state))
	}
	quiet := with(in, inputs{"addPreviousOutputInEnv": property.New(false)})
	if state = pl.update(state, quiet); stdout(state) != "after" {
		t.Errorf("unexpected output: %q", stdout(state))
	}
	pl.delete(state)
	if _, err := os.Stat(filepath.Join(dir, "file")); !os.IsNotExist(err) {
		t.Error("delete didn't run")
	}
}

func TestLocalInterpreter(t *testing.T) {
	interpreter := property.New([]property.Value{text("/bin/echo"), text("-n")})
	if state := newPlugin(t, local).mustCreate(inputs{"create": text("x y"), "interpreter": interpreter}); stdout(state) != "x y" {
		t.Errorf("unexpected output: %q", stdout(state))
	}
}

func TestEndingALocalCommandEndsItsChildren(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	start := time.Now()
	if _, err := (LocalArgs{}).run(ctx, "sleep 60 & wait", Streams{}); err == nil || time.Since(start) > 3*time.Second {
		t.Errorf("unexpected end after %s: %v", time.Since(start), err)
	}
}

func TestLoggingChoosesStreams(t *testing.T) {
	for want, logged := range map[Logging]string{logStdout: "out,rest", logStderr: "err", logBoth: "out,err,rest", logNone: ""} {
		var lines []string
		out := Process{Logging: &want}.captureTo(func(line string) { lines = append(lines, line) })
		_, _ = out.stdout.Write([]byte("ou"))
		_, _ = out.stdout.Write([]byte("t\nre"))
		_, _ = out.stderr.Write([]byte("err\n"))
		_, _ = out.stdout.Write([]byte("st"))
		if streams := out.end(); streams != (Streams{"out\nrest", "err"}) {
			t.Errorf("unexpected streams: %v", streams)
		}
		if got := strings.Join(lines, ","); got != logged {
			t.Errorf("%s logs %q instead of %q", want, got, logged)
		}
	}
}

func TestInputsThatAreNotServedAreNamed(t *testing.T) {
	for token, in := range map[string]inputs{
		local:  {"create": text("true"), "assetPaths": property.New([]property.Value{text("*")})},
		remote: {"connection": property.New(inputs{"host": text("h"), "agentSocketPath": text("/s")}).WithSecret(true)},
	} {
		pl := newPlugin(t, token)
		checked, err := pl.Check(p.CheckRequest{Urn: pl.urn, Inputs: property.NewMap(in)})
		if err != nil || len(checked.Failures) != 1 || !strings.Contains(checked.Failures[0].Reason, "official command plugin") {
			t.Errorf("unexpected: %v %v", err, checked.Failures)
		}
	}
}

// The committed schema.json is what test/toolchain-schema.test.ts compares with the npm package.
func TestSchemaIsUpToDate(t *testing.T) {
	response, err := newPlugin(t, local).GetSchema(p.GetSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if os.Getenv("UPDATE_SCHEMA") != "" {
		if err := os.WriteFile("schema.json", []byte(response.Schema), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	committed, err := os.ReadFile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(decode(t, committed), decode(t, []byte(response.Schema))) {
		t.Error("schema.json is not what the plugin serves: run `UPDATE_SCHEMA=1 go test .` and `npm run format`")
	}
}

func decode(t *testing.T, text []byte) (value any) {
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

func TestCopyToRemotePutsTheFileThereWhole(t *testing.T) {
	_, connection, _ := world(t)
	pl := newPlugin(t, "command:remote:CopyToRemote")
	target := filepath.Join(t.TempDir(), "it's a name")
	source := func(text string) property.Value {
		a, err := asset.FromText(text)
		if err != nil {
			t.Fatal(err)
		}
		return property.New(a)
	}
	in := over(connection, inputs{"source": source("one"), "remotePath": text(target)})
	state := pl.mustCreate(in)
	changed := with(in, inputs{"source": source("two")})
	if d := pl.diff(state, in, changed); !d.HasChanges || d.DeleteBeforeReplace {
		t.Errorf("a changed file is no update: %v", d)
	}
	pl.update(state, changed)
	if content, _ := os.ReadFile(target); string(content) != "two" {
		t.Errorf("the file has %q", content)
	}
	if left, _ := filepath.Glob(target + "*.part"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
