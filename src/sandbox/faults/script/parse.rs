//! A line of a script, read.

use http::{HeaderName, HeaderValue};

use super::lex::{Token, Wrong};
use super::line::Line;
use crate::sandbox::faults::fault::{Action, Corruption, Fault, RowMatch, Target};
use crate::sandbox::{Service, operations};

/// The one operation that answers row by row.
const ROWWISE: &str = "BatchWriteRow";

/// What a refusal says where the script does not.
const MESSAGE: &str = "scripted fault";

/// The fault on a line; an empty one has none.
pub(super) fn fault(text: &str) -> Result<Option<Fault>, Wrong> {
    let mut line = Line::new(text)?;
    if line.is_at_end() {
        return Ok(None);
    }
    let when = When::read(&mut line)?;
    let target = target(&mut line)?;
    let at = if line.accept("at") {
        Some(line.text("a text that the URL contains, in double quotes")?)
    } else {
        None
    };
    if !line.accept_token(&Token::Colon) {
        return Err(line.expected("`:` and then what goes wrong"));
    }
    let action = effects(&mut line, &target)?;
    let mut fault = Fault::new(target, action);
    fault.at = at;
    if line.accept("for") {
        fault.lasting = Some(line.time("a time")?);
    }
    if !line.is_at_end() {
        return Err(line.expected("`and`, `for` or the end of the line"));
    }
    when.set(fault).map(Some)
}

/// When a fault strikes, as it stands in front of the operation.
#[derive(Debug, Default)]
struct When {
    after: Option<u64>,
    every: Option<u64>,
    next: Option<u64>,
    /// Column of `always`.
    always: Option<usize>,
}

impl When {
    fn read(line: &mut Line<'_>) -> Result<Self, Wrong> {
        let mut when = Self::default();
        loop {
            let column = line.column();
            let slot = match line.word() {
                Some("after") => &mut when.after,
                Some("every") => &mut when.every,
                Some("next") => &mut when.next,
                Some("always") if when.always.is_none() => {
                    when.always = Some(column);
                    line.advance();
                    continue;
                }
                _ => return when.check(line),
            };
            if slot.is_some() {
                return Err(line.wrong("this is there twice".to_owned()));
            }
            line.advance();
            *slot = Some(line.number("a number of calls")?);
        }
    }

    fn check(self, line: &Line<'_>) -> Result<Self, Wrong> {
        if self.every == Some(0) || self.next == Some(0) {
            return Err(line.wrong("`every` and `next` take a number from 1".to_owned()));
        }
        if self.next.is_some() && self.always.is_some() {
            return Err(line.wrong("`next` and `always` contradict each other".to_owned()));
        }
        Ok(self)
    }

    fn set(self, mut fault: Fault) -> Result<Fault, Wrong> {
        if let (Some(column), Some(_)) = (self.always, fault.lasting) {
            let message = "`always` and `for` contradict each other".to_owned();
            return Err(Wrong { column, message });
        }
        let is_once = self.every.is_none() && self.always.is_none() && fault.lasting.is_none();
        fault.after = self.after.unwrap_or(0);
        fault.every = self.every.unwrap_or(1);
        fault.times = self.next.or(is_once.then_some(1));
        Ok(fault)
    }
}

fn target(line: &mut Line<'_>) -> Result<Target, Wrong> {
    let Some(name) = line.word() else {
        return Err(line.expected("an operation such as PullLogs"));
    };
    let target = match name {
        "LogService" => Target::Service(Service::LogService),
        "TableStore" => Target::Service(Service::TableStore),
        name if operations::service_of(name).is_some() => Target::Operation(name.to_owned()),
        unknown => return Err(line.wrong(no_operation(unknown))),
    };
    line.advance();
    Ok(target)
}

/// Says which name was probably meant.
fn no_operation(name: &str) -> String {
    let distance = |known: &str| {
        strsim::damerau_levenshtein(&known.to_ascii_lowercase(), &name.to_ascii_lowercase())
    };
    let words = [
        "after",
        "every",
        "next",
        "always",
        "LogService",
        "TableStore",
    ];
    let known = operations::all().map(|(_, known)| known).chain(words);
    let nearest = known.map(|known| (distance(known), known)).min();
    match nearest {
        Some((distance, known)) if distance <= 3 => {
            format!("there is no operation {name:?}; did you mean {known}?")
        }
        _ => format!(
            "there is no operation {name:?}; all of a service are LogService and TableStore"
        ),
    }
}

fn effects(line: &mut Line<'_>, target: &Target) -> Result<Action, Wrong> {
    let first = effect(line, target)?;
    let mut all = vec![first];
    while line.accept("and") {
        all.push(effect(line, target)?);
    }
    let is_one = all.len() == 1;
    let only = if is_one { all.pop() } else { None };
    Ok(only.unwrap_or(Action::All(all)))
}

