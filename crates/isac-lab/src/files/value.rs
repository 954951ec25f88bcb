//! What stands in a file of arrays, whatever its format.

use crate::error::{Error, nearest};

/// The variables of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Contents {
    /// Name of the file in messages.
    pub file: String,
    /// Names and values in the order of the file; the one of `.npy` has the empty name.
    pub variables: Vec<(String, Value)>,
}

/// A value of a file.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Numbers, booleans too.
    Numeric(Numeric),
    /// Text, line by line.
    Text(Vec<String>),
    /// A cell array, row by row.
    Cell {
        /// Length of each dimension.
        shape: Vec<usize>,
        /// As many as the product of the shape.
        items: Vec<Value>,
    },
    /// A struct, or an array of them.
    Struct {
        /// Length of each dimension.
        shape: Vec<usize>,
        /// Name and values of each field, one per struct, row by row.
        fields: Vec<(String, Vec<Value>)>,
    },
    /// What is not read, such as `a sparse matrix`; whoever asks for it is refused by this name.
    Unread(String),
}

/// An array of numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Numeric {
    /// Type in the file, by numpy's names without the size of complex ones: `float64`, `int8`, `bool`.
    pub dtype: &'static str,
    /// Length of each dimension.
    pub shape: Vec<usize>,
    /// Real parts row by row, last index fastest.
    pub re: Vec<f64>,
    /// Imaginary parts of a complex array.
    pub im: Option<Vec<f64>>,
}

impl Value {
    /// The array, if it is one.
    pub fn numeric(&self) -> Option<&Numeric> {
        match self {
            Self::Numeric(array) => Some(array),
            Self::Text(_) | Self::Cell { .. } | Self::Struct { .. } | Self::Unread(_) => None,
        }
    }

    /// What it is, in words: `complex float64, 16 x 4`.
    pub fn description(&self) -> String {
        match self {
            Self::Numeric(array) => {
                let complex = if array.im.is_some() { "complex " } else { "" };
                format!("{complex}{}, {}", array.dtype, shape_text(&array.shape))
            }
            Self::Text(lines) => format!("text of {} lines", lines.len()),
            Self::Cell { shape, .. } => format!("cells, {}", shape_text(shape)),
            Self::Struct { shape, fields } => {
                let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
                let names = names.join(", ");
                format!("struct, {}, with fields {names}", shape_text(shape))
            }
            Self::Unread(what) => what.clone(),
        }
    }
}

/// `4 x 3 x 2`, or `a number` without dimensions.
pub(crate) fn shape_text(shape: &[usize]) -> String {
    if shape.is_empty() {
        return "a number".into();
    }
    let texts: Vec<String> = shape.iter().map(usize::to_string).collect();
    texts.join(" x ")
}

impl Contents {
    /// The value at a path: a variable, then fields after dots and entries (of cells and struct
    /// arrays, from 0, row by row) in brackets, as `runs[2].H`. A slash is a dot, as HDF5 writes it.
    ///
    /// # Errors
    /// [`Error::Field`] that names what is there.
    pub fn find(&self, path: &str) -> Result<&Value, Error> {
        if let Some((_, value)) = self.variables.iter().find(|(name, _)| name == path) {
            return Ok(value);
        }
        let mut found: Option<(&Value, usize)> = None;
        let mut walked = String::new();
        for step in path.split(['.', '/']) {
            let (name, indices) = match step.split_once('[') {
                Some((name, rest)) => (name, Some(rest)),
                None => (step, None),
            };
            let dot = if walked.is_empty() { "" } else { "." };
            walked = format!("{walked}{dot}{name}");
            let mut value = match found {
                None => (self.variables.iter().find(|(known, _)| known == name))
                    .map(|(_, value)| value)
                    .ok_or_else(|| self.missing(&walked, "", &self.names()))?,
                Some((value, at)) => self.field(value, at, name, &walked)?,
            };
            let mut at = 0;
            for index in indices.into_iter().flat_map(|rest| rest.split('[')) {
                let index = index.strip_suffix(']').and_then(|text| text.parse().ok());
                let index: usize =
                    index.ok_or_else(|| self.wrong(path, "an index such as [0] after the name"))?;
                (value, at) = match value {
                    Value::Cell { items, .. } if index < items.len() => (&items[index], 0),
                    Value::Struct { shape, .. } if index < shape.iter().product() => (value, index),
                    other => {
                        let text = format!("an index within {}", other.description());
                        return Err(self.wrong(path, &text));
                    }
                };
            }
            found = Some((value, at));
        }
        found
            .map(|(value, _)| value)
            .ok_or_else(|| self.missing(path, "", &self.names()))
    }

    /// The value of a file with one variable.
    ///
    /// # Errors
    /// [`Error::Field`] that names what is there.
    pub fn only(&self) -> Result<&Value, Error> {
        match &self.variables[..] {
            [(_, value)] => Ok(value),
            _ => {
                let names = self.names().join(", ");
                let expected = format!("the name of one of its variables: {names}");
                Err(self.wrong("variable", &expected))
            }
        }
    }

    /// Names of the variables.
    pub fn names(&self) -> Vec<&str> {
        (self.variables.iter())
            .map(|(name, _)| name.as_str())
            .collect()
    }

