//! Column names: what Table Store is believed to take, what it turned out to refuse, and the
//! names that go out instead.
//!
//! The vendor documents `[A-Za-z_][A-Za-z0-9_]*` and refuses the *whole batch* for one name that
//! it does not like; the original shipper's own manual uses `user-agent`. So a name of letters,
//! digits, `_` and `-` goes out as it is, and what is refused is learned, once for all shards.
//!
//! Names can be data (user ids, say), new in every log. So what is known of them is bounded, and
//! once enough names with a `-` fared alike, the others are not tried out any more.

use std::borrow::Cow;
use std::hash::{BuildHasher as _, Hash};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use foldhash::fast::FixedState;
use hashbrown::HashSet;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tracing::{info, warn};

use super::latest::Latest;
use crate::shipper::settings::ColumnNames;
use crate::tablestore::is_documented_name;
use crate::telemetry::Allowance;

/// The longest name that Table Store takes, in bytes.
const MAX_NAME_BYTES: usize = 255;

/// So many names tell how the service takes a `-`: more than a rule about single names would have,
/// few enough that finding out costs nothing.
const ENOUGH: usize = 16;

/// What is known of names, shared by all shards.
#[derive(Debug)]
pub(in crate::shipper) struct NameBook {
    policy: ColumnNames,
    known: std::sync::Mutex<Known>,
    /// Goes up whenever a verdict changes, so that caches know.
    version: AtomicU64,
    /// Goes up whenever a name is refused.
    edition: AtomicU64,
    /// Held while a batch with unproven names is in flight: one refused request per name, not one
    /// per batch in flight.
    probe: Arc<Semaphore>,
}

#[derive(Debug, Default)]
struct Known {
    /// Names as sent that Table Store takes, up to [`ENOUGH`]; then it takes all.
    accepted: HashSet<Box<str>>,
    /// Names that it refused, and from which edition of the book on this is known.
    refused: Latest<Box<str>, u64>,
    /// From which edition on every name with a `-` is taken for refused, none having been accepted.
    all_refused: Option<u64>,
    /// Whether a name may have been refused, or sent, that is not known any more.
    has_forgotten: bool,
    /// Digests of what was logged already: of names that were repaired, and of clashes.
    logged: Latest<u64, ()>,
    lines: Allowance,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Accepted,
    /// From this edition of the book on.
    Refused {
        since: u64,
    },
}

impl Known {
    /// What Table Store says, or would say, of a name as sent that is not as documented.
    fn verdict(&self, sent: &str) -> Option<Verdict> {
        if let Some(&since) = self.refused.get(sent) {
            return Some(Verdict::Refused { since });
        }
        if self.accepted.len() >= ENOUGH || self.accepted.contains(sent) {
            return Some(Verdict::Accepted);
        }
        self.all_refused.map(|since| Verdict::Refused { since })
    }

    /// Whether a line about this is to be written: once, and no flood.
    fn is_news(&mut self, what: impl Hash) -> bool {
        let digest = FixedState::default().hash_one(what);
        if self.logged.get(&digest).is_some() {
            return false;
        }
        self.logged.insert(digest, ());
        self.lines.take(LINES)
    }
}

/// What the lines are about that a flood leaves out.
const LINES: &str = "repaired column names";

/// The column that a log's name ends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::shipper) struct Outgoing {
    /// The name that is sent.
    pub(in crate::shipper) name: String,
    /// Whether it is the log's own name.
    pub(in crate::shipper) is_own: bool,
    /// Whether Table Store is known to take it: documented, or accepted before.
    pub(in crate::shipper) is_proven: bool,
}

impl NameBook {
    pub(in crate::shipper) fn new(policy: ColumnNames) -> Self {
        Self {
            policy,
            known: std::sync::Mutex::default(),
            version: AtomicU64::new(0),
            edition: AtomicU64::new(0),
            probe: Arc::new(Semaphore::new(1)),
        }
    }

