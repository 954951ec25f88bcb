//! The design problem of \[alpha_fair\], Eq. (9), and its penalised form, Eq. (11).

use crate::Error;
use isac_linalg::{Mat, MatMut, MatRef, batch::Batch, c64, ops, validate};
use isac_metrics::delay_doppler::{
    BsKnowledge, DelayDoppler, Disturbance, EchoModel, Illumination, SensingOptions, SensingState,
};
use isac_metrics::fairness::{Fairness, Form};
use isac_metrics::ofdm_rate::{Interference, OfdmRate, RateState, Streams};
use serde::{Deserialize, Serialize};

/// Minimise the alpha-fair cost of the targets' CRLBs subject to a rate per user and a total power:
///
/// ```math
/// min_W  U_alpha(C_1(W), ..., C_T(W))   s.t.  r_k(W) >= rmin_k,  ||W||_F^2 <= P
/// ```
///
/// W is antennas x N(S + K) as laid out by [`Streams`]; all power is used without loss of
/// generality, since scaling W up raises every rate and every target's information.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "StatedProblem")]
pub struct Problem {
    #[serde(with = "isac_linalg::convert::serde::matrix")]
    steering: Mat<c64>,
    /// The steering vectors once more, one after the other without gaps.
    #[serde(skip)]
    gapless: Vec<c64>,
    sensing: DelayDoppler,
    rate: OfdmRate,
    fairness: Fairness,
    min_rates: Vec<f64>,
    power_w: f64,
}

/// What a document states of a [`Problem`], before it is checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StatedProblem {
    #[serde(with = "isac_linalg::convert::serde::matrix")]
    steering: Mat<c64>,
    sensing: DelayDoppler,
    rate: OfdmRate,
    fairness: Fairness,
    min_rates: Vec<f64>,
    power_w: f64,
}

impl TryFrom<StatedProblem> for Problem {
    type Error = Error;
    fn try_from(stated: StatedProblem) -> Result<Self, Error> {
        Self::new(
            stated.steering,
            stated.sensing,
            stated.rate,
            stated.fairness,
            stated.min_rates,
            stated.power_w,
        )
    }
}

impl Problem {
    /// Checks and takes a problem.
    ///
    /// | argument | symbol | shape | unit |
    /// |---|---|---|---|
    /// | `steering` | a_t | antennas x T, unit modulus | 1 |
    /// | `min_rates` | rmin | K | bit/s/Hz |
    /// | `power_w` | P | | W |
    ///
    /// # Errors
    /// Sizes that do not fit, entries that are not finite, rates < 0, power that is not positive.
    pub fn new(
        steering: Mat<c64>,
        sensing: DelayDoppler,
        rate: OfdmRate,
        fairness: Fairness,
        min_rates: Vec<f64>,
        power_w: f64,
    ) -> Result<Self, Error> {
        let antennas = steering.nrows();
        validate::positive("antennas", antennas as f64, "")?;
        validate::shape("steering", steering.as_ref(), antennas, sensing.targets())?;
        validate::finite("steering", steering.as_ref())?;
        let streams = rate.streams();
        validate::positive("sensing streams", streams.sensing as f64, "")?;
        validate::length("subcarriers", streams.subcarriers, sensing.subcarriers())?;
        validate::shape(
            "channels",
            rate.channels(),
            antennas,
            streams.subcarriers * streams.users,
        )?;
        validate::length("rmin", min_rates.len(), streams.users)?;
        for &rate in &min_rates {
            validate::nonnegative("rmin", rate, "bit/s/Hz")?;
        }
        validate::positive("power", power_w, "W")?;
        let gapless = (0..steering.ncols())
            .flat_map(|t| steering.col(t).iter().copied())
            .collect();
        Ok(Self {
            steering,
            gapless,
            sensing,
            rate,
            fairness,
            min_rates,
            power_w,
        })
    }

    /// Antennas of the base station.
    pub fn antennas(&self) -> usize {
        self.steering.nrows()
    }

