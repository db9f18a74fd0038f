//! Which events reach the container log.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::Directive;

/// The levels, most important first, and the word for silence.
const LEVELS: [&str; 6] = ["error", "warn", "info", "debug", "trace", "off"];

/// A text that is no filter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// A word that stands alone and is no level.
    #[error("{word:?} is no level: use error, warn, info, debug, trace or off")]
    Level {
        /// The word.
        word: String,
    },
    /// A part that does not have the form of a directive.
    #[error("{part:?} is no filter: use TARGET=LEVEL, such as info,loghub_shipper::loghub=debug")]
    Directive {
        /// The part.
        part: String,
    },
}

/// Whether `text` is a level or a filter: parts between commas, each a level or `TARGET=LEVEL`
/// (tracing's directives, spans and fields included).
///
/// Stricter than tracing, which takes an unknown word for a target and then shows nothing else.
pub fn check_filter(text: &str) -> Result<(), FilterError> {
    parse(text).map(drop)
}

pub(super) fn parse(text: &str) -> Result<EnvFilter, FilterError> {
    let parts: Vec<&str> = text.split(',').map(str::trim).collect();
    for part in &parts {
        check_part(part)?;
    }
    EnvFilter::builder()
        .parse(parts.join(","))
        .map_err(|_cause| FilterError::Directive {
            part: text.to_owned(),
        })
}

fn check_part(part: &str) -> Result<(), FilterError> {
    let is_level = LEVELS.iter().any(|level| part.eq_ignore_ascii_case(level));
    if !is_level && !part.contains(['=', '[']) {
        return Err(FilterError::Level {
            word: part.to_owned(),
        });
    }
    match part.parse::<Directive>() {
        Ok(_) => Ok(()),
        Err(_cause) => Err(FilterError::Directive {
            part: part.to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_and_directives_are_filters() {
        for good in [
            "info",
            "WARN",
            "off",
            "info,loghub_shipper::loghub=debug",
            "warn,[shard{shard=3}]=trace,hyper=off",
            "error, loghub_shipper[shard]=debug",
        ] {
            assert_eq!(check_filter(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn everything_else_says_what_would_be_right() {
        for (bad, message) in [
            (
                "verbose",
                "\"verbose\" is no level: use error, warn, info, debug, trace or off",
            ),
            (
                "info,",
                "\"\" is no level: use error, warn, info, debug, trace or off",
            ),
            (
                "info,loghub_shipper::loghub=loud",
                "\"loghub_shipper::loghub=loud\" is no filter: use TARGET=LEVEL, such as info,loghub_shipper::loghub=debug",
            ),
        ] {
            assert_eq!(check_filter(bad).unwrap_err().to_string(), message);
        }
    }
}
