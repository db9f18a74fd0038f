//! Both services of the sandbox and its own door, as anybody may address them.
//!
//! Input: a script of requests, see `script`.

use super::script::{Step, steps};
use super::service::Services;

/// How many steps of a script are taken.
const MAX_STEPS: usize = 24;

/// Every request is answered in the service's own form, and none without a signature is served.
pub fn run(data: &[u8]) {
    let services = Services::new();
    for step in steps(data).take(MAX_STEPS) {
        match step {
            Step::Wait(millis) => services.wait(millis),
            Step::Send(sent) => services.send(&sent),
        }
    }
    services.look_around();
}
