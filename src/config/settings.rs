//! Every setting: its variable, what it may be, its default, and why. The parser takes defaults and
//! bounds from here, and the README's table and the program's help are printed from here.

use std::time::Duration;

/// A setting, read from the environment variable of its name (in either case).
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// The variable, in lower case.
    pub name: &'static str,
    /// What its value may be.
    pub kind: Kind,
    /// What holds where it is not set.
    pub fallback: Fallback,
    /// What it does, in Markdown.
    pub meaning: &'static str,
    /// Why this default, and what happens at the extremes; empty where there is no default.
    pub why: &'static str,
}

/// What the value of a setting may be.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A text that is never shown.
    Secret,
    /// A text.
    Text,
    /// A JSON object.
    Object,
    /// A JSON array of texts.
    Array,
    /// A duration with its unit, such as `250ms`, `5s`, `2m`.
    Duration {
        /// The shortest.
        least: Duration,
        /// The longest.
        most: Duration,
    },
    /// A number of bytes, plain or with its unit, such as `64MiB`, `64MB`.
    Bytes {
        /// The smallest, in bytes.
        least: u64,
        /// The largest, in bytes.
        most: u64,
    },
    /// A whole number.
    Count {
        /// The smallest.
        least: u64,
        /// The largest.
        most: u64,
    },
    /// One of a few words.
    Choice(&'static [&'static str]),
    /// A level or a filter of the container log.
    Filter,
    /// The path of a file.
    File,
}

