//! Log groups as JSON.

use serde_json::{Map, Value as Json, json};

use crate::loghub::proto::LogGroup;

/// Adds what a log group holds to `line`. Bytes that are not UTF-8 are replaced by U+FFFD.
pub(super) fn log_group(group: &LogGroup, line: &mut Json) {
    let shared = |text: &Option<bytes::Bytes>| text.as_deref().map(text_of).unwrap_or_default();
    let tags = group.tags.iter();
    let tags: Map<_, _> = tags
        .map(|tag| (text_of(&tag.key), Json::from(text_of(&tag.value))))
        .collect();
    let logs = group.logs.iter().map(|log| {
        let contents = log.contents.iter();
        let contents: Vec<_> = contents
            .map(|content| [text_of(&content.key), text_of(&content.value)])
            .collect();
        json!({ "time": log.time, "time_ns": log.time_ns, "contents": contents })
    });
    line["topic"] = shared(&group.topic).into();
    line["source"] = shared(&group.source).into();
    line["tags"] = tags.into();
    line["logs"] = logs.collect();
}

fn text_of(bytes: impl AsRef<[u8]>) -> String {
    String::from_utf8_lossy(bytes.as_ref()).into_owned()
}
