//! The walk over a pulled `LogGroupList`: nothing is copied, nothing is allocated per field.
//!
//! [`LogGroupList::index`] finds the groups and their logs' boundaries in one pass that skips over the logs;
//! [`walk_log`] reads one log. Positions are [`Span`]s, offsets into the pulled data, so that a log
//! can be named, kept and read again for as long as its pull is held.
//!
//! The messages (proto2, from the vendor's SDKs):
//!
//! ```text
//! LogGroupList { repeated LogGroup = 1 }
//! LogGroup     { repeated Log = 1; string Topic = 3; string Source = 4; repeated LogTag = 6 }
//! Log          { uint32 Time = 1; repeated Content = 2; fixed32 Time_ns = 4 }
//! Content      { string Key = 1; string Value = 2 }
//! LogTag       { string Key = 1; string Value = 2 }
//! ```
//!
//! As in the vendor's decoders, fields come in any order, the last one wins where a field is
//! singular, unknown fields of every wire type are skipped, known ones of another wire type than
//! theirs too, and required ones may be missing.

use std::ops::Range;

use bytes::{BufMut, Bytes, BytesMut};
use prost::Message as _;

use super::proto::{Content, Log};

/// Data that is not a `LogGroupList`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed protobuf at byte {at}: {fault}")]
pub struct DecodeError {
    /// Where, in the pulled data.
    pub at: usize,
    /// What is wrong.
    pub fault: &'static str,
}

/// A stretch of the pulled data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// The bytes of this stretch.
    pub fn of(self, data: &[u8]) -> &[u8] {
        &data[self.range()]
    }

    /// How many bytes it has.
    pub fn len(self) -> usize {
        self.range().len()
    }

    /// Whether it has none.
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// All of `data`.
    pub fn whole(data: &[u8]) -> Self {
        Self::new(0, data.len())
    }

    fn range(self) -> Range<usize> {
        usize_of(self.start)..usize_of(self.end)
    }

    /// Positions past 4 GiB do not occur: a pull is capped far below.
    fn new(start: usize, end: usize) -> Self {
        let narrow = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Self {
            start: narrow(start),
            end: narrow(end),
        }
    }
}

fn usize_of(n: u32) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

/// What the logs of one group share, and where they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// Topic, UTF-8.
    pub topic: Span,
    /// Source, UTF-8.
    pub source: Span,
    /// Tags: key and value, UTF-8, in wire order.
    pub tags: Range<usize>,
    /// Its logs, as a range of [`LogGroupList::logs`].
    pub logs: Range<usize>,
    /// All of it, as it was pulled.
    whole: Span,
}

/// What the logs of a group share, as it was pulled: not necessarily UTF-8.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawHead {
    /// Topic.
    pub topic: Span,
    /// Source.
    pub source: Span,
    /// Tags: key and value, in wire order.
    pub tags: Vec<(Span, Span)>,
}

/// Pulled data with the whereabouts of every group and log in it.
#[derive(Clone, Debug, Default)]
pub struct LogGroupList {
    data: Bytes,
    groups: Vec<Group>,
    tags: Vec<(Span, Span)>,
    logs: Vec<Span>,
    replaced: usize,
}

impl LogGroupList {
    /// Finds the groups, their tags, and the boundaries of their logs.
    ///
    /// Topics, sources and tags that are not UTF-8 get U+FFFD for the bad bytes; [`Self::replaced`]
    /// counts them. Logs are not looked into: a log that is malformed inside shows in [`walk_log`].
    #[expect(clippy::needless_pass_by_value, reason = "the list keeps the data")]
    pub fn index(data: Bytes) -> Result<Self, DecodeError> {
        let mut list = Self {
            data: data.clone(),
            ..Self::default()
        };
        let mut repaired = BytesMut::new();
        let mut fields = Fields::new(&data, Span::whole(&data));
        while let Some(field) = fields.next()? {
            if let Field {
                number: 1,
                value: Wire::Bytes(group),
            } = field
            {
                list.index_group(&data, group, &mut repaired)?;
            }
        }
        if !repaired.is_empty() {
            let mut whole = BytesMut::with_capacity(data.len() + repaired.len());
            whole.put_slice(&data);
            whole.put_slice(&repaired);
            list.data = whole.freeze();
        }
        Ok(list)
    }

