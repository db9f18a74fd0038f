//! A small world in the sandbox, requests to it, and what every answer must be.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, Uri};
use loghub_shipper::loghub::compression::{Compression, compress, decompress};
use loghub_shipper::loghub::decode::{LogGroupList, walk_log};
use loghub_shipper::loghub::proto::{Content, Log, LogGroup};
use loghub_shipper::sandbox::{Cut, Sandbox, Service, Settings, TableSpec};
use loghub_shipper::tablestore::{PrimaryKeyColumn, PrimaryKeyType, TableName, proto};
use loghub_shipper::transport::{AccessKey, Clock, Secret};
use loghub_shipper::{loghub, tablestore};
use prost::Message as _;
use tokio::runtime::Runtime;

use super::script::{Sent, Way};

const KEY_ID: &str = "testAccessKeyId";
const SECRET: &str = "testAccessKeySecret";
const REGION: &str = "cn-test";

/// 2026-11-22T10:00:00Z: when the recorded requests were signed.
const START: Duration = Duration::from_hours(498_706);

/// The longest that a script may wait at once: consumers time out, cells expire.
const MAX_WAIT: Duration = Duration::from_hours(48);

/// The sandbox with the logstore `logs` of two shards in the project `pro`, the consumer group
/// `g`, and the tables `t` and `keys`. Its time stands still, except for waits.
pub(super) struct Services {
    sandbox: Sandbox,
    clock: Clock,
    time: Runtime,
}

impl Services {
    pub(super) fn new() -> Self {
        let time = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime of one thread needs nothing");
        let clock = time.block_on(async { Clock::starting_at(SystemTime::UNIX_EPOCH + START) });
        let key = AccessKey {
            id: KEY_ID.to_owned(),
            secret: Secret::new(SECRET),
            token: None,
        };
        let sandbox = Sandbox::new(Settings::new(key, clock.clone()));
        let services = Self {
            sandbox,
            clock,
            time,
        };
        services.time.block_on(async { services.furnish() });
        services
    }

    fn furnish(&self) {
        let loghub = self.sandbox.loghub();
        let settled = "a world of its own";
        loghub.create_project("pro").expect(settled);
        loghub.create_logstore("pro", "logs", 2).expect(settled);
        let timeout = Duration::from_secs(30);
        let made = loghub.create_group("pro", "logs", "g", timeout, true);
        made.expect(settled);
        for text in ["one", "two", "three"] {
            let put = loghub.put("pro", "logs", Some(0), &group(text));
            put.expect(settled);
        }
        let tablestore = self.sandbox.tablestore();
        for spec in [table("t", &[("pk", PrimaryKeyType::String, false)]), {
            let key = [
                ("pk", PrimaryKeyType::String, false),
                ("seq", PrimaryKeyType::Integer, true),
                ("bin", PrimaryKeyType::Binary, false),
            ];
            TableSpec {
                max_versions: 3,
                has_index: true,
                ..table("keys", &key)
            }
        }] {
            tablestore.create_table(spec).expect(settled);
        }
    }

    /// Time goes by.
    pub(super) fn wait(&self, millis: u64) {
        let pause = Duration::from_millis(millis).min(MAX_WAIT);
        self.time.block_on(tokio::time::advance(pause));
    }

    /// Sends a request, where what was written is one, and checks the answer.
    pub(super) fn send(&self, sent: &Sent<'_>) {
        drop(self.time.block_on(async { self.exchange(sent) }));
    }

