//! A fault as a line of a script. What Rust alone can say (a condition on the request, bytes that
//! are not UTF-8) is not in it.

use std::fmt;
use std::time::Duration;

use super::line::UNITS;
use crate::sandbox::Service;
use crate::sandbox::faults::fault::{Action, Corruption, Fault, RowMatch, Target};

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_plain = self.every == 1 && self.lasting.is_none();
        if self.after > 0 {
            write!(f, "after {} ", self.after)?;
        }
        if self.every > 1 {
            write!(f, "every {} ", self.every)?;
        }
        match self.times {
            Some(1) if is_plain => {}
            Some(times) => write!(f, "next {times} ")?,
            None if is_plain => f.write_str("always ")?,
            None => {}
        }
        write!(f, "{}", self.target)?;
        if let Some(text) = &self.at {
            write!(f, " at {}", Quoted(text))?;
        }
        write!(f, ": {}", self.action)?;
        match self.lasting {
            Some(lasting) => write!(f, " for {}", Time(lasting)),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Operation(name) => name,
            Self::Service(Service::LogService) => "LogService",
            Self::Service(Service::TableStore) => "TableStore",
        })
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refuse {
                status,
                code,
                message,
            } => write!(f, "refuse {status} {code} {}", Quoted(message)),
            Self::Delay(time) => write!(f, "delay {}", Time(*time)),
            Self::CutBefore => f.write_str("cut before"),
            Self::CutAfter => f.write_str("cut after"),
            Self::CutBody => f.write_str("cut body"),
            Self::RowErrors {
                code,
                message,
                rows,
            } => write!(f, "{rows} {code} {}", Quoted(message)),
            Self::Corrupt(corruption) => write!(f, "corrupt {corruption}"),
            Self::All(actions) => {
                let actions: Vec<_> = actions.iter().map(ToString::to_string).collect();
                f.write_str(&actions.join(" and "))
            }
        }
    }
}

impl fmt::Display for RowMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("rows"),
            Self::Key(text) => write!(f, "partition-key {}", Quoted(text)),
            Self::Prefix(text) => write!(f, "partition-key prefix {}", Quoted(text)),
            Self::Places(places) => {
                let places: Vec<_> = places.iter().map(ToString::to_string).collect();
                write!(f, "rows {}", places.join(", "))
            }
        }
    }
}

impl fmt::Display for Corruption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match self {
            Self::Truncate(bytes) => write!(f, "truncate {bytes}"),
            Self::Garbage => f.write_str("garbage"),
            Self::Body(bytes) => write!(f, "body {}", Quoted(&text(bytes))),
            Self::Header(name, None) => write!(f, "header {name} missing"),
            Self::Header(name, Some(value)) => {
                write!(f, "header {name} {}", Quoted(&text(value.as_bytes())))
            }
        }
    }
}

struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let escaped = self.0.replace('\\', r"\\").replace('"', "\\\"");
        write!(f, "\"{escaped}\"")
    }
}

/// In whole milliseconds, or the largest unit of which it is a multiple.
struct Time(Duration);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_millis();
        let fitting = UNITS
            .iter()
            .map(|(name, unit)| (name, u128::from(*unit)))
            .find(|(_, unit)| millis >= *unit && millis.is_multiple_of(*unit));
        match fitting {
            Some((name, unit)) => write!(f, "{} {name}", millis / unit),
            None => write!(f, "{millis} ms"),
        }
    }
}
