//! What happens in one world: which logs are put, and what goes wrong when. All of it follows from
//! a fault and a seed.

use std::fmt;

use fastrand::Rng;
use loghub_shipper::sandbox::Service;

use crate::logs::{Flaw, Put, PutLog};
use crate::world::LETTERS_WAIT;

/// A row of the fault matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Row {
    /// 1: killed at any moment.
    Kill,
    /// 2: told to stop under load; the sink healthy, slow or down.
    Terminate,
    /// 3: stopped for a while, often beyond the lease.
    Pause,
    /// 4: clocks that are wrong, jump, and leap back.
    Skew,
    /// 5: shippers join and leave in a storm.
    Storm,
    /// 6: shards split and merge, empty ones too.
    Reshard,
    /// 7: answers to heartbeats and to saved checkpoints get lost.
    LostAnswers,
    /// 8: the network drops, delays, breaks off, swallows and parts.
    Network,
    /// 9: the answer is lost after the table applied the batch.
    LostWrites,
    /// 10: quotas, server errors, expired cursors, large and empty groups.
    Source,
    /// 11: damaged bodies.
    Corrupt,
    /// 12: some rows are refused in passing.
    BusyRows,
    /// 13: one partition takes hardly anything.
    HotPartition,
    /// 14: whole requests are refused.
    Refusals,
    /// 15: rows that can never be written.
    Poison,
    /// 16: the table is dropped, or permissions are revoked.
    Revoked,
    /// 17: credentials expire.
    Expired,
    /// 18: the status table is away.
    NoStatus,
    /// 18: the table of dead letters is away.
    NoLetters,
    /// 21: the table is away for an hour, with a thousand shards.
    LongOutage,
    /// 22: several of the above at once.
    Mix,
}

impl Row {
    pub(crate) const ALL: [Self; 21] = [
        Self::Kill,
        Self::Terminate,
        Self::Pause,
        Self::Skew,
        Self::Storm,
        Self::Reshard,
        Self::LostAnswers,
        Self::Network,
        Self::LostWrites,
        Self::Source,
        Self::Corrupt,
        Self::BusyRows,
        Self::HotPartition,
        Self::Refusals,
        Self::Poison,
        Self::Revoked,
        Self::Expired,
        Self::NoStatus,
        Self::NoLetters,
        Self::LongOutage,
        Self::Mix,
    ];

    /// Its number in the matrix, its name on the command line, and its share of the seeds in a
    /// thousand.
    pub(crate) fn facts(self) -> (u8, &'static str, u64) {
        match self {
            Self::Kill => (1, "kill", 130),
            Self::Terminate => (2, "terminate", 42),
            Self::Pause => (3, "pause", 42),
            Self::Skew => (4, "skew", 22),
            Self::Storm => (5, "storm", 42),
            Self::Reshard => (6, "reshard", 60),
            Self::LostAnswers => (7, "lost-answers", 42),
            Self::Network => (8, "network", 84),
            Self::LostWrites => (9, "lost-writes", 42),
            Self::Source => (10, "source", 42),
            Self::Corrupt => (11, "corrupt", 42),
            Self::BusyRows => (12, "busy-rows", 63),
            Self::HotPartition => (13, "hot-partition", 22),
            Self::Refusals => (14, "refusals", 63),
            Self::Poison => (15, "poison", 63),
            Self::Revoked => (16, "revoked", 22),
            Self::Expired => (17, "expired", 22),
            Self::NoStatus => (18, "no-status", 22),
            Self::NoLetters => (18, "no-dead-letters", 22),
            Self::LongOutage => (21, "long-outage", 1),
            Self::Mix => (22, "mix", 110),
        }
    }

    #[cfg_attr(test, expect(dead_code, reason = "the command line asks for it"))]
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|row| row.facts().1 == name)
    }

    /// The row that a seed stands for where none is asked for: by the shares.
    pub(crate) fn of_seed(seed: u64) -> Self {
        let mut rest = Rng::with_seed(seed ^ 0x5eed).u64(0..1000);
        for row in Self::ALL {
            let share = row.facts().2;
            if rest < share {
                return row;
            }
            rest -= share;
        }
        Self::Mix
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.facts().1)
    }
}

