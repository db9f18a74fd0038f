//! The walk over pulled log groups, held against prost.
//!
//! Input: the raw bytes of a `LogGroupList`.

use bytes::Bytes;
use loghub_shipper::deadletters::{Body, WholeLog, as_pull};
use loghub_shipper::loghub::decode::{LogGroupList, Span, replace_bad_utf8, walk_log};
use loghub_shipper::loghub::proto;
use prost::Message;

/// Logs of one group that are kept whole: each reads its group again.
const WHOLE: usize = 32;

/// Groups within groups that are passed over.
const MAX_NESTED: usize = 100;

/// Walk and prost find the same logs, or both refuse. Prost is stricter than the vendor's decoders
/// in what does not matter, so it sees the data without fields of unknown number or wire type.
pub fn run(data: &[u8]) {
    let walked = LogGroupList::index(Bytes::copy_from_slice(data));
    let Some(list) = plain(data, LIST) else {
        if let Ok(list) = &walked {
            check_whole(list);
        }
        assert!(!is_whole(walked.ok()), "walked through, and is malformed");
        return;
    };
    let expected = proto::LogGroupList::decode(&*list).expect("only plain fields are left");
    let walked = walked.expect("prost reads it");
    let bytes = walked.data();
    assert_eq!(walked.groups().len(), expected.groups.len());
    for (group, expected) in walked.groups().iter().zip(&expected.groups) {
        assert_eq!(group.topic.of(bytes), lossy(expected.topic.as_deref()));
        assert_eq!(group.source.of(bytes), lossy(expected.source.as_deref()));
        let tags = walked.tags(group);
        assert_eq!(tags.len(), expected.tags.len());
        for ((key, value), expected) in tags.iter().zip(&expected.tags) {
            assert_eq!(key.of(bytes), lossy(Some(&expected.key)));
            assert_eq!(value.of(bytes), lossy(Some(&expected.value)));
        }
        let logs = &walked.logs()[group.logs.clone()];
        assert_eq!(logs.len(), expected.logs.len());
        for (log, expected) in logs.iter().zip(&expected.logs) {
            assert_eq!(read(bytes, *log).as_ref(), Some(expected));
            check_repair(bytes, *log, expected);
        }
        for (log, body) in logs.iter().zip(&expected.logs).take(WHOLE) {
            let whole = WholeLog::read(&walked, group, *log);
            let tags = expected.tags.iter();
            let expected = WholeLog {
                topic: expected.topic.clone().unwrap_or_default(),
                source: expected.source.clone().unwrap_or_default(),
                tags: tags
                    .map(|tag| (tag.key.clone(), tag.value.clone()))
                    .collect(),
                body: Body::Log(body.clone()),
            };
            assert_eq!(whole, expected);
        }
    }
    check_whole(&walked);
}

/// What is kept of logs is pulled again as it was, malformed or not.
fn check_whole(list: &LogGroupList) {
    let read = |list: &LogGroupList| -> Vec<WholeLog> {
        let groups = list.groups().iter();
        let logs = groups.flat_map(|group| {
            let logs = &list.logs()[group.logs.clone()];
            let logs = logs.iter().take(WHOLE);
            logs.map(|log| WholeLog::read(list, group, *log))
        });
        logs.take(WHOLE).collect()
    };
    let kept = read(list);
    let again = LogGroupList::index(as_pull(&kept)).expect("it is made of log groups");
    assert_eq!(read(&again), kept);
}

/// Whether all of it can be read, logs included.
fn is_whole(list: Option<LogGroupList>) -> bool {
    list.is_some_and(|list| {
        let mut logs = list.logs().iter();
        logs.all(|log| read(list.data(), *log).is_some())
    })
}

fn read(data: &[u8], log: Span) -> Option<proto::Log> {
    let mut contents = Vec::new();
    let time = walk_log(data, log, |key, value| {
        let copy = |span: Span| Bytes::copy_from_slice(span.of(data));
        contents.push(proto::Content::new(copy(key), copy(value)));
    });
    let time = time.ok()?;
    Some(proto::Log {
        time: time.seconds,
        contents,
        time_ns: time.nanos,
    })
}

