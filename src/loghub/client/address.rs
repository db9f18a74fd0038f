//! Where the connection goes, and the `Host` that names the project.

use std::net::IpAddr;

use http::Uri;
use http::uri::{Authority, Scheme};

use crate::loghub::model::Project;

/// The address of a project.
#[derive(Debug)]
pub(super) struct Address {
    pub(super) scheme: Scheme,
    /// `host:port` to connect to.
    pub(super) authority: Authority,
    /// `Host` of every request: the service reads the project from its first label. It carries
    /// the port where the endpoint has one, as the Go SDK sends and signs it.
    pub(super) host: String,
}

impl Address {
    /// The address of `project` at `endpoint`.
    ///
    /// | endpoint | connects to | `Host` |
    /// | --- | --- | --- |
    /// | `https://cn-hangzhou.log.aliyuncs.com` | `P.cn-hangzhou.log.aliyuncs.com` | the same |
    /// | `https://P.cn-hangzhou.log.aliyuncs.com` | `P.cn-hangzhou.log.aliyuncs.com` | the same |
    /// | `http://127.0.0.1:8080`, `http://P.127.0.0.1:8080` | `127.0.0.1:8080` | `P.127.0.0.1:8080` |
    /// | `http://localhost:8080`, `http://P.localhost:8080` | `localhost:8080` | `P.localhost:8080` |
    ///
    /// The last two rows are ours: the SDKs would look up `P.localhost`, which does not resolve.
    pub(super) fn new(endpoint: &Uri, project: &Project) -> Self {
        let scheme = endpoint.scheme().expect("an endpoint has a scheme");
        let host = endpoint.host().expect("an endpoint has a host");
        let port = endpoint
            .port()
            .map(|port| format!(":{port}"))
            .unwrap_or_default();
        let base = without_project(host, project);
        let named = format!("{project}.{base}{port}");
        let target = if is_local(base) {
            format!("{base}{port}")
        } else {
            named.clone()
        };
        Self {
            scheme: scheme.clone(),
            authority: target
                .parse()
                .expect("a host with a name in front is a host still"),
            host: named,
        }
    }
}

/// `host` without the project in front of it, should it be there.
fn without_project<'a>(host: &'a str, project: &Project) -> &'a str {
    match host.split_once('.') {
        // An address may begin with the digits that a project is named with.
        _ if is_local(host) => host,
        Some((first, base)) if first.eq_ignore_ascii_case(project.as_str()) => base,
        _ => host,
    }
}

/// Whether `host` names a machine by itself, so that no project can stand in front of it.
fn is_local(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_project_stands_in_front_once() {
        let project = Project::new("my-project").unwrap();
        let cases = [
            (
                "https://cn-hangzhou.log.aliyuncs.com",
                "my-project.cn-hangzhou.log.aliyuncs.com",
                None,
            ),
            (
                "https://my-project.cn-hangzhou.log.aliyuncs.com",
                "my-project.cn-hangzhou.log.aliyuncs.com",
                None,
            ),
            (
                "https://My-Project.sls.test:8443/path",
                "my-project.sls.test:8443",
                None,
            ),
            (
                "https://my-project-2.sls.test",
                "my-project.my-project-2.sls.test",
                None,
            ),
            (
                "http://127.0.0.1:8080",
                "my-project.127.0.0.1:8080",
                Some("127.0.0.1:8080"),
            ),
            (
                "http://my-project.127.0.0.1:8080",
                "my-project.127.0.0.1:8080",
                Some("127.0.0.1:8080"),
            ),
            (
                "http://localhost",
                "my-project.localhost",
                Some("localhost"),
            ),
            (
                "http://LOCALHOST:1",
                "my-project.LOCALHOST:1",
                Some("LOCALHOST:1"),
            ),
            (
                "http://my-project.localhost:80",
                "my-project.localhost:80",
                Some("localhost:80"),
            ),
            (
                "http://[::1]:8080",
                "my-project.[::1]:8080",
                Some("[::1]:8080"),
            ),
            // Alone, it is the name of a machine that happens to be the same.
            ("http://my-project:80", "my-project.my-project:80", None),
        ];
        for (endpoint, host, connect) in cases {
            let address = Address::new(&endpoint.parse().unwrap(), &project);
            assert_eq!(address.host, host, "{endpoint}");
            assert_eq!(
                address.authority.as_str(),
                connect.unwrap_or(host),
                "{endpoint}"
            );
        }
    }

    #[test]
    fn an_address_that_begins_like_the_project_is_an_address() {
        let address = Address::new(
            &"http://127.0.0.1".parse().unwrap(),
            &Project::new("127").unwrap(),
        );
        assert_eq!(address.authority.as_str(), "127.0.0.1");
        assert_eq!(address.host, "127.127.0.0.1");
    }
}