    /// The same, and gives the answer.
    pub(super) fn exchange(&self, sent: &Sent<'_>) -> Option<Response<Bytes>> {
        let (service, is_signed) = match sent.way {
            Way::LogUnsigned => (Service::LogService, false),
            Way::LogVersion1 | Way::LogVersion4 => (Service::LogService, true),
            Way::TableUnsigned => (Service::TableStore, false),
            Way::TableVersion2 | Way::TableVersion4 => (Service::TableStore, true),
            Way::Admin => return self.admin(sent),
        };
        let request = match service {
            Service::LogService => self.log_request(sent)?,
            Service::TableStore => self.table_request(sent)?,
        };
        let is_honest = self.sandbox.faults().pending() == 0;
        let reply = self.sandbox.respond(service, &request);
        if !is_honest {
            return None;
        }
        assert_eq!((reply.cut, reply.delay), (Cut::None, Duration::ZERO));
        let response = reply.response;
        let status = response.status().as_u16();
        assert!(matches!(status, 200 | 400..500), "status {status}");
        assert!(is_signed || status != 200, "served without a signature");
        match service {
            Service::LogService => check_log_answer(&response),
            Service::TableStore => check_table_answer(&request, &response),
        }
        Some(response)
    }

    /// A question to the sandbox itself; the answer is JSON, in as many lines as it says.
    fn admin(&self, sent: &Sent<'_>) -> Option<Response<Bytes>> {
        let body = Bytes::copy_from_slice(sent.body);
        let response = self.sandbox.admin(&Headers::of(sent).request(sent, body)?);
        assert!(matches!(response.status().as_u16(), 200 | 400..500));
        let text = std::str::from_utf8(response.body()).expect("JSON is text");
        for line in text.lines() {
            let value: serde_json::Value = serde_json::from_str(line).expect("every line is JSON");
            assert!(response.status() == 200 || value["error"].is_string());
        }
        Some(response)
    }

    /// Everything that can be looked at from outside can be looked at.
    pub(super) fn look_around(&self) {
        let look = || {
            let loghub = self.sandbox.loghub();
            drop(loghub.logs("pro", "logs"));
            drop(loghub.group("pro", "logs", "g"));
            let tablestore = self.sandbox.tablestore();
            for name in tablestore.table_names() {
                let table = TableName::new(&name).expect("it was let in");
                let rows = tablestore.rows(&table).expect("it was listed");
                assert_eq!(Some(rows.len()), tablestore.row_count(&table));
                let is_sorted = |row: &tablestore::Row| {
                    let names = row.cells.iter().map(|cell| cell.name.as_str());
                    names.is_sorted()
                };
                assert!(rows.iter().all(is_sorted));
                assert!(tablestore.counters(&table).is_some());
            }
            assert!(
                !self
                    .sandbox
                    .recent_calls()
                    .iter()
                    .any(|call| call.status == 500)
            );
        };
        self.time.block_on(async { look() });
    }

    /// How many rows a table has.
    pub(super) fn rows(&self, table: &TableName) -> usize {
        let count = || self.sandbox.tablestore().row_count(table);
        let rows = self.time.block_on(async { count() });
        rows.expect("there is such a table")
    }

    fn log_request(&self, sent: &Sent<'_>) -> Option<Request<Bytes>> {
        let mut headers = Headers::of(sent);
        let mut body = Bytes::copy_from_slice(sent.body);
        let size = body.len().to_string();
        // A body that is to be compressed is written plain in a script.
        if let Some(kind) = headers
            .get("x-log-compresstype")
            .and_then(Compression::parse)
        {
            body = compress(kind, &body).into();
        }
        headers.add("host", "pro.sls.test");
        headers.add("x-log-apiversion", "0.6.0");
        headers.add("x-log-bodyrawsize", &size);
        if !body.is_empty() {
            headers.add("content-type", "application/x-protobuf");
        }
        if sent.way == Way::LogVersion4 {
            headers.add("x-log-date", &self.stamp(true));
            headers.add("x-log-content-sha256", &loghub::sign::content_sha256(&body));
        } else {
            headers.add("x-log-signaturemethod", "hmac-sha1");
            headers.add("date", &httpdate::fmt_http_date(self.clock.now()));
            headers.add("content-md5", &loghub::sign::content_md5(&body));
        }
        let mut request = headers.request(sent, body)?;
        if sent.way != Way::LogUnsigned {
            let signature = log_signature(&request, sent.way);
            let value = HeaderValue::from_bytes(signature.as_bytes()).ok()?;
            request.headers_mut().insert("authorization", value);
        }
        Some(request)
    }

