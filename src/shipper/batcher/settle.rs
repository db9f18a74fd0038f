//! Answers into decisions.

use super::sealed::{Row, Sealed};
use super::{Batcher, Dead};
use crate::mistakes::{Mistake, planted};
use crate::shipper::rows::refused_name;
use crate::status::{Fault, Tally};
use crate::tablestore::{BatchOutcome, Error, ErrorCode, RowError, RowOutcome, Verdict};
use crate::transport::Retry;

/// What is to be done about a batch that was answered.
#[derive(Debug, Default)]
pub(in crate::shipper) struct Settled {
    /// To be sent again after a pause.
    pub(in crate::shipper) later: Option<(Sealed, Retry)>,
    /// To be sent again at once.
    pub(in crate::shipper) now: Vec<Sealed>,
}

impl Batcher {
    /// Takes Table Store's answer to a batch.
    pub(in crate::shipper) fn settle(
        &mut self,
        sealed: Sealed,
        answer: Result<BatchOutcome, Error>,
        tally: &mut Tally,
    ) -> Settled {
        match answer {
            Ok(outcomes) => self.settle_rows(sealed, outcomes, tally),
            Err(error) => self.settle_request(sealed, &error, tally),
        }
    }

    fn settle_rows(
        &mut self,
        sealed: Sealed,
        outcomes: BatchOutcome,
        tally: &mut Tally,
    ) -> Settled {
        let Sealed {
            batch,
            mut rows,
            edition,
            attempt,
            ..
        } = sealed;
        for name in rows.iter_mut().flat_map(|row| row.unproven.drain(..)) {
            self.book.learn_accepted(&name);
        }
        let mut again = Vec::new();
        let (mut retry, mut needs_operator) = (Retry::Backoff, false);
        let mut outcomes = outcomes;
        if planted(Mistake::AnswersMixedUp) {
            outcomes.reverse();
        }
        for (place, (row, outcome)) in rows.into_iter().zip(outcomes).enumerate() {
            let error = match outcome {
                RowOutcome::Written(cost) => {
                    tally.capacity_units += u64::from(cost.read) + u64::from(cost.write);
                    self.written(&row, edition, tally);
                    if planted(Mistake::CountedTwice) && attempt > 0 {
                        tally.logs_written += 1;
                    }
                    continue;
                }
                RowOutcome::Refused(error) => error,
            };
            if row.is_key_only && error.code == ErrorCode::ConditionCheckFail {
                // The row is there already, which is all that a key-only row wants.
                self.written(&row, edition, tally);
                continue;
            }
            match error.code.verdict() {
                Verdict::BadRow if !planted(Mistake::BadRowIsTriedForEver) => {
                    self.bad_row(&row, &error, edition, tally);
                }
                verdict => {
                    if planted(Mistake::KeyFreedEarly) {
                        self.release(row.hash);
                    }
                    tally.fault(fault(&error, None));
                    if planted(Mistake::BusyRowIsDone)
                        || planted(Mistake::OneRowTriedAgain) && !again.is_empty()
                    {
                        self.written(&row, edition, tally);
                        continue;
                    }
                    needs_operator |= verdict == Verdict::Operator;
                    if verdict == Verdict::Retry(Retry::Throttled) {
                        retry = Retry::Throttled;
                    }
                    again.push((row, place));
                }
            }
        }
        if again.is_empty() {
            return Settled::default();
        }
        self.lines
            .rows_wait(again.len(), attempt, needs_operator, tally.faults.last());
        let mut rest = Sealed::copy(&batch, again, edition, attempt + 1);
        rest.is_rest = true;
        Settled {
            later: Some((rest, retry)),
            now: Vec::new(),
        }
    }

