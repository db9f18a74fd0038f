//! What is seen while it works: a bar on a terminal, plain lines elsewhere.

use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::time::Instant;

use crate::cli::output::{self, count};
use crate::status::Totals;

/// How often a bar moves.
const BAR: Duration = Duration::from_millis(100);

/// How often a plain line is written.
const LINE: Duration = Duration::from_secs(1);

/// Shows how far the shipper is, on standard error.
#[derive(Debug)]
pub(super) struct Progress {
    total: Option<u64>,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// For so many logs, where it is known. Plain lines go better with a container log.
    pub(super) fn new(total: Option<u64>, is_plain: bool) -> Self {
        let is_seen = std::io::stderr().is_terminal() && !is_plain;
        Self {
            total,
            bar: is_seen.then(|| bar(total)),
        }
    }

    /// Shows `totals` until it is dropped.
    pub(super) async fn show(&self, totals: &Totals) {
        let begun = Instant::now();
        let mut tick = tokio::time::interval(if self.bar.is_some() { BAR } else { LINE });
        tick.tick().await;
        loop {
            tick.tick().await;
            let done = totals.counts().decided();
            match &self.bar {
                Some(bar) => {
                    bar.set_position(done);
                    bar.set_message(self.counts(done, begun.elapsed()));
                }
                None => output::note(&self.line(done, begun.elapsed())),
            }
        }
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn line(&self, done: u64, elapsed: Duration) -> String {
        format!(
            "{:>5.1} s  {}",
            elapsed.as_secs_f64(),
            self.counts(done, elapsed)
        )
    }

    fn counts(&self, done: u64, elapsed: Duration) -> String {
        let of = self.total.map(|total| format!(" of {}", count(total)));
        let rate = count(output::per_second(done, elapsed));
        format!(
            "{}{} logs shipped, {rate} logs/s",
            count(done),
            of.unwrap_or_default()
        )
    }
}

/// Fits into 80 columns.
fn bar(total: Option<u64>) -> ProgressBar {
    let template = match total {
        Some(_) => "  {bar:24} {percent:>3}%  {msg}",
        None => "  {spinner} {msg}",
    };
    let style = ProgressStyle::with_template(template).expect("the template is a good one");
    let target = ProgressDrawTarget::stderr();
    ProgressBar::with_draw_target(total, target).with_style(style)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_far_and_how_fast() {
        let progress = Progress {
            total: Some(100_000),
            bar: None,
        };
        let line = progress.line(25_000, Duration::from_millis(1250));
        assert_eq!(
            line,
            "  1.2 s  25,000 of 100,000 logs shipped, 20,000 logs/s"
        );
        let progress = Progress {
            total: None,
            bar: None,
        };
        assert_eq!(
            progress.line(7, Duration::from_secs(1)),
            "  1.0 s  7 logs shipped, 7 logs/s"
        );
    }
}
