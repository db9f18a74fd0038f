//! What the SDKs do when a service is busy, or a connection breaks.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use aliyun_log_rust_sdk::Error;
use aliyun_tablestore_rs::error::OtsError;
use aliyun_tablestore_rs::{OtsClient, OtsOp, RetryPolicy};
use anyhow::Result;
use conformance::{log_service, log_service_with, required, table_store_with};

use crate::admin;
use crate::harness::{checks, unique};

checks![
    busy_log_service_is_asked_again,
    log_refusal_as_scripted,
    cut_log_service_is_a_network_error,
    busy_table_store_asks_the_policy,
];

async fn faults(script: &str) -> Result<()> {
    admin::post("faults", script).await.map(drop)
}

async fn busy_log_service_is_asked_again() -> Result<()> {
    let project = unique("rust-project-");
    let (id, secret) = (required("ACCESS_KEY_ID"), required("ACCESS_KEY_SECRET"));
    let client = log_service_with(|config| config.access_key(id, secret).max_retry(1))?;
    client
        .create_project(&project)
        .description("")
        .send()
        .await?;
    faults("next 1 GetProject: busy").await?;
    let answer = client.get_project(&project).send().await?;
    assert_eq!(*answer.get_body().project_name(), project);
    Ok(())
}

async fn log_refusal_as_scripted() -> Result<()> {
    faults(r#"next 1 ListProject: refuse 403 ReadQuotaExceed "Read QPS Exceed""#).await?;
    let refused = log_service()?.list_projects(0, 1).send().await.err();
    let Some(Error::Server {
        error_code,
        error_message,
        http_status,
        ..
    }) = refused
    else {
        panic!("not refused: {refused:?}");
    };
    assert_eq!(
        (error_code.as_str(), error_message.as_str()),
        ("ReadQuotaExceed", "Read QPS Exceed")
    );
    assert_eq!(http_status, 403);
    Ok(())
}

async fn cut_log_service_is_a_network_error() -> Result<()> {
    faults("next 1 ListProject: cut before").await?;
    let cut = log_service()?.list_projects(0, 1).send().await.err();
    assert!(matches!(cut, Some(Error::Network(_))), "{cut:?}");
    Ok(())
}

/// Lets everything be sent again at once, and counts.
#[derive(Debug)]
struct Counting(Arc<AtomicU32>);

impl RetryPolicy for Counting {
    fn should_retry(&self, retried: u32, operation: OtsOp, error: &OtsError) -> bool {
        assert_eq!(
            (retried, operation),
            (self.0.fetch_add(1, Ordering::Relaxed), OtsOp::ListTable)
        );
        matches!(error, OtsError::ApiError(error) if error.code == "OTSServerBusy")
    }

    fn delay_ms(&self) -> u32 {
        0
    }

    fn clone_box(&self) -> Box<dyn RetryPolicy> {
        Box::new(Self(Arc::clone(&self.0)))
    }
}

async fn busy_table_store_asks_the_policy() -> Result<()> {
    let asked = Arc::new(AtomicU32::new(0));
    let builder = OtsClient::builder(required("ACCESS_KEY_ID"), required("ACCESS_KEY_SECRET"));
    let client = table_store_with(builder.rety_policy(Box::new(Counting(Arc::clone(&asked)))));
    faults("next 2 ListTable: busy").await?;
    client.list_table().send().await?;
    assert_eq!(asked.load(Ordering::Relaxed), 2);
    Ok(())
}
