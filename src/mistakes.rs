//! Mistakes that tests plant in the work, to prove that they would be found.
//!
//! Only debug builds can make them: in a release build `planted` is `false`, and the compiler
//! removes what hangs on it.

#[cfg(debug_assertions)]
use std::cell::Cell;

/// What the work does wrong where a test is to notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mistake {
    /// The checkpoint is that of what was read, not of what is decided.
    CheckpointOfWhatWasRead,
    /// Work goes on behind the end of the lease.
    LeaseIgnored,
    /// At a hand-over, what is in flight is dropped and counts as written.
    LastBatchDropped,
    /// A shard is handed over without a last checkpoint.
    NoLastCheckpoint,
    /// A shard leaves the heartbeat's list when its hand-over begins.
    OffTheListTooEarly,
    /// Shards that come later are not taken up.
    LaterShardsIgnored,
    /// A slot of a batch that failed is never given back.
    SlotLeaks,
    /// A row that was refused in passing frees its key before it is tried again.
    KeyFreedEarly,
    /// Logs do not wait for a row of their key that is in flight.
    KeysNotHeld,
    /// Of logs that become one row, only the last is written.
    EarlierColumnsForgotten,
    /// Of logs that become one row, the first one's values win.
    EarlierValuesWin,
    /// A row that was refused in passing counts as written.
    BusyRowIsDone,
    /// A row that was refused for good is tried for ever.
    BadRowIsTriedForEver,
    /// A request that was refused in passing counts as written.
    FailedRequestIsDone,
    /// A request that was refused for lack of permission counts as written.
    ForbiddenIsDone,
    /// A request without an answer counts as written.
    SilenceIsDone,
    /// After the fifth try a batch counts as written.
    TriesRunOut,
    /// Of several rows that were refused in passing, one is tried again.
    OneRowTriedAgain,
    /// The answers of rows are taken for those of others.
    AnswersMixedUp,
    /// Of a request that is halved, one half is sent.
    HalfIsLost,
    /// What waits for a key is not woken.
    WaitingNotWoken,
    /// What waits for a key counts as written with the row before it.
    WaitingCountsAsWritten,
    /// A row that is written by its second try is counted twice.
    CountedTwice,
    /// The counts of a status row whose write had no answer are told again.
    StatusToldTwice,
    /// The counts of a status row that was refused are forgotten.
    StatusForgotten,
    /// After an answer that cannot be used, reading goes on at the end of the shard.
    FaultSkipsAhead,
    /// After a lost cursor, reading goes on at the end of the shard.
    LostCursorSkipsAhead,
    /// A shard without a checkpoint begins at its end.
    StartsAtTheEnd,
    /// A shard always begins at its beginning.
    CheckpointNotRead,
    /// A shard that has nothing new is not read any more.
    IdleShardGivenUp,
    /// The window lets go of a head with undecided parts.
    WindowPassesUndecided,
    /// A share of the budget that shrinks keeps for ever what it has no use for.
    ShareLeaks,
    /// A pull that is larger than its share of the budget goes on all the same.
    ShareNotGrown,
    /// A pull's share of the budget is given back when its logs begin to become rows.
    ShareFreedEarly,
    /// The checkpoint passes logs whose letters are not stored yet.
    CheckpointPassesParked,
    /// A letter that was refused counts as stored.
    RefusedLetterIsDone,
    /// A permit that was to be taken back goes round all the same.
    LimitKeepsSurplus,
}

#[cfg(debug_assertions)]
thread_local! {
    static PLANTED: Cell<Option<Mistake>> = const { Cell::new(None) };
}

/// Makes this thread's work make a mistake, or none.
#[cfg(debug_assertions)]
pub fn plant(mistake: Option<Mistake>) {
    PLANTED.set(mistake);
}

/// Whether this mistake is to be made here.
#[cfg(debug_assertions)]
pub(crate) fn planted(mistake: Mistake) -> bool {
    PLANTED.get() == Some(mistake)
}

/// Release builds make none of these mistakes.
#[cfg(not(debug_assertions))]
pub(crate) const fn planted(_mistake: Mistake) -> bool {
    false
}
