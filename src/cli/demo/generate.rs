//! Access logs that look like a web server's: deterministic by seed.
//!
//! Visitors come back as often as a flattened Zipf's law has it, ask for pages by the same law, and their
//! browsers fetch what the pages refer to within the next seconds. Two requests of one visitor
//! within one second have the same primary key, `(ip, time)`, and so become one row. About three in a
//! thousand logs lack a field that the primary key needs.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use bytes::Bytes;
use fastrand::Rng;
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use crate::loghub::entry::{Entry, Head};
use crate::loghub::proto::{Content, Log};

/// The first second: 2026-01-01T00:00:00Z. Fixed, so that a seed says everything.
const EPOCH: u32 = 1_767_225_600;

/// Requests in a second, about; and visitors among whom they are.
const REQUESTS_PER_SECOND: u32 = 30;
const VISITORS: u32 = 4000;

/// One log in so many is a bad one, the first of them early on.
const BAD_EVERY: u64 = 350;
const FIRST_BAD: u64 = 9;

/// As web servers write it: `01/Jan/2026:00:00:00 +0000`.
const TIME: &[BorrowedFormatItem<'_>] =
    format_description!("[day]/[month repr:short]/[year]:[hour]:[minute]:[second] +0000");

const PAGES: [&str; 12] = [
    "/",
    "/blog/",
    "/blog/geekery/xvfb-firefox",
    "/projects/",
    "/projects/xdotool/",
    "/articles/dynamic-dns-with-dhcp/",
    "/presentations/logstash-monitorama/",
    "/about/",
    "/blog/tags/puppet?flav=rss20",
    "/articles/ssh-security/",
    "/search?q=%E6%97%A5%E5%BF%97",
    "/blog/geekery/ssl-latency.html",
];

const ASSETS: [&str; 8] = [
    "/style2.css",
    "/reset.css",
    "/images/web/2009/banner.png",
    "/favicon.ico",
    "/js/jquery-3.7.1.min.js",
    "/images/jordan-80.png",
    "/fonts/inter-latin.woff2",
    "/js/app.7f3a1c.js",
];

const OUTSIDE: [&str; 5] = [
    "-",
    "-",
    "https://www.google.com/",
    "https://news.ycombinator.com/",
    "https://www.bing.com/search?q=log+service",
];

const AGENTS: [&str; 8] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Safari/605.1.15",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "curl/8.10.1",
];

const STATUSES: [(u32, &str); 7] = [
    (880, "200"),
    (930, "304"),
    (960, "301"),
    (985, "404"),
    (993, "403"),
    (998, "500"),
    (1000, "503"),
];

/// An endless web server's log.
#[derive(Debug)]
pub(super) struct AccessLogs {
    random: Rng,
    visitors: Zipf,
    pages: Zipf,
    /// Requests that browsers will make, the earliest on top.
    coming: BinaryHeap<Reverse<Request>>,
    /// Seconds since [`EPOCH`], and requests made in the present one.
    second: u32,
    in_second: u32,
    made: u64,
}

/// A request that will be made; ordered by its second, then as it came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Request {
    second: u32,
    number: u64,
    visitor: u32,
    page: usize,
    asset: Option<usize>,
}

impl AccessLogs {
    /// The same seed gives the same logs.
    pub(super) fn new(seed: u64) -> Self {
        Self {
            random: Rng::with_seed(seed),
            visitors: Zipf::new(VISITORS, 25),
            pages: Zipf::new(u32::try_from(PAGES.len()).unwrap_or(1), 0),
            coming: BinaryHeap::new(),
            second: 0,
            in_second: 0,
            made: 0,
        }
    }

    /// What is asked for next: by a browser that still has to fetch something, or by a new visit.
    fn request(&mut self) -> Request {
        self.in_second += 1;
        if self.in_second > REQUESTS_PER_SECOND {
            self.in_second = 0;
            self.second += 1;
        }
        let is_due = |next: &Reverse<Request>| next.0.second <= self.second;
        if self.coming.peek().is_some_and(is_due)
            && let Some(Reverse(request)) = self.coming.pop()
        {
            return Request {
                second: self.second,
                ..request
            };
        }
        self.visit()
    }

    fn visit(&mut self) -> Request {
        let page = Request {
            second: self.second,
            number: self.made,
            visitor: self.visitors.sample(&mut self.random),
            page: usize::try_from(self.pages.sample(&mut self.random)).unwrap_or(0),
            asset: None,
        };
        // Robots fetch the page alone, and browsers mostly have the rest in their cache.
        let assets = match self.random.u32(..10) {
            0..=3 => 0,
            4..=7 => self.random.u64(1..3),
            _ => self.random.u64(3..7),
        };
        let mut second = self.second;
        for number in 0..assets {
            second += self.random.choice([0, 1, 1, 2, 3, 5]).unwrap_or(1);
            self.coming.push(Reverse(Request {
                second,
                number: self.made * 8 + number,
                asset: Some(self.random.usize(..ASSETS.len())),
                ..page
            }));
        }
        page
    }

