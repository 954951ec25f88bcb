//! How good the solvers are: from raw starts on many draws, and worst cases against random errors.

use super::problems::feasible;
use crate::hisac_see::scenario::{Scenario, draw, of_figure};
use isac_algos::hisac_see::{Access, Design, Problem, RawStart, Working, direct};
use isac_lab::error::{Error, Source};
use isac_lab::verdict::{Claim, Ruling, Side};
use isac_lab::{Artefact, Metric, Plan, Record, Records, Report, Request, Task};
use isac_linalg::c64;
use isac_metrics::secrecy::{Bound, secrecy};
use isac_models::csi_error::UncertainChannel;
use isac_models::rng::{self, Stream};
use isac_models::two_cell::TwoCell;
use isac_plot::figure::{Axis, Figure, Panel, Style};
use rand::{Rng, RngExt};
use serde_json::json;

/// The artefacts of this file.
pub(super) fn artefacts() -> Vec<Artefact> {
    let artefact = |name, title, plan| Artefact {
        paper: "hisac_see",
        name,
        title,
        presets: &["default"],
        plan,
    };
    vec![
        artefact(
            "quality",
            "the direct route from the raw start against all that is known",
            plan_quality,
        ),
        artefact(
            "sampling",
            "worst cases against random and climbing errors",
            plan_sampling,
        ),
    ]
}

const SPLITS: [(f64, Access); 2] = [(0.0, Access::RsmaFree), (1.0, Access::RsmaFixed)];

fn plan_quality(request: &Request) -> Result<Plan, Error> {
    let setting = of_figure("quality")?;
    let seed = request.seed;
    let tasks = request.realizations(100, 4)?.into_iter().flat_map(|r| {
        SPLITS.map(|(x, access)| {
            Task::records(
                format!("{}/r{r:03}", access.name()),
                access.name(),
                1.0,
                move || quality(setting, (x, access), seed, r),
            )
        })
    });
    Ok(Plan {
        x: Metric::new("split", "Free split, then fixed split", ""),
        metrics: vec![
            Metric::new("efficiency_bps_hz_w", "Secrecy energy efficiency", "bps/Hz/W"),
            Metric::new("max_violation", "Largest violation", ""),
            Metric::new("iterations", "Iterations", ""),
        ],
        tasks: tasks.collect(),
        notes: vec!["raw: one start, infeasible as it stands. default: what the library does by itself. known: the best of seven starts, the point of phase I, and the designs of the other schemes.".into()],
        scenario: json!({"setup": setting}),
        finish: Box::new(|records| Ok(finish_quality(records))),
    })
}

fn quality(
    setting: Scenario,
    (x, access): (f64, Access),
    seed: u64,
    r: usize,
) -> Result<Vec<Record>, Source> {
    let mut problem = draw(&setting, seed, r as u64)?;
    problem.access = access;
    let working = Working::new(&problem)?;
    let options = direct::Options::default();
    let raw = RawStart::default().design(&problem, &working)?;
    let raw = direct::solve_in(&problem, &working, &raw, &options)?;
    let default = direct::design(&problem, &[], &options)?;
    // Everything else that could help: phase I by convex steps, the fixed split, no common stream.
    let mut warm = vec![default.design.clone()];
    if let Some(point) = feasible(&problem)? {
        warm.push(point);
    }
    for other in [Access::RsmaFixed, Access::Sdma] {
        if access == Access::RsmaFree {
            let eased = Problem {
                access: other,
                ..problem.clone()
            };
            let mut design = direct::design(&eased, &[], &options)?.design;
            if other == Access::Sdma {
                let silent = vec![c64::new(1e-3, 0.0); problem.cell.antennas2()];
                design.streams.splice(0..0, silent);
            }
            warm.push(design);
        }
    }
    let all = direct::Options {
        starts: 7,
        ..options
    };
    let known = direct::design(&problem, &warm, &all)?;
    Ok([("raw", &raw), ("default", &default), ("known", &known)]
        .map(|(name, found)| {
            if found.feasible {
                let values = vec![
                    found.report.efficiency,
                    found.report.max_violation(),
                    found.iterations as f64,
                ];
                crate::record(name, x, r, found.stopped, values)
            } else {
                let worst = found.report.worst();
                let why =
                    worst.map_or_else(String::new, |w| format!("{} by {:.1e}", w.name, w.value));
                Record::failed(
                    name,
                    x,
                    r,
                    format!("{}: {why}", found.stopped.name()).replace(',', ";"),
                )
            }
        })
        .to_vec())
}

