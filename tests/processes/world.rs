//! One world: shippers in processes, logs that keep coming, and what happens to the processes.
//!
//! What is chosen follows from a seed; when exactly it strikes is up to the machine.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use fastrand::Rng;
use loghub_shipper::sandbox::Service;

use crate::logs::{Flaw, Put, hash};
use crate::process::{Process, Signal};
use crate::site::{LOGSTORE, PROJECT, Site};
use crate::witness::{Counts, Witness};

const SHARDS: u32 = 6;

/// The consumer group's timeout: the shortest that a busy machine keeps.
const LEASE: Duration = Duration::from_secs(3);

/// `checkpoint_interval`, and the pause between heartbeats.
pub(crate) const CHECKPOINT_INTERVAL: Duration = Duration::from_millis(300);

/// How much later than its interval a checkpoint may be saved on a busy machine.
const LATE_CHECKPOINT: Duration = Duration::from_secs(2);

/// `shutdown_grace`, and what a busy machine may add to it.
const GRACE: Duration = Duration::from_secs(10);
const AFTER_GRACE: Duration = Duration::from_secs(6);

/// How soon everything must be written and checkpointed after the last fault.
const PATIENCE: Duration = Duration::from_mins(1);

/// How often the world looks around.
const TURN: Duration = Duration::from_millis(10);

/// Groups after which other keys have their turn, so that a key's row stays small.
const GROUPS_PER_AGE: u32 = 150;

/// Buckets at a time.
const BUCKETS: u16 = 24;

/// What services do where they fail, in the words of the sandbox's scripts.
pub(crate) const FAULTS: [&str; 18] = [
    "next 3 BatchWriteRow: busy",
    "next 2 BatchWriteRow: cut before",
    "next 2 BatchWriteRow: cut after",
    "BatchWriteRow: cut body",
    "BatchWriteRow: corrupt garbage",
    "next 4 BatchWriteRow: rows 0, 1, 2 OTSRowOperationConflict \"Data is being modified by the other request.\"",
    "BatchWriteRow: partition-key prefix \"3\" busy for 800 ms",
    "TableStore: refuse 503 OTSServerUnavailable \"Server is not available.\" for 500 ms",
    "TableStore: delay 700 ms",
    "TableStore: cut before",
    "next 3 PullLogs: busy",
    "PullLogs: corrupt truncate 20",
    "PullLogs: cut body",
    "next 2 HeartBeat: cut after",
    "next 2 UpdateCheckPoint: cut after",
    "UpdateCheckPoint: refuse 500 InternalServerError \"try again\"",
    "next 2 GetCheckPoint: busy",
    "LogService: delay 400 ms",
];

/// What happens to processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cycle {
    /// SIGKILL, and a new process in its place.
    Kill,
    /// SIGSTOP, and SIGCONT later, often after its lease.
    Stop,
    /// SIGTERM, and a new process after it ended.
    Terminate,
    /// SIGTERM to one after the other.
    Rolling,
}

impl Cycle {
    pub(crate) const ALL: [Self; 4] = [Self::Kill, Self::Stop, Self::Terminate, Self::Rolling];
}

impl fmt::Display for Cycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kill => "SIGKILL",
            Self::Stop => "SIGSTOP, SIGCONT",
            Self::Terminate => "SIGTERM",
            Self::Rolling => "rolling restart",
        })
    }
}

/// A world to be.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) shippers: usize,
    /// Whether services fail too.
    pub(crate) is_rough: bool,
    pub(crate) cycles: Vec<Cycle>,
}

impl Plan {
    /// Any cycles, so many.
    pub(crate) fn any(seed: u64, cycles: usize) -> Self {
        let mut rng = Rng::with_seed(seed);
        let cycle = |_| match rng.u8(0..20) {
            0..9 => Cycle::Kill,
            9..14 => Cycle::Stop,
            14..19 => Cycle::Terminate,
            _ => Cycle::Rolling,
        };
        Self {
            seed,
            cycles: (0..cycles).map(cycle).collect(),
            shippers: rng.usize(3..=6),
            is_rough: rng.bool(),
        }
    }

    /// Nothing but rolling restarts, and services that do their work.
    pub(crate) fn rolling(seed: u64, restarts: usize) -> Self {
        Self {
            seed,
            shippers: Rng::with_seed(seed).usize(3..=6),
            is_rough: false,
            cycles: vec![Cycle::Rolling; restarts],
        }
    }

    /// Whether nobody crashes and no service fails.
    fn is_smooth(&self) -> bool {
        let is_planned = |cycle: &Cycle| matches!(cycle, Cycle::Terminate | Cycle::Rolling);
        !self.is_rough && self.cycles.iter().all(is_planned)
    }
}

