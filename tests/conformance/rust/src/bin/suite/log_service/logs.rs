//! Logs that are put and pulled, cursors, shards.

use aliyun_log_rust_sdk::Error;
use aliyun_log_rust_sdk::get_cursor_models::CursorPos;
use aliyun_log_sdk_protobuf::{Log, LogGroup, LogGroupList};
use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Logstore, assert_refused, cursor_number, group_of, ids_of};
use crate::admin;
use crate::harness::{checks, unique};

checks![
    put_logs_arrive_whole,
    large_put_arrives,
    pull_is_compressed,
    pull_may_stay_raw,
    raw_put_arrives,
    bytes_that_are_no_text_stay,
    cursor_moves_one_step_per_put,
    cursor_by_time,
    pull_pages_by_count,
    pull_stops_at_the_end_cursor,
    pull_at_the_end_is_empty,
    cursor_of_forgotten_logs_refused,
    bad_pulls_refused,
    bad_puts_refused,
    shards_cover_the_hash_space,
];

async fn put_logs_arrive_whole() -> Result<()> {
    let store = Logstore::new(1).await?;
    let mut first = Log::from_unixtime(1_700_000_001);
    first.add_content_kv("path", "/index");
    first.add_content_kv("path", "twice");
    first.add_content_kv("empty", "");
    first.add_content_kv("Größe", "naïve 日本 🚀\n\0");
    first.set_time_ns(999_999_999);
    let mut second = Log::from_unixtime(u32::MAX);
    second.add_content_kv("path", "/second");
    let mut group = LogGroup::new();
    group.set_topic("a topic").set_source("10.0.0.1");
    group
        .add_log_tag_kv("host", "h-1")
        .add_log_tag_kv("rack", "");
    group.add_log(first).add_log(second);
    store.put(group.clone()).await?;
    assert_eq!(store.pull_all().await?, [group]);
    Ok(())
}

async fn large_put_arrives() -> Result<()> {
    let store = Logstore::new(1).await?;
    let log = |id: usize| {
        [
            ("id", id.to_string()),
            ("text", format!("{id:x}").repeat(200)),
        ]
    };
    let group = group_of((0..4096).map(log));
    store.put(group.clone()).await?;
    assert!(store.pull_all().await? == [group], "the logs differ");
    Ok(())
}

async fn pull_is_compressed() -> Result<()> {
    let store = Logstore::new(1).await?;
    store
        .put(group_of([[("text", "x".repeat(100_000))]]))
        .await?;
    let begin = store.cursor(CursorPos::Begin).await?;
    let request = store.client.pull_logs(&store.project, &store.name, 0);
    let answer = request.cursor(begin).count(1).send().await?;
    let header = |name: &str| answer.get_headers()[name].to_str();
    assert_eq!(header("x-log-compresstype")?, "lz4");
    assert_eq!(header("x-log-count")?, "1");
    let raw: usize = header("x-log-bodyrawsize")?.parse()?;
    let sent: usize = header("content-length")?.parse()?;
    assert!(raw > 100_000 && sent < 5000, "{raw} bytes came as {sent}");
    assert_eq!(
        answer.get_body().log_group_list()[0].logs()[0].contents()[0]
            .value()
            .len(),
        100_000
    );
    Ok(())
}

async fn pull_may_stay_raw() -> Result<()> {
    let store = Logstore::new(1).await?;
    store.put_ids([1, 2]).await?;
    let begin = store.cursor(CursorPos::Begin).await?;
    let request = store.client.pull_logs_raw(&store.project, &store.name, 0);
    let answer = request.cursor(begin).count(10).send().await?.take_body();
    assert_eq!(*answer.log_group_count(), 2);
    assert_eq!(*answer.next_cursor(), store.cursor(CursorPos::End).await?);
    let list = LogGroupList::decode(&answer.into_data())?;
    assert_eq!(ids_of(list.log_groups()), ["1", "2"]);
    Ok(())
}

