#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| loghub_shipper_fuzz::dead_letter_file::run(data));
