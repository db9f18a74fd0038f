//! Addresses of the services, and the project that a host names.

use std::net::IpAddr;

use http::Uri;

use super::fault::quote;
use crate::loghub::Project;

/// What follows the region in Log Service's public hosts.
const LOG_SERVICE: &str = ".log.aliyuncs.com";

/// An address: scheme, host and perhaps a port, nothing more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    scheme: &'static str,
    /// In lower case; an IPv6 address in its brackets.
    host: String,
    port: Option<u16>,
}

impl Endpoint {
    /// Reads `scheme://host` or `scheme://host:port`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let Some((scheme, rest)) = text.split_once("://") else {
            // What stands before an @ may be a password: it is not quoted.
            let shown = if text.contains('@') {
                "it".to_owned()
            } else {
                quote(text)
            };
            return Err(format!("{shown} has no scheme: write https://HOST"));
        };
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "https" => "https",
            "http" => "http",
            _ => {
                return Err(format!(
                    "{} is not a scheme for it: use https or http",
                    quote(scheme)
                ));
            }
        };
        if rest.contains('@') {
            return Err("holds a user name: write https://HOST (keys go into access_key_id and access_key_secret)".to_owned());
        }
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at_checked(end).unwrap_or((rest, ""));
        if !matches!(tail, "" | "/") {
            return Err(format!(
                "{} goes on after the host: take out {}",
                quote(text),
                quote(tail)
            ));
        }
        let (host, port) = split_port(authority)
            .filter(|(host, _)| is_host(host))
            .ok_or_else(|| {
                format!(
                    "{} is not an address: write https://HOST or https://HOST:PORT",
                    quote(text)
                )
            })?;
        Ok(Self {
            scheme,
            host: host.to_ascii_lowercase(),
            port,
        })
    }

    /// The address as requests use it.
    pub(super) fn uri(&self) -> Result<Uri, String> {
        let Self { scheme, host, port } = self;
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        let text = format!("{scheme}://{host}{port}");
        text.parse()
            .map_err(|cause| format!("{} is not an address: {cause}", quote(&text)))
    }

    /// The project that the host names.
    ///
    /// An IP address, `localhost`, a host without a dot and the bare public host of a region
    /// (`cn-hangzhou.log.aliyuncs.com`) name none.
    pub(super) fn project(&self) -> Result<Project, String> {
        let none = |why: &str| {
            format!(
                "{} {why}: add the key \"project\", or write https://PROJECT.{}",
                quote(&self.host),
                if self.is_address() {
                    "HOST"
                } else {
                    &self.host
                }
            )
        };
        if self.is_address() {
            return Err(format!(
                "{} names no project: add the key \"project\"",
                quote(&self.host)
            ));
        }
        let Some((first, _)) = self.host.split_once('.') else {
            return Err(none("names no project"));
        };
        if self.region().is_some_and(|region| !region.contains('.')) {
            return Err(none("names a region and no project"));
        }
        Project::new(first).map_err(|error| {
            format!(
                "{} is taken for the project, and {}: add the key \"project\" if it is another",
                quote(first),
                error.fault
            )
        })
    }

    /// The address with `project` in the place of another that a public host names: an explicit
    /// project wins over the host.
    pub(super) fn with_project(mut self, project: &Project) -> Self {
        if let Some((_, region)) = self.region().and_then(|front| front.split_once('.')) {
            self.host = format!("{project}.{region}{LOG_SERVICE}");
        }
        self
    }

    /// What stands before the domain that Log Service's public hosts share.
    fn region(&self) -> Option<&str> {
        self.host.strip_suffix(LOG_SERVICE)
    }

    fn is_address(&self) -> bool {
        let bare = self.host.trim_start_matches('[').trim_end_matches(']');
        self.host == "localhost" || bare.parse::<IpAddr>().is_ok()
    }
}

/// Host and port; `None` if the port is no number from 1 to 65535.
fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    let host_end = authority.find(']').map_or(0, |bracket| bracket + 1);
    match authority.get(host_end..)?.find(':') {
        None => Some((authority, None)),
        Some(colon) => {
            let (host, port) = authority.split_at_checked(host_end + colon)?;
            let port: u16 = port.strip_prefix(':')?.parse().ok()?;
            (port != 0).then_some((host, Some(port)))
        }
    }
}

