//! The client of one logstore: each method is one signed exchange.
//!
//! Nothing is tried again here: an [`Error`] knows its verdict, and callers use
//! [`crate::transport::retry`], so that every attempt is signed anew. Only the status 200 is
//! success, as in the vendor's SDKs.

mod address;
mod answer;
mod call;
mod groups;
mod logs;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{StatusCode, Uri};

use self::address::Address;
use self::answer::{EXCERPT_CHARS, MESSAGE_CHARS, Refusal, one_line};
use self::call::{Call, Operation, Signer};
pub use self::groups::Saved;
use super::error::{Error, ErrorCode};
use super::model::{Logstore, Project};
use crate::transport::{AccessKey, Clock, Response, Transport};

/// Which logstore, where, and how it is spoken to.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Scheme and authority of the endpoint; a path is ignored. The project may stand in front of
    /// the host or not. An IP address or `localhost` is where the connection goes, whatever the
    /// project.
    pub endpoint: Uri,
    /// The project of the logstore.
    pub project: Project,
    /// The logstore.
    pub logstore: Logstore,
    /// Region id such as `cn-hangzhou`: with it, requests are signed with version 4, else 1.
    pub region: Option<String>,
    /// How long one exchange may take, from connecting to the last byte of the answer.
    pub request_timeout: Duration,
}

/// A client of one logstore.
///
/// All methods are cancel safe in the sense of [`Transport::exchange`]: a dropped call may or may
/// not have had its effect.
pub struct Client {
    settings: Settings,
    address: Address,
    signer: Signer,
    transport: Arc<dyn Transport>,
    clock: Clock,
    /// `/logstores/NAME/shards`.
    shards_path: String,
    /// `/logstores/NAME/consumergroups`.
    groups_path: String,
}

impl Client {
    /// A client that signs with `key`, at the time that `clock` shows.
    ///
    /// # Panics
    ///
    /// If the endpoint has no scheme or no authority: configuration refuses such.
    pub fn new(
        settings: Settings,
        key: AccessKey,
        transport: Arc<dyn Transport>,
        clock: Clock,
    ) -> Self {
        let logstore = &settings.logstore;
        Self {
            address: Address::new(&settings.endpoint, &settings.project),
            signer: Signer::new(key, settings.region.clone()),
            shards_path: format!("/logstores/{logstore}/shards"),
            groups_path: format!("/logstores/{logstore}/consumergroups"),
            settings,
            transport,
            clock,
        }
    }

    /// What the client was made with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Sends `call` and lets `read` take what it needs from a good answer, or say what is wrong
    /// with it.
    async fn call<T>(
        &self,
        call: Call<'_>,
        read: impl FnOnce(&Response) -> Result<T, String> + Send,
    ) -> Result<T, Error> {
        let signed = self.signer.sign(&call, &self.address, self.clock.utc());
        let request = signed.map_err(|fault| Error::Request {
            operation: self.describe(&call.operation),
            fault,
        })?;
        let exchange = self
            .transport
            .exchange(request, self.settings.request_timeout);
        let response = exchange.await.map_err(|source| Error::Exchange {
            operation: self.describe(&call.operation),
            source,
        })?;
        let outcome = if response.status() == StatusCode::OK {
            read(&response).map_err(Refusal::Unusable)
        } else {
            Err(answer::refusal(response.body()))
        };
        outcome.map_err(|refusal| self.refused(&call.operation, &response, refusal))
    }

    /// The error of an answer that is none of success.
    fn refused(&self, operation: &Operation<'_>, response: &Response, refusal: Refusal) -> Error {
        let operation = self.describe(operation);
        let status = response.status().as_u16();
        // Secrets go before the text is cut, or half of one might stay.
        let shown = |text: &str, most| one_line(&self.signer.without_secrets(text), most);
        let request_id = shown(answer::request_id(response), EXCERPT_CHARS);
        match refusal {
            Refusal::Service { code, message } => Error::Service {
                operation,
                status,
                code: ErrorCode::parse(&shown(&code, EXCERPT_CHARS)),
                message: shown(&message, MESSAGE_CHARS),
                request_id,
            },
            Refusal::Unusable(fault) => {
                let fault = shown(&fault, MESSAGE_CHARS);
                let body = shown(&answer::beginning(response.body()), EXCERPT_CHARS);
                Error::Answer {
                    operation,
                    status,
                    fault: format!("{fault}: {body}"),
                    request_id,
                }
            }
        }
    }

    fn describe(&self, operation: &Operation<'_>) -> String {
        operation.describe(&self.settings.project, &self.settings.logstore)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
