//! Public families of instances with released results, and ours beside them.
//!
//! A paper says where its published files stand and gives a pure function of an instance's number; the
//! lab runs it for many numbers and says, for each released algorithm, on how many instances our
//! objective is no worse, by how much it is better, and how far it can be from the optimum at most.
//!
//! Objectives are maximised. A difference counts relative to [`Ours::size`], so that no verdict knows a
//! unit. A released value above our certified bound is *refuted*: no feasible design has it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use serde::Serialize;

use crate::error::{Error, Source};
use crate::run::{Control, panic_text};
use crate::spread::spread;
use crate::stats::median;
use crate::table::{Column, Table, Texts};

/// Finds the published files of a family below a folder; `None` where there are none of them.
pub type OpenFn = fn(&Path) -> Result<Option<Instances>, Error>;

/// A public family of instances.
#[derive(Debug, Clone, Copy)]
pub struct Family {
    /// Name on the command line.
    pub name: &'static str,
    /// What its instances are, in a line.
    pub holds: &'static str,
    /// Where the published files are to be had.
    pub source: &'static str,
    /// Names of the files of which at least one must be there.
    pub files: &'static str,
    /// Finds them.
    pub open: OpenFn,
}

/// Computes the comparisons of an instance by its number, one for each released algorithm.
pub type CompareFn = Box<dyn Fn(usize) -> Result<Vec<Comparison>, Source> + Send + Sync>;

/// What a folder holds of a family.
pub struct Instances {
    /// How many.
    pub count: usize,
    /// Published files that are not there.
    pub absent: Vec<String>,
    /// The same number gives the same comparisons, but for the seconds.
    pub compare: CompareFn,
}

impl std::fmt::Debug for Instances {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        (f.debug_struct("Instances").field("count", &self.count)).finish_non_exhaustive()
    }
}

/// Our design of an instance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ours {
    /// Objective of the returned point, by the original formulas.
    pub objective: f64,
    /// No feasible design has a larger objective; `None` where that was not proved.
    pub bound: Option<f64>,
    /// Size of the objective, > 0: its magnitude or the sum of the magnitudes of its terms.
    pub size: f64,
    /// Wall time of the design.
    pub seconds: f64,
}

/// A released result and ours on the same instance.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The released algorithm.
    pub algorithm: &'static str,
    /// Ours, as `isac solve --algorithm` calls it.
    pub method: &'static str,
    /// The artefact whose instance this is, such as `fig3`.
    pub set: &'static str,
    /// Its place on the axis of the artefact.
    pub x: f64,
    /// Its draw, as `isac reproduce --realization` counts them.
    pub realization: usize,
    /// The released objective; `None` where no value is stored.
    pub released: Option<f64>,
    /// Released run time, s.
    pub released_seconds: Option<f64>,
    /// Ours, or why there is none.
    pub ours: Result<Ours, String>,
    /// Relative difference down to which ours is no worse.
    pub tolerance: f64,
}

/// How a comparison ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Ours is at least the released value, up to the tolerance.
    NoWorse,
    /// The released value is better, and our bound does not exclude it; or we have no design.
    Worse,
    /// The released value is above our certified bound: no feasible design has it.
    Refuted,
    /// Nothing is stored where we have a design.
    Alone,
}

impl Standing {
    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoWorse => "no_worse",
            Self::Worse => "worse",
            Self::Refuted => "refuted",
            Self::Alone => "alone",
        }
    }
}

impl Comparison {
    /// How it ended.
    pub fn standing(&self) -> Standing {
        let (Ok(ours), released) = (&self.ours, self.released) else {
            return Standing::Worse;
        };
        let Some(released) = released else {
            return Standing::Alone;
        };
        if ours.objective >= released - self.tolerance * ours.size {
            Standing::NoWorse
        } else if ours.bound.is_some_and(|bound| released > bound) {
            Standing::Refuted
        } else {
            Standing::Worse
        }
    }

    /// By how much ours is better, relative to the size of the objective.
    pub fn lead(&self) -> Option<f64> {
        let ours = self.ours.as_ref().ok()?;
        Some((ours.objective - self.released?) / ours.size)
    }

    /// How far ours can be from the optimum, relative to the size of the objective.
    pub fn gap(&self) -> Option<f64> {
        let ours = self.ours.as_ref().ok()?;
        Some((ours.bound? - ours.objective) / ours.size)
    }
}

