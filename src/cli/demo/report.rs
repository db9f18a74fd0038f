//! What a demo ends with: rows, a skipped log, status rows, the ledger.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::Args;
use super::expect::Expected;
use super::ledger::{Latencies, Ledger};
use super::work::{Done, lock};
use crate::cli::connection;
use crate::cli::exit::{Exit, Failure};
use crate::cli::output::{self, Output, count, counted};
use crate::cli::rows::{Range, cell, value_of};
use crate::cli::sandbox::Served;
use crate::cli::table_spec::show_key;
use crate::cli::text_table::{TextCell, TextTable};
use crate::config::Config;
use crate::deadletters::{Found, Order, Origin, Sink, SinkError};
use crate::shipper::StartError;
use crate::status::{Skip, TotalCounts};
use crate::tablestore::{Client, Row, TableName, Value};

/// Rows and columns that are shown, and how wide a text may be.
const ROWS: usize = 8;
const WIDTH: usize = 26;

/// How wide a table of rows may be: columns that do not fit any more are only named.
const LINE: usize = 100;

/// Columns of a status row that are shown; those of errors only where there are any.
const STATUS: [&str; 6] = [
    "shard",
    "shipper_id",
    "row_count",
    "skip_count",
    "cu_count",
    "__time__",
];
const STATUS_ERROR: [&str; 2] = ["error_code", "error_message"];

const INDENT: usize = 2;

/// Everything that is reported.
#[derive(Debug)]
pub(super) struct Report {
    ledger: Ledger,
    latencies: Latencies,
    first_rows: Vec<Row>,
    status_rows: Vec<Row>,
    skip: Option<Skip>,
    totals: TotalCounts,
    elapsed: Duration,
    first_row: Option<Duration>,
    bad_lines: u64,
    /// Names of fields, in the order of the input.
    names: Vec<String>,
}

/// Says what is about to happen.
pub(super) fn introduce(
    out: &mut Output,
    title: &str,
    served: &Served,
    args: &Args,
) -> io::Result<()> {
    let scene = &served.scene;
    let shards = counted(u64::from(scene.shards), "shard");
    let key = show_key(&args.primary_key.0);
    let (loghub, tablestore) = (served.running.loghub_url(), served.running.tablestore_url());
    out.line(format_args!(
        "loghub-shipper {}: {title}\n",
        env!("CARGO_PKG_VERSION")
    ))?;
    out.line(format_args!(
        "  from  Log Service  {loghub}  project {}, logstore {}, {shards}",
        scene.project, scene.logstore
    ))?;
    for table in &scene.tables {
        out.line(format_args!(
            "  to    Table Store  {tablestore}  table {}, primary key {key}",
            table.name
        ))?;
    }
    out.line("  both services are a sandbox in this process, over real HTTP")
}

impl Report {
    /// Reads the tables, all rows of them, and does the sums.
    pub(super) async fn gather(
        done: &Done,
        client: &Arc<Client>,
        config: &Config,
        expected: &Mutex<Expected>,
    ) -> Result<Self, Failure> {
        let totals = done.totals.counts();
        let mut report = Self {
            ledger: Ledger {
                put: done.put,
                read: totals.logs_read,
                written: totals.logs_written,
                skipped: totals.skipped,
                refused: totals.refused,
                dead_lettered: totals.dead_lettered,
                ..Ledger::default()
            },
            latencies: Latencies::default(),
            first_rows: Vec::new(),
            status_rows: Vec::new(),
            skip: done.totals.first_skip().cloned(),
            totals,
            elapsed: done.elapsed,
            first_row: None,
            bad_lines: done.bad_lines,
            names: Vec::new(),
        };
        let target = &config.shipper.target_table;
        let mut first_millis = i64::MAX;
        let visit = |rows: Vec<Row>| {
            let expected = lock(expected);
            for row in rows {
                first_millis = first_millis.min(report.visit(&row, &expected));
                if report.first_rows.len() < ROWS {
                    report.first_rows.push(row);
                }
            }
        };
        read_table(client, target, config, visit).await?;
        let status = &config.status.table;
        let mut status_rows = Vec::new();
        read_table(client, status, config, |rows| status_rows.extend(rows)).await?;
        report.status_rows = status_rows;
        report.count_letters(done, client, config).await?;
        let expected = lock(expected);
        report.ledger.distinct_keys = expected.distinct();
        report.ledger.without_key = expected.without_key();
        expected.names().clone_into(&mut report.names);
        report.first_row = u64::try_from(first_millis - done.begun_millis)
            .ok()
            .filter(|_| first_millis < i64::MAX)
            .map(Duration::from_millis);
        Ok(report)
    }

