// Package peer plays one part of an exchange between languages: JSON lines on stdin and stdout,
// written line by line, diagnostics on stderr.
package peer

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"conformance/internal/sandbox"
)

// Run plays the part that `args` name: put, pull, consume, write or read.
func Run(s *sandbox.Sandbox, args []string) error {
	switch {
	case matches(args, "put", 2):
		return put(s.Logs(), args[1], args[2])
	case matches(args, "pull", 2):
		return pull(s.Logs(), args[1], args[2])
	case matches(args, "consume", 4):
		return consume(s, args[1], args[2], args[3], args[4])
	case matches(args, "write", 1):
		return write(s.Tables(), args[1])
	case matches(args, "read", 1):
		return read(s.Tables(), args[1])
	default:
		return fmt.Errorf("no such part: %s", strings.Join(args, " "))
	}
}

func matches(args []string, part string, operands int) bool {
	return len(args) == operands+1 && args[0] == part
}

// output keeps lines whole when several shards speak at once.
var output sync.Mutex

// say prints one JSON line at once: os.Stdout is not buffered.
func say(line any) error {
	text, err := json.Marshal(line)
	if err != nil {
		return err
	}
	output.Lock()
	defer output.Unlock()
	_, err = os.Stdout.Write(append(text, '\n'))
	return err
}

// eachLine decodes every line of stdin and hands it on, until its end.
func eachLine[T any](handle func(T) error) error {
	decoder := json.NewDecoder(bufio.NewReader(os.Stdin))
	for {
		var line T
		if err := decoder.Decode(&line); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("stdin: %w", err)
		}
		if err := handle(line); err != nil {
			return err
		}
	}
}
