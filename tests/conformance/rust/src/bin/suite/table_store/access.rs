//! Who may call Table Store.

use aliyun_tablestore_rs::OtsClient;
use anyhow::Result;
use conformance::{required, table_store_with};

use super::{Table, assert_refused};
use crate::harness::checks;

checks![
    table_wrong_secret_refused,
    table_unknown_key_refused,
    table_token_accepted,
    table_wrong_token_refused,
];

async fn table_wrong_secret_refused() -> Result<()> {
    let client = table_store_with(OtsClient::builder(required("ACCESS_KEY_ID"), "wrong"));
    let call = client.list_table().send().await;
    assert_refused(call, "OTSAuthFailed", "Signature mismatch.");
    Ok(())
}

async fn table_unknown_key_refused() -> Result<()> {
    let client = table_store_with(OtsClient::builder("nobody", required("ACCESS_KEY_SECRET")));
    let call = client.list_table().send().await;
    assert_refused(call, "OTSAuthFailed", "The AccessKeyID does not exist.");
    Ok(())
}

fn temporary() -> aliyun_tablestore_rs::OtsClientBuilder {
    OtsClient::builder(
        required("STS_ACCESS_KEY_ID"),
        required("STS_ACCESS_KEY_SECRET"),
    )
}

async fn table_token_accepted() -> Result<()> {
    let table = Table::new().await?;
    let client = table_store_with(temporary().sts_token(required("STS_SECURITY_TOKEN")));
    assert!(client.list_table().send().await?.contains(&table.name));
    Ok(())
}

async fn table_wrong_token_refused() -> Result<()> {
    for builder in [temporary().sts_token("stale"), temporary()] {
        let call = table_store_with(builder).list_table().send().await;
        assert_refused(call, "OTSAuthFailed", "The security token is invalid.");
    }
    Ok(())
}
