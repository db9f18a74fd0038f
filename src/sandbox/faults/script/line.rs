//! A line while it is read.

use std::str::FromStr;
use std::time::Duration;

use super::lex::{Token, Wrong, tokens};

/// The tokens of a line, and how far they are read.
#[derive(Debug)]
pub(super) struct Line<'a> {
    tokens: Vec<(usize, Token<'a>)>,
    next: usize,
    /// Column after the last character.
    end: usize,
}

impl<'a> Line<'a> {
    pub(super) fn new(text: &'a str) -> Result<Self, Wrong> {
        Ok(Self {
            tokens: tokens(text)?,
            next: 0,
            end: text.chars().count() + 1,
        })
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.peek().is_none()
    }

    fn peek(&self) -> Option<&Token<'a>> {
        self.tokens.get(self.next).map(|(_, token)| token)
    }

    /// The column of the next token.
    pub(super) fn column(&self) -> usize {
        self.tokens
            .get(self.next)
            .map_or(self.end, |(column, _)| *column)
    }

    /// The next token is not what it should be.
    pub(super) fn expected(&self, what: &str) -> Wrong {
        let found = self
            .peek()
            .map_or("the end of the line".to_owned(), ToString::to_string);
        self.wrong(format!("expected {what}, found {found}"))
    }

    /// A complaint about the next token.
    pub(super) fn wrong(&self, message: String) -> Wrong {
        Wrong {
            column: self.column(),
            message,
        }
    }

    /// The next word, whatever it is.
    pub(super) fn word(&self) -> Option<&'a str> {
        match self.peek() {
            Some(Token::Word(word)) => Some(word),
            _ => None,
        }
    }

    /// Steps over the next token.
    pub(super) fn advance(&mut self) {
        self.next += 1;
    }

    /// Steps over the next token if it is this word; whether it was.
    pub(super) fn accept(&mut self, word: &str) -> bool {
        self.accept_token(&Token::Word(word))
    }

    pub(super) fn accept_token(&mut self, token: &Token<'_>) -> bool {
        let is_there = self.peek() == Some(token);
        self.next += usize::from(is_there);
        is_there
    }

    /// A text, if one is next.
    pub(super) fn accept_text(&mut self) -> Option<String> {
        let Some(Token::Text(text)) = self.peek() else {
            return None;
        };
        let text = text.clone();
        self.advance();
        Some(text)
    }

    pub(super) fn text(&mut self, what: &str) -> Result<String, Wrong> {
        self.accept_text().ok_or_else(|| self.expected(what))
    }

    /// A whole number, if one is next.
    pub(super) fn accept_number<N: FromStr>(&mut self) -> Option<N> {
        let number = self.word()?.parse().ok()?;
        self.advance();
        Some(number)
    }

    pub(super) fn number<N: FromStr>(&mut self, what: &str) -> Result<N, Wrong> {
        self.accept_number().ok_or_else(|| self.expected(what))
    }

    /// `30 s`, `30s`.
    pub(super) fn time(&mut self, what: &str) -> Result<Duration, Wrong> {
        let expected = self.expected(&format!("{what} such as 200 ms, 30 s, 2 min or 1 h"));
        let Some(first) = self.word() else {
            return Err(expected);
        };
        self.advance();
        let unit_follows = first.bytes().all(|byte| byte.is_ascii_digit());
        let (number, unit) = match self.word() {
            Some(unit) if unit_follows => {
                self.advance();
                (first, unit)
            }
            _ => {
                let digits = first.bytes().take_while(u8::is_ascii_digit).count();
                first.split_at(digits)
            }
        };
        time(number, unit).ok_or(expected)
    }
}

/// Units of time, each with its milliseconds, largest first.
pub(super) const UNITS: [(&str, u64); 4] =
    [("h", 3_600_000), ("min", 60_000), ("s", 1_000), ("ms", 1)];

fn time(number: &str, unit: &str) -> Option<Duration> {
    let (_, millis) = UNITS.iter().find(|(name, _)| *name == unit)?;
    let number: u64 = number.parse().ok()?;
    number.checked_mul(*millis).map(Duration::from_millis)
}