    fn table_request(&self, sent: &Sent<'_>) -> Option<Request<Bytes>> {
        let mut headers = Headers::of(sent);
        let body = Bytes::copy_from_slice(sent.body);
        let stamp = self.stamp(false);
        headers.add("x-ots-date", &stamp);
        headers.add("x-ots-apiversion", "2015-12-31");
        headers.add("x-ots-accesskeyid", KEY_ID);
        headers.add("x-ots-instancename", "emulator1");
        headers.add(
            "x-ots-contentmd5",
            &super::table_answers::content_md5(&body),
        );
        if sent.way == Way::TableVersion4 {
            let day = stamp.split('T').next().unwrap_or_default();
            headers.add("x-ots-signdate", &day.replace('-', ""));
            headers.add("x-ots-signregion", REGION);
        }
        let mut request = headers.request(sent, body)?;
        if sent.way != Way::TableUnsigned {
            let (name, signature) = table_signature(&request, sent.way);
            let value = HeaderValue::from_str(&signature).ok()?;
            request.headers_mut().insert(name, value);
        }
        Some(request)
    }

    /// `20261122T100000Z`, or `2026-11-22T10:00:00.000Z`.
    fn stamp(&self, is_short: bool) -> String {
        let now = self.clock.utc();
        let (year, month, day) = (now.year(), u8::from(now.month()), now.day());
        let (hour, minute, second) = now.to_hms();
        if is_short {
            format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
        } else {
            format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.000Z")
        }
    }
}

/// Headers of a script, and those that go without saying.
struct Headers(Vec<(String, String)>);

impl Headers {
    fn of(sent: &Sent<'_>) -> Self {
        let lower = |(name, value): &(&str, &str)| (name.to_lowercase(), (*value).to_owned());
        Self(sent.headers.iter().map(lower).collect())
    }

    fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(header, _)| header == name);
        found.map(|(_, value)| value.as_str())
    }

    fn add(&mut self, name: &str, value: &str) {
        if self.get(name).is_none() {
            self.0.push((name.to_owned(), value.to_owned()));
        }
    }

    /// The request; `None` where HTTP has no such thing.
    fn request(&self, sent: &Sent<'_>, body: Bytes) -> Option<Request<Bytes>> {
        let mut request = Request::new(body);
        *request.method_mut() = sent.method.parse().ok()?;
        *request.uri_mut() = sent.target.parse::<Uri>().ok()?;
        for (name, value) in &self.0 {
            let name: HeaderName = name.parse().ok()?;
            request.headers_mut().append(name, value.parse().ok()?);
        }
        Some(request)
    }
}

fn log_signature(request: &Request<Bytes>, way: Way) -> String {
    use loghub::sign;
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers: Vec<_> = request
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), text(value)))
        .collect();
    let query = request
        .uri()
        .query()
        .map_or_else(Vec::new, sign::decode_query);
    let parts = sign::Parts {
        method: request.method().as_str(),
        path: request.uri().path(),
        query: &query,
        headers: &headers,
        body: request.body(),
    };
    if way == Way::LogVersion4 {
        let log_date = request
            .headers()
            .get("x-log-date")
            .map(text)
            .unwrap_or_default();
        let date = sign::v4_date(&log_date);
        let canonical = sign::v4_canonical_request(&parts);
        let string = sign::v4_string_to_sign(&canonical, &log_date, REGION);
        let signature = sign::v4_signature(&string, SECRET, date, REGION);
        sign::v4_authorization(KEY_ID, date, REGION, &signature)
    } else {
        let signature = sign::v1_signature(&sign::v1_string_to_sign(&parts), SECRET);
        sign::v1_authorization(KEY_ID, &signature)
    }
}

fn table_signature(request: &Request<Bytes>, way: Way) -> (&'static str, String) {
    use tablestore::sign;
    let headers = texts(request.headers());
    let operation = operation(request);
    if way == Way::TableVersion4 {
        let string = sign::v4_string_to_sign(operation, &headers);
        let signature = sign::v4_signature(&string, &response_key(&headers));
        (sign::V4_SIGNATURE_HEADER, signature)
    } else {
        let string = sign::string_to_sign(operation, &headers);
        (sign::SIGNATURE_HEADER, sign::signature(&string, SECRET))
    }
}

