package check

import "fmt"

// Scripted runs `act` under a line of the script of faults, and ends the check unless `operation`
// was then called just as often, with the error codes, as `want` says. For checks that run alone.
func (t *T) Scripted(operation, line string, want map[string]int, act func()) {
	t.Cleanup(func() { _ = t.ClearFaults() })
	before, err := t.Counts()
	t.NoError("read the counts", err)
	t.NoError("script the fault "+line, t.Fault(line))
	act()
	after, err := t.Counts()
	t.NoError("read the counts", err)
	got := map[string]int{}
	for code, calls := range after[operation] {
		if made := calls - before[operation][code]; made > 0 {
			got[code] = made
		}
	}
	t.Equal(fmt.Sprintf("calls of %s under %q", operation, line), got, want)
	t.NoError("clear the faults", t.ClearFaults())
}