    fn field<'a>(
        &self,
        value: &'a Value,
        at: usize,
        name: &str,
        walked: &str,
    ) -> Result<&'a Value, Error> {
        let Value::Struct { fields, .. } = value else {
            let text = format!("a struct before `{name}`, not {}", value.description());
            return Err(self.wrong(walked, &text));
        };
        let known = fields.iter().find(|(field, _)| field == name);
        known.and_then(|(_, values)| values.get(at)).ok_or_else(|| {
            let names: Vec<&str> = fields.iter().map(|(field, _)| field.as_str()).collect();
            self.missing(walked, "fields ", &names)
        })
    }

    fn missing(&self, path: &str, what: &str, names: &[&str]) -> Error {
        let name = path.rsplit(['.', '/']).next().unwrap_or(path);
        let near = nearest(name, names.iter().copied());
        let near = near
            .first()
            .map_or_else(String::new, |name| format!(" (did you mean {name}?)"));
        let there = match names {
            [] => "nothing".into(),
            _ => names.join(", "),
        };
        self.wrong(path, &format!("one of those there: {what}{there}{near}"))
    }

    fn wrong(&self, path: &str, expected: &str) -> Error {
        Error::Field {
            file: self.file.clone(),
            path: path.into(),
            value: "nothing".into(),
            expected: expected.into(),
        }
    }
}

/// Entries that stand column by column (first index fastest), row by row.
pub(super) fn row_by_row<T>(shape: &[usize], columns: Vec<T>) -> Vec<T> {
    // Vectors need no exchange.
    if shape.iter().filter(|n| **n != 1).count() <= 1 || columns.is_empty() {
        return columns;
    }
    let mut strides = Vec::with_capacity(shape.len());
    let mut stride = 1;
    for n in shape {
        strides.push(stride);
        stride *= n;
    }
    let mut columns: Vec<Option<T>> = columns.into_iter().map(Some).collect();
    let mut index = vec![0; shape.len()];
    let mut rows = Vec::with_capacity(columns.len());
    for _ in 0..columns.len() {
        let from: usize = index.iter().zip(&strides).map(|(i, s)| i * s).sum();
        rows.extend(columns[from].take());
        for (i, n) in index.iter_mut().zip(shape).rev() {
            *i += 1;
            if *i < *n {
                break;
            }
            *i = 0;
        }
    }
    rows
}

/// Entries that stand row by row (last index fastest), column by column.
pub(super) fn column_by_column<T: Clone>(shape: &[usize], rows: &[T]) -> Vec<T> {
    let mut strides = vec![1; shape.len()];
    for i in (1..shape.len()).rev() {
        strides[i - 1] = strides[i] * shape[i];
    }
    let mut index = vec![0; shape.len()];
    let mut columns = Vec::with_capacity(rows.len());
    for _ in 0..rows.len() {
        let from: usize = index.iter().zip(&strides).map(|(i, s)| i * s).sum();
        columns.extend(rows.get(from).cloned());
        for (i, n) in index.iter_mut().zip(shape) {
            *i += 1;
            if *i < *n {
                break;
            }
            *i = 0;
        }
    }
    columns
}

impl Numeric {
    /// A real number.
    pub fn number(value: f64) -> Self {
        Self {
            dtype: "float64",
            shape: Vec::new(),
            re: vec![value],
            im: None,
        }
    }

    /// A list of real numbers.
    pub fn list(values: Vec<f64>) -> Self {
        Self {
            dtype: "float64",
            shape: vec![values.len()],
            re: values,
            im: None,
        }
    }

    /// The numbers of a JSON value: one, or lists of equal lengths in lists; `null` is NaN, `true` 1.
    pub fn of_json(value: &serde_json::Value) -> Option<Self> {
        use serde_json::Value as Json;
        fn walk(value: &Json, depth: usize, shape: &mut Vec<usize>, re: &mut Vec<f64>) -> bool {
            let Json::Array(items) = value else {
                let number = match value {
                    Json::Null => Some(f64::NAN),
                    Json::Bool(yes) => Some(f64::from(u8::from(*yes))),
                    other => other.as_f64(),
                };
                re.extend(number);
                return number.is_some() && depth == shape.len();
            };
            if depth == shape.len() && re.is_empty() {
                shape.push(items.len());
            }
            shape.get(depth) == Some(&items.len())
                && items.iter().all(|item| walk(item, depth + 1, shape, re))
        }
        let (mut shape, mut re) = (Vec::new(), Vec::new());
        walk(value, 0, &mut shape, &mut re).then_some(Self {
            dtype: "float64",
            shape,
            re,
            im: None,
        })
    }

    /// As a document states it: `{re, im}` with nested lists row by row.
    pub fn json(&self) -> serde_json::Value {
        fn nested(shape: &[usize], data: &[f64]) -> serde_json::Value {
            match shape {
                [] => data.first().copied().into(),
                [n, rest @ ..] => {
                    let step = data.len() / (*n).max(1);
                    (0..*n)
                        .map(|i| nested(rest, &data[i * step..(i + 1) * step]))
                        .collect()
                }
            }
        }
        let zeros = || vec![0.0; self.re.len()];
        let im = self.im.clone().unwrap_or_else(zeros);
        serde_json::json!({"re": nested(&self.shape, &self.re), "im": nested(&self.shape, &im)})
    }
}
