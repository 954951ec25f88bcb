//! Files of arrays (`.mat`, HDF5, `.npy`, `.npz`): no panic, and every refusal names its place.
#![no_main]

use isac::readers;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Err(error) = readers::arrays(data) {
        assert_eq!(readers::fault(&error), None);
    }
});