    fn log(&mut self, request: Request) -> Log {
        let seconds = EPOCH + request.second;
        let random = &mut self.random;
        let roll = random.u32(..1000);
        let status = STATUSES
            .iter()
            .find(|(below, _)| roll < *below)
            .map_or("200", |(_, status)| status);
        let page = PAGES[request.page % PAGES.len()];
        let (url, referer, most) = match request.asset {
            Some(asset) => (
                ASSETS[asset % ASSETS.len()],
                format!("https://www.example.com{page}"),
                250_000,
            ),
            None => (
                page,
                OUTSIDE[random.usize(..OUTSIDE.len())].to_owned(),
                60_000,
            ),
        };
        let bytes = if status == "304" {
            0
        } else {
            random.u32(200..most)
        };
        // A visitor keeps address and browser, whatever the seed's order of events.
        let mut visitor = Rng::with_seed(u64::from(request.visitor) + 1);
        let [a, b, c, d] = [11..=126, 0..=255, 0..=255, 1..=254].map(|range| visitor.u8(range));
        let agent = AGENTS[visitor.usize(..AGENTS.len())];
        let contents = [
            ("ip", format!("{a}.{b}.{c}.{d}")),
            ("time", local_time(seconds)),
            ("url", format!("GET {url} HTTP/1.1")),
            ("status", status.to_owned()),
            ("bytes", bytes.to_string()),
            ("referer", referer),
            ("user-agent", agent.to_owned()),
        ];
        let missing = self.missing_field();
        Log {
            time: seconds,
            contents: contents
                .into_iter()
                .filter(|(key, _)| Some(*key) != missing)
                .map(|(key, value)| Content::new(key, value))
                .collect(),
            time_ns: None,
        }
    }

    /// What a bad log lacks; `None` for a good one.
    fn missing_field(&self) -> Option<&'static str> {
        let turn = self.made / BAD_EVERY;
        let missing = if turn.is_multiple_of(3) { "ip" } else { "time" };
        (self.made % BAD_EVERY == FIRST_BAD).then_some(missing)
    }
}

impl Iterator for AccessLogs {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        let request = self.request();
        let log = self.log(request);
        self.made += 1;
        let head = Head {
            topic: Some(Bytes::from_static(b"access")),
            source: Some(Bytes::from_static(b"10.170.148.237")),
            tags: Vec::new(),
        };
        Some(Entry { head, log })
    }
}

fn local_time(seconds: u32) -> String {
    OffsetDateTime::from_unix_timestamp(seconds.into())
        .ok()
        .and_then(|moment| moment.format(TIME).ok())
        .unwrap_or_default()
}

/// Ranks from 0, each as likely as 1 / (rank + 1 + flat): `flat` keeps the first from ruling.
#[derive(Debug)]
struct Zipf {
    /// For each rank, how likely it or an earlier one is.
    cumulated: Vec<f64>,
}

impl Zipf {
    fn new(ranks: u32, flat: u32) -> Self {
        let mut sum = 0.0;
        let mut cumulated: Vec<_> = (1..=ranks)
            .map(|rank| {
                sum += 1.0 / f64::from(rank + flat);
                sum
            })
            .collect();
        for share in &mut cumulated {
            *share /= sum;
        }
        Self { cumulated }
    }

    fn sample(&self, random: &mut Rng) -> u32 {
        let at = random.f64();
        let rank = self.cumulated.partition_point(|share| *share < at);
        u32::try_from(rank.min(self.cumulated.len() - 1)).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn value(entry: &Entry, name: &str) -> Option<Bytes> {
        let mut contents = entry.log.contents.iter();
        contents
            .find(|content| content.key == name)
            .map(|content| content.value.clone())
    }

    #[test]
    fn a_seed_says_everything() {
        let logs = |seed| AccessLogs::new(seed).take(3000).collect::<Vec<_>>();
        assert_eq!(logs(7), logs(7));
        assert_ne!(logs(7), logs(8));
    }

    #[test]
    fn some_keys_repeat_and_some_logs_have_none() {
        let logs: Vec<_> = AccessLogs::new(1).take(20_000).collect();
        let keys: Vec<_> = logs
            .iter()
            .filter_map(|log| Some((value(log, "ip")?, value(log, "time")?)))
            .collect();
        let bad = logs.len() - keys.len();
        let distinct = keys.iter().collect::<HashSet<_>>().len();
        let merged = keys.len() - distinct;
        assert!((40..=80).contains(&bad), "{bad}");
        assert!((400..=3000).contains(&merged), "{merged}");
        assert_eq!(value(&logs[9], "ip"), None);
    }

    #[test]
    fn logs_look_like_a_web_servers() {
        let log = AccessLogs::new(1).next().unwrap();
        assert_eq!(value(&log, "time").unwrap(), "01/Jan/2026:00:00:00 +0000");
        assert!(value(&log, "url").unwrap().starts_with(b"GET /"));
        assert_eq!(log.log.contents.len(), 7);
        let times: Vec<_> = AccessLogs::new(1)
            .take(2000)
            .map(|log| log.log.time)
            .collect();
        assert!(times.is_sorted());
    }
}