/// What the cable between a shipper and a service is like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Weather {
    /// Longest delay of each way, in milliseconds.
    pub(crate) delay: u64,
    /// In 1000 exchanges: connection refused; request lost, answer lost (both: no answer ever);
    /// connection broken before and after the request arrived; answer damaged.
    pub(crate) refused: u16,
    pub(crate) request_lost: u16,
    pub(crate) answer_lost: u16,
    pub(crate) broken_before: u16,
    pub(crate) broken_after: u16,
    pub(crate) damaged: u16,
}

impl Weather {
    pub(crate) const FINE: Self = Self {
        delay: 12,
        refused: 0,
        request_lost: 0,
        answer_lost: 0,
        broken_before: 0,
        broken_after: 0,
        damaged: 0,
    };
}

/// Which exchanges something is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Calls {
    All(Service),
    Of(&'static str),
    /// Dead letters on their way to their table.
    Letters,
}

/// How a service misbehaves, in 1000 calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) calls: Calls,
    pub(crate) rate: u16,
    pub(crate) kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The request is refused as a whole.
    Refuse(u16, &'static str, &'static str),
    /// Rows whose key is in one of the first so many of 16 partitions are refused.
    Rows(u8, &'static str, &'static str),
    /// Every second row is refused, from the first on.
    EverySecondRow(&'static str, &'static str),
    /// The answer comes so much later.
    Slow(u64),
}

/// One thing that happens.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Put(Put),
    Start(usize),
    Kill(usize),
    /// The shipper dies with its so-many-th next exchange; with `true` after the service acted.
    KillAtExchange(usize, u64, bool),
    Terminate(usize),
    Pause(usize, u64),
    Skew(usize, i64),
    Weather(usize, Service, Weather),
    Trouble(Trouble),
    /// The latest of such trouble is over.
    Relief(Calls),
    Split(u32),
    Merge(u32),
    Trim(u32),
    DropTable,
    MakeTable,
}

/// A world to be.
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts of a world, each by itself"
)]
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) row: Row,
    pub(crate) seed: u64,
    pub(crate) shippers: usize,
    pub(crate) shards: u32,
    /// What happens, and when, in milliseconds.
    pub(crate) acts: Vec<(u64, Act)>,
    /// Every fault is over by then.
    pub(crate) calm: u64,
    /// How long recovery may take from then on.
    pub(crate) patience: u64,
    /// Whether every log is decided exactly once: no shipper dies, and none loses its lease.
    pub(crate) is_smooth: bool,
    /// Whether status rows may get lost: a last one that cannot be written is.
    pub(crate) may_lose_status: bool,
    pub(crate) strict_names: bool,
    /// Whether logs that cannot become rows are kept in a table.
    pub(crate) has_dead_letters: bool,
    /// Pause between status rows.
    pub(crate) status_seconds: u64,
    /// Bytes of a pull.
    pub(crate) pull_bytes: usize,
    /// Bytes of logs and rows that a shipper may hold.
    pub(crate) memory_limit: usize,
    /// Error codes that the status table must show.
    pub(crate) must_show: Vec<&'static str>,
}

/// A sink that is away for less holds up a hand-over, so that nothing is written twice. One that is
/// away for longer does not, and the next holder writes some rows again.
const PATIENT: u64 = 4_000;

/// The consumer group's timeout in every world, in milliseconds.
pub(crate) const LEASE: u64 = 6_000;

