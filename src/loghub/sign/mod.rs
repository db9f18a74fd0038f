//! Signatures of requests: pure functions of the request, the key and the date.
//!
//! Each version has two steps, the string to sign and the signature of it, so that a reader of a
//! refused request can look at both. The client signs with them and an emulator verifies with
//! them, from the request as it is on the wire ([`split_target`] undoes the encoding of its query).
//!
//! Version 1 (`LOG`, HMAC-SHA1) is the default of every SDK; version 4 (`SLS4-HMAC-SHA256`) needs
//! a region. Both follow the vendor's page "request signature" and the Python SDK.

mod digest;
mod query;
mod v1;
mod v4;

pub use self::digest::{content_md5, content_sha256};
pub use self::query::{decode_query, encode, encode_query, split_target};
pub use self::v1::{v1_authorization, v1_signature, v1_string_to_sign};
pub use self::v4::{
    v4_authorization, v4_canonical_request, v4_date, v4_signature, v4_signing_keys,
    v4_string_to_sign,
};

/// The parts of a request that a signature covers. Order of `query` and `headers` is of no
/// consequence.
#[derive(Clone, Copy)]
pub struct Parts<'a, S = String> {
    /// `GET`, `POST`, ...
    pub method: &'a str,
    /// The path as sent, percent-encoded, from the first `/`.
    pub path: &'a str,
    /// The query as decoded pairs.
    pub query: &'a [(S, S)],
    /// The headers with lower-case names, `host` among them.
    pub headers: &'a [(S, S)],
    /// The body as sent, after compression.
    pub body: &'a [u8],
}

/// Shows no header values: a security token is one of them.
impl<S> std::fmt::Debug for Parts<'_, S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parts")
            .field("method", &self.method)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl<'a, S: AsRef<str>> Parts<'a, S> {
    /// The value of the header `name`, trimmed; empty where there is none.
    fn header(&self, name: &str) -> &'a str {
        self.headers
            .iter()
            .find(|(header, _)| header.as_ref() == name)
            .map_or("", |(_, value)| value.as_ref().trim())
    }

    /// The query, sorted by key.
    fn sorted_query(&self) -> Vec<(&'a str, &'a str)> {
        sorted(self.query.iter())
    }

    /// The headers that `signed` chooses, values trimmed, sorted by name.
    fn sorted_headers(&self, signed: impl Fn(&str) -> bool) -> Vec<(&'a str, &'a str)> {
        let chosen = self
            .headers
            .iter()
            .filter(|(name, _)| signed(name.as_ref()));
        let mut pairs = sorted(chosen);
        for (_, value) in &mut pairs {
            *value = value.trim();
        }
        pairs
    }
}

fn sorted<'a, S: AsRef<str> + 'a>(
    pairs: impl Iterator<Item = &'a (S, S)>,
) -> Vec<(&'a str, &'a str)> {
    let mut pairs: Vec<_> = pairs
        .map(|(key, value)| (key.as_ref(), value.as_ref()))
        .collect();
    pairs.sort_unstable();
    pairs
}

/// Whether a header belongs to the service: `x-log-*` and `x-acs-*`, less the `x-log-meta-*` that
/// the Python SDK leaves out of both versions.
fn is_service_header(name: &str) -> bool {
    (name.starts_with("x-log-") && !name.starts_with("x-log-meta-")) || name.starts_with("x-acs-")
}

#[cfg(test)]
mod tests;