/// The copy of a log with its text repaired is that log, and counts what it changed.
fn check_repair(data: &[u8], log: Span, expected: &proto::Log) {
    let (copy, replaced) = replace_bad_utf8(data, log).expect("it was read before");
    let copy = proto::Log::decode(&*copy).expect("it was just encoded");
    let mut changed = 0;
    assert_eq!(copy.contents.len(), expected.contents.len());
    for (copy, expected) in copy.contents.iter().zip(&expected.contents) {
        for (copy, expected) in [(&copy.key, &expected.key), (&copy.value, &expected.value)] {
            assert_eq!(**copy, *lossy(Some(expected)));
            changed += usize::from(copy != expected);
        }
    }
    assert_eq!(replaced, changed);
    assert_eq!((copy.time, copy.time_ns), (expected.time, expected.time_ns));
}

fn lossy(bytes: Option<&[u8]>) -> Vec<u8> {
    String::from_utf8_lossy(bytes.unwrap_or_default())
        .into_owned()
        .into_bytes()
}

/// The known fields of a message: number, wire type, and what a message inside is made of.
struct Shape(&'static [(u64, u8, Option<&'static Shape>)]);

const PAIR: Shape = Shape(&[(1, 2, None), (2, 2, None)]);
const LOG: Shape = Shape(&[(1, 0, None), (2, 2, Some(&PAIR)), (4, 5, None)]);
const GROUP: Shape = Shape(&[
    (1, 2, Some(&LOG)),
    (3, 2, None),
    (4, 2, None),
    (6, 2, Some(&PAIR)),
]);
const LIST: Shape = Shape(&[(1, 2, Some(&GROUP))]);

/// The message with its known fields alone, every number in its shortest form; `None` if it is
/// malformed.
#[expect(clippy::needless_pass_by_value, reason = "shapes are constants")]
fn plain(data: &[u8], shape: Shape) -> Option<Vec<u8>> {
    let mut rest = data;
    let mut out = Vec::new();
    while !rest.is_empty() {
        let tag = varint(&mut rest)?;
        let (number, wire) = (tag >> 3, u8::try_from(tag & 7).ok()?);
        let before = rest;
        let value = skip(&mut rest, number, wire)?;
        let known = shape
            .0
            .iter()
            .find(|known| (known.0, known.1) == (number, wire));
        let Some((.., inner)) = known else {
            continue;
        };
        put_varint(&mut out, tag);
        match (wire, inner) {
            (0, _) => put_varint(&mut out, varint(&mut &*before)?),
            (2, None) => put_sized(&mut out, value),
            (2, Some(inner)) => put_sized(&mut out, &plain(value, Shape(inner.0))?),
            _ => out.extend_from_slice(value),
        }
    }
    Some(out)
}

/// Goes past the value of a field, and gives it (of wire type 2 without its length).
fn skip<'a>(rest: &mut &'a [u8], number: u64, wire: u8) -> Option<&'a [u8]> {
    let before = *rest;
    if number == 0 {
        return None;
    }
    match wire {
        0 => drop(varint(rest)?),
        1 => drop(take(rest, 8)?),
        2 => {
            let length = usize::try_from(varint(rest)?).ok()?;
            return take(rest, length);
        }
        3 => {
            // Group by group, without recursion.
            let mut open = vec![number];
            while let Some(&innermost) = open.last() {
                let tag = varint(rest)?;
                match (tag >> 3, tag & 7) {
                    (0, _) => return None,
                    (_, 3) if open.len() == MAX_NESTED => return None,
                    (inner, 3) => open.push(inner),
                    (closed, 4) if closed == innermost => drop(open.pop()),
                    (inner, wire) => drop(skip(rest, inner, u8::try_from(wire).ok()?)?),
                }
            }
        }
        5 => drop(take(rest, 4)?),
        _ => return None,
    }
    Some(&before[..before.len() - rest.len()])
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(count)?;
    *rest = left;
    Some(taken)
}

fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for place in 0..10 {
        let byte = take(rest, 1)?[0];
        number |= u128::from(byte & 0x7f) << (7 * place);
        if byte < 0x80 {
            return u64::try_from(number & u128::from(u64::MAX)).ok();
        }
    }
    None
}

fn put_varint(out: &mut Vec<u8>, number: u64) {
    prost::encoding::encode_varint(number, out);
}

fn put_sized(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    out.extend_from_slice(bytes);
}
