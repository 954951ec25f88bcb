//! The design problem of \[alpha_fair\], Eq. (9), and its penalised form, Eq. (11).

use crate::Error;
use isac_linalg::{Mat, MatMut, MatRef, c64, ops, ops::Op, validate};
use isac_metrics::delay_doppler::{
    BsKnowledge, DelayDoppler, Disturbance, Illumination, SensingOptions, SensingState,
};
use isac_metrics::fairness::{Fairness, Form};
use isac_metrics::ofdm_rate::{Interference, OfdmRate, RateState, Streams};

/// Minimise the alpha-fair cost of the targets' CRLBs subject to a rate per user and a total power:
///
/// ```math
/// min_W  U_alpha(C_1(W), ..., C_T(W))   s.t.  r_k(W) >= rmin_k,  ||W||_F^2 <= P
/// ```
///
/// W is antennas x N(S + K) as laid out by [`Streams`]; all power is used without loss of
/// generality, since scaling W up raises every rate and every target's information.
#[derive(Debug, Clone)]
pub struct Problem {
    steering: Mat<c64>,
    sensing: DelayDoppler,
    rate: OfdmRate,
    fairness: Fairness,
    min_rates: Vec<f64>,
    power_w: f64,
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
        Ok(Self {
            steering,
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

    fn lights_with_data(&self) -> bool {
        let options = self.sensing.options();
        options.disturbance != Disturbance::NoiseOnly || options.bs == BsKnowledge::FullWaveform
    }
}

/// Evaluates a problem again and again in memory of its own: value first, then gradient. Allocates
/// nothing after it is made.
#[derive(Debug, Clone)]
pub struct Evaluator<'a> {
    problem: &'a Problem,
    /// `A^H W`, T x columns; weighted in place by the gradient.
    products: Mat<c64>,
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
            products: Mat::zeros(problem.sensing.targets(), problem.streams().columns()),
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
        let streams = self.problem.streams();
        let (n, per) = (streams.subcarriers, streams.per_subcarrier());
        let steering = self.problem.steering.as_ref();
        assert_eq!(w.ncols(), streams.columns(), "columns of W");
        let with_data = self.problem.lights_with_data();
        if with_data {
            let products = self.products.as_mut();
            ops::gemm(
                products,
                false,
                c64::ONE,
                steering,
                Op::Adjoint,
                w,
                Op::Plain,
            );
        }
        for i in 0..n {
            if !with_data {
                let products = self.products.as_mut().subcols_mut(i * per, streams.sensing);
                let beams = w.subcols(i * per, streams.sensing);
                ops::gemm(
                    products,
                    false,
                    c64::ONE,
                    steering,
                    Op::Adjoint,
                    beams,
                    Op::Plain,
                );
            }
            for t in 0..steering.ncols() {
                let power = |c: usize| self.products[(t, i * per + c)].norm_sqr();
                self.lit.sensing[t * n + i] = (0..streams.sensing).map(power).sum();
                if with_data {
                    self.lit.comm[t * n + i] = (streams.sensing..per).map(power).sum();
                }
            }
        }
        self.problem.sensing.evaluate(&self.lit, &mut self.sensing);
        self.problem.rate.evaluate(w, &mut self.rate);
        self.problem
            .fairness
            .cost_and_slopes(&self.sensing.crlb, &mut self.crlb_slopes)
    }

    /// Overwrites `gradient` by that of `weight cost + sum_k slopes_k r_k` at the beamformer last
    /// evaluated. May be called once per evaluation.
    ///
    /// # Panics
    /// If a shape is wrong.
    pub fn gradient(&mut self, weight: f64, rate_slopes: &[f64], mut gradient: MatMut<'_, c64>) {
        let streams = self.problem.streams();
        let (n, per) = (streams.subcarriers, streams.per_subcarrier());
        let steering = self.problem.steering.as_ref();
        if weight > 0.0 {
            self.crlb_slopes.iter_mut().for_each(|s| *s *= weight);
        } else {
            self.crlb_slopes.fill(0.0);
        }
        self.problem.sensing.backpropagate(
            &self.crlb_slopes,
            &mut self.sensing,
            &mut self.lit_slopes,
        );
        let with_data = self.problem.lights_with_data();
        let lit_streams = if with_data { per } else { streams.sensing };
        for i in 0..n {
            for c in 0..lit_streams {
                let slopes = if c < streams.sensing {
                    &self.lit_slopes.sensing
                } else {
                    &self.lit_slopes.comm
                };
                for t in 0..steering.ncols() {
                    self.products[(t, i * per + c)] *= 2.0 * slopes[t * n + i];
                }
            }
            if !with_data {
                let mut of_carrier = gradient.as_mut().subcols_mut(i * per, per);
                of_carrier.fill(c64::ZERO);
                let of_sensing = of_carrier.subcols_mut(0, streams.sensing);
                let products = self.products.as_ref().subcols(i * per, streams.sensing);
                ops::gemm(
                    of_sensing,
                    false,
                    c64::ONE,
                    steering,
                    Op::Plain,
                    products,
                    Op::Plain,
                );
            }
        }
        if with_data {
            let products = self.products.as_ref();
            let all = gradient.as_mut();
            ops::gemm(
                all,
                false,
                c64::ONE,
                steering,
                Op::Plain,
                products,
                Op::Plain,
            );
        }
        self.problem
            .rate
            .backpropagate(rate_slopes, &mut self.rate, gradient);
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
