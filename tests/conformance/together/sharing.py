"""Four languages share the shards of a logstore."""

import itertools
import time

import sandbox
from harness import check, equal, eventually, expect, for_each, story
from members import MEMBERS
from stage import Stage, runs

#: Who takes over from whom: always another language.
SUCCESSOR = dict(zip(MEMBERS, (*MEMBERS[1:], MEMBERS[0])))


@story(
    "group_of_four_shares_evenly",
    "group_of_four_heartbeats",
    *(f"takeover_from_killed_{victim}" for victim in MEMBERS),
    "group_of_four_loses_nothing",
    "group_of_four_repeats_only_after_kills",
    "group_of_four_keeps_order",
    "group_of_four_one_holder_at_a_time",
)
def group_of_four():
    """All four over 8 shards while logs flow in; each is killed in turn and comes back."""
    with Stage(shards=8) as stage:
        stage.feed.flow()
        with check("group_of_four_shares_evenly"):
            stage.join(*MEMBERS)
            stage.until_even()
            equal(stage.view().shares(), dict.fromkeys(MEMBERS, 2), "shards of each member")
        with check("group_of_four_heartbeats"):
            heartbeats(stage)
        for victim in MEMBERS:
            with check(f"takeover_from_killed_{victim}"):
                taken_over(stage, victim)
        stage.feed.rest()
        stage.until_consumed()
        for name in MEMBERS:
            stage.stop(name)
        with check("group_of_four_loses_nothing"):
            stage.nothing_lost()
        with check("group_of_four_repeats_only_after_kills"):
            stage.repeats_only_after_kills()
        with check("group_of_four_keeps_order"):
            stage.order_kept()
        with check("group_of_four_one_holder_at_a_time"):
            stage.one_holder_at_a_time()


def heartbeats(stage):
    """Every library keeps the second that it was told, also while it works."""
    seen = len(stage.views)
    time.sleep(5)
    for name in MEMBERS:
        times = runs(view.consumers[name] for view in stage.views[seen:])
        pauses = [after - before for before, after in itertools.pairwise(times)]
        expect(pauses and max(pauses) < 4, f"pauses between heartbeats of {name}: {pauses}")


def taken_over(stage, victim):
    """The others get the shards of a killed member, not before it was silent for the group's timeout,
    and go on with them; once it is back it gets its share again."""
    left = stage.kill(victim)
    heard = stage.view().consumers[victim]
    equal(len(left), 2, f"shards of {victim}")
    taken = eventually(lambda: taken_by_others(stage, left, victim), 10, f"the shards of {victim} at others")
    silence = taken.at - heard
    expect(silence >= sandbox.GROUP_TIMEOUT_SECONDS, f"taken after {silence:.1f} s of silence")
    stage.until_even()
    equal(sorted(stage.view().shares().values()), [2, 3, 3], "shards of those who are left")
    for shard, position in left.items():
        eventually(lambda: stage.view().group[shard].position > position, 10, f"work on shard {shard} going on")
    stage.join(victim)
    stage.until_even()


def taken_by_others(stage, shards, victim):
    view = stage.view()
    return None if {view.group[shard].holder for shard in shards} & {victim, None} else view


@for_each(MEMBERS)
def checkpoints_honoured_of(first):
    """One member leaves; another one, of each language, begins exactly at its checkpoints."""
    for second in MEMBERS:
        if second != first:
            begins_at_checkpoints(first, second)


def begins_at_checkpoints(first, second):
    with Stage(shards=2) as stage:
        stage.join(first)
        stage.feed.put(20)
        stage.until_consumed()
        stage.stop(first)
        sandbox.expire(stage.logstore, first)
        stage.feed.put(20)
        stage.join(second)
        stage.until_consumed()
        stage.stop(second)
        stage.nothing_lost()
        stage.repeats_only_after_kills()
        stage.order_kept()
        given, _ = stage.given()
        for shard in stage.view().shards:
            readers = runs(each.member.name for each in given if each.shard == shard)
            equal(readers, [first, second], f"members that read shard {shard}")


@for_each(MEMBERS, "handover_from_{}", "graceful_stop_of_{}")
def leaves_to_another(member):
    """While logs flow in, a newcomer takes half of a member's shards; then that member is asked to
    leave. Neither makes a log come twice."""
    successor = SUCCESSOR[member]
    with Stage(shards=4) as stage:
        stage.feed.flow()
        with check(f"handover_from_{member}"):
            stage.join(member)
            stage.until_even()
            stage.join(successor)
            stage.until_even()
            equal(stage.view().shares(), {member: 2, successor: 2}, "shards of each")
            eventually(lambda: stage.members[successor].batches, 10, f"work of {successor}")
            stage.order_kept()
        with check(f"graceful_stop_of_{member}"):
            stage.stop(member)
            stage.until_even()
            stage.feed.rest()
            stage.until_consumed()
            stage.stop(successor)
            stage.nothing_lost()
            stage.repeats_only_after_kills()
            stage.order_kept()
            stage.one_holder_at_a_time()


@story()
def paused_shipper_is_fenced():
    """The shipper stands still until its shards are another's. Awake again it neither writes what it reads
    before it notices, nor moves their checkpoints back; it joins anew."""
    with Stage(shards=2) as stage:
        stage.join("shipper")
        stage.feed.put(20)
        stage.until_consumed()
        stage.members["shipper"].freeze()
        stage.join("go")
        eventually(lambda: len(stage.view().held_by("go")) == 2, 15, "both shards at go")
        stage.feed.put(20)
        stage.until_consumed()
        stage.members["shipper"].thaw()
        stage.until_even()
        stage.feed.put(20)
        stage.until_consumed()
        stage.nothing_lost()
        stage.repeats_only_after_kills()
        for before, after in itertools.pairwise(stage.views):
            for shard, holding in before.group.items():
                expect(after.group[shard].position >= holding.position, f"the checkpoint of shard {shard} moved back")
