//! The wall clock: the one place that reads it. Everything else measures with
//! [`tokio::time::Instant`].

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use time::OffsetDateTime;
use tokio::time::Instant;

/// Where the time of day comes from. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone)]
enum Source {
    /// The system's clock.
    System,
    /// A chosen time of day that advances with tokio's clock, which tests can pause.
    From { time: SystemTime, at: Instant },
    /// Whatever somebody says.
    Told(Arc<dyn Fn() -> SystemTime + Send + Sync>),
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that shows `time` now and advances with [`tokio::time`]. Must be called inside a
    /// runtime when that runtime's clock is paused.
    pub fn starting_at(time: SystemTime) -> Self {
        Self(Source::From {
            time,
            at: Instant::now(),
        })
    }

    /// A clock that shows what `tell` says: one that is wrong, or that a simulation turns.
    pub fn told(tell: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self(Source::Told(Arc::new(tell)))
    }

    /// The present moment.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the place that reads the wall clock"
    )]
    pub fn now(&self) -> SystemTime {
        match &self.0 {
            Source::System => SystemTime::now(),
            Source::From { time, at } => *time + at.elapsed(),
            Source::Told(tell) => tell(),
        }
    }

    /// The present moment in UTC, as calendars and wire dates need it.
    pub fn utc(&self) -> OffsetDateTime {
        OffsetDateTime::from(self.now())
    }

    /// Milliseconds since 1970; 0 on a clock that stands before it.
    pub fn unix_millis(&self) -> i64 {
        i64::try_from(self.since_epoch().as_millis()).unwrap_or(i64::MAX)
    }

    /// Whole seconds since 1970; 0 on a clock that stands before it.
    pub fn unix_seconds(&self) -> u64 {
        self.since_epoch().as_secs()
    }

    fn since_epoch(&self) -> Duration {
        self.now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default()
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System => "System",
            Self::From { .. } => "From",
            Self::Told(_) => "Told",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn advances_with_paused_time() {
        let clock = Clock::starting_at(SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000));
        tokio::time::advance(Duration::from_millis(2500)).await;
        assert_eq!(clock.unix_millis(), 1_700_000_002_500);
        assert_eq!(clock.utc().unix_timestamp(), 1_700_000_002);
    }
}