/// What came of a world.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) plan: Plan,
    pub(crate) logs: usize,
    pub(crate) skipped: usize,
    pub(crate) counts: Counts,
    pub(crate) violations: Vec<String>,
    /// The container logs, in the order of their processes' starts.
    pub(crate) container_logs: Vec<PathBuf>,
}

/// Where a shipper's place stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Working,
    /// Stopped, until then.
    Stopped(Instant),
    /// Told to end, then.
    Ending(Instant),
    /// Gone; the next starts then.
    Gone(Instant),
}

/// One of the containers that the platform keeps running.
#[derive(Debug)]
struct Place {
    consumer: String,
    state: State,
    life: usize,
    process: Option<Process>,
}

struct World<'a> {
    plan: &'a Plan,
    program: &'a Path,
    directory: &'a Path,
    rng: Rng,
    site: Site,
    witness: Arc<Mutex<Witness>>,
    places: Vec<Place>,
    /// Who is still to be restarted, one after the other.
    rolling: VecDeque<usize>,
    /// Services that are away, until then.
    away: BTreeMap<Service, Instant>,
    groups: u32,
    container_logs: Vec<PathBuf>,
}

/// Plays a world; container logs go to files in `directory`.
pub(crate) async fn play(plan: &Plan, program: &Path, directory: &Path) -> Outcome {
    let mut world = World::new(plan, program, directory).await;
    world.suffer().await;
    world.calm_down().await;
    world.drain().await;
    world.end().await;
    world.conclude()
}

