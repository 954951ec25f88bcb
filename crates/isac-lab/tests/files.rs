//! Files of arrays against the formulas they were written by, and damaged in every byte.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::path::{Path, PathBuf};

use isac_lab::Error;
use isac_lab::files::{Contents, Numeric, Value, open, read};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/files")
        .join(name)
}

fn contents(name: &str) -> Contents {
    open(&fixture(name)).unwrap()
}

fn numbers<'a>(contents: &'a Contents, path: &str) -> &'a Numeric {
    contents.find(path).unwrap().numeric().unwrap()
}

/// `H[r][a][u]` of `make.py`.
fn channel([r, a, u]: [usize; 3]) -> (f64, f64) {
    let [r, a, u] = [r, a, u].map(|n| n as f64);
    (r + 10.0 * a + 100.0 * u, a - 2.0 * r * u + 0.5)
}

/// Compares with the channel, an index of the array filled up by `index`.
fn is_channel(array: &Numeric, shape: &[usize], index: impl Fn(&[usize]) -> [usize; 3]) {
    assert_eq!(array.shape, shape);
    let im = array.im.as_ref().unwrap();
    let size: usize = shape.iter().product();
    assert_eq!((array.re.len(), im.len()), (size, size));
    for flat in 0..size {
        let mut rest = flat;
        let mut at: Vec<usize> = shape
            .iter()
            .rev()
            .map(|n| {
                let i = rest % n;
                rest /= n;
                i
            })
            .collect();
        at.reverse();
        assert_eq!((array.re[flat], im[flat]), channel(index(&at)), "{at:?}");
    }
}

#[test]
fn variables_of_mat_files_are_read() {
    for name in ["plain.mat", "compressed.mat"] {
        let file = contents(name);
        let h = numbers(&file, "H");
        is_channel(h, &[2, 3, 4], |at| [at[0], at[1], at[2]]);
        assert_eq!(h.dtype, "float64");
        let small = numbers(&file, "small");
        is_channel(small, &[3, 4], |at| [0, at[0], at[1]]);
        assert_eq!(small.dtype, "float32");
        is_channel(numbers(&file, "scene.inner.H"), &[3, 4], |at| {
            [1, at[0], at[1]]
        });
        let counts = numbers(&file, "counts");
        assert_eq!((counts.dtype, &counts.shape[..]), ("int8", &[1, 3][..]));
        assert_eq!((&counts.re[..], &counts.im), (&[1.0, -2.0, 3.0][..], &None));
        let large = [2_f64.powi(40), -(2_f64.powi(41))];
        assert_eq!(numbers(&file, "large").re, large);
        let flags = numbers(&file, "flags");
        assert_eq!((flags.dtype, &flags.re[..]), ("bool", &[1.0, 0.0][..]));
        let text = |words: &[&str]| Value::Text(words.iter().map(|w| w.to_string()).collect());
        assert_eq!(*file.find("word").unwrap(), text(&["channel"]));
        assert_eq!(*file.find("lines").unwrap(), text(&["ab", "cd"]));
        // Cells row by row: the second is that of row 0, column 1.
        for (at, value) in [0.0, 1.0, 10.0, 11.0].into_iter().enumerate() {
            assert_eq!(numbers(&file, &format!("cells[{at}]")).re, [value]);
        }
        assert_eq!(numbers(&file, "scene.power").re, [2.5]);
        assert_eq!(numbers(&file, "runs[1].gain").re, [2.0, -2.0]);
        assert_eq!(*file.find("runs[1].label").unwrap(), text(&["run 1"]));
        assert_eq!(numbers(&file, "nothing").shape, [0, 0]);
        let sparse = file.find("thin").unwrap();
        assert!(matches!(sparse, Value::Unread(what) if what.contains("sparse")));
    }
    let big = contents("big-endian.mat");
    let a = numbers(&big, "A");
    assert_eq!((a.dtype, &a.shape[..]), ("int16", &[2, 3][..]));
    assert_eq!(a.re, [1.0, 2.0, 3.0, 3.0, 4.0, 5.0]);
    let im = a.im.as_deref().unwrap();
    assert_eq!(im, [0.0, -1.0, -2.0, 1.0, 0.0, -1.0]);
}

