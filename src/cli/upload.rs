//! Log groups to Log Service, several at once.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use md5::{Digest as _, Md5};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tracing::warn;

use super::packer::{Packer, Parcel};
use crate::loghub::entry::Entry;
use crate::loghub::{Client, Error, ErrorCode, ShardStatus};
use crate::transport::error_chain;
use crate::transport::retry::{self, Policy};

/// A log waits no longer than this for its group to fill.
const LINGER: Duration = Duration::from_millis(200);

/// Log groups that wait for a place; enough to keep all places busy.
const MAX_WAITING: usize = 16;

/// How many groups travel at once where the number of shards does not say.
const MAX_LANES: usize = 16;

/// Logs from the source, each with a note that comes back when it is stored.
pub(super) type Chunk<N> = Vec<(Entry, N)>;

/// How logs find their shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Routes {
    /// The service spreads groups over the shards; so many travel at once.
    Balanced { in_flight: usize },
    /// By the MD5 of a key, one group at a time for each shard: logs of one key keep their order.
    ByKey {
        /// The first hash key of each shard, ascending.
        begin_keys: Vec<String>,
    },
}

impl Routes {
    /// Looks at the shards and decides: by key if asked to, else balanced with one group in
    /// flight for each shard, so that a single shard keeps the order of the input.
    pub(super) async fn plan(
        client: &Client,
        policy: &Policy,
        by_key: bool,
        in_flight: Option<usize>,
    ) -> Result<Self, Error> {
        let listed = retry::retry(policy, async || client.list_shards().await, told).await;
        let shards = match listed {
            Ok(shards) => shards,
            // Whoever may only write may not list; it needs to be known for keys alone.
            Err(error) if !by_key && error.code() == Some(&ErrorCode::Unauthorized) => Vec::new(),
            Err(error) => return Err(error),
        };
        let mut begin_keys: Vec<_> = shards
            .into_iter()
            .filter(|shard| shard.status == ShardStatus::ReadWrite)
            .map(|shard| shard.begin_key.to_ascii_lowercase())
            .collect();
        begin_keys.sort_unstable();
        Ok(if by_key && !begin_keys.is_empty() {
            Self::ByKey { begin_keys }
        } else {
            let in_flight = in_flight.unwrap_or(begin_keys.len()).clamp(1, MAX_LANES);
            Self::Balanced { in_flight }
        })
    }

    /// How many lanes there are to pack into.
    fn lanes(&self) -> usize {
        match self {
            Self::Balanced { .. } => 1,
            Self::ByKey { begin_keys } => begin_keys.len(),
        }
    }

    /// The lane of a key: the shard whose range its hash falls into.
    pub(super) fn lane(&self, key: &[u8]) -> usize {
        match self {
            Self::Balanced { .. } => 0,
            Self::ByKey { begin_keys } => {
                let hash = format!("{:032x}", u128::from_be_bytes(Md5::digest(key).into()));
                begin_keys
                    .partition_point(|begin| *begin <= hash)
                    .saturating_sub(1)
            }
        }
    }

    /// Whether another group of a lane may start beside those in flight.
    fn is_free(&self, lane: usize, in_flight: &[usize]) -> bool {
        match self {
            Self::Balanced { in_flight: most } => in_flight.len() < *most,
            Self::ByKey { .. } => !in_flight.contains(&lane),
        }
    }

    /// The hash key that brings a group to its lane's shard.
    fn hash_key(&self, lane: usize) -> Option<String> {
        match self {
            Self::Balanced { .. } => None,
            Self::ByKey { begin_keys } => begin_keys.get(lane).cloned(),
        }
    }
}

/// A log group that could not be stored.
#[derive(Debug)]
pub(super) struct Refused<N> {
    pub(super) error: Error,
    /// The notes of its logs.
    pub(super) notes: Vec<N>,
}

/// Sends what comes, in log groups.
#[derive(Debug)]
pub(super) struct Uploader<N> {
    client: Arc<Client>,
    routes: Routes,
    policy: Policy,
    packer: Packer<N>,
    waiting: VecDeque<Parcel<N>>,
    /// The lanes of the groups in flight.
    busy: Vec<usize>,
}

impl<N: Send> Uploader<N> {
    pub(super) fn new(client: Arc<Client>, routes: Routes, policy: Policy) -> Self {
        Self {
            packer: Packer::new(routes.lanes()),
            client,
            routes,
            policy,
            waiting: VecDeque::new(),
            busy: Vec::new(),
        }
    }

