//! Models of what several tasks share, explored by [`shuttle`]: the real pieces, driven by a few
//! tasks that it interleaves in thousands of ways, by chance and from a seed.
//!
//! | model | the piece | what holds in every interleaving |
//! | --- | --- | --- |
//! | `window` | [`Window`](super::window::Window) | no checkpoint passes what is not written |
//! | `budget` | [`Budget`](super::budget::Budget) | never more than there is, nothing leaks, everybody is served |
//! | `limiter` | [`Limiter`](super::limiter::Limiter) | the same, while the limit moves |
//! | `lease` | [`Lease`](super::lease::Lease) | no write reaches the table behind the end of the lease |
//! | `lanes` | [`Batcher`](super::batcher::Batcher) | no key in two batches, the table of a naive fold, the checkpoint behind it |
//!
//! Each can fail: it finds the [`Mistake`] that is planted in its piece for that. The semaphores of
//! tokio are not taken apart: a call of theirs is one step, and tokio has models of its own. Between
//! calls the tasks are interleaved wherever they wait, take a lock of shuttle's, or [`step`].

mod budget;
mod lanes;
mod lease;
mod limiter;
mod window;

use std::any::Any;
use std::cell::Cell;

use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::{Config, Runner};

use crate::mistakes::{Mistake, plant};

/// Where every exploration begins.
const SEED: u64 = 0x10_6b;

/// Interleavings with few switches at well-chosen places; so many of these.
const SWITCHES: usize = 3;

/// Stack of a task in bytes: unoptimised code takes a lot.
const STACK_BYTES: usize = 1 << 20;

thread_local! {
    static IS_MODEL: Cell<bool> = const { Cell::new(false) };
}

/// In a model, others may go first here. Elsewhere nothing happens.
pub(in crate::shipper) fn step() {
    if IS_MODEL.get() {
        shuttle::thread::yield_now();
    }
}

/// Runs a model in so many interleavings, by chance and with few switches.
fn explore(model: fn(), interleavings: usize) {
    run(model, interleavings, None).expect("the model holds");
}

/// The model notices this mistake, with some of these words.
#[track_caller]
fn finds(mistake: Mistake, words: &[&str], model: fn(), interleavings: usize) {
    let panic = run(model, interleavings, Some(mistake)).expect_err("the mistake is not noticed");
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or_default();
    let is_it = words.iter().any(|words| text.contains(words));
    assert!(is_it, "noticed by chance: {text}");
}

/// On a thread of its own, so that nothing of a model that broke is left behind.
fn run(
    model: fn(),
    interleavings: usize,
    mistake: Option<Mistake>,
) -> Result<(), Box<dyn Any + Send>> {
    let work = move || {
        IS_MODEL.set(true);
        plant(mistake);
        // Pieces that look at the clock see it stand still.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let _clock = runtime.enter();
        let half = interleavings / 2;
        run_with(RandomScheduler::new_from_seed(SEED, half), model);
        run_with(PctScheduler::new_from_seed(SEED, SWITCHES, half), model);
    };
    std::thread::spawn(work).join()
}

fn run_with(scheduler: impl Scheduler + 'static, model: fn()) {
    let mut config = Config::new();
    config.stack_size = STACK_BYTES;
    config.silence_warnings = true;
    Runner::new(scheduler, config).run(model);
}
