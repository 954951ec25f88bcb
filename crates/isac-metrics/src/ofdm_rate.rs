//! Rates of single-antenna users on an OFDM grid with one beam per user and subcarrier, and the
//! streams' layout in a beamformer.

use crate::Error;
use isac_linalg::{Mat, MatRef, batch::Batch, c64, ops, validate};
use serde::{Deserialize, Serialize};

/// Where a stream stands in a beamformer W, antennas x N(S + K): column `i (S + K) + c` is stream `c`
/// of subcarrier `i`; streams 0..S sense, stream S + k serves user k.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
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

    /// Memory for a beamformer of so many antennas: block `i` of the batch is subcarrier `i`.
    pub fn batch(&self, antennas: usize) -> Batch {
        Batch::zeros(self.subcarriers, antennas, self.per_subcarrier())
    }

    /// Column of user `k`'s stream of subcarrier `i`.
    pub fn user_column(&self, i: usize, k: usize) -> usize {
        self.column(i, self.sensing + k)
    }
}

/// Who disturbs a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Interference {
    /// The other users and the sensing streams, Eq. (6) of \[alpha_fair\].
    All,
    /// The other users; the known sensing symbols are cancelled.
    UsersOnly,
    /// Nobody: an upper bound of every rate.
    None,
}

/// The users' side of a design; a value that exists is valid.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "StatedOfdmRate")]
pub struct OfdmRate {
    streams: Streams,
    #[serde(with = "isac_linalg::convert::serde::matrix")]
    channels: Mat<c64>,
    /// The channels once more, column after column without gaps.
    #[serde(skip)]
    gapless: Vec<c64>,
    noise_w: Vec<f64>,
    interference: Interference,
}

/// What a document states of a [`OfdmRate`], before it is checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StatedOfdmRate {
    streams: Streams,
    #[serde(with = "isac_linalg::convert::serde::matrix")]
    channels: Mat<c64>,
    noise_w: Vec<f64>,
    interference: Interference,
}

impl TryFrom<StatedOfdmRate> for OfdmRate {
    type Error = Error;
    fn try_from(stated: StatedOfdmRate) -> Result<Self, Error> {
        Self::new(
            stated.streams,
            stated.channels,
            stated.noise_w,
            stated.interference,
        )
    }
}

/// Values of one evaluation, and the memory for the next.
#[derive(Debug, Clone)]
pub struct RateState {
    /// Rates averaged over the subcarriers, K entries, bit/s/Hz.
    pub rates: Vec<f64>,
    /// `h_{k,i}^H W_i`, a block per subcarrier; after [`OfdmRate::backpropagate`] twice the weighted
    /// products.
    products: Batch,
    /// Useful and disturbing power, noise included in the latter, K N entries, user by user, W.
    powers: Vec<[f64; 2]>,
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
        let gapless = (0..channels.ncols())
            .flat_map(|c| channels.col(c).iter().copied())
            .collect();
        Ok(Self {
            streams,
            channels,
            gapless,
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
            products: self.streams.batch(self.streams.users),
            powers: vec![[0.0; 2]; self.streams.users * self.streams.subcarriers],
        }
    }

