// Package consumers checks the consumer library: members of a group that share shards.
package consumers

import "conformance/internal/check"

// Checks go beside each other; each has a logstore of its own.
var Checks = []check.Check{
	{Name: "consumer_sharing", Run: sharing},
	{Name: "consumer_takeover", Run: takeover},
	{Name: "consumer_split_order", Run: splitOrder},
	{Name: "consumer_merge_order", Run: mergeOrder},
	{Name: "consumer_empty_shard", Run: emptyShard},
	{Name: "consumer_idle_shard", Run: idleShard},
	{Name: "consumer_whole_run", Run: wholeRun},
	{Name: "consumer_restart", Run: restart},
	{Name: "consumer_from_end", Run: fromEnd},
	{Name: "consumer_from_time", Run: fromTime},
	{Name: "consumer_failed_batch", Run: failedBatch},
	{Name: "consumer_roll_back", Run: rollBack},
	{Name: "consumer_auto_commit", Run: autoCommit},
	{Name: "consumer_v4_zstd_token", Run: v4ZstdToken},
}
