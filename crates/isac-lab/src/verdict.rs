//! Claims of a paper and the one rule by which they are decided.
//!
//! A claim about averages is decided from the 95 % interval of the mean of paired differences: it
//! holds where the whole interval keeps to the right side of the threshold, does not hold where the
//! whole interval lies on the other, and is *borderline* where the interval holds the threshold. A
//! claim about every draw is decided by counting. Either needs [`LEAST_DRAWS`] draws; below, it is
//! not tested. What no draw enters (a closed form, a proof) is decided as it stands. Every ruling
//! carries the sentence that says so.

use serde::Serialize;

use crate::records::Records;
use crate::stats::{Summary, percentile_of};

/// Fewest draws from which anything is concluded.
pub const LEAST_DRAWS: usize = 20;

/// What became of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Our numbers say the same.
    Holds,
    /// They say so in part; the rule says which.
    Partly,
    /// The interval holds the threshold.
    Borderline,
    /// They say otherwise.
    DoesNotHold,
    /// This run cannot tell, for example for its size.
    NotTested,
}

impl Verdict {
    /// As printed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Partly => "holds in part",
            Self::Borderline => "borderline",
            Self::DoesNotHold => "does not hold",
            Self::NotTested => "not tested",
        }
    }
}

/// The side of its threshold on which a mean is claimed to lie.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Side {
    /// At least so much.
    AtLeast(f64),
    /// At most so much.
    AtMost(f64),
    /// Between two numbers.
    Between(f64, f64),
}

impl Side {
    /// What "about" a published number is read as: within a quarter of it.
    pub fn about(published: f64) -> Self {
        let room = 0.25 * published.abs();
        Self::Between(published - room, published + room)
    }
}

impl std::fmt::Display for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::AtLeast(low) => write!(f, "at least {low}"),
            Self::AtMost(high) => write!(f, "at most {high}"),
            Self::Between(low, high) => write!(f, "from {low} to {high}"),
        }
    }
}

/// A verdict with the rule that decided it.
#[derive(Debug, Clone, PartialEq)]
pub struct Ruling {
    /// The verdict.
    pub verdict: Verdict,
    /// The rule and its numbers.
    pub rule: String,
}

impl Ruling {
    /// Whether the mean of a sample (of paired differences, of ratios) lies on a side. NaN values
    /// count against the sample: the mean of what failed is not known.
    pub fn mean(sample: &[f64], side: Side) -> Self {
        let Summary {
            n, mean, low, high, ..
        } = Summary::of(sample);
        if n < LEAST_DRAWS {
            return Self::too_few(n);
        }
        let rule = format!("mean {mean:.4} [{low:.4}, {high:.4}] of {n} draws {side}");
        if !mean.is_finite() {
            let verdict = Verdict::NotTested;
            return Self { verdict, rule };
        }
        let (least, most) = match side {
            Side::AtLeast(least) => (least, f64::INFINITY),
            Side::AtMost(most) => (f64::NEG_INFINITY, most),
            Side::Between(least, most) => (least, most),
        };
        let verdict = if low >= least && high <= most {
            Verdict::Holds
        } else if high < least || low > most {
            Verdict::DoesNotHold
        } else {
            Verdict::Borderline
        };
        Self { verdict, rule }
    }

    /// Whether something is so in every one of `cases` draws.
    pub fn every(held: usize, cases: usize) -> Self {
        if cases < LEAST_DRAWS {
            return Self::too_few(cases);
        }
        let verdict = match held {
            0 => Verdict::DoesNotHold,
            _ if held < cases => Verdict::Partly,
            _ => Verdict::Holds,
        };
        let rule = format!("in {held} of {cases} draws");
        Self { verdict, rule }
    }

