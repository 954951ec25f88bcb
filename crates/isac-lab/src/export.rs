//! Results in the formats of other programs: `--format` of `reproduce` and `sweep`, and the arrays of a
//! solution.

use std::path::Path;

use isac_plot::Columns;
use isac_plot::figure::{Figure, Layer};
use serde_json::{Value as Json, json};

use crate::error::Error;
use crate::files::{self, Numeric, Value};
use crate::solve::SolveReport;
use crate::table::{Column, Table};

#[cfg(feature = "parquet")]
mod parquet;

/// A format of results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `figure.svg`, always written.
    Svg,
    /// `figure.png`, always written.
    Png,
    /// `figure.pdf`.
    Pdf,
    /// `figure.tex`, which reads `curve.csv`.
    Pgfplots,
    /// The tables as CSV, always written.
    Csv,
    /// `results.npz`.
    Npz,
    /// `results.mat`.
    Mat,
    /// `curve.parquet` and `per_realization.parquet`, with the feature `parquet`.
    Parquet,
}

impl Format {
    /// All, with the names by which they are asked for.
    pub const ALL: [(&str, Self); 8] = [
        ("svg", Self::Svg),
        ("png", Self::Png),
        ("pdf", Self::Pdf),
        ("pgfplots", Self::Pgfplots),
        ("csv", Self::Csv),
        ("npz", Self::Npz),
        ("mat", Self::Mat),
        ("parquet", Self::Parquet),
    ];

    /// Reads names, each once.
    ///
    /// # Errors
    /// [`Error::UnknownName`] with the nearest; [`Error::Usage`] for one that this build does not have.
    pub fn parse(names: &[String]) -> Result<Vec<Self>, Error> {
        let mut formats = Vec::new();
        for name in names {
            let known = Self::ALL.iter().find(|(known, _)| known == name);
            let Some((_, format)) = known else {
                let known = Self::ALL.map(|(name, _)| name);
                let mut error = Error::unknown("format (--format)", name, known);
                if let Error::UnknownName { nearest, .. } = &mut error
                    && nearest.is_empty()
                {
                    *nearest = known.map(String::from).into();
                }
                return Err(error);
            };
            if *format == Self::Parquet && cfg!(not(feature = "parquet")) {
                let why = "--format parquet: this program was built without the feature `parquet`; build it \
                           with `cargo build --features parquet`, or take npz";
                return Err(Error::Usage(why.into()));
            }
            if !formats.contains(format) {
                formats.push(*format);
            }
        }
        Ok(formats)
    }
}

/// What the files of a result are made of.
#[derive(Debug)]
pub(crate) struct Results<'a> {
    /// The figure.
    pub(crate) figure: &'a Figure,
    /// The figure as SVG.
    pub(crate) svg: &'a str,
    /// The table of `curve.csv`.
    pub(crate) curve: &'a Table,
    /// The table of `per_realization.csv`.
    pub(crate) per_realization: &'a Table,
    /// The text of `meta.json`.
    pub(crate) meta: &'a str,
}

