//! The JSON form of a log: one flat object, `__time__` as a number. Only for samples and for the
//! container log, never on the hot path.

use serde_json::{Map, Value};

use super::mapper::{LogView, SOURCE, TAG_PREFIX, TIME, TIME_NS, TOPIC};
use crate::loghub::decode;

/// A log as one flat JSON object: reserved fields first, contents in their order. What is not
/// UTF-8 is replaced; of a malformed log, what could be read.
pub(in crate::shipper) fn log_json(log: LogView<'_>) -> String {
    let text = |bytes: &[u8]| Value::from(String::from_utf8_lossy(bytes));
    let pulled = log.list.data();
    let mut contents = Vec::new();
    let time = decode::walk_log(log.data, log.span, |key, value| {
        let (key, value) = (key.of(log.data), value.of(log.data));
        contents.push((String::from_utf8_lossy(key).into_owned(), text(value)));
    })
    .unwrap_or_default();
    let mut object = Map::new();
    object.insert(TIME.to_owned(), Value::from(time.seconds));
    object.insert(TOPIC.to_owned(), text(log.group.topic.of(pulled)));
    object.insert(SOURCE.to_owned(), text(log.group.source.of(pulled)));
    if let Some(nanos) = time.nanos.filter(|nanos| *nanos != 0) {
        object.insert(TIME_NS.to_owned(), Value::from(nanos));
    }
    for (key, value) in log.list.tags(log.group) {
        let key = format!("{TAG_PREFIX}{}", String::from_utf8_lossy(key.of(pulled)));
        object.insert(key, text(value.of(pulled)));
    }
    object.extend(contents);
    Value::Object(object).to_string()
}
