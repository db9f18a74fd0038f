//! The sandbox is steered from outside, by what no SDK can ask of it.

use anyhow::{Result, ensure};
use conformance::required;
use serde_json::Value;

/// One call that steers.
pub async fn post(path: &str, body: &str) -> Result<Value> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let url = format!("{}/{path}", required("SANDBOX_ADMIN"));
    let answer = client.post(url).body(body.to_owned()).send().await?;
    let (status, text) = (answer.status(), answer.text().await?);
    ensure!(status.is_success(), "{path} was answered {status} {text}");
    Ok(serde_json::from_str(&text)?)
}
