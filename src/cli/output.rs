//! The two streams: results on standard output, everything else on standard error.

use std::io::{self, Write as _};

/// Writes results. Fails where standard output does, so that a reader that went away ends the
/// command.
#[derive(Debug)]
pub(super) struct Output {
    stream: io::BufWriter<io::Stdout>,
}

impl Output {
    pub(super) fn new() -> Self {
        Self {
            stream: io::BufWriter::new(io::stdout()),
        }
    }

    /// One line, or several.
    pub(super) fn line(&mut self, text: impl std::fmt::Display) -> io::Result<()> {
        writeln!(self.stream, "{text}")
    }

    /// Everything written so far is seen by whoever reads.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// A line for the person at the terminal. One that cannot be written is lost in silence: there is
/// no better place to tell of it.
pub(super) fn note(text: &str) {
    writeln!(io::stderr().lock(), "{text}").unwrap_or_default();
}

/// A number with its thousands apart: `1,234,567`.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut shown = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// A count with its noun, in the plural where there is not exactly one.
pub(super) fn counted(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", count(number))
}

/// Bytes in a unit of three digits or so: `482 B`, `19.8 MB`. Decimal units, as disks and lines have.
pub(super) fn bytes(number: u64) -> String {
    let units = [("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1000)];
    match units.into_iter().find(|(_, size)| number >= *size) {
        None => format!("{number} B"),
        Some((unit, size)) => {
            let tenths = number / (size / 10);
            format!("{}.{} {unit}", count(tenths / 10), tenths % 10)
        }
    }
}

/// How many a second; at least a millisecond is assumed to have passed.
pub(super) fn per_second(number: u64, elapsed: std::time::Duration) -> u64 {
    let millis = elapsed.as_millis().max(1);
    u64::try_from(u128::from(number) * 1000 / millis).unwrap_or(u64::MAX)
}

/// A duration to two places: `0.84 s`.
pub(super) fn seconds(duration: std::time::Duration) -> String {
    format!("{:.2} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn numbers_are_shown_for_people() {
        assert_eq!(
            ["0", "999", "1,000", "1,234,567"],
            [0, 999, 1000, 1_234_567].map(count)
        );
        assert_eq!(counted(1, "log"), "1 log");
        assert_eq!(counted(0, "log"), "0 logs");
        assert_eq!(
            ["0 B", "999 B", "1.0 kB", "19.8 MB", "1.2 GB"],
            [0, 999, 1000, 19_876_543, 1_234_567_890].map(bytes)
        );
        assert_eq!(per_second(500, Duration::from_millis(250)), 2000);
        assert_eq!(per_second(5, Duration::ZERO), 5000);
    }
}