fn effect(line: &mut Line<'_>, target: &Target) -> Result<Action, Wrong> {
    let column = line.column();
    let unknown =
        line.expected("what goes wrong: busy, refuse, delay, cut, corrupt, rows or partition-key");
    let Some(word) = line.word() else {
        return Err(unknown);
    };
    if matches!(word, "rows" | "partition-key") {
        return match target {
            Target::Operation(name) if name == ROWWISE => row_errors(line),
            _ => Err(Wrong {
                column,
                message: format!("only {ROWWISE} refuses row by row; use refuse or busy"),
            }),
        };
    }
    line.advance();
    match word {
        "busy" => Ok(busy(target)),
        "refuse" => refuse(line),
        "delay" => Ok(Action::Delay(line.time("a time")?)),
        "cut" => cut(line),
        "corrupt" => Ok(Action::Corrupt(damage(line)?)),
        _ => Err(unknown),
    }
}

/// 503, in the words of the service.
fn busy(target: &Target) -> Action {
    let service = match target {
        Target::Service(service) => Some(*service),
        Target::Operation(name) => operations::service_of(name),
    };
    match service {
        Some(Service::TableStore) => Action::refuse(503, ROW_BUSY.0, ROW_BUSY.1),
        _ => Action::refuse(503, "ServerBusy", "server is busy"),
    }
}

/// Code and message of a row whose partition is busy.
const ROW_BUSY: (&str, &str) = ("OTSServerBusy", "Server is busy.");

fn refuse(line: &mut Line<'_>) -> Result<Action, Wrong> {
    let status = line.expected("an HTTP status from 400 to 599");
    let status = line
        .accept_number()
        .filter(|number| (400..600).contains(number))
        .ok_or(status)?;
    let (code, message) = code(line)?;
    Ok(Action::Refuse {
        status,
        code,
        message,
    })
}

fn code(line: &mut Line<'_>) -> Result<(String, String), Wrong> {
    let code = line
        .word()
        .filter(|word| word.starts_with(|c: char| c.is_ascii_alphabetic()))
        .ok_or_else(|| line.expected("an error code such as OTSServerBusy"))?;
    line.advance();
    let message = line.accept_text().unwrap_or_else(|| MESSAGE.to_owned());
    Ok((code.to_owned(), message))
}

fn cut(line: &mut Line<'_>) -> Result<Action, Wrong> {
    let action = match line.word() {
        Some("before") => Action::CutBefore,
        Some("after") => Action::CutAfter,
        Some("body") => Action::CutBody,
        _ => return Err(line.expected("where: before, after or body")),
    };
    line.advance();
    Ok(action)
}

fn row_errors(line: &mut Line<'_>) -> Result<Action, Wrong> {
    let rows = rows(line)?;
    let (code, message) = if line.accept("busy") {
        (ROW_BUSY.0.to_owned(), ROW_BUSY.1.to_owned())
    } else {
        code(line)?
    };
    Ok(Action::RowErrors {
        code,
        message,
        rows,
    })
}

fn rows(line: &mut Line<'_>) -> Result<RowMatch, Wrong> {
    let is_named = line.accept("rows");
    if line.accept("partition-key") {
        let is_prefix = line.accept("prefix");
        let text = line.text("a text in double quotes")?;
        return Ok(if is_prefix {
            RowMatch::Prefix(text)
        } else {
            RowMatch::Key(text)
        });
    }
    let mut places = Vec::new();
    if is_named && let Some(place) = line.accept_number() {
        places.push(place);
        while line.accept_token(&Token::Comma) {
            places.push(line.number("the place of a row")?);
        }
    }
    Ok(if places.is_empty() {
        RowMatch::All
    } else {
        RowMatch::Places(places)
    })
}

fn damage(line: &mut Line<'_>) -> Result<Corruption, Wrong> {
    if line.accept("garbage") {
        Ok(Corruption::Garbage)
    } else if line.accept("truncate") {
        line.number("a number of bytes").map(Corruption::Truncate)
    } else if line.accept("body") {
        let text = line.text("a text in double quotes")?;
        Ok(Corruption::Body(text.into()))
    } else if line.accept("header") {
        header(line)
    } else {
        Err(line.expected("the damage: garbage, truncate, body or header"))
    }
}

fn header(line: &mut Line<'_>) -> Result<Corruption, Wrong> {
    let name = line.word().and_then(|word| HeaderName::try_from(word).ok());
    let name = name.ok_or_else(|| line.expected("the name of a header"))?;
    line.advance();
    if line.accept("missing") {
        return Ok(Corruption::Header(name, None));
    }
    let column = line.column();
    let text = line.text("`missing` or a text in double quotes")?;
    let value = HeaderValue::from_str(&text).map_err(|_bad_value| Wrong {
        column,
        message: "a header has no such value".to_owned(),
    })?;
    Ok(Corruption::Header(name, Some(value)))
}
