//! One world: shippers, both services, the cables between them, and one time for all.
//!
//! Every shipper has a runtime and a clock of its own, paused, that runs only when the world lets
//! it: until it sends something, or until the next thing that can happen to it. The services answer
//! in the order in which requests arrive. So one thread plays everything, in virtual time, and the
//! same plan plays out the same way every time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use fastrand::Rng;
use http::StatusCode;
use loghub_shipper::config::Config;
use loghub_shipper::deadletters;
use loghub_shipper::sandbox::{Action, Cut, RowMatch, Sandbox, Service, Settings, TableSpec};
use loghub_shipper::shipper::STATUS_KEY;
use loghub_shipper::status::TotalCounts;
use loghub_shipper::tablestore::{PrimaryKeyColumn, PrimaryKeyType, TableName, Value};
use loghub_shipper::transport::{AccessKey, Clock, Secret};
use memchr::memmem;
use tokio::sync::oneshot;

use crate::calls::{Call, LETTERS};
use crate::host::{End, Life, dawn};
use crate::judge::{Judge, LifeId, Violation};
use crate::letters;
use crate::logs::{Put, hash};
use crate::oracle::Oracle;
use crate::plan::{Act, Calls, Kind, LEASE, Plan, Row, Trouble, Weather};
use crate::trace::Trace;
use crate::wire::{Answer, Fault, Sent};

const PROJECT: &str = "simulated";
const LOGSTORE: &str = "access-log";
const GROUP: &str = "shippers";
const TARGET: &str = "access_rows";
const STATUS: &str = "status_rows";

/// Configured grace of a shutdown, and what may follow it: see the README's `shutdown_grace`.
const GRACE: u64 = 8_000;
const AFTER_GRACE: u64 = 5_000;

/// What the status table calls letters that cannot be stored.
pub(crate) const LETTERS_WAIT: &str = "DeadLettersWait";

/// A container that failed is started again after this.
const RESTART: u64 = 1_000;

/// What the table's trouble may delay a log by that has nothing to do with it (invariant G).
const HELD_UP: u64 = 2_000;

/// What came of a world.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) violations: Vec<Violation>,
    pub(crate) trace: Trace,
    pub(crate) logs: usize,
    pub(crate) repeated: usize,
    pub(crate) millis: u64,
    /// The most that a shipper held of what it may, in a hundred.
    pub(crate) fullest: usize,
}

/// A place for a shipper.
#[derive(Debug)]
struct Host {
    life: Option<Life>,
    lives: u32,
    /// Whether the platform starts it again when it fails.
    is_wanted: bool,
    /// Dies with an exchange: how many before it, and whether the service still acts.
    dies: Option<(u64, bool)>,
    skew: Arc<AtomicI64>,
    weather: BTreeMap<Service, Weather>,
    /// When answers to what it sent can come at the earliest.
    expects: BTreeSet<(u64, u64)>,
    told_to_stop: Option<u64>,
}

/// A request on its way, and its answer's way back.
#[derive(Debug)]
struct Flight {
    life: LifeId,
    sent: u64,
    call: Call,
    request: http::Request<bytes::Bytes>,
    answer: oneshot::Sender<Answer>,
    back: u64,
    earliest: (u64, u64),
    fate: Fate,
}

/// What happens to an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Fine,
    Refused,
    RequestLost,
    AnswerLost,
    BrokenBefore,
    BrokenAfter,
    Damaged,
}

#[derive(Debug)]
enum Event {
    Act(Act),
    Arrive(Box<Flight>),
    Deliver(Box<Flight>, Answer),
    /// A look at whether all is done.
    Look,
}

pub(crate) struct World<'a> {
    plan: &'a Plan,
    rng: Rng,
    now: u64,
    /// What the services' clock shows.
    hand: Arc<AtomicU64>,
    sandbox: Sandbox,
    hosts: Vec<Host>,
    events: BTreeMap<(u64, u64), Event>,
    order: u64,
    troubles: Vec<Trouble>,
    oracle: Oracle,
    judge: Judge,
    trace: Trace,
    /// When each log was put.
    put_at: Vec<u64>,
    /// What became of logs by the shippers' own counts, over all lives that ended.
    written: u64,
    buried: u64,
    dropped: u64,
    /// The most that a shipper held of its limit, in a hundred.
    fullest: usize,
    is_ending: bool,
    is_over: bool,
}

