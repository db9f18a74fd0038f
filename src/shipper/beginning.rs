//! Where the work on a shard begins: at its checkpoint, or else where the settings say.
//!
//! To begin at the end means the end at the time when the group began, not the end at the time when
//! a shard is first looked at: between a split and the first look at its children, logs are put that
//! nobody may pass over. So every shard gets a checkpoint at its end when a shipper starts, before
//! it joins the group; whatever has none later, has come into being later and is read from its first
//! log.

use tracing::info;

use super::context::Context;
use super::settings::{Settings, StartPosition};
use super::start::told;
use crate::loghub::{
    Checkpoint, Client, Cursor, CursorPosition, Error, Shard, ShardId, ShardStatus,
};
use crate::mistakes::{Mistake, planted};
use crate::transport::retry::{self, Policy};

/// A shard's position: where to read, and the checkpoint if there is one.
pub(super) type Position = (Cursor, Option<Cursor>);

/// Pins the beginning of a group that begins at the end: gives a checkpoint there to each of
/// `shards` that has none and is not later than the group.
pub(super) async fn pin(
    policy: &Policy,
    settings: &Settings,
    client: &Client,
    shards: &[Shard],
) -> Result<(), Error> {
    if settings.start != StartPosition::End {
        return Ok(());
    }
    let group = &settings.group;
    let known = retry::retry(policy, || client.list_checkpoints(group), told).await?;
    let mut pinned = 0;
    // Children, which have the higher numbers, come before their parents: whoever looks meanwhile
    // does not take them for later than the group.
    let mut unpinned: Vec<_> = shards
        .iter()
        .filter(|shard| !has_checkpoint(&known, shard.id) && !is_later(shard, shards, &known))
        .map(|shard| shard.id)
        .collect();
    unpinned.sort_unstable();
    for shard in unpinned.into_iter().rev() {
        let end = || client.get_cursor(shard, CursorPosition::End);
        let end = retry::retry(policy, end, told).await?;
        retry::retry(policy, || client.pin_checkpoint(group, shard, &end), told).await?;
        pinned += 1;
    }
    if pinned > 0 {
        info!(shards = pinned, "the group begins at the end of its shards");
    }
    Ok(())
}

/// The checkpoint of a shard, and without one the position that is configured.
pub(super) async fn position(context: &Context, shard: ShardId) -> Result<Position, Error> {
    let Context {
        loghub, settings, ..
    } = context;
    let checkpoint = loghub.get_checkpoint(&settings.group, shard).await?;
    if let Some(cursor) = checkpoint.cursor
        && !planted(Mistake::CheckpointNotRead)
    {
        return Ok((cursor.clone(), Some(cursor)));
    }
    let position = match settings.start {
        StartPosition::Begin if planted(Mistake::StartsAtTheEnd) => CursorPosition::End,
        StartPosition::Begin => CursorPosition::Begin,
        StartPosition::End if came_later(context, shard).await? => CursorPosition::Begin,
        StartPosition::End => CursorPosition::End,
        StartPosition::Since(seconds) => CursorPosition::Since(seconds),
    };
    Ok((loghub.get_cursor(shard, position).await?, None))
}

async fn came_later(context: &Context, shard: ShardId) -> Result<bool, Error> {
    let Context {
        loghub, settings, ..
    } = context;
    let shards = loghub.list_shards().await?;
    let known = loghub.list_checkpoints(&settings.group).await?;
    let found = shards.iter().find(|one| one.id == shard);
    Ok(found.is_some_and(|shard| is_later(shard, &shards, &known)))
}

fn has_checkpoint(known: &[Checkpoint], shard: ShardId) -> bool {
    let found = known.iter().find(|one| one.shard == shard);
    found.is_some_and(|one| one.cursor.is_some())
}

/// Whether a shard without a checkpoint is younger than the group: a shard that it may have come
/// from has one. That is an earlier one with a part of its range which takes no more logs, or one
/// that does not exist any more, whose range is not known.
fn is_later(shard: &Shard, shards: &[Shard], known: &[Checkpoint]) -> bool {
    let may_be_parent = |id: ShardId| match shards.iter().find(|one| one.id == id) {
        Some(one) => {
            one.status == ShardStatus::ReadOnly
                && one.begin_key < shard.end_key
                && shard.begin_key < one.end_key
        }
        None => true,
    };
    known
        .iter()
        .any(|one| one.cursor.is_some() && one.shard < shard.id && may_be_parent(one.shard))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shard(id: u32, status: ShardStatus, begin: &str, end: &str) -> Shard {
        Shard {
            id: ShardId(id),
            status,
            begin_key: begin.repeat(32),
            end_key: end.repeat(32),
        }
    }

    fn checkpoint(shard: u32, cursor: Option<&str>) -> Checkpoint {
        Checkpoint {
            shard: ShardId(shard),
            cursor: cursor.map(Cursor::new),
            consumer: String::new(),
            updated_micros: 0,
        }
    }

    #[test]
    fn a_child_of_a_shard_with_a_checkpoint_is_later_than_the_group() {
        let shards = [
            shard(0, ShardStatus::ReadOnly, "0", "8"),
            shard(1, ShardStatus::ReadWrite, "8", "f"),
            shard(2, ShardStatus::ReadWrite, "0", "4"),
            shard(3, ShardStatus::ReadWrite, "4", "8"),
        ];
        let later = |known: &[Checkpoint]| -> Vec<u32> {
            let later = shards
                .iter()
                .filter(|shard| is_later(shard, &shards, known));
            later.map(|shard| shard.id.0).collect()
        };
        assert_eq!(later(&[]), [0; 0]);
        assert_eq!(later(&[checkpoint(0, None), checkpoint(1, None)]), [0; 0]);
        assert_eq!(later(&[checkpoint(1, Some("a"))]), [0; 0]);
        assert_eq!(later(&[checkpoint(0, Some("a"))]), [2, 3]);
        assert_eq!(later(&[checkpoint(2, Some("a"))]), [0; 0]);
        let gone = [shard(5, ShardStatus::ReadWrite, "0", "8")];
        assert!(is_later(&gone[0], &gone, &[checkpoint(4, Some("a"))]));
    }
}
