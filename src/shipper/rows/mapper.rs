//! One log, one row: the rules of the contract on borrowed values.

use std::sync::Arc;

use super::names::NameBook;
use super::vocabulary::{ColumnId, LastWrite, NameId, Vocabulary};
use crate::loghub::decode::{self, DecodeError, Group, LogGroupList, LogTime, Span};
use crate::shipper::settings::RowRules;
use crate::tablestore::batch::{self, CellSize, EncodedKey, MAX_KEY_BYTES, MAX_VALUE_BYTES};
use crate::tablestore::plainbuffer::{CellName, CellValue};
use crate::tablestore::{PrimaryKeyColumn, PrimaryKeyType};
use crate::transform::{EvalError, Fields, Value};

/// Names that are interned at the most. Logs whose keys are data (user ids, say) would otherwise
/// fill the memory; past this many the vocabulary starts afresh.
const MAX_NAMES: usize = 20_000;

/// The longest name, in bytes, that is sent where names go out exactly as they are: with the
/// largest value and key it fits into a request, so that the service can refuse it.
const MAX_EXACT_NAME_BYTES: usize = 64 << 10;

/// The fields that a log has besides its contents.
pub(super) const TIME: &str = "__time__";
pub(super) const TIME_NS: &str = "__time_ns_part__";
pub(super) const TOPIC: &str = "__topic__";
pub(super) const SOURCE: &str = "__source__";
pub(super) const TAG_PREFIX: &str = "__tag__:";

/// Where a log lies: the list that holds it, its group, and its own bytes, which are elsewhere
/// where they had to be repaired.
#[derive(Clone, Copy, Debug)]
pub(in crate::shipper) struct LogView<'a> {
    /// The pulled list.
    pub(in crate::shipper) list: &'a LogGroupList,
    /// The log's group.
    pub(in crate::shipper) group: &'a Group,
    /// What `span` points into.
    pub(in crate::shipper) data: &'a [u8],
    /// The log.
    pub(in crate::shipper) span: Span,
}

/// Why a log did not become a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::shipper) enum Unmapped {
    /// It has no usable primary key, or a value over the service's limit.
    Skip {
        /// Which of it, as status and dead letters name it.
        code: &'static str,
        /// In words.
        reason: String,
    },
    /// Some key or value is not UTF-8: repair the log and map it again.
    NotUtf8,
    /// Its bytes are not a log.
    Malformed(DecodeError),
}

impl Unmapped {
    #[cold]
    fn skip(code: &'static str, reason: String) -> Self {
        Self::Skip { code, reason }
    }
}

/// A primary key column has no value, or its expression failed.
const KEY_MISSING: &str = "KeyMissing";
/// A primary key column has a value of another type.
const KEY_TYPE: &str = "KeyType";
/// A primary key value is over the service's limit.
const KEY_TOO_LONG: &str = "KeyTooLong";
/// Any other value is.
const VALUE_TOO_LONG: &str = "ValueTooLong";
/// A name is longer than a request.
const NAME_TOO_LONG: &str = "NameTooLong";

/// An expression that failed on a log.
#[derive(Clone, Debug)]
pub(in crate::shipper) struct TransformFault {
    /// Which transform, as an index into the rules.
    pub(in crate::shipper) transform: usize,
    /// What went wrong.
    pub(in crate::shipper) error: EvalError,
}

/// The attribute cells of one row, gathered from one log or from several with the same key.
#[derive(Debug, Default)]
pub(in crate::shipper) struct Draft<'a> {
    cells: Vec<(ColumnId, CellValue<'a>)>,
    /// The fields of the log at hand, each name once.
    slots: Vec<(NameId, CellValue<'a>)>,
    /// The transforms' values for the log at hand.
    results: Vec<Option<CellValue<'a>>>,
}

impl Draft<'_> {
    /// How many columns there are.
    pub(in crate::shipper) fn len(&self) -> usize {
        self.cells.len()
    }
}