    /// Counts the letters of this demo; those of an earlier one may lie in the same file.
    async fn count_letters(
        &mut self,
        done: &Done,
        client: &Arc<Client>,
        config: &Config,
    ) -> Result<(), Failure> {
        let Some(destination) = config.shipper.dead_letters.clone() else {
            return Ok(());
        };
        let failed = |error: SinkError| Failure::of(Exit::Io, "dead letters", &error);
        let origin = Origin::of(&config.loghub, &config.shipper.group);
        let sink = Sink::new(destination, client);
        let policy = connection::patience(config);
        let mut desk = sink
            .open(origin, Order::OldestFirst, policy)
            .await
            .map_err(failed)?;
        while let Some(found) = desk.next(u32::MAX).await.map_err(failed)? {
            for found in found {
                let Found::Letter(letter) = found else {
                    continue;
                };
                if letter.parked_at_millis < done.begun_millis {
                    continue;
                }
                // The service's codes begin alike, and none of ours does.
                if letter.reason.code.starts_with("OTS") {
                    self.ledger.refused_letters += 1;
                } else {
                    self.ledger.unusable_letters += 1;
                }
            }
        }
        Ok(())
    }

    /// Counts a row of the table; answers its oldest version.
    fn visit(&mut self, row: &Row, expected: &Expected) -> i64 {
        self.ledger.rows += 1;
        let versions = || row.cells.iter().map(|cell| cell.timestamp_millis);
        match (expected.find(&row.primary_key), versions().max()) {
            (None, _) => self.ledger.foreign_rows += 1,
            // A row of several logs does not tell which of them a version is of.
            (Some(seen), Some(newest)) if seen.logs == 1 => {
                self.latencies.add(seen.stored_millis, newest);
            }
            (Some(_), _) => {}
        }
        versions().min().unwrap_or(i64::MAX)
    }

    /// Logs that could not become a row.
    fn unusable(&self) -> u64 {
        self.totals.skipped + self.ledger.unusable_letters
    }

    /// Whether every log is accounted for.
    pub(super) fn is_balanced(&self) -> bool {
        self.ledger.differences().is_empty()
    }

    /// Writes it all.
    pub(super) fn print(&mut self, out: &mut Output, config: &Config) -> io::Result<()> {
        self.print_rows(out, config)?;
        self.print_skip(out)?;
        self.print_status(out, config)?;
        self.print_ledger(out)?;
        self.print_speed(out)
    }

    fn print_rows(&self, out: &mut Output, config: &Config) -> io::Result<()> {
        heading(
            out,
            format_args!(
                "First rows of {}, as Table Store holds them",
                config.shipper.target_table
            ),
        )?;
        if self.first_rows.is_empty() {
            out.line("  none")?;
            if self.unusable() > 0 {
                out.line(format_args!(
                    "  no log has a usable primary key: name fields of your logs with --primary-key, such as {}",
                    self.names.first().map_or("id", String::as_str)
                ))?;
            }
            return Ok(());
        }
        let columns = columns(&self.first_rows, &self.names, config);
        let fits = |count: &usize| table(&self.first_rows, &columns[..*count]).width() <= LINE;
        let count = (1..=columns.len()).take_while(fits).last().unwrap_or(1);
        let (shown, hidden) = columns.split_at(count);
        out.line(table(&self.first_rows, shown))?;
        if !hidden.is_empty() {
            out.line(format_args!("  and the columns {}", hidden.join(", ")))?;
        }
        for transform in &config.shipper.rules.transforms {
            let values = self
                .first_rows
                .iter()
                .filter_map(|row| value_of(row, &transform.name));
            if let Some(kind) = values.map(kind).next() {
                out.line(format_args!(
                    "  {} is of type {kind} by the transform {}",
                    transform.name, transform.expression
                ))?;
            }
        }
        Ok(())
    }

    fn print_skip(&self, out: &mut Output) -> io::Result<()> {
        let Some(Skip { reason, log }) = &self.skip else {
            return Ok(());
        };
        let many = counted(self.unusable(), "log");
        heading(out, format_args!("One of {many} that had to be skipped"))?;
        out.line(format_args!("  reason  {reason}"))?;
        out.line(format_args!("  log     {log}"))
    }

    fn print_status(&self, out: &mut Output, config: &Config) -> io::Result<()> {
        heading(
            out,
            format_args!(
                "Status rows of {}, one for each shard at hand-over",
                config.status.table
            ),
        )?;
        if self.status_rows.is_empty() {
            return out.line("  none");
        }
        let has = |column: &&str| {
            self.status_rows
                .iter()
                .any(|row| value_of(row, column).is_some())
        };
        let errors = STATUS_ERROR.into_iter().filter(has);
        let columns: Vec<_> = STATUS.into_iter().chain(errors).collect();
        out.line(table(&self.status_rows, &columns))
    }

