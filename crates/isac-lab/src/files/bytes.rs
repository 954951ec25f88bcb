//! A place in the bytes of a file, which never reads beyond them.

use crate::error::Error;

/// Bytes with a place.
#[derive(Debug, Clone)]
pub(super) struct Bytes<'a> {
    /// Name of the file in messages.
    pub(super) file: &'a str,
    /// Place of `data[0]` in the file; for inflated bytes the place of what was compressed.
    pub(super) base: usize,
    /// Whether the bytes were compressed, so that places within them are not places in the file.
    pub(super) inflated: bool,
    /// Whether numbers stand with their highest byte first.
    pub(super) big_endian: bool,
    /// The bytes.
    pub(super) data: &'a [u8],
    /// How many are read.
    pub(super) at: usize,
}

impl<'a> Bytes<'a> {
    /// How many are left.
    pub(super) fn left(&self) -> usize {
        self.data.len() - self.at
    }

    /// The next `n`, whose `what` is named where they are missing.
    pub(super) fn take(&mut self, n: usize, what: &str) -> Result<&'a [u8], Error> {
        if n > self.left() {
            let left = self.left();
            return Err(self.fault(&format!("{what} needs {n} bytes and {left} are left")));
        }
        let taken = &self.data[self.at..self.at + n];
        self.at += n;
        Ok(taken)
    }

    /// The next `n` as bytes of their own.
    pub(super) fn part(&mut self, n: usize, what: &str) -> Result<Bytes<'a>, Error> {
        let start = self.at;
        let data = self.take(n, what)?;
        let base = if self.inflated {
            self.base
        } else {
            self.base + start
        };
        Ok(Bytes {
            base,
            data,
            at: 0,
            ..self.clone()
        })
    }

    /// The next four as a number.
    pub(super) fn u32(&mut self, what: &str) -> Result<u32, Error> {
        let mut word = [0; 4];
        word.copy_from_slice(self.take(4, what)?);
        Ok(if self.big_endian {
            u32::from_be_bytes(word)
        } else {
            u32::from_le_bytes(word)
        })
    }

    /// What is wrong here.
    pub(super) fn fault(&self, message: &str) -> Error {
        let (offset, within) = if self.inflated {
            (self.base, format!(" ({} in the inflated element)", self.at))
        } else {
            (self.base + self.at, String::new())
        };
        Error::Damaged {
            file: self.file.into(),
            offset,
            message: format!("{message}{within}"),
        }
    }
}

/// Types of numbers in files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dtype {
    Bool,
    I8,
    U8,
    I16,
    U16,
    I32,
    U32,
    I64,
    U64,
    F32,
    F64,
}

impl Dtype {
    /// Bytes of a number.
    pub(super) fn size(self) -> usize {
        match self {
            Self::Bool | Self::I8 | Self::U8 => 1,
            Self::I16 | Self::U16 => 2,
            Self::I32 | Self::U32 | Self::F32 => 4,
            Self::I64 | Self::U64 | Self::F64 => 8,
        }
    }

    /// numpy's name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::I8 => "int8",
            Self::U8 => "uint8",
            Self::I16 => "int16",
            Self::U16 => "uint16",
            Self::I32 => "int32",
            Self::U32 => "uint32",
            Self::I64 => "int64",
            Self::U64 => "uint64",
            Self::F32 => "float32",
            Self::F64 => "float64",
        }
    }

    /// Numbers of bytes, as many as there are whole ones.
    pub(super) fn numbers(self, data: &[u8], big_endian: bool) -> Vec<f64> {
        /// The bytes of a number, lowest first.
        fn word<const N: usize>(bytes: &[u8], big_endian: bool) -> [u8; N] {
            let mut word = [0; N];
            word.copy_from_slice(bytes);
            if big_endian {
                word.reverse();
            }
            word
        }
        let big = big_endian;
        let each = data.chunks_exact(self.size());
        match self {
            Self::Bool => each.map(|b| f64::from(u8::from(b[0] != 0))).collect(),
            Self::U8 => each.map(|b| f64::from(b[0])).collect(),
            Self::I8 => each.map(|b| f64::from(b[0] as i8)).collect(),
            Self::I16 => each
                .map(|b| f64::from(i16::from_le_bytes(word(b, big))))
                .collect(),
            Self::U16 => each
                .map(|b| f64::from(u16::from_le_bytes(word(b, big))))
                .collect(),
            Self::I32 => each
                .map(|b| f64::from(i32::from_le_bytes(word(b, big))))
                .collect(),
            Self::U32 => each
                .map(|b| f64::from(u32::from_le_bytes(word(b, big))))
                .collect(),
            Self::I64 => each
                .map(|b| i64::from_le_bytes(word(b, big)) as f64)
                .collect(),
            Self::U64 => each
                .map(|b| u64::from_le_bytes(word(b, big)) as f64)
                .collect(),
            Self::F32 => each
                .map(|b| f64::from(f32::from_le_bytes(word(b, big))))
                .collect(),
            Self::F64 => each.map(|b| f64::from_le_bytes(word(b, big))).collect(),
        }
    }
}
