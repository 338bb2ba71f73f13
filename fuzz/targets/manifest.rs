#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| pybuild_fuzz::manifest(bytes));
