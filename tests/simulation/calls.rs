//! Which call a request is, as far as the judge needs to know.

use bytes::Bytes;
use loghub_shipper::sandbox::Service;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    HeartBeat,
    GetCheckPoint {
        shard: u32,
    },
    UpdateCheckPoint {
        shard: u32,
        cursor: String,
    },
    PullLogs {
        shard: u32,
    },
    BatchWriteRow,
    /// Dead letters to their table, many at once or one alone.
    StoreLetters {
        is_alone: bool,
    },
    PutRow,
    Other(Service),
}

/// The table of dead letters.
pub(crate) const LETTERS: &str = "dead_letters";

/// Whether a batch is about dead letters: the table's name stands at its beginning.
fn is_of_letters(body: &[u8]) -> bool {
    let beginning = body.get(..64).unwrap_or(body);
    beginning
        .windows(LETTERS.len())
        .any(|part| part == LETTERS.as_bytes())
}

impl Call {
    pub(crate) fn of(service: Service, request: &http::Request<Bytes>) -> Self {
        let uri = request.uri();
        let (path, query) = (uri.path(), uri.query().unwrap_or_default());
        let param = |name: &str| {
            query.split('&').find_map(|pair| {
                let (key, value) = pair.split_once('=')?;
                (key == name).then_some(value)
            })
        };
        match service {
            Service::TableStore if path.ends_with("/BatchWriteRow") => {
                if is_of_letters(request.body()) {
                    Self::StoreLetters { is_alone: false }
                } else {
                    Self::BatchWriteRow
                }
            }
            // Only letters are written one by one.
            Service::TableStore if path.ends_with("/UpdateRow") => {
                Self::StoreLetters { is_alone: true }
            }
            Service::TableStore if path.ends_with("/PutRow") => Self::PutRow,
            Service::LogService if path.contains("/consumergroups/") => match param("type") {
                Some("heartbeat") => Self::HeartBeat,
                Some("checkpoint") => {
                    let body = serde_json::from_slice::<serde_json::Value>(request.body());
                    let body = body.unwrap_or_default();
                    let shard = body["shard"]
                        .as_u64()
                        .and_then(|shard| shard.try_into().ok());
                    let cursor = body["checkpoint"].as_str().unwrap_or_default().to_owned();
                    Self::UpdateCheckPoint {
                        shard: shard.unwrap_or(u32::MAX),
                        cursor,
                    }
                }
                _ => match param("shard").and_then(|shard| shard.parse().ok()) {
                    Some(shard) => Self::GetCheckPoint { shard },
                    None => Self::Other(service),
                },
            },
            Service::LogService if param("type") == Some("log") => Self::PullLogs {
                shard: path
                    .rsplit('/')
                    .next()
                    .and_then(|shard| shard.parse().ok())
                    .unwrap_or(u32::MAX),
            },
            _ => Self::Other(service),
        }
    }

    pub(crate) fn service(&self) -> Service {
        match self {
            Self::BatchWriteRow | Self::StoreLetters { .. } | Self::PutRow => Service::TableStore,
            Self::Other(service) => *service,
            _ => Service::LogService,
        }
    }

    /// As the sandbox names it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::HeartBeat => "HeartBeat",
            Self::GetCheckPoint { .. } => "GetCheckPoint",
            Self::UpdateCheckPoint { .. } => "UpdateCheckPoint",
            Self::PullLogs { .. } => "PullLogs",
            Self::BatchWriteRow | Self::StoreLetters { is_alone: false } => "BatchWriteRow",
            Self::StoreLetters { is_alone: true } => "UpdateRow",
            Self::PutRow => "PutRow",
            Self::Other(_) => "",
        }
    }
}
