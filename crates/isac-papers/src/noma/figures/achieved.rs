//! Fig. 7: what robust and other designs achieve under channel errors.

use isac_algos::noma::robust::{self, ErrorBall};
use isac_algos::noma::{Scene, power_min, rank_one, reduced_dual, sic_shortfall};
use isac_linalg::{Mat, c64, ops};
use isac_metrics::noma::{self, SicSet};
use isac_models::rng::{Stream, complex_normal, stream};
use isac_opt::StopReason;
use rand::RngExt;

use super::{Scenario, db, of_figure, per_realization, plan, scene, words};
use isac_lab::error::{Error, Source};
use isac_lab::stats::{Summary, cdf};
use isac_lab::verdict::{Claim, Ruling, Side};
use isac_lab::{Compared, Grade, Metric, Plan, Record, Records, Report, Request};
use isac_plot::figure::{Axis, Figure, Panel, Style};

/// An error of each user, uniform in the ball or on the sphere.
fn errors(setting: &Scenario, seed: u64, i: usize, sphere: bool) -> Mat<c64> {
    let mut rng = stream(seed, Stream::CsiError, i as u64);
    let (antennas, users, radius) = (setting.antennas, setting.users, setting.eps);
    let mut e = complex_normal(antennas, users, &mut rng);
    for k in 0..users {
        let u: f64 = rng.random();
        let r = if sphere {
            radius
        } else {
            radius * u.powf(0.5 / antennas as f64)
        };
        let length = ops::norm(e.subcols(k, 1));
        ops::scale(e.as_mut().subcols_mut(k, 1), r / length);
    }
    e
}

/// Smallest SINR (17) over users for given errors, and the exact smallest over all errors, dB.
fn achieved(
    scene: &Scene,
    beams: &Mat<c64>,
    ball: ErrorBall,
    drawn: &[Mat<c64>],
) -> Result<Vec<f64>, Source> {
    let factors: Vec<Mat<c64>> = (0..beams.ncols())
        .map(|k| beams.subcols(k, 1).to_owned())
        .collect();
    let covariances: Vec<Mat<c64>> = factors
        .iter()
        .map(|f| ops::mul_adjoint(f.as_ref(), f.as_ref()))
        .collect();
    let mut out = Vec::new();
    for error in drawn {
        let mut least = f64::INFINITY;
        for pair in scene.pairs() {
            let sinr = noma::sinr_under_error(
                scene.channels().subcols(pair.decoder, 1),
                error.subcols(pair.decoder, 1),
                &covariances,
                scene.mode().sic,
                pair.message,
                ball.residual,
                scene.noise(),
            )?;
            least = least.min(sinr);
        }
        out.push(db(least));
    }
    let worst = robust::worst_cases(scene, &factors, ball)?;
    out.push(db(worst
        .iter()
        .fold(f64::INFINITY, |low, &(_, s)| low.min(s))));
    Ok(out)
}

/// By how much the messages that stronger users have to remove miss their targets there, dB.
fn sic_shortfall_db(scene: &Scene, beams: &Mat<c64>, gammas: &[f64]) -> Result<f64, Source> {
    let factors: Vec<Mat<c64>> = (0..beams.ncols())
        .map(|k| beams.subcols(k, 1).to_owned())
        .collect();
    Ok(db(sic_shortfall(scene, &factors, gammas)?))
}