    /// Layout of the beamformer.
    pub fn streams(&self) -> Streams {
        self.rate.streams()
    }

    /// Steering vectors, antennas x T.
    pub fn steering(&self) -> MatRef<'_, c64> {
        self.steering.as_ref()
    }

    /// The sensing metric.
    pub fn sensing(&self) -> &DelayDoppler {
        &self.sensing
    }

    /// The users' rates.
    pub fn rate(&self) -> &OfdmRate {
        &self.rate
    }

    /// The fairness cost.
    pub fn fairness(&self) -> Fairness {
        self.fairness
    }

    /// Least rates, bit/s/Hz.
    pub fn min_rates(&self) -> &[f64] {
        &self.min_rates
    }

    /// Total power, W.
    pub fn power_w(&self) -> f64 {
        self.power_w
    }

    /// The same problem with another cost.
    pub fn with_fairness(mut self, fairness: Fairness) -> Self {
        self.fairness = fairness;
        self
    }

    /// The same problem with the cost normalised so that a beamformer's CRLBs sum to the reference.
    ///
    /// # Errors
    /// A beamformer of the wrong shape or one that leaves a target dark.
    pub fn referred_to(self, w: MatRef<'_, c64>) -> Result<Self, Error> {
        self.check_beams("start", w)?;
        let mut evaluator = Evaluator::new(&self);
        evaluator.evaluate(w);
        let reference = evaluator.crlb().iter().sum();
        let fairness = Fairness::new(self.fairness.alpha(), self.fairness.form(), reference)?;
        Ok(self.with_fairness(fairness))
    }

    /// The cost that descents work on: the logarithm of the norm form, 0 at a beamformer. Whatever the
    /// problem's form and reference, it is the same to the last digit.
    ///
    /// # Errors
    /// A beamformer that leaves a target dark.
    pub(super) fn in_units_of(self, w: MatRef<'_, c64>) -> Result<Self, Error> {
        let alpha = self.fairness.alpha();
        let plain = self.with_fairness(Fairness::new(alpha, Form::Norm, 1.0)?);
        let unit = Evaluator::new(&plain).evaluate(w);
        Ok(plain.with_fairness(Fairness::new(alpha, Form::LogNorm, unit)?))
    }

    /// The same problem in its own unit of power: total power 1, every noise as a share of it, lowered by
    /// at most 2^-28 of itself to a number of 30 bits.
    ///
    /// A long descent amplifies a last bit until it ends at another local optimum. Shares that differ by
    /// rounding alone, as those of watts and of picowatts do, become equal here, and so do starts by
    /// [`shares`](Problem::shares). With less noise every rate and every target's information is larger:
    /// what is proved of this problem holds for the one it came from.
    ///
    /// # Errors
    /// A noise so far from the power that their ratio is no number.
    pub(super) fn in_own_unit(&self) -> Result<Self, Error> {
        let shares = |noise_w: &[f64]| -> Vec<f64> {
            let shares = noise_w.iter().map(|noise| noise / self.power_w);
            shares.map(rounded_down).collect()
        };
        let echoes = self.sensing.model();
        let model = EchoModel {
            noise_w: shares(&echoes.noise_w),
            ..echoes.clone()
        };
        Self::new(
            self.steering.clone(),
            DelayDoppler::new(model, self.sensing.options())?,
            OfdmRate::new(
                self.rate.streams(),
                self.rate.channels().to_owned(),
                shares(self.rate.noise_w()),
                self.rate.interference(),
            )?,
            self.fairness,
            self.min_rates.clone(),
            1.0,
        )
    }

    /// A start of any power in the unit of [`in_own_unit`](Problem::in_own_unit), its entries rounded to 30
    /// bits.
    ///
    /// # Errors
    /// A start of the wrong shape or with entries that are not finite.
    pub(super) fn shares(&self, start: MatRef<'_, c64>) -> Result<Mat<c64>, Error> {
        self.check_beams("start", start)?;
        let mut out = start.to_owned();
        let norm = ops::norm(start);
        if norm > 0.0 {
            ops::scale(out.as_mut(), 1.0 / norm);
        }
        let share = |z: c64| c64::new(rounded(z.re), rounded(z.im));
        Ok(Mat::from_fn(out.nrows(), out.ncols(), |a, c| {
            share(out[(a, c)])
        }))
    }

    /// Beams of the problem in its own unit as beams of this one.
    pub(super) fn beams_of_shares(&self, mut shares: Mat<c64>) -> Mat<c64> {
        ops::scale(shares.as_mut(), self.power_w.sqrt());
        shares
    }

    /// The same problem with other least rates, bit/s/Hz.
    ///
    /// # Errors
    /// A list of the wrong length or a negative rate.
    pub fn with_min_rates(self, min_rates: Vec<f64>) -> Result<Self, Error> {
        Self::new(
            self.steering,
            self.sensing,
            self.rate,
            self.fairness,
            min_rates,
            self.power_w,
        )
    }

    /// The same problem under other sensing options, such as the monostatic baseline.
    ///
    /// # Errors
    /// Options under which a target cannot be resolved.
    pub fn with_sensing(mut self, options: SensingOptions) -> Result<Self, Error> {
        self.sensing = self.sensing.with_options(options)?;
        Ok(self)
    }

    /// The convex relaxation, in beams: no interference, no disturbance but noise, `streams` sensing
    /// streams per subcarrier and the cost as a norm. Its value bounds the problem's from below in
    /// norm form.
    ///
    /// # Errors
    /// No stream.
    pub fn relaxed(&self, streams: usize) -> Result<Self, Error> {
        let layout = Streams {
            sensing: streams,
            ..self.streams()
        };
        let options = SensingOptions {
            disturbance: Disturbance::NoiseOnly,
            ..self.sensing.options()
        };
        Self::new(
            self.steering.clone(),
            self.sensing.with_options(options)?,
            OfdmRate::new(
                layout,
                self.rate.channels().to_owned(),
                self.rate.noise_w().to_vec(),
                Interference::None,
            )?,
            self.fairness.with_form(Form::Norm),
            self.min_rates.clone(),
            self.power_w,
        )
    }

    /// The relaxation without users: `streams` sensing streams per subcarrier, `power_w` for the targets,
    /// the cost as the logarithm of the norm.
    ///
    /// # Errors
    /// No stream, no power.
    pub fn sensing_only(&self, streams: usize, power_w: f64) -> Result<Self, Error> {
        let layout = Streams {
            sensing: streams,
            users: 0,
            ..self.streams()
        };
        let options = SensingOptions {
            disturbance: Disturbance::NoiseOnly,
            bs: BsKnowledge::SensingOnly,
            ..self.sensing.options()
        };
        let nobody = Mat::zeros(self.antennas(), 0);
        Self::new(
            self.steering.clone(),
            self.sensing.with_options(options)?,
            OfdmRate::new(layout, nobody, Vec::new(), Interference::None)?,
            self.fairness.with_form(Form::LogNorm),
            Vec::new(),
            power_w,
        )
    }

    /// That a beamformer has the shape of this problem and finite entries.
    ///
    /// # Errors
    /// Naming `what`.
    pub fn check_beams(&self, what: &str, w: MatRef<'_, c64>) -> Result<(), Error> {
        validate::shape(what, w, self.antennas(), self.streams().columns())?;
        Ok(validate::finite(what, w)?)
    }

    /// Largest shortfall of a rate, bit/s/Hz; 0 when all are met.
    pub fn violation(&self, rates: &[f64]) -> f64 {
        let shortfalls = self.min_rates.iter().zip(rates).map(|(least, r)| least - r);
        shortfalls.fold(0.0, f64::max)
    }

    /// Streams per subcarrier, from the first on, whose light on the targets matters.
    fn lit_streams(&self) -> usize {
        let options = self.sensing.options();
        if options.disturbance != Disturbance::NoiseOnly || options.bs == BsKnowledge::FullWaveform
        {
            self.streams().per_subcarrier()
        } else {
            self.streams().sensing
        }
    }
}

