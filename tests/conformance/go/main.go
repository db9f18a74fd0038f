// Command conformance runs the official Go SDKs of Log Service and Table Store, unmodified, against
// a sandbox: `suite` checks it, `peer` plays one part beside other languages.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"time"

	"conformance/internal/check"
	"conformance/internal/consumers"
	"conformance/internal/logservice"
	"conformance/internal/peer"
	"conformance/internal/producers"
	"conformance/internal/sandbox"
	"conformance/internal/tables"
)

const usage = `usage: conformance suite EXAMPLE RECORDED-ROWS
       conformance peer put|pull PROJECT LOGSTORE
       conformance peer consume PROJECT LOGSTORE GROUP CONSUMER
       conformance peer write|read TABLE`

func main() {
	if len(os.Args) < 2 {
		exit(fmt.Errorf("%s", usage))
	}
	env, err := sandbox.FromEnvironment()
	if err != nil {
		exit(err)
	}
	switch command, args := os.Args[1], os.Args[2:]; {
	case command == "suite" && len(args) == 2:
		err = suite(env, args[0], args[1])
	case command == "peer":
		err = peer.Run(env, args)
	default:
		err = fmt.Errorf("%s", usage)
	}
	if err != nil {
		exit(err)
	}
}

// suite runs all checks. The example of the documentation is a program of its own, and the rows that
// other SDKs encoded are a file.
func suite(s *sandbox.Sandbox, example, rows string) error {
	// What takes longest begins first.
	checks := slices.Concat(consumers.Checks, producers.Checks, tables.Checks, logservice.Checks)
	checks = append(checks,
		check.Check{Name: "row_bytes", Run: func(t *check.T) { tables.RowBytes(t, rows) }},
		check.Check{Name: "example", Run: func(t *check.T) { runExample(t, example) }})
	alone := slices.Concat(producers.Alone, tables.Alone, logservice.Alone)
	if !check.Suite(s, checks, alone) {
		return errors.New("not all checks are ok")
	}
	return nil
}

func runExample(t *check.T, program string) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	said, err := exec.CommandContext(ctx, program).CombinedOutput()
	t.True(err == nil, "%v: %s", err, said)
	t.Equal("what it says", string(said), "[Key:\"path\" Value:\"/\" ]\npath is /\n")
}

func exit(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