    fn index_group(
        &mut self,
        data: &[u8],
        span: Span,
        repaired: &mut BytesMut,
    ) -> Result<(), DecodeError> {
        let (first_log, first_tag) = (self.logs.len(), self.tags.len());
        let mut group = Group {
            whole: span,
            ..Group::default()
        };
        let mut fields = Fields::new(data, span);
        loop {
            while let Some(log) = fields.next_plain(LOG) {
                self.logs.push(log);
            }
            let Some(field) = fields.next()? else {
                break;
            };
            let Wire::Bytes(value) = field.value else {
                continue;
            };
            match field.number {
                1 => self.logs.push(value),
                3 => group.topic = self.utf8(data, value, repaired),
                4 => group.source = self.utf8(data, value, repaired),
                6 => {
                    let (key, value) = read_pair(data, value)?;
                    let tag = (
                        self.utf8(data, key, repaired),
                        self.utf8(data, value, repaired),
                    );
                    self.tags.push(tag);
                }
                _ => {}
            }
        }
        group.logs = first_log..self.logs.len();
        group.tags = first_tag..self.tags.len();
        self.groups.push(group);
        Ok(())
    }

    /// `span`, or where its repaired text will stand: behind the data as it was pulled.
    fn utf8(&mut self, data: &[u8], span: Span, repaired: &mut BytesMut) -> Span {
        let bytes = span.of(data);
        if std::str::from_utf8(bytes).is_ok() {
            return span;
        }
        self.replaced += 1;
        let start = data.len() + repaired.len();
        repaired.put_slice(String::from_utf8_lossy(bytes).as_bytes());
        Span::new(start, data.len() + repaired.len())
    }

    /// The data that all spans point into.
    pub fn data(&self) -> &Bytes {
        &self.data
    }

    /// Bytes that it takes, with the whereabouts of everything in it.
    pub fn held_bytes(&self) -> usize {
        self.data.len()
            + self.groups.capacity() * size_of::<Group>()
            + self.tags.capacity() * size_of::<(Span, Span)>()
            + self.logs.capacity() * size_of::<Span>()
    }

    /// The groups, in shard order.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// Every log of every group, in shard order.
    pub fn logs(&self) -> &[Span] {
        &self.logs
    }

    /// The tags of a group.
    pub fn tags(&self, group: &Group) -> &[(Span, Span)] {
        self.tags.get(group.tags.clone()).unwrap_or_default()
    }

    /// Topic, source and tags of a group as they were pulled, before anything was replaced. Reads
    /// the group again: for the few logs that are kept whole.
    pub fn raw_head(&self, group: &Group) -> RawHead {
        let mut head = RawHead::default();
        let mut fields = Fields::new(&self.data, group.whole);
        // The group was read before, so that there is no fault left to find.
        while let Ok(Some(field)) = fields.next() {
            match (field.number, field.value) {
                (3, Wire::Bytes(topic)) => head.topic = topic,
                (4, Wire::Bytes(source)) => head.source = source,
                (6, Wire::Bytes(tag)) => head.tags.extend(read_pair(&self.data, tag).ok()),
                _ => {}
            }
        }
        head
    }

    /// How many topics, sources and tags were not UTF-8.
    pub fn replaced(&self) -> usize {
        self.replaced
    }
}

/// The fields of a log that are not contents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogTime {
    /// When it happened, Unix seconds.
    pub seconds: u32,
    /// Nanoseconds within the second, where the log carries them.
    pub nanos: Option<u32>,
}

