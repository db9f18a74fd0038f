//! Scripts in words, one fault a line:
//!
//! ```text
//! script   := { line newline }                       # to the end of the line is a comment
//! line     := [ [ "after" N ] [ "every" N ] [ "next" N | "always" ] calls ":" effects [ "for" time ] ]
//! calls    := ( operation | "LogService" | "TableStore" ) [ "at" text ]
//! effects  := effect { "and" effect }
//! effect   := "busy" | "refuse" status code [ text ] | "delay" time
//!           | "cut" ( "before" | "after" | "body" ) | "corrupt" damage | rows ( "busy" | code [ text ] )
//! rows     := "rows" [ N { "," N } ] | [ "rows" ] "partition-key" [ "prefix" ] text
//! damage   := "garbage" | "truncate" N | "body" text | "header" name ( text | "missing" )
//! time     := N ( "ms" | "s" | "min" | "h" )
//! ```
//!
//! Texts stand in double quotes and know the escapes `\"` and `\\`. Without `next`, `always`,
//! `every` or `for` a fault strikes once; with `every` or `for` it is not limited otherwise.

mod lex;
mod line;
mod parse;
mod print;

use std::fmt;

use super::Fault;

/// What is wrong with a script: every line that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ScriptFault {
    /// At least one.
    pub lines: Vec<LineFault>,
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineFault {
    /// Number of the line, from 1.
    pub line: usize,
    /// Number of the character, from 1.
    pub column: usize,
    /// What is wrong there, and what would be right.
    pub message: String,
}

impl fmt::Display for LineFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            line,
            column,
            message,
        } = self;
        write!(f, "line {line}, column {column}: {message}")
    }
}

impl fmt::Display for ScriptFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.lines.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

/// Reads a script.
pub(super) fn parse(script: &str) -> Result<Vec<Fault>, ScriptFault> {
    let mut faults = Vec::new();
    let mut lines = Vec::new();
    for (number, text) in (1..).zip(script.lines()) {
        match parse::fault(text) {
            Ok(fault) => faults.extend(fault),
            Err(wrong) => lines.push(LineFault {
                line: number,
                column: wrong.column,
                message: wrong.message,
            }),
        }
    }
    if lines.is_empty() {
        Ok(faults)
    } else {
        Err(ScriptFault { lines })
    }
}

#[cfg(test)]
mod tests;