/// Where the value of a primary key column comes from.
#[derive(Clone, Copy, Debug)]
enum KeySource {
    Field(NameId),
    Transform(usize),
    AutoIncrement,
}

#[derive(Debug)]
struct KeyColumn {
    schema: PrimaryKeyColumn,
    cell: CellName,
    source: KeySource,
    /// Whether the value is the log's time, which a STRING key takes in decimal.
    is_time: bool,
}

#[derive(Debug)]
struct Transform {
    name: NameId,
    /// The fields that the expression refers to, in its own order.
    fields: Vec<NameId>,
    /// Where the value goes, unless it is part of the primary key; whether the column bears the
    /// transform's own name.
    column: Option<(ColumnId, bool)>,
}

/// Turns logs into rows: belongs to one shard, and remembers the names of its fields.
#[derive(Debug)]
pub(in crate::shipper) struct Mapper {
    rules: Arc<RowRules>,
    schema: Arc<[PrimaryKeyColumn]>,
    book: Arc<NameBook>,
    book_version: u64,
    book_edition: u64,
    vocabulary: Vocabulary,
    key: Vec<KeyColumn>,
    transforms: Vec<Transform>,
    reserved: Reserved,
    /// Running numbers of the log and of the row at hand.
    log: u64,
    draft: u64,
    tag_text: String,
    faults: Vec<TransformFault>,
}

#[derive(Clone, Copy, Debug)]
struct Reserved {
    time: NameId,
    time_ns: NameId,
    topic: NameId,
    source: NameId,
}

impl Mapper {
    pub(in crate::shipper) fn new(
        rules: Arc<RowRules>,
        schema: Arc<[PrimaryKeyColumn]>,
        book: Arc<NameBook>,
    ) -> Self {
        let mut vocabulary = Vocabulary::default();
        let reserved = intern_reserved(&mut vocabulary, &rules, &schema, &book);
        let mut mapper = Self {
            rules,
            schema,
            book_version: book.version(),
            book_edition: book.edition(),
            book,
            vocabulary,
            key: Vec::new(),
            transforms: Vec::new(),
            reserved,
            log: 0,
            draft: 0,
            tag_text: String::new(),
            faults: Vec::new(),
        };
        mapper.restart();
        mapper
    }

    /// The edition of the book of names by which columns are named.
    pub(in crate::shipper) fn edition(&self) -> u64 {
        self.book_edition
    }

    /// Takes up what was learned of names since the last time. To be called between batches.
    pub(in crate::shipper) fn refresh(&mut self) {
        let version = self.book.version();
        if version != self.book_version || self.vocabulary.len() > MAX_NAMES {
            self.book_version = version;
            self.book_edition = self.book.edition();
            self.restart();
        }
    }

    /// Starts the vocabulary afresh, with the names that the rules mention.
    fn restart(&mut self) {
        self.vocabulary = Vocabulary::default();
        let (rules, schema) = (Arc::clone(&self.rules), Arc::clone(&self.schema));
        self.reserved = intern_reserved(&mut self.vocabulary, &rules, &schema, &self.book);
        self.transforms.clear();
        for rule in &rules.transforms {
            let name = self.intern(&rule.name);
            let fields = rule
                .expression
                .fields()
                .map(|name| self.intern(name))
                .collect();
            let column = column_for(
                &mut self.vocabulary,
                &rule.name,
                &rules,
                &schema,
                &self.book,
            );
            let transform = Transform {
                name,
                fields,
                column,
            };
            self.transforms.push(transform);
        }
        self.key.clear();
        for column in schema.iter() {
            let transform = rules
                .transforms
                .iter()
                .position(|rule| rule.name == column.name);
            let (source, is_time) = match transform {
                _ if column.auto_increment => (KeySource::AutoIncrement, false),
                // An integer that comes of `__time__` and no other field is `__time__` itself: no
                // function takes an integer.
                Some(at) => {
                    let is_time = rules.transforms[at].expression.fields().eq([TIME]);
                    (KeySource::Transform(at), is_time)
                }
                None => (
                    KeySource::Field(self.intern(&column.name)),
                    column.name == TIME,
                ),
            };
            let cell = CellName::new(column.name.as_bytes());
            self.key.push(KeyColumn {
                schema: column.clone(),
                cell,
                source,
                is_time,
            });
        }
    }

