//! Credentials that cannot be printed.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

/// A secret text. `Debug` shows a placeholder and the memory is wiped on drop.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Wraps a secret text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(SecretString::from(text.into()))
    }

    /// The text itself: for signing, never for showing.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// The key pair that signs requests to both services, with the STS token that may go with it.
#[derive(Clone, Debug)]
pub struct AccessKey {
    /// Access key id. Not secret by itself, yet kept out of the container log.
    pub id: String,
    /// Access key secret.
    pub secret: Secret,
    /// Security token of temporary (STS) credentials.
    pub token: Option<Secret>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_secret() {
        let key = AccessKey {
            id: "id".into(),
            secret: Secret::new("hush"),
            token: Some(Secret::new("quiet")),
        };
        let shown = format!("{key:?}");
        assert!(
            !shown.contains("hush") && !shown.contains("quiet"),
            "{shown}"
        );
    }
}