#[test]
fn arrays_of_numpy_are_read() {
    for (name, dtype) in [("rows.npy", "float64"), ("columns.npy", "float32")] {
        let file = contents(name);
        let h = file.only().unwrap().numeric().unwrap();
        is_channel(h, &[2, 3, 4], |at| [at[0], at[1], at[2]]);
        assert_eq!(h.dtype, dtype);
    }
    let stored = contents("stored.npz");
    assert_eq!(stored.names(), ["H", "small", "counts", "power"]);
    is_channel(numbers(&stored, "H"), &[2, 3, 4], |at| {
        [at[0], at[1], at[2]]
    });
    is_channel(numbers(&stored, "small"), &[3, 4], |at| [0, at[0], at[1]]);
    assert_eq!(numbers(&stored, "counts").re, [0.0, 1.0, 2.0]);
    let power = numbers(&stored, "power");
    assert_eq!((&power.shape[..], &power.re[..]), (&[][..], &[2.5][..]));
    let deflated = contents("deflated.npz");
    is_channel(numbers(&deflated, "H"), &[2, 3, 4], |at| {
        [at[0], at[1], at[2]]
    });
    assert_eq!(numbers(&deflated, "zeros").re, [0.0; 16]);
    let record = contents("record.npy");
    assert!(matches!(record.only().unwrap(), Value::Unread(_)));
}

#[test]
fn hdf5_is_read_as_numpy_and_as_matlab_mean_it() {
    for name in ["arrays.h5", "newer.h5"] {
        let file = contents(name);
        let h = numbers(&file, "H");
        is_channel(h, &[2, 3, 4], |at| [at[0], at[1], at[2]]);
        assert_eq!(h.dtype, "float64");
        let small = numbers(&file, "scene/small");
        is_channel(small, &[3, 4], |at| [0, at[0], at[1]]);
        assert_eq!(
            (small.dtype, numbers(&file, "scene.power").re[0]),
            ("float32", 2.5)
        );
        let flags = numbers(&file, "scene.flags");
        assert_eq!((flags.dtype, &flags.re[..]), ("bool", &[1.0, 0.0][..]));
        let large = [2_f64.powi(40), -(2_f64.powi(41))];
        assert_eq!(numbers(&file, "scene.large").re, large);
        assert_eq!(numbers(&file, "scene.fast").re, h.re);
        let unread = |path: &str, word: &str| match file.find(path).unwrap() {
            Value::Unread(why) => assert!(why.contains(word), "{name}: {why}"),
            other => panic!("{name}: {}", other.description()),
        };
        unread("packed", "zstd (32015)");
        unread("scene.half", "neither 32 nor 64 bits");
        unread("label", "texts");
    }
    let file = contents("matlab73.mat");
    let h = numbers(&file, "H");
    is_channel(h, &[2, 3, 4], |at| [at[0], at[1], at[2]]);
    is_channel(numbers(&file, "scene.inner.H"), &[3, 4], |at| {
        [1, at[0], at[1]]
    });
    let counts = numbers(&file, "counts");
    assert_eq!((counts.dtype, &counts.shape[..]), ("int8", &[1, 3][..]));
    assert_eq!(counts.re, [1.0, -2.0, 3.0]);
    assert_eq!(numbers(&file, "flags").dtype, "bool");
    assert_eq!(
        *file.find("word").unwrap(),
        Value::Text(vec!["channel".into()])
    );
    for (at, value) in [0.0, 1.0, 10.0, 11.0].into_iter().enumerate() {
        assert_eq!(numbers(&file, &format!("cells[{at}]")).re, [value]);
    }
    assert_eq!(numbers(&file, "runs[1].gain").re, [2.0, -2.0]);
    assert_eq!(
        *file.find("runs[1].label").unwrap(),
        Value::Text(vec!["run 1".into()])
    );
    assert_eq!(numbers(&file, "nothing").shape, [0, 3]);
    let message = file.find("H_all").unwrap_err().to_string();
    assert!(
        message.contains("one of those there: ") && message.contains("counts"),
        "{message}"
    );
    assert!(!message.contains("#refs#"), "{message}");
}

/// Damaged HDF5 is read, or refused, or has its reason in the place of an array; nothing else happens.
#[test]
fn damaged_hdf5_is_refused() {
    for name in ["arrays.h5", "newer.h5", "matlab73.mat"] {
        let sound = std::fs::read(fixture(name)).unwrap();
        let (mut read, mut refused) = (0, 0);
        for at in (0..sound.len()).step_by(5) {
            let mut bytes = sound.clone();
            bytes[at] ^= if at % 2 == 0 { 0xff } else { 0x01 };
            *if judged(name, &bytes) {
                &mut read
            } else {
                &mut refused
            } += 1;
        }
        for length in (0..sound.len()).step_by(501) {
            judged(name, &sound[..length]);
        }
        assert!(read > 0 && refused > 10, "{name}: {read}, {refused}");
    }
}

