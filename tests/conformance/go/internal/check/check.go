// Package check runs the checks of the suite and reports what became of each.
package check

import (
	"fmt"
	"reflect"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"conformance/internal/sandbox"
)

const (
	// limit is the time that one check may take; a check that hangs fails alone.
	limit = 120 * time.Second
	// together is how many checks run at once: most of their time is waiting.
	together = 8
	// tidying is how long a check may take to clean up before the next begins.
	tidying = 10 * time.Second
)

// Check shows one thing of the sandbox. Its name is that of a line in checks.tsv.
type Check struct {
	Name string
	Run  func(*T)
}

// T is what a check works with.
type T struct {
	*sandbox.Sandbox
	name     string
	cleanups []func()
}

// failure is what a failed assertion panics with.
type failure string

// Suite runs `checks` together, then those that need the sandbox to themselves, as faults befall
// whoever calls, one by one. It prints a line for each as it ends, and tells whether all are ok.
func Suite(s *sandbox.Sandbox, checks, alone []Check) bool {
	var output sync.Mutex
	allOk := true
	report := func(name, verdict string) {
		output.Lock()
		defer output.Unlock()
		fmt.Printf("go/%s: %s\n", name, verdict)
		allOk = allOk && verdict == "ok"
	}
	queue := make(chan Check)
	var workers sync.WaitGroup
	for range together {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for c := range queue {
				report(c.Name, c.verdict(s))
			}
		}()
	}
	for _, c := range checks {
		queue <- c
	}
	close(queue)
	workers.Wait()
	for _, c := range alone {
		report(c.Name, c.verdict(s))
	}
	return allOk
}

// verdict is `ok`, or `FAIL` and why.
func (c Check) verdict(s *sandbox.Sandbox) string {
	verdict := make(chan string, 1)
	go func() {
		t := &T{Sandbox: s, name: c.Name}
		defer func() {
			result := "ok"
			if panicked := recover(); panicked != nil {
				result = "FAIL " + oneLine(panicked)
			}
			t.cleanUp()
			verdict <- result
		}()
		c.Run(t)
	}()
	select {
	case result := <-verdict:
		return result
	case <-time.After(limit):
		return fmt.Sprintf("FAIL not done after %s", limit)
	}
}

func oneLine(panicked any) string {
	text := fmt.Sprint(panicked)
	if _, asserted := panicked.(failure); !asserted {
		text = fmt.Sprintf("panic: %v at %s", panicked, debug.Stack())
	}
	return strings.Join(strings.Fields(text), " ")
}

// Cleanup has `do` done when the check is over, the latest first.
func (t *T) Cleanup(do func()) { t.cleanups = append(t.cleanups, do) }

// cleanUp does not wait for ever: a worker of the SDK that cannot save its checkpoint never stops.
func (t *T) cleanUp() {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, do := range slices.Backward(t.cleanups) {
			do()
		}
	}()
	select {
	case <-done:
	case <-time.After(tidying):
	}
}

// Fail ends the check.
func (t *T) Fail(format string, args ...any) { panic(failure(fmt.Sprintf(format, args...))) }

// NoError ends the check if `doing` something went wrong.
func (t *T) NoError(doing string, err error) {
	if err != nil {
		t.Fail("%s: %v", doing, err)
	}
}

// Equal ends the check unless `what` is as wanted, all the way down.
func (t *T) Equal(what string, got, want any) {
	if !reflect.DeepEqual(got, want) {
		t.Fail("%s: got %+v, want %+v", what, got, want)
	}
}

// True ends the check unless `holds`; the rest says what does not.
func (t *T) True(holds bool, format string, args ...any) {
	if !holds {
		t.Fail(format, args...)
	}
}

// Soon waits until `holds`, at most for `patience`.
func (t *T) Soon(patience time.Duration, what string, holds func() bool) {
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fail("not within %s: %s", patience, what)
		}
	}
}

var notForNames = regexp.MustCompile(`[^a-z0-9]+`)

var (
	run     = time.Now().UnixMilli() % 1e9
	counter int
	names   sync.Mutex
)

// Unique makes a name for a project, a logstore or a table of this check, which no other run has.
// It is made of lower-case letters, digits and `separator`.
func (t *T) Unique(separator string) string {
	names.Lock()
	defer names.Unlock()
	counter++
	parts := []string{"go", notForNames.ReplaceAllString(t.name, separator), fmt.Sprintf("%x", run), fmt.Sprint(counter)}
	return strings.Join(parts, separator)
}