/// The robust design, the one under the constraints as printed, and the one for exact channels.
fn fig7_records(setting: &Scenario, seed: u64, i: usize) -> Result<Vec<Record>, Source> {
    let scene = setting.scene(seed, i)?;
    let drawn = [false, true].map(|sphere| errors(setting, seed, i, sphere));
    let row = |curve: &str, values: Vec<f64>| {
        crate::record(curve, setting.eps, i, StopReason::Tolerance, values)
    };
    let failed = |curve: &str, why: &str| Record::failed(curve, setting.eps, i, why);
    let (ball, gammas) = (setting.ball(), setting.gammas());
    let largest = |ratios: &[f64]| ratios.iter().copied().fold(0.0, f64::max);
    let mut records = Vec::new();
    let outcome = robust::solve(&scene, &gammas, ball, &robust::Options::default())?;
    let beams = match outcome.design() {
        Some(design) => {
            let options = rank_one::Options {
                accept: 1e-6,
                ..rank_one::Options::default()
            };
            let mut rng = stream(seed, Stream::Randomisation, i as u64);
            rank_one::recover_robust(&scene, design, ball, &options, &mut rng)?
                .found()
                .map(|b| (b, largest(&design.rank_ratios)))
        }
        None => None,
    };
    records.push(match beams {
        Some((found, ratio)) => {
            let mut values = achieved(&scene, &found.beams, ball, &drawn)?;
            let short = sic_shortfall_db(&scene, &found.beams, &gammas)?;
            values.extend([found.power_beams, ratio, found.gap(), short]);
            row("robust", values)
        }
        None => failed("robust", outcome.name()),
    });
    let printed = self::scene(setting, seed, i, SicSet::Full, setting.floor_w)?;
    let outcome = robust::solve(&printed, &gammas, ball, &robust::Options::default())?;
    records.push(match outcome.design() {
        Some(design) => {
            let worst = db(design.min_worst_case());
            let (power, ratio) = (design.power(), largest(&design.rank_ratios));
            let none = f64::NAN;
            row("full", vec![none, none, worst, power, ratio, none, none])
        }
        None => failed("full", outcome.name()),
    });
    let options = power_min::Options::default();
    let nominal = reduced_dual::power_min_or_relaxation(&scene, &gammas, &options)?.solved();
    records.push(match nominal {
        Some(design) => {
            let beams = rank_one::principal_beams(&design.factors)?;
            let mut values = achieved(&scene, &beams, ball, &drawn)?;
            let short = sic_shortfall_db(&scene, &beams, &gammas)?;
            values.extend([design.power(), 0.0, 0.0, short]);
            row("nonrobust", values)
        }
        None => failed("nonrobust", "no verified answer"),
    });
    Ok(records)
}

/// Share of values per bin over the width of the bin.
fn density(values: &[f64], low: f64, high: f64, bins: usize) -> Vec<[f64; 2]> {
    let width = (high - low) / bins as f64;
    (0..bins)
        .map(|b| {
            let left = low + b as f64 * width;
            let inside = values.iter().filter(|v| **v >= left && **v < left + width);
            let share = inside.count() as f64 / values.len().max(1) as f64;
            [left + 0.5 * width, share / width]
        })
        .collect()
}

fn metrics() -> Vec<Metric> {
    vec![
        Metric::new(
            "sinr_ball_db",
            "Minimum SINR, error uniform in the ball",
            "dB",
        ),
        Metric::new("sinr_sphere_db", "Minimum SINR, error on the sphere", "dB"),
        Metric::new("sinr_worst_db", "Exact worst case", "dB"),
        Metric::new("power_w", "Power", "W"),
        Metric::new(
            "rank_ratio",
            "Largest eigenvalue ratio of the relaxation",
            "",
        ),
        Metric::new("rank_one_gap", "Cost of rank one", ""),
        Metric::new("sic_shortfall_db", "SIC shortfall, no error", "dB"),
    ]
}

/// The designs that are drawn.
const DESIGNS: [&str; 2] = ["robust", "nonrobust"];

/// Density and distribution of what each design achieves.
fn panels(setting: &Scenario, records: &Records) -> Vec<Panel> {
    let mut panels = Vec::new();
    for (j, design) in DESIGNS.into_iter().enumerate() {
        let of = |metric| records.values(design, setting.eps, metric);
        let mut pdf = Panel::new(
            format!("{}: density", words(design)),
            Axis::new("Minimum achieved SINR (dB)"),
            Axis::new("Density (1/dB)"),
        );
        pdf.line(
            "error in the ball",
            density(&of(0), 17.0, 22.0, 50),
            Style::curve(j),
        );
        pdf.vertical("target", setting.gamma_db, Style::curve(3).dashed());
        let mut distribution = Panel::new(
            format!("{}: distribution", words(design)),
            Axis::new("Minimum achieved SINR (dB)"),
            Axis::new("Share of channels"),
        );
        for (metric, label) in ["in the ball", "on the sphere", "exact worst case"]
            .into_iter()
            .enumerate()
        {
            let style = Style::curve(metric).no_marker();
            distribution.line(label, cdf(&of(metric)), style);
        }
        distribution.vertical("target", setting.gamma_db, Style::curve(3).dashed());
        panels.extend([pdf, distribution]);
    }
    panels
}

/// What a design achieves over all channels.
struct Achieved {
    mean: f64,
    least: f64,
    /// Share of channels below the target.
    below: f64,
    least_worst: f64,
    power: f64,
}