fn finish_quality(records: &Records) -> Report {
    let mut panel = Panel::new(
        "",
        Axis::new("Shortfall against the best known (relative)"),
        Axis::new("Share of draws"),
    );
    let mut claims = Vec::new();
    for (i, (x, access)) in SPLITS.into_iter().enumerate() {
        let known: Vec<(usize, f64)> = records
            .at("known", x)
            .filter(|row| !row.failed)
            .map(|row| (row.realization, row.metrics[0]))
            .collect();
        for (name, style) in [
            ("raw", Style::curve(i).dashed()),
            ("default", Style::curve(i)),
        ] {
            let mut short: Vec<f64> = known
                .iter()
                .filter_map(|&(r, best)| Some(1.0 - records.value(name, x, r, 0)? / best))
                .map(|s| s.max(0.0))
                .collect();
            short.sort_by(f64::total_cmp);
            // Converged by its own test, or stalled at the best known.
            let converged = records
                .at(name, x)
                .filter(|row| !row.failed)
                .filter(|row| {
                    let best = known.iter().find(|k| k.0 == row.realization);
                    row.converged || best.is_some_and(|b| row.metrics[0] >= b.1 * (1.0 - 1e-6))
                })
                .count();
            let reached: Vec<f64> = (0..known.len()).map(|i| f64::from(i < converged)).collect();
            let points = short
                .iter()
                .enumerate()
                .map(|(k, &s)| [s.max(1e-9), (k + 1) as f64 / known.len() as f64])
                .collect();
            panel.line(
                format!("{name}, {}", access.name()),
                points,
                style.no_marker(),
            );
            let lost: Vec<String> = records
                .at(name, x)
                .filter(|row| row.failed && known.iter().any(|k| k.0 == row.realization))
                .map(|row| format!("draw {}: {}", row.realization, row.stop_reason))
                .collect();
            claims.push(Claim::new(
                format!("(ours) {name}, {}: feasible and converged on at least 95 % of the draws with a known design", access.name()),
                Ruling::mean(&reached, Side::AtLeast(0.95)),
                format!(
                    "{converged} converged, {} feasible of {} ({} draws in all); within 1e-3 of the best known on {}, worst shortfall {:.2e}{}{}",
                    short.len(),
                    known.len(),
                    records.at("known", x).count(),
                    short.iter().filter(|s| **s <= 1e-3).count(),
                    short.last().copied().unwrap_or(f64::NAN),
                    if lost.is_empty() { "" } else { "; without: " },
                    lost.join(", ")
                ),
            ));
        }
    }
    panel.x.log = true;
    Report {
        figure: Figure::new("Designs from the raw start", vec![panel]),
        claims,
        ..Report::default()
    }
}