impl Plan {
    /// The world of this fault and seed.
    pub(crate) fn new(row: Row, seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed.wrapping_mul(64) + u64::from(row.facts().0));
        // Where progress is measured no shard changes hands, which may take a while; nor where the
        // status table is away, since a last status row that cannot be written is lost.
        let is_alone = matches!(row, Row::HotPartition | Row::NoStatus);
        let most = if is_alone { 1 } else { 3 };
        let shippers = rng.usize(1..=most);
        let mut plan = Self {
            row,
            seed,
            shippers,
            shards: rng.u32(1..=5),
            acts: Vec::new(),
            calm: rng.u64(4_000..9_000),
            patience: 45_000,
            is_smooth: false,
            may_lose_status: false,
            strict_names: rng.bool(),
            has_dead_letters: seed.is_multiple_of(2),
            status_seconds: 5,
            pull_bytes: 10 << 20,
            memory_limit: 64 << 20,
            must_show: Vec::new(),
        };
        if row == Row::LongOutage {
            plan.long_outage(&mut rng);
        } else {
            plan.usual(&mut rng);
            plan.go_wrong(row, &mut rng);
        }
        plan.press(&mut Rng::with_seed(!seed ^ u64::from(row.facts().0) << 32));
        plan.acts.sort_by_key(|(at, _)| *at);
        plan
    }

    fn at(&mut self, at: u64, act: Act) {
        self.acts.push((at, act));
    }

    /// Shippers that start one after the other, and logs that keep coming.
    fn usual(&mut self, rng: &mut Rng) {
        for host in 0..self.shippers {
            let start = if host == 0 { 0 } else { rng.u64(0..2_000) };
            self.at(start, Act::Start(host));
        }
        for _ in 0..rng.usize(20..60) {
            let (at, put) = (rng.u64(0..self.calm), put(rng));
            self.at(at, Act::Put(put));
        }
    }

    /// Some time within the run, leaving some for what must follow before the calm.
    fn moment(&self, rng: &mut Rng) -> u64 {
        rng.u64(500..self.calm - 1_000)
    }

    fn go_wrong(&mut self, row: Row, rng: &mut Rng) {
        match row {
            Row::Kill => self.kills(rng),
            Row::Terminate => self.terminations(rng),
            Row::Pause => self.pauses(rng),
            Row::Skew => self.skews(rng),
            Row::Storm => self.storm(rng),
            Row::Reshard => self.reshard(rng),
            Row::LostAnswers => self.lost_answers(rng),
            Row::Network => self.network(rng),
            Row::LostWrites => self.lost_writes(rng),
            Row::Source => self.source(rng),
            Row::Corrupt => self.corrupt(rng),
            Row::BusyRows => self.busy_rows(rng),
            Row::HotPartition => self.hot_partition(rng),
            Row::Refusals => self.refusals(rng),
            Row::Poison => self.poison(rng),
            Row::Revoked => self.revoked(rng),
            Row::Expired => self.expired(rng),
            Row::NoStatus => self.no_status(rng),
            Row::NoLetters => self.no_letters(rng),
            Row::LongOutage => unreachable!("has a plan of its own"),
            Row::Mix => {
                let mut rest: Vec<_> = Row::ALL.into_iter().collect();
                rest.retain(|row| !matches!(row, Row::LongOutage | Row::Mix | Row::Storm));
                rng.shuffle(&mut rest);
                for row in rest.into_iter().take(rng.usize(3..=5)) {
                    self.go_wrong(row, rng);
                }
                self.is_smooth = false;
                self.must_show.clear();
            }
        }
    }

    fn kills(&mut self, rng: &mut Rng) {
        for _ in 0..rng.usize(1..=4) {
            let (at, host) = (self.moment(rng), rng.usize(0..self.shippers));
            let act = if rng.bool() {
                Act::Kill(host)
            } else {
                Act::KillAtExchange(host, rng.u64(0..40), rng.bool())
            };
            self.at(at, act);
        }
    }

    fn terminations(&mut self, rng: &mut Rng) {
        let moment = self.moment(rng);
        let trouble = match rng.u8(0..3) {
            0 => None,
            1 => Some((Kind::Slow(1_500), 1000)),
            _ => Some((
                Kind::Refuse(503, "OTSServerUnavailable", "Server is not available."),
                1000,
            )),
        };
        // A sink that is down for longer than the grace period means repeats; a slow one does not.
        self.is_smooth = trouble.is_none_or(|(kind, _)| matches!(kind, Kind::Slow(_)));
        if let Some((kind, rate)) = trouble {
            let calls = Calls::Of("BatchWriteRow");
            self.at(moment, Act::Trouble(Trouble { calls, rate, kind }));
            self.at(self.calm, Act::Relief(calls));
        }
        for _ in 0..rng.usize(1..=3) {
            let at = moment + rng.u64(0..800);
            let host = rng.usize(0..self.shippers);
            self.at(at, Act::Terminate(host));
            self.at(self.calm, Act::Start(host));
        }
    }

    fn pauses(&mut self, rng: &mut Rng) {
        for _ in 0..rng.usize(1..=3) {
            let (at, host) = (self.moment(rng), rng.usize(0..self.shippers));
            let longest = *rng
                .choice([1_000, LEASE, 4 * LEASE].iter())
                .expect("there are some");
            self.at(at, Act::Pause(host, rng.u64(500..=longest)));
        }
        self.patience += 4 * LEASE;
    }

    fn skews(&mut self, rng: &mut Rng) {
        const HOUR: i64 = 3_600_000;
        for _ in 0..rng.usize(1..=3) {
            let (at, host) = (self.moment(rng), rng.usize(0..self.shippers));
            let wrong = *rng
                .choice([rng.clone().i64(-5_000..=5_000), HOUR, -HOUR].iter())
                .expect("there are some");
            self.at(at, Act::Skew(host, wrong));
            self.at(self.calm, Act::Skew(host, 0));
        }
        self.patience += LEASE;
    }

    fn storm(&mut self, rng: &mut Rng) {
        self.shippers = rng.usize(4..=16);
        self.is_smooth = true;
        let count = self.shippers;
        for host in 1..count {
            let start = rng.u64(0..self.calm / 2);
            self.at(start, Act::Start(host));
            if host >= 3 {
                let stop = start + rng.u64(0..self.calm / 2);
                self.at(stop, Act::Terminate(host));
            }
        }
    }

    fn reshard(&mut self, rng: &mut Rng) {
        self.is_smooth = true;
        for _ in 0..rng.usize(1..=4) {
            let (at, shard) = (self.moment(rng), rng.u32(0..8));
            let act = if rng.bool() {
                Act::Split(shard)
            } else {
                Act::Merge(shard)
            };
            self.at(at, act);
        }
        self.patience += 2 * LEASE;
    }

    /// Trouble for some time, and for how long all calls are in it.
    fn trouble(&mut self, rng: &mut Rng, calls: Calls, rate: u16, kind: Kind) -> u64 {
        let at = self.moment(rng);
        let end = rng.u64(at..=self.calm);
        self.at(at, Act::Trouble(Trouble { calls, rate, kind }));
        self.at(end, Act::Relief(calls));
        if rate == 1000 { end - at } else { 0 }
    }

    fn weather(&mut self, rng: &mut Rng, service: Service, weather: Weather) {
        let host = rng.usize(0..self.shippers);
        let at = self.moment(rng);
        let end = rng.u64(at..=self.calm);
        self.at(at, Act::Weather(host, service, weather));
        self.at(end, Act::Weather(host, service, Weather::FINE));
    }

    fn lost_answers(&mut self, rng: &mut Rng) {
        for _ in 0..rng.usize(1..=3) {
            let weather = Weather {
                answer_lost: *rng.choice([300, 700, 1000].iter()).expect("there are some"),
                ..Weather::FINE
            };
            self.calm += LEASE;
            self.weather(rng, Service::LogService, weather);
        }
    }

    fn network(&mut self, rng: &mut Rng) {
        for _ in 0..rng.usize(1..=4) {
            let service = *rng
                .choice([Service::LogService, Service::TableStore].iter())
                .expect("there are some");
            let weather = match rng.u8(0..5) {
                0 => Weather {
                    delay: 900,
                    ..Weather::FINE
                },
                1 => Weather {
                    refused: 1000,
                    ..Weather::FINE
                },
                2 => Weather {
                    request_lost: 1000,
                    ..Weather::FINE
                },
                3 => Weather {
                    broken_before: 200,
                    broken_after: 200,
                    ..Weather::FINE
                },
                _ => Weather {
                    delay: 300,
                    refused: rng.u16(0..200),
                    request_lost: rng.u16(0..100),
                    answer_lost: rng.u16(0..100),
                    broken_before: rng.u16(0..200),
                    broken_after: rng.u16(0..200),
                    damaged: rng.u16(0..100),
                },
            };
            self.weather(rng, service, weather);
        }
    }

    fn lost_writes(&mut self, rng: &mut Rng) {
        for _ in 0..rng.usize(1..=3) {
            let weather = Weather {
                broken_after: rng.u16(100..=1000),
                ..Weather::FINE
            };
            self.weather(rng, Service::TableStore, weather);
        }
        self.is_smooth = true;
        self.may_lose_status = true;
    }

    fn source(&mut self, rng: &mut Rng) {
        const TROUBLES: [Kind; 6] = [
            Kind::Refuse(403, "ReadQuotaExceed", "Read QPS Exceed"),
            Kind::Refuse(
                403,
                "ShardReadQuotaExceed",
                "shard read qps exceed quota limits",
            ),
            Kind::Refuse(500, "InternalServerError", "internal server error"),
            Kind::Refuse(503, "ServerBusy", "the server is busy"),
            Kind::Refuse(404, "LogStoreNotExist", "logstore does not exist"),
            Kind::Slow(700),
        ];
        for _ in 0..rng.usize(1..=3) {
            let kind = *rng.choice(TROUBLES.iter()).expect("there are some");
            let calls = *rng
                .choice([Calls::Of("PullLogs"), Calls::All(Service::LogService)].iter())
                .expect("there are some");
            let rate = *rng.choice([100, 500, 1000].iter()).expect("there are some");
            self.trouble(rng, calls, rate, kind);
        }
        if rng.bool() {
            // Logs expire while nobody can read them.
            let (at, shard) = (self.moment(rng), rng.u32(0..self.shards));
            let kind = Kind::Refuse(503, "ServerBusy", "the server is busy");
            let calls = Calls::Of("PullLogs");
            self.at(
                at.saturating_sub(1_000),
                Act::Trouble(Trouble {
                    calls,
                    rate: 1000,
                    kind,
                }),
            );
            self.at(at, Act::Trim(shard));
            self.at(at + 100, Act::Relief(calls));
        }
        for bucket in 0..rng.u16(0..3) {
            // A group of nothing, and a large one.
            let at = self.moment(rng);
            self.at(at, Act::Put(Put::new(bucket, Vec::new())));
            let logs = (0..300).map(|_| PutLog::good(rng)).collect();
            self.at(at, Act::Put(Put::new(bucket, logs)));
        }
    }

    fn corrupt(&mut self, rng: &mut Rng) {
        for _ in 0..rng.usize(1..=3) {
            let service = *rng
                .choice([Service::LogService, Service::TableStore].iter())
                .expect("there are some");
            let weather = Weather {
                damaged: rng.u16(50..=1000),
                ..Weather::FINE
            };
            self.weather(rng, service, weather);
        }
        for act in &mut self.acts {
            if let (_, Act::Put(put)) = act {
                for log in &mut put.logs {
                    log.is_garbled = rng.u8(0..4) == 0;
                }
            }
        }
    }

    fn busy_rows(&mut self, rng: &mut Rng) {
        const CODES: [(&str, &str); 4] = [
            ("OTSServerBusy", "Server is busy."),
            (
                "OTSRowOperationConflict",
                "Data is being modified by the other request.",
            ),
            ("OTSPartitionUnavailable", "The partition is not available."),
            (
                "OTSNotEnoughCapacityUnit",
                "Remaining capacity unit is not enough.",
            ),
        ];
        let mut away = 0;
        for _ in 0..rng.usize(1..=2) {
            let (code, message) = *rng.choice(CODES.iter()).expect("there are some");
            let partitions = *rng.choice([1, 5, 16].iter()).expect("there are some");
            let rate = *rng.choice([300, 1000].iter()).expect("there are some");
            let kind = Kind::Rows(partitions, code, message);
            away += self.trouble(rng, Calls::Of("BatchWriteRow"), rate, kind);
        }
        self.is_smooth = away < PATIENT;
    }

    fn hot_partition(&mut self, rng: &mut Rng) {
        self.is_smooth = true;
        let kind = Kind::Rows(1, "OTSServerBusy", "Server is busy.");
        let calls = Calls::Of("BatchWriteRow");
        self.at(
            500,
            Act::Trouble(Trouble {
                calls,
                rate: 950,
                kind,
            }),
        );
        self.at(self.calm, Act::Relief(calls));
        for _ in 0..20 {
            let (at, put) = (self.moment(rng), put(rng));
            self.at(at, Act::Put(put));
        }
        self.must_show.push("OTSServerBusy");
    }

    fn refusals(&mut self, rng: &mut Rng) {
        const TROUBLES: [Kind; 6] = [
            Kind::Refuse(503, "OTSServerBusy", "Server is busy."),
            Kind::Refuse(500, "OTSInternalServerError", "Internal server error."),
            Kind::Refuse(503, "OTSTimeout", "Operation timeout."),
            Kind::Refuse(
                403,
                "OTSNotEnoughCapacityUnit",
                "Remaining capacity unit is not enough.",
            ),
            Kind::Refuse(429, "OTSFlowControl", "The requests have been throttled."),
            Kind::Refuse(418, "OTSNeverHeardOf", "Something new."),
        ];
        let mut away = 0;
        for _ in 0..rng.usize(1..=3) {
            let kind = *rng.choice(TROUBLES.iter()).expect("there are some");
            let rate = *rng.choice([100, 400, 1000].iter()).expect("there are some");
            away += self.trouble(rng, Calls::Of("BatchWriteRow"), rate, kind);
        }
        self.is_smooth = away < PATIENT;
    }

    fn poison(&mut self, rng: &mut Rng) {
        self.is_smooth = true;
        let one_in = *rng.choice([1, 3, 20].iter()).expect("there are some");
        for act in &mut self.acts {
            if let (_, Act::Put(put)) = act {
                for log in &mut put.logs {
                    if rng.u8(0..one_in) == 0 {
                        log.flaw = rng
                            .choice(
                                [
                                    Flaw::NoKey,
                                    Flaw::LongKey,
                                    Flaw::Refused,
                                    Flaw::Spoils,
                                    Flaw::NoLog,
                                ]
                                .iter(),
                            )
                            .copied();
                    }
                }
            }
        }
    }

    fn revoked(&mut self, rng: &mut Rng) {
        if rng.bool() {
            let at = self.moment(rng);
            self.at(at, Act::DropTable);
            self.at(self.calm, Act::MakeTable);
        } else {
            let message = "You have no permission to access the requested resource.";
            let kind = Kind::Refuse(403, "OTSNoPermissionAccess", message);
            self.trouble(rng, Calls::Of("BatchWriteRow"), 1000, kind);
        }
        let kind = Kind::Refuse(401, "Unauthorized", "denied by sts or ram");
        self.trouble(rng, Calls::All(Service::LogService), 1000, kind);
    }

    fn expired(&mut self, rng: &mut Rng) {
        let kind = Kind::Refuse(403, "OTSAuthFailed", "The STS token has expired.");
        self.trouble(rng, Calls::All(Service::TableStore), 1000, kind);
        let kind = Kind::Refuse(401, "Unauthorized", "the security token has expired");
        self.trouble(rng, Calls::All(Service::LogService), 1000, kind);
    }

    fn no_status(&mut self, rng: &mut Rng) {
        self.is_smooth = true;
        self.may_lose_status = self.shippers > 1;
        let kind = *rng
            .choice(
                [
                    Kind::Refuse(404, "OTSObjectNotExist", "Requested table does not exist."),
                    Kind::Refuse(503, "OTSServerBusy", "Server is busy."),
                    Kind::Slow(3_000),
                ]
                .iter(),
            )
            .expect("there are some");
        self.trouble(rng, Calls::Of("PutRow"), 1000, kind);
        let busy = Kind::Rows(16, "OTSServerBusy", "Server is busy.");
        self.trouble(rng, Calls::Of("BatchWriteRow"), 300, busy);
    }

    fn no_letters(&mut self, rng: &mut Rng) {
        const TROUBLES: [Kind; 6] = [
            Kind::Refuse(404, "OTSObjectNotExist", "Requested table does not exist."),
            Kind::Refuse(503, "OTSServerBusy", "Server is busy."),
            Kind::Refuse(
                403,
                "OTSNoPermissionAccess",
                "You have no permission to access the requested resource.",
            ),
            // Then the letters go one by one.
            Kind::Refuse(400, "OTSParameterInvalid", "One of them is not liked."),
            Kind::EverySecondRow("OTSServerBusy", "Server is busy."),
            Kind::Slow(2_500),
        ];
        self.has_dead_letters = true;
        self.poison(rng);
        let mut away = 0;
        for _ in 0..rng.usize(1..=2) {
            let kind = *rng.choice(TROUBLES.iter()).expect("there are some");
            let rate = *rng.choice([400, 1000].iter()).expect("there are some");
            let at = self.moment(rng);
            let end = rng.u64(at..=self.calm);
            let calls = Calls::Letters;
            self.at(at, Act::Trouble(Trouble { calls, rate, kind }));
            self.at(end, Act::Relief(calls));
            away += end - at;
        }
        self.is_smooth = away < PATIENT;
        self.must_show.push(LETTERS_WAIT);
    }

    /// Little memory, and logs to fill it, in every third world: drawn by themselves, so that worlds
    /// stay otherwise what they were.
    fn press(&mut self, rng: &mut Rng) {
        const KIB: usize = 1 << 10;
        const VALUE: usize = (2 << 20) - KIB;
        if self.row == Row::LongOutage {
            self.memory_limit = KIB * KIB;
            return;
        }
        // A full shipper reads nothing, healthy partitions or not.
        if self.row == Row::HotPartition || !self.seed.is_multiple_of(3) {
            return;
        }
        let limits = [1024, 1024, 2048];
        self.memory_limit = KIB * *rng.choice(limits.iter()).expect("there are some");
        let has_huge = self.row == Row::Source && rng.u8(0..4) == 0;
        if has_huge {
            // The least that can be configured, and the largest group that Log Service takes.
            self.memory_limit = 16 << 20;
        }
        let huge = rng.usize(0..self.acts.len());
        let most = self.memory_limit / 4;
        for (place, (_, act)) in self.acts.iter_mut().enumerate() {
            let Act::Put(put) = act else { continue };
            let count = put.logs.len().max(1);
            if has_huge && place.abs_diff(huge) < 3 {
                put.logs.truncate(6);
                put.bulk = (5 << 20) / put.logs.len().max(3) - KIB;
            } else if rng.u8(0..4) == 0 {
                // A value of 2 MiB is the largest that Table Store takes.
                put.bulk = (rng.usize(KIB..=most) / count).min(VALUE);
            } else {
                continue;
            }
            // That logs need repair is not known before the first of them are held.
            put.logs.iter_mut().for_each(|log| log.is_garbled = false);
        }
    }

    fn long_outage(&mut self, rng: &mut Rng) {
        self.shippers = 2;
        // An hour over a thousand shards (those that were split are counted) takes a while to play:
        // every sixteenth world has it, the others are smaller.
        (self.calm, self.shards) = if self.seed.is_multiple_of(16) {
            (3_600_000, 628)
        } else {
            (180_000, 200)
        };
        self.status_seconds = 300;
        self.patience = 120_000;
        // One group a pull: the shippers are full before they have read everything.
        self.pull_bytes = 1;
        let calls = Calls::Of("BatchWriteRow");
        let kind = Kind::Refuse(503, "OTSServerUnavailable", "Server is not available.");
        self.at(
            0,
            Act::Trouble(Trouble {
                calls,
                rate: 1000,
                kind,
            }),
        );
        for bucket in 0..2_000 {
            for _ in 0..4 {
                let logs = (0..2).map(|_| PutLog::good(rng)).collect();
                self.at(0, Act::Put(Put::new(bucket, logs)));
            }
        }
        for host in 0..2 {
            self.at(1, Act::Start(host));
        }
        self.at(self.calm, Act::Relief(calls));
        self.must_show.push("OTSServerUnavailable");
    }
}

/// A log group of a few logs.
fn put(rng: &mut Rng) -> Put {
    let bucket = rng.u16(0..24);
    Put::any(rng, bucket)
}