/// What signs in version 4: the request, and its answer.
fn response_key(headers: &[(&str, &str)]) -> String {
    let of = |wanted: &str| {
        let found = headers.iter().find(|(name, _)| *name == wanted);
        found.map_or("", |(_, value)| value.trim())
    };
    tablestore::sign::v4_signing_key(SECRET, of("x-ots-signdate"), of("x-ots-signregion"))
}

fn operation(request: &Request<Bytes>) -> &str {
    request.uri().path().rsplit('/').next().unwrap_or_default()
}

fn texts(headers: &http::HeaderMap) -> Vec<(&str, &str)> {
    headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
        .collect()
}

/// A refusal says what it is; a pull is as its headers say, down to the last log.
fn check_log_answer(response: &Response<Bytes>) {
    let header = |name: &str| response.headers().get(name)?.to_str().ok();
    assert_eq!(header("x-log-requestid").map(str::len), Some(24));
    if response.status() != 200 {
        let body: serde_json::Value =
            serde_json::from_slice(response.body()).expect("refusals are JSON");
        assert!(
            body["errorCode"]
                .as_str()
                .is_some_and(|code| !code.is_empty())
        );
        assert!(body["errorMessage"].is_string());
    } else if let (Some(count), false) = (header("x-log-count"), response.body().is_empty()) {
        let size = header("x-log-bodyrawsize").and_then(|size| size.parse().ok());
        let size: usize = size.expect("a pull tells its size");
        let raw = match header("x-log-compresstype").and_then(Compression::parse) {
            Some(kind) => decompress(kind, response.body(), size).expect("it was compressed"),
            None => response.body().clone(),
        };
        assert_eq!(raw.len(), size);
        let list = LogGroupList::index(raw).expect("what was let in can be read");
        assert_eq!(list.groups().len().to_string(), count);
        for log in list.logs() {
            walk_log(list.data(), *log, |_, _| ()).expect("what was let in can be read");
        }
    }
}

/// An answer is complete and signed; a refusal has a code. Nobody can check the signature of an
/// answer to a request that names no key, or two.
fn check_table_answer(request: &Request<Bytes>, response: &Response<Bytes>) {
    let headers = texts(response.headers());
    for needed in [
        "x-ots-requestid",
        "x-ots-contenttype",
        "x-ots-contentmd5",
        "x-ots-date",
    ] {
        assert!(response.headers().contains_key(needed), "no {needed}");
    }
    if response.status() != 200 {
        let error = proto::Error::decode(response.body().clone()).expect("refusals decode");
        assert!(!error.code.is_empty());
        return;
    }
    let signed = texts(request.headers());
    let key = if request
        .headers()
        .contains_key(tablestore::sign::V4_SIGNATURE_HEADER)
    {
        response_key(&signed)
    } else {
        SECRET.to_owned()
    };
    let string = tablestore::sign::response_string_to_sign(operation(request), &headers);
    let signature = tablestore::sign::response_signature(&string, &key);
    let expected = tablestore::sign::authorization(KEY_ID, &signature);
    assert!(headers.contains(&("authorization", &expected)));
}

fn group(text: &'static str) -> LogGroup {
    LogGroup {
        logs: vec![Log {
            time: 1_700_000_000,
            contents: vec![Content::new("text", text)],
            time_ns: None,
        }],
        topic: Some(Bytes::from_static(b"topic")),
        ..LogGroup::default()
    }
}

fn table(name: &str, key: &[(&str, PrimaryKeyType, bool)]) -> TableSpec {
    let column = |(name, kind, auto_increment): &(&str, PrimaryKeyType, bool)| PrimaryKeyColumn {
        name: (*name).to_owned(),
        kind: *kind,
        auto_increment: *auto_increment,
    };
    let name = TableName::new(name).expect("it is a good name");
    TableSpec::new(name, key.iter().map(column).collect())
}
