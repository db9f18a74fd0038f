// Package logservice checks what a client of Log Service calls for itself.
package logservice

import "conformance/internal/check"

// Checks are those that go beside each other.
var Checks = []check.Check{
	{Name: "project_lifecycle", Run: projectLifecycle},
	{Name: "project_refusals", Run: projectRefusals},
	{Name: "logstore_lifecycle", Run: logstoreLifecycle},
	{Name: "logstore_lists", Run: logstoreLists},
	{Name: "logstore_refusals", Run: logstoreRefusals},

	{Name: "put_lz4", Run: putLz4},
	{Name: "put_zstd", Run: putZstd},
	{Name: "put_plain", Run: putPlain},
	{Name: "put_hash_key", Run: putHashKey},
	{Name: "put_balanced", Run: putBalanced},
	{Name: "put_incompressible", Run: putIncompressible},
	{Name: "put_many_logs", Run: putManyLogs},
	{Name: "put_refusals", Run: putRefusals},

	{Name: "pull_lz4", Run: pullLz4},
	{Name: "pull_zstd", Run: pullZstd},
	{Name: "pull_pages", Run: pullPages},
	{Name: "pull_count_range", Run: pullCountRange},
	{Name: "pull_end_cursor", Run: pullEndCursor},
	{Name: "pull_nothing", Run: pullNothing},
	{Name: "pull_group_cursors", Run: pullGroupCursors},
	{Name: "pull_expired", Run: pullExpired},

	{Name: "cursor_ends", Run: cursorEnds},
	{Name: "cursor_by_time", Run: cursorByTime},
	{Name: "cursor_times", Run: cursorTimes},
	{Name: "cursor_refusals", Run: cursorRefusals},

	{Name: "shard_list", Run: shardList},
	{Name: "shard_split_at_key", Run: shardSplitAtKey},
	{Name: "shard_split_in_four", Run: shardSplitInFour},
	{Name: "shard_merge", Run: shardMerge},
	{Name: "shard_refusals", Run: shardRefusals},

	{Name: "group_lifecycle", Run: groupLifecycle},
	{Name: "group_refusals", Run: groupRefusals},
	{Name: "group_quota", Run: groupQuota},
	{Name: "group_order", Run: groupOrder},
	{Name: "group_order_off", Run: groupOrderOff},
	{Name: "group_states", Run: groupStates},
	{Name: "heartbeat_balance", Run: heartbeatBalance},
	{Name: "heartbeat_expiry", Run: heartbeatExpiry},
	{Name: "heartbeat_expelled", Run: heartbeatExpelled},
	{Name: "checkpoint_round_trip", Run: checkpointRoundTrip},
	{Name: "checkpoint_fence", Run: checkpointFence},

	{Name: "signature_v1", Run: signatureV1},
	{Name: "signature_v4", Run: signatureV4},
	{Name: "wrong_secret", Run: wrongSecret},
	{Name: "unknown_key", Run: unknownKey},
	{Name: "sts_token", Run: stsToken},
	{Name: "sts_renewal", Run: stsRenewal},
	{Name: "skewed_clock", Run: skewedClock},

	{Name: "unknown_operations", Run: unknownOperations},
	{Name: "missing_index", Run: missingIndex},
	{Name: "request_ids", Run: requestIDs},
}

// Alone are those that script faults, and one that counts the projects of all.
var Alone = []check.Check{
	{Name: "project_lists", Run: projectLists},
	{Name: "pull_retried", Run: pullRetried},
	{Name: "pull_cut", Run: pullCut},
	{Name: "put_retried", Run: putRetried},
	{Name: "put_quota", Run: putQuota},
}

// must hands on what a call returned, or ends the check of the error that it returned.
func must[V any](value V, err error) func(*check.T) V {
	return func(t *check.T) V {
		t.NoError("call", err)
		return value
	}
}
