//! Tables of released numbers: no panic, and every refusal says where.
#![no_main]

use isac::readers;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Err(error) = readers::reference(text) {
        assert_eq!(readers::fault(&error), None);
    }
});
