//! The transform language: parse, check, evaluate, print.
//!
//! ```text
//! expr := FIELD | UNSIGNED-INTEGER | "string" | ( func expr ... )
//! ```
//!
//! | function | value |
//! | --- | --- |
//! | `(->int BASE TEXT)` | the text read as an integer of that base, 2 to 36 |
//! | `(->bool TEXT)` | `true` or `false`, by exactly these texts |
//! | `(crc32 TEXT)` | CRC-32 (IEEE) of the UTF-8 bytes, not negative |
//!
//! `(-> int 10 x)` and `(-> bool x)` mean the same as `(->int 10 x)` and `(->bool x)`, and print
//! back as these.
//!
//! White space is spaces and tabs only, so a line break is part of a word. A field is a bare word:
//! any run of characters other than white space, parentheses and double quotes; a word of ASCII
//! digits alone is an integer. Strings know the escapes `\"` and `\\` only. Between a function and
//! its argument, and between arguments, stands at least one white space.
//!
//! Everything here is pure: no clock, no runtime, no service. A successful evaluation allocates
//! nothing. Expressions nest at most [`MAX_DEPTH`] deep, which bounds every recursion in this room.

mod error;
mod expression;
mod functions;
mod lex;
mod parse;
mod tree;
mod value;

pub use self::error::{ParseError, caret};
pub use self::expression::Expression;
pub use self::parse::MAX_DEPTH;
pub use self::value::{EvalError, Fields, Type, Value};

#[cfg(test)]
mod tests;