    /// A number that changes whenever [`Self::outgoing`] may answer differently.
    pub(in crate::shipper) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// A number that changes whenever columns get other names: two rows of one edition have the
    /// same columns in the same order.
    pub(in crate::shipper) fn edition(&self) -> u64 {
        self.edition.load(Ordering::Acquire)
    }

    /// The column for a log's own `name`; `None` where the policy leaves it out.
    pub(in crate::shipper) fn outgoing(&self, name: &str) -> Option<Outgoing> {
        let own = || Outgoing {
            name: name.to_owned(),
            is_own: true,
            is_proven: true,
        };
        if self.policy == ColumnNames::Exact || is_documented_name(name.as_bytes()) {
            // A refused documented name cannot be repaired; nor is an exact one.
            return Some(own());
        }
        let mut sent = usable(name);
        let mut known = self.known();
        let verdict = known.verdict(&sent);
        if matches!(verdict, Some(Verdict::Refused { .. })) {
            sent = Cow::Owned(documented(&sent));
        }
        let is_own = sent == name;
        let is_dropped = !is_own && self.policy == ColumnNames::Drop;
        if !is_own && known.is_news(name) {
            if is_dropped {
                warn!(name, "column left out: Table Store refuses its name");
            } else {
                info!(
                    name,
                    sent = &*sent,
                    "column renamed: Table Store refuses its name"
                );
            }
        }
        if is_dropped {
            return None;
        }
        let is_proven = is_documented_name(sent.as_bytes()) || verdict == Some(Verdict::Accepted);
        Some(Outgoing {
            name: sent.into_owned(),
            is_own,
            is_proven,
        })
    }

    /// Logs, once, that two names of one log end on one column.
    pub(in crate::shipper) fn log_clash(&self, sent: &str, left_out: &str) {
        if self.known().is_news((sent, left_out)) {
            warn!(
                column = sent,
                left_out, "two fields of one log end on one column name"
            );
        }
    }

    /// Tells how many lines were left out, where a window has ended since.
    pub(in crate::shipper) fn flush_lines(&self) {
        self.known().lines.flush(LINES);
    }

    /// Learns that Table Store refuses `sent`, of a batch that was encoded by this `edition` of
    /// the book; `is_unproven` says whether the batch had the name to find out about it.
    ///
    /// `false` where it would be sent again as it is: the policy forbids repair, the name is as
    /// plain as can be, was known to be refused, or is none that we send.
    pub(in crate::shipper) fn learn_refused(
        &self,
        sent: &str,
        is_unproven: bool,
        edition: u64,
    ) -> bool {
        if self.policy == ColumnNames::Exact || is_documented_name(sent.as_bytes()) {
            return false;
        }
        let mut known = self.known();
        match known.verdict(sent) {
            Some(Verdict::Refused { since }) => return since > edition,
            None if !is_unproven && !known.has_forgotten => return false,
            Some(Verdict::Accepted) | None => {}
        }
        let since = self.edition() + 1;
        known.has_forgotten |= known.refused.insert(sent.into(), since);
        if known.accepted.is_empty() && known.refused.len() >= ENOUGH && known.all_refused.is_none()
        {
            info!("Table Store takes no column name with a hyphen: all are repaired from now on");
            known.all_refused = Some(since);
        }
        // Last, so that whoever sees the new edition finds the new names.
        self.edition.store(since, Ordering::Release);
        self.version.fetch_add(1, Ordering::AcqRel);
        true
    }