/// Reads one log, handing every content (key, value) to `content` in wire order. Neither need be
/// UTF-8.
#[inline]
pub fn walk_log(
    data: &[u8],
    log: Span,
    mut content: impl FnMut(Span, Span),
) -> Result<LogTime, DecodeError> {
    let mut time = LogTime::default();
    let mut fields = Fields::new(data, log);
    loop {
        while let Some(pair) = fields.next_plain(CONTENT) {
            let (key, value) = read_pair(data, pair)?;
            content(key, value);
        }
        let Some(field) = fields.next()? else {
            return Ok(time);
        };
        match (field.number, field.value) {
            (2, Wire::Bytes(pair)) => {
                let (key, value) = read_pair(data, pair)?;
                content(key, value);
            }
            // The vendor's decoders keep the low 32 bits of an oversized varint.
            (1, Wire::Varint(seconds)) => time.seconds = low_half(seconds),
            (4, Wire::Fixed32(nanos)) => time.nanos = Some(nanos),
            _ => {}
        }
    }
}

/// A copy of a log with U+FFFD for every byte of its keys and values that is not UTF-8, and how
/// many keys and values had some.
pub fn replace_bad_utf8(data: &[u8], log: Span) -> Result<(Vec<u8>, usize), DecodeError> {
    let mut contents = Vec::new();
    let mut replaced = 0;
    let time = walk_log(data, log, |key, value| {
        let mut text = |span: Span| {
            let text = String::from_utf8_lossy(span.of(data)).into_owned();
            replaced += usize::from(text.len() != span.len() || text.as_bytes() != span.of(data));
            Bytes::from(text)
        };
        contents.push(Content {
            key: text(key),
            value: text(value),
        });
    })?;
    let copy = Log {
        time: time.seconds,
        contents,
        time_ns: time.nanos,
    };
    Ok((copy.encode_to_vec(), replaced))
}

fn low_half(number: u64) -> u32 {
    u32::try_from(number & u64::from(u32::MAX)).unwrap_or(u32::MAX)
}

/// Reads a `Content` or a `LogTag`: key and value, empty where missing.
#[inline]
fn read_pair(data: &[u8], span: Span) -> Result<(Span, Span), DecodeError> {
    let mut fields = Fields::new(data, span);
    if let Some(key) = fields.next_plain(KEY)
        && let Some(value) = fields.next_plain(VALUE)
        && fields.is_at_end()
    {
        return Ok((key, value));
    }
    read_unusual_pair(data, span)
}

/// The same of a pair that is not simply a key followed by a value.
fn read_unusual_pair(data: &[u8], span: Span) -> Result<(Span, Span), DecodeError> {
    let (mut key, mut value) = (Span::default(), Span::default());
    let mut fields = Fields::new(data, span);
    while let Some(field) = fields.next()? {
        match (field.number, field.value) {
            (1, Wire::Bytes(bytes)) => key = bytes,
            (2, Wire::Bytes(bytes)) => value = bytes,
            _ => {}
        }
    }
    Ok((key, value))
}

/// Groups within groups that are skipped at the most, as in the official decoders.
const MAX_NESTED: usize = 100;

/// The tag byte of a group's `Logs`.
const LOG: u8 = 0x0a;
/// The tag byte of a log's `Contents`.
const CONTENT: u8 = 0x12;
/// The tag bytes of a pair's `Key` and `Value`.
const KEY: u8 = 0x0a;
const VALUE: u8 = 0x12;

/// A field of a message.
struct Field {
    number: u64,
    value: Wire,
}

/// A field's value, by wire type.
enum Wire {
    /// A number of variable length.
    Varint(u64),
    /// Four bytes.
    Fixed32(u32),
    /// Length-delimited.
    Bytes(Span),
    /// What no field of ours is: eight bytes, or a group (deprecated wire types 3 and 4).
    Other,
}

/// The fields of a message, one after the other.
struct Fields<'a> {
    /// The data up to the end of the message.
    data: &'a [u8],
    at: usize,
}

impl<'a> Fields<'a> {
    #[inline]
    fn new(data: &'a [u8], message: Span) -> Self {
        let range = message.range();
        Self {
            data: &data[..range.end],
            at: range.start,
        }
    }