fn table(name: &str) -> TableName {
    TableName::new(name).expect("a good name")
}

fn target() -> TableSpec {
    let key = PrimaryKeyColumn {
        name: "k".to_owned(),
        kind: PrimaryKeyType::String,
        auto_increment: false,
    };
    TableSpec::new(table(TARGET), vec![key])
}

fn keyed(name: &str, key: [(&str, PrimaryKeyType); 4]) -> TableSpec {
    let key = key.map(|(name, kind)| PrimaryKeyColumn {
        name: name.to_owned(),
        kind,
        auto_increment: false,
    });
    TableSpec::new(table(name), key.to_vec())
}

impl<'a> World<'a> {
    pub(crate) fn new(plan: &'a Plan) -> Self {
        let hand = Arc::new(AtomicU64::new(0));
        let shown = Arc::clone(&hand);
        let clock =
            Clock::told(move || dawn() + Duration::from_millis(shown.load(Ordering::Relaxed)));
        let key = AccessKey {
            id: "id".to_owned(),
            secret: Secret::new("secret"),
            token: None,
        };
        let sandbox = Sandbox::new(Settings {
            strict_names: plan.strict_names,
            pull_bytes: plan.pull_bytes,
            ..Settings::new(key, clock)
        });
        let loghub = sandbox.loghub();
        loghub.create_project(PROJECT).expect("a new project");
        // A logstore begins with so many shards at the most; more come of splits.
        let begin = plan.shards.min(256);
        loghub
            .create_logstore(PROJECT, LOGSTORE, begin)
            .expect("a new logstore");
        for shard in 0..plan.shards - begin {
            loghub
                .split(PROJECT, LOGSTORE, shard)
                .expect("the oldest is still whole");
        }
        for spec in [
            target(),
            keyed(STATUS, STATUS_KEY),
            keyed(LETTERS, deadletters::KEY),
        ] {
            sandbox
                .tablestore()
                .create_table(spec)
                .expect("a new table");
        }
        let host = |_| Host {
            life: None,
            lives: 0,
            is_wanted: false,
            dies: None,
            skew: Arc::default(),
            weather: BTreeMap::new(),
            expects: BTreeSet::new(),
            told_to_stop: None,
        };
        let mut world = Self {
            rng: Rng::with_seed(plan.seed ^ 0x000f_a7e5),
            now: 0,
            hand,
            sandbox,
            hosts: (0..plan.shippers).map(host).collect(),
            events: BTreeMap::new(),
            order: 0,
            troubles: Vec::new(),
            oracle: Oracle::new(plan.strict_names),
            judge: Judge::default(),
            trace: Trace::default(),
            put_at: Vec::new(),
            written: 0,
            buried: 0,
            dropped: 0,
            fullest: 0,
            is_ending: false,
            is_over: false,
            plan,
        };
        for (at, act) in &plan.acts {
            world.schedule(*at, Event::Act(act.clone()));
        }
        world.schedule(plan.calm, Event::Look);
        world
    }

    fn schedule(&mut self, at: u64, event: Event) {
        self.order += 1;
        self.events.insert((at, self.order), event);
    }

    /// Plays the world to its end.
    pub(crate) fn play(mut self) -> Outcome {
        // Pauses between tries are random: of this thread's generator.
        fastrand::seed(self.plan.seed);
        while !self.is_over {
            self.step();
        }
        self.conclude()
    }

    fn step(&mut self) {
        // Nobody can send anything any more that arrives before this.
        let slowest = self
            .hosts
            .iter()
            .enumerate()
            .filter_map(|(host, state)| Some((state.life.as_ref()?.now, host)))
            .min();
        let due = self.events.first_key_value().map(|(key, _)| *key);
        match (slowest, due) {
            (Some((now, host)), Some((at, _))) if now < at => self.let_work(host),
            (_, Some(key)) => {
                let event = self.events.remove(&key).expect("it was just seen");
                self.now = key.0;
                self.hand.store(self.now, Ordering::Relaxed);
                self.happen(event);
            }
            (_, None) => self.is_over = true,
        }
    }

