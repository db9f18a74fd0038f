//! A request as the service reads it: decoded query, project from the host.

use std::borrow::Cow;
use std::net::IpAddr;

use bytes::Bytes;
use percent_encoding::percent_decode_str;

use super::refused::Refused;
use crate::loghub::sign;

/// One request, read once.
#[derive(Debug)]
pub(super) struct Incoming<'a> {
    request: &'a http::Request<Bytes>,
    query: Vec<(String, String)>,
}

impl<'a> Incoming<'a> {
    pub(super) fn new(request: &'a http::Request<Bytes>) -> Self {
        Self {
            request,
            query: request
                .uri()
                .query()
                .map_or_else(Vec::new, sign::decode_query),
        }
    }

    pub(super) fn method(&self) -> &'a str {
        self.request.method().as_str()
    }

    /// The path as sent; of a target in absolute form too.
    pub(super) fn path(&self) -> &'a str {
        self.request.uri().path()
    }

    /// The segments of the path, decoded.
    pub(super) fn segments(&self) -> Vec<Cow<'a, str>> {
        let path = self.path().strip_prefix('/').unwrap_or_default();
        path.split('/')
            .map(|segment| percent_decode_str(segment).decode_utf8_lossy())
            .collect()
    }

    pub(super) fn query(&self) -> &[(String, String)] {
        &self.query
    }

    /// The value of a query parameter, where it is there.
    pub(super) fn param(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The value of a query parameter as a number; the parameter has to be there.
    pub(super) fn number<T: std::str::FromStr>(&self, name: &str) -> Result<T, Refused> {
        self.param(name)
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| Refused::parameter(format!("Parameter {name} is not valid")))
    }

    pub(super) fn header(&self, name: &str) -> Option<&'a str> {
        let value = self.request.headers().get(name)?;
        value.to_str().ok().map(str::trim)
    }

    /// All headers with lower-case names, as signatures want them.
    pub(super) fn headers(&self) -> Vec<(String, String)> {
        let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into();
        self.request
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), text(value)))
            .collect()
    }

    pub(super) fn body(&self) -> &'a Bytes {
        self.request.body()
    }

    /// The host that was addressed, with its port where one was sent.
    pub(super) fn host(&self) -> Option<&'a str> {
        let header = self.header("host");
        header.or_else(|| {
            self.request
                .uri()
                .authority()
                .map(http::uri::Authority::as_str)
        })
    }

    /// The project: the first label of the host. `None` for an address, for a name of one label
    /// such as `localhost`, and for an endpoint by itself.
    pub(super) fn project(&self) -> Option<&'a str> {
        let host = self.host()?;
        let name = host.rsplit_once(':').map_or(host, |(name, _port)| name);
        if name.starts_with('[') || name.parse::<IpAddr>().is_ok() {
            return None;
        }
        let (project, endpoint) = name.split_once('.')?;
        // `cn-hangzhou.log.aliyuncs.com` is an endpoint by itself: no project stands before it.
        let is_endpoint = endpoint.starts_with("log.");
        (!project.is_empty() && !is_endpoint).then_some(project)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_project_is_the_first_label_of_the_host() {
        for (host, project) in [
            (
                "my-project.cn-hangzhou.log.aliyuncs.com",
                Some("my-project"),
            ),
            ("my-project.127.0.0.1:8080", Some("my-project")),
            ("my-project.localhost:8080", Some("my-project")),
            ("my-project.sls.test", Some("my-project")),
            ("cn-hangzhou.log.aliyuncs.com", None),
            ("cn-sandbox.log.example:80", None),
            ("127.0.0.1:8080", None),
            ("127.0.0.1", None),
            ("[::1]:8080", None),
            ("localhost:8080", None),
        ] {
            let request = http::Request::get("/").header("host", host);
            let request = request.body(Bytes::new()).unwrap();
            assert_eq!(Incoming::new(&request).project(), project, "{host}");
        }
    }

    #[test]
    fn a_target_in_absolute_form_is_read_by_its_path() {
        let request = http::Request::get("http://p.sls.test:80/logstores/a%2Db?x=a+b%20c")
            .body(Bytes::new())
            .unwrap();
        let incoming = Incoming::new(&request);
        assert_eq!(incoming.path(), "/logstores/a%2Db");
        assert_eq!(incoming.segments(), ["logstores", "a-b"]);
        assert_eq!(incoming.param("x"), Some("a b c"));
        assert_eq!(incoming.project(), Some("p"));
    }
}