fn lock(witness: &Mutex<Witness>) -> MutexGuard<'_, Witness> {
    witness.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'a> World<'a> {
    async fn new(plan: &'a Plan, program: &'a Path, directory: &'a Path) -> Self {
        let site = Site::open(SHARDS).await;
        let witness = Arc::new(Mutex::new(Witness::new(LEASE, plan.is_rough)));
        let seeing = Arc::clone(&witness);
        site.sandbox
            .watch(move |exchange| lock(&seeing).see(exchange));
        let now = Instant::now();
        let place = |number| Place {
            consumer: format!("shipper-{number}"),
            state: State::Gone(now),
            life: 0,
            process: None,
        };
        Self {
            plan,
            program,
            directory,
            rng: Rng::with_seed(plan.seed ^ 0x000f_a7e5),
            site,
            witness,
            places: (0..plan.shippers).map(place).collect(),
            rolling: VecDeque::new(),
            away: BTreeMap::new(),
            groups: 0,
            container_logs: Vec::new(),
        }
    }

    fn find(&self, what: String) {
        lock(&self.witness).find(what);
    }

    /// Plays the cycles, under load.
    async fn suffer(&mut self) {
        self.make_slow();
        let mut cycles: VecDeque<_> = self.plan.cycles.iter().copied().collect();
        let mut next = Instant::now() + Duration::from_millis(700);
        loop {
            self.turn().await;
            self.put();
            if self.plan.is_rough && self.rng.u8(0..30) == 0 {
                self.fail().await;
            }
            if Instant::now() < next || !self.rolling.is_empty() {
                continue;
            }
            let Some(cycle) = cycles.front().copied() else {
                break;
            };
            if self.strike(cycle) {
                cycles.pop_front();
                next = Instant::now() + Duration::from_millis(self.rng.u64(100..900));
            }
        }
    }

    /// Answers to writes take a while, as they do: there is always something on its way.
    fn make_slow(&self) {
        let script = "always BatchWriteRow: delay 8 ms";
        let loaded = self.site.sandbox.faults().load(script);
        loaded.expect("a good script");
    }

    /// Lets a cycle begin with somebody who works; whether there is somebody.
    fn strike(&mut self, cycle: Cycle) -> bool {
        let working = self.places.iter().enumerate();
        let working = working.filter(|(_, place)| self.can_be_struck(place));
        let working: Vec<usize> = working.map(|(number, _)| number).collect();
        let Some(number) = self.rng.choice(working.iter().copied()) else {
            return false;
        };
        let beyond = self.rng.bool();
        let longest = LEASE.mul_f64(if beyond { 1.6 } else { 0.7 });
        let pause = longest.mul_f64(self.rng.f64());
        let again = Duration::from_millis(self.rng.u64(0..400));
        let place = &mut self.places[number];
        let process = place.process.as_ref().expect("it works");
        match cycle {
            Cycle::Kill => {
                process.signal(Signal::KILL);
                lock(&self.witness).killed(place.life);
                place.process = None;
                place.state = State::Gone(Instant::now() + again);
                self.rename(number);
            }
            Cycle::Stop => {
                lock(&self.witness).stopped(place.life);
                process.signal(Signal::STOP);
                place.state = State::Stopped(Instant::now() + pause);
            }
            Cycle::Terminate => self.terminate(number),
            Cycle::Rolling => self.rolling.extend(0..self.places.len()),
        }
        true
    }

    /// Most have been heard of, and some are hit while they start.
    fn can_be_struck(&self, place: &Place) -> bool {
        place.state == State::Working
            && (place.life % 8 == 7 || lock(&self.witness).is_known(place.life))
    }

    fn terminate(&mut self, number: usize) {
        let place = &mut self.places[number];
        let process = place.process.as_ref().expect("it works");
        process.signal(Signal::TERM);
        place.state = State::Ending(Instant::now());
        self.rename(number);
    }

    /// The next process of a place has the same name, or one of its own.
    fn rename(&mut self, number: usize) {
        if self.rng.bool() {
            self.places[number].consumer = format!("shipper-{number}-{}", self.rng.u16(..));
        }
    }

    /// A little later: whatever is due, of what happens by itself.
    async fn turn(&mut self) {
        tokio::time::sleep(TURN).await;
        let now = Instant::now();
        for number in 0..self.places.len() {
            self.attend(number, now);
        }
        let back: Vec<_> = self
            .away
            .iter()
            .filter(|(_, until)| **until <= now)
            .collect();
        let back: Vec<_> = back.into_iter().map(|(service, _)| *service).collect();
        for service in back {
            self.away.remove(&service);
            let resumed = self.site.running.resume(service).await;
            resumed.expect("its port is still free");
        }
        self.roll();
    }

    /// Looks after one place.
    fn attend(&mut self, number: usize, now: Instant) {
        let place = &mut self.places[number];
        let ended = place.process.as_mut().and_then(Process::ended);
        match (place.state, ended) {
            (State::Gone(until), _) if until <= now => self.start(number),
            (State::Stopped(until), None) if until <= now => self.go_on(number),
            (State::Ending(since), Some(status)) => {
                let took = now - since;
                place.process = None;
                place.state = State::Gone(now);
                if status.code() != Some(0) {
                    let life = place.life;
                    self.find(format!(
                        "life {life} was told to stop and ended with {status} after {took:?}"
                    ));
                }
            }
            (State::Ending(since), None) if now - since > GRACE + AFTER_GRACE => {
                let life = place.life;
                place.process = None;
                place.state = State::Gone(now);
                self.find(format!(
                    "life {life} does not stop within {:?}",
                    now - since
                ));
            }
            (State::Working | State::Stopped(_), Some(status)) => {
                let life = place.life;
                place.process = None;
                place.state = State::Gone(now);
                self.find(format!("life {life} ended by itself with {status}"));
            }
            _ => {}
        }
    }

    fn start(&mut self, number: usize) {
        let life = lock(&self.witness).born();
        let place = &mut self.places[number];
        let mut environment = self.site.environment(life, &place.consumer, LEASE);
        let interval = format!("{}ms", CHECKPOINT_INTERVAL.as_millis());
        environment.extend([
            ("heartbeat_interval", interval.clone()),
            ("checkpoint_interval", interval),
            ("shutdown_grace", format!("{}s", GRACE.as_secs())),
        ]);
        let name = format!("life-{life:03}-{}.log", place.consumer);
        let log = self.directory.join(name);
        let process = Process::start(self.program, &environment, &log);
        self.container_logs.push(log);
        place.life = life;
        place.process = Some(process.expect("the shipper's program starts"));
        place.state = State::Working;
    }

    fn go_on(&mut self, number: usize) {
        let place = &mut self.places[number];
        let process = place.process.as_ref().expect("it is stopped");
        process.signal(Signal::CONT);
        lock(&self.witness).continued(place.life);
        place.state = State::Working;
    }

    /// Restarts the next one, once the one before it is back.
    fn roll(&mut self) {
        let Some(number) = self.rolling.front().copied() else {
            return;
        };
        let witness = lock(&self.witness);
        let is_back = |place: &Place| place.state == State::Working && witness.is_known(place.life);
        let are_back = self.places.iter().all(is_back);
        drop(witness);
        if are_back {
            self.rolling.pop_front();
            self.terminate(number);
        }
    }

    /// Puts a log group or a few.
    fn put(&mut self) {
        let burst = if self.rng.u8(0..40) == 0 { 30 } else { 2 };
        for _ in 0..self.rng.u32(0..=burst) {
            let age = u16::try_from(self.groups / GROUPS_PER_AGE).expect("worlds end soon");
            self.groups += 1;
            let bucket = age * BUCKETS + self.rng.u16(0..BUCKETS);
            let mut put = Put::any(&mut self.rng, bucket);
            for log in &mut put.logs {
                log.is_garbled = self.rng.u8(0..50) == 0;
                log.flaw = match self.rng.u8(0..120) {
                    0 => Some(Flaw::NoKey),
                    1 => Some(Flaw::LongKey),
                    2 => Some(Flaw::NoLog),
                    _ => None,
                };
            }
            // Nobody sees these logs before the oracle knows them.
            let mut witness = lock(&self.witness);
            let prepared = witness.oracle.prepare(&put);
            let loghub = self.site.sandbox.loghub();
            let bytes = prepared.bytes.clone();
            let shard = loghub
                .put_encoded_by_hash(PROJECT, LOGSTORE, hash(bucket), bytes)
                .expect("some shard takes it");
            let end = loghub.end_cursor(PROJECT, LOGSTORE, shard);
            witness
                .oracle
                .was_put(prepared, shard, end.expect("the shard is there"));
        }
    }

    /// A service fails somehow.
    async fn fail(&mut self) {
        if self.rng.u8(0..10) == 0 {
            let services = [Service::LogService, Service::TableStore];
            let service = *self.rng.choice(&services).expect("there are two");
            let until = Instant::now() + Duration::from_millis(self.rng.u64(50..1_200));
            self.site.running.pause(service).await;
            self.away.insert(service, until);
        } else {
            let fault = self.rng.choice(FAULTS).expect("there are some");
            let loaded = self.site.sandbox.faults().load(fault);
            loaded.expect("a good script");
        }
    }

    /// Ends all faults.
    async fn calm_down(&mut self) {
        self.site.sandbox.faults().clear();
        let now = Instant::now();
        self.away.values_mut().for_each(|until| *until = now);
        for place in &mut self.places {
            if let State::Stopped(until) = &mut place.state {
                *until = now;
            }
        }
        self.turn().await;
    }

    /// Waits until everything is written and checkpointed.
    async fn drain(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let unwritten = lock(&self.witness).unwritten();
            let behind = self.site.behind();
            if unwritten == 0 && behind == Some(0) {
                return;
            }
            if Instant::now() > deadline {
                return self.find(format!(
                    "{PATIENCE:?} after the last fault {unwritten} logs are not written, and checkpoints are behind by {behind:?} log groups"
                ));
            }
            self.turn().await;
        }
    }

    /// Tells everybody to stop.
    async fn end(&mut self) {
        while !self
            .places
            .iter()
            .all(|place| place.state == State::Working)
        {
            self.turn().await;
        }
        for number in 0..self.places.len() {
            self.terminate(number);
        }
        while self.places.iter().any(|place| place.process.is_some()) {
            tokio::time::sleep(TURN).await;
            let now = Instant::now();
            for number in 0..self.places.len() {
                if matches!(self.places[number].state, State::Ending(_)) {
                    self.attend(number, now);
                }
            }
        }
    }

    fn conclude(self) -> Outcome {
        let mut witness = lock(&self.witness);
        witness.compare(&self.site.rows());
        for (shard, checkpoint) in self.site.checkpoints() {
            let end = self
                .site
                .sandbox
                .loghub()
                .end_cursor(PROJECT, LOGSTORE, shard);
            if end.is_ok_and(|end| end != checkpoint && !checkpoint.is_empty()) {
                witness.find(format!("the checkpoint of shard {shard} is not at its end"));
            }
        }
        let oldest = witness.counts.oldest_repeat;
        if oldest > CHECKPOINT_INTERVAL + LATE_CHECKPOINT {
            witness.find(format!(
                "a log that was repeated had been written {oldest:?} before the crash, and checkpoints are saved every {CHECKPOINT_INTERVAL:?}"
            ));
        }
        let logs = witness.oracle.logs.len();
        let without_row = witness.oracle.logs.iter().filter(|log| log.key.is_none());
        let skipped = without_row.count();
        if self.plan.is_smooth() {
            let told = (self.site.told("row_count"), self.site.told("skip_count"));
            let wanted = (logs - skipped, skipped);
            if told != (count(wanted.0), count(wanted.1)) {
                witness.find(format!(
                    "rows and skipped logs are {wanted:?}; the status table tells of {told:?}"
                ));
            }
        }
        Outcome {
            plan: self.plan.clone(),
            logs,
            skipped,
            counts: witness.counts.clone(),
            violations: witness.violations.clone(),
            container_logs: self.container_logs,
        }
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).expect("worlds are small")
}
