//! What each fuzz target does with an input, and what must hold then.
//!
//! `bins/` hands these functions what libFuzzer finds; the test `fuzz_corpus` hands them the
//! inputs in `corpus/`. A violation is a panic.

pub mod compression;
pub mod config;
pub mod dead_letter_file;
pub mod dead_letter_table;
pub mod fault_script;
pub mod log_answers;
pub mod log_groups;
pub mod plain_buffer;
pub mod sandbox;
pub mod sandbox_rows;
mod script;
pub mod seed;
mod service;
mod shape;
pub mod table_answers;
pub mod transform;
