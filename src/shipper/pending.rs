//! Futures that may be under way, or due, between turns of a `select!`.

use std::pin::Pin;

use futures_util::future::BoxFuture;
use tokio::time::Instant;

/// Polls the future that is there, and clears its place when it is done; for ever pending where
/// there is none. Cancel safe: the future stays in its place.
pub(super) async fn resolve<T>(place: &mut Option<BoxFuture<'static, T>>) -> T {
    let value = match place.as_mut() {
        Some(future) => Pin::new(future).await,
        None => std::future::pending().await,
    };
    *place = None;
    value
}

/// Sleeps until then; for ever without a time.
pub(super) async fn sleep_until(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}