    fn channels_of(&self, i: usize) -> MatRef<'_, c64> {
        let k = self.streams.users;
        self.channels.as_ref().subcols(i * k, k)
    }

    /// Channels of subcarrier `i`, column after column.
    fn gapless_of(&self, i: usize) -> &[c64] {
        let length = self.channels.nrows() * self.streams.users;
        &self.gapless[i * length..(i + 1) * length]
    }

    /// Useful and disturbing power of user `k` from the products of one subcarrier.
    fn split_power(&self, k: usize, re: &[f64], im: &[f64]) -> [f64; 2] {
        let own = self.streams.sensing + k;
        let power = |streams: std::ops::Range<usize>| -> f64 {
            let parts = re[streams.clone()].iter().zip(&im[streams]);
            parts.map(|(x, y)| x * x + y * y).sum()
        };
        let first = match self.interference {
            Interference::All => 0,
            Interference::UsersOnly => self.streams.sensing,
            Interference::None => return [power(own..own + 1), self.noise_w[k]],
        };
        let rest = power(first..own) + power(own + 1..re.len());
        [power(own..own + 1), self.noise_w[k] + rest]
    }

    /// Rates `r_k = (1/N) sum_i log2(1 + gamma_{k,i})` of beams in the layout of [`Streams::batch`],
    /// into `state`. Exact to rounding of the largest `1 + gamma`. Allocates nothing.
    ///
    /// # Panics
    /// If `beams` has the wrong shape.
    pub fn evaluate(&self, beams: &Batch, state: &mut RateState) {
        let Streams {
            subcarriers: n,
            users,
            ..
        } = self.streams;
        let per = self.streams.per_subcarrier();
        assert_eq!((beams.count(), beams.cols()), (n, per), "shape of W");
        for i in 0..n {
            let h = self.gapless_of(i);
            state.products.adjoint_product(i, h, beams, per);
            for k in 0..users {
                let (re, im) = state.products.row(i, k);
                state.powers[k * n + i] = self.split_power(k, re, im);
            }
        }
        let unit = 1.0 / (n as f64 * std::f64::consts::LN_2);
        for (rate, powers) in state.rates.iter_mut().zip(state.powers.chunks_exact(n)) {
            *rate = unit * sum_ln_1p(powers.iter().map(|[own, rest]| own / rest));
        }
    }

    /// Adds the gradient by W of `sum_k slopes_k r_k` to `gradient`, Eqs. (28) to (30) of \[alpha_fair\],
    /// for the beamformer last evaluated. Uses up `state`. Allocates nothing.
    ///
    /// # Panics
    /// If a shape is wrong.
    pub fn backpropagate(&self, slopes: &[f64], state: &mut RateState, gradient: &mut Batch) {
        let Streams {
            subcarriers: n,
            users,
            sensing,
        } = self.streams;
        let per = self.streams.per_subcarrier();
        assert_eq!(slopes.len(), users, "one slope per user");
        let unit = 1.0 / (n as f64 * std::f64::consts::LN_2);
        // Streams that count as interference.
        let disturbing = match self.interference {
            Interference::All => 0,
            Interference::UsersOnly => sensing,
            Interference::None => per,
        };
        for i in 0..n {
            for k in 0..users {
                let [own, rest] = state.powers[k * n + i];
                let by_own = 2.0 * slopes[k] * unit / (rest + own);
                let by_rest = -by_own * own / rest;
                let (re, im) = state.products.row_mut(i, k);
                for part in [re, im] {
                    let useful = part[sensing + k];
                    let (silent, heard) = part.split_at_mut(disturbing);
                    silent.fill(0.0);
                    heard.iter_mut().for_each(|z| *z *= by_rest);
                    part[sensing + k] = by_own * useful;
                }
            }
            if users > 0 {
                gradient.product(i, self.gapless_of(i), &state.products, per, true);
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
        water_level(&self.floors(k), nats)
    }
}

/// The water level at which the powers `p_i = max(0, level - floor_i)` give `sum ln(1 + p_i/floor_i) =
/// nats`; floors > 0 ascend. 0 for `nats <= 0`, infinite without floors.
pub fn water_level(floors: &[f64], nats: f64) -> f64 {
    if nats <= 0.0 {
        return 0.0;
    }
    let Some(least) = floors.first() else {
        return f64::INFINITY;
    };
    // Logarithms of ratios: those of powers would make the last digits depend on the watt.
    let mut logs = 0.0;
    for (count, floor) in floors.iter().enumerate() {
        logs += (floor / least).ln();
        let level = least * ((nats + logs) / (count + 1) as f64).exp();
        if floors.get(count + 1).is_none_or(|next| level <= *next) {
            return level;
        }
    }
    f64::INFINITY
}

/// `sum ln(1 + x)` for `x >= 0` with few logarithms: of products, as long as they do not overflow.
fn sum_ln_1p(values: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut product) = (0.0, 1.0_f64);
    for x in values {
        if product > 1e150 || x > 1e150 {
            sum += product.ln();
            product = 1.0;
        }
        if x > 1e150 {
            sum += x.ln();
        } else {
            product *= 1.0 + x;
        }
    }
    sum + product.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Streams stand one after the other, subcarrier by subcarrier, sensing first.
    #[test]
    fn every_stream_has_a_column_of_its_own() {
        let streams = Streams {
            subcarriers: 3,
            sensing: 2,
            users: 4,
        };
        let mut seen = Vec::new();
        for i in 0..3 {
            seen.extend((0..2).map(|s| streams.column(i, s)));
            seen.extend((0..4).map(|k| streams.user_column(i, k)));
        }
        assert_eq!(seen, (0..18).collect::<Vec<_>>());
        assert_eq!((streams.per_subcarrier(), streams.columns()), (6, 18));
    }

    #[test]
    fn what_was_stated_can_be_asked_for() {
        let streams = Streams {
            subcarriers: 2,
            sensing: 1,
            users: 1,
        };
        let channels = Mat::from_fn(3, 2, |n, i| c64::new(n as f64, i as f64 + 1.0));
        let rate = OfdmRate::new(
            streams,
            channels.clone(),
            vec![0.25],
            Interference::UsersOnly,
        );
        let rate = rate.unwrap();
        assert_eq!(rate.streams(), streams);
        assert_eq!(rate.channels().to_owned(), channels);
        assert_eq!(rate.noise_w(), [0.25]);
        assert_eq!(rate.interference(), Interference::UsersOnly);
    }

    /// Products are cut where they would overflow, wherever the large terms stand.
    #[test]
    fn logarithms_add_up_at_any_size() {
        for values in [
            vec![1e-3, 2.0, 7.5],
            vec![1e140, 3.0, 1e149, 1e20, 0.5],
            vec![2.0, 1e200, 1e180, 4.0, 1e160],
            vec![1e151],
            vec![],
        ] {
            let expected: f64 = values.iter().map(|x: &f64| x.ln_1p()).sum();
            let got = sum_ln_1p(values.iter().copied());
            assert!((got - expected).abs() <= 1e-13 * expected, "{values:?}");
        }
    }

    /// Levels over floors 1, 2 and 7: 3, by hand, for `ln 3 + ln 3/2`; the same bits in other units.
    #[test]
    fn a_water_level_has_the_unit_of_its_floors() {
        for exponent in [-300, -43, 0, 20] {
            let unit = 2f64.powi(exponent);
            let floors = [1.0, 2.0, 7.0].map(|f| f * unit);
            let nats = 4.5_f64.ln();
            let level = water_level(&floors, nats) / unit;
            assert!((level - 3.0).abs() < 1e-14, "{level}");
            assert_eq!(
                level.to_bits(),
                water_level(&[1.0, 2.0, 7.0], nats).to_bits()
            );
        }
        assert!(water_level(&[], 1.0).is_infinite());
        assert!(water_level(&[1.0], 0.0).abs() < f64::MIN_POSITIVE);
    }
}