    /// Learns that Table Store takes `sent`; what it refused before stays refused.
    pub(in crate::shipper) fn learn_accepted(&self, sent: &str) {
        let mut known = self.known();
        if known.verdict(sent).is_none() {
            known.accepted.insert(sent.into());
            if known.accepted.len() == ENOUGH {
                info!("Table Store takes column names with a hyphen: others are not tried out");
            }
            self.version.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// The right to send a batch with unproven names; there is one.
    pub(in crate::shipper) async fn acquire_probe(self: Arc<Self>) -> OwnedSemaphorePermit {
        let probe = Arc::clone(&self.probe);
        probe
            .acquire_owned()
            .await
            .expect("the semaphore of probes is never closed")
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// The column name that Table Store complains of, as in `Invalid column name: 'user-agent'.`
pub(in crate::shipper) fn refused_name(message: &str) -> Option<&str> {
    let (before, rest) = message.split_once('\'')?;
    let (name, _) = rest.rsplit_once('\'')?;
    before
        .to_ascii_lowercase()
        .contains("column name")
        .then_some(name)
}

/// A name of letters, digits, `_` and `-` that does not start with a digit and is short enough.
fn usable(name: &str) -> Cow<'_, str> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    let bytes = name.as_bytes();
    let starts_well = bytes.first().is_some_and(|byte| !byte.is_ascii_digit());
    if starts_well && bytes.len() <= MAX_NAME_BYTES && bytes.iter().all(|byte| is_allowed(*byte)) {
        return Cow::Borrowed(name);
    }
    let mut sent = String::with_capacity(bytes.len() + 1);
    if !starts_well {
        sent.push('_');
    }
    sent.extend(bytes.iter().map(|byte| {
        if is_allowed(*byte) {
            char::from(*byte)
        } else {
            '_'
        }
    }));
    if sent.len() > MAX_NAME_BYTES {
        // The checksum keeps two long names with one beginning apart.
        sent.truncate(MAX_NAME_BYTES - 9);
        sent = format!("{sent}_{:08x}", crc32fast::hash(bytes));
    }
    Cow::Owned(sent)
}

/// A usable name without the `-` that the documented rule does not know.
fn documented(usable: &str) -> String {
    usable.replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(book: &NameBook, name: &str) -> String {
        book.outgoing(name).unwrap().name
    }

    #[test]
    fn repairs_are_the_documented_ones() {
        let book = NameBook::new(ColumnNames::Repair);
        for (name, expected) in [
            ("user-agent", "user-agent"),
            ("__tag__:__hostname__", "__tag_____hostname__"),
            ("1st", "_1st"),
            ("größe", "gr____e"),
            ("", "_"),
            ("a.b c", "a_b_c"),
        ] {
            assert_eq!(sent(&book, name), expected);
        }
    }

    #[test]
    fn long_names_stay_apart() {
        let book = NameBook::new(ColumnNames::Repair);
        let (one, two) = (sent(&book, &"a".repeat(300)), sent(&book, &"a".repeat(301)));
        assert_eq!((one.len(), two.len()), (255, 255));
        assert_ne!(one, two);
        let crc = format!("_{:08x}", crc32fast::hash("a".repeat(300).as_bytes()));
        assert!(one.ends_with(&crc), "{one}");
        assert_eq!(sent(&book, &"a".repeat(255)), "a".repeat(255));
        assert_eq!(sent(&book, &"1".repeat(255)).len(), 255);
    }

    #[test]
    fn a_refused_name_is_repaired_from_then_on() {
        let book = NameBook::new(ColumnNames::Repair);
        let before = book.version();
        assert!(!book.outgoing("user-agent").unwrap().is_proven);
        assert!(book.learn_refused("user-agent", true, 0));
        assert!(book.version() > before);
        let after = book.outgoing("user-agent").unwrap();
        assert_eq!(
            (after.name.as_str(), after.is_own, after.is_proven),
            ("user_agent", false, true)
        );
        assert!(
            !book.learn_refused("user_agent", true, 0),
            "there is nothing left to repair"
        );
        assert!(
            book.learn_refused("user-agent", true, 0),
            "other batches had the name too"
        );
        assert!(
            !book.learn_refused("user-agent", false, book.edition()),
            "batches since then have not"
        );
        book.learn_accepted("user-agent");
        assert_eq!(book.outgoing("user-agent").unwrap().name, "user_agent");
    }

    #[test]
    fn an_accepted_name_needs_no_probe() {
        let book = NameBook::new(ColumnNames::Repair);
        book.learn_accepted("user-agent");
        assert!(book.outgoing("user-agent").unwrap().is_proven);
    }

    #[test]
    fn names_that_are_data_are_not_tried_out_for_ever() {
        let book = NameBook::new(ColumnNames::Repair);
        for user in 0..100_000 {
            let name = format!("user-{user}");
            if !book.outgoing(&name).unwrap().is_proven {
                book.learn_accepted(&name);
            }
        }
        assert_eq!(book.version(), 16, "mappers start afresh each time");
        assert!(book.outgoing("x-y").unwrap().is_proven);
        // One that is refused all the same is learned, and is the only one.
        assert!(book.learn_refused("x-y", false, book.edition()));
        assert_eq!(sent(&book, "x-y"), "x_y");
        assert_eq!(sent(&book, "x-z"), "x-z");
        assert!(!book.learn_refused("x-y", false, book.edition()));
    }

    #[test]
    fn where_many_names_are_refused_and_none_accepted_all_are_repaired() {
        let book = NameBook::new(ColumnNames::Repair);
        let names = (0..ENOUGH).map(|user| format!("user-{user}"));
        let in_flight = book.edition();
        for name in names {
            assert_eq!(sent(&book, "user-x"), "user-x");
            assert!(book.learn_refused(&name, true, book.edition()));
        }
        let after = book.outgoing("user-x").unwrap();
        assert_eq!(
            (after.name.as_str(), after.is_own, after.is_proven),
            ("user_x", false, true)
        );
        assert!(
            book.learn_refused("user-x", true, in_flight),
            "a batch in flight had it, and is encoded anew"
        );
        assert!(!book.learn_refused("user-x", true, book.edition()));
        book.learn_accepted("user-y");
        assert_eq!(sent(&book, "user-y"), "user_y");
    }

    #[test]
    fn a_name_that_was_forgotten_is_learned_again() {
        let book = NameBook::new(ColumnNames::Repair);
        book.learn_accepted("a-b");
        let name = |number: u32| format!("user-{number}");
        for number in 0..30_000 {
            assert!(book.learn_refused(&name(number), true, book.edition()));
        }
        let known = book.known();
        assert!(known.refused.len() <= 20_000);
        drop(known);
        assert_eq!(sent(&book, &name(29_999)), "user_29999");
        assert_eq!(sent(&book, &name(0)), name(0));
        assert!(
            book.learn_refused(&name(0), false, book.edition()),
            "a mapper may still take it for proven"
        );
        assert_eq!(sent(&book, &name(0)), "user_0");
    }

    #[test]
    fn what_was_logged_is_bounded_and_no_flood() {
        let book = NameBook::new(ColumnNames::Repair);
        let mut known = book.known();
        let news = (0..100_000).filter(|number| known.is_news(number));
        assert_eq!(news.count(), 50);
        assert!(known.logged.len() <= 20_000);
        assert!(!known.is_news(99_999));
    }

    #[test]
    fn drop_leaves_out_and_exact_changes_nothing() {
        let book = NameBook::new(ColumnNames::Drop);
        assert_eq!(book.outgoing("a:b"), None);
        assert!(book.outgoing("a-b").is_some());
        assert!(book.learn_refused("a-b", true, 0));
        assert_eq!(book.outgoing("a-b"), None);
        let book = NameBook::new(ColumnNames::Exact);
        assert_eq!(sent(&book, "a:b"), "a:b");
        assert!(!book.learn_refused("a:b", true, 0));
    }

    #[test]
    fn the_refused_name_is_read_from_the_message() {
        assert_eq!(
            refused_name("Invalid column name: 'user-agent'."),
            Some("user-agent")
        );
        assert_eq!(refused_name("Invalid column name: 'it's'."), Some("it's"));
        assert_eq!(refused_name("Invalid table name: 'x'."), None);
        assert_eq!(refused_name("no quotes"), None);
    }
}
