//! One fault: what goes wrong, with which calls, and when.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::HOST;
use http::{HeaderName, HeaderValue};

use crate::sandbox::Service;

/// Which requests a fault fits, judged on the request itself.
type Predicate = Arc<dyn Fn(&http::Request<Bytes>) -> bool + Send + Sync>;

/// What goes wrong with a call.
#[derive(Clone, Debug, PartialEq)]
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
        let value = HeaderValue::from_str(value).ok();
        Self::Corrupt(Corruption::Header(HeaderName::from_static(name), value))
    }

    /// An answer without the header `name`.
    pub fn missing_header(name: &'static str) -> Self {
        Self::Corrupt(Corruption::Header(HeaderName::from_static(name), None))
    }
}

/// Rows chosen by their first primary key column: the bytes of a STRING or BINARY key, the decimal
/// text of an INTEGER.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    pub(super) fn fits(&self, place: usize, first_key: &[u8]) -> bool {
        match self {
            Self::All => true,
            Self::Key(text) => first_key == text.as_bytes(),
            Self::Prefix(text) => first_key.starts_with(text.as_bytes()),
            Self::Places(places) => places.contains(&place),
        }
    }
}

/// A damage to an answer that was right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Corruption {
    /// Only this many bytes of the body are sent, with a `Content-Length` that agrees.
    Truncate(usize),
    /// The body is replaced by bytes of the same length that mean nothing.
    Garbage,
    /// The body is replaced by these bytes.
    Body(Bytes),
    /// A header is set to another value, or left out.
    Header(HeaderName, Option<HeaderValue>),
}

/// Which calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// Those of one operation.
    Operation(String),
    /// All of one service.
    Service(Service),
}

/// An [`Action`] with the calls that it befalls.
#[derive(Clone)]
pub struct Fault {
    pub(super) target: Target,
    /// What the URL has to contain.
    pub(super) at: Option<String>,
    when: Option<Predicate>,
    pub(super) after: u64,
    pub(super) every: u64,
    pub(super) times: Option<u64>,
    pub(super) lasting: Option<Duration>,
    pub(super) action: Action,
}

impl Fault {
    /// Befalls the next call of `operation`, once.
    pub fn on(operation: &str, action: Action) -> Self {
        Self::new(Target::Operation(operation.to_owned()), action)
    }

    /// Befalls the next call of any operation of `service`, once.
    pub fn on_any(service: Service, action: Action) -> Self {
        Self::new(Target::Service(service), action)
    }

    pub(super) fn new(target: Target, action: Action) -> Self {
        Self {
            target,
            at: None,
            when: None,
            after: 0,
            every: 1,
            times: Some(1),
            lasting: None,
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

    /// Befalls only each such call of those that fit: of 3 the third, the sixth and so on, after
    /// those that pass first.
    #[must_use]
    pub fn every(mut self, calls: u64) -> Self {
        self.every = calls.max(1);
        self
    }

    /// Befalls calls for this long, from the first that it strikes, by the sandbox's clock.
    #[must_use]
    pub fn lasting(mut self, duration: Duration) -> Self {
        self.lasting = Some(duration);
        self.times = None;
        self
    }

    /// Fits only requests whose URL, with the host that they name, contains `text`:
    /// `project.endpoint/logstores/name/shards/0?type=log`.
    #[must_use]
    pub fn at(mut self, text: &str) -> Self {
        self.at = Some(text.to_owned());
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

    pub(super) fn fits(
        &self,
        service: Service,
        operation: &str,
        request: &http::Request<Bytes>,
    ) -> bool {
        let is_target = match &self.target {
            Target::Operation(wanted) => wanted == operation,
            Target::Service(wanted) => *wanted == service,
        };
        is_target
            && self
                .at
                .as_ref()
                .is_none_or(|text| url(request).contains(text))
            && self.when.as_ref().is_none_or(|when| when(request))
    }
}

/// Host, path and query, as sent.
fn url(request: &http::Request<Bytes>) -> String {
    let host = request
        .headers()
        .get(HOST)
        .and_then(|host| host.to_str().ok());
    let target = request
        .uri()
        .path_and_query()
        .map_or("", |target| target.as_str());
    format!("{}{target}", host.unwrap_or_default())
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let condition = self.when.as_ref().map_or("", |_| ", on a condition");
        write!(f, "Fault({self}{condition})")
    }
}
