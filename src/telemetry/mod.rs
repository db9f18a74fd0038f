//! The container log: where its lines go and what they look like.
//!
//! Lines go to standard error, which a container's log takes in just as it does standard output;
//! standard output stays free for what a command prints as its result. Colours are used only on a
//! terminal, and not where `NO_COLOR` asks for none (<https://no-color.org>).

mod filter;

use std::io::IsTerminal as _;

use tracing::Dispatch;
use tracing_subscriber::fmt::MakeWriter;

pub use self::filter::{FilterError, check_filter};

mod allowance;

pub use self::allowance::Allowance;

/// Settings of the container log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// A level (`info`) or a filter (`info,loghub_shipper::loghub=debug`).
    pub filter: String,
    /// What a line looks like.
    pub format: Format,
    /// No colours, not even on a terminal.
    pub no_color: bool,
}

impl Default for Settings {
    /// Text at level `info`.
    fn default() -> Self {
        Self {
            filter: "info".to_owned(),
            format: Format::default(),
            no_color: false,
        }
    }
}

/// What a line of the container log looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// The container log could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// The filter is not one.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// Another one is in place.
    #[error("the container log is set up already")]
    Twice(#[source] tracing::dispatcher::SetGlobalDefaultError),
}

/// Sets up the container log for the whole process, once.
///
/// # Errors
///
/// A filter that is none; a second call.
pub fn init(settings: &Settings) -> Result<(), InitError> {
    let colors = !settings.no_color && std::io::stderr().is_terminal();
    let dispatch = dispatch(settings, colors, std::io::stderr)?;
    tracing::dispatcher::set_global_default(dispatch).map_err(InitError::Twice)
}

/// Takes in events and writes lines. A line that cannot be written is lost in silence: there is no
/// better place to tell of it, and the work goes on.
fn dispatch<W>(settings: &Settings, colors: bool, writer: W) -> Result<Dispatch, FilterError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter::parse(&settings.filter)?)
        .with_writer(writer)
        .log_internal_errors(false);
    Ok(match settings.format {
        Format::Text => builder.with_ansi(colors).with_target(false).finish().into(),
        Format::Json => builder
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .finish()
            .into(),
    })
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex, PoisonError};

    use super::*;

    /// Lines kept in memory.
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            lines.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What the log shows of a few events.
    fn lines(settings: &Settings, colors: bool) -> String {
        let lines = Lines::default();
        let written = lines.clone();
        let dispatch = dispatch(settings, colors, move || lines.clone()).unwrap();
        tracing::dispatcher::with_default(&dispatch, || {
            let _shard = tracing::info_span!("shard", shard = 3).entered();
            tracing::warn!(attempt = 2, "pull failed");
            tracing::debug!("detail");
        });
        let bytes = written.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn text_is_plain_without_a_terminal() {
        let shown = lines(&Settings::default(), false);
        assert_eq!(shown.lines().count(), 1, "{shown}");
        assert!(
            shown.ends_with(" WARN shard{shard=3}: pull failed attempt=2\n"),
            "{shown:?}"
        );
        assert!(!shown.contains('\u{1b}'));
    }

    #[test]
    fn text_has_colors_where_they_are_seen() {
        let shown = lines(&Settings::default(), true);
        assert!(shown.contains("\u{1b}[33m WARN\u{1b}[0m"), "{shown:?}");
    }

    #[test]
    fn json_is_one_flat_object_a_line() {
        let settings = Settings {
            filter: "loghub_shipper=debug".to_owned(),
            format: Format::Json,
            no_color: false,
        };
        let shown = lines(&settings, true);
        let objects: Vec<serde_json::Value> = shown
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(objects.len(), 2, "{shown}");
        assert_eq!(objects[0]["level"], "WARN");
        assert_eq!(objects[0]["message"], "pull failed");
        assert_eq!(objects[0]["attempt"], 2);
        assert_eq!(objects[0]["span"]["shard"], 3);
        assert_eq!(objects[0]["target"], "loghub_shipper::telemetry::tests");
        assert_eq!(objects[1]["message"], "detail");
    }

    #[test]
    fn the_filter_holds_back_what_is_below_it() {
        let settings = Settings {
            filter: "error".to_owned(),
            ..Settings::default()
        };
        assert_eq!(lines(&settings, false), "");
    }

    #[test]
    fn a_faulty_filter_is_an_error() {
        let settings = Settings {
            filter: "inof".to_owned(),
            ..Settings::default()
        };
        let error = dispatch(&settings, false, io::stderr).unwrap_err();
        assert_eq!(
            error.to_string(),
            "\"inof\" is no level: use error, warn, info, debug, trace or off"
        );
    }
}
