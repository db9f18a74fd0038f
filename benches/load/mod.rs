//! The load of every bench: access logs of 480 bytes and 10 fields, two expressions.
//!
//! The same seed gives the same logs. Values look like real ones, so that compression has about
//! as much to do as on real logs; the last one is padded so that each log has the same size.

#![allow(dead_code, reason = "each bench uses its part")]

use std::sync::Arc;

use bytes::Bytes;
use loghub_shipper::loghub::proto::{Content, Log, LogGroup, LogGroupList};
use loghub_shipper::shipper::{RowRules, TransformColumn};
use loghub_shipper::tablestore::{PrimaryKeyColumn, PrimaryKeyType};
use loghub_shipper::transform::Expression;
use prost::Message as _;

/// Bytes of one log in a pull, before compression.
pub(crate) const LOG_BYTES: usize = 480;

/// Logs in one group: what the vendor's agent sends at a time on a busy host.
pub(crate) const GROUP_LOGS: usize = 100;

/// The expressions: an attribute column and one of the primary key.
pub(crate) const TRANSFORMS: [(&str, &str); 2] = [
    ("status", "(->int 10 status)"),
    ("spread", "(crc32 request_id)"),
];

/// The primary key of the target table.
pub(crate) const KEY: [(&str, PrimaryKeyType); 2] = [
    ("spread", PrimaryKeyType::Integer),
    ("request_id", PrimaryKeyType::String),
];

/// Tag and length of a log in its group.
const LOG_HEAD: usize = 3;

/// A log group whose rows are told apart from those of other groups: request ids begin with the
/// group's number, in eight hex digits.
pub(crate) fn group(number: u32, logs: usize) -> LogGroup {
    let mut random = fastrand::Rng::with_seed(u64::from(number));
    LogGroup {
        logs: (0..logs).map(|_| log(number, &mut random)).collect(),
        topic: Some("access".into()),
        source: Some("10.0.2.15".into()),
        ..LogGroup::default()
    }
}

/// Encoded groups with these numbers.
pub(crate) fn groups(numbers: std::ops::Range<u32>) -> Vec<Bytes> {
    numbers
        .map(|number| group(number, GROUP_LOGS).encode_to_vec().into())
        .collect()
}

/// What a pull of `groups` groups brings, before compression.
pub(crate) fn pull(groups: u32) -> Bytes {
    let groups = (0..groups)
        .map(|number| group(number, GROUP_LOGS))
        .collect();
    LogGroupList { groups }.encode_to_vec().into()
}

/// The number of the group that a request id comes from.
pub(crate) fn group_of(request_id: &str) -> Option<u32> {
    u32::from_str_radix(request_id.get(..8)?, 16).ok()
}

/// The rules: two expressions, nothing left out.
pub(crate) fn rules() -> RowRules {
    let transform = |(name, text): (&str, &str)| TransformColumn {
        name: name.to_owned(),
        expression: Expression::parse(text).expect("the expressions are well formed"),
    };
    RowRules {
        transforms: TRANSFORMS.map(transform).into(),
        ..RowRules::default()
    }
}

/// The primary key, as Table Store describes it.
pub(crate) fn schema() -> Arc<[PrimaryKeyColumn]> {
    KEY.map(|(name, kind)| PrimaryKeyColumn {
        name: name.to_owned(),
        kind,
        auto_increment: false,
    })
    .into()
}

fn log(group: u32, random: &mut fastrand::Rng) -> Log {
    let (paths, hosts) = (
        ["cart", "search", "item", "login", "image"],
        ["www", "api", "img"],
    );
    let pick =
        |words: &[&'static str], random: &mut fastrand::Rng| words[random.usize(..words.len())];
    let ip = [10, random.u8(..), random.u8(..), random.u8(..)];
    let url = format!(
        "/{}/{}?page={}&session={:016x}",
        pick(&paths, random),
        random.u32(..1_000_000),
        random.u8(..50),
        random.u64(..)
    );
    let request_id = format!("{group:08x}{:024x}", random.u128(..) >> 32);
    let values = [
        ("request_id", request_id),
        ("ip", ip.map(|part| part.to_string()).join(".")),
        (
            "time",
            format!(
                "23/Nov/2026:19:{:02}:{:02} +0800",
                random.u8(..60),
                random.u8(..60)
            ),
        ),
        (
            "method",
            pick(&["GET", "GET", "GET", "POST"], random).to_owned(),
        ),
        ("url", url),
        (
            "status",
            pick(&["200", "200", "200", "304", "404", "500"], random).to_owned(),
        ),
        ("bytes", random.u32(..100_000).to_string()),
        ("latency", format!("0.{:03}", random.u16(..1000))),
        (
            "referer",
            format!(
                "https://{}.example.com/{}",
                pick(&hosts, random),
                pick(&paths, random)
            ),
        ),
    ];
    let mut log = Log {
        time: 1_795_433_000 + random.u32(..600),
        contents: values.map(|(key, value)| Content::new(key, value)).into(),
        time_ns: None,
    };
    let mut agent = format!(
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.{}.{} Safari/537.36",
        random.u8(90..130),
        random.u16(1000..9999),
        random.u8(10..99)
    );
    let without = log.encoded_len();
    // Tag and length of the content (3 bytes), of its key (2) and of its value (3).
    let padding = LOG_BYTES - LOG_HEAD - without - "user-agent".len() - 8;
    while agent.len() < padding {
        agent.extend([" like/", &random.u16(..).to_string()]);
    }
    agent.truncate(padding);
    log.contents.push(Content::new("user-agent", agent));
    debug_assert_eq!(log.encoded_len() + LOG_HEAD, LOG_BYTES);
    log
}
