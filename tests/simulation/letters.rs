//! Dead letters as they lie in their table, and the logs that they must be of.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use loghub_shipper::tablestore::{Row, Value};
use serde_json::Value as Json;

use crate::logs::Flaw;
use crate::oracle::{Fact, JUNK, Oracle, Spot};

/// What is wrong with these letters: every log that cannot become a row has exactly one, which has
/// all of the log and says why.
pub(crate) fn compare(oracle: &Oracle, letters: &[Row]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut found: BTreeMap<usize, usize> = BTreeMap::new();
    for letter in letters {
        let Some(log) = Spot::of(letter).and_then(|spot| oracle.at(&spot)) else {
            wrong.push(format!("letter {:?} is of no log", letter.primary_key));
            continue;
        };
        *found.entry(log).or_default() += 1;
        if let Err(fault) = check(&oracle.logs[log], letter) {
            wrong.push(format!("the letter of log {log} {fault}"));
        }
    }
    let flawed = oracle.logs.iter().enumerate();
    let flawed = flawed.filter(|(_, fact)| fact.flaw.is_some());
    for (log, fact) in flawed {
        match found.get(&log) {
            Some(1) => {}
            None if fact.may_be_lost => {}
            count => wrong.push(format!("log {log} has {} letters", count.unwrap_or(&0))),
        }
    }
    wrong
}

fn check(fact: &Fact, letter: &Row) -> Result<(), String> {
    let code = match fact.flaw.ok_or("is of a log that became a row")? {
        Flaw::NoKey => "KeyMissing",
        Flaw::LongKey => "KeyTooLong",
        Flaw::Refused | Flaw::Spoils => "OTSParameterInvalid",
        Flaw::NoLog => "MalformedLog",
    };
    let said = text(letter, "code").unwrap_or_default();
    if said != code {
        return Err(format!("has the code {said:?} instead of {code}"));
    }
    let pieces = (2..).map_while(|piece| text(letter, &format!("log_{piece}")));
    let log: String = text(letter, "log").into_iter().chain(pieces).collect();
    let log: Json =
        serde_json::from_str(&log).map_err(|fault| format!("is unreadable: {fault}"))?;
    let is_whole = if fact.flaw == Some(Flaw::NoLog) {
        log["malformed"] == STANDARD.encode(JUNK)
    } else {
        let pairs = log["contents"].as_array().into_iter().flatten();
        let pairs = pairs.map(|pair| (bytes(&pair[0]), bytes(&pair[1])));
        pairs.eq(fact.contents.iter().cloned()) && log["tags"][0][1] == "z1"
    };
    is_whole
        .then_some(())
        .ok_or_else(|| "has not all of it".to_owned())
}

fn text<'r>(letter: &'r Row, name: &str) -> Option<&'r str> {
    let mut cells = letter.cells.iter();
    match &cells.find(|cell| cell.name == name)?.value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

/// A text as a letter has it: what is not UTF-8 in base64.
fn bytes(text: &Json) -> Vec<u8> {
    match text {
        Json::String(text) => text.clone().into_bytes(),
        other => {
            let encoded = other["base64"].as_str().unwrap_or_default();
            STANDARD.decode(encoded).unwrap_or_default()
        }
    }
}
