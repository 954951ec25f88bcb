//! Rates of BS2's users under rate splitting and the access schemes it is compared with,
//! Eqs. (14)-(15) of \[hisac_see\] with the minimum over users in the common rate.

use crate::Error;
use crate::secrecy::BeamsRef;
use crate::worst_case::{dot, norm2};
use isac_linalg::{MatRef, c64};
use isac_models::two_cell::TwoCell;

/// One act of decoding: a user receives a stream against others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoding {
    /// The user.
    pub user: usize,
    /// The stream it decodes.
    pub stream: usize,
    /// Streams that are not yet decoded and interfere.
    pub interferers: Vec<usize>,
}

impl Decoding {
    fn new(user: usize, stream: usize, interferers: impl Iterator<Item = usize>) -> Self {
        let interferers = interferers.collect();
        Self {
            user,
            stream,
            interferers,
        }
    }
}

/// Rate splitting: stream 0 is common, stream `n + 1` private to user `n`; the order is user 0
/// common, user 0 private, user 1 common, ...
pub fn rsma(users: usize) -> Vec<Decoding> {
    let decode = |n: usize| {
        let others = (1..=users).filter(move |&k| k != n + 1);
        [
            Decoding::new(n, 0, 1..=users),
            Decoding::new(n, n + 1, others),
        ]
    };
    (0..users).flat_map(decode).collect()
}

/// Space division: stream `n` for user `n`, all others interfere.
pub fn sdma(users: usize) -> Vec<Decoding> {
    (0..users)
        .map(|n| Decoding::new(n, n, (0..users).filter(move |&k| k != n)))
        .collect()
}

/// The users (columns) by ascending channel norm.
pub fn by_channel_norm(g_users: MatRef<'_, c64>) -> Vec<usize> {
    let mut order: Vec<usize> = (0..g_users.ncols()).collect();
    let gain = |n: usize| g_users.col(n).squared_norm_l2();
    order.sort_by(|&a, &b| gain(a).total_cmp(&gain(b)));
    order
}

/// Power-domain NOMA: each user decodes the streams of all before it in `order`, one after the other, then
/// its own. Stream `n` belongs to user `n`. The usual order is that of [`by_channel_norm`].
pub fn noma(order: &[usize]) -> Vec<Decoding> {
    let mut out = Vec::new();
    for (j, &user) in order.iter().enumerate() {
        for i in 0..=j {
            let later = order[i + 1..].iter().copied();
            out.push(Decoding::new(user, order[i], later));
        }
    }
    out
}

/// Time division: stream `n` alone in slot `n`.
pub fn tdma(users: usize) -> Vec<Decoding> {
    (0..users)
        .map(|n| Decoding::new(n, n, std::iter::empty()))
        .collect()
}

/// SINR of each decoding on a noise-normalised network; BS1's beams and its artificial noise
/// (`isotropic` W per antenna) interfere.
///
/// # Errors
/// Sizes that do not fit, entries that are not finite.
pub fn user_sinrs(
    cell: &TwoCell,
    beams: &BeamsRef<'_>,
    isotropic: f64,
    decodings: &[Decoding],
) -> Result<Vec<f64>, Error> {
    beams.check(cell)?;
    let column = |m: MatRef<'_, c64>, n: usize| m.col(n).iter().copied().collect::<Vec<_>>();
    let streams: Vec<&[c64]> = beams.streams.chunks_exact(cell.antennas2()).collect();
    let (n, k) = (cell.users(), streams.len());
    for decoding in decodings {
        let top = decoding.interferers.iter().chain([&decoding.stream]).max();
        if decoding.user >= n || top.is_some_and(|&s| s >= k) {
            return Err(isac_linalg::Error::shape(
                "streams of BS2",
                format!("those the access scheme names, {decoding:?}"),
                format!("{k} streams, {n} users"),
            )
            .into());
        }
    }
    let mut floor = Vec::with_capacity(n);
    let mut power = Vec::with_capacity(n);
    for user in 0..n {
        let h = column(cell.h_users.as_ref(), user);
        let g = column(cell.g_users.as_ref(), user);
        floor.push(
            dot(&h, beams.w_bo).norm_sqr()
                + dot(&h, beams.w_ta).norm_sqr()
                + isotropic * norm2(&h)
                + 1.0,
        );
        power.push(
            streams
                .iter()
                .map(|o| dot(&g, o).norm_sqr())
                .collect::<Vec<f64>>(),
        );
    }
    Ok(decodings
        .iter()
        .map(|d| {
            let power = &power[d.user];
            let others: f64 = d.interferers.iter().map(|&k| power[k]).sum();
            power[d.stream] / (others + floor[d.user])
        })
        .collect())
}

/// Rate `log2(1 + sinr)`, bps/Hz.
pub fn rate(sinr: f64) -> f64 {
    sinr.ln_1p() / std::f64::consts::LN_2
}

/// Portions of the common rate in the free split: `C_n = max(target - R_n, 0)`, and what the common
/// rate leaves over, negative if it does not suffice. All rates in bps/Hz.
pub fn free_split(common: f64, private: &[f64], target: f64) -> (Vec<f64>, f64) {
    let portions: Vec<f64> = private.iter().map(|r| (target - r).max(0.0)).collect();
    let left = common - portions.iter().sum::<f64>();
    (portions, left)
}