/// A row of the table: one released algorithm of a family.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// The family.
    pub family: &'static str,
    /// The released algorithm.
    pub algorithm: &'static str,
    /// Ours.
    pub method: &'static str,
    /// Instances.
    pub instances: usize,
    /// Instances with a released value.
    pub stored: usize,
    /// Ours is at least the released value up to `tolerance`.
    pub no_worse: usize,
    /// Relative.
    pub tolerance: f64,
    /// Released values above our certified bound.
    pub refuted: usize,
    /// The released value is better, or we have no design.
    pub worse: usize,
    /// Designs of ours where no value is stored.
    pub alone: usize,
    /// Least, median and largest relative lead over the released values that are not refuted.
    pub better_by: Option<[f64; 3]>,
    /// Median and largest relative distance of our certified bound from ours.
    pub certified_gap: Option<[f64; 2]>,
    /// Designs of ours without a bound.
    pub without_bound: usize,
    /// Wall time of all our designs, s.
    pub seconds: f64,
    /// Sum of the released run times, s; `None` where none are stored.
    pub released_seconds: Option<f64>,
}

/// Runs the first `count` instances on the threads of `control`; `on_progress` sees how many are done.
/// An instance that breaks down counts as one without a design of ours. The comparisons come in the order of
/// the instances, whatever the threads.
///
/// # Errors
/// [`Error::Cancelled`]; the first instance whose comparisons are not even known.
pub fn run(
    instances: Instances,
    count: usize,
    control: &Control,
    on_progress: impl FnMut(usize),
) -> Result<Vec<Comparison>, Error> {
    let compare = instances.compare;
    let work = move |i: u64| {
        catch_unwind(AssertUnwindSafe(|| compare(i as usize)))
            .unwrap_or_else(|panic| Err(panic_text(panic.as_ref()).into()))
    };
    let all = spread(0..count as u64, control, work, on_progress)?;
    let mut out = Vec::new();
    for (i, comparisons) in all.into_iter().enumerate() {
        out.extend(comparisons.map_err(|e| Error::numerical(format!("instance {i}"), e))?);
    }
    Ok(out)
}