    #[inline]
    fn is_at_end(&self) -> bool {
        self.at >= self.data.len()
    }

    /// The next field, if it is what nearly every field is: this tag, in one byte, and a
    /// length below 16 KiB that fits. Otherwise nothing is consumed and [`Self::next`] tells more.
    #[inline]
    fn next_plain(&mut self, tag: u8) -> Option<Span> {
        let rest = self.data.get(self.at..)?;
        let (len, head) = match *rest {
            [found, len, ..] if found == tag && len < 0x80 => (usize::from(len), 2),
            [found, low, high, ..] if found == tag && high < 0x80 => {
                (usize::from(low & 0x7f) | usize::from(high) << 7, 3)
            }
            _ => return None,
        };
        if len > rest.len() - head {
            return None;
        }
        let start = self.at + head;
        self.at = start + len;
        Some(Span::new(start, self.at))
    }

    fn next(&mut self) -> Result<Option<Field>, DecodeError> {
        if self.is_at_end() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let number = tag >> 3;
        if number == 0 {
            return Err(self.error("field number 0"));
        }
        let value = match tag & 7 {
            2 => Wire::Bytes(self.bytes()?),
            0 => Wire::Varint(self.varint()?),
            5 => Wire::Fixed32(u32::from_le_bytes(self.fixed()?)),
            1 => {
                self.fixed::<8>()?;
                Wire::Other
            }
            3 => {
                self.skip_group(number)?;
                Wire::Other
            }
            _ => return Err(self.error("unknown wire type")),
        };
        Ok(Some(Field { number, value }))
    }

    #[inline]
    fn varint(&mut self) -> Result<u64, DecodeError> {
        match self.data.get(self.at) {
            Some(&byte) if byte < 0x80 => {
                self.at += 1;
                Ok(u64::from(byte))
            }
            _ => self.long_varint(),
        }
    }

    fn long_varint(&mut self) -> Result<u64, DecodeError> {
        let mut number = 0u64;
        for shift in (0..70).step_by(7) {
            let Some(&byte) = self.data.get(self.at) else {
                return Err(self.error("cut inside a number"));
            };
            self.at += 1;
            // The tenth byte brings one bit; what does not fit is dropped, as everywhere.
            number |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(self.error("a number of more than ten bytes"))
    }

    #[inline]
    fn bytes(&mut self) -> Result<Span, DecodeError> {
        let len = self.varint()?;
        let left = self.data.len() - self.at;
        match usize::try_from(len) {
            Ok(len) if len <= left => {
                let span = Span::new(self.at, self.at + len);
                self.at += len;
                Ok(span)
            }
            _ => Err(self.error("a length beyond the end")),
        }
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let Some(bytes) = self
            .data
            .get(self.at..)
            .and_then(|rest| rest.first_chunk::<N>())
        else {
            return Err(self.error("cut inside a fixed-width number"));
        };
        self.at += N;
        Ok(*bytes)
    }

    /// Skips to the end of the group that just began, and of the groups inside it.
    fn skip_group(&mut self, number: u64) -> Result<(), DecodeError> {
        let mut open = vec![number];
        while let Some(&innermost) = open.last() {
            if self.at >= self.data.len() {
                return Err(self.error("cut inside a group"));
            }
            let tag = self.varint()?;
            if tag >> 3 == 0 {
                return Err(self.error("field number 0"));
            }
            match tag & 7 {
                0 => drop(self.varint()?),
                1 => drop(self.fixed::<8>()?),
                2 => drop(self.bytes()?),
                3 if open.len() == MAX_NESTED => return Err(self.error("groups nested too deep")),
                3 => open.push(tag >> 3),
                4 if tag >> 3 == innermost => drop(open.pop()),
                5 => drop(self.fixed::<4>()?),
                _ => return Err(self.error("a group that is not closed")),
            }
        }
        Ok(())
    }

    #[cold]
    fn error(&self, fault: &'static str) -> DecodeError {
        DecodeError { at: self.at, fault }
    }
}

#[cfg(test)]
#[path = "decode_tests.rs"]
mod tests;