    /// Lets a shipper work until it sends something or something can happen to it.
    fn let_work(&mut self, host: usize) {
        let state = &mut self.hosts[host];
        let life = state.life.as_mut().expect("it works");
        let event = self.events.first_key_value().map(|((at, _), _)| *at);
        let answer = state.expects.first().map(|(at, _)| *at);
        let until = [event, answer].into_iter().flatten().min();
        let until = until.expect("a look is always ahead").max(life.now + 1);
        let sent = life.work(until);
        let id = (host, state.lives);
        for sent in sent {
            self.send(id, sent);
        }
        let Some(life) = &self.hosts[host].life else {
            return;
        };
        let (held, limit) = (life.most_held(), self.plan.memory_limit);
        self.judge.holds(id, held, limit, life.now);
        self.fullest = self.fullest.max(held * 100 / limit);
        if let Some(end) = life.end() {
            self.ended(host, &end);
        }
    }

    /// Decides on the fate of a request.
    fn send(&mut self, life: LifeId, sent: Sent) {
        let host = &mut self.hosts[life.0];
        let Some(alive) = &host.life else { return };
        let at = alive.at(&sent);
        let call = Call::of(sent.service, &sent.request);
        match &call {
            Call::BatchWriteRow | Call::StoreLetters { .. } => self.judge.writes(life, at),
            Call::UpdateCheckPoint { shard, .. } => self.judge.saves(life, *shard, at),
            _ => {}
        }
        let weather = host
            .weather
            .get(&sent.service)
            .copied()
            .unwrap_or(Weather::FINE);
        let mut roll = |rate: u16| self.rng.u16(0..1000) < rate;
        let mut fate = Fate::Fine;
        for (rate, bad) in [
            (weather.damaged, Fate::Damaged),
            (weather.broken_after, Fate::BrokenAfter),
            (weather.broken_before, Fate::BrokenBefore),
            (weather.answer_lost, Fate::AnswerLost),
            (weather.request_lost, Fate::RequestLost),
            (weather.refused, Fate::Refused),
        ] {
            if roll(rate) {
                fate = bad;
            }
        }
        let dies = match &mut host.dies {
            Some((0, acts)) => Some(*acts),
            Some((left, _)) => {
                *left -= 1;
                None
            }
            None => None,
        };
        let (there, back) = (
            self.rng.u64(1..=weather.delay),
            self.rng.u64(1..=weather.delay),
        );
        let host = &mut self.hosts[life.0];
        self.order += 1;
        let earliest = (at + there + back, self.order);
        host.expects.insert(earliest);
        let flight = Flight {
            life,
            sent: at,
            call,
            request: sent.request,
            answer: sent.answer,
            back,
            earliest,
            fate,
        };
        if let Some(acts) = dies {
            self.die(life.0, at);
            if !acts {
                return;
            }
        }
        self.schedule(at + there, Event::Arrive(Box::new(flight)));
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Act(act) => self.act(act),
            Event::Arrive(flight) => self.arrive(flight),
            Event::Deliver(flight, answer) => self.deliver(*flight, answer),
            Event::Look => self.look(),
        }
    }

    /// A request reaches its service, or nearly.
    fn arrive(&mut self, flight: Box<Flight>) {
        let back = self.now + flight.back;
        let answer = match flight.fate {
            Fate::Refused => Err(Fault::Refused),
            Fate::BrokenBefore => Err(Fault::Broken),
            Fate::RequestLost => {
                self.note(&flight, "request lost");
                self.forget(&flight);
                // The shipper waits: the other end of the channel must stay.
                self.schedule(u64::MAX, Event::Deliver(flight, Err(Fault::Broken)));
                return;
            }
            fate => {
                let (response, delay, cut) = self.respond(&flight);
                let response = if fate == Fate::Damaged {
                    self.damage(flight.call.service(), response)
                } else {
                    response
                };
                let at = back + u64::try_from(delay.as_millis()).expect("short");
                let answer = match (cut, fate) {
                    (Cut::None, Fate::AnswerLost) => {
                        self.forget(&flight);
                        self.schedule(u64::MAX, Event::Deliver(flight, Err(Fault::Broken)));
                        return;
                    }
                    (Cut::None, fate) if fate != Fate::BrokenAfter => Ok(response),
                    _ => Err(Fault::Broken),
                };
                self.schedule(at, Event::Deliver(flight, answer));
                return;
            }
        };
        self.note(&flight, "no connection");
        self.schedule(back, Event::Deliver(flight, answer));
    }

    /// Nothing is expected of this flight any more.
    fn forget(&mut self, flight: &Flight) {
        let host = &mut self.hosts[flight.life.0];
        if host.lives == flight.life.1 {
            host.expects.remove(&flight.earliest);
        }
    }

    /// The service acts on a request; the judge watches.
    fn respond(&mut self, flight: &Flight) -> (http::Response<bytes::Bytes>, Duration, Cut) {
        let faults = self.sandbox.faults();
        for trouble in &self.troubles {
            let name = flight.call.name();
            let is_meant = match trouble.calls {
                Calls::All(service) => service == flight.call.service(),
                Calls::Of(wanted) => wanted == name,
                Calls::Letters => matches!(flight.call, Call::StoreLetters { .. }),
            };
            if !is_meant || self.rng.u16(0..1000) >= trouble.rate {
                continue;
            }
            match trouble.kind {
                Kind::Refuse(status, code, message) => {
                    faults.always(name, Action::refuse(status, code, message));
                }
                Kind::Rows(partitions, code, message) => {
                    for partition in 0..partitions {
                        let rows = RowMatch::Prefix(format!("{partition:x}-"));
                        faults.always(name, Action::row_errors(code, message, rows));
                    }
                }
                Kind::EverySecondRow(code, message) => {
                    let rows = RowMatch::Places((0..200).step_by(2).collect());
                    faults.always(name, Action::row_errors(code, message, rows));
                }
                Kind::Slow(millis) => {
                    faults.always(name, Action::Delay(Duration::from_millis(millis)));
                }
            }
        }
        let refused = Action::row_errors(
            "OTSParameterInvalid",
            "The simulation does not like this row.",
            RowMatch::Prefix("bad-".to_owned()),
        );
        faults.always("BatchWriteRow", refused);
        let body = flight.request.body();
        let has = |text: &str| memmem::find(body, text.as_bytes()).is_some();
        if flight.call == Call::BatchWriteRow && has("spoil-") {
            let message = "The simulation does not like a row of this request.";
            let refused = Action::refuse(400, "OTSParameterInvalid", message);
            faults.always("BatchWriteRow", refused);
        }
        let reply = self.sandbox.respond(flight.call.service(), &flight.request);
        self.sandbox.faults().clear();
        let status = reply.response.status();
        self.note(flight, status.as_str());
        if status == StatusCode::OK {
            match &flight.call {
                Call::GetCheckPoint { shard } => self.judge.taken_up(flight.life, *shard),
                Call::UpdateCheckPoint { shard, cursor } => {
                    let tables = self.sandbox.tablestore();
                    let letters = || tables.rows(&table(LETTERS)).unwrap_or_default();
                    let letters: Option<&dyn Fn() -> _> =
                        self.plan.has_dead_letters.then_some(&letters);
                    let checkpoint = (*shard, cursor.as_str());
                    self.judge
                        .saved(&self.oracle, checkpoint, letters, self.now);
                }
                Call::BatchWriteRow => {
                    let bodies = (flight.request.body(), reply.response.body());
                    self.judge
                        .landed(&self.oracle, flight.life, bodies, self.now);
                }
                _ => {}
            }
        }
        (reply.response, reply.delay, reply.cut)
    }

    /// Damages an answer in a way that can be noticed: Table Store's are checksummed, Log Service's
    /// only know their length.
    fn damage(
        &mut self,
        service: Service,
        response: http::Response<bytes::Bytes>,
    ) -> http::Response<bytes::Bytes> {
        let (head, body) = response.into_parts();
        let mut body = body.to_vec();
        let ways = match service {
            Service::LogService => 2,
            Service::TableStore => 3,
        };
        match self.rng.u8(0..ways) {
            0 => body.truncate(self.rng.usize(0..=body.len())),
            1 => body.extend([0; 3]),
            _ => {
                for _ in 0..4 {
                    let place = self.rng.usize(0..body.len().max(1));
                    if let Some(byte) = body.get_mut(place) {
                        *byte ^= self.rng.u8(1..);
                    }
                }
            }
        }
        http::Response::from_parts(head, body.into())
    }

    /// An answer, or the lack of one, reaches its shipper.
    fn deliver(&mut self, flight: Flight, answer: Answer) {
        self.forget(&flight);
        if self.hosts[flight.life.0].lives != flight.life.1 {
            return;
        }
        let status = answer.as_ref().map(http::Response::status).ok();
        match (&flight.call, status) {
            (Call::HeartBeat, Some(StatusCode::OK)) => self.judge.heard(flight.life, flight.sent),
            (
                Call::UpdateCheckPoint { shard, .. },
                Some(StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND | StatusCode::FORBIDDEN),
            ) => {
                let body = answer.as_ref().map(|response| response.body().clone());
                let body = body.unwrap_or_default();
                let body = String::from_utf8_lossy(&body);
                if body.contains("ConsumerNotMatch") || body.contains("ConsumerNotExist") {
                    self.judge.refused(flight.life, *shard, self.now);
                }
            }
            _ => {}
        }
        if let Some(code) = self.code_to_show(&flight, &answer) {
            self.judge.must_show(code, self.now);
        }
        // A shipper that has given up waiting does not hear it.
        drop(flight.answer.send(answer));
    }

    /// A code in this answer that the plan wants to see in the status table.
    fn code_to_show(&self, flight: &Flight, answer: &Answer) -> Option<&'static str> {
        match flight.call {
            Call::BatchWriteRow => {}
            Call::StoreLetters { is_alone } => {
                let mut codes = self.plan.must_show.iter().copied();
                // Letters that are not liked together are sent one by one, and need not wait.
                let waits = match answer.as_ref().ok()?.status() {
                    StatusCode::OK => false,
                    StatusCode::BAD_REQUEST => is_alone,
                    _ => true,
                };
                return codes.find(|code| waits && *code == LETTERS_WAIT);
            }
            _ => return None,
        }
        let body = answer.as_ref().ok()?.body();
        let has = |code: &&&str| memmem::find(body, code.as_bytes()).is_some();
        self.plan.must_show.iter().find(has).copied()
    }

    fn act(&mut self, act: Act) {
        self.trace.event(self.now, &format!("{act:?}"));
        let loghub = self.sandbox.loghub();
        match act {
            Act::Put(put) => self.put(&put),
            Act::Start(host) => {
                self.hosts[host].is_wanted = true;
                self.start(host);
            }
            Act::Kill(host) => self.die(host, self.now),
            Act::KillAtExchange(host, number, acts) => self.hosts[host].dies = Some((number, acts)),
            Act::Terminate(host) => self.terminate(host),
            Act::Pause(host, millis) => {
                let state = &mut self.hosts[host];
                if let Some(life) = &mut state.life {
                    life.pause(millis);
                    // Nobody stops in time who is not let.
                    state.told_to_stop = state.told_to_stop.map(|told| told + millis);
                }
            }
            Act::Skew(host, millis) => self.hosts[host].skew.store(millis, Ordering::Relaxed),
            Act::Weather(host, service, weather) => {
                self.hosts[host].weather.insert(service, weather);
            }
            Act::Trouble(trouble) => self.troubles.push(trouble),
            Act::Relief(calls) => {
                if let Some(place) = self
                    .troubles
                    .iter()
                    .rposition(|trouble| trouble.calls == calls)
                {
                    self.troubles.remove(place);
                }
            }
            // A shard that is not there or is read only: nothing happens.
            Act::Split(shard) => drop(loghub.split(PROJECT, LOGSTORE, shard)),
            Act::Merge(shard) => drop(loghub.merge(PROJECT, LOGSTORE, shard)),
            Act::Trim(shard) => {
                if let Ok(groups) = loghub.trim(PROJECT, LOGSTORE, shard, 3) {
                    self.oracle.forgotten(shard, groups);
                }
            }
            Act::DropTable => {
                // What the table held is to be there again afterwards: only the name goes away.
                self.troubles.push(GONE);
            }
            Act::MakeTable => self.troubles.retain(|trouble| *trouble != GONE),
        }
    }

    fn put(&mut self, put: &Put) {
        let prepared = self.oracle.prepare(put);
        let loghub = self.sandbox.loghub();
        let shard = loghub
            .put_encoded_by_hash(PROJECT, LOGSTORE, hash(put.bucket), prepared.bytes.clone())
            .expect("some shard takes it");
        let end = loghub
            .end_cursor(PROJECT, LOGSTORE, shard)
            .expect("it is there");
        self.oracle.was_put(prepared, shard, end);
        self.put_at.resize(self.oracle.logs.len(), self.now);
    }

    fn start(&mut self, host: usize) {
        let state = &mut self.hosts[host];
        if state.life.is_some() || self.is_ending {
            return;
        }
        let config = config(host, self.plan);
        state.lives += 1;
        state.dies = None;
        state.told_to_stop = None;
        state.expects.clear();
        state.life = Some(Life::start(config, self.now, &state.skew));
    }

    /// Stops a shipper dead; the platform starts it again.
    fn die(&mut self, host: usize, at: u64) {
        let state = &mut self.hosts[host];
        let Some(life) = state.life.take() else {
            return;
        };
        let counts = life.counts();
        self.count(counts, at);
        self.trace.event(at, &format!("shipper {host} is dead"));
        let again = at.max(self.now) + RESTART;
        self.schedule(again, Event::Act(Act::Start(host)));
    }

    fn terminate(&mut self, host: usize) {
        let state = &mut self.hosts[host];
        state.is_wanted = false;
        if let Some(life) = &state.life {
            life.shutdown.cancel();
            state.told_to_stop = Some(self.now.max(life.now));
        }
    }

    fn ended(&mut self, host: usize, end: &End) {
        let state = &mut self.hosts[host];
        let life = state.life.take().expect("it worked until now");
        let counts = life.counts();
        let at = life.now;
        self.trace
            .event(at, &format!("shipper {host} ends: {end:?}"));
        let told = state.told_to_stop;
        if state.is_wanted {
            let again = life.now.max(self.now) + RESTART;
            self.schedule(again, Event::Act(Act::Start(host)));
        }
        match (end, told) {
            (End::HandedOver, Some(told)) => {
                let took = life.now.saturating_sub(told);
                if took > GRACE + AFTER_GRACE {
                    let what = format!("shipper {host} took {took} ms to stop");
                    self.judge.find('J', life.now, what);
                }
            }
            (End::HandedOver, None) => {
                let what = format!("shipper {host} stopped without being told to");
                self.judge.find('J', life.now, what);
            }
            (End::Failed(_), _) => {}
        }
        self.count(counts, at);
    }

    /// Adds what a life has counted to the end.
    fn count(&mut self, counts: TotalCounts, at: u64) {
        self.written += counts.logs_written;
        self.buried += counts.dead_lettered;
        self.dropped += counts.skipped + counts.refused;
        if counts.decided() > counts.logs_read {
            self.judge.find(
                'A',
                at,
                format!("more logs are decided than read: {counts:?}"),
            );
        }
    }

    /// Looks whether all is done; then everybody is told to stop.
    fn look(&mut self) {
        if self.is_ending {
            let late = self
                .hosts
                .iter()
                .enumerate()
                .filter(|(_, host)| host.life.is_some());
            let late: Vec<_> = late.map(|(host, _)| host).collect();
            let limit = GRACE + AFTER_GRACE + LEASE;
            let is_late = self.hosts.iter().any(|host| {
                host.life.is_some()
                    && host
                        .told_to_stop
                        .is_some_and(|told| self.now > told + limit)
            });
            if is_late {
                let what = format!("shippers {late:?} do not stop");
                self.judge.find('J', self.now, what);
            }
            self.is_over = late.is_empty() || is_late;
            if !self.is_over {
                self.schedule(self.now + 200, Event::Look);
            }
            return;
        }
        if self.now == self.plan.calm {
            self.troubles.clear();
            for host in &mut self.hosts {
                host.weather.clear();
                host.dies = None;
            }
            let is_empty = self
                .hosts
                .iter()
                .all(|host| host.life.is_none() && !host.is_wanted);
            if is_empty {
                self.hosts[0].is_wanted = true;
                self.start(0);
            }
            self.check_progress();
        }
        let group = self.sandbox.loghub().group(PROJECT, LOGSTORE, GROUP);
        let is_done = group.is_ok_and(|group| group.behind() == 0)
            && self.judge.unwritten(&self.oracle).is_empty();
        let is_late = self.now > self.plan.calm + self.plan.patience;
        if is_late && !is_done {
            let missing = self.judge.unwritten(&self.oracle);
            let what = format!(
                "not everything is written and checkpointed; not written: {:?}",
                missing.get(..5).unwrap_or(&missing)
            );
            self.judge.find('H', self.now, what);
        }
        if is_done || is_late {
            self.is_ending = true;
            for host in 0..self.hosts.len() {
                self.terminate(host);
            }
        }
        self.schedule(self.now + 200, Event::Look);
    }

    /// Invariant G: with one partition busy, all others are as fast as ever.
    fn check_progress(&mut self) {
        if self.plan.row != Row::HotPartition {
            return;
        }
        let late = self
            .judge
            .unwritten(&self.oracle)
            .into_iter()
            .filter(|log| {
                let key = self.oracle.logs[*log].key.as_deref().unwrap_or_default();
                !key.starts_with("0-") && self.put_at[*log] + HELD_UP < self.now
            });
        let late: Vec<_> = late.collect();
        if let Some(log) = late.first() {
            let what = format!(
                "{} logs of healthy partitions wait for a busy one, such as {log}, put at {}",
                late.len(),
                self.put_at[*log]
            );
            self.judge.find('G', self.now, what);
        }
    }

    /// The final judgement.
    fn conclude(mut self) -> Outcome {
        let rows = self
            .sandbox
            .tablestore()
            .rows(&table(TARGET))
            .unwrap_or_default();
        for difference in self.oracle.compare(&rows) {
            self.judge.find('A', self.now, difference);
        }
        self.check_counts();
        self.check_letters();
        self.check_status();
        Outcome {
            repeated: self.judge.repeated(),
            violations: self.judge.violations,
            trace: self.trace,
            logs: self.oracle.logs.len(),
            millis: self.now,
            fullest: self.fullest,
        }
    }

    /// Every log is decided; without a crash exactly once, and the status table says so.
    fn check_counts(&mut self) {
        let (mut good, mut flawed) = (Counted::default(), Counted::default());
        for log in &self.oracle.logs {
            let kind = if log.flaw.is_none() {
                &mut good
            } else {
                &mut flawed
            };
            kind.put += 1;
            kind.lost += u64::from(log.may_be_lost);
        }
        let none = Counted::default();
        let (buried, dropped) = if self.plan.has_dead_letters {
            (flawed, none)
        } else {
            (none, flawed)
        };
        let is_smooth = self.plan.is_smooth;
        for (what, all, count) in [
            ("became rows", good, self.written),
            ("became letters", buried, self.buried),
            ("were skipped or refused", dropped, self.dropped),
        ] {
            let is_right = all.least() <= count && (count <= all.put || !is_smooth);
            if !is_right {
                let what = format!("{count} logs {what}, of {all:?}");
                self.judge.find('D', self.now, what);
            }
        }
        if !is_smooth {
            return;
        }
        let all = Counted {
            put: good.put + flawed.put,
            lost: good.lost + flawed.lost,
        };
        // Rows that were refused for good are told of as errors, several in one.
        let refused = self.oracle.refused;
        let told = self.told("row_count") + self.told("skip_count") + refused;
        for (what, all, count) in [
            ("logs", all, told),
            ("dead letters", buried, self.told("dead_letter_count")),
        ] {
            let is_told = count <= all.put && (self.plan.may_lose_status || all.least() <= count);
            if !is_told {
                let what = format!("the status table tells of {count} {what}, of {all:?}");
                self.judge.find('A', self.now, what);
            }
        }
    }

    /// The sum of a column of the status table.
    fn told(&self, name: &str) -> u64 {
        let tables = self.sandbox.tablestore();
        let rows = tables.rows(&table(STATUS)).unwrap_or_default();
        let cells = rows.iter().flat_map(|row| &row.cells);
        let numbers = cells
            .filter(|cell| cell.name == name)
            .map(|cell| match cell.value {
                Value::Integer(number) => u64::try_from(number).unwrap_or_default(),
                _ => 0,
            });
        numbers.sum()
    }

    /// Every log that cannot become a row has one letter, however often it was read.
    fn check_letters(&mut self) {
        let tables = self.sandbox.tablestore();
        let letters = tables.rows(&table(LETTERS)).unwrap_or_default();
        if self.plan.has_dead_letters {
            for fault in letters::compare(&self.oracle, &letters) {
                self.judge.find('A', self.now, fault);
            }
        } else if !letters.is_empty() {
            let what = format!("{} letters where none are kept", letters.len());
            self.judge.find('A', self.now, what);
        }
    }

    /// Invariant I.
    fn check_status(&mut self) {
        let rows = self
            .sandbox
            .tablestore()
            .rows(&table(STATUS))
            .unwrap_or_default();
        let due: Vec<_> = self.judge.shown_due().collect();
        for (code, at) in due {
            let wanted = Value::String(code.to_owned());
            let shown = rows.iter().filter(|row| {
                row.cells
                    .iter()
                    .any(|cell| cell.name == "error_code" && cell.value == wanted)
            });
            let times = shown.filter_map(|row| match row.primary_key.last()?.value {
                Value::Integer(millis) => u64::try_from(millis).ok(),
                _ => None,
            });
            let begin = dawn()
                .duration_since(std::time::SystemTime::UNIX_EPOCH)
                .expect("after 1970")
                .as_millis();
            let begin = u64::try_from(begin).expect("not so far");
            let first = times.map(|millis| millis.saturating_sub(begin)).min();
            if first.is_none_or(|first| first > at + 5_000) {
                let what =
                    format!("{code} came at {at} ms and stands in the status table at {first:?}");
                self.judge.find('I', self.now, what);
            }
        }
    }

    fn note(&mut self, flight: &Flight, outcome: &str) {
        self.trace
            .call(self.now, flight.life, &flight.call, outcome);
    }
}

