//! Column names: what Table Store is believed to take, what it turned out to refuse, and the
//! names that go out instead.
//!
//! The vendor documents `[A-Za-z_][A-Za-z0-9_]*` and refuses the *whole batch* for one name that
//! it does not like; the original shipper's own manual uses `user-agent`. So a name of letters,
//! digits, `_` and `-` goes out as it is, and what is refused is learned, once for all shards.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hashbrown::{HashMap, HashSet};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tracing::{info, warn};

use crate::shipper::settings::ColumnNames;
use crate::tablestore::is_documented_name;

/// The longest name that Table Store takes, in bytes.
const MAX_NAME_BYTES: usize = 255;

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
    /// Names as sent, and what Table Store said of them.
    verdicts: HashMap<Box<str>, Verdict>,
    /// Names whose repair or clash was logged already.
    logged: HashSet<Box<str>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Accepted,
    /// From this edition of the book on.
    Refused {
        since: u64,
    },
}

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
        let verdict = known.verdicts.get(&*sent).copied();
        if matches!(verdict, Some(Verdict::Refused { .. })) {
            sent = Cow::Owned(documented(&sent));
        }
        let is_own = sent == name;
        let is_dropped = !is_own && self.policy == ColumnNames::Drop;
        if !is_own && known.logged.insert(name.into()) {
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
        if self
            .known()
            .logged
            .insert(format!("{sent}\0{left_out}").into())
        {
            warn!(
                column = sent,
                left_out, "two fields of one log end on one column name"
            );
        }
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
        match known.verdicts.get(sent) {
            Some(Verdict::Refused { since }) => return *since > edition,
            None if !is_unproven => return false,
            Some(Verdict::Accepted) | None => {}
        }
        let since = self.edition.fetch_add(1, Ordering::AcqRel) + 1;
        let refused = Verdict::Refused { since };
        known.verdicts.insert(sent.into(), refused);
        self.version.fetch_add(1, Ordering::AcqRel);
        true
    }

    /// Learns that Table Store takes `sent`; what it refused before stays refused.
    pub(in crate::shipper) fn learn_accepted(&self, sent: &str) {
        let mut known = self.known();
        if !known.verdicts.contains_key(sent) {
            known.verdicts.insert(sent.into(), Verdict::Accepted);
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
