//! Scripts of faults for the sandbox.
//!
//! Input: a script.

use loghub_shipper::sandbox::{Sandbox, Settings};
use loghub_shipper::transport::{AccessKey, Clock, Secret};

/// A script is taken whole or not at all; what is taken prints as what is taken for the same; what
/// is not is told by lines that there are.
pub fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let sandbox = sandbox();
    match sandbox.faults().load(&text) {
        Ok(count) => {
            let first = printed(&sandbox);
            assert_eq!(first.len(), count);
            sandbox.faults().clear();
            let again = sandbox.faults().load(&first.join("\n"));
            assert_eq!(again, Ok(count), "{first:?}");
            assert_eq!(printed(&sandbox), first);
        }
        Err(fault) => {
            assert!(printed(&sandbox).is_empty() && !fault.lines.is_empty());
            for line in &fault.lines {
                assert!((1..=text.lines().count()).contains(&line.line), "{fault}");
                assert!(line.column > 0 && !line.message.is_empty());
            }
        }
    }
}

fn printed(sandbox: &Sandbox) -> Vec<String> {
    let reports = sandbox.fault_report();
    let print = reports.iter().map(|report| report.fault.to_string());
    print.collect()
}

fn sandbox() -> Sandbox {
    let key = AccessKey {
        id: "id".to_owned(),
        secret: Secret::new("secret"),
        token: None,
    };
    Sandbox::new(Settings::new(key, Clock::system()))
}
