//! The algorithms of this paper by name: one name is one algorithm, in `solve` and in every figure.

use isac_algos::obs_crlb::{
    Auxiliaries, Shift, Solution, SumRateCrlb, accelerated, fp_sgda, low_dim, per_antenna,
    restarts, sca, start, wmmse_sdr,
};
use isac_linalg::{Mat, c64};
use rand::Rng;

/// An algorithm. A bound is none: see [`bound`](isac_algos::obs_crlb::bound).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    /// The best of several starts, the default.
    BestOfStarts,
    /// Riemannian L-BFGS, continued from a larger weight of the rate where that is small.
    Accelerated,
    /// Riemannian Barzilai-Borwein.
    BarzilaiBorwein,
    /// Algorithm 1, safeguarded, with a stop without unit.
    Algorithm1,
    /// Algorithm 1 as the paper prints it.
    Algorithm1Printed,
    /// Algorithm 1 as the released scripts run it.
    Algorithm1Released,
    /// The low-dimensional variant of the released script.
    LowDimReleased,
    /// The low-dimensional variant of the published curves, which stops by the objective.
    LowDimPublished,
    /// FP-SGDA with a step and a stop without unit.
    FpSgda,
    /// FP-SGDA as the released scripts run it.
    FpSgdaReleased,
    /// WMMSE-SDR, corrected.
    WmmseSdr,
    /// WMMSE-SDR as the released script runs it.
    WmmseSdrReleased,
    /// L-BFGS with equal power on every antenna.
    PerAntenna,
}

/// Settings in which the released scripts differ from figure to figure.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Released {
    /// Spectral norm of the change of `W` at which Algorithm 1 stops, sqrt(W).
    pub(super) tolerance: f64,
    /// Largest number of iterations of Algorithm 1.
    pub(super) cap: usize,
    /// Shift of Algorithm 1.
    pub(super) shift: Shift,
    /// Auxiliaries of Algorithm 1.
    pub(super) auxiliaries: Auxiliaries,
    /// FP-SGDA.
    pub(super) fp_sgda: fp_sgda::Options,
    /// Whether the start of the low-dimensional variant is scaled to full power first.
    pub(super) full_power_start: bool,
}

impl Default for Released {
    /// The settings of Figs. 5 to 7.
    fn default() -> Self {
        let algorithm1 = sca::Options::released();
        Self {
            tolerance: 1e-5,
            cap: algorithm1.max_iterations,
            shift: algorithm1.shift,
            auxiliaries: algorithm1.auxiliaries,
            fp_sgda: fp_sgda::Options::released(),
            full_power_start: false,
        }
    }
}

/// What a run needs besides the problem.
#[derive(Debug, Clone, Default)]
pub(super) struct Setup {
    /// Where to start: for [`Method::BestOfStarts`] one of the starts; the recommended start of the
    /// method if not given.
    pub(super) start: Option<Mat<c64>>,
    /// Sensing streams; 3M, or what the method chooses, if not given.
    pub(super) sensing_streams: Option<usize>,
    /// Settings of the released scripts.
    pub(super) released: Released,
}

impl Method {
    /// All of them, the default first.
    pub(super) const ALL: [Self; 13] = [
        Self::BestOfStarts,
        Self::Accelerated,
        Self::BarzilaiBorwein,
        Self::Algorithm1,
        Self::Algorithm1Printed,
        Self::Algorithm1Released,
        Self::LowDimReleased,
        Self::LowDimPublished,
        Self::FpSgda,
        Self::FpSgdaReleased,
        Self::WmmseSdr,
        Self::WmmseSdrReleased,
        Self::PerAntenna,
    ];

