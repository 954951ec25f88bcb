//! Figs. 3(b), 3(c), 3(d), 6(a) and 6(b) on the paper's own axis, the allocated power of BS2: the preset
//! `power` of those artefacts. Their default preset goes along what the text compares, at one power.

use super::against;
use super::problems::{ARRAYS, error_model, scheme_problem};
use super::sweep::{Order, Sweep, ahead, along, gain, gains_are, percent, text};
use crate::hisac_see::scenario::{Scenario, draw};
use isac_algos::hisac_see::Problem;
use isac_lab::Records;
use isac_lab::error::{Error, Source};
use isac_lab::verdict::{Claim, Ruling, Side};
use isac_models::channel::Fading;

const POWERS: &[f64] = &[6.0, 8.0, 10.0, 13.0, 16.0, 22.0, 30.0, 60.0];
const QUICK: &[f64] = &[10.0, 16.0, 30.0];
/// Power at which curves are compared, W.
const AT: f64 = 30.0;

/// What all of them share.
const BASE: Sweep = Sweep {
    artefact: "",
    ours: against::nothing,
    mark: against::unmarked,
    title: "",
    x: ("power2_w", "Allocated power of BS2", "W"),
    y: 0,
    log_x: true,
    joined: true,
    seconds: 0.3,
    full: POWERS,
    quick: QUICK,
    curves: &[],
    categories: &[],
    build: |setting, _, _, r, seed| draw(&setting, seed, r),
    order: Order::Nested,
    notes: &[
        "The allocated power of BS2 stands in the denominator. Means over the draws that have a design.",
    ],
    claims: |_| Vec::new(),
};

/// The problem of a curve with so much power allocated to BS2.
fn allocated(mut problem: Problem, watts: f64) -> Problem {
    problem.power2_max = watts;
    problem.accounting.allocated2 = Some(watts);
    problem
}

/// A number behind a letter, as in `n12`.
fn number(curve: &str) -> Result<f64, Source> {
    let digits = curve.get(1..).unwrap_or_default();
    let found = digits.parse::<f64>();
    found.map_err(|_| Error::unknown("curve", curve, ["a letter and a number"]).into())
}

/// The efficiency of a curve rises and then falls with the power.
fn peaks(records: &Records, curve: &str, label: &str) -> Claim {
    Claim::new(
        format!("The efficiency rises and then falls with the power of BS2 ({label})"),
        Ruling::peaks(records, curve, 0),
        text(&along(records, curve, 0)),
    )
}

/// One curve ahead of another at [`AT`] watts.
fn leads(records: &Records, claim: &str, ours: &str, theirs: &str) -> Claim {
    Claim::new(
        claim,
        gains_are(records, (ours, AT), (theirs, AT), Side::AtLeast(0.0)),
        format!(
            "at {AT} W: {}",
            percent(&gain(records, (ours, AT), (theirs, AT)))
        ),
    )
}

pub(super) const FIG3B: Sweep = Sweep {
    artefact: "fig3b",
    title: "Secrecy energy efficiency against the allocated power of BS2, by antennas",
    curves: &[
        ("a0", "(4, 4)"),
        ("a1", "(8, 8)"),
        ("a2", "(12, 12)"),
        ("a3", "(16, 12)"),
        ("a4", "(16, 16)"),
        ("a5", "(32, 32)"),
    ],
    build: |setting, curve, x, r, seed| {
        let place = number(curve)? as usize;
        let [array1, array2] = ARRAYS[place.min(ARRAYS.len() - 1)];
        let setup = Scenario {
            array1,
            array2,
            ..setting
        };
        let mut p = draw(&setup, seed, r)?;
        p.circuit_power = 0.4 + 0.4 * (p.cell.antennas1() + p.cell.antennas2()) as f64;
        Ok(allocated(p, x))
    },
    claims: |records| {
        vec![
            peaks(records, "a2", "(12, 12)"),
            leads(records, "(16, 12) gains on (12, 12)", "a3", "a2"),
            leads(records, "(16, 16) loses on (16, 12)", "a3", "a4"),
        ]
    },
    ..BASE
};

pub(super) const FIG3C: Sweep = Sweep {
    artefact: "fig3c",
    title: "Secrecy energy efficiency against the allocated power of BS2, by users",
    seconds: 1.4,
    curves: &[
        ("n2", "2 users"),
        ("n4", "4 users"),
        ("n6", "6 users"),
        ("n8", "8 users"),
        ("n10", "10 users"),
        ("n12", "12 users"),
    ],
    build: |setting, curve, x, r, seed| {
        let setup = Scenario {
            users: number(curve)? as usize,
            ..setting
        };
        Ok(allocated(draw(&setup, seed, r)?, x))
    },
    claims: |records| {
        vec![
            peaks(records, "n4", "4 users"),
            leads(records, "Twelve users reach more than two", "n12", "n2"),
        ]
    },
    ..BASE
};

