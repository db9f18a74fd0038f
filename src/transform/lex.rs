//! Characters into tokens, each with its place in the text.

use std::borrow::Cow;
use std::ops::Range;

use super::error::ParseError;

/// A piece of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind<'t> {
    Open,
    Close,
    /// A run of characters other than white space, parentheses and double quotes.
    Word(&'t str),
    /// A string, its escapes resolved.
    Text(Cow<'t, str>),
}

/// A token: a piece of the text and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token<'t> {
    pub(super) kind: Kind<'t>,
    /// Its bytes.
    pub(super) span: Range<usize>,
    /// Whether white space stands before it.
    pub(super) spaced: bool,
}

/// Reads tokens off a text.
pub(super) struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Lexer<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    /// The place behind the text.
    pub(super) fn end(&self) -> Range<usize> {
        self.text.len()..self.text.len()
    }

    /// The next token; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Token<'t>>, ParseError> {
        let rest = self.rest(self.at);
        let trimmed = rest.trim_start_matches([' ', '\t']);
        let spaced = trimmed.len() < rest.len();
        let start = self.text.len() - trimmed.len();
        let Some(first) = trimmed.chars().next() else {
            self.at = start;
            return Ok(None);
        };
        let (kind, length) = match first {
            '(' => (Kind::Open, 1),
            ')' => (Kind::Close, 1),
            '"' => self.string(start)?,
            _ => {
                let length = trimmed
                    .find([' ', '\t', '(', ')', '"'])
                    .unwrap_or(trimmed.len());
                let word = trimmed.get(..length).unwrap_or_default();
                (Kind::Word(word), length)
            }
        };
        self.at = start + length;
        Ok(Some(Token {
            kind,
            span: start..self.at,
            spaced,
        }))
    }

    /// The string whose opening quote stands at `start`, and its length with both quotes.
    fn string(&self, start: usize) -> Result<(Kind<'t>, usize), ParseError> {
        let inside = self.rest(start + 1);
        let mut value = Cow::Borrowed("");
        let mut copied = 0;
        let mut places = inside.match_indices(['"', '\\']);
        while let Some((place, found)) = places.next() {
            let run = inside.get(copied..place).unwrap_or_default();
            if value.is_empty() {
                value = Cow::Borrowed(run);
            } else {
                value.to_mut().push_str(run);
            }
            if found == "\"" {
                return Ok((Kind::Text(value), place + 2));
            }
            let escaped = inside.get(place + 1..).and_then(|rest| rest.chars().next());
            match escaped {
                Some(char @ ('"' | '\\')) => value.to_mut().push(char),
                Some(char) => {
                    let at = start + 1 + place;
                    return Err(ParseError::new(
                        at..at + 1 + char.len_utf8(),
                        format!("unknown escape `\\{}`", char.escape_debug()),
                        r#"strings know `\"` and `\\` only"#,
                    ));
                }
                None => break,
            }
            places.next();
            copied = place + 2;
        }
        Err(ParseError::new(
            start..self.text.len(),
            "the string does not end",
            "close it with `\"`",
        ))
    }

    fn rest(&self, at: usize) -> &'t str {
        self.text.get(at..).unwrap_or_default()
    }
}