fn plan_sampling(request: &Request) -> Result<Plan, Error> {
    let setting = of_figure("sampling")?;
    let seed = request.seed;
    let samples = request.pick(1_000_000, 4_000);
    let tasks = request.realizations(100, 3)?.into_iter().map(|r| {
        Task::records(
            format!("r{r:03}"),
            "designs",
            1e-6 * samples as f64,
            move || sampling(setting, samples, seed, r),
        )
    });
    Ok(Plan {
        x: Metric::new("design", "Raw starts, then optimal designs", ""),
        metrics: vec![
            Metric::new("excess", "Largest excess of a sample over its worst case", ""),
            Metric::new("gap", "Least distance of a sample from it, worst quantity", ""),
            Metric::new("samples", "Errors drawn", ""),
        ],
        tasks: tasks.collect(),
        notes: vec!["Errors are drawn on the spheres in the spans of the channels: half of them uniformly, half near the worst so far of a quantity in turn. Relative to max(1, |worst case|).".into()],
        scenario: json!({"setup": setting, "samples": samples}),
        finish: Box::new(|records| {
            let mut panel = Panel::new("", Axis::new("Draw"), Axis::log("Distance from the worst case (relative)"));
            let mut failures = Vec::new();
            let mut worst = f64::NEG_INFINITY;
            for (i, (x, name)) in [(0.0, "raw start"), (1.0, "optimal design")].into_iter().enumerate() {
                let points = records.at("sampled", x).map(|row| [row.realization as f64, row.metrics[1].max(1e-16)]).collect();
                panel.line(format!("{name}: nearest sample"), points, Style::curve(i).no_line());
                for row in records.at("sampled", x) {
                    worst = worst.max(row.metrics[0]);
                    if row.metrics[0] > 1e-9 {
                        failures.push(format!("draw {}: a sample exceeds the worst case by {:.2e}", row.realization, row.metrics[0]));
                    }
                }
            }
            let total: f64 = records.rows.iter().map(|row| row.metrics[2]).sum();
            let (held, cases) = records.realizations_where(|_| true, |row| row.metrics[0] <= 1e-9);
            Ok(Report {
                figure: Figure::new("Sampled errors against exact worst cases", vec![panel]),
                claims: vec![Claim::new(
                    "(ours) no sampled error exceeds a worst case",
                    Ruling::every(held, cases),
                    format!("{total:.3e} errors over {} designs, largest excess {worst:.1e} (rounding)", records.rows.len()),
                )],
                failures,
                ..Report::default()
            })
        }),
    })
}

/// The eight quantities over the four links, each as `value - worst case` with the sign that must
/// not be positive.
fn sampling(setting: Scenario, samples: usize, seed: u64, r: usize) -> Result<Vec<Record>, Source> {
    let problem = draw(&setting, seed, r as u64)?;
    let working = Working::new(&problem)?;
    // Alternate between infeasible raw designs and optima.
    let (x, design) = if r.is_multiple_of(2) {
        (
            1.0,
            direct::design(&problem, &[], &direct::Options::default())?.design,
        )
    } else {
        (0.0, RawStart::default().design(&problem, &working)?)
    };
    let (cell, bases) = working.network.reduced(false)?;
    let image = |basis: &isac_linalg::Mat<c64>, w: &[c64]| -> Vec<c64> {
        (0..basis.ncols())
            .map(|j| (0..w.len()).map(|i| basis[(i, j)].conj() * w[i]).sum())
            .collect()
    };
    let m2 = problem.cell.antennas2();
    let beams = Design {
        w_bo: image(&bases.bs1, &design.w_bo),
        w_ta: image(&bases.bs1, &design.w_ta),
        streams: design
            .streams
            .chunks_exact(m2)
            .flat_map(|o| image(&bases.bs2, o))
            .collect(),
    };
    let mut rng = rng::stream(seed, Stream::CsiError, r as u64);
    let (excess, gap) = worst_of_samples(&cell, &beams, samples, &mut rng)?;
    let values = vec![excess, gap, samples as f64];
    Ok(vec![Record::exact("sampled", x, r, values)])
}