    /// Whether a published number lies within the middle 95 % of our draws.
    pub fn inside(sample: &[f64], published: f64) -> Self {
        let n = sample.iter().filter(|v| !v.is_nan()).count();
        if n < LEAST_DRAWS || n < sample.len() {
            return Self::too_few(n);
        }
        let percentile = percentile_of(sample, published);
        let verdict = if (2.5..=97.5).contains(&percentile) {
            Verdict::Holds
        } else {
            Verdict::DoesNotHold
        };
        let rule = format!(
            "{published} is at percentile {percentile:.0} of {n} draws, within 2.5 to 97.5"
        );
        Self { verdict, rule }
    }

    /// Whether a curve rises from each x to the next, by paired differences.
    pub fn rises(records: &Records, curve: &str, metric: usize) -> Self {
        Self::steps(records, curve, metric, 1.0)
    }

    /// Whether a curve falls from each x to the next, by paired differences.
    pub fn falls(records: &Records, curve: &str, metric: usize) -> Self {
        Self::steps(records, curve, metric, -1.0)
    }

    fn steps(records: &Records, curve: &str, metric: usize, sign: f64) -> Self {
        let xs = records.xs(curve);
        Self::together(xs.windows(2).map(|x| {
            let steps = records.paired((curve, x[1]), (curve, x[0]), metric);
            let steps: Vec<f64> = steps.iter().map(|d| sign * d).collect();
            let name = format!("{} to {}", x[0], x[1]);
            (name, Self::mean(&steps, Side::AtLeast(0.0)))
        }))
    }

    /// Whether a curve has a peak inside: its highest inner point above both ends, by paired
    /// differences.
    pub fn peaks(records: &Records, curve: &str, metric: usize) -> Self {
        let xs = records.xs(curve);
        let [first, inner @ .., last] = &xs[..] else {
            return Self::not_tested("fewer than two points");
        };
        let mean = |x: &f64| records.summary(curve, *x, metric).mean;
        let Some(top) = inner.iter().max_by(|a, b| mean(a).total_cmp(&mean(b))) else {
            return Self::not_tested("no point inside");
        };
        Self::together([first, last].map(|end| {
            let lead = records.paired((curve, *top), (curve, *end), metric);
            (
                format!("{top} above {end}"),
                Self::mean(&lead, Side::AtLeast(0.0)),
            )
        }))
    }

    /// What no draw enters: a closed form, a proof, a geometry that is given.
    pub fn fact(holds: bool, why: impl Into<String>) -> Self {
        let verdict = if holds {
            Verdict::Holds
        } else {
            Verdict::DoesNotHold
        };
        let rule = format!("no draw enters: {}", why.into());
        Self { verdict, rule }
    }

    /// This run cannot tell.
    pub fn not_tested(why: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::NotTested,
            rule: why.into(),
        }
    }

    fn too_few(n: usize) -> Self {
        Self::not_tested(format!("{n} draws, at least {LEAST_DRAWS} are needed"))
    }

    /// A claim about several points, each with its name and ruling: it holds where it holds at
    /// every point, and does not hold where it does at none that was tested. It holds in part where
    /// it does at some, or at all that were tested while others were not.
    pub fn together(parts: impl IntoIterator<Item = (String, Self)>) -> Self {
        let parts: Vec<(String, Self)> = parts.into_iter().collect();
        let count = |verdict| parts.iter().filter(|p| p.1.verdict == verdict).count();
        let (held, open, untested) = (
            count(Verdict::Holds),
            count(Verdict::Borderline),
            count(Verdict::NotTested),
        );
        let tested = parts.len() - untested;
        let refuted = count(Verdict::DoesNotHold);
        let verdict = if tested == 0 {
            Verdict::NotTested
        } else if refuted == tested {
            Verdict::DoesNotHold
        } else if held == parts.len() {
            Verdict::Holds
        } else if open > 0 && (held + open == tested || refuted + open == tested) {
            Verdict::Borderline
        } else {
            Verdict::Partly
        };
        let rule = describe(&parts);
        Self { verdict, rule }
    }
}

/// Most points that are told one by one.
const MOST_TOLD: usize = 4;