    fn intern(&mut self, name: &str) -> NameId {
        intern(
            &mut self.vocabulary,
            name,
            &self.rules,
            &self.schema,
            &self.book,
        )
    }

    /// Begins the cells of another row.
    pub(in crate::shipper) fn begin(&mut self, draft: &mut Draft<'_>) {
        self.draft += 1;
        draft.cells.clear();
    }

    /// Adds a log's cells to the draft, over those of earlier logs, and encodes its primary key;
    /// returns the log's time in Unix seconds. `rules` are the mapper's own, lent for as long as the values live. Afterwards
    /// [`Self::faults`] tells which expressions failed.
    pub(in crate::shipper) fn add<'a>(
        &mut self,
        rules: &'a RowRules,
        log: LogView<'a>,
        draft: &mut Draft<'a>,
        key: &mut EncodedKey,
    ) -> Result<u32, Unmapped> {
        self.faults.clear();
        let time = self.read(log, draft)?;
        self.evaluate(rules, draft);
        self.encode_key(draft, key)?;
        self.gather(draft)?;
        Ok(time.seconds)
    }

    /// The expressions that failed on the last log.
    pub(in crate::shipper) fn faults(&self) -> &[TransformFault] {
        &self.faults
    }

    /// Collects the fields of a log: contents first, the last of a name wins; then the reserved
    /// ones, where no content bears their name.
    fn read<'a>(&mut self, log: LogView<'a>, draft: &mut Draft<'a>) -> Result<LogTime, Unmapped> {
        self.log += 1;
        draft.slots.clear();
        let mut position = 0;
        let mut is_utf8 = true;
        let time = decode::walk_log(log.data, log.span, |key, value| {
            let (key, value) = (key.of(log.data), value.of(log.data));
            // Most values are ASCII, which is found out faster.
            is_utf8 = is_utf8 && (value.is_ascii() || std::str::from_utf8(value).is_ok());
            let found = self.vocabulary.find_at(position, key);
            let Some(name) = found.or_else(|| self.intern_at(position, key)) else {
                is_utf8 = false;
                return;
            };
            position += 1;
            let slots = &mut draft.slots;
            match self.vocabulary.mark(name, self.log, slots.len()) {
                Some(earlier) => slots[earlier].1 = CellValue::String(value),
                None => slots.push((name, CellValue::String(value))),
            }
        })
        .map_err(Unmapped::Malformed)?;
        if !is_utf8 {
            return Err(Unmapped::NotUtf8);
        }
        self.read_reserved(log, time, draft);
        Ok(time)
    }

    /// A name that was not met before; `None` if it is not UTF-8.
    #[cold]
    fn intern_at(&mut self, position: usize, key: &[u8]) -> Option<NameId> {
        let name = self.intern(std::str::from_utf8(key).ok()?);
        self.vocabulary.guess(position, name);
        Some(name)
    }

    fn read_reserved<'a>(&mut self, log: LogView<'a>, time: LogTime, draft: &mut Draft<'a>) {
        let pulled = log.list.data();
        let Reserved {
            time: seconds,
            time_ns,
            topic,
            source,
        } = self.reserved;
        let mut fill = |vocabulary: &mut Vocabulary, name, value| {
            if vocabulary.mark(name, self.log, draft.slots.len()).is_none() {
                draft.slots.push((name, value));
            }
        };
        fill(
            &mut self.vocabulary,
            seconds,
            CellValue::Integer(time.seconds.into()),
        );
        fill(
            &mut self.vocabulary,
            topic,
            CellValue::String(log.group.topic.of(pulled)),
        );
        fill(
            &mut self.vocabulary,
            source,
            CellValue::String(log.group.source.of(pulled)),
        );
        if let Some(nanos) = time.nanos.filter(|nanos| *nanos != 0) {
            fill(
                &mut self.vocabulary,
                time_ns,
                CellValue::Integer(nanos.into()),
            );
        }
        // Of tags with one key the last wins, so they are taken from the end.
        for (key, value) in log.list.tags(log.group).iter().rev() {
            let Ok(key) = std::str::from_utf8(key.of(pulled)) else {
                continue;
            };
            self.tag_text.clear();
            self.tag_text.push_str(TAG_PREFIX);
            self.tag_text.push_str(key);
            let Self {
                vocabulary,
                tag_text,
                rules,
                schema,
                book,
                ..
            } = self;
            let name = intern(vocabulary, tag_text, rules, schema, book);
            if vocabulary.mark(name, self.log, draft.slots.len()).is_none() {
                draft
                    .slots
                    .push((name, CellValue::String(value.of(pulled))));
            }
        }
    }

    /// Evaluates every transform on the log's own values.
    fn evaluate<'a>(&mut self, rules: &'a RowRules, draft: &mut Draft<'a>) {
        draft.results.clear();
        for (at, (rule, transform)) in rules.transforms.iter().zip(&self.transforms).enumerate() {
            let fields = LogFields {
                vocabulary: &self.vocabulary,
                log: self.log,
                slots: &draft.slots,
                names: &transform.fields,
            };
            let value = match rule.expression.eval(&fields) {
                Ok(value) => value,
                Err(error) => {
                    self.faults.push(TransformFault {
                        transform: at,
                        error,
                    });
                    None
                }
            };
            draft.results.push(value.map(|value| match value {
                Value::Integer(number) => CellValue::Integer(number),
                Value::Boolean(truth) => CellValue::Boolean(truth),
                Value::Text(text) => CellValue::String(text.as_bytes()),
            }));
        }
    }

    /// Encodes the primary key, checking every column against its declared type.
    fn encode_key(&self, draft: &Draft<'_>, key: &mut EncodedKey) -> Result<(), Unmapped> {
        key.clear();
        for column in &self.key {
            let value = match column.source {
                KeySource::AutoIncrement => Some(CellValue::AutoIncrement),
                KeySource::Transform(at) => draft.results[at],
                KeySource::Field(name) => self
                    .vocabulary
                    .slot_of(name, self.log)
                    .map(|slot| draft.slots[slot].1),
            };
            let Some(value) = value else {
                return Err(self.missing_key(column));
            };
            column.push(&value, key)?;
        }
        Ok(())
    }

    /// Why a primary key column has no value: its expression failed, or a field is missing.
    #[cold]
    fn missing_key(&self, column: &KeyColumn) -> Unmapped {
        let fault = self.faults.iter().find(
            |fault| matches!(column.source, KeySource::Transform(at) if at == fault.transform),
        );
        let reason = match fault {
            Some(fault) => fault.error.to_string(),
            None => format!("primary key column {:?} is missing", column.schema.name),
        };
        Unmapped::skip(KEY_MISSING, reason)
    }

    /// Adds the log's attribute columns to the draft.
    fn gather(&mut self, draft: &mut Draft<'_>) -> Result<(), Unmapped> {
        let Draft {
            cells,
            slots,
            results,
        } = draft;
        for (name, value) in slots.iter() {
            if let Some((column, is_own)) = self.vocabulary.name(*name).column {
                self.check_size(column, value)?;
                self.put(cells, column, *value, *name, is_own);
            }
        }
        for (at, value) in results.iter().enumerate() {
            let Transform { name, column, .. } = self.transforms[at];
            if let (Some((column, is_own)), Some(value)) = (column, value) {
                self.check_size(column, value)?;
                self.put(cells, column, *value, name, is_own);
            }
        }
        Ok(())
    }

    fn check_size(&self, column: ColumnId, value: &CellValue<'_>) -> Result<(), Unmapped> {
        let (len, sent) = (value.data_size(), &self.vocabulary.column(column).sent);
        if sent.len() > MAX_EXACT_NAME_BYTES {
            let len = sent.len();
            return Err(Unmapped::skip(
                NAME_TOO_LONG,
                format!("a column has a name of {len} bytes, more than a request has room for"),
            ));
        }
        if len > MAX_VALUE_BYTES {
            return Err(Unmapped::skip(
                VALUE_TOO_LONG,
                format!(
                    "column {sent:?} has a value of {len} bytes, over the limit of {MAX_VALUE_BYTES}"
                ),
            ));
        }
        Ok(())
    }

    /// Writes a column of the draft. Over an earlier log the later one wins; within one log the
    /// field whose own name the column bears.
    #[inline]
    fn put<'a>(
        &mut self,
        cells: &mut Vec<(ColumnId, CellValue<'a>)>,
        id: ColumnId,
        value: CellValue<'a>,
        by: NameId,
        is_own: bool,
    ) {
        let (log, draft) = (self.log, self.draft);
        let last = &mut self.vocabulary.column_mut(id).last;
        if last.draft != draft {
            *last = LastWrite {
                draft,
                log,
                at: cells.len(),
                by,
                is_own,
            };
            cells.push((id, value));
            return;
        }
        let (at, is_clash) = (last.at, last.log == log);
        let gives_way = is_clash && last.is_own && !is_own;
        let loser = if gives_way { by } else { last.by };
        if !gives_way {
            *last = LastWrite {
                draft,
                log,
                at,
                by,
                is_own,
            };
            cells[at].1 = value;
        }
        if is_clash && self.vocabulary.note_clash(id, loser) {
            let sent = &self.vocabulary.column(id).sent;
            self.book
                .log_clash(sent, self.vocabulary.name(loser).text());
        }
    }

    /// Up to `max_columns` and `max_data_bytes` of the draft's cells from the `from`-th on: how
    /// many, and their size. At least one, where there is one.
    pub(in crate::shipper) fn measure(
        &self,
        draft: &Draft<'_>,
        from: usize,
        max_data_bytes: usize,
    ) -> (usize, CellSize) {
        let mut total = CellSize::default();
        let mut count = 0;
        for (column, value) in draft.cells.iter().skip(from).take(batch::MAX_COLUMNS) {
            let size = batch::cell_size(&self.vocabulary.column(*column).cell, value);
            if count > 0 && total.data_bytes + size.data_bytes > max_data_bytes {
                break;
            }
            total += size;
            count += 1;
        }
        (count, total)
    }

    /// Cells of the draft, as a batch takes them.
    pub(in crate::shipper) fn cells<'d>(
        &'d self,
        draft: &'d Draft<'d>,
        from: usize,
        count: usize,
    ) -> impl Iterator<Item = (&'d CellName, CellValue<'d>)> {
        let cells = draft.cells.iter().skip(from).take(count);
        cells.map(|(column, value)| (&self.vocabulary.column(*column).cell, *value))
    }

    /// Names of such cells that Table Store is not known to take.
    pub(in crate::shipper) fn unproven<'d>(
        &'d self,
        draft: &'d Draft<'_>,
        from: usize,
        count: usize,
    ) -> impl Iterator<Item = &'d str> {
        let cells = draft.cells.iter().skip(from).take(count);
        cells.filter_map(|(id, _)| {
            let column = self.vocabulary.column(*id);
            (!column.is_proven).then_some(&*column.sent)
        })
    }
}

