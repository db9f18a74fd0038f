//! What befalls one call, and what it does to the answer.

use std::time::Duration;

use bytes::Bytes;

use super::fault::{Action, Corruption, RowMatch};
use crate::sandbox::{Cut, Reply};

/// A scripted refusal, in terms that each service puts into its own form.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
}

#[derive(Clone, Debug)]
struct RowErrors {
    code: String,
    message: String,
    rows: RowMatch,
}

/// Everything that befalls one call.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    delay: Duration,
    cut: Option<CutPoint>,
    refusal: Option<Refusal>,
    row_errors: Vec<RowErrors>,
    corruptions: Vec<Corruption>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CutPoint {
    Before,
    After,
    Body,
}

impl Plan {
    pub(super) fn add(&mut self, action: &Action) {
        match action {
            Action::Refuse {
                status,
                code,
                message,
            } => {
                self.refusal = Some(Refusal {
                    status: *status,
                    code: code.clone(),
                    message: message.clone(),
                });
            }
            Action::Delay(delay) => self.delay += *delay,
            Action::CutBefore => self.cut = Some(CutPoint::Before),
            Action::CutAfter => self.cut = Some(CutPoint::After),
            Action::CutBody => self.cut = Some(CutPoint::Body),
            Action::RowErrors {
                code,
                message,
                rows,
            } => self.row_errors.push(RowErrors {
                code: code.clone(),
                message: message.clone(),
                rows: rows.clone(),
            }),
            Action::Corrupt(corruption) => self.corruptions.push(corruption.clone()),
            Action::All(actions) => actions.iter().for_each(|action| self.add(action)),
        }
    }

    /// Whether the call must leave no trace: its connection closes at once.
    pub(crate) fn is_cut_before(&self) -> bool {
        self.cut == Some(CutPoint::Before)
    }

    /// The refusal that stands in for the call, if one is scripted.
    pub(crate) fn refusal(&self) -> Option<&Refusal> {
        self.refusal.as_ref()
    }

    /// Code and message with which the row at `place` of the request is refused, if it is.
    pub(crate) fn row_error(&self, place: usize, first_key: &[u8]) -> Option<(&str, &str)> {
        self.row_errors
            .iter()
            .find(|errors| errors.rows.fits(place, first_key))
            .map(|errors| (errors.code.as_str(), errors.message.as_str()))
    }

    /// The answer as it leaves: damaged, delayed or cut as planned.
    pub(crate) fn finish(&self, mut response: http::Response<Bytes>) -> Reply {
        for corruption in &self.corruptions {
            corrupt(&mut response, corruption);
        }
        Reply {
            response,
            delay: self.delay,
            cut: match self.cut {
                None => Cut::None,
                Some(CutPoint::Before | CutPoint::After) => Cut::BeforeAnswer,
                Some(CutPoint::Body) => Cut::MidBody,
            },
        }
    }
}

fn corrupt(response: &mut http::Response<Bytes>, corruption: &Corruption) {
    match corruption {
        Corruption::Truncate(bytes) => response.body_mut().truncate(*bytes),
        Corruption::Garbage => {
            // Reads neither as protobuf nor as a compressed block: every tag and token is 0xff.
            *response.body_mut() = vec![0xff; response.body().len()].into();
        }
        Corruption::Body(bytes) => *response.body_mut() = bytes.clone(),
        Corruption::Header(name, value) => {
            let headers = response.headers_mut();
            match value {
                Some(value) => drop(headers.insert(name, value.clone())),
                None => drop(headers.remove(name)),
            }
        }
    }
}