    /// Sends everything that comes until the channel closes; `lane_key` is what a log is routed
    /// by, `stored` is told of every group that is stored. Ends with the first group that is
    /// refused for good. A group whose answer was lost is sent again, and may be stored twice.
    pub(super) async fn run(
        mut self,
        mut chunks: mpsc::Receiver<Chunk<N>>,
        lane_key: impl Fn(&Entry, &N) -> Vec<u8>,
        mut stored: impl FnMut(Parcel<N>),
    ) -> Result<(), Refused<N>> {
        let mut in_flight = FuturesUnordered::new();
        let mut is_open = true;
        let mut linger = Instant::now();
        loop {
            while let Some(parcel) = self.next_free() {
                in_flight.push(self.send(parcel));
            }
            if !is_open && in_flight.is_empty() {
                return Ok(());
            }
            tokio::select! {
                Some((parcel, outcome)) = in_flight.next(), if !in_flight.is_empty() => {
                    self.release(parcel.lane);
                    match outcome {
                        Ok(()) => stored(parcel),
                        Err(error) => return Err(Refused { error, notes: parcel.notes }),
                    }
                }
                chunk = chunks.recv(), if is_open && self.waiting.len() < MAX_WAITING => {
                    if self.packer.is_empty() {
                        linger = Instant::now() + LINGER;
                    }
                    is_open = chunk.is_some();
                    for (entry, note) in chunk.into_iter().flatten() {
                        let lane = self.routes.lane(&lane_key(&entry, &note));
                        self.packer.push(lane, entry, note, &mut self.waiting);
                    }
                    if !is_open {
                        self.packer.flush(&mut self.waiting);
                    }
                }
                () = tokio::time::sleep_until(linger), if !self.packer.is_empty() => {
                    self.packer.flush(&mut self.waiting);
                }
            }
        }
    }

    /// The first waiting group whose lane is free. The order within each lane is kept.
    fn next_free(&mut self) -> Option<Parcel<N>> {
        let (routes, busy) = (&self.routes, &self.busy);
        let is_free = |parcel: &Parcel<N>| routes.is_free(parcel.lane, busy);
        let at = self.waiting.iter().position(is_free)?;
        let parcel = self.waiting.remove(at)?;
        self.busy.push(parcel.lane);
        Some(parcel)
    }

    fn release(&mut self, lane: usize) {
        if let Some(at) = self.busy.iter().position(|busy| *busy == lane) {
            self.busy.swap_remove(at);
        }
    }

    /// Sends one group until it is stored or refused for good.
    fn send(
        &self,
        parcel: Parcel<N>,
    ) -> impl Future<Output = (Parcel<N>, Result<(), Error>)> + use<N> {
        let client = Arc::clone(&self.client);
        let hash_key = self.routes.hash_key(parcel.lane);
        let policy = self.policy;
        async move {
            let put = async || client.put_logs(&parcel.group, hash_key.as_deref()).await;
            let outcome = retry::retry(&policy, put, told).await;
            (parcel, outcome)
        }
    }
}

