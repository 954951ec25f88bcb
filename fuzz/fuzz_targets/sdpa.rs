//! The SDPA sparse format: no panic, and every refusal names its line.
#![no_main]

use isac::readers;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Err(error) = readers::sdpa(data) {
        assert_eq!(readers::fault(&error), None);
    }
});