/// A domain name (underscores occur in container networks) or an IP address.
fn is_host(host: &str) -> bool {
    let inner = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    if let Some(address) = inner {
        return address.parse::<std::net::Ipv6Addr>().is_ok();
    }
    let is_label = |label: &str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        (1..=63).contains(&label.len()) && label.bytes().all(allowed)
    };
    host.len() <= 253 && host.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_scheme_host_and_port() {
        for (text, uri) in [
            (
                "https://p.cn-hangzhou.log.aliyuncs.com",
                "https://p.cn-hangzhou.log.aliyuncs.com/",
            ),
            ("HTTP://Localhost:8080/", "http://localhost:8080/"),
            ("http://[::1]:80", "http://[::1]:80/"),
            ("http://sand_box", "http://sand_box/"),
        ] {
            assert_eq!(Endpoint::parse(text).unwrap().uri().unwrap(), uri);
        }
    }

    #[test]
    fn everything_else_says_what_would_be_right() {
        for (text, message) in [
            (
                "a.example.com",
                "\"a.example.com\" has no scheme: write https://HOST",
            ),
            (
                "ftp://a",
                "\"ftp\" is not a scheme for it: use https or http",
            ),
            (
                "https://u:pw@a",
                "holds a user name: write https://HOST (keys go into access_key_id and access_key_secret)",
            ),
            ("u:pw@a", "it has no scheme: write https://HOST"),
            (
                "https://a/b",
                "\"https://a/b\" goes on after the host: take out \"/b\"",
            ),
            (
                "https://a?b",
                "\"https://a?b\" goes on after the host: take out \"?b\"",
            ),
            (
                "https://",
                "\"https://\" is not an address: write https://HOST or https://HOST:PORT",
            ),
            (
                "https://a:0",
                "\"https://a:0\" is not an address: write https://HOST or https://HOST:PORT",
            ),
            (
                "https://a:70000",
                "\"https://a:70000\" is not an address: write https://HOST or https://HOST:PORT",
            ),
            (
                "https://a b",
                "\"https://a b\" is not an address: write https://HOST or https://HOST:PORT",
            ),
            (
                "https://[::1",
                "\"https://[::1\" is not an address: write https://HOST or https://HOST:PORT",
            ),
        ] {
            assert_eq!(Endpoint::parse(text).unwrap_err(), message);
        }
    }

    #[test]
    fn a_host_names_its_project() {
        let project = |text: &str| Endpoint::parse(text).unwrap().project();
        assert_eq!(
            project("https://my-project.cn-hangzhou.log.aliyuncs.com")
                .unwrap()
                .as_str(),
            "my-project"
        );
        assert_eq!(
            project("http://demo.localhost:8080").unwrap().as_str(),
            "demo"
        );
        for (text, message) in [
            (
                "http://127.0.0.1:8080",
                "\"127.0.0.1\" names no project: add the key \"project\"",
            ),
            (
                "http://[::1]",
                "\"[::1]\" names no project: add the key \"project\"",
            ),
            (
                "http://localhost",
                "\"localhost\" names no project: add the key \"project\"",
            ),
            (
                "http://sandbox",
                "\"sandbox\" names no project: add the key \"project\", or write https://PROJECT.sandbox",
            ),
            (
                "https://cn-hangzhou.log.aliyuncs.com",
                "\"cn-hangzhou.log.aliyuncs.com\" names a region and no project: add the key \"project\", or write https://PROJECT.cn-hangzhou.log.aliyuncs.com",
            ),
            (
                "https://a_b.example.com",
                "\"a_b\" is taken for the project, and must have 3 to 63 lower-case letters, digits or '-', and start and end with a letter or digit: add the key \"project\" if it is another",
            ),
        ] {
            assert_eq!(project(text).unwrap_err(), message);
        }
    }

    #[test]
    fn an_explicit_project_wins_over_a_public_host() {
        let host = |text: &str| {
            let project = Project::new("mine").unwrap();
            Endpoint::parse(text).unwrap().with_project(&project).host
        };
        assert_eq!(
            host("https://other.cn-hangzhou.log.aliyuncs.com"),
            "mine.cn-hangzhou.log.aliyuncs.com"
        );
        assert_eq!(
            host("https://cn-hangzhou.log.aliyuncs.com"),
            "cn-hangzhou.log.aliyuncs.com"
        );
        assert_eq!(host("https://logs.example.com"), "logs.example.com");
    }
}
