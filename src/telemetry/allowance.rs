//! How many lines of one kind the container log takes.

use std::time::Duration;

use tokio::time::Instant;
use tracing::warn;

/// The length of a window.
const WINDOW: Duration = Duration::from_secs(10);

/// Lines of one kind within a window. Enough to see what is going on; a flood of millions is told
/// by its number.
const LINES: u64 = 50;

/// Counts the lines of one kind and says which may be written.
#[derive(Debug, Default)]
pub struct Allowance {
    since: Option<Instant>,
    asked: u64,
}

impl Allowance {
    /// Whether one more line may be written; `what` names the kind when some were left out.
    pub fn take(&mut self, what: &str) -> bool {
        self.flush(what);
        self.since.get_or_insert_with(Instant::now);
        self.asked += 1;
        self.asked <= LINES
    }

    /// Once the window is over, tells how many lines were left out in it.
    pub fn flush(&mut self, what: &str) {
        if self.since.is_some_and(|since| since.elapsed() >= WINDOW) {
            let left_out = self.asked.saturating_sub(LINES);
            if left_out > 0 {
                warn!(
                    left_out,
                    "{what}: lines left out in the last {} s",
                    WINDOW.as_secs()
                );
            }
            *self = Self::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_flood_is_cut_and_the_next_window_begins_afresh() {
        let mut allowance = Allowance::default();
        let allowed = (0..1000).filter(|_| allowance.take("lines")).count();
        assert_eq!(allowed, 50);
        tokio::time::advance(WINDOW).await;
        assert!(allowance.take("lines"));
    }
}