impl Logstore {
    /// Puts an encoded log group of some length as an lz4 block of literals alone: a token with
    /// their number, then the literals.
    async fn put_raw(&self, raw: &[u8]) -> Result<()> {
        let length = u8::try_from(raw.len() - 15)?;
        let block = [&[0xf0, length], raw].concat();
        let request = self.client.put_logs_raw(&self.project, &self.name);
        let request = request.data(block.into()).raw_size(raw.len());
        request.compress_type("lz4".to_owned()).send().await?;
        Ok(())
    }
}

async fn raw_put_arrives() -> Result<()> {
    let store = Logstore::new(1).await?;
    let group = group_of([[("id", "1"), ("text", "long enough")]]);
    store.put_raw(&group.encode()?).await?;
    assert_eq!(store.pull_all().await?, [group]);
    Ok(())
}

async fn bytes_that_are_no_text_stay() -> Result<()> {
    let store = Logstore::new(1).await?;
    let mut raw = group_of([[("id", "1"), ("text", "long enough")]]).encode()?;
    let last = raw.len() - 1;
    raw[last] = 0xff;
    store.put_raw(&raw).await?;
    let begin = store.cursor(CursorPos::Begin).await?;
    // The SDK itself takes text alone.
    let pull = store.pull(&begin, 1).await;
    assert!(matches!(pull, Err(Error::ResponseParse(_))), "{pull:?}");
    let request = store.client.pull_logs_raw(&store.project, &store.name, 0);
    let answer = request.cursor(begin).count(1).send().await?;
    let length = u8::try_from(raw.len())?;
    let list = [&[0x0a, length], raw.as_slice()].concat();
    assert_eq!(*answer.get_body().data(), list);
    Ok(())
}

async fn cursor_moves_one_step_per_put() -> Result<()> {
    let store = Logstore::new(1).await?;
    let before = cursor_number(&store.cursor(CursorPos::End).await?)?;
    store.put_ids([1, 2, 3]).await?;
    let after = cursor_number(&store.cursor(CursorPos::End).await?)?;
    assert_eq!(after, before + 3);
    let begin = cursor_number(&store.cursor(CursorPos::Begin).await?)?;
    assert_eq!(begin, before);
    Ok(())
}

async fn cursor_by_time() -> Result<()> {
    let store = Logstore::new(1).await?;
    store.put_ids([1]).await?;
    let past = store
        .cursor(CursorPos::UnixTimeStamp(1_700_000_000))
        .await?;
    assert_eq!(past, store.cursor(CursorPos::Begin).await?);
    let future = store
        .cursor(CursorPos::UnixTimeStamp(4_000_000_000))
        .await?;
    assert_eq!(future, store.cursor(CursorPos::End).await?);
    Ok(())
}

async fn pull_pages_by_count() -> Result<()> {
    let store = Logstore::new(1).await?;
    store.put_ids(1..=5).await?;
    let mut cursor = store.cursor(CursorPos::Begin).await?;
    for (expected, count) in [(["1", "2"].as_slice(), 2), (&["3", "4"], 2), (&["5"], 1)] {
        let page = store.pull(&cursor, 2).await?;
        assert_eq!(ids_of(page.log_group_list()), expected);
        assert_eq!(*page.log_group_count(), count);
        let last = page.read_last_cursor().as_deref().map(str::parse::<u64>);
        let next = cursor_number(page.next_cursor())?;
        assert_eq!(last.transpose()?, Some(next - 1));
        cursor.clone_from(page.next_cursor());
    }
    assert_eq!(cursor, store.cursor(CursorPos::End).await?);
    Ok(())
}

async fn pull_stops_at_the_end_cursor() -> Result<()> {
    let store = Logstore::new(1).await?;
    store.put_ids([1, 2]).await?;
    let [begin, end] = [CursorPos::Begin, CursorPos::End].map(|at| store.cursor(at));
    let (begin, end) = (begin.await?, end.await?);
    store.put_ids([3]).await?;
    let request = store.client.pull_logs(&store.project, &store.name, 0);
    let request = request.cursor(&begin).end_cursor(&end).count(10);
    let pull = request.send().await?.take_body();
    assert_eq!(ids_of(pull.log_group_list()), ["1", "2"]);
    assert_eq!(*pull.next_cursor(), end);
    Ok(())
}

