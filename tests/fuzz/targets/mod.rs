//! What each fuzz target does with an input, and what must hold then.
//!
//! `bins/` hands these functions what libFuzzer finds; the test `fuzz_corpus` hands them the
//! inputs in `corpus/`. A violation is a panic.

pub mod compression;
pub mod config;
pub mod fault_script;
pub mod log_answers;
pub mod log_groups;
pub mod plain_buffer;
pub mod sandbox;
pub mod sandbox_rows;
mod script;
mod service;
mod shape;
pub mod table_answers;
pub mod transform;
