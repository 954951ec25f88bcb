//! Rates of single-antenna users on an OFDM grid with one beam per user and subcarrier, and the
//! streams' layout in a beamformer.

use crate::Error;
use isac_linalg::{Mat, MatRef, c64, ops, ops::Op, validate};

/// Where a stream stands in a beamformer W, antennas x N(S + K): column `i (S + K) + c` is stream `c`
/// of subcarrier `i`; streams 0..S sense, stream S + k serves user k.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Streams {
    /// Subcarriers N.
    pub subcarriers: usize,
    /// Sensing streams S per subcarrier.
    pub sensing: usize,
    /// Users K.
    pub users: usize,
}

impl Streams {
    /// Streams per subcarrier.
    pub fn per_subcarrier(&self) -> usize {
        self.sensing + self.users
    }

    /// Columns of W.
    pub fn columns(&self) -> usize {
        self.subcarriers * self.per_subcarrier()
    }

    /// Column of stream `c` of subcarrier `i`.
    pub fn column(&self, i: usize, c: usize) -> usize {
        i * self.per_subcarrier() + c
    }

    /// Column of user `k`'s stream of subcarrier `i`.
    pub fn user_column(&self, i: usize, k: usize) -> usize {
        self.column(i, self.sensing + k)
    }
}

/// Who disturbs a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interference {
    /// The other users and the sensing streams, Eq. (6) of \[alpha_fair\].
    All,
    /// The other users; the known sensing symbols are cancelled.
    UsersOnly,
    /// Nobody: an upper bound of every rate.
    None,
}

/// The users' side of a design; a value that exists is valid.
#[derive(Debug, Clone)]
pub struct OfdmRate {
    streams: Streams,
    channels: Mat<c64>,
    noise_w: Vec<f64>,
    interference: Interference,
}

/// Values of one evaluation, and the memory for the next.
#[derive(Debug, Clone)]
pub struct RateState {
    /// Rates averaged over the subcarriers, K entries, bit/s/Hz.
    pub rates: Vec<f64>,
    /// `h_{k,i}^H W`, K x columns; after [`OfdmRate::backpropagate`] twice the weighted products.
    products: Mat<c64>,
}

impl OfdmRate {
    /// Users with `channels`, antennas x N K (column `i K + k` is user k on subcarrier i), and noise
    /// per subcarrier `noise_w`, K entries.
    ///
    /// # Errors
    /// Wrong shapes, entries that are not finite, noise that is not positive.
    pub fn new(
        streams: Streams,
        channels: Mat<c64>,
        noise_w: Vec<f64>,
        interference: Interference,
    ) -> Result<Self, Error> {
        let columns = streams.subcarriers * streams.users;
        validate::shape("channels", channels.as_ref(), channels.nrows(), columns)?;
        validate::finite("channels", channels.as_ref())?;
        validate::length("user noise", noise_w.len(), streams.users)?;
        for &noise in &noise_w {
            validate::positive("user noise", noise, "W")?;
        }
        Ok(Self {
            streams,
            channels,
            noise_w,
            interference,
        })
    }

    /// The layout of the beamformer.
    pub fn streams(&self) -> Streams {
        self.streams
    }