fn worst_of_samples<R: Rng>(
    cell: &TwoCell,
    design: &Design,
    samples: usize,
    rng: &mut R,
) -> Result<(f64, f64), Source> {
    let exact = secrecy(
        cell,
        &design.beams(Access::RsmaFixed, cell.users()),
        0.0,
        Bound::Exact,
    )?;
    let slot = exact.slots[0];
    let (z, beta) = (slot.interference_plus_noise_bo_max, slot.interference_e_min);
    let bounds = [
        z,
        -beta,
        -exact.bob_signal_min,
        -slot.sinr_bo_ta,
        exact.order_bo,
        slot.sinr_e_bo,
        slot.sinr_e_ta,
        exact.order_e,
    ];
    let link = [2, 3, 0, 0, 0, 1, 1, 1];
    let links = [&cell.h_bo, &cell.h_e, &cell.g_bo, &cell.g_e];
    let power = |h: &[c64], w: &[c64]| {
        let terms = h.iter().zip(w).map(|(h, w)| h.conj() * w);
        terms.sum::<c64>().norm_sqr()
    };
    let quantity = |q: usize, h: &[c64]| -> f64 {
        if q < 2 {
            let heard: f64 = design
                .streams
                .chunks_exact(h.len())
                .map(|o| power(h, o))
                .sum();
            return if q == 0 { heard + 1.0 } else { -heard };
        }
        let (data, sensing) = (power(h, &design.w_bo), power(h, &design.w_ta));
        match q {
            2 => -data,
            3 => -sensing / (data + z),
            4 | 7 => data - sensing,
            5 => data / (sensing + beta + 1.0),
            _ => sensing / (data + beta + 1.0),
        }
    };
    let unit = links.map(|l| UncertainChannel::ball("unit", vec![c64::ZERO; l.antennas()], 1.0));
    let unit: Vec<UncertainChannel> = unit.into_iter().collect::<Result<_, _>>()?;
    let at = |k: usize, direction: &[c64]| -> Vec<c64> {
        let radius = links[k].radius().unwrap_or(0.0);
        let pairs = links[k].estimate.iter().zip(direction);
        pairs.map(|(h, d)| h + d * radius).collect()
    };
    let mut best = [f64::NEG_INFINITY; 8];
    let mut towards: Vec<Vec<c64>> = link.iter().map(|&k| unit[k].sample_boundary(rng)).collect();
    for i in 0..samples {
        if i.is_multiple_of(2) {
            for k in 0..4 {
                let direction = unit[k].sample_boundary(rng);
                let h = at(k, &direction);
                for q in (0..8).filter(|&q| link[q] == k) {
                    let value = quantity(q, &h);
                    if value > best[q] {
                        best[q] = value;
                        towards[q].clone_from(&direction);
                    }
                }
            }
        } else {
            // A step of random length away from the worst so far.
            let q = (i / 2) % 8;
            let k = link[q];
            let size = 10.0_f64.powf(-5.0 * rng.random::<f64>());
            let step = unit[k].sample_boundary(rng);
            let mut direction: Vec<c64> = towards[q]
                .iter()
                .zip(&step)
                .map(|(d, s)| d + s * size)
                .collect();
            let length = direction.iter().map(|d| d.norm_sqr()).sum::<f64>().sqrt();
            direction.iter_mut().for_each(|d| *d /= length);
            let value = quantity(q, &at(k, &direction));
            if value > best[q] {
                best[q] = value;
                towards[q] = direction;
            }
        }
    }
    let relative = best
        .iter()
        .zip(&bounds)
        .map(|(b, w)| (b - w) / w.abs().max(1.0));
    let excess = relative.clone().fold(f64::NEG_INFINITY, f64::max);
    let gap = relative.map(|x| -x).fold(f64::NEG_INFINITY, f64::max);
    Ok((excess, gap.max(0.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sampled_errors_never_exceed_a_worst_case_and_come_close() {
        for r in [0, 1] {
            let rows = sampling(of_figure("sampling").unwrap(), 6_000, 1, r).unwrap();
            let [excess, gap, _] = rows[0].metrics[..] else {
                panic!("three metrics")
            };
            assert!(excess <= 1e-10, "draw {r}: {excess:e}");
            assert!(gap < 0.1, "draw {r}: nearest sample is {gap:e} away");
        }
    }
}