fn told(error: &Error, attempt: u32) {
    warn!(
        attempt,
        error = error_chain(error),
        "not stored yet: trying again"
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loghub::{self, Logstore, Project};
    use crate::sandbox::{Action, Fault, InMemory, Sandbox, Service, Settings};
    use crate::transport::{AccessKey, Clock, Secret};

    #[test]
    fn a_key_finds_the_shard_whose_range_holds_its_hash() {
        let quarters = ["0", "4", "8", "c"].map(|digit| format!("{digit}{}", "0".repeat(31)));
        let routes = Routes::ByKey {
            begin_keys: quarters.to_vec(),
        };
        // MD5: "" d41d8cd9.., "a" 0cc175b9.., "b" 92eb5ffe.., "abc" 90015098.., "d" 8277e091..
        for (key, lane) in [
            ("", 3),
            ("a", 0),
            ("b", 2),
            ("abc", 2),
            ("d", 2),
            ("f", 2),
            ("message digest", 3),
        ] {
            assert_eq!(routes.lane(key.as_bytes()), lane, "{key:?}");
        }
        assert_eq!(routes.hash_key(1).as_deref(), Some(quarters[1].as_str()));
    }

    #[test]
    fn a_lane_carries_one_group_and_balance_so_many_as_it_may() {
        let by_key = Routes::ByKey {
            begin_keys: vec!["0".into(), "8".into()],
        };
        assert!(by_key.is_free(1, &[0]) && !by_key.is_free(0, &[0]));
        let balanced = Routes::Balanced { in_flight: 2 };
        assert!(balanced.is_free(0, &[0]) && !balanced.is_free(0, &[0, 0]));
    }

    const POLICY: Policy = Policy {
        first: Duration::from_millis(1),
        longest: Duration::from_millis(1),
        total: Some(Duration::ZERO),
    };

    fn sandbox(shards: u32) -> (Sandbox, Arc<Client>) {
        let key = AccessKey {
            id: "id".to_owned(),
            secret: Secret::new("secret"),
            token: None,
        };
        let clock = Clock::system();
        let sandbox = Sandbox::new(Settings::new(key.clone(), clock.clone()));
        sandbox.loghub().create_project("project").unwrap();
        sandbox
            .loghub()
            .create_logstore("project", "store", shards)
            .unwrap();
        let settings = loghub::Settings {
            endpoint: "http://localhost".parse().unwrap(),
            project: Project::new("project").unwrap(),
            logstore: Logstore::new("store").unwrap(),
            region: None,
            request_timeout: Duration::from_secs(5),
        };
        let transport = InMemory::new(sandbox.clone(), Service::LogService);
        let client = Client::new(settings, key, Arc::new(transport), clock);
        (sandbox, Arc::new(client))
    }

    fn entry(number: u32) -> Entry {
        let line = format!(r#"{{"__time__":{number},"key":"{}"}}"#, number % 7);
        Entry::parse(line.as_bytes(), 0).unwrap()
    }

    /// Uploads so many logs; the numbers of those stored, as they were acknowledged.
    async fn upload(
        client: Arc<Client>,
        routes: Routes,
        logs: u32,
    ) -> Result<Vec<u32>, Refused<u32>> {
        let (give, chunks) = mpsc::channel(4000);
        for number in 0..logs {
            give.send(vec![(entry(number), number)]).await.unwrap();
        }
        drop(give);
        let mut stored = Vec::new();
        let key = |entry: &Entry, _: &u32| entry.log.contents[0].value.to_vec();
        let uploader = Uploader::new(client, routes, POLICY);
        uploader
            .run(chunks, key, |parcel| stored.extend(parcel.notes))
            .await?;
        Ok(stored)
    }

    /// The logs' numbers by shard, in order.
    fn stored(sandbox: &Sandbox) -> Vec<(u32, Vec<u32>)> {
        let mut shards: Vec<(u32, Vec<u32>)> = Vec::new();
        for stored in sandbox.loghub().logs("project", "store").unwrap() {
            let numbers = stored.group.logs.iter().map(|log| log.time);
            match shards.last_mut() {
                Some((shard, known)) if *shard == stored.shard => known.extend(numbers),
                _ => shards.push((stored.shard, numbers.collect())),
            }
        }
        shards
    }

    #[tokio::test]
    async fn a_single_shard_keeps_the_order_of_the_input() {
        let (sandbox, client) = sandbox(1);
        let routes = Routes::plan(&client, &POLICY, false, None).await.unwrap();
        assert_eq!(routes, Routes::Balanced { in_flight: 1 });
        let all: Vec<u32> = (0..1700).collect();
        assert_eq!(upload(client, routes, 1700).await.unwrap(), all);
        assert_eq!(stored(&sandbox), [(0, all)]);
    }

    #[tokio::test]
    async fn logs_of_one_key_go_to_one_shard_in_their_order() {
        let (sandbox, client) = sandbox(4);
        let routes = Routes::plan(&client, &POLICY, true, None).await.unwrap();
        assert_eq!(upload(client, routes, 3000).await.unwrap().len(), 3000);
        let shards = stored(&sandbox);
        assert_eq!(
            shards.iter().map(|(_, logs)| logs.len()).sum::<usize>(),
            3000
        );
        for key in 0..7 {
            let of_key = |logs: &[u32]| {
                logs.iter()
                    .copied()
                    .filter(|log| log % 7 == key)
                    .collect::<Vec<_>>()
            };
            let found: Vec<_> = shards
                .iter()
                .map(|(_, logs)| of_key(logs))
                .filter(|logs| !logs.is_empty())
                .collect();
            let expected: Vec<_> = (0..3000).filter(|log| log % 7 == key).collect();
            assert_eq!(found, [expected]);
        }
    }

    #[tokio::test]
    async fn a_refusal_names_the_logs_that_are_not_stored() {
        let (sandbox, client) = sandbox(1);
        let fault = Fault::on("PutLogs", Action::refuse(400, "PostBodyInvalid", "no"));
        sandbox.faults().push(fault.after(1));
        let routes = Routes::Balanced { in_flight: 1 };
        let refused = upload(client, routes, 1200).await.unwrap_err();
        assert_eq!(refused.notes, (500..1000).collect::<Vec<_>>());
    }
}