/// Few points one by one; of many, how many have each verdict, and those of the rarer verdicts.
fn describe(parts: &[(String, Ruling)]) -> String {
    let tell = |(name, part): &(String, Ruling)| {
        format!("{name}: {} ({})", part.verdict.name(), part.rule)
    };
    if parts.is_empty() {
        return "no point was run".into();
    }
    if parts.len() <= MOST_TOLD {
        return parts.iter().map(tell).collect::<Vec<_>>().join("; ");
    }
    let mut counts: Vec<(Verdict, usize)> = Vec::new();
    for (_, part) in parts {
        match counts.iter_mut().find(|c| c.0 == part.verdict) {
            Some(count) => count.1 += 1,
            None => counts.push((part.verdict, 1)),
        }
    }
    counts.sort_by_key(|c| std::cmp::Reverse(c.1));
    let usual = counts[0].0;
    let summary: Vec<String> = counts
        .iter()
        .map(|(verdict, n)| format!("{n} of {}: {}", parts.len(), verdict.name()))
        .collect();
    let rare: Vec<&(String, Ruling)> = parts.iter().filter(|p| p.1.verdict != usual).collect();
    let told = if rare.is_empty() {
        vec![&parts[0]]
    } else {
        rare
    };
    let more = told.len().saturating_sub(MOST_TOLD);
    let mut texts = summary;
    texts.extend(told.into_iter().take(MOST_TOLD).map(tell));
    if more > 0 {
        texts.push(format!("and {more} more"));
    }
    texts.join("; ")
}

/// A claim of the paper and what we found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Claim {
    /// The claim in our words. A claim of ours ends with `(ours)`.
    pub text: String,
    /// What we found.
    pub verdict: Verdict,
    /// The rule that decided it, with its numbers.
    pub rule: String,
    /// What else a reader wants to know; may be empty.
    pub detail: String,
}

