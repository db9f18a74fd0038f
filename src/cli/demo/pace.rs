//! How fast logs are put.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::cli::upload::Chunk;
use crate::status::Totals;

/// How often it is looked whether the shipper has caught up.
const LOOK: Duration = Duration::from_millis(2);

/// Limits of putting; 0 is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pace {
    pub(super) logs_per_second: u64,
    /// Logs put and not decided yet.
    pub(super) ahead: u64,
}

impl Pace {
    /// Passes chunks on, as fast as it may.
    pub(super) async fn pass<N>(
        self,
        mut from: mpsc::Receiver<Chunk<N>>,
        to: mpsc::Sender<Chunk<N>>,
        totals: Arc<Totals>,
    ) {
        let begun = Instant::now();
        let mut passed = 0;
        while let Some(chunk) = from.recv().await {
            if let Some(due) = self.due(passed) {
                tokio::time::sleep_until(begun + due).await;
            }
            while self.ahead > 0 && passed >= totals.counts().decided() + self.ahead {
                tokio::time::sleep(LOOK).await;
            }
            passed += u64::try_from(chunk.len()).unwrap_or(u64::MAX);
            if to.send(chunk).await.is_err() {
                return;
            }
        }
    }

    /// When the log of this number may go; `None` where there is no rate.
    fn due(self, number: u64) -> Option<Duration> {
        let nanos = u128::from(number) * 1_000_000_000 / u128::from(self.logs_per_second).max(1);
        let due = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        (self.logs_per_second > 0).then_some(due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loghub::entry::Entry;

    #[tokio::test(start_paused = true)]
    async fn a_rate_is_kept() {
        let (give, from) = mpsc::channel(10);
        let (to, mut take) = mpsc::channel(10);
        for _ in 0..5 {
            let log = Entry::parse(b"{}", 0).unwrap();
            give.send(vec![(log, ()); 100]).await.unwrap();
        }
        drop(give);
        let pace = Pace {
            logs_per_second: 1000,
            ahead: 0,
        };
        let begun = Instant::now();
        pace.pass(from, to, Arc::default()).await;
        // The last hundred may go when 400 are gone.
        assert_eq!(begun.elapsed().as_millis(), 400);
        assert_eq!(take.recv().await.map(|chunk| chunk.len()), Some(100));
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_goes_while_too_many_are_on_their_way() {
        let (give, from) = mpsc::channel(10);
        let (to, mut take) = mpsc::channel(10);
        for _ in 0..5 {
            let log = Entry::parse(b"{}", 0).unwrap();
            give.send(vec![(log, ()); 100]).await.unwrap();
        }
        let pace = Pace {
            logs_per_second: 0,
            ahead: 150,
        };
        let passing = pace.pass(from, to, Arc::default());
        assert!(
            tokio::time::timeout(Duration::from_secs(5), passing)
                .await
                .is_err()
        );
        let mut count = 0;
        while let Ok(chunk) = take.try_recv() {
            count += chunk.len();
        }
        assert_eq!(count, 200);
    }
}
