//! The parameters of a question.

use std::str::FromStr;

use super::Refusal;
use crate::loghub::sign::decode_query;

/// The parameters of a request. What is not asked for is refused: a typo would be passed over.
#[derive(Debug)]
pub(super) struct Query {
    pairs: Vec<(String, String)>,
    known: Vec<&'static str>,
}

impl Query {
    pub(super) fn of(uri: &http::Uri) -> Self {
        Self {
            pairs: uri.query().map_or_else(Vec::new, decode_query),
            known: Vec::new(),
        }
    }

    /// The value of a parameter, if it is there.
    pub(super) fn take(&mut self, name: &'static str) -> Option<String> {
        self.known.push(name);
        let place = self.pairs.iter().position(|(key, _)| key == name)?;
        Some(self.pairs.remove(place).1)
    }

    /// The value of a parameter that has to be there.
    pub(super) fn need(&mut self, name: &'static str) -> Result<String, Refusal> {
        self.take(name)
            .ok_or_else(|| Refusal::bad(format!("the parameter {name} is missing")))
    }

    /// The value of a parameter as a number, if it is there.
    pub(super) fn number<T: FromStr>(&mut self, name: &'static str) -> Result<Option<T>, Refusal> {
        let number = |text: String| {
            let parsed = text.parse();
            parsed.map_err(|_malformed| Refusal::bad(format!("{name}={text} is no fitting number")))
        };
        self.take(name).map(number).transpose()
    }

    /// Refuses what nobody took.
    pub(super) fn finish(self) -> Result<(), Refusal> {
        let Some((name, _)) = self.pairs.first() else {
            return Ok(());
        };
        let known = match self.known.as_slice() {
            [] => "none is taken here".to_owned(),
            known => format!("known here: {}", known.join(", ")),
        };
        Err(Refusal::bad(format!("unknown parameter {name:?}; {known}")))
    }
}
