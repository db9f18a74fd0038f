//! The functions of the language: their names, their parameters, and what they do.

use std::fmt;
use std::ops::RangeInclusive;

use super::value::{EvalError, Type, Value};

/// Bases that `->int` knows.
pub(super) const BASES: RangeInclusive<i64> = 2..=36;

/// A function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    ToInt,
    ToBool,
    Crc32,
}

impl Function {
    /// Every function.
    pub(super) const ALL: [Self; 3] = [Self::ToInt, Self::ToBool, Self::Crc32];

    /// The function of that name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|function| function.name() == name)
    }

    /// What it is called.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::ToInt => "->int",
            Self::ToBool => "->bool",
            Self::Crc32 => "crc32",
        }
    }

    /// Its parameters, in order.
    pub(super) const fn parameters(self) -> &'static [&'static str] {
        match self {
            Self::ToInt => &["BASE", "TEXT"],
            Self::ToBool | Self::Crc32 => &["TEXT"],
        }
    }

    /// How a call is written, for messages.
    pub(super) fn usage(self) -> String {
        format!("({} {})", self.name(), self.parameters().join(" "))
    }

    /// `value`, the argument for the parameter of that name, as text.
    pub(super) fn text(self, value: Value<'_>) -> Result<&str, EvalError> {
        match value {
            Value::Text(text) => Ok(text),
            Value::Integer(_) | Value::Boolean(_) => Err(EvalError::wrong_type(
                self.name(),
                "TEXT",
                Type::Text,
                value,
            )),
        }
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// `(->int BASE TEXT)`: an optional sign and at least one digit, letters in either case, nothing
/// else, within the range of i64.
pub(super) fn to_int<'a>(base: Value<'a>, text: Value<'a>) -> Result<Value<'a>, EvalError> {
    let function = Function::ToInt;
    let Value::Integer(base) = base else {
        return Err(EvalError::wrong_type(
            function.name(),
            "BASE",
            Type::Integer,
            base,
        ));
    };
    let text = function.text(text)?;
    let radix = u32::try_from(base)
        .ok()
        .filter(|_| BASES.contains(&base))
        .ok_or(EvalError::Base { base })?;
    i64::from_str_radix(text, radix)
        .map(Value::Integer)
        .map_err(|_cause| EvalError::not_int(text, radix))
}

/// `(->bool TEXT)`: exactly `true` or `false`.
pub(super) fn to_bool(text: Value<'_>) -> Result<Value<'_>, EvalError> {
    match Function::ToBool.text(text)? {
        "true" => Ok(Value::Boolean(true)),
        "false" => Ok(Value::Boolean(false)),
        other => Err(EvalError::not_bool(other)),
    }
}

/// `(crc32 TEXT)`: CRC-32 (IEEE 802.3) of the UTF-8 bytes.
pub(super) fn crc32(text: Value<'_>) -> Result<Value<'_>, EvalError> {
    let text = Function::Crc32.text(text)?;
    let sum = crc32fast::hash(text.as_bytes());
    Ok(Value::Integer(i64::from(sum)))
}