    /// Its name in files and on the command line.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::BestOfStarts => "best_of_starts",
            Self::Accelerated => "accelerated",
            Self::BarzilaiBorwein => "barzilai_borwein",
            Self::Algorithm1 => "algorithm1",
            Self::Algorithm1Printed => "algorithm1_printed",
            Self::Algorithm1Released => "algorithm1_released",
            Self::LowDimReleased => "low_dim_released",
            Self::LowDimPublished => "low_dim_published",
            Self::FpSgda => "fp_sgda",
            Self::FpSgdaReleased => "fp_sgda_released",
            Self::WmmseSdr => "wmmse_sdr",
            Self::WmmseSdrReleased => "wmmse_sdr_released",
            Self::PerAntenna => "per_antenna",
        }
    }

    /// Its name in legends.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::BestOfStarts => "Best of starts (ours)",
            Self::Accelerated => "L-BFGS (ours)",
            Self::BarzilaiBorwein => "Barzilai-Borwein (ours)",
            Self::Algorithm1 => "Algorithm 1, safeguarded",
            Self::Algorithm1Printed => "Algorithm 1, as printed",
            Self::Algorithm1Released => "Algorithm 1, as released",
            Self::LowDimReleased => "Low-dimensional, released",
            Self::LowDimPublished => "Low-dimensional, as published",
            Self::FpSgda => "FP-SGDA",
            Self::FpSgdaReleased => "FP-SGDA, as released",
            Self::WmmseSdr => "WMMSE-SDR, corrected",
            Self::WmmseSdrReleased => "WMMSE-SDR, released form",
            Self::PerAntenna => "L-BFGS, per-antenna power (ours)",
        }
    }

    /// The algorithm of a name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }

    /// Runs it.
    pub(super) fn run(
        self,
        problem: &SumRateCrlb,
        setup: &Setup,
        rng: &mut impl Rng,
    ) -> Result<Solution, isac_algos::Error> {
        let released = &setup.released;
        let start = || -> Result<Mat<c64>, isac_algos::Error> {
            if let Some(start) = &setup.start {
                return Ok(start.clone());
            }
            let least = usize::from(problem.users() == 0);
            let streams = setup.sensing_streams.unwrap_or(3 * problem.targets());
            start::regularised_zf(problem, streams.max(least), 0.9)
        };
        let algorithm1 = |options: &sca::Options| sca::solve(problem, start()?.as_ref(), options);
        match self {
            Self::BestOfStarts => {
                let options = restarts::Options {
                    sensing_streams: setup.sensing_streams,
                    ..restarts::Options::default()
                };
                let extra: Vec<Mat<c64>> = setup.start.iter().cloned().collect();
                Ok(restarts::best(problem, &extra, &options, rng)?.0)
            }
            Self::Accelerated => {
                let options = accelerated::Options::lbfgs();
                accelerated::solve_continued(problem, start()?.as_ref(), CONTINUED_FROM, &options)
            }
            Self::BarzilaiBorwein => {
                accelerated::solve(problem, start()?.as_ref(), &accelerated::Options::bb())
            }
            Self::Algorithm1 => algorithm1(&sca::Options::default()),
            Self::Algorithm1Printed => algorithm1(&sca::Options::printed()),
            Self::Algorithm1Released => algorithm1(&sca::Options {
                shift: released.shift,
                auxiliaries: released.auxiliaries,
                stop: sca::Stop::Step(released.tolerance),
                max_iterations: released.cap,
                ..sca::Options::released()
            }),
            Self::LowDimReleased | Self::LowDimPublished => {
                let options = if self == Self::LowDimReleased {
                    low_dim::Options::default()
                } else {
                    low_dim::Options::published()
                };
                let options = low_dim::Options {
                    full_power_start: released.full_power_start,
                    ..options
                };
                low_dim::solve(problem, start()?.as_ref(), &options)
            }
            Self::FpSgda => {
                fp_sgda::solve(problem, start()?.as_ref(), &fp_sgda::Options::default())
            }
            Self::FpSgdaReleased => fp_sgda::solve(problem, start()?.as_ref(), &released.fp_sgda),
            Self::WmmseSdr => {
                wmmse_sdr::solve(problem, start()?.as_ref(), &wmmse_sdr::Options::default())
            }
            Self::WmmseSdrReleased => {
                wmmse_sdr::solve(problem, start()?.as_ref(), &wmmse_sdr::Options::released())
            }
            Self::PerAntenna => {
                let options = accelerated::Options::default();
                per_antenna::solve_accelerated(problem, start()?.as_ref(), &options)
            }
        }
    }
}

/// Weight of the rate, relative to that of the CRLB, from which [`Method::Accelerated`] is continued
/// to smaller ones.
const CONTINUED_FROM: f64 = 1e-2;