impl Results<'_> {
    /// The files of a format beside those that are always written.
    ///
    /// # Errors
    /// [`Error::Drawing`], and [`Error::Usage`] where a format does not hold the table.
    pub(crate) fn files(&self, format: Format) -> Result<Vec<(String, Vec<u8>)>, Error> {
        let one = |name: &str, bytes: Vec<u8>| Ok(vec![(name.to_string(), bytes)]);
        match format {
            Format::Svg | Format::Png | Format::Csv => Ok(Vec::new()),
            Format::Pdf => {
                let pdf = isac_plot::pdf(self.svg, &self.figure.title).map_err(Error::Drawing)?;
                one("figure.pdf", pdf)
            }
            Format::Pgfplots => Ok(self.pgfplots()),
            Format::Npz => one("results.npz", files::npz(&self.variables(0))?),
            // MATLAB counts from 1.
            Format::Mat => one("results.mat", files::mat(&self.variables(1))?),
            #[cfg(feature = "parquet")]
            Format::Parquet => [self.curve, self.per_realization]
                .into_iter()
                .map(|t| {
                    Ok((
                        format!("{}.parquet", t.name),
                        parquet::parquet(t, self.meta)?,
                    ))
                })
                .collect(),
            #[cfg(not(feature = "parquet"))]
            Format::Parquet => Ok(Vec::new()),
        }
    }

    /// `figure.tex`, and the table without names where those of the curves would confuse TeX.
    fn pgfplots(&self) -> Vec<(String, Vec<u8>)> {
        const PLAIN: &str = "curve.csv";
        const NUMBERED: &str = "curve_numbered.csv";
        let names = match self.curve.columns.first() {
            Some((_, Column::Text(texts))) => &texts.names[..],
            _ => &[],
        };
        let safe = |c: char| c.is_alphanumeric() || " -+.:()/=*".contains(c);
        let plain = names.iter().all(|name| name.chars().all(safe));
        let table = if plain { PLAIN } else { NUMBERED };
        let tex = isac_plot::pgfplots(self.figure, table, &|points| place(self.curve, points));
        let mut files = vec![("figure.tex".to_string(), tex.into_bytes())];
        if !plain {
            let mut numbered = self.curve.clone();
            for (_, column) in &mut numbered.columns {
                if let Column::Text(texts) = column {
                    *column = Column::Count(texts.rows.iter().map(|at| u64::from(*at)).collect());
                }
            }
            files.push((NUMBERED.into(), numbered.csv().into_bytes()));
        }
        files
    }

    /// The tables as arrays: texts as indices that begin at `first`, with the names beside.
    fn variables(&self, first: u32) -> Vec<(String, Value)> {
        let mut variables = Vec::new();
        for table in [self.curve, self.per_realization] {
            let mut fields = Vec::new();
            for (name, column) in &table.columns {
                let counts = |counts: Vec<f64>| Numeric {
                    dtype: "int64",
                    ..Numeric::list(counts)
                };
                let numbers = match column {
                    Column::Text(texts) => {
                        let names = texts
                            .names
                            .iter()
                            .map(|name| Value::Text(vec![name.clone()]));
                        let items: Vec<Value> = names.collect();
                        let shape = vec![items.len(), 1];
                        let title = format!("{}_{name}_names", table.name);
                        variables.push((title, Value::Cell { shape, items }));
                        let rows = texts.rows.iter().map(|at| f64::from(at + first));
                        counts(rows.collect())
                    }
                    Column::Count(list) => counts(list.iter().map(|n| *n as f64).collect()),
                    Column::Number(list) | Column::Seconds(list) => Numeric::list(list.clone()),
                };
                fields.push((name.clone(), vec![Value::Numeric(numbers)]));
            }
            let shape = vec![1, 1];
            variables.push((table.name.into(), Value::Struct { shape, fields }));
        }
        variables.push((
            "meta_json".into(),
            Value::Text(vec![self.meta.trim_end().into()]),
        ));
        variables
    }
}

/// Where the points of a curve stand in the table of means, if they do: all rows of one algorithm.
fn place(curve: &Table, points: &[[f64; 2]]) -> Option<Columns> {
    let [(_, Column::Text(names)), (_, Column::Number(xs)), ..] = &curve.columns[..] else {
        return None;
    };
    let same = |a: f64, b: f64| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
    for name in 0..names.names.len() {
        let start = names.rows.iter().position(|at| *at as usize == name)?;
        let rows = names.rows[start..]
            .iter()
            .take_while(|at| **at as usize == name);
        let rows = start..start + rows.count();
        let x_fits = rows.len() == points.len()
            && points
                .iter()
                .zip(&xs[rows.clone()])
                .all(|(p, x)| same(p[0], *x));
        if !x_fits || points.is_empty() {
            continue;
        }
        for (y, (head, column)) in curve.columns.iter().enumerate() {
            let Column::Number(values) = column else {
                continue;
            };
            let fits = |(p, v): (&[f64; 2], &f64)| same(p[1], *v);
            if head.starts_with("mean_") && points.iter().zip(&values[rows.clone()]).all(fits) {
                return Some(Columns { x: 1, y, rows });
            }
        }
    }
    None
}