#[test]
fn what_is_not_there_is_refused_by_what_is() {
    let file = contents("plain.mat");
    let refused = |path: &str| file.find(path).unwrap_err().to_string();
    let message = refused("H_all");
    assert!(message.contains("H, small, counts"), "{message}");
    let message = refused("scene.Power");
    assert!(message.contains("did you mean power?"), "{message}");
    let message = refused("word.length");
    assert!(message.contains("a struct before `length`"), "{message}");
    for path in ["cells[4]", "cells[x]", "H[0]", "runs[2].gain", ""] {
        assert!(refused(path).contains("expected"), "{path}");
    }
    let message = file.only().unwrap_err().to_string();
    assert!(message.contains("one of its variables: H, "), "{message}");
}

/// Reads damaged bytes: a value or a refusal with a place within the file.
fn judged(name: &str, bytes: &[u8]) -> bool {
    match read(name, bytes) {
        Ok(_) => true,
        Err(Error::Damaged { offset, .. }) => {
            assert!(offset <= bytes.len(), "{name}: byte {offset}");
            false
        }
        Err(other) => panic!("{name}: {other}"),
    }
}

#[test]
fn damaged_files_are_refused_with_a_place() {
    for name in [
        "plain.mat",
        "compressed.mat",
        "big-endian.mat",
        "rows.npy",
        "columns.npy",
        "stored.npz",
        "deflated.npz",
    ] {
        let sound = std::fs::read(fixture(name)).unwrap();
        let (mut read, mut refused) = (0, 0);
        for at in 0..sound.len() {
            for flip in [0x01, 0xff] {
                let mut bytes = sound.clone();
                bytes[at] ^= flip;
                *if judged(name, &bytes) {
                    &mut read
                } else {
                    &mut refused
                } += 1;
            }
            let whole = judged(name, &sound[..at]);
            // A .mat file may end after any of its variables, and without the last padding.
            assert!(!whole || name.ends_with(".mat"), "{name} of {at} bytes");
        }
        assert!(read > 0 && refused > 10, "{name}: {read}, {refused}");
    }
}

/// A .mat file whose one array states any size without having the bytes.
#[test]
fn stated_sizes_are_not_believed() {
    let element = |kind: u32, size: u32, data: &[u8]| {
        let mut out = [kind.to_le_bytes(), size.to_le_bytes()].concat();
        out.extend(data);
        out
    };
    let mut header = b"a header".to_vec();
    header.resize(126, 0);
    header.extend(b"IM");
    let dimension = i32::MAX.to_le_bytes();
    // Cells (1), structs (2), text (4), numbers (6) of 2^31 - 1 squared entries, and of one row.
    for class in [1_u32, 2, 4, 6] {
        for rows in [dimension, 1_i32.to_le_bytes(), 0_i32.to_le_bytes()] {
            let mut array = element(6, 8, &u64::from(class).to_le_bytes());
            array.extend(element(5, 8, &[rows, dimension].concat()));
            array.extend(element(1, 0, &[]));
            array.extend(element(5, 4, &8_u64.to_le_bytes()));
            array.extend(element(1, 8, b"field\0\0\0"));
            let size = array.len() as u32;
            let file = [header.clone(), element(14, size, &array)].concat();
            let sound = judged("sizes.mat", &file);
            // No struct at all, and an empty text, are whole.
            assert!(!sound || rows == [0; 4], "class {class}, rows {rows:?}");
        }
    }
    // An .npy file of 10^18 numbers in a few bytes.
    let text = "{'descr': '<f8', 'fortran_order': True, 'shape': (1000000000, 1000000000), }\n";
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((text.len() as u16).to_le_bytes());
    file.extend(text.bytes());
    let message = read("large.npy", &file).unwrap_err().to_string();
    assert!(message.contains("8000000000000000000"), "{message}");
}

#[test]
fn other_formats_are_refused() {
    for bytes in [&b""[..], b"MATLAB", b"{}", &[0; 200]] {
        let message = read("x.bin", bytes).unwrap_err().to_string();
        assert!(message.contains("byte 0: neither"), "{message}");
    }
}
