//! A transport that answers from a list and keeps what it was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use serde_json::Value;

use crate::loghub::testing::{hex, pairs};
use crate::transport::{ExchangeError, Request, Response, Transport};

/// Answers in the order they were given; every request is kept.
#[derive(Debug, Default)]
pub(super) struct Replay {
    answers: Mutex<VecDeque<Result<Response, ExchangeError>>>,
    asked: Mutex<Vec<(Request, Duration)>>,
}

impl Replay {
    pub(super) fn new(
        answers: impl IntoIterator<Item = Result<Response, ExchangeError>>,
    ) -> Arc<Self> {
        Arc::new(Self {
            answers: Mutex::new(answers.into_iter().collect()),
            asked: Mutex::default(),
        })
    }

    /// One answer.
    pub(super) fn once(answer: Response) -> Arc<Self> {
        Self::new([Ok(answer)])
    }

    /// The requests since the last time, with their deadlines.
    pub(super) fn asked(&self) -> Vec<(Request, Duration)> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }

    /// The only request since the last time.
    pub(super) fn only_request(&self) -> Request {
        let asked = self.asked();
        assert_eq!(asked.len(), 1, "{asked:?}");
        asked.into_iter().next().unwrap().0
    }
}

impl Transport for Replay {
    fn exchange(
        &self,
        request: Request,
        deadline: Duration,
    ) -> BoxFuture<'_, Result<Response, ExchangeError>> {
        let answer = self.answers.lock().unwrap().pop_front();
        let answer = answer.unwrap_or_else(|| panic!("no answer is left for {request:?}"));
        self.asked.lock().unwrap().push((request, deadline));
        ready(answer).boxed()
    }
}

/// An answer.
pub(super) fn response<'a>(
    status: u16,
    headers: impl IntoIterator<Item = (&'a str, &'a str)>,
    body: impl Into<Bytes>,
) -> Response {
    let builder = http::Response::builder().status(status);
    headers
        .into_iter()
        .fold(builder, |builder, (name, value)| {
            builder.header(name, value)
        })
        .body(body.into())
        .unwrap()
}

/// An answer of 200 with a body of JSON.
pub(super) fn json(body: impl Into<Bytes>) -> Response {
    response(200, [("content-type", "application/json")], body)
}

/// A recorded answer.
pub(super) fn recorded(answer: &Value) -> Response {
    let headers = pairs(&answer["headers"]);
    let headers = headers.iter().map(|(name, value)| (&**name, &**value));
    let status = answer["status"].as_u64().unwrap();
    response(
        status.try_into().unwrap(),
        headers,
        hex(&answer["body_hex"]),
    )
}