impl Claim {
    /// From text, ruling and detail.
    pub fn new(text: impl Into<String>, ruling: Ruling, detail: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            verdict: ruling.verdict,
            rule: ruling.rule,
            detail: detail.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::Record;

    /// `n` values alternating about `mean` with spread `spread`.
    fn sample(n: usize, mean: f64, spread: f64) -> Vec<f64> {
        (0..n)
            .map(|i| mean + if i % 2 == 0 { spread } else { -spread })
            .collect()
    }

    #[test]
    fn the_interval_decides() {
        // 100 values: the half width is 1.984 * spread / 10, about 0.2 of the spread.
        let ruled = |mean, side| Ruling::mean(&sample(100, mean, 1.0), side).verdict;
        assert_eq!(ruled(0.3, Side::AtLeast(0.0)), Verdict::Holds);
        assert_eq!(ruled(0.1, Side::AtLeast(0.0)), Verdict::Borderline);
        assert_eq!(ruled(-0.1, Side::AtLeast(0.0)), Verdict::Borderline);
        assert_eq!(ruled(-0.3, Side::AtLeast(0.0)), Verdict::DoesNotHold);
        assert_eq!(ruled(-0.3, Side::AtMost(0.0)), Verdict::Holds);
        assert_eq!(ruled(0.0, Side::Between(-0.3, 0.3)), Verdict::Holds);
        assert_eq!(ruled(0.3, Side::Between(-0.3, 0.3)), Verdict::Borderline);
        assert_eq!(ruled(0.6, Side::Between(-0.3, 0.3)), Verdict::DoesNotHold);
    }

    #[test]
    fn too_few_draws_decide_nothing() {
        let few = Ruling::mean(&sample(LEAST_DRAWS - 1, 5.0, 0.1), Side::AtLeast(0.0));
        assert_eq!(few.verdict, Verdict::NotTested);
        assert!(few.rule.contains("19 draws"), "{}", few.rule);
        assert_eq!(Ruling::every(19, 19).verdict, Verdict::NotTested);
        assert_eq!(Ruling::every(20, 20).verdict, Verdict::Holds);
        assert_eq!(Ruling::every(19, 20).verdict, Verdict::Partly);
        assert_eq!(Ruling::every(0, 20).verdict, Verdict::DoesNotHold);
        let mut lost = sample(30, 5.0, 0.1);
        lost[3] = f64::NAN;
        assert_eq!(
            Ruling::mean(&lost, Side::AtLeast(0.0)).verdict,
            Verdict::NotTested
        );
    }

    #[test]
    fn a_peak_is_inside_and_above_both_ends() {
        let curve = |values: [f64; 4]| {
            let rows = (0..30).flat_map(|r| {
                let noise = if r % 2 == 0 { 0.05 } else { -0.05 };
                values
                    .into_iter()
                    .enumerate()
                    .map(move |(x, v)| Record::exact("c", x as f64, r, vec![v + noise * x as f64]))
            });
            Records {
                rows: rows.collect(),
                ..Records::default()
            }
        };
        let peak = |values| Ruling::peaks(&curve(values), "c", 0).verdict;
        assert_eq!(peak([1.0, 2.0, 3.0, 1.0]), Verdict::Holds);
        assert_eq!(peak([1.0, 2.0, 3.0, 4.0]), Verdict::Partly);
        assert_eq!(peak([4.0, 2.0, 2.0, 4.0]), Verdict::DoesNotHold);
        assert_eq!(peak([1.0, 2.0, 3.0, 3.0]), Verdict::Borderline);
        let rising = curve([1.0, 2.0, 3.0, 4.0]);
        assert_eq!(Ruling::rises(&rising, "c", 0).verdict, Verdict::Holds);
        assert_eq!(Ruling::falls(&rising, "c", 0).verdict, Verdict::DoesNotHold);
    }

    #[test]
    fn a_published_number_lies_inside_or_not() {
        let draws: Vec<f64> = (0..40).map(f64::from).collect();
        assert_eq!(Ruling::inside(&draws, 20.0).verdict, Verdict::Holds);
        assert_eq!(Ruling::inside(&draws, 39.5).verdict, Verdict::DoesNotHold);
        assert_eq!(
            Ruling::inside(&draws[..19], 5.0).verdict,
            Verdict::NotTested
        );
    }

    #[test]
    fn many_points_tell_the_rare_ones() {
        let part = |i: usize| (format!("p{i}"), Ruling::fact(i != 3, "by hand"));
        let ruling = Ruling::together((0..9).map(part));
        assert_eq!(ruling.verdict, Verdict::Partly);
        assert!(
            ruling
                .rule
                .starts_with("8 of 9: holds; 1 of 9: does not hold; p3: "),
            "{}",
            ruling.rule
        );
    }

    #[test]
    fn points_together() {
        let fact = |holds| Ruling::fact(holds, "by hand");
        let open = Ruling::mean(&sample(100, 0.0, 1.0), Side::AtLeast(0.0));
        let together = |parts: &[Ruling]| {
            Ruling::together(
                parts
                    .iter()
                    .enumerate()
                    .map(|(i, r)| (format!("{i}"), r.clone())),
            )
            .verdict
        };
        assert_eq!(together(&[fact(true), fact(true)]), Verdict::Holds);
        assert_eq!(together(&[fact(true), fact(false)]), Verdict::Partly);
        assert_eq!(together(&[fact(false), fact(false)]), Verdict::DoesNotHold);
        assert_eq!(together(&[fact(true), open.clone()]), Verdict::Borderline);
        assert_eq!(together(&[fact(false), open.clone()]), Verdict::Borderline);
        assert_eq!(together(&[fact(false), open, fact(true)]), Verdict::Partly);
        assert_eq!(
            together(&[fact(true), Ruling::every(1, 1)]),
            Verdict::Partly
        );
        assert_eq!(
            together(&[fact(false), Ruling::every(1, 1)]),
            Verdict::DoesNotHold
        );
        assert_eq!(together(&[Ruling::every(1, 1)]), Verdict::NotTested);
        assert_eq!(together(&[]), Verdict::NotTested);
    }
}
