//! The one retry loop, and how an error says what to do about it.

use std::time::Duration;

use tokio::time::Instant;

/// What to do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Trying again as it is cannot help.
    Never,
    /// A passing fault: try again soon.
    Backoff,
    /// The service asks for less: try again, and slow down.
    Throttled,
}

/// An error that knows its own verdict, so that no caller matches on strings.
pub trait Retryable {
    /// The verdict.
    fn retry(&self) -> Retry;
}

/// How long to keep trying, and how far apart.
///
/// Pauses double from `first` to `longest`, each shortened by a random part (jitter), so that a
/// crowd of shippers does not come back in step. `longest` is never exceeded.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// Upper bound of the first pause.
    pub first: Duration,
    /// Upper bound of every pause.
    pub longest: Duration,
    /// No new try starts after this much time; `None` = for ever.
    pub total: Option<Duration>,
}

impl Policy {
    /// The pause after so many failures (from 0): as `Self::pauses` has it.
    pub fn pause(&self, failures: u32) -> Duration {
        let doubled = 2u32
            .checked_pow(failures)
            .and_then(|factor| self.first.checked_mul(factor));
        shorten(doubled.unwrap_or(self.longest).min(self.longest))
    }

    /// The pauses between tries, without end: each between half of its bound and the bound.
    fn pauses(&self) -> impl Iterator<Item = Duration> + Send + Sync + use<> {
        let policy = *self;
        (0..).map(move |failures| policy.pause(failures))
    }
}

/// Between half of a bound and the bound.
fn shorten(bound: Duration) -> Duration {
    bound.mul_f64(0.5 + fastrand::f64() / 2.0)
}

/// Runs `attempt` until it succeeds, fails for good, or the policy's total time is over; the last
/// error is returned. `failed` is told of every failure that will be tried again, with its number
/// (from 1).
///
/// Each attempt is a fresh call, so that it is signed anew. Cancel safe where `attempt` is.
pub async fn retry<T, E, A, F>(
    policy: &Policy,
    mut attempt: impl FnMut() -> A,
    mut failed: F,
) -> Result<T, E>
where
    E: Retryable,
    A: Future<Output = Result<T, E>>,
    F: FnMut(&E, u32),
{
    let started = Instant::now();
    let mut pauses = policy.pauses();
    let mut number = 0;
    loop {
        let error = match attempt().await {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        number += 1;
        let pause = pauses.next().unwrap_or(policy.longest);
        let over = policy
            .total
            .is_some_and(|total| started.elapsed() + pause > total);
        if error.retry() == Retry::Never || over {
            return Err(error);
        }
        failed(&error, number);
        tokio::time::sleep(pause).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Fault(Retry);

    impl Retryable for Fault {
        fn retry(&self) -> Retry {
            self.0
        }
    }

    const POLICY: Policy = Policy {
        first: Duration::from_millis(10),
        longest: Duration::from_millis(500),
        total: Some(Duration::from_mins(1)),
    };

    #[test]
    fn pauses_grow_to_the_bound_and_never_pass_it() {
        let pauses: Vec<_> = POLICY.pauses().take(200).collect();
        assert!(
            pauses.iter().all(|pause| *pause <= POLICY.longest),
            "{pauses:?}"
        );
        assert!(pauses[0] <= POLICY.first);
        assert!(pauses[199] >= POLICY.longest / 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_passing_fault_is_tried_again() {
        let mut left = 3;
        let mut told = 0;
        let outcome = retry(
            &POLICY,
            || {
                left -= 1;
                std::future::ready(if left == 0 {
                    Ok(7)
                } else {
                    Err(Fault(Retry::Backoff))
                })
            },
            |_, _| told += 1,
        )
        .await;
        assert_eq!((outcome, told), (Ok(7), 2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_final_fault_ends_at_once_and_total_time_is_kept() {
        let started = Instant::now();
        let outcome: Result<(), _> =
            retry(&POLICY, async || Err(Fault(Retry::Never)), |_, _| ()).await;
        assert_eq!(outcome, Err(Fault(Retry::Never)));
        assert_eq!(started.elapsed(), Duration::ZERO);
        let outcome: Result<(), _> =
            retry(&POLICY, async || Err(Fault(Retry::Throttled)), |_, _| ()).await;
        assert_eq!(outcome, Err(Fault(Retry::Throttled)));
        assert!(started.elapsed() <= Duration::from_mins(1));
    }
}
