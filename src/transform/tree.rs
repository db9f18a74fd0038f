//! The tree of a checked expression: how it is evaluated and printed.

use std::fmt::{self, Display as _};

use super::functions::{self, Function};
use super::value::{EvalError, Fields, Value};

/// A node of the tree. Depth is bounded by the parser, and so is every recursion over it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    /// Position among the expression's fields.
    Field(usize),
    Integer(i64),
    Text(Box<str>),
    Call(Box<Call>),
}

/// A call with as many arguments as its function takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Call {
    ToInt { base: Node, text: Node },
    ToBool { text: Node },
    Crc32 { text: Node },
}

impl Node {
    /// Its value; `None` at the first missing field, unless an error comes first from the left.
    pub(super) fn eval<'a>(
        &'a self,
        log: &impl Fields<'a>,
    ) -> Result<Option<Value<'a>>, EvalError> {
        match self {
            Self::Field(index) => Ok(log.get(*index)),
            Self::Integer(value) => Ok(Some(Value::Integer(*value))),
            Self::Text(text) => Ok(Some(Value::Text(text))),
            Self::Call(call) => call.eval(log),
        }
    }

    /// Prints it; `fields` are the names that it refers to by position.
    pub(super) fn print(&self, fields: &[Box<str>], f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(index) => f.write_str(&fields[*index]),
            Self::Integer(value) => value.fmt(f),
            Self::Text(text) => print_string(text, f),
            Self::Call(call) => {
                let (function, arguments) = call.parts();
                write!(f, "({function}")?;
                for argument in arguments.into_iter().flatten() {
                    f.write_str(" ")?;
                    argument.print(fields, f)?;
                }
                f.write_str(")")
            }
        }
    }
}

impl Call {
    /// The call of `function` with these arguments; `None` if their number is wrong.
    pub(super) fn new(function: Function, arguments: Vec<Node>) -> Option<Self> {
        let mut arguments = arguments.into_iter();
        let call = match function {
            Function::ToInt => Self::ToInt {
                base: arguments.next()?,
                text: arguments.next()?,
            },
            Function::ToBool => Self::ToBool {
                text: arguments.next()?,
            },
            Function::Crc32 => Self::Crc32 {
                text: arguments.next()?,
            },
        };
        arguments.next().is_none().then_some(call)
    }

    fn eval<'a>(&'a self, log: &impl Fields<'a>) -> Result<Option<Value<'a>>, EvalError> {
        match self {
            Self::ToInt { base, text } => {
                let Some(base) = base.eval(log)? else {
                    return Ok(None);
                };
                let Some(text) = text.eval(log)? else {
                    return Ok(None);
                };
                functions::to_int(base, text).map(Some)
            }
            Self::ToBool { text } => text.eval(log)?.map(functions::to_bool).transpose(),
            Self::Crc32 { text } => text.eval(log)?.map(functions::crc32).transpose(),
        }
    }

    fn parts(&self) -> (Function, [Option<&Node>; 2]) {
        match self {
            Self::ToInt { base, text } => (Function::ToInt, [Some(base), Some(text)]),
            Self::ToBool { text } => (Function::ToBool, [Some(text), None]),
            Self::Crc32 { text } => (Function::Crc32, [Some(text), None]),
        }
    }
}

fn print_string(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("\"")?;
    for run in text.split_inclusive(['"', '\\']) {
        match run.strip_suffix(['"', '\\']) {
            Some(plain) if run.ends_with('"') => write!(f, "{plain}\\\"")?,
            Some(plain) => write!(f, "{plain}\\\\")?,
            None => f.write_str(run)?,
        }
    }
    f.write_str("\"")
}