async fn pull_at_the_end_is_empty() -> Result<()> {
    let store = Logstore::new(1).await?;
    store.put_ids([1]).await?;
    let end = store.cursor(CursorPos::End).await?;
    let pull = store.pull(&end, 10).await?;
    assert!(pull.log_group_list().is_empty());
    assert_eq!(*pull.log_group_count(), 0);
    assert_eq!(*pull.next_cursor(), end);
    Ok(())
}

async fn cursor_of_forgotten_logs_refused() -> Result<()> {
    let store = Logstore::new(1).await?;
    let begin = store.cursor(CursorPos::Begin).await?;
    store.put_ids([1, 2, 3]).await?;
    let kept = cursor_number(&begin)? + 2;
    let path = store.admin_path();
    admin::post(&format!("{path}/shards/0/trim?to={kept}"), "").await?;
    assert_refused(store.pull(&begin, 10).await, 400, "InvalidCursor", "");
    assert_eq!(ids_of(&store.pull_all().await?), ["3"]);
    Ok(())
}

async fn bad_pulls_refused() -> Result<()> {
    let store = Logstore::new(1).await?;
    store.put_ids([1]).await?;
    let begin = store.cursor(CursorPos::Begin).await?;
    let invalid = "ParameterInvalid";
    let bad_cursor = store.pull("not a cursor", 1).await;
    assert_refused(bad_cursor, 400, invalid, "Cursor is not valid");
    let far = STANDARD.encode((cursor_number(&begin)? + 1000).to_string());
    assert_refused(store.pull(&far, 1).await, 400, "InvalidCursor", "");
    assert_refused(store.pull(&begin, 0).await, 400, invalid, "count");
    assert_refused(store.pull(&begin, 1001).await, 400, invalid, "count");
    let request = store.client.pull_logs(&store.project, &store.name, 7);
    let missing = request.cursor(&begin).count(1).send().await;
    assert_refused(missing, 404, "ShardNotExist", "7");
    Ok(())
}

async fn bad_puts_refused() -> Result<()> {
    let store = Logstore::new(1).await?;
    let missing = unique("rust-missing-");
    let put = store.client.put_logs(&store.project, &missing);
    let put = put.log_group(group_of([[("a", "b")]])).send().await;
    let message = format!("logstore {missing} does not exist");
    assert_refused(put, 404, "LogStoreNotExist", &message);
    let raw = |data: &'static [u8], size, compression: &str| {
        let request = store.client.put_logs_raw(&store.project, &store.name);
        let request = request.data(data.into()).raw_size(size);
        request.compress_type(compression.to_owned()).send()
    };
    let too_large = raw(b"x", 11 << 20, "lz4").await;
    assert_refused(too_large, 413, "PostBodyTooLarge", "Body size");
    let unknown = raw(b"x", 1, "brotli").await;
    assert_refused(unknown, 400, "InvalidCompressType", "brotli");
    let broken = raw(b"x", 100, "lz4").await;
    assert_refused(broken, 400, "PostBodyUncompressError", "");
    let no_group = raw(b"\x30???", 3, "lz4").await;
    assert_refused(no_group, 400, "PostBodyInvalid", "");
    Ok(())
}

async fn shards_cover_the_hash_space() -> Result<()> {
    let store = Logstore::new(2).await?;
    let answer = store.client.list_shards(&store.project, &store.name);
    let answer = answer.send().await?;
    let key = |digits: &str, fill: &str| format!("{digits}{}", fill.repeat(31));
    let shown = answer.get_body().shards().iter().map(|shard| {
        let keys = (shard.inclusive_begin_key(), shard.exclusive_end_key());
        assert!(*shard.create_time() > 1_700_000_000);
        (*shard.shard_id(), shard.status().as_str(), keys)
    });
    let (zero, half, end) = (key("0", "0"), key("8", "0"), key("f", "f"));
    let expected = [
        (0, "readwrite", (&zero, &half)),
        (1, "readwrite", (&half, &end)),
    ];
    assert_eq!(shown.collect::<Vec<_>>(), expected);
    Ok(())
}