/// The published points of a figure whose metric the table has, for `meta.json`: metric, algorithm of the
/// curve they belong to (if it is in the table), label, points.
pub(crate) fn published(figure: &Figure, curve: &Table) -> Vec<Json> {
    const END: &str = ", published";
    let names = match curve.columns.first() {
        Some((_, Column::Text(texts))) => texts,
        _ => return Vec::new(),
    };
    let mut found = Vec::new();
    for panel in &figure.panels {
        let lines = || {
            panel.layers.iter().filter_map(|layer| match layer {
                Layer::Line { label, points, .. } => Some((label.as_str(), points)),
                _ => None,
            })
        };
        let placed: Vec<(&str, Columns)> = lines()
            .filter_map(|(label, points)| Some((label, place(curve, points)?)))
            .collect();
        for (label, points) in lines() {
            let Some(base) = label.strip_suffix(END) else {
                continue;
            };
            let own = placed.iter().find(|(label, _)| *label == base);
            let Some((_, columns)) = own.or(placed.first()) else {
                continue;
            };
            let metric = curve.columns[columns.y].0.trim_start_matches("mean_");
            let algorithm = own.map(|(_, own)| &names.names[names.rows[own.rows.start] as usize]);
            let finite: Vec<&[f64; 2]> = points
                .iter()
                .filter(|p| p.iter().all(|v| v.is_finite()))
                .collect();
            found.push(
                json!({"metric": metric, "algorithm": algorithm, "label": label, "points": finite}),
            );
        }
    }
    found
}

/// The arrays of a solution: beams by name, metrics, objective, bound, and the rest as text.
pub fn solution(report: &SolveReport) -> Vec<(String, Value)> {
    let mut variables = Vec::new();
    for (name, beam) in &report.beamformers {
        let parts = Numeric::of_json(&beam["re"]).zip(Numeric::of_json(&beam["im"]));
        if let Some((re, im)) = parts {
            let im = Some(im.re);
            variables.push((name.clone(), Value::Numeric(Numeric { im, ..re })));
        }
    }
    let number = |value: Option<f64>| Value::Numeric(Numeric::number(value.unwrap_or(f64::NAN)));
    let certificate = report.certificate.as_ref();
    let numbers = [
        ("objective", report.objective),
        ("max_violation", report.max_violation),
        ("bound", certificate.map(|c| c.bound)),
        ("relative_gap", certificate.and_then(|c| c.relative_gap)),
        ("iterations", Some(report.iterations as f64)),
    ];
    variables.extend(numbers.map(|(name, value)| (name.to_string(), number(value))));
    let metric = |value: &Json| match value {
        Json::String(text) => Some(Value::Text(vec![text.clone()])),
        other => Numeric::of_json(other).map(Value::Numeric),
    };
    let fields = report.metrics.iter();
    let fields = fields.filter_map(|(name, value)| Some((name.clone(), vec![metric(value)?])));
    let fields: Vec<(String, Vec<Value>)> = fields.collect();
    let shape = vec![1, 1];
    variables.push(("metrics".into(), Value::Struct { shape, fields }));
    let mut rest = serde_json::to_value(report).unwrap_or_default();
    let status = rest["status"].as_str().unwrap_or_default().to_string();
    if let Some(rest) = rest.as_object_mut() {
        rest.remove("beamformers");
    }
    let texts = [
        ("status", status),
        ("stop_reason", report.stop_reason.clone()),
        ("report_json", rest.to_string()),
    ];
    variables.extend(texts.map(|(name, text)| (name.to_string(), Value::Text(vec![text]))));
    variables
}

/// The bytes of a solution for a file of this name: arrays for `.npz` and `.mat`, JSON otherwise.
///
/// # Errors
/// Those of the writers.
pub fn solution_file(report: &SolveReport, path: &Path) -> Result<Vec<u8>, Error> {
    let extension = path.extension().map(|e| e.to_ascii_lowercase());
    match extension.as_deref().and_then(|e| e.to_str()) {
        Some("npz") => files::npz(&solution(report)),
        Some("mat") => files::mat(&solution(report)),
        _ => {
            let json = serde_json::to_string_pretty(report).unwrap_or_default();
            Ok(format!("{json}\n").into_bytes())
        }
    }
}
