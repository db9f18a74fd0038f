//! Tokens into a checked tree.

use std::ops::Range;

use super::error::ParseError;
use super::functions::{BASES, Function};
use super::lex::{Kind, Lexer, Token};
use super::tree::{Call, Node};

/// How deep calls may nest. Three functions leave no use for more than a handful; the bound keeps
/// every walk over a tree (parse, evaluate, print, drop) within a small stack.
pub const MAX_DEPTH: usize = 64;

/// Parses and checks a whole text: the fields it refers to, each once, and its tree.
pub(super) fn tree(text: &str) -> Result<(Vec<Box<str>>, Node), ParseError> {
    let mut parser = Parser {
        lexer: Lexer::new(text),
        fields: Vec::new(),
    };
    let Some(first) = parser.lexer.next()? else {
        return Err(ParseError::new(
            parser.lexer.end(),
            "the expression is empty",
            "write a field, an integer, a \"string\" or a (function call)",
        ));
    };
    let (root, _) = parser.node(first, 0)?;
    if let Some(extra) = parser.lexer.next()? {
        return Err(ParseError::new(
            extra.span.start..text.len(),
            "the expression goes on after its end",
            "write one field, integer, \"string\" or (function call)",
        ));
    }
    Ok((parser.fields, root))
}

struct Parser<'t> {
    lexer: Lexer<'t>,
    fields: Vec<Box<str>>,
}

impl<'t> Parser<'t> {
    /// The node that `first` begins, and its place; `depth` calls are open around it.
    fn node(&mut self, first: Token<'t>, depth: usize) -> Result<(Node, Range<usize>), ParseError> {
        let span = first.span;
        match first.kind {
            Kind::Open if depth == MAX_DEPTH => Err(ParseError::new(
                span,
                format!("calls are nested more than {MAX_DEPTH} deep"),
                "nest fewer",
            )),
            Kind::Open => self.call(span, depth + 1),
            Kind::Close => Err(ParseError::new(
                span,
                "`)` without `(`",
                "take it out, or open a call before it",
            )),
            Kind::Word(word) => self.word(word, &span).map(|node| (node, span)),
            Kind::Text(text) => Ok((Node::Text(text.into()), span)),
        }
    }

    /// A bare word: an integer if it is all digits, otherwise a field.
    fn word(&mut self, word: &str, span: &Range<usize>) -> Result<Node, ParseError> {
        if word.bytes().all(|byte| byte.is_ascii_digit()) {
            return word.parse().map(Node::Integer).map_err(|_cause| {
                ParseError::new(
                    span.clone(),
                    "the integer is too large",
                    format!("at most {}", i64::MAX),
                )
            });
        }
        let known = self.fields.iter().position(|field| **field == *word);
        let index = known.unwrap_or_else(|| {
            self.fields.push(word.into());
            self.fields.len() - 1
        });
        Ok(Node::Field(index))
    }

    /// The rest of a call whose parenthesis stands at `open`; `depth` counts it.
    fn call(
        &mut self,
        open: Range<usize>,
        depth: usize,
    ) -> Result<(Node, Range<usize>), ParseError> {
        let function = self.function(&open)?;
        let mut arguments = Vec::new();
        let end = loop {
            let token = self.inside(&open)?;
            if token.kind == Kind::Close {
                break token.span.end;
            }
            if !token.spaced {
                return Err(ParseError::new(
                    token.span,
                    "white space is missing",
                    "put a space before this",
                ));
            }
            arguments.push(self.node(token, depth)?);
        };
        check_base(function, &arguments)?;
        let span = open.start..end;
        let count = arguments.len();
        let arguments = arguments.into_iter().map(|(node, _)| node).collect();
        match Call::new(function, arguments) {
            Some(call) => Ok((Node::Call(Box::new(call)), span)),
            None => Err(wrong_count(function, count, span)),
        }
    }

    /// The function at the head of a call: `->int`, or `->` and `int`.
    fn function(&mut self, open: &Range<usize>) -> Result<Function, ParseError> {
        let head = self.inside(open)?;
        let word = match head.kind {
            Kind::Word(word) if !word.bytes().all(|byte| byte.is_ascii_digit()) => word,
            Kind::Close => {
                return Err(ParseError::new(
                    open.start..head.span.end,
                    "the call is empty",
                    format!("begin it with {}", names()),
                ));
            }
            _ => {
                return Err(ParseError::new(
                    head.span,
                    "this is not a function",
                    format!("begin the call with {}", names()),
                ));
            }
        };
        if word != "->" {
            return Function::named(word).ok_or_else(|| unknown(word, head.span));
        }
        let target = self.inside(open)?;
        match target.kind {
            Kind::Word(word) => {
                let span = head.span.start..target.span.end;
                let joined = format!("->{word}");
                Function::named(&joined).ok_or_else(|| unknown(&joined, span))
            }
            _ => Err(ParseError::new(
                head.span,
                "`->` lacks the type to convert to",
                "write `->int` or `->bool`",
            )),
        }
    }

    /// The next token inside the call that stands at `open`.
    fn inside(&mut self, open: &Range<usize>) -> Result<Token<'t>, ParseError> {
        self.lexer.next()?.ok_or_else(|| {
            ParseError::new(open.clone(), "the call does not end", "close it with `)`")
        })
    }
}

/// A literal base is checked before any log is seen.
fn check_base(function: Function, arguments: &[(Node, Range<usize>)]) -> Result<(), ParseError> {
    match arguments.first() {
        Some((Node::Integer(base), span))
            if function == Function::ToInt && !BASES.contains(base) =>
        {
            Err(ParseError::new(
                span.clone(),
                format!("there is no base {base}"),
                "use 2 to 36",
            ))
        }
        _ => Ok(()),
    }
}

fn wrong_count(function: Function, count: usize, span: Range<usize>) -> ParseError {
    let wanted = function.parameters().len();
    let plural = if wanted == 1 { "" } else { "s" };
    ParseError::new(
        span,
        format!("`{function}` takes {wanted} argument{plural}, found {count}"),
        format!("write `{}`", function.usage()),
    )
}

fn unknown(word: &str, span: Range<usize>) -> ParseError {
    let help = match nearest(word) {
        Some(function) => format!("did you mean `{function}`?"),
        None => format!("there are {}", names()),
    };
    ParseError::new(span, format!("unknown function `{word}`"), help)
}

/// The function that was probably meant.
fn nearest(word: &str) -> Option<Function> {
    let word = word.trim_start_matches("->").to_lowercase();
    let likeness =
        |function: Function| strsim::jaro_winkler(&word, function.name().trim_start_matches("->"));
    Function::ALL
        .into_iter()
        .map(|function| (likeness(function), function))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, function)| function)
}

/// All functions, for messages.
fn names() -> String {
    let names = Function::ALL.map(|function| format!("`{function}`"));
    let [first @ .., last] = &names;
    format!("{} or {last}", first.join(", "))
}
