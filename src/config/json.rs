//! JSON values of settings, read with an eye on what `serde_json` lets pass: keys that occur twice,
//! keys that mean nothing.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;

use super::fault::{Faults, any_of, did_you_mean};
use super::settings::Setting;
use super::values::what;
use crate::transform::caret;

/// A JSON object, its entries in order.
pub(super) struct Object {
    variable: &'static str,
    entries: Vec<(String, Value)>,
}

impl Object {
    /// Reads the object that a setting holds; `None`, and a fault, if it is none. A key that occurs
    /// twice is a fault.
    pub(super) fn read(setting: &Setting, text: &str, faults: &mut Faults) -> Option<Self> {
        let variable = setting.name;
        let Entries(entries) = read(variable, text, "a JSON object", faults)?;
        for (at, (key, _)) in entries.iter().enumerate() {
            let before = entries.iter().take(at).filter(|(other, _)| other == key);
            if before.count() == 1 {
                faults.report(variable, Some(key), "occurs twice: keep one", None);
            }
        }
        Some(Self { variable, entries })
    }

    /// Takes the entries out, in order.
    pub(super) fn into_entries(self) -> Vec<(String, Value)> {
        self.entries
    }

    /// Whether a key is there.
    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|(name, _)| name == key)
    }

    /// Takes a key out.
    pub(super) fn take(&mut self, key: &str) -> Option<Value> {
        let mut found = None;
        while let Some(at) = self.entries.iter().position(|(name, _)| name == key) {
            found = Some(self.entries.remove(at).1);
        }
        found
    }

    /// Takes a key out that must be there, as a text that is not empty; `meaning` says what it is.
    pub(super) fn take_text(
        &mut self,
        key: &str,
        meaning: &str,
        faults: &mut Faults,
    ) -> Option<String> {
        let text = match self.take(key) {
            Some(value) => text(value, meaning),
            None => Err(format!("is missing: set {meaning}")),
        };
        faults.keep(self.variable, Some(key), text)
    }

    /// Reports the keys that nobody took out.
    pub(super) fn finish(self, known: &[&str], faults: &mut Faults) {
        for (key, _) in &self.entries {
            let message = format!(
                "is not a key of it: use {}{}",
                any_of(known),
                did_you_mean(key, known)
            );
            faults.report(self.variable, Some(key), message, None);
        }
    }
}

/// Reads a JSON array of texts that are not empty; faults name the item.
pub(super) fn texts(setting: &Setting, array: &str, faults: &mut Faults) -> Vec<String> {
    let items: Vec<Value> = read(
        setting.name,
        array,
        r#"a JSON array of names such as ["ip"]"#,
        faults,
    )
    .unwrap_or_default();
    let mut names = Vec::with_capacity(items.len());
    for (at, item) in items.into_iter().enumerate() {
        let key = format!("[{at}]");
        let item = text(item, "the name of a column");
        names.extend(faults.keep(setting.name, Some(&key), item));
    }
    names
}

/// A text that is not empty.
pub(super) fn text(value: Value, meaning: &str) -> Result<String, String> {
    match value {
        Value::String(text) if text.trim().is_empty() => Err(format!("is empty: set {meaning}")),
        Value::String(text) => Ok(text),
        other => Err(format!("must be a text, {meaning}, found {}", what(&other))),
    }
}

/// Reads `T`; `None`, and a fault that shows the place, if the text is none.
fn read<T: for<'de> Deserialize<'de>>(
    variable: &str,
    text: &str,
    wanted: &str,
    faults: &mut Faults,
) -> Option<T> {
    let error = match serde_json::from_str(text) {
        Ok(value) => return Some(value),
        Err(error) => error,
    };
    let other = serde_json::from_str::<Value>(text);
    if let (true, Ok(value)) = (error.is_data(), other) {
        let message = format!("must be {wanted}, found {}", what(&value));
        faults.report(variable, None, message, None);
        return None;
    }
    let reason = error.to_string();
    let reason = reason.split(" at line ").next().unwrap_or_default();
    let message = format!("must be {wanted}, and this is not JSON: {reason}");
    // What does not even begin as JSON is shown neither: it may be anything, a key by mistake.
    let snippet = text
        .starts_with(['{', '['])
        .then(|| caret(text, place(text, &error)));
    faults.report(variable, None, message, snippet);
    None
}

/// The bytes of the character at which an error arose.
fn place(text: &str, error: &serde_json::Error) -> std::ops::Range<usize> {
    let lines = text.split_inclusive('\n');
    let before: usize = lines
        .take(error.line().saturating_sub(1))
        .map(str::len)
        .sum();
    // A column counts bytes from 1; that of a line's end stands behind it.
    let at = before + error.column().saturating_sub(1);
    let at = if error.is_eof() { text.len() } else { at };
    let start = (0..=at)
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or_default();
    let marked = text.get(start..).and_then(|rest| rest.chars().next());
    start..start + marked.map_or(0, char::len_utf8)
}

/// The entries of an object, in order, with those that occur twice.
struct Entries(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntriesVisitor)
    }
}

struct EntriesVisitor;

impl<'de> Visitor<'de> for EntriesVisitor {
    type Value = Entries;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Entries(entries))
    }
}
