//! A line as words, texts and punctuation.

use std::fmt;

/// A piece of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A run of letters, digits, `_`, `-` and `.`.
    Word(&'a str),
    /// What stood in double quotes, escapes resolved.
    Text(String),
    Colon,
    Comma,
}

impl fmt::Display for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(word) => write!(f, "`{word}`"),
            Self::Text(text) => write!(f, "the text {text:?}"),
            Self::Colon => f.write_str("`:`"),
            Self::Comma => f.write_str("`,`"),
        }
    }
}

/// Where a line makes no sense, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    /// Number of the character, from 1.
    pub(super) column: usize,
    pub(super) message: String,
}

/// The tokens of a line with their columns. A `#` outside of a text begins a comment.
pub(super) fn tokens(line: &str) -> Result<Vec<(usize, Token<'_>)>, Wrong> {
    let mut tokens = Vec::new();
    let mut chars = (1..).zip(line.char_indices()).peekable();
    while let Some((column, (start, first))) = chars.next() {
        let token = match first {
            '#' => break,
            ':' => Token::Colon,
            ',' => Token::Comma,
            '"' => Token::Text(text(
                column,
                chars.by_ref().map(|(column, (_, c))| (column, c)),
            )?),
            c if c.is_whitespace() => continue,
            c if is_word(c) => {
                let mut end = start + c.len_utf8();
                while let Some((_, (at, c))) = chars.next_if(|(_, (_, c))| is_word(*c)) {
                    end = at + c.len_utf8();
                }
                Token::Word(line.get(start..end).unwrap_or_default())
            }
            other => {
                return Err(Wrong {
                    column,
                    message: format!("{other:?} has no meaning here; texts stand in double quotes"),
                });
            }
        };
        tokens.push((column, token));
    }
    Ok(tokens)
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')
}

/// The rest of a text, after its first quote at `opened`.
fn text(opened: usize, mut chars: impl Iterator<Item = (usize, char)>) -> Result<String, Wrong> {
    let mut text = String::new();
    while let Some((column, c)) = chars.next() {
        match c {
            '"' => return Ok(text),
            '\\' => match chars.next() {
                Some((_, escaped @ ('"' | '\\'))) => text.push(escaped),
                _ => {
                    return Err(Wrong {
                        column,
                        message: r#"a text knows the escapes \" and \\ only"#.to_owned(),
                    });
                }
            },
            other => text.push(other),
        }
    }
    Err(Wrong {
        column: opened,
        message: "the text that begins here has no closing quote".to_owned(),
    })
}