/// One row for each released algorithm, in the order in which they first appear.
pub fn rows(family: &'static str, all: &[Comparison]) -> Vec<Row> {
    let mut names: Vec<(&'static str, &'static str)> = Vec::new();
    for one in all {
        let name = (one.algorithm, one.method);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let row = |(algorithm, method)| {
        let of = || {
            let own = move |c: &&Comparison| c.algorithm == algorithm && c.method == method;
            all.iter().filter(own)
        };
        let count = |standing| of().filter(|c| c.standing() == standing).count();
        let told = of().filter(|c| c.standing() != Standing::Refuted);
        let leads: Vec<f64> = told.filter_map(Comparison::lead).collect();
        let gaps: Vec<f64> = of().filter_map(Comparison::gap).collect();
        let times: Vec<f64> = of().filter_map(|c| c.released_seconds).collect();
        let (least, most) = extremes(&leads);
        Row {
            family,
            algorithm,
            method,
            instances: of().count(),
            stored: of().filter(|c| c.released.is_some()).count(),
            no_worse: count(Standing::NoWorse),
            tolerance: of().map(|c| c.tolerance).fold(0.0, f64::max),
            refuted: count(Standing::Refuted),
            worse: count(Standing::Worse),
            alone: count(Standing::Alone),
            better_by: (!leads.is_empty()).then(|| [least, median(&leads), most]),
            certified_gap: (!gaps.is_empty()).then(|| [median(&gaps), extremes(&gaps).1]),
            without_bound: of()
                .filter(|c| c.ours.as_ref().is_ok_and(|ours| ours.bound.is_none()))
                .count(),
            seconds: of()
                .filter_map(|c| c.ours.as_ref().ok())
                .map(|o| o.seconds)
                .sum(),
            released_seconds: (!times.is_empty()).then(|| times.iter().sum()),
        }
    };
    names.into_iter().map(row).collect()
}

fn extremes(values: &[f64]) -> (f64, f64) {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (least, most)
}

/// Every comparison as a table, without times: the same for any number of threads.
pub fn table(all: &[(&'static str, Comparison)]) -> Table {
    let texts = |of: &dyn Fn(&'static str, &Comparison) -> String| {
        let mut texts = Texts::default();
        for (family, one) in all {
            texts.push(&of(family, one));
        }
        Column::Text(texts)
    };
    let numbers = |of: &dyn Fn(&Comparison) -> Option<f64>| {
        let cells = all.iter().map(|(_, one)| of(one).unwrap_or(f64::NAN));
        Column::Number(cells.collect())
    };
    let ours = |one: &Comparison| one.ours.as_ref().ok().copied();
    let draws = all.iter().map(|(_, one)| one.realization as u64);
    let columns = [
        ("family", texts(&|family, _| family.into())),
        ("algorithm", texts(&|_, one| one.algorithm.into())),
        ("method", texts(&|_, one| one.method.into())),
        ("set", texts(&|_, one| one.set.into())),
        ("x", numbers(&|one| Some(one.x))),
        ("realization", Column::Count(draws.collect())),
        ("standing", texts(&|_, one| one.standing().name().into())),
        ("released", numbers(&|one| one.released)),
        ("ours", numbers(&|one| ours(one).map(|o| o.objective))),
        ("bound", numbers(&|one| ours(one).and_then(|o| o.bound))),
        ("better_by", numbers(&Comparison::lead)),
        ("certified_gap", numbers(&Comparison::gap)),
    ];
    Table {
        name: "bench",
        columns: columns.map(|(name, column)| (name.into(), column)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ours 10 of size 10 with the bound 10.5.
    fn comparison(released: Option<f64>) -> Comparison {
        Comparison {
            algorithm: "theirs",
            method: "ours",
            set: "fig1",
            x: 0.5,
            realization: 3,
            released,
            released_seconds: Some(2.0),
            ours: Ok(Ours {
                objective: 10.0,
                bound: Some(10.5),
                size: 10.0,
                seconds: 0.25,
            }),
            tolerance: 1e-3,
        }
    }

    #[test]
    fn standings_follow_tolerance_and_bound() {
        let of = |released| comparison(Some(released)).standing();
        assert_eq!(of(9.0), Standing::NoWorse);
        assert_eq!(of(10.009), Standing::NoWorse);
        assert_eq!(of(10.011), Standing::Worse);
        assert_eq!(of(10.5), Standing::Worse);
        assert_eq!(of(10.51), Standing::Refuted);
        assert_eq!(comparison(None).standing(), Standing::Alone);
        let mut none = comparison(Some(9.0));
        none.ours = Err("no beams".into());
        assert_eq!(none.standing(), Standing::Worse);
        none.released = None;
        assert_eq!(none.standing(), Standing::Worse);
    }

    #[test]
    fn a_row_counts_every_standing_and_leaves_refuted_values_out_of_the_lead() {
        let all: Vec<Comparison> = [Some(9.0), Some(8.0), Some(10.4), Some(11.0), None]
            .map(comparison)
            .into();
        let row = rows("family", &all).remove(0);
        let counts = [row.no_worse, row.worse, row.refuted, row.alone];
        assert_eq!(counts, [2, 1, 1, 1]);
        assert_eq!((row.instances, row.stored, row.without_bound), (5, 4, 0));
        // 0.1, 0.2 and -0.04.
        let better = row.better_by.unwrap();
        for (got, expected) in better.iter().zip([-0.04, 0.1, 0.2]) {
            assert!((got - expected).abs() < 1e-15, "{better:?}");
        }
        let gap = row.certified_gap.unwrap();
        assert!((gap[0] - 0.05).abs() < 1e-15 && (gap[1] - 0.05).abs() < 1e-15);
        assert!((row.seconds - 1.25).abs() < 1e-15);
        assert!((row.released_seconds.unwrap() - 10.0).abs() < 1e-15);
    }

    #[test]
    fn comparisons_and_their_table_do_not_depend_on_threads() {
        let table_of = |threads| {
            let control = Control {
                threads,
                ..Control::default()
            };
            let instances = Instances {
                count: 40,
                absent: Vec::new(),
                compare: Box::new(|i| Ok(vec![comparison((i % 3 > 0).then_some(i as f64))])),
            };
            let all = run(instances, 40, &control, |_| ()).unwrap();
            let all: Vec<_> = all.into_iter().map(|one| ("family", one)).collect();
            table(&all).csv()
        };
        assert_eq!(table_of(1), table_of(3));
        assert_eq!(table_of(1).lines().count(), 41);
    }
}
