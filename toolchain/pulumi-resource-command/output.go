package main

import (
	"bytes"
	"context"
	"strings"
	"sync"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
)

// Logging says which of a command's streams go to Pulumi's log. Both are captured as outputs all the same.
type Logging string

const (
	logStdout Logging = "stdout"
	logStderr Logging = "stderr"
	logBoth   Logging = "stdoutAndStderr"
	logNone   Logging = "none"
)

// Values lists the allowed values for the schema.
func (Logging) Values() []infer.EnumValue[Logging] {
	return []infer.EnumValue[Logging]{
		{Name: "Stdout", Value: logStdout},
		{Name: "Stderr", Value: logStderr},
		{Name: "StdoutAndStderr", Value: logBoth},
		{Name: "None", Value: logNone},
	}
}

// output collects what a command writes and logs it line by line as it comes.
type output struct {
	stdout, stderr stream
	both           bytes.Buffer // in the order of arrival, for the message of a failed command
	mu             sync.Mutex   // a command writes its two streams at the same time
}

type stream struct {
	owner *output
	log   func(line string) // nil: not to be logged
	all   bytes.Buffer
	line  []byte // what came after the last line end
}

func (c Process) capture(ctx context.Context) *output {
	return c.captureTo(p.GetLogger(ctx).InfoStatus)
}

func (c Process) captureTo(log func(line string)) *output {
	out := &output{}
	out.stdout.owner, out.stderr.owner = out, out
	want := or(c.Logging, logBoth)
	if want == logStdout || want == logBoth {
		out.stdout.log = log
	}
	if want == logStderr || want == logBoth {
		out.stderr.log = log
	}
	return out
}

// Write takes what comes from the command.
func (s *stream) Write(b []byte) (int, error) {
	s.owner.mu.Lock()
	defer s.owner.mu.Unlock()
	s.owner.both.Write(b)
	s.all.Write(b)
	if s.log == nil {
		return len(b), nil
	}
	s.line = append(s.line, b...)
	for {
		line, rest, found := bytes.Cut(s.line, []byte("\n"))
		if !found {
			return len(b), nil
		}
		s.log(string(line))
		s.line = rest
	}
}

// end gives the outputs and logs what is left: last lines without a line end.
func (o *output) end() Streams {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, s := range []*stream{&o.stdout, &o.stderr} {
		if len(s.line) > 0 {
			s.log(string(s.line))
			s.line = nil
		}
	}
	return Streams{
		Stdout: strings.TrimSuffix(o.stdout.all.String(), "\n"),
		Stderr: strings.TrimSuffix(o.stderr.all.String(), "\n"),
	}
}
