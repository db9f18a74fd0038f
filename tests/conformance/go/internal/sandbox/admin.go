package sandbox

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Fault adds a line to the script of faults.
func (s *Sandbox) Fault(line string) error {
	return s.admin(http.MethodPost, "/faults", line, nil)
}

// ClearFaults takes all faults out of the script.
func (s *Sandbox) ClearFaults() error {
	return s.admin(http.MethodDelete, "/faults", "", nil)
}

// Counts tells how many calls there were, by operation and error code; "" is success.
func (s *Sandbox) Counts() (map[string]map[string]int, error) {
	var counts map[string]map[string]int
	return counts, s.admin(http.MethodGet, "/counts", "", &counts)
}

// Trim forgets the log groups of a shard before cursor number `to`, as their expiry would.
func (s *Sandbox) Trim(project, logstore string, shard int, to uint64) error {
	path := fmt.Sprintf("/logstores/%s/%s/shards/%d/trim?to=%d", project, logstore, shard, to)
	return s.admin(http.MethodPost, path, "", nil)
}

// ExpireConsumer has a consumer time out at once.
func (s *Sandbox) ExpireConsumer(project, logstore, group, consumer string) error {
	query := url.Values{"consumer": {consumer}}.Encode()
	path := fmt.Sprintf("/logstores/%s/%s/consumergroups/%s/expire?%s", project, logstore, group, query)
	return s.admin(http.MethodPost, path, "", nil)
}

// GroupShard is a shard as a consumer group sees it.
type GroupShard struct {
	State  string
	Holder string
}

// GroupShards are all shards as a consumer group sees them, by number.
func (s *Sandbox) GroupShards(project, logstore, group string) ([]GroupShard, error) {
	var described struct {
		ConsumerGroups []struct {
			Name   string
			Shards []GroupShard
		} `json:"consumer_groups"`
	}
	err := s.admin(http.MethodGet, fmt.Sprintf("/logstores/%s/%s", project, logstore), "", &described)
	for _, found := range described.ConsumerGroups {
		if found.Name == group {
			return found.Shards, nil
		}
	}
	return nil, err
}

func (s *Sandbox) admin(method, path, body string, answer any) error {
	request, err := http.NewRequest(method, s.Admin+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s %s", method, path, strconv.Itoa(response.StatusCode), text)
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(text, answer)
}
