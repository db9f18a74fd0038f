//! Key pairs on the command line.

use std::convert::Infallible;

use crate::transport::{AccessKey, Secret};

/// `ID:SECRET` or `ID:SECRET:TOKEN` as it was given. Read only later: the parser of the command
/// line would show what it refuses, and here that is a secret.
#[derive(Clone, Debug)]
pub(super) struct KeyText(Secret);

impl KeyText {
    /// Takes any text.
    #[expect(
        clippy::unnecessary_wraps,
        reason = "clap wants a function that may fail"
    )]
    pub(super) fn new(text: &str) -> Result<Self, Infallible> {
        Ok(Self(Secret::new(text)))
    }

    /// The key pair; why not is said without showing it.
    pub(super) fn parse(&self) -> Result<AccessKey, String> {
        let mut parts = self.0.expose().splitn(3, ':');
        match (parts.next(), parts.next(), parts.next()) {
            (Some(id), Some(secret), token)
                if !id.is_empty() && !secret.is_empty() && token != Some("") =>
            {
                Ok(AccessKey {
                    id: id.to_owned(),
                    secret: Secret::new(secret),
                    token: token.map(Secret::new),
                })
            }
            _ => Err("--key takes ID:SECRET, or ID:SECRET:TOKEN for a temporary pair".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<AccessKey, String> {
        let text = KeyText::new(text).unwrap();
        assert!(!format!("{text:?}").contains("hush"));
        text.parse()
    }

    #[test]
    fn pairs_are_read_with_and_without_a_token() {
        let key = parse("id:hush").unwrap();
        assert_eq!((key.id.as_str(), key.secret.expose()), ("id", "hush"));
        assert!(key.token.is_none());
        let key = parse("STS.id:hush:to:ken=").unwrap();
        assert_eq!(key.token.unwrap().expose(), "to:ken=");
    }

    #[test]
    fn what_is_no_pair_is_refused_without_showing_it() {
        for text in ["", "hush", ":hush", "id:", "id:hush:"] {
            let error = parse(text).unwrap_err();
            assert!(!error.contains("hush"), "{error}");
        }
    }
}
