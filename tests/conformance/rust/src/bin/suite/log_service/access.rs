//! Who may call Log Service.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use aliyun_log_rust_sdk::{Credentials, CredentialsError, CredentialsProvider, async_trait};
use anyhow::Result;
use conformance::{log_service_with, required};

use super::{Logstore, assert_refused, group_of, new_project};
use crate::harness::checks;

checks![
    log_wrong_secret_refused,
    log_unknown_key_refused,
    log_token_accepted,
    log_wrong_token_refused,
    log_credentials_provider_asked,
];

async fn log_wrong_secret_refused() -> Result<()> {
    let (_, project) = new_project().await?;
    let id = required("ACCESS_KEY_ID");
    let client = log_service_with(|config| config.access_key(id, "wrong"))?;
    let call = client.get_project(&project).send().await;
    assert_refused(call, 401, "SignatureNotMatch", "signature");
    Ok(())
}

async fn log_unknown_key_refused() -> Result<()> {
    let (_, project) = new_project().await?;
    let secret = required("ACCESS_KEY_SECRET");
    let client = log_service_with(|config| config.access_key("nobody", secret))?;
    let call = client.get_project(&project).send().await;
    assert_refused(call, 401, "InvalidAccessKeyId", "nobody");
    Ok(())
}

fn temporary_key() -> (String, String) {
    (
        required("STS_ACCESS_KEY_ID"),
        required("STS_ACCESS_KEY_SECRET"),
    )
}

async fn log_token_accepted() -> Result<()> {
    let mut store = Logstore::new(1).await?;
    let (id, secret) = temporary_key();
    let token = required("STS_SECURITY_TOKEN");
    store.client = log_service_with(|config| config.sts(id, secret, token))?;
    let group = group_of([[("a", "b")]]);
    store.put(group.clone()).await?;
    assert_eq!(store.pull_all().await?, [group]);
    Ok(())
}

async fn log_wrong_token_refused() -> Result<()> {
    let (_, project) = new_project().await?;
    let (id, secret) = temporary_key();
    let stale = log_service_with(|config| config.sts(&id, &secret, "stale"))?;
    let none = log_service_with(|config| config.access_key(&id, &secret))?;
    for client in [stale, none] {
        let call = client.get_project(&project).send().await;
        assert_refused(call, 401, "Unauthorized", "security token");
    }
    Ok(())
}

/// Gives the temporary key, and counts how often it is asked.
struct Counting(Arc<AtomicU32>);

#[async_trait]
impl CredentialsProvider for Counting {
    async fn fetch_credentials(&self) -> Result<Credentials, CredentialsError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        let (id, secret) = temporary_key();
        Ok(Credentials::new(id, secret)?.with_security_token(required("STS_SECURITY_TOKEN")))
    }
}

async fn log_credentials_provider_asked() -> Result<()> {
    let (_, project) = new_project().await?;
    let asked = Arc::new(AtomicU32::new(0));
    let provider = Counting(Arc::clone(&asked));
    let client = log_service_with(|config| config.credentials_provider(provider))?;
    for _ in 0..2 {
        let answer = client.get_project(&project).send().await?;
        assert_eq!(*answer.get_body().project_name(), project);
    }
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    Ok(())
}
