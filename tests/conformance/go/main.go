// Command conformance runs the official Go SDKs of Log Service and Table Store, unmodified, against
// a sandbox: `suite` checks it, `peer` plays one part beside other languages.
package main

import (
	"fmt"
	"os"
	"slices"

	"conformance/internal/check"
	"conformance/internal/consumers"
	"conformance/internal/logservice"
	"conformance/internal/peer"
	"conformance/internal/producers"
	"conformance/internal/sandbox"
)

const usage = `usage: conformance peer put|pull PROJECT LOGSTORE
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
	switch command, args := os.Args[1], os.Args[2:]; command {
	case "suite":
		// What takes longest begins first.
		checks := slices.Concat(consumers.Checks, producers.Checks, logservice.Checks)
		alone := slices.Concat(producers.Alone, logservice.Alone)
		if !check.Suite(env, checks, alone) {
			os.Exit(1)
		}
	case "peer":
		err = peer.Run(env, args)
	default:
		err = fmt.Errorf("%s", usage)
	}
	if err != nil {
		exit(err)
	}
}

func exit(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
