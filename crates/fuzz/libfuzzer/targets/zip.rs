#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| aieffect_fuzz::zip(data));
