//! The effective configuration in a few lines, without secrets.

use super::Config;
use super::show::{show_bytes, show_duration};
use crate::shipper::{ColumnNames, LostCursor, StartPosition};
use crate::telemetry::Format;

impl Config {
    /// The effective configuration, a few related settings a line: what it is about, and what
    /// holds. For the container log at start-up and for whoever checks a configuration.
    pub fn summary(&self) -> Vec<(&'static str, String)> {
        let shipper = &self.shipper;
        let rules = &shipper.rules;
        let transforms = rules
            .transforms
            .iter()
            .map(|column| format!("{} = {}", column.name, column.expression));
        vec![
            ("source", self.source()),
            ("target", self.target()),
            ("group", self.group()),
            ("transform", list(transforms)),
            (
                "exclusive_columns",
                list(rules.exclusive_columns.iter().cloned()),
            ),
            (
                "rules",
                format!(
                    "column_names {}, lost_cursor {}",
                    match rules.column_names {
                        ColumnNames::Repair => "repair",
                        ColumnNames::Drop => "drop",
                        ColumnNames::Exact => "exact",
                    },
                    match shipper.lost_cursor {
                        LostCursor::Oldest => "oldest",
                        LostCursor::Newest => "newest",
                        LostCursor::Stop => "stop",
                    }
                ),
            ),
            (
                "dead letters",
                match &shipper.dead_letters {
                    Some(destination) => destination.to_string(),
                    None => "not kept".to_owned(),
                },
            ),
            ("limits", self.limits()),
            ("intervals", self.intervals()),
            ("container log", self.container_log()),
            ("requests", self.requests()),
        ]
    }

    fn source(&self) -> String {
        format!(
            "project {}, logstore {}, at {}, start {}",
            self.loghub.project,
            self.loghub.logstore,
            address(&self.loghub.endpoint),
            match self.shipper.start {
                StartPosition::Begin => "begin".to_owned(),
                StartPosition::End => "end".to_owned(),
                StartPosition::Since(seconds) => seconds.to_string(),
            }
        )
    }

    fn target(&self) -> String {
        format!(
            "instance {}, target table {}, status table {}, at {}",
            self.tablestore.instance,
            self.shipper.target_table,
            self.status.table,
            address(&self.tablestore.endpoint)
        )
    }

    fn group(&self) -> String {
        format!(
            "{}, consumer {}, heartbeat_interval {}, group_timeout {}",
            self.shipper.group,
            self.shipper.consumer,
            show_duration(self.shipper.heartbeat_interval),
            show_duration(self.shipper.group_timeout)
        )
    }

    fn limits(&self) -> String {
        let memory = u64::try_from(self.shipper.memory_limit_bytes).unwrap_or(u64::MAX);
        format!(
            "memory_limit {}, max_batches_in_flight {}",
            show_bytes(memory),
            self.shipper.max_batches_in_flight
        )
    }

    fn intervals(&self) -> String {
        format!(
            "checkpoint_interval {}, status_interval {}, startup_timeout {}, shutdown_grace {}",
            show_duration(self.shipper.checkpoint_interval),
            show_duration(self.status.interval),
            show_duration(self.startup_timeout),
            show_duration(self.shipper.shutdown_grace)
        )
    }

    fn container_log(&self) -> String {
        let format = match self.telemetry.format {
            Format::Text => "text",
            Format::Json => "json",
        };
        format!("log_level {}, log_format {format}", self.telemetry.filter)
    }

    fn requests(&self) -> String {
        let signatures = match &self.loghub.region {
            Some(region) => format!("signature version 4 for {region}"),
            None => "signature versions 1 and 2".to_owned(),
        };
        let credentials = match self.access_key.token {
            Some(_) => "key pair and security token",
            None => "key pair",
        };
        let roots = match &self.http.extra_roots {
            Some(path) => format!(", tls_roots {}", path.display()),
            None => String::new(),
        };
        format!(
            "{credentials}, {signatures}, request_timeout {}{roots}",
            show_duration(self.loghub.request_timeout)
        )
    }
}

/// Scheme and authority.
fn address(endpoint: &http::Uri) -> String {
    endpoint.to_string().trim_end_matches('/').to_owned()
}

/// The items between commas, or that there is none.
fn list(items: impl Iterator<Item = String>) -> String {
    let items: Vec<String> = items.collect();
    if items.is_empty() {
        "none".to_owned()
    } else {
        items.join(", ")
    }
}
