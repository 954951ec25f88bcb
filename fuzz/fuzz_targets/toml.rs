//! TOML scenarios and documents: no panic, and every refusal says where.
#![no_main]

use isac::readers;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Err(error) = readers::toml(text) {
        assert_eq!(readers::fault(&error), None);
    }
});