    fn print_ledger(&self, out: &mut Output) -> io::Result<()> {
        let ledger = &self.ledger;
        heading(out, "Ledger")?;
        let mut lines = vec![
            ("logs put", ledger.put, "acknowledged by Log Service"),
            ("logs read", ledger.read, "pulled by the shipper"),
            ("rows written", ledger.rows, "counted in the table"),
            (
                "merged into an earlier row",
                ledger.merged(),
                "of the same primary key",
            ),
            ("skipped", ledger.skipped, "without a usable primary key"),
        ];
        if ledger.refused > 0 {
            lines.push(("refused", ledger.refused, "by Table Store, for good"));
        }
        if ledger.dead_lettered > 0 {
            lines.push((
                "kept as dead letters",
                ledger.dead_lettered,
                "counted in their file, too",
            ));
        }
        let width = count(ledger.put.max(ledger.read)).len();
        for (what, number, how) in lines {
            out.line(format_args!(
                "  {what:<26}  {:>width$}  {how}",
                count(number)
            ))?;
        }
        out.line(format_args!(
            "  {:<26}  {:>width$}  counted in the input by other means",
            "different primary keys",
            count(ledger.distinct_keys)
        ))?;
        if self.bad_lines > 0 {
            out.line(format_args!(
                "  {} passed over",
                counted(self.bad_lines, "input line")
            ))?;
        }
        let differences = ledger.differences();
        if differences.is_empty() {
            let others = [ledger.refused, ledger.dead_lettered];
            let others = others.into_iter().filter(|logs| *logs > 0);
            let others: Vec<_> = others.map(|logs| format!(" + {}", count(logs))).collect();
            let others = others.concat();
            return out.line(format_args!(
                "  balanced: {} put = {} read = {} + {} + {}{others}",
                count(ledger.put),
                count(ledger.read),
                count(ledger.rows),
                count(ledger.merged()),
                count(ledger.skipped)
            ));
        }
        out.line("  NOT BALANCED:")?;
        for difference in differences {
            out.line(format_args!("    {difference}"))?;
        }
        Ok(())
    }

    fn print_speed(&mut self, out: &mut Output) -> io::Result<()> {
        heading(out, "Speed, with both services in the same process")?;
        let millis = |duration: Duration| {
            format!(
                "{} ms",
                count(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
            )
        };
        if let Some(first) = self.first_row {
            out.line(format_args!(
                "  first row    {} after the first put began",
                millis(first)
            ))?;
        }
        let percentiles = [50, 99].map(|percent| self.latencies.percentile(percent).map(millis));
        if let [Some(p50), Some(p99)] = percentiles {
            let many = counted(self.latencies.len(), "log");
            out.line(format_args!("  put to row   p50 {p50}, p99 {p99}"))?;
            out.line(format_args!(
                "               from the put's acknowledgement to the version of the row's cells, {many} alone in their rows"
            ))?;
        }
        let (logs, bytes) = (self.totals.logs_read, self.totals.bytes_read);
        out.line(format_args!(
            "  elapsed      {}: {} logs/s, {}/s",
            output::seconds(self.elapsed),
            count(output::per_second(logs, self.elapsed)),
            output::bytes(output::per_second(bytes, self.elapsed))
        ))
    }
}

fn heading(out: &mut Output, text: impl fmt::Display) -> io::Result<()> {
    out.line(format_args!("\n{text}"))
}

/// Key columns first, then computed ones, then the log's own in the order of the input; reserved
/// ones last.
fn columns<'r>(rows: &'r [Row], input: &'r [String], config: &'r Config) -> Vec<&'r str> {
    let key = rows
        .iter()
        .flat_map(|row| &row.primary_key)
        .map(|column| column.name.as_str());
    let names = || {
        rows.iter()
            .flat_map(|row| &row.cells)
            .map(|cell| cell.name.as_str())
    };
    let transforms = config
        .shipper
        .rules
        .transforms
        .iter()
        .map(|transform| transform.name.as_str());
    let computed = transforms.filter(|name| names().any(|other| other == *name));
    let is_reserved = |name: &&str| name.starts_with("__");
    let input = input.iter().map(String::as_str);
    let input = input.filter(|name| names().any(|other| other == *name));
    let own = input.chain(names()).filter(|name| !is_reserved(name));
    let mut columns: Vec<&str> = Vec::new();
    for name in key
        .chain(computed)
        .chain(own)
        .chain(names().filter(is_reserved))
    {
        if !columns.contains(&name) {
            columns.push(name);
        }
    }
    columns
}

fn table(rows: &[Row], columns: &[&str]) -> TextTable {
    let mut table = TextTable::new(columns.iter().copied(), INDENT);
    for row in rows {
        let values = columns.iter().map(|column| value_of(row, column));
        let cells =
            values.map(|value| value.map_or_else(TextCell::empty, |value| cell(value, WIDTH)));
        table.push(cells.collect());
    }
    table
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Integer(_) => "INTEGER",
        Value::Double(_) => "DOUBLE",
        Value::Boolean(_) => "BOOLEAN",
        Value::Binary(_) => "BINARY",
        _ => "STRING",
    }
}

async fn read_table(
    client: &Client,
    table: &TableName,
    config: &Config,
    mut visit: impl FnMut(Vec<Row>),
) -> Result<(), Failure> {
    let refused = |error| StartError::table_store(error, table, "tablestore.target_table");
    let policy = connection::patience(config);
    let mut range = Range::whole(client, table, policy).await.map_err(refused)?;
    while let Some(rows) = range.next(u64::MAX).await.map_err(refused)? {
        visit(rows);
    }
    Ok(())
}
