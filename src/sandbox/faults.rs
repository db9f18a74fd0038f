//! Scripted faults: ordered, never random.
//!
//! A test writes a script before or during a run: "the next three `PullLogs` are refused with
//! 503", "every `BatchWriteRow` fails the rows whose key starts with `bad`". Each call takes the
//! first entry of the script that fits it and uses it up by one; standing faults
//! ([`Fault::always`]) apply to every call that fits, on top of the script.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue};

use super::{Cut, Reply, Service};

/// Which requests a fault fits, judged on the request itself.
type Predicate = Arc<dyn Fn(&http::Request<Bytes>) -> bool + Send + Sync>;

/// What goes wrong with a call.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Action {
    /// Refused before anything is applied.
    Refuse {
        /// HTTP status.
        status: u16,
        /// Error code, in the service's own spelling.
        code: String,
        /// Error message.
        message: String,
    },
    /// The answer comes this much later. The call is applied when it arrives, so a client that
    /// gives up waiting does not know that it was.
    Delay(Duration),
    /// The connection closes without an answer and nothing is applied.
    CutBefore,
    /// The call is applied and the connection closes without an answer.
    CutAfter,
    /// The call is applied and the connection closes in the middle of the answer's body.
    CutBody,
    /// `BatchWriteRow` refuses the chosen rows one by one and applies the others.
    RowErrors {
        /// Error code of each refused row.
        code: String,
        /// Error message of each refused row.
        message: String,
        /// Which rows.
        rows: RowMatch,
    },
    /// The call is applied and its answer is damaged.
    Corrupt(Corruption),
    /// Several at once; of two refusals or cuts the last counts.
    All(Vec<Action>),
}

impl Action {
    /// A refusal with `status`, `code` and `message`.
    pub fn refuse(status: u16, code: &str, message: &str) -> Self {
        Self::Refuse {
            status,
            code: code.to_owned(),
            message: message.to_owned(),
        }
    }

    /// Row errors for the rows that `rows` chooses.
    pub fn row_errors(code: &str, message: &str, rows: RowMatch) -> Self {
        Self::RowErrors {
            code: code.to_owned(),
            message: message.to_owned(),
            rows,
        }
    }

    /// An answer whose header `name` has `value` instead of the true one.
    pub fn wrong_header(name: &'static str, value: &str) -> Self {
        Self::Corrupt(Corruption::Header(name, Some(value.to_owned())))
    }

    /// An answer without the header `name`.
    pub fn missing_header(name: &'static str) -> Self {
        Self::Corrupt(Corruption::Header(name, None))
    }
}

/// Rows chosen by their first primary key column: the bytes of a STRING or BINARY key, the decimal
/// text of an INTEGER.
#[derive(Clone, Debug)]
pub enum RowMatch {
    /// Every row.
    All,
    /// The first key column equals this text.
    Key(String),
    /// The first key column starts with this text.
    Prefix(String),
    /// The rows at these places of the request, counted from 0 over all its tables.
    Places(Vec<usize>),
}

impl RowMatch {
    fn fits(&self, place: usize, first_key: &[u8]) -> bool {
        match self {
            Self::All => true,
            Self::Key(text) => first_key == text.as_bytes(),
            Self::Prefix(text) => first_key.starts_with(text.as_bytes()),
            Self::Places(places) => places.contains(&place),
        }
    }
}

/// A damage to an answer that was right.
#[derive(Clone, Debug)]
pub enum Corruption {
    /// Only this many bytes of the body are sent, with a `Content-Length` that agrees.
    Truncate(usize),
    /// The body is replaced by bytes of the same length that mean nothing.
    Garbage,
    /// The body is replaced by these bytes.
    Body(Bytes),
    /// A header is set to another value, or left out.
    Header(&'static str, Option<String>),
}

/// One entry of the script.
#[derive(Clone)]
pub struct Fault {
    service: Option<Service>,
    operation: Option<String>,
    when: Option<Predicate>,
    after: u64,
    times: Option<u64>,
    action: Action,
}

impl Fault {
    /// Befalls the next call of `operation`, once.
    pub fn on(operation: &str, action: Action) -> Self {
        Self {
            service: None,
            operation: Some(operation.to_owned()),
            when: None,
            after: 0,
            times: Some(1),
            action,
        }
    }

    /// Befalls the next call of any operation of `service`, once.
    pub fn on_any(service: Service, action: Action) -> Self {
        Self {
            service: Some(service),
            operation: None,
            when: None,
            after: 0,
            times: Some(1),
            action,
        }
    }

    /// Befalls this many calls instead of one.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    /// Befalls every call until the script is cleared, on top of what else the script holds.
    #[must_use]
    pub fn always(mut self) -> Self {
        self.times = None;
        self
    }

    /// Lets this many fitting calls pass first.
    #[must_use]
    pub fn after(mut self, calls: u64) -> Self {
        self.after = calls;
        self
    }

    /// Fits only requests for which `when` holds (a path, a piece of the body).
    #[must_use]
    pub fn when(
        mut self,
        when: impl Fn(&http::Request<Bytes>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.when = Some(Arc::new(when));
        self
    }

    fn fits(&self, service: Service, operation: &str, request: &http::Request<Bytes>) -> bool {
        self.service.is_none_or(|wanted| wanted == service)
            && self.operation.as_deref().is_none_or(|o| o == operation)
            && self.when.as_ref().is_none_or(|when| when(request))
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fault")
            .field("service", &self.service)
            .field("operation", &self.operation)
            .field("when", &self.when.is_some())
            .field("after", &self.after)
            .field("times", &self.times)
            .field("action", &self.action)
            .finish()
    }
}

/// The script of faults. Shared by both services.
#[derive(Debug, Default)]
pub struct Faults {
    script: Mutex<Vec<Fault>>,
}

impl Faults {
    /// Adds `fault` at the end of the script.
    pub fn push(&self, fault: Fault) {
        self.lock().push(fault);
    }

    /// The next `times` calls of `operation`, after those already scripted, meet `action`.
    pub fn next(&self, operation: &str, times: u64, action: Action) {
        self.push(Fault::on(operation, action).times(times));
    }

    /// Every call of `operation` meets `action` until [`Faults::clear`].
    pub fn always(&self, operation: &str, action: Action) {
        self.push(Fault::on(operation, action).always());
    }

    /// Forgets the whole script.
    pub fn clear(&self) {
        self.lock().clear();
    }

    /// Entries of the script that are not used up; standing ones count.
    pub fn pending(&self) -> usize {
        self.lock().len()
    }

    /// What befalls this call. Uses up one call of the entry that fits.
    pub(crate) fn plan(
        &self,
        service: Service,
        operation: &str,
        request: &http::Request<Bytes>,
    ) -> Plan {
        let mut plan = Plan::default();
        let mut script = self.lock();
        let mut scripted = false;
        for fault in script.iter_mut() {
            if (scripted && fault.times.is_some()) || !fault.fits(service, operation, request) {
                continue;
            }
            scripted |= fault.times.is_some();
            if fault.after > 0 {
                fault.after -= 1;
                continue;
            }
            plan.add(&fault.action);
            fault.times = fault.times.map(|times| times.saturating_sub(1));
        }
        script.retain(|fault| fault.times != Some(0));
        plan
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Fault>> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

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
    fn add(&mut self, action: &Action) {
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
            let name = HeaderName::from_static(name);
            match value.as_deref().map(HeaderValue::from_str) {
                Some(Ok(value)) => drop(response.headers_mut().insert(name, value)),
                Some(Err(_)) | None => drop(response.headers_mut().remove(name)),
            }
        }
    }
}

#[cfg(test)]
mod tests;
