// Package tables checks the Table Store client.
package tables

import "conformance/internal/check"

// Checks go beside each other; each has a table of its own.
var Checks = []check.Check{
	{Name: "table_lifecycle", Run: tableLifecycle},
	{Name: "table_update", Run: tableUpdate},
	{Name: "table_refusals", Run: tableRefusals},
	{Name: "table_split_points", Run: splitPoints},

	{Name: "row_types", Run: rowTypes},
	{Name: "row_key_types", Run: keyTypes},
	{Name: "row_life", Run: rowLife},
	{Name: "row_columns_to_get", Run: columnsToGet},
	{Name: "row_column_order", Run: columnOrder},
	{Name: "row_delete_columns", Run: deleteColumns},
	{Name: "row_capacity_units", Run: capacityUnits},

	{Name: "condition_existence", Run: existence},
	{Name: "condition_comparators", Run: columnConditions},
	{Name: "condition_missing_column", Run: missingColumn},
	{Name: "condition_composite", Run: compositeConditions},
	{Name: "condition_regex", Run: regexConditions},
	{Name: "read_filters", Run: readFilters},

	{Name: "versions_kept", Run: versionsKept},
	{Name: "versions_given", Run: versionsGiven},
	{Name: "versions_time_ranges", Run: timeRanges},
	{Name: "versions_timestamp_limits", Run: timestampLimits},
	{Name: "versions_time_to_live", Run: timeToLive},
	{Name: "increments", Run: increments},
	{Name: "auto_increment", Run: autoIncrement},

	{Name: "range_bounds", Run: rangeBounds},
	{Name: "range_pages", Run: rangePages},
	{Name: "range_caps", Run: rangeCaps},
	{Name: "range_order", Run: rangeOrder},
	{Name: "range_refusals", Run: rangeRefusals},

	{Name: "batch_mixed", Run: batchMixed},
	{Name: "batch_row_errors", Run: batchRowErrors},
	{Name: "batch_repeats", Run: batchRepeats},
	{Name: "batch_limits", Run: batchLimits},
	{Name: "batch_get", Run: batchGet},

	{Name: "limit_values", Run: valueLimits},
	{Name: "limit_keys", Run: keyLimits},
	{Name: "limit_key_mismatch", Run: keyMismatch},
	{Name: "limit_columns", Run: columnLimits},
	{Name: "limit_body", Run: bodyLimit},
	{Name: "limit_columns_to_get", Run: columnsToGetLimit},

	{Name: "table_wrong_secret", Run: wrongSecret},
	{Name: "table_sts_token", Run: stsToken},
	{Name: "table_skewed_clock", Run: skewedClock},
	{Name: "table_missing", Run: missingTable},
	{Name: "table_unknown_operation", Run: unknownOperation},
}

// Alone are those that script faults, or fill the instance.
var Alone = []check.Check{
	{Name: "batch_injected", Run: batchInjected},
	{Name: "table_write_retried", Run: writeRetried},
	{Name: "table_write_not_retried", Run: writeNotRetried},
	{Name: "table_read_retried", Run: readRetried},
	{Name: "table_retries_end", Run: retriesEnd},
	{Name: "table_cut_answers", Run: cutAnswers},
	{Name: "table_quota", Run: tableQuota},
}
