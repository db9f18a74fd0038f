//! The container log's lines about logs and batches, each kind within an allowance: a flood is
//! told by its number.

use tracing::{error, info, warn};

use super::settings::TransformColumn;
use crate::deadletters::SinkError;
use crate::status::Fault;
use crate::tablestore::{Error, RowError, Verdict};
use crate::telemetry::Allowance;
use crate::transform::EvalError;
use crate::transport::error_chain;

/// What is told of rows that are nobody's fault here.
const TO_BE_MENDED: &str =
    "cannot write: credentials, permission or the table must be mended; trying on";

/// What one shard writes about its logs and batches.
#[derive(Debug, Default)]
pub(super) struct Lines {
    skipped: Allowance,
    transform_failed: Allowance,
    refused: Allowance,
    waiting: Allowance,
    failed: Allowance,
    halved: Allowance,
    letters: Allowance,
    names: Allowance,
}

impl Lines {
    /// A log did not become a row.
    pub(super) fn skipped(&mut self, reason: &str, json: impl FnOnce() -> String) {
        if self.skipped.take("skipped logs") {
            warn!(reason, "log skipped");
            warn!(log = %json(), "the skipped log");
        }
    }

    /// An expression failed on a log: its column is missing.
    pub(super) fn transform_failed(&mut self, transform: &TransformColumn, error: &EvalError) {
        if self.transform_failed.take("failed transforms") {
            let TransformColumn { name, expression } = transform;
            warn!(column = name, %expression, %error, "transform failed: its column is left out");
        }
    }

    /// Table Store refused a log's row for good.
    pub(super) fn refused(&mut self, error: &RowError, json: &str) {
        if self.refused.take("refused logs") {
            error!(code = %error.code, reason = error.message, "row refused for good");
            error!(log = %json, "the refused log");
        }
    }

    /// Rows were refused in passing, or until somebody mends what is wrong.
    pub(super) fn rows_wait(
        &mut self,
        rows: usize,
        attempt: u32,
        needs_operator: bool,
        fault: Option<&Fault>,
    ) {
        if self.waiting.take("batches with rows refused in passing") {
            let (code, reason) = fault.map(|fault| (&*fault.code, &*fault.message)).unzip();
            if needs_operator {
                error!(rows, attempt, code, reason, "{TO_BE_MENDED}");
            } else {
                warn!(
                    rows,
                    attempt, code, reason, "rows refused for now: they are tried again"
                );
            }
        }
    }

    /// A batch failed as a whole, in passing.
    pub(super) fn batch_failed(&mut self, error: &Error, attempt: u32) {
        if self.failed.take("failed batches") {
            let cause = error_chain(error);
            if error.verdict() == Verdict::Operator {
                error!(attempt, error = cause, "{TO_BE_MENDED}");
            } else {
                warn!(
                    attempt,
                    error = cause,
                    "batch not written: it is tried again"
                );
            }
        }
    }

    /// A batch was refused as a whole, for one of its rows.
    pub(super) fn batch_halved(&mut self, error: &Error, rows: usize) {
        if self.halved.take("halved batches") {
            warn!(rows, %error, "batch refused as a whole: looking for the bad row");
        }
    }

    /// Dead letters could not be stored.
    pub(super) fn letters_wait(&mut self, error: &SinkError, letters: usize, attempt: u32) {
        if self.letters.take("tries to store dead letters") {
            let cause = error_chain(error);
            if error.needs_operator() {
                error!(
                    letters,
                    attempt,
                    error = cause,
                    "cannot store dead letters: their table or file must be mended; the checkpoint waits"
                );
            } else {
                warn!(
                    letters,
                    attempt,
                    error = cause,
                    "dead letters not stored: the checkpoint waits, trying again"
                );
            }
        }
    }

    /// Table Store refused a column name; the book of names logs what it becomes.
    pub(super) fn name_refused(&mut self, message: &str) {
        if self.names.take("refused column names") {
            info!(
                reason = message,
                "column name refused: repaired from now on"
            );
        }
    }

    /// Tells what was left out, where a window has ended since.
    pub(super) fn flush(&mut self) {
        self.skipped.flush("skipped logs");
        self.transform_failed.flush("failed transforms");
        self.refused.flush("refused logs");
        self.waiting.flush("batches with rows refused in passing");
        self.failed.flush("failed batches");
        self.halved.flush("halved batches");
        self.letters.flush("tries to store dead letters");
        self.names.flush("refused column names");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::tablestore::ErrorCode;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// As JSON, each fact has a name of its own: what the service says does not stand in for what
    /// we say.
    #[test]
    fn a_refused_log_is_told_whole() {
        let written = Written::default();
        let writer = written.clone();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .flatten_event(true)
            .with_writer(move || writer.clone())
            .finish();
        let error = RowError {
            code: ErrorCode::ParameterInvalid,
            message: "It is wrong.".to_owned(),
        };
        tracing::subscriber::with_default(subscriber, || {
            Lines::default().refused(&error, r#"{"id":"a"}"#);
        });
        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        let lines: Vec<serde_json::Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines[0]["message"], "row refused for good");
        assert_eq!(lines[0]["code"], "OTSParameterInvalid");
        assert_eq!(lines[0]["reason"], "It is wrong.");
        assert_eq!(lines[1]["log"], r#"{"id":"a"}"#);
    }
}
