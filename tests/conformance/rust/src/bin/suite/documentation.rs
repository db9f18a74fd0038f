//! The example that the documentation shows.

use std::process::Command;

use aliyun_log_rust_sdk::get_cursor_models::CursorPos;
use anyhow::{Context as _, Result, ensure};
use conformance::log_service;

use crate::harness::checks;

checks![example];

async fn example() -> Result<()> {
    let suite = std::env::current_exe()?;
    let program = suite.with_file_name("example");
    let run = tokio::task::spawn_blocking(move || Command::new(program).output());
    let output = run.await??;
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(String::from_utf8(output.stdout)?, "path is /\n");

    let client = log_service()?;
    let mut paths = Vec::new();
    for shard in client
        .list_shards("demo", "access")
        .send()
        .await?
        .get_body()
        .shards()
    {
        let shard = *shard.shard_id();
        let request = client.get_cursor("demo", "access", shard);
        let begin = request.cursor_pos(CursorPos::Begin).send().await?;
        let request = client.pull_logs("demo", "access", shard).count(10);
        let answer = request.cursor(begin.get_body().cursor()).send().await?;
        for group in answer.get_body().log_group_list() {
            let content = group.logs()[0].contents().first().context("no content")?;
            paths.push((content.key().clone(), content.value().clone()));
        }
    }
    assert_eq!(paths, [("path".to_owned(), "/".to_owned())]);
    Ok(())
}