/// Bits of a double below the 30 that [`rounded`] and [`rounded_down`] keep.
const DROPPED: u64 = (1 << 23) - 1;

/// The nearest number of 30 bits.
fn rounded(x: f64) -> f64 {
    f64::from_bits((x.to_bits() + DROPPED.div_ceil(2)) & !DROPPED)
}

/// A number of 30 bits, no larger than `x > 0`: the last below `x` less a share of their distance in the
/// golden section, so that numbers of few bits and thirds, which are the likely ones, are not where the
/// answer jumps.
fn rounded_down(x: f64) -> f64 {
    const SHARE: u64 = 3_204_163;
    f64::from_bits((x.to_bits().saturating_sub(SHARE)) & !DROPPED)
}

/// Evaluates a problem again and again in memory of its own: value first, then gradient. Allocates
/// nothing after it is made.
#[derive(Debug, Clone)]
pub struct Evaluator<'a> {
    problem: &'a Problem,
    /// W, a block per subcarrier.
    beams: Batch,
    /// `A^H W`, weighted in place by the gradient.
    products: Batch,
    gradient: Batch,
    lit: Illumination,
    lit_slopes: Illumination,
    sensing: SensingState,
    crlb_slopes: Vec<f64>,
    rate: RateState,
    rate_slopes: Vec<f64>,
}