/// Logs of a kind: how many were put, and of how many nobody knows whether they were read.
#[derive(Clone, Copy, Debug, Default)]
struct Counted {
    put: u64,
    lost: u64,
}

impl Counted {
    fn least(self) -> u64 {
        self.put - self.lost
    }
}

/// The target table cannot be found.
const GONE: Trouble = Trouble {
    calls: Calls::Of("BatchWriteRow"),
    rate: 1000,
    kind: Kind::Refuse(404, "OTSObjectNotExist", "Requested table does not exist."),
};

fn config(host: usize, plan: &Plan) -> Config {
    let loghub = serde_json::json!({
        "endpoint": "http://sls.example:80", "project": PROJECT, "logstore": LOGSTORE, "consumer_group": GROUP,
    });
    let tablestore = serde_json::json!({
        "endpoint": "http://ots.example:80", "instance": "simulated", "target_table": TARGET, "status_table": STATUS,
    });
    let pairs = [
        ("access_key_id", "id".to_owned()),
        ("access_key_secret", "secret".to_owned()),
        ("loghub", loghub.to_string()),
        ("tablestore", tablestore.to_string()),
        ("transform", r#"{"seq":"(->int 10 seq)"}"#.to_owned()),
        (
            "exclusive_columns",
            r#"["__time__","__topic__","__source__"]"#.to_owned(),
        ),
        ("consumer_name", format!("shipper-{host}")),
        ("heartbeat_interval", "1s".to_owned()),
        ("group_timeout", format!("{LEASE}ms")),
        ("checkpoint_interval", "1s".to_owned()),
        ("request_timeout", "4s".to_owned()),
        ("startup_timeout", "10s".to_owned()),
        ("shutdown_grace", format!("{GRACE}ms")),
        ("status_interval", format!("{}s", plan.status_seconds)),
    ];
    let letters = plan.has_dead_letters.then(|| {
        let place = serde_json::json!({ "table": LETTERS });
        ("dead_letters", place.to_string())
    });
    let pairs = pairs.into_iter().chain(letters);
    let pairs = pairs.map(|(name, value)| (name.to_owned(), value));
    let mut config = Config::from_pairs(pairs, "host").expect("a good configuration");
    // Less than can be configured: worlds are small.
    config.shipper.memory_limit_bytes = plan.memory_limit;
    config
}
