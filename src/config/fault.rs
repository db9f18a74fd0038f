//! What is wrong with the configuration, all of it at once.

use std::fmt;

use super::settings::Setting;
use crate::transport::Secret;

/// How many characters of a value a message quotes.
const QUOTED_CHARS: usize = 80;

/// Secrets shorter than this are not searched for in messages: they would be found in plain words.
const SHORTEST_SECRET: usize = 6;

/// So many bytes of a secret, in a row, are no accident.
const TELLING_BYTES: usize = 12;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The environment variable, as the documentation spells it.
    pub variable: String,
    /// The key of its JSON object, the column of a transform, or `[3]` for an item of an array.
    pub key: Option<String>,
    /// What is wrong and what would be right.
    pub message: String,
    /// The text with a caret under the place, two lines.
    pub snippet: Option<String>,
}

impl Fault {
    /// Names the variable and the key, if any: `loghub.endpoint`, `exclusive_columns[3]`.
    fn place(&self) -> String {
        match &self.key {
            None => self.variable.clone(),
            Some(item) if item.starts_with('[') => format!("{}{item}", self.variable),
            Some(key) => format!("{}.{}", self.variable, key.escape_debug()),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place(), self.message)?;
        for line in self.snippet.iter().flat_map(|snippet| snippet.lines()) {
            write!(f, "\n    {line}")?;
        }
        Ok(())
    }
}

/// Everything that is wrong, in the order of the settings. Shows as a list, a fault a line, with
/// the text and a caret below where there is a place to point at. Holds no secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// The faults.
    pub fn iter(&self) -> std::slice::Iter<'_, Fault> {
        self.0.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Notes that something is wrong with a variable, or with a key of it.
    pub(super) fn report(
        &mut self,
        variable: &str,
        key: Option<&str>,
        message: impl Into<String>,
        snippet: Option<String>,
    ) {
        self.0.push(Fault {
            variable: variable.to_owned(),
            key: key.map(str::to_owned),
            message: message.into(),
            snippet,
        });
    }

    /// The value, or `None` and a fault more.
    pub(super) fn keep<T>(
        &mut self,
        variable: &str,
        key: Option<&str>,
        outcome: Result<T, String>,
    ) -> Option<T> {
        match outcome {
            Ok(value) => Some(value),
            Err(message) => {
                self.report(variable, key, message, None);
                None
            }
        }
    }

    /// The value of a setting, or of its default where it is not set; `None` and a fault more.
    #[expect(
        clippy::ref_option,
        reason = "variables are handed over as they are kept"
    )]
    pub(super) fn value<T>(
        &mut self,
        setting: &Setting,
        text: &Option<String>,
        parse: impl FnOnce(&Setting, &str) -> Result<T, String>,
    ) -> Option<T> {
        let text = text.as_deref().unwrap_or(setting.default());
        self.keep(setting.name, None, parse(setting, text))
    }

    /// The value of a setting that may stay unset; the outer `None` and a fault more.
    #[expect(
        clippy::ref_option,
        reason = "variables are handed over as they are kept"
    )]
    #[expect(clippy::option_option, reason = "a fault is not the same as unset")]
    pub(super) fn optional<T>(
        &mut self,
        setting: &Setting,
        text: &Option<String>,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<Option<T>> {
        match text {
            None => Some(None),
            Some(text) => self.keep(setting.name, None, parse(text)).map(Some),
        }
    }

    /// Takes secrets out that came in by a variable that holds none, such as a key pair inside
    /// of a JSON object.
    pub(super) fn redact<'s>(&mut self, secrets: impl IntoIterator<Item = &'s Secret>) {
        for secret in secrets {
            let text = secret.expose().trim();
            if text.len() < SHORTEST_SECRET {
                continue;
            }
            for fault in &mut self.0 {
                let texts = [Some(&mut fault.message), fault.key.as_mut()];
                for shown in texts.into_iter().flatten() {
                    *shown = shown.replace(text, "[secret]");
                }
                // Carets would no longer stand right, and a cut may have left half of it.
                fault.snippet.take_if(|snippet| shares(snippet, text));
                if shares(&fault.message, text) {
                    "the value is not shown, since it holds a part of a secret"
                        .clone_into(&mut fault.message);
                }
            }
        }
    }
}

/// Whether a stretch of the secret is in the text.
fn shares(text: &str, secret: &str) -> bool {
    let length = secret.len().min(TELLING_BYTES);
    let mut stretches = secret.as_bytes().windows(length);
    stretches.any(|stretch| memchr::memmem::find(text.as_bytes(), stretch).is_some())
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.len() == 1 { "" } else { "s" };
        write!(f, "{} fault{plural} in the configuration", self.len())?;
        for fault in &self.0 {
            let shown = fault.to_string();
            for (number, line) in shown.lines().enumerate() {
                let bullet = if number == 0 { "- " } else { "  " };
                write!(f, "\n{bullet}{line}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

impl<'f> IntoIterator for &'f Faults {
    type Item = &'f Fault;
    type IntoIter = std::slice::Iter<'f, Fault>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// A value as a message shows it: quoted, in one line, not too long.
pub(super) fn quote(value: &str) -> String {
    let mut shown: String = value.chars().take(QUOTED_CHARS).collect();
    if shown.len() < value.len() {
        shown.push('…');
    }
    format!("{shown:?}")
}

/// "; did you mean ...?" if one of the choices is near, otherwise nothing.
pub(super) fn did_you_mean(word: &str, choices: &[&str]) -> String {
    let word = word.to_lowercase();
    let nearest = choices
        .iter()
        .map(|choice| (strsim::jaro_winkler(&word, choice), choice))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|(one, _), (other, _)| one.total_cmp(other));
    match nearest {
        Some((_, choice)) => format!("; did you mean {choice:?}?"),
        None => String::new(),
    }
}

/// `a, b or c`.
pub(super) fn any_of(choices: &[&str]) -> String {
    match choices {
        [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        _ => choices.concat(),
    }
}