pub(super) const FIG3D: Sweep = Sweep {
    artefact: "fig3d",
    title: "Secrecy energy efficiency against the allocated power of BS2, by thresholds",
    curves: &[
        ("t0.25", "0.25 bps/Hz"),
        ("t0.5", "0.5 bps/Hz"),
        ("t1", "1 bps/Hz"),
        ("t1.5", "1.5 bps/Hz"),
        ("t1.7", "1.7 bps/Hz"),
        ("t2", "2 bps/Hz"),
    ],
    build: |setting, curve, x, r, seed| {
        let threshold = number(curve)?;
        let mut p = draw(&setting, seed, r)?;
        p.requirements.secrecy_rate = threshold;
        p.requirements.common_rate = threshold;
        p.requirements.private_rate = threshold;
        Ok(allocated(p, x))
    },
    claims: |records| {
        vec![
            peaks(records, "t1", "1 bps/Hz"),
            leads(
                records,
                "Thresholds of 1 bps/Hz reach more than 0.25",
                "t1",
                "t0.25",
            ),
        ]
    },
    ..BASE
};

pub(super) const FIG6A: Sweep = Sweep {
    artefact: "fig6a",
    title: "Secrecy energy efficiency against the allocated power of BS2, by fading",
    curves: &[
        ("rsma_fixed_rician", "RSMA, Rician-shadowed"),
        ("rsma_fixed_nakagami", "RSMA, Nakagami-2"),
        ("rsma_fixed_rayleigh", "RSMA, Rayleigh"),
        ("sdma_rician", "SDMA, Rician-shadowed"),
        ("sdma_nakagami", "SDMA, Nakagami-2"),
        ("sdma_rayleigh", "SDMA, Rayleigh"),
        ("noma_rician", "PD-NOMA, Rician-shadowed"),
        ("noma_nakagami", "PD-NOMA, Nakagami-2"),
        ("noma_rayleigh", "PD-NOMA, Rayleigh"),
        ("oma_rician", "OMA, Rician-shadowed"),
        ("oma_nakagami", "OMA, Nakagami-2"),
        ("oma_rayleigh", "OMA, Rayleigh"),
    ],
    build: |mut setting, curve, x, r, seed| {
        if curve.ends_with("nakagami") {
            setting.fading = Fading::Nakagami { order: 2.0 };
        } else if curve.ends_with("rayleigh") {
            setting.fading = Fading::Rayleigh;
        }
        Ok(allocated(scheme_problem(curve, &setting, r, seed)?, x))
    },
    claims: |records| {
        let best = ["rician", "nakagami", "rayleigh"].map(|law| {
            let ours = format!("rsma_fixed_{law}");
            let others = ["sdma", "noma", "oma"].map(|name| format!("{name}_{law}"));
            let others = others.each_ref().map(String::as_str);
            (law.to_string(), ahead(records, &ours, &others, &[AT]))
        });
        let name = "rsma_fixed_rician";
        vec![
            peaks(records, name, "Rician-shadowed"),
            leads(
                records,
                "A line of sight is best",
                name,
                "rsma_fixed_rayleigh",
            ),
            Claim::new(
                "RSMA is best under every fading law",
                Ruling::together(best),
                "fixed split",
            ),
        ]
    },
    ..BASE
};

pub(super) const FIG6B: Sweep = Sweep {
    artefact: "fig6b",
    title: "Secrecy energy efficiency against the allocated power of BS2, by error model",
    curves: &[
        ("ball", "Ball"),
        ("gaussian", "Gaussian, 95 % ball"),
        ("ellipsoid", "Ellipsoid"),
    ],
    build: |setting, curve, x, r, seed| Ok(allocated(error_model(&setting, curve, seed, r)?, x)),
    claims: |records| {
        let apart = ["gaussian", "ellipsoid"].map(|name| {
            let side = Side::Between(-22.0, 22.0);
            let ruling = gains_are(records, (name, AT), ("ball", AT), side);
            (format!("{name} against the ball, percent"), ruling)
        });
        vec![
            peaks(records, "ball", "ball"),
            Claim::new(
                "Error models differ by at most 22 %",
                Ruling::together(apart),
                format!("at {AT} W"),
            ),
        ]
    },
    ..BASE
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hisac_see::scenario::of_figure;

    #[test]
    fn every_curve_has_a_problem_with_that_power() {
        for sweep in [&FIG3B, &FIG3C, &FIG3D, &FIG6A, &FIG6B] {
            let setting = of_figure(sweep.artefact).unwrap();
            for (curve, _) in sweep.curves {
                let problem = (sweep.build)(setting, curve, 16.0, 0, 1).unwrap();
                assert_eq!(problem.accounting.allocated2, Some(16.0), "{curve}");
            }
        }
        let setting = of_figure("fig3c").unwrap();
        assert!((FIG3C.build)(setting, "many", 16.0, 0, 1).is_err());
    }
}