impl<'a> Evaluator<'a> {
    /// Memory for a problem.
    pub fn new(problem: &'a Problem) -> Self {
        Self {
            problem,
            beams: problem.streams().batch(problem.antennas()),
            products: problem.streams().batch(problem.sensing.targets()),
            gradient: problem.streams().batch(problem.antennas()),
            lit: problem.sensing.dark(),
            lit_slopes: problem.sensing.dark(),
            sensing: problem.sensing.state(),
            crlb_slopes: vec![0.0; problem.sensing.targets()],
            rate: problem.rate.state(),
            rate_slopes: vec![0.0; problem.streams().users],
        }
    }

    /// The fairness cost of a beamformer; afterwards the accessors below hold its metrics.
    ///
    /// # Panics
    /// If the beamformer has the wrong shape.
    pub fn evaluate(&mut self, w: MatRef<'_, c64>) -> f64 {
        let n = self.problem.streams().subcarriers;
        let sensing = self.problem.streams().sensing;
        let lit_streams = self.problem.lit_streams();
        self.beams.read(w);
        for i in 0..n {
            let steering = &self.problem.gapless;
            self.products
                .adjoint_product(i, steering, &self.beams, lit_streams);
            for t in 0..self.problem.sensing.targets() {
                let (re, im) = self.products.row(i, t);
                let power = |streams: std::ops::Range<usize>| -> f64 {
                    let parts = re[streams.clone()].iter().zip(&im[streams]);
                    parts.map(|(x, y)| x * x + y * y).sum()
                };
                self.lit.sensing[t * n + i] = power(0..sensing);
                self.lit.comm[t * n + i] = power(sensing..lit_streams);
            }
        }
        self.problem.sensing.evaluate(&self.lit, &mut self.sensing);
        self.problem.rate.evaluate(&self.beams, &mut self.rate);
        self.problem
            .fairness
            .cost_and_slopes(&self.sensing.crlb, &mut self.crlb_slopes)
    }