    /// Channels, antennas x N K.
    pub fn channels(&self) -> MatRef<'_, c64> {
        self.channels.as_ref()
    }

    /// Noise of each user, W.
    pub fn noise_w(&self) -> &[f64] {
        &self.noise_w
    }

    /// Who disturbs.
    pub fn interference(&self) -> Interference {
        self.interference
    }

    /// Memory for [`OfdmRate::evaluate`].
    pub fn state(&self) -> RateState {
        RateState {
            rates: vec![0.0; self.streams.users],
            products: Mat::zeros(self.streams.users, self.streams.columns()),
        }
    }

    fn channels_of(&self, i: usize) -> MatRef<'_, c64> {
        let k = self.streams.users;
        self.channels.as_ref().subcols(i * k, k)
    }

    /// Useful and disturbing power of user `k` on subcarrier `i`, W, noise included in the latter.
    fn powers(&self, products: MatRef<'_, c64>, i: usize, k: usize) -> (f64, f64) {
        let own = self.streams.sensing + k;
        let first = match self.interference {
            Interference::All => 0,
            Interference::UsersOnly | Interference::None => self.streams.sensing,
        };
        let power = |c: usize| products[(k, self.streams.column(i, c))].norm_sqr();
        let mut rest = self.noise_w[k];
        if self.interference != Interference::None {
            for c in first..self.streams.per_subcarrier() {
                if c != own {
                    rest += power(c);
                }
            }
        }
        (power(own), rest)
    }

    /// Rates `r_k = (1/N) sum_i log2(1 + gamma_{k,i})`, into `state`. Allocates nothing.
    ///
    /// # Panics
    /// If `w` has the wrong shape.
    pub fn evaluate(&self, w: MatRef<'_, c64>, state: &mut RateState) {
        let per = self.streams.per_subcarrier();
        assert_eq!(w.ncols(), self.streams.columns(), "columns of W");
        if self.streams.users == 0 {
            return;
        }
        state.rates.fill(0.0);
        for i in 0..self.streams.subcarriers {
            let h = self.channels_of(i);
            if self.interference == Interference::None {
                for k in 0..self.streams.users {
                    let column = self.streams.user_column(i, k);
                    state.products[(k, column)] = ops::dot(h.col(k), w.col(column));
                }
            } else {
                let products = state.products.as_mut().subcols_mut(i * per, per);
                let beams = w.subcols(i * per, per);
                ops::gemm(products, false, c64::ONE, h, Op::Adjoint, beams, Op::Plain);
            }
            for k in 0..self.streams.users {
                let (own, rest) = self.powers(state.products.as_ref(), i, k);
                state.rates[k] += (own / rest).ln_1p();
            }
        }
        let unit = 1.0 / (self.streams.subcarriers as f64 * std::f64::consts::LN_2);
        state.rates.iter_mut().for_each(|r| *r *= unit);
    }

    /// Adds the gradient by W of `sum_k slopes_k r_k` to `gradient`, Eqs. (28) to (30) of \[alpha_fair\],
    /// for the beamformer last evaluated. Uses up `state`. Allocates nothing.
    ///
    /// # Panics
    /// If a shape is wrong.
    pub fn backpropagate(
        &self,
        slopes: &[f64],
        state: &mut RateState,
        mut gradient: isac_linalg::MatMut<'_, c64>,
    ) {
        let (users, per) = (self.streams.users, self.streams.per_subcarrier());
        assert_eq!(slopes.len(), users, "one slope per user");
        if users == 0 {
            return;
        }
        let unit = 1.0 / (self.streams.subcarriers as f64 * std::f64::consts::LN_2);
        for i in 0..self.streams.subcarriers {
            for k in 0..users {
                let (own, rest) = self.powers(state.products.as_ref(), i, k);
                let by_own = 2.0 * slopes[k] * unit / (rest + own);
                let by_rest = -by_own * own / rest;
                for c in 0..per {
                    let factor = if c == self.streams.sensing + k {
                        by_own
                    } else {
                        match self.interference {
                            Interference::All => by_rest,
                            Interference::UsersOnly if c >= self.streams.sensing => by_rest,
                            Interference::UsersOnly | Interference::None => 0.0,
                        }
                    };
                    state.products[(k, i * per + c)] *= factor;
                }
            }
            let h = self.channels_of(i);
            if self.interference == Interference::None {
                for k in 0..users {
                    let column = self.streams.user_column(i, k);
                    let product = state.products[(k, column)];
                    for n in 0..h.nrows() {
                        gradient[(n, column)] += h[(n, k)] * product;
                    }
                }
            } else {
                let target = gradient.as_mut().subcols_mut(i * per, per);
                let products = state.products.as_ref().subcols(i * per, per);
                ops::gemm(target, true, c64::ONE, h, Op::Plain, products, Op::Plain);
            }
        }
    }

    /// Noise over channel gain of every subcarrier with a channel, ascending, W.
    fn floors(&self, k: usize) -> Vec<f64> {
        let mut floors: Vec<f64> = (0..self.streams.subcarriers)
            .map(|i| self.noise_w[k] / ops::norm2(self.channels_of(i).subcols(k, 1)))
            .filter(|f| f.is_finite())
            .collect();
        floors.sort_by(f64::total_cmp);
        floors
    }

    /// The most rate user `k` can have if all of `power_w` serves it alone, bit/s/Hz: water-filling
    /// over its subcarriers.
    ///
    /// # Panics
    /// If there is no such user.
    pub fn single_user_capacity(&self, k: usize, power_w: f64) -> f64 {
        let floors = self.floors(k);
        let mut best = 0.0;
        let mut sum = 0.0;
        for (count, floor) in floors.iter().enumerate() {
            sum += floor;
            let level = (power_w + sum) / (count + 1) as f64;
            if level <= *floor {
                break;
            }
            best = floors[..=count].iter().map(|f| (level / f).ln()).sum();
        }
        best / (self.streams.subcarriers as f64 * std::f64::consts::LN_2)
    }

    /// The least power, W, with which user `k` alone reaches `rate` bit/s/Hz: the inverse of
    /// [`OfdmRate::single_user_capacity`]. Infinite for a user without channel and a positive rate.
    ///
    /// # Panics
    /// If there is no such user.
    pub fn single_user_power(&self, k: usize, rate: f64) -> f64 {
        let level = self.water_level(k, rate);
        if level.is_infinite() {
            return level;
        }
        self.floors(k).iter().map(|f| (level - f).max(0.0)).sum()
    }

    /// The water level, W, at which user `k` alone reaches `rate` bit/s/Hz: subcarrier i then has the
    /// power `max(0, level - sigma2/||h||^2)`. Infinite for a user without channel and a positive rate.
    ///
    /// # Panics
    /// If there is no such user.
    pub fn water_level(&self, k: usize, rate: f64) -> f64 {
        let nats = rate * self.streams.subcarriers as f64 * std::f64::consts::LN_2;
        if nats <= 0.0 {
            return 0.0;
        }
        let floors = self.floors(k);
        let mut logs = 0.0;
        for (count, floor) in floors.iter().enumerate() {
            logs += floor.ln();
            let level = ((nats + logs) / (count + 1) as f64).exp();
            if floors.get(count + 1).is_none_or(|next| level <= *next) {
                return level;
            }
        }
        f64::INFINITY
    }
}
