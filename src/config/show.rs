//! Settings as people read them: the README's table, the program's help, values with units.

use std::fmt;
use std::time::Duration;

use super::fault::any_of;
use super::settings::{Fallback, Kind, SETTINGS, Setting};

/// The settings as the table of the README.
pub fn markdown() -> String {
    let head = "| variable | value | default | what it does | why this default |\n\
                | --- | --- | --- | --- | --- |\n";
    let rows = SETTINGS.iter().map(|setting| {
        let default = match setting.fallback {
            Fallback::Required => "**required**".to_owned(),
            Fallback::Otherwise(words) => words.to_owned(),
            Fallback::Value(value) => format!("`{value}`"),
        };
        let Setting {
            name,
            kind,
            meaning,
            why,
            ..
        } = setting;
        format!("| `{name}` | {kind} | {default} | {meaning} | {why} |")
    });
    format!("{head}{}\n", rows.collect::<Vec<_>>().join("\n"))
}

/// The settings as plain text, for the program's help.
pub fn plain() -> String {
    let entries = SETTINGS.iter().map(|setting| {
        let default = match setting.fallback {
            Fallback::Required => "required".to_owned(),
            Fallback::Otherwise(words) => format!("default: {words}"),
            Fallback::Value(value) => format!("default: {value}"),
        };
        let Setting {
            name,
            kind,
            meaning,
            ..
        } = setting;
        format!("{name} ({kind}; {default})\n    {meaning}\n")
    });
    entries.collect::<String>().replace('`', "")
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret => f.write_str("secret text"),
            Self::Text => f.write_str("text"),
            Self::Object => f.write_str("JSON object"),
            Self::Array => f.write_str("JSON array of names"),
            Self::Duration { least, most } => {
                write!(
                    f,
                    "duration, {} to {}",
                    show_duration(*least),
                    show_duration(*most)
                )
            }
            Self::Bytes { least, most } => {
                write!(f, "bytes, {} to {}", show_bytes(*least), show_bytes(*most))
            }
            Self::Count { least, most } => write!(f, "number, {least} to {most}"),
            Self::Choice(words) => f.write_str(&any_of(words)),
            Self::Filter => f.write_str("level or filter"),
            Self::File => f.write_str("path"),
        }
    }
}

/// A duration as a user would write it: `250ms`, `5s`, `2m`.
pub(super) fn show_duration(duration: Duration) -> String {
    humantime::format_duration(duration)
        .to_string()
        .replace("day", "d")
        .replace(' ', "")
}

/// A number of bytes as a user would write it, in the largest unit that divides it.
pub(super) fn show_bytes(bytes: u64) -> String {
    let units = ["", "KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes;
    let mut unit = 0;
    while value != 0 && value.is_multiple_of(1024) && unit + 1 < units.len() {
        value /= 1024;
        unit += 1;
    }
    format!("{value}{}", units[unit])
}
