//! Files of dead letters.
//!
//! Input: a file.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use loghub_shipper::deadletters::{
    Body, Desk, Destination, Found, Key, Letter, Order, Origin, Reason, Sink, WholeLog, as_pull,
};
use loghub_shipper::loghub::Cursor;
use loghub_shipper::loghub::decode::LogGroupList;
use loghub_shipper::sandbox::{InMemory, Sandbox, Service};
use loghub_shipper::tablestore::{Client, InstanceName};
use loghub_shipper::transport::retry::Policy;
use loghub_shipper::transport::{AccessKey, Clock, Secret};

/// Tries of one exchange.
pub(super) const POLICY: Policy = Policy {
    first: Duration::from_millis(1),
    longest: Duration::from_millis(1),
    total: Some(Duration::ZERO),
};

/// Every line is a letter or told to be none; letters come in order, each once, and are what they
/// say; a replay removes what went through, amends what did not, and leaves alone all the rest, byte
/// for byte; what is stored meanwhile stays, and is not stored twice.
pub fn run(data: &[u8]) {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let path = folder.path().join("dead.jsonl");
    std::fs::write(&path, data).expect("there is room for a file");
    let time = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime of one thread needs nothing");
    time.block_on(replay(&path, data));
    let names: Vec<_> = folder.path().read_dir().expect("it is there").collect();
    assert_eq!(names.len(), 1, "{names:?}");
}

async fn replay(path: &Path, data: &[u8]) {
    let sink = Sink::new(Destination::File(path.to_owned()), &client());
    let before = Lines::of(data);
    let origin = before.origin();
    let letters = read(&sink, &origin, Order::OldestFirst, &before).await;
    let mut back = read(&sink, &origin, Order::NewestFirst, &before).await;
    back.reverse();
    assert_eq!(back, letters);
    letters.iter().for_each(check);

    let mut desk = open(&sink, &origin, Order::OldestFirst).await;
    let (mut gone, mut kept) = (Vec::new(), Vec::new());
    for (at, letter) in letters.iter().enumerate() {
        if at % 2 == 0 {
            gone.push(letter.key.clone());
        } else {
            kept.push((letter.key.clone(), reason()));
        }
    }
    let removed = gone.clone();
    let amended: Vec<_> = kept.iter().map(|(key, _)| key.clone()).collect();
    desk.change(gone, kept).await.expect("files work here");
    let mut late = letters.clone();
    late.extend(letters.first().map(|letter| newer(letter, &letters)));
    let stored = sink.store(late.clone()).await;
    assert!(stored.failed.is_empty(), "{:?}", stored.error);
    desk.close().await.expect("files work here");

    let text = std::fs::read(path).expect("a file is there");
    let after = Lines::of(&text);
    assert_eq!(after.untouched(&letters), before.untouched(&letters));
    let left = read(&sink, &origin, Order::OldestFirst, &after).await;
    let mut expected: Vec<_> = late
        .into_iter()
        .filter(|letter| !removed.contains(&letter.key))
        .map(|letter| Letter {
            reason: if amended.contains(&letter.key) {
                reason()
            } else {
                letter.reason
            },
            ..letter
        })
        .collect();
    expected.sort_by(|left, right| left.key.cmp(&right.key));
    assert_eq!(left, expected);
    for _ in 0..2 {
        let stored = sink.store(letters.clone()).await;
        assert!(stored.failed.is_empty(), "{:?}", stored.error);
    }
    let text = std::fs::read(path).expect("a file is there");
    let again = Lines::of(&text);
    for letter in &letters {
        let expected = after.of_key(&letter.key).count().max(1);
        assert_eq!(again.of_key(&letter.key).count(), expected);
    }
}

/// The letters of a file, after a look at all that was found.
async fn read(sink: &Sink, origin: &Origin, order: Order, lines: &Lines) -> Vec<Letter> {
    let mut desk = open(sink, origin, order).await;
    let (mut letters, mut unreadable) = (Vec::new(), 0);
    while let Some(found) = desk.next(3).await.expect("files work here") {
        assert!((1..=3).contains(&found.len()));
        for found in found {
            match found {
                Found::Letter(letter) => letters.push(*letter),
                Found::Unreadable { place, fault } => {
                    unreadable += 1;
                    assert!(!place.is_empty() && !fault.is_empty());
                }
            }
        }
    }
    assert_eq!(unreadable, lines.spoilt(origin));
    let mut expected = lines.last_of_each(origin);
    if order == Order::NewestFirst {
        expected.reverse();
    }
    assert_eq!(letters, expected);
    letters
}

async fn open(sink: &Sink, origin: &Origin, order: Order) -> Desk {
    let desk = sink.open(origin.clone(), order, POLICY).await;
    desk.expect("files work here")
}

/// A file, read by what the format says.
struct Lines(Vec<Line>);

struct Line {
    text: Vec<u8>,
    /// What it says it is.
    key: Option<Key>,
    letter: Option<Letter>,
}

impl Lines {
    fn of(data: &[u8]) -> Self {
        let lines = data.split(|byte| *byte == b'\n');
        let lines = lines.filter(|line| !line.is_empty()).map(|line| {
            let line = Line {
                text: line.to_owned(),
                key: serde_json::from_slice(line).ok(),
                letter: serde_json::from_slice(line).ok(),
            };
            if let Some(letter) = &line.letter {
                assert_eq!(line.key.as_ref(), Some(&letter.key));
            }
            line
        });
        Self(lines.collect())
    }