    /// Overwrites `gradient` by that of `weight cost + sum_k slopes_k r_k` at the beamformer last
    /// evaluated. May be called once per evaluation.
    ///
    /// # Panics
    /// If a shape is wrong.
    pub fn gradient(&mut self, weight: f64, rate_slopes: &[f64], gradient: MatMut<'_, c64>) {
        let n = self.problem.streams().subcarriers;
        let sensing = self.problem.streams().sensing;
        let lit_streams = self.problem.lit_streams();
        if weight > 0.0 {
            self.crlb_slopes.iter_mut().for_each(|s| *s *= weight);
        } else {
            self.crlb_slopes.fill(0.0);
        }
        let slopes = &mut self.lit_slopes;
        self.problem
            .sensing
            .backpropagate(&self.crlb_slopes, &mut self.sensing, slopes);
        if lit_streams == sensing {
            self.gradient.clear();
        }
        for i in 0..n {
            for t in 0..self.problem.sensing.targets() {
                let by_sensing = 2.0 * slopes.sensing[t * n + i];
                let by_comm = 2.0 * slopes.comm[t * n + i];
                let (re, im) = self.products.row_mut(i, t);
                for part in [re, im] {
                    part[..sensing].iter_mut().for_each(|z| *z *= by_sensing);
                    let (lit, dark) = part[sensing..].split_at_mut(lit_streams - sensing);
                    lit.iter_mut().for_each(|z| *z *= by_comm);
                    dark.fill(0.0);
                }
            }
            let steering = &self.problem.gapless;
            self.gradient
                .product(i, steering, &self.products, lit_streams, false);
        }
        self.problem
            .rate
            .backpropagate(rate_slopes, &mut self.rate, &mut self.gradient);
        self.gradient.write(gradient);
    }

    /// Eq. (11): `U + rho sum_k max(0, rmin_k - r_k)^2`, and its gradient.
    ///
    /// # Panics
    /// If a shape is wrong.
    pub fn penalised(&mut self, w: MatRef<'_, c64>, rho: f64, gradient: MatMut<'_, c64>) -> f64 {
        let cost = self.evaluate(w);
        let mut slopes = std::mem::take(&mut self.rate_slopes);
        let mut penalty = 0.0;
        for (slope, shortfall) in slopes.iter_mut().zip(self.shortfalls()) {
            *slope = -2.0 * rho * shortfall.max(0.0);
            penalty += rho * shortfall.max(0.0).powi(2);
        }
        self.gradient(1.0, &slopes, gradient);
        self.rate_slopes = slopes;
        cost + penalty
    }

    /// `rmin_k - r_k` of the beamformer last evaluated, bit/s/Hz.
    pub fn shortfalls(&self) -> impl Iterator<Item = f64> + '_ {
        let rates = &self.rate.rates;
        self.problem
            .min_rates
            .iter()
            .zip(rates)
            .map(|(least, r)| least - r)
    }

    /// Rates of the beamformer last evaluated, bit/s/Hz.
    pub fn rates(&self) -> &[f64] {
        &self.rate.rates
    }

    /// Per-target CRLBs of the beamformer last evaluated.
    pub fn crlb(&self) -> &[f64] {
        &self.sensing.crlb
    }

    /// All sensing values of the beamformer last evaluated.
    pub fn sensing(&self) -> &SensingState {
        &self.sensing
    }

    /// Power that reaches the targets under the beamformer last evaluated.
    pub fn illumination(&self) -> &Illumination {
        &self.lit
    }

    /// Slopes of the cost by the illumination, as of the last gradient.
    pub fn illumination_slopes(&self) -> &Illumination {
        &self.lit_slopes
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "rounded numbers are equal or not")]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_differ_by_rounding_are_rounded_to_the_same() {
        for x in [1.0, 0.1, 3e-13, 2f64.powi(-13), 1e5 / 3.0] {
            let down = rounded_down(x);
            assert!(down <= x && down >= x * (1.0 - 2f64.powi(-28)), "{x:e}");
            for sign in [1.0, -1.0] {
                let near = x * (1.0 + sign * 4.0 * f64::EPSILON);
                assert_eq!(rounded_down(near), down, "{x:e}");
                assert_eq!(rounded(sign * near), sign * rounded(x), "{x:e}");
            }
            assert!((rounded(x) - x).abs() <= x * 2f64.powi(-30), "{x:e}");
        }
        assert_eq!((rounded(0.0), rounded(-0.75)), (0.0, -0.75));
    }
}
