//! loghub-shipper: logs out of Alibaba Cloud Log Service, into Table Store, losing nothing.
//!
//! One package, a few rooms. Arrows point one way:
//! `cli → {config, shipper, status, sandbox} → deadletters → {loghub, tablestore, transform} → transport`.
//!
//! | room | what it owns |
//! | --- | --- |
//! | [`cli`] | subcommands and exit codes; the only place that prints |
//! | [`config`] | environment variables → validated settings, all mistakes reported together |
//! | [`shipper`] | the work: shards come and go; pull → transform → write → checkpoint |
//! | [`deadletters`] | logs that will never become a row, kept whole, and where they are kept |
//! | [`status`] | what happened since the last status row, and the reporter that publishes it |
//! | [`loghub`] | Log Service: model, wire, signing, client, consumer group |
//! | [`tablestore`] | Table Store: model, `PlainBuffer`, signing, client, batches |
//! | [`transform`] | the expression language: parse, check, evaluate; pure |
//! | [`transport`] | HTTP exchange, retry, clock, secrets |
//! | [`telemetry`] | the container log |
//! | [`sandbox`] | an emulator of both services, in memory, over real HTTP |

pub mod cli;
pub mod config;
pub mod deadletters;
pub mod loghub;
#[doc(hidden)]
pub mod mistakes;
pub mod sandbox;
pub mod shipper;
pub mod status;
pub mod tablestore;
pub mod telemetry;
pub mod transform;
pub mod transport;
