//! Every input of the fuzzers' corpus, and every one that once broke something, runs again here.
//! `docs/fuzzing.md` tells what each target asserts.

#[expect(unreachable_pub, reason = "the fuzzers' own package exports them")]
#[path = "fuzz/targets/mod.rs"]
mod targets;

use std::path::Path;

/// Runs all inputs of a target; one that panics is told by its file's name.
fn replay(target: &str, run: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus");
    let inputs: Vec<_> = std::fs::read_dir(folder.join(target))
        .expect("every target has a corpus")
        .map(|entry| entry.expect("the corpus can be listed").path())
        .collect();
    assert!(inputs.len() >= 10, "{target} has {} inputs", inputs.len());
    for input in inputs {
        let data = std::fs::read(&input).expect("the corpus can be read");
        let outcome = std::panic::catch_unwind(|| run(&data));
        assert!(outcome.is_ok(), "{} breaks {target}", input.display());
    }
}

macro_rules! targets {
    ($($target:ident)*) => {
        $(
            #[test]
            fn $target() {
                replay(stringify!($target), targets::$target::run);
            }
        )*
    };
}

targets! {
    compression
    config
    dead_letter_file
    dead_letter_table
    fault_script
    log_answers
    log_groups
    plain_buffer
    sandbox
    sandbox_rows
    seed
    table_answers
    transform
}