impl KeyColumn {
    /// Adds a value to the key, if it has the column's type and is not too long.
    fn push(&self, value: &CellValue<'_>, key: &mut EncodedKey) -> Result<(), Unmapped> {
        use PrimaryKeyType as T;
        match (self.schema.kind, value) {
            (_, CellValue::AutoIncrement) | (T::Integer, CellValue::Integer(_)) => {
                key.push(&self.cell, value);
            }
            (T::String, CellValue::Integer(seconds)) if self.is_time => {
                key.push(
                    &self.cell,
                    &CellValue::String(seconds.to_string().as_bytes()),
                );
            }
            (T::String | T::Binary, CellValue::String(text)) if text.len() > MAX_KEY_BYTES => {
                let reason = format!(
                    "primary key column {:?} has {} bytes, over the limit of {MAX_KEY_BYTES}",
                    self.schema.name,
                    text.len()
                );
                return Err(Unmapped::skip(KEY_TOO_LONG, reason));
            }
            (T::String, CellValue::String(_)) => key.push(&self.cell, value),
            (T::Binary, CellValue::String(text)) => {
                key.push(&self.cell, &CellValue::Binary(text));
            }
            _ => return Err(self.wrong_type(value)),
        }
        Ok(())
    }

    #[cold]
    fn wrong_type(&self, value: &CellValue<'_>) -> Unmapped {
        let found = match value {
            CellValue::Integer(_) => "INTEGER",
            CellValue::Boolean(_) => "BOOLEAN",
            _ => "STRING",
        };
        let advice = match (self.schema.kind, value) {
            (PrimaryKeyType::Integer, CellValue::String(_)) => {
                format!(
                    "; a transform {:?} can turn it into a number",
                    "(->int 10 ...)"
                )
            }
            _ => String::new(),
        };
        let reason = format!(
            "primary key column {:?} wants {}, the log has {found}{advice}",
            self.schema.name, self.schema.kind
        );
        Unmapped::skip(KEY_TYPE, reason)
    }
}

