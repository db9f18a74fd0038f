//! Values, and what can go wrong with them.

use std::fmt;

/// How many bytes of an offending value an error quotes; what is over is cut and marked with `…`.
/// Values have up to 2 MiB, and the error ends in a line of the container log.
const MAX_QUOTED_BYTES: usize = 1024;

/// The value of a field or of an expression, borrowed from the log or from the expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// A signed 64-bit integer.
    Integer(i64),
    /// True or false.
    Boolean(bool),
    /// Text.
    Text(&'a str),
}

impl Value<'_> {
    /// Its type.
    pub fn kind(&self) -> Type {
        match self {
            Self::Integer(_) => Type::Integer,
            Self::Boolean(_) => Type::Boolean,
            Self::Text(_) => Type::Text,
        }
    }
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(value) => value.fmt(f),
            Self::Boolean(value) => value.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// A signed 64-bit integer.
    Integer,
    /// True or false.
    Boolean,
    /// Text.
    Text,
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Integer => "integer",
            Self::Boolean => "boolean",
            Self::Text => "string",
        })
    }
}

/// Where an expression finds the fields of a log.
pub trait Fields<'a> {
    /// The value of the field whose name is at `index` in the order of
    /// [`Expression::fields`](super::Expression::fields); `None` if the log lacks it. Must give
    /// the same answer each time during one evaluation.
    fn get(&self, index: usize) -> Option<Value<'a>>;
}

/// An expression has no value for this log, though all its fields are there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    /// `->int`: the text is no integer of that base, or beyond the range of i64.
    #[error("{value} is not {base}-based int")]
    NotInt {
        /// The text, cut if very long.
        value: String,
        /// The base.
        base: u32,
    },
    /// `->bool`: the text is neither of the two.
    #[error("{value} is not a bool: use true or false")]
    NotBool {
        /// The text, cut if very long.
        value: String,
    },
    /// `->int`: a computed base that does not exist.
    #[error("{base} is not a base of ->int: use 2 to 36")]
    Base {
        /// The base.
        base: i64,
    },
    /// An argument is of the wrong type.
    #[error("{function} takes {wanted} as {parameter}, found {found} {value}")]
    WrongType {
        /// The function.
        function: &'static str,
        /// Which parameter the argument stands for.
        parameter: &'static str,
        /// The type it must have.
        wanted: Type,
        /// The type it has.
        found: Type,
        /// The argument, cut if very long.
        value: String,
    },
}

impl EvalError {
    pub(super) fn not_int(text: &str, base: u32) -> Self {
        Self::NotInt {
            value: quoted(text),
            base,
        }
    }

    pub(super) fn not_bool(text: &str) -> Self {
        Self::NotBool {
            value: quoted(text),
        }
    }

    pub(super) fn wrong_type(
        function: &'static str,
        parameter: &'static str,
        wanted: Type,
        found: Value<'_>,
    ) -> Self {
        Self::WrongType {
            function,
            parameter,
            wanted,
            found: found.kind(),
            value: match found {
                Value::Text(text) => quoted(text),
                other => other.to_string(),
            },
        }
    }

    /// The value at fault, cut if very long.
    pub fn value(&self) -> String {
        match self {
            Self::NotInt { value, .. }
            | Self::NotBool { value }
            | Self::WrongType { value, .. } => value.clone(),
            Self::Base { base } => base.to_string(),
        }
    }
}

/// `text`, cut at a character if very long.
fn quoted(text: &str) -> String {
    if text.len() <= MAX_QUOTED_BYTES {
        return text.to_owned();
    }
    let ends = text.char_indices().map(|(end, _)| end);
    let end = ends.take_while(|end| *end <= MAX_QUOTED_BYTES).last();
    let kept = end.and_then(|end| text.get(..end)).unwrap_or_default();
    format!("{kept}…")
}
