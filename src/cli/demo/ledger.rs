//! The ledger: where every log went. Pure arithmetic on counts that were taken in different places.

use std::time::Duration;

use crate::cli::output::count;

/// Counts of one demo, each from a source of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Ledger {
    /// Logs that Log Service acknowledged.
    pub(super) put: u64,
    /// Logs that the shipper says it pulled.
    pub(super) read: u64,
    /// Logs whose row the shipper says was acknowledged.
    pub(super) written: u64,
    /// Logs that the shipper says it skipped.
    pub(super) skipped: u64,
    /// Logs whose row the shipper says was refused for good.
    pub(super) refused: u64,
    /// Logs that the shipper says it keeps as dead letters: neither skipped nor refused.
    pub(super) dead_lettered: u64,
    /// Of the letters that were found, those of logs that cannot become a row, and those of logs
    /// that Table Store refused.
    pub(super) unusable_letters: u64,
    pub(super) refused_letters: u64,
    /// Rows that a read of the whole table found.
    pub(super) rows: u64,
    /// Of them, those whose key no log of the input has.
    pub(super) foreign_rows: u64,
    /// Different primary keys in the input.
    pub(super) distinct_keys: u64,
    /// Logs of the input that cannot become a row.
    pub(super) without_key: u64,
}

impl Ledger {
    /// Logs that went into a row that an earlier one had made.
    pub(super) fn merged(&self) -> u64 {
        self.written.saturating_sub(self.rows)
    }

    /// Everything that does not add up, in words; empty where the ledger balances.
    pub(super) fn differences(&self) -> Vec<String> {
        let decided = self.written + self.skipped + self.refused + self.dead_lettered;
        let pairs = [
            (self.put, "logs put", self.read, "logs read"),
            (
                self.read,
                "logs read",
                decided,
                "logs written, skipped, refused or dead-lettered",
            ),
            (
                self.dead_lettered,
                "logs dead-lettered",
                self.unusable_letters + self.refused_letters,
                "letters found",
            ),
            (
                self.skipped + self.unusable_letters,
                "logs skipped or kept as unusable",
                self.without_key,
                "logs of the input without a usable primary key",
            ),
        ];
        let mut differences: Vec<_> = pairs
            .into_iter()
            .filter(|(one, _, other, _)| one != other)
            .map(|(one, what, other, of_what)| {
                format!("{} {what}, but {} {of_what}", count(one), count(other))
            })
            .collect();
        // A refused log's key has no row unless another log made it.
        let refused = self.refused + self.refused_letters;
        let least = self.distinct_keys.saturating_sub(refused);
        if !(least..=self.distinct_keys).contains(&self.rows) {
            differences.push(format!(
                "{} rows in the table, but {} different keys in the input",
                count(self.rows),
                count(self.distinct_keys)
            ));
        }
        if self.rows > self.written {
            differences.push(format!(
                "{} rows in the table, but {} logs written",
                count(self.rows),
                count(self.written)
            ));
        }
        if self.foreign_rows > 0 {
            differences.push(format!(
                "{} rows in the table with a key that no log has",
                count(self.foreign_rows)
            ));
        }
        differences
    }
}

/// How long logs took from the acknowledgement of their put to their row, in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Latencies {
    millis: Vec<u64>,
}

impl Latencies {
    /// Notes one log. A row may be there before the answer to its put arrived: that is 0.
    pub(super) fn add(&mut self, stored_millis: i64, row_millis: i64) {
        let millis = row_millis.saturating_sub(stored_millis);
        self.millis.push(u64::try_from(millis).unwrap_or(0));
    }

    /// The latency that so many of a hundred logs do not exceed; `None` without logs.
    pub(super) fn percentile(&mut self, percent: usize) -> Option<Duration> {
        self.millis.sort_unstable();
        let rank = (self.millis.len() * percent).div_ceil(100).max(1) - 1;
        self.millis
            .get(rank)
            .map(|millis| Duration::from_millis(*millis))
    }

    /// How many logs.
    pub(super) fn len(&self) -> u64 {
        u64::try_from(self.millis.len()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: Ledger = Ledger {
        put: 1000,
        read: 1000,
        written: 990,
        skipped: 10,
        refused: 0,
        dead_lettered: 0,
        unusable_letters: 0,
        refused_letters: 0,
        rows: 930,
        foreign_rows: 0,
        distinct_keys: 930,
        without_key: 10,
    };

    #[test]
    fn a_ledger_balances_or_says_what_differs() {
        assert_eq!(GOOD.differences(), [""; 0]);
        assert_eq!(GOOD.merged(), 60);
        let cases = [
            (
                Ledger { read: 1200, ..GOOD },
                "1,000 logs put, but 1,200 logs read",
            ),
            (
                Ledger {
                    written: 989,
                    ..GOOD
                },
                "1,000 logs read, but 999 logs written, skipped, refused or dead-lettered",
            ),
            (
                Ledger {
                    without_key: 9,
                    ..GOOD
                },
                "10 logs skipped or kept as unusable, but 9 logs of the input without a usable primary key",
            ),
            (
                Ledger { rows: 929, ..GOOD },
                "929 rows in the table, but 930 different keys in the input",
            ),
            (
                Ledger {
                    foreign_rows: 1,
                    ..GOOD
                },
                "1 rows in the table with a key that no log has",
            ),
        ];
        for (ledger, difference) in cases {
            let found = ledger.differences();
            assert!(found.iter().any(|found| found == difference), "{found:?}");
        }
    }

    #[test]
    fn letters_are_counted_where_they_lie() {
        let kept = Ledger {
            written: 989,
            skipped: 3,
            dead_lettered: 8,
            unusable_letters: 7,
            refused_letters: 1,
            ..GOOD
        };
        assert_eq!(kept.differences(), [""; 0]);
        let lost = Ledger {
            refused_letters: 0,
            ..kept
        };
        assert_eq!(
            lost.differences(),
            ["8 logs dead-lettered, but 7 letters found"]
        );
    }

    #[test]
    fn a_refused_log_may_lack_its_row() {
        let refused = Ledger {
            written: 989,
            refused: 1,
            ..GOOD
        };
        assert_eq!(refused.differences(), [""; 0]);
        assert_eq!(
            Ledger {
                rows: 929,
                ..refused
            }
            .differences(),
            [""; 0]
        );
        assert_eq!(
            Ledger {
                rows: 928,
                ..refused
            }
            .differences()
            .len(),
            1
        );
    }

    #[test]
    fn percentiles_are_of_the_logs_themselves() {
        let mut latencies = Latencies::default();
        assert_eq!(latencies.percentile(50), None);
        for millis in (1..=200).rev() {
            latencies.add(1000, 1000 + millis);
        }
        latencies.add(1000, 990);
        assert_eq!(latencies.percentile(50), Some(Duration::from_millis(100)));
        assert_eq!(latencies.percentile(99), Some(Duration::from_millis(198)));
        assert_eq!(latencies.percentile(100), Some(Duration::from_millis(200)));
        assert_eq!(latencies.len(), 201);
    }
}