fn intern_reserved(
    vocabulary: &mut Vocabulary,
    rules: &RowRules,
    schema: &[PrimaryKeyColumn],
    book: &NameBook,
) -> Reserved {
    let mut intern = |name| intern(vocabulary, name, rules, schema, book);
    Reserved {
        time: intern(TIME),
        time_ns: intern(TIME_NS),
        topic: intern(TOPIC),
        source: intern(SOURCE),
    }
}

/// The id of a field name. A new one becomes an attribute column unless it is excluded, part of
/// the primary key (under its own name or after repair), or overridden by a transform.
fn intern(
    vocabulary: &mut Vocabulary,
    name: &str,
    rules: &RowRules,
    schema: &[PrimaryKeyColumn],
    book: &NameBook,
) -> NameId {
    vocabulary.intern(name, |vocabulary| {
        let mut transforms = rules.transforms.iter();
        if transforms.any(|transform| transform.name == name) {
            return None;
        }
        column_for(vocabulary, name, rules, schema, book)
    })
}

/// The attribute column of a field or a transform, and whether it bears its own name; `None` where
/// it is excluded, or part of the primary key (under its own name or after repair).
fn column_for(
    vocabulary: &mut Vocabulary,
    name: &str,
    rules: &RowRules,
    schema: &[PrimaryKeyColumn],
    book: &NameBook,
) -> Option<(ColumnId, bool)> {
    let is_key = |name: &str| schema.iter().any(|column| column.name == name);
    let mut excluded = rules.exclusive_columns.iter();
    if is_key(name) || excluded.any(|excluded| excluded == name) {
        return None;
    }
    let (column, is_own) = vocabulary.column_for(name, book)?;
    let sent = &vocabulary.column(column).sent;
    if is_key(sent) {
        book.log_clash(sent, name);
        return None;
    }
    Some((column, is_own))
}

/// The fields of a log, as an expression asks for them.
struct LogFields<'s, 'a> {
    vocabulary: &'s Vocabulary,
    log: u64,
    slots: &'s [(NameId, CellValue<'a>)],
    names: &'s [NameId],
}

impl<'a> Fields<'a> for LogFields<'_, 'a> {
    fn get(&self, index: usize) -> Option<Value<'a>> {
        let slot = self.vocabulary.slot_of(*self.names.get(index)?, self.log)?;
        match self.slots.get(slot)?.1 {
            CellValue::Integer(number) => Some(Value::Integer(number)),
            CellValue::Boolean(truth) => Some(Value::Boolean(truth)),
            CellValue::String(text) => std::str::from_utf8(text).ok().map(Value::Text),
            _ => None,
        }
    }
}
