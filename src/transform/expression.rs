//! The checked form of an expression, and how it prints.

use std::fmt;
use std::str::FromStr;

use super::error::ParseError;
use super::parse;
use super::tree::Node;
use super::value::{EvalError, Fields, Value};

/// A parsed and checked expression.
///
/// Two expressions are equal if they are the same tree, however they were spaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expression {
    /// Names of the fields it refers to, each once, in the order of their first mention.
    pub(super) fields: Vec<Box<str>>,
    pub(super) root: Node,
}

impl Expression {
    /// Parses and checks `text`.
    ///
    /// # Errors
    ///
    /// Anything outside the language: bad syntax, unknown functions, a wrong number of arguments,
    /// a literal base outside 2..36, an integer over i64, nesting deeper than
    /// [`MAX_DEPTH`](super::MAX_DEPTH).
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let (fields, root) = parse::tree(text)?;
        Ok(Self { fields, root })
    }

    /// Names of the fields it refers to, each once, in the order of their first mention. The
    /// position of a name is the index that [`Fields::get`] is asked for.
    pub fn fields(&self) -> impl ExactSizeIterator<Item = &str> {
        self.fields.iter().map(AsRef::as_ref)
    }

    /// Its value for one log; `None` if a field is missing.
    ///
    /// A missing field anywhere makes the whole expression missing, even where another part of
    /// it would be an error: there is no value that could be wrong. Otherwise the first error
    /// from the left is returned. Allocates only for an error.
    pub fn eval<'a>(&'a self, log: &impl Fields<'a>) -> Result<Option<Value<'a>>, EvalError> {
        self.root.eval(log).or_else(|error| {
            let is_missing = (0..self.fields.len()).any(|index| log.get(index).is_none());
            if is_missing { Ok(None) } else { Err(error) }
        })
    }
}

impl FromStr for Expression {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

/// Prints the expression in the language's plainest form; parsing that gives the same tree.
impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.root.print(&self.fields, f)
    }
}