    /// Whose letters are looked at: those of the first line that has a key.
    fn origin(&self) -> Origin {
        let key = self.0.iter().find_map(|line| line.key.clone());
        key.map_or_else(
            || Origin {
                project_logstore: "demo|access".to_owned(),
                consumer_group: "shippers".to_owned(),
            },
            |key| Origin {
                project_logstore: key.project_logstore,
                consumer_group: key.consumer_group,
            },
        )
    }

    fn letters(&self) -> impl Iterator<Item = &Letter> {
        self.0.iter().filter_map(|line| line.letter.as_ref())
    }

    fn of_key(&self, key: &Key) -> impl Iterator<Item = &Letter> {
        self.letters().filter(move |letter| letter.key == *key)
    }

    /// The letters of an origin in order, of those with one key the last.
    fn last_of_each(&self, origin: &Origin) -> Vec<Letter> {
        let own = self.letters().filter(|letter| letter.key.is_of(origin));
        let last: BTreeMap<_, _> = own.map(|letter| (&letter.key, letter)).collect();
        last.into_values().cloned().collect()
    }

    /// How many lines are no letters, and do not say that they are somebody else's.
    fn spoilt(&self, origin: &Origin) -> usize {
        let is_spoilt = |line: &&Line| {
            let is_foreign = line.key.as_ref().is_some_and(|key| !key.is_of(origin));
            line.letter.is_none() && !is_foreign && !line.text.trim_ascii().is_empty()
        };
        self.0.iter().filter(is_spoilt).count()
    }

    /// Lines that are not these letters, nor one stored later.
    fn untouched(&self, letters: &[Letter]) -> Vec<&[u8]> {
        let is_touched = |key: &Key| {
            key.position.starts_with(LATE) || letters.iter().any(|letter| letter.key == *key)
        };
        let lines = self.0.iter();
        let others = lines.filter(|line| {
            let letter = line.letter.as_ref();
            !letter.is_some_and(|letter| is_touched(&letter.key))
        });
        others.map(|line| line.text.as_slice()).collect()
    }
}

/// What positions of letters start with that are stored during a replay.
const LATE: &str = "~~late";

/// A letter that no other has the key of.
fn newer(letter: &Letter, letters: &[Letter]) -> Letter {
    let mut key = letter.key.clone();
    LATE.clone_into(&mut key.position);
    while letters.iter().any(|letter| letter.key == key) {
        key.position.push('~');
    }
    Letter {
        key,
        ..letter.clone()
    }
}

fn reason() -> Reason {
    Reason {
        code: "KeyType".to_owned(),
        message: "It is wrong.".to_owned(),
        configuration: "fedcba9876543210".to_owned(),
        replayed_at_millis: Some(5),
    }
}

/// A letter is its JSON; its log is what the mapper will get; its position is a key value.
pub(super) fn check(letter: &Letter) {
    let json = serde_json::to_string(letter).expect("texts and numbers are JSON");
    assert!(!json.contains('\n'));
    let read: Letter = serde_json::from_str(&json).expect("what is written can be read");
    assert_eq!(&read, letter);
    let key: Key = serde_json::from_str(&json).expect("what is written can be read");
    assert_eq!(key, letter.key);

    let log = &letter.log;
    let list = LogGroupList::index(as_pull([log, log])).expect("it is made of log groups");
    let logs = list.groups().iter().map(|group| {
        assert_eq!(group.logs.len(), 1);
        WholeLog::read(&list, group, list.logs()[group.logs.start])
    });
    let logs: Vec<_> = logs.collect();
    assert_eq!(logs.len(), 2);
    // What somebody wrote down as malformed may be a log after all.
    if let (Body::Malformed(_), Body::Log(_)) = (&log.body, &logs[0].body) {
        assert_eq!(logs[0].tags, log.tags);
    } else {
        assert_eq!(logs, [log.clone(), log.clone()]);
    }
    let position = letter.place.position(u64::MAX, &Cursor::new("MTIz"), log);
    assert!(position.len() <= 1024, "{position}");
}

/// A client of a sandbox that holds nothing: a file needs none.
fn client() -> Arc<Client> {
    let clock = Clock::starting_at(SystemTime::UNIX_EPOCH);
    client_of(&sandbox(&clock), &clock)
}

/// A sandbox without anything in it.
pub(super) fn sandbox(clock: &Clock) -> Sandbox {
    Sandbox::new(loghub_shipper::sandbox::Settings::new(key(), clock.clone()))
}

/// A client that calls a sandbox straight.
pub(super) fn client_of(sandbox: &Sandbox, clock: &Clock) -> Arc<Client> {
    let settings = loghub_shipper::tablestore::Settings {
        endpoint: http::Uri::from_static("http://127.0.0.1:80"),
        instance: InstanceName::new("demo").expect("it is a good name"),
        region: None,
        request_timeout: Duration::from_secs(10),
    };
    let way = InMemory::new(sandbox.clone(), Service::TableStore);
    Arc::new(Client::new(settings, key(), Arc::new(way), clock.clone()))
}

fn key() -> AccessKey {
    AccessKey {
        id: "id".to_owned(),
        secret: Secret::new("secret"),
        token: None,
    }
}
