//! `rows`: rows of a table.

mod bound;
mod show;

use clap::ValueEnum;
use tracing::warn;

use self::bound::{Bound, Side};
pub(super) use self::show::{cell, value_of};
use super::connection::{self, Connection, Environment, KeyArgs, TableStoreArgs};
use super::exit::{Exit, Failure};
use super::output::{self, Output};
use super::signals::Signals;
use crate::shipper::StartError;
use crate::tablestore::{Client, Column, Error, ErrorCode, Row, TableName};
use crate::telemetry;
use crate::transport::error_chain;
use crate::transport::retry::{self, Policy};

/// Rows that are shown as text where nobody says how many.
const TEXT_ROWS: u64 = 20;

/// Rows asked for at once; the service stops at 5,000.
const PAGE_ROWS: u64 = 5000;

const END_HELP: &str = r#"End of the range: a JSON array as for --start, or inf

The row with exactly this key is not printed any more. Columns left out at the end stand for their highest values, so that --start '["1.2.3.4"]' --end '["1.2.3.4"]' prints all rows that begin with it."#;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Table to read
    #[arg(value_parser = |name: &str| TableName::new(name).map_err(|error| error.to_string()))]
    table: TableName,
    /// What is printed for a row
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// First key: a JSON array of its values, such as '["1.2.3.4",5]', or inf
    ///
    /// In the order of the primary key. Columns left out at the end stand for their lowest values. BINARY
    /// values are written in base64.
    #[arg(
        long,
        value_name = "KEY",
        default_value = "inf",
        hide_default_value = true
    )]
    start: Bound,
    /// End of the range: a JSON array as for --start, or inf
    #[arg(
        long,
        value_name = "KEY",
        default_value = "inf",
        hide_default_value = true,
        long_help = END_HELP
    )]
    end: Bound,
    /// Rows to print at the most [default: 20 as text, all as JSON lines]
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// Cut the values of text columns to this many characters
    #[arg(long, value_name = "N", default_value_t = 32)]
    width: u16,
    #[command(flatten)]
    service: TableStoreArgs,
    #[command(flatten)]
    key: KeyArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Aligned columns, for people
    Text,
    /// One JSON object for each row, for programs
    Jsonl,
}

/// Prints rows in the order of their keys.
pub(super) async fn rows(args: Args, environment: &Environment) -> Result<Exit, Failure> {
    let config = args.service.config(&args.key, environment)?;
    telemetry::init(&telemetry::Settings {
        filter: "warn".to_owned(),
        ..config.telemetry.clone()
    })
    .map_err(|error| Failure::of(Exit::Internal, "no container log", &error))?;
    let mut signals = Signals::new()
        .map_err(|error| Failure::of(Exit::Internal, "cannot listen to signals", &error))?;
    let client = Connection::new(&config, "rows")?.tablestore;
    let policy = connection::patience(&config);
    tokio::select! {
        printed = print(&args, &client, policy) => printed.map(|()| Exit::Ok),
        signal = signals.next() => Ok(signal.exit()),
    }
}

async fn print(args: &Args, client: &Client, policy: Policy) -> Result<(), Failure> {
    let table = &args.table;
    let refused = |error| refused(error, table);
    let describe = async || client.describe_table(table).await;
    let description = retry::retry(&policy, describe, told)
        .await
        .map_err(refused)?;
    let key = &description.primary_key;
    let key_fault =
        |flag: &str, fault: String| Failure::new(Exit::Usage, format!("{flag}: {fault}"));
    let start = args
        .start
        .columns(key, Side::Start)
        .map_err(|fault| key_fault("--start", fault))?;
    let end = args
        .end
        .columns(key, Side::End)
        .map_err(|fault| key_fault("--end", fault))?;
    let most = match args.format {
        Format::Text => args.limit.unwrap_or(TEXT_ROWS),
        Format::Jsonl => args.limit.unwrap_or(u64::MAX),
    };

    let mut range = Range::new(client, table, policy, start, end);
    let mut out = Output::new();
    let mut left = most;
    let mut shown = show::Rows::new(key, usize::from(args.width));
    while left > 0 {
        let Some(page) = range.next(left).await.map_err(refused)? else {
            break;
        };
        left = left.saturating_sub(u64::try_from(page.len()).unwrap_or(u64::MAX));
        match args.format {
            Format::Text => shown.extend(page),
            Format::Jsonl => {
                for row in &page {
                    out.line(show::json(row))?;
                }
                out.flush()?;
            }
        }
    }
    if args.format == Format::Text {
        let more = if left == 0 && range.has_more() {
            ", and there are more: see --limit"
        } else {
            ""
        };
        out.line(&shown)?;
        out.flush()?;
        output::note(&format!("{}{more}", output::counted(shown.len(), "row")));
    }
    Ok(())
}

fn refused(error: Error, table: &TableName) -> Failure {
    if error.code() == Some(&ErrorCode::ObjectNotExist) {
        return Failure::new(
            Exit::Config,
            format!("there is no table {table} in that instance: {error}"),
        );
    }
    StartError::table_store(error, table, "tablestore.target_table").into()
}

fn told(error: &Error, attempt: u32) {
    warn!(
        attempt,
        error = error_chain(error),
        "not read yet: trying again"
    );
}

/// A range of a table, page by page.
#[derive(Debug)]
pub(super) struct Range<'a> {
    client: &'a Client,
    table: &'a TableName,
    policy: Policy,
    /// Where to go on; `None` at the end.
    next: Option<Vec<Column>>,
    end: Vec<Column>,
}

impl<'a> Range<'a> {
    /// From `start` to `end`, which is not part of it.
    pub(super) fn new(
        client: &'a Client,
        table: &'a TableName,
        policy: Policy,
        start: Vec<Column>,
        end: Vec<Column>,
    ) -> Self {
        Self {
            client,
            table,
            policy,
            next: Some(start),
            end,
        }
    }

    /// All rows of a table.
    pub(super) async fn whole(
        client: &'a Client,
        table: &'a TableName,
        policy: Policy,
    ) -> Result<Self, Error> {
        let describe = async || client.describe_table(table).await;
        let description = retry::retry(&policy, describe, told).await?;
        let [start, end] = bound::whole(&description.primary_key);
        Ok(Self::new(client, table, policy, start, end))
    }

    /// The next rows, at most `most`; `None` at the end. A page may be empty.
    pub(super) async fn next(&mut self, most: u64) -> Result<Option<Vec<Row>>, Error> {
        let Some(start) = &self.next else {
            return Ok(None);
        };
        let limit = u32::try_from(most.min(PAGE_ROWS)).ok();
        let get = async || {
            self.client
                .get_range(self.table, start, &self.end, limit)
                .await
        };
        let (rows, next) = retry::retry(&self.policy, get, told).await?;
        self.next = next;
        Ok(Some(rows))
    }

    /// Whether the service knows of more.
    pub(super) fn has_more(&self) -> bool {
        self.next.is_some()
    }
}