/// What holds where a setting is not set.
#[derive(Clone, Copy, Debug)]
pub enum Fallback {
    /// It must be set.
    Required,
    /// What happens instead, in words.
    Otherwise(&'static str),
    /// This value.
    Value(&'static str),
}

impl Setting {
    /// The default as it would be set; empty where there is none.
    pub(super) const fn default(&self) -> &'static str {
        match self.fallback {
            Fallback::Value(value) => value,
            Fallback::Required | Fallback::Otherwise(_) => "",
        }
    }
}

const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

const MIB: u64 = 1 << 20;

/// See the table for each.
pub(super) const ACCESS_KEY_ID: Setting = Setting {
    name: "access_key_id",
    kind: Kind::Secret,
    fallback: Fallback::Otherwise("`ALIBABA_CLOUD_ACCESS_KEY_ID`"),
    meaning: "Id of the access key that signs requests to both services.",
    why: "The vendor's own tools read that variable. It stands in only together with its secret: a pair is never mixed from two sources.",
};
pub(super) const ACCESS_KEY_SECRET: Setting = Setting {
    name: "access_key_secret",
    kind: Kind::Secret,
    fallback: Fallback::Otherwise("`ALIBABA_CLOUD_ACCESS_KEY_SECRET`"),
    meaning: "Secret of the access key. Never shown.",
    why: "As above.",
};
pub(super) const SECURITY_TOKEN: Setting = Setting {
    name: "security_token",
    kind: Kind::Secret,
    fallback: Fallback::Otherwise("`ALIBABA_CLOUD_SECURITY_TOKEN` with the pair above, else none"),
    meaning: "STS token that goes with the key pair. Never shown.",
    why: "A token belongs to its own key pair, so the vendor's variable counts only where the pair comes from there too.",
};
pub(super) const LOGHUB: Setting = Setting {
    name: "loghub",
    kind: Kind::Object,
    fallback: Fallback::Required,
    meaning: "Where logs come from: `endpoint`, `logstore`, `consumer_group`; optional `project` (else the first label of the endpoint's host; needed for an IP address or `localhost`) and `start`: where a shard without a checkpoint begins: `\"begin\"` (default), `\"end\"`, Unix seconds, or RFC 3339.",
    why: "",
};
pub(super) const TABLESTORE: Setting = Setting {
    name: "tablestore",
    kind: Kind::Object,
    fallback: Fallback::Required,
    meaning: "Where rows go: `endpoint`, `instance`, `target_table`, `status_table`.",
    why: "",
};
pub(super) const EXCLUSIVE_COLUMNS: Setting = Setting {
    name: "exclusive_columns",
    kind: Kind::Array,
    fallback: Fallback::Value("[]"),
    meaning: "Attribute columns that are never written, by the log's own names. Primary key columns are written all the same.",
    why: "Nothing is lost that nobody asked to lose.",
};
pub(super) const TRANSFORM: Setting = Setting {
    name: "transform",
    kind: Kind::Object,
    fallback: Fallback::Value("{}"),
    meaning: "Computed columns: column name → expression.",
    why: "A log is written as it is.",
};
pub(super) const REGION: Setting = Setting {
    name: "region",
    kind: Kind::Text,
    fallback: Fallback::Otherwise(
        "requests are signed by version 1 (Log Service) and 2 (Table Store)",
    ),
    meaning: "Region id, such as `cn-hangzhou`: requests to both services are signed by version 4.",
    why: "What the vendor's SDKs do by default.",
};
pub(super) const CONSUMER_NAME: Setting = Setting {
    name: "consumer_name",
    kind: Kind::Text,
    fallback: Fallback::Otherwise("`HOSTNAME`, else the system's host name"),
    meaning: "Our name in the consumer group, and `shipper_id` in the status table. Must be unique in the group.",
    why: "Unique per container, and stable where the platform keeps host names (StatefulSet): a container that comes back under its name takes up its shards at once.",
};
pub(super) const HEARTBEAT_INTERVAL: Setting = Setting {
    name: "heartbeat_interval",
    kind: Kind::Duration {
        least: Duration::from_millis(100),
        most: seconds(60),
    },
    fallback: Fallback::Value("5s"),
    meaning: "Pause between two heartbeats to the consumer group.",
    why: "Six tries within the default timeout. Shorter moves shards sooner and costs requests; longer than half of `group_timeout` is refused, since one lost heartbeat would lose the shards.",
};
pub(super) const GROUP_TIMEOUT: Setting = Setting {
    name: "group_timeout",
    kind: Kind::Duration {
        least: seconds(1),
        most: seconds(3600),
    },
    fallback: Fallback::Value("30s"),
    meaning: "A consumer that is silent for this long loses its shards; whole seconds. Used where the group is created; an existing group keeps its own.",
    why: "A dead container's shards rest no longer than this, and a pause of the network does not move them.",
};
pub(super) const CHECKPOINT_INTERVAL: Setting = Setting {
    name: "checkpoint_interval",
    kind: Kind::Duration {
        least: Duration::from_millis(100),
        most: seconds(600),
    },
    fallback: Fallback::Value("3s"),
    meaning: "A checkpoint that moved is saved at least this often, per shard.",
    why: "After a crash, at most this much is written again, which changes nothing. Shorter costs one request per shard and interval.",
};
pub(super) const LOST_CURSOR: Setting = Setting {
    name: "lost_cursor",
    kind: Kind::Choice(&["oldest", "newest", "stop"]),
    fallback: Fallback::Value("oldest"),
    meaning: "What follows when the service no longer knows a cursor (its logs expired): go on from the `oldest` log still there, from the `newest`, or `stop` the shard.",
    why: "Nothing that can still be read is passed over. An error is logged and written to the status table in any case.",
};
pub(super) const DEAD_LETTERS: Setting = Setting {
    name: "dead_letters",
    kind: Kind::Object,
    fallback: Fallback::Otherwise("such logs are counted, sampled and logged, and gone"),
    meaning: "Where logs are kept that cannot become rows (skipped, or refused for good): `{\"table\":\"NAME\"}`, a table of the same instance, or `{\"file\":\"PATH\"}`, JSON lines. No such log is passed over before it is stored there. `replay-dead-letters` ships them again.",
    why: "It takes a table with its own primary key, or a disk.",
};
pub(super) const COLUMN_NAMES: Setting = Setting {
    name: "column_names",
    kind: Kind::Choice(&["repair", "drop", "exact"]),
    fallback: Fallback::Value("repair"),
    meaning: "What happens to column names that Table Store would refuse: `repair` them, `drop` their columns, or send them `exact`ly as they are, to be refused row by row.",
    why: "One bad name makes the service refuse a whole batch, and every log of the vendor's agent carries `__tag__:...`.",
};
pub(super) const MEMORY_LIMIT: Setting = Setting {
    name: "memory_limit",
    kind: Kind::Bytes {
        least: 16 * MIB,
        most: 1 << 40,
    },
    fallback: Fallback::Value("64MiB"),
    meaning: "Logs and rows held between pull and acknowledgement, over all shards. Reading pauses at the limit.",
    why: "One to three pulls of the service's largest size (about 10 MB) with what is made of them; those of a busy shard are 2 MB. The least holds one of the largest, alone.",
};
pub(super) const MAX_BATCHES_IN_FLIGHT: Setting = Setting {
    name: "max_batches_in_flight",
    kind: Kind::Count {
        least: 1,
        most: 256,
    },
    fallback: Fallback::Value("16"),
    meaning: "Batches (up to 200 rows each) on their way to the target table at once, over all shards. Fewer are used while the table throttles.",
    why: "At 20 ms a batch this is over 100,000 rows a second. 1 writes strictly one after the other.",
};
pub(super) const REQUEST_TIMEOUT: Setting = Setting {
    name: "request_timeout",
    kind: Kind::Duration {
        least: seconds(1),
        most: seconds(300),
    },
    fallback: Fallback::Value("30s"),
    meaning: "How long one request to either service may take, answer included.",
    why: "A pull of 10 MB passes a line of 3 Mbit/s. Shorter finds a dead connection sooner, yet too short never finishes a large pull.",
};
pub(super) const STARTUP_TIMEOUT: Setting = Setting {
    name: "startup_timeout",
    kind: Kind::Duration {
        least: seconds(1),
        most: seconds(3600),
    },
    fallback: Fallback::Value("2m"),
    meaning: "How long start-up keeps trying a service that does not answer before it gives up.",
    why: "Outlasts a slow network of a fresh pod; after it, the platform's restart is the better loop. What can be told to be wrong (keys, tables) ends start-up at once.",
};
pub(super) const SHUTDOWN_GRACE: Setting = Setting {
    name: "shutdown_grace",
    kind: Kind::Duration {
        least: seconds(1),
        most: seconds(3600),
    },
    fallback: Fallback::Value("25s"),
    meaning: "How long the hand-over of all shards may take after SIGTERM or SIGINT. The hand-over of a shard stops waiting for rows that the table refuses after four fifths of it.",
    why: "Below the 30 s that Kubernetes grants before SIGKILL. What is not written by then is written again by whoever takes up the shard. Docker grants 10 s: `docker stop -t 30`.",
};
pub(super) const STATUS_INTERVAL: Setting = Setting {
    name: "status_interval",
    kind: Kind::Duration {
        least: seconds(1),
        most: seconds(86_400),
    },
    fallback: Fallback::Value("5m"),
    meaning: "Pause between two status rows of a shard where nothing fails. Errors are written at once.",
    why: "288 rows a day and shard.",
};
pub(super) const LOG_LEVEL: Setting = Setting {
    name: "log_level",
    kind: Kind::Filter,
    fallback: Fallback::Value("info"),
    meaning: "`error`, `warn`, `info`, `debug`, `trace` or `off`, or a filter such as `info,loghub_shipper::loghub=debug`.",
    why: "The life cycle and everything unexpected; `debug` has a line per pull, `trace` a line per log.",
};
pub(super) const LOG_FORMAT: Setting = Setting {
    name: "log_format",
    kind: Kind::Choice(&["text", "json"]),
    fallback: Fallback::Value("text"),
    meaning: "Lines of the container log for people, or as one JSON object each. They go to standard error; `NO_COLOR` is respected.",
    why: "The first reader is a person.",
};
pub(super) const TLS_ROOTS: Setting = Setting {
    name: "tls_roots",
    kind: Kind::File,
    fallback: Fallback::Otherwise("the built-in roots alone"),
    meaning: "PEM file of certificate authorities to trust besides the built-in ones. Proxies are taken from `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`.",
    why: "Both services use public certificates; a proxy that opens TLS needs its own.",
};

/// All settings, in the order of the documentation.
pub static SETTINGS: &[Setting] = &[
    ACCESS_KEY_ID,
    ACCESS_KEY_SECRET,
    SECURITY_TOKEN,
    LOGHUB,
    TABLESTORE,
    EXCLUSIVE_COLUMNS,
    TRANSFORM,
    REGION,
    CONSUMER_NAME,
    HEARTBEAT_INTERVAL,
    GROUP_TIMEOUT,
    CHECKPOINT_INTERVAL,
    LOST_CURSOR,
    COLUMN_NAMES,
    DEAD_LETTERS,
    MEMORY_LIMIT,
    MAX_BATCHES_IN_FLIGHT,
    REQUEST_TIMEOUT,
    STARTUP_TIMEOUT,
    SHUTDOWN_GRACE,
    STATUS_INTERVAL,
    LOG_LEVEL,
    LOG_FORMAT,
    TLS_ROOTS,
];