    fn settle_request(&mut self, mut sealed: Sealed, error: &Error, tally: &mut Tally) -> Settled {
        let (Error::Service { code, message, .. }, Verdict::BadRow) = (error, error.verdict())
        else {
            let retry = match error.verdict() {
                Verdict::Retry(retry) => retry,
                Verdict::BadRow | Verdict::Operator => Retry::Backoff,
            };
            tally.fault(request_fault(error));
            self.lines.batch_failed(error, sealed.attempt);
            if is_taken_for_done(error, sealed.attempt) {
                for row in &sealed.rows {
                    self.written(row, sealed.edition, tally);
                }
                return Settled::default();
            }
            sealed.attempt += 1;
            return Settled {
                later: Some((sealed, retry)),
                now: Vec::new(),
            };
        };
        let at = sealed.edition;
        if refused_name(message).is_some_and(|name| {
            let is_unproven = sealed.has_unproven(name);
            self.book.learn_refused(name, is_unproven, at)
        }) {
            self.lines.name_refused(message);
            self.unseal(sealed);
            return Settled::default();
        }
        if sealed.rows.len() > 1 {
            self.lines.batch_halved(error, sealed.rows.len());
            let [front, back] = sealed.split();
            if planted(Mistake::HalfIsLost) {
                for row in &back.rows {
                    self.written(row, at, tally);
                }
                let now = vec![front];
                return Settled { later: None, now };
            }
            let now = vec![front, back];
            return Settled { later: None, now };
        }
        let error = RowError {
            code: code.clone(),
            message: message.clone(),
        };
        for row in sealed.rows {
            self.bad_row(&row, &error, at, tally);
        }
        Settled::default()
    }

    /// A row was written, or as much of it as one update takes.
    fn written(&mut self, row: &Row, edition: u64, tally: &mut Tally) {
        if let Some(from) = row.rest {
            self.put_back(row.hash, row.rest_from(from, edition));
            return;
        }
        tally.rows_written += 1;
        tally.logs_written += u64::try_from(row.more.len()).unwrap_or(u64::MAX) + 1;
        tally.last_time = tally.last_time.max(row.time);
        self.decide(row);
    }

    /// Table Store refused a row for good. Several logs in one row may have spoilt each other, so
    /// each gets a row of its own first.
    fn bad_row(&mut self, row: &Row, error: &RowError, edition: u64, tally: &mut Tally) {
        // Its unproven names were taken for accepted, since the request was not refused for them.
        let refused = refused_name(&error.message);
        if refused.is_some_and(|name| self.book.learn_refused(name, false, edition)) {
            self.lines.name_refused(&error.message);
            self.put_back(row.hash, row.rest_from(row.from, edition));
            return;
        }
        if !row.more.is_empty() {
            self.put_back_alone(row.hash, row.logs().collect());
            self.ready.push_back(row.hash);
            return;
        }
        let sample = self.backlog.json(row.first);
        self.lines.refused(error, &sample);
        tally.fault(fault(error, Some(sample)));
        let dead = Dead::refused(row.first, error.code.to_string(), &error.message);
        self.give_up(dead, tally);
        self.release(row.hash);
    }
}

/// Mistakes about a request that must be tried again.
fn is_taken_for_done(error: &Error, attempt: u32) -> bool {
    let is_service = matches!(error, Error::Service { .. });
    planted(Mistake::FailedRequestIsDone) && is_service
        || planted(Mistake::ForbiddenIsDone) && error.verdict() == Verdict::Operator
        || planted(Mistake::SilenceIsDone) && !is_service
        || planted(Mistake::TriesRunOut) && attempt >= 4
}

fn fault(error: &RowError, sample: Option<String>) -> Fault {
    Fault {
        code: error.code.to_string(),
        message: advised(error.message.clone(), Some(&error.code)),
        sample,
        count: 1,
    }
}

fn request_fault(error: &Error) -> Fault {
    let mut fault = Fault::of_call(error.code(), error);
    fault.message = advised(fault.message, error.code());
    fault
}

/// A refusal that does not say what to do, with what to do.
fn advised(message: String, code: Option<&ErrorCode>) -> String {
    if code == Some(&ErrorCode::InvalidPk) {
        return format!("{message} ({OTHER_KEY})");
    }
    message
}

/// What keys that the table does not take mean: they were made by its description.
const OTHER_KEY: &str = "the target table has another primary key than when the shipper started: \
                         create it again with the old key, or restart the shippers to take up the \
                         new one; until then nothing is written, and nothing is lost";
