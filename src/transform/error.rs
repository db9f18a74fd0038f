//! What is wrong with the text of an expression, and where.

use std::fmt;
use std::ops::Range;

use unicode_width::UnicodeWidthChar as _;

/// How many characters of the text are shown on either side of the fault.
const CONTEXT_CHARS: usize = 48;

/// How many carets mark a fault at the most.
const CARETS: usize = 24;

/// The text of an expression breaks the language's rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// Bytes of the text that are at fault; empty at its end where something is missing there.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub help: String,
}

impl ParseError {
    pub(super) fn new(
        span: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self {
            span,
            message: message.into(),
            help: help.into(),
        }
    }

    /// The message, then the text with carets under the fault: three lines.
    ///
    /// `text` is the text that was parsed.
    pub fn render(&self, text: &str) -> String {
        format!("{self}\n{}", self.snippet(text))
    }

    /// The text with carets under the fault: two lines, see [`caret`].
    pub fn snippet(&self, text: &str) -> String {
        caret(text, self.span.clone())
    }
}

/// The text with carets under the bytes of `span`: two lines. A long text is cut to the
/// neighbourhood of the span; control characters are shown as one column each.
pub fn caret(text: &str, span: Range<usize>) -> String {
    let before = text.get(..span.start).unwrap_or(text);
    let after = text.get(span.end..).unwrap_or_default();
    let marked = text.get(span).unwrap_or_default();

    let skipped = before.chars().count().saturating_sub(CONTEXT_CHARS);
    let mut line = String::new();
    if skipped > 0 {
        line.push('…');
    }
    line.extend(before.chars().skip(skipped).map(visible));
    let indent = width(&line);
    line.extend(marked.chars().take(CARETS).map(visible));
    let carets = width(&line).saturating_sub(indent).max(1);
    let mut rest = marked.chars().skip(CARETS).chain(after.chars());
    line.extend(rest.by_ref().take(CONTEXT_CHARS).map(visible));
    if rest.next().is_some() {
        line.push('…');
    }
    format!("{line}\n{}{}", " ".repeat(indent), "^".repeat(carets))
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.message, self.help)
    }
}

impl std::error::Error for ParseError {}

/// A character as it can stand in one line: one that moves the cursor would shift the carets.
fn visible(char: char) -> char {
    match char {
        '\t' => ' ',
        char if char.is_control() => '\u{fffd}',
        char => char,
    }
}

/// Columns that `text` takes on a terminal.
fn width(text: &str) -> usize {
    text.chars().map(|char| char.width().unwrap_or(0)).sum()
}