impl Achieved {
    fn of(setting: &Scenario, records: &Records, design: &str) -> Self {
        let ball = records.values(design, setting.eps, 0);
        let worst = records.values(design, setting.eps, 2);
        let least = |list: &[f64]| list.iter().copied().fold(f64::INFINITY, f64::min);
        let short = ball.iter().filter(|v| **v < setting.gamma_db).count() as f64;
        Self {
            mean: Summary::of(&ball).mean,
            least: least(&ball),
            below: short / ball.len().max(1) as f64,
            least_worst: least(&worst),
            power: records.summary(design, setting.eps, 3).mean,
        }
    }

    fn table(&self, setting: &Scenario, design: &str) -> [Compared; 5] {
        let line = |what: &str, value: f64, unit: &str| Compared {
            quantity: format!("{design}: {what}"),
            ours: Some(value),
            unit: unit.into(),
            ..Compared::default()
        };
        let below = format!("share below {} dB", setting.gamma_db);
        [
            line("mean minimum SINR", self.mean, "dB"),
            line("smallest minimum SINR", self.least, "dB"),
            line(&below, 100.0 * self.below, "%"),
            line("smallest exact worst case", self.least_worst, "dB"),
            line("mean power", self.power, "W"),
        ]
    }
}

/// What the paper says, and its Lemma 1.
fn claims(setting: &Scenario, records: &Records, found: &[Achieved; 2]) -> Vec<Claim> {
    let target = setting.gamma_db;
    let (held, cases) = records.realizations_where(
        |r| !r.failed && r.algorithm == DESIGNS[0],
        |r| r.metrics[2] > target - 1e-4,
    );
    let missed = records.values(DESIGNS[1], setting.eps, 0);
    let falls: Vec<f64> = missed.iter().map(|v| f64::from(*v < target)).collect();
    let ratios = records.values(DESIGNS[0], setting.eps, 4);
    let higher = ratios.iter().filter(|r| **r > 1e-6).count();
    vec![
        Claim::new(
            "The robust design always meets the SINR target, in a narrow range",
            Ruling::every(held, cases),
            format!(
                "smallest exact worst case {:.5} dB over all errors of the ball",
                found[0].least_worst
            ),
        ),
        Claim::new(
            "The non-robust design falls below the target",
            Ruling::mean(&falls, Side::AtLeast(0.5)),
            format!(
                "{:.1} % of channels below {target} dB",
                100.0 * found[1].below
            ),
        ),
        Claim::new(
            "Lemma 1: the robust relaxation always has a rank-one solution",
            Ruling::not_tested(
                "an interior-point method ends at the most interior optimum: its rank does not exclude another optimum of rank one",
            ),
            format!(
                "{higher} of {} relaxations have higher rank; see `noma/lemma1`",
                ratios.len()
            ),
        ),
    ]
}

/// Fig. 7.
pub(super) fn fig7(request: &Request) -> Result<Plan, Error> {
    let setting = of_figure("fig7")?;
    let own = setting.clone();
    let run = move |seed, i| fig7_records(&own, seed, i);
    let tasks = per_realization(request, (1000, 25), "robust and not", 0.06, run)?;
    let described = serde_json::json!(setting);
    let finish = move |records: &Records| {
        let eps = setting.eps;
        let found = DESIGNS.map(|design| Achieved::of(&setting, records, design));
        let lines = |(found, design): (&Achieved, _)| found.table(&setting, design);
        let table = found.iter().zip(DESIGNS).flat_map(lines).collect();
        let proved = records.at("full", eps);
        let proved = proved.filter(|r| r.stop_reason == "infeasible").count();
        let mut figure = Figure::new(
            format!(
                "Minimum achieved SINR, eps = {eps}, P_{{s}} = {} W, {} dB, own messages decoded",
                setting.floor_w, setting.gamma_db
            ),
            panels(&setting, records),
        );
        figure.columns = 2;
        Ok(Report {
            figure,
            table,
            claims: claims(&setting, records, &found),
            grade: Grade::Trend,
            notes: vec![
                format!(
                    "the constraints as printed, `full`: proved infeasible on {proved} of {} channels, so the figure cannot come from Eq. (22) as printed",
                    records.at("full", eps).count()
                ),
                format!(
                    "SIC shortfall of the robust beams (own): {:.1} dB in the mean; the messages that stronger users have to remove do not arrive there",
                    records.summary(DESIGNS[0], eps, 6).mean
                ),
            ],
            ..Report::default()
        })
    };
    let x = Metric::new("eps", "Radius of the error ball", "");
    Ok(plan(x, metrics(), tasks, described, finish))
}
