//! What beams do by sums over their entries, for the hostile sweep: the twin of the metrics.

use isac_algos::cell_free::Network;
use isac_linalg::{Mat, c64};

/// Violation and relative distance that an answer called `solved` may have.
pub(super) const ACCEPT: f64 = 1.1e-6;

/// Every user's SINR, and the largest relative excess over a budget, by sums over entries.
pub(super) fn attained(network: &Network, beams: &Mat<c64>) -> (Vec<f64>, f64) {
    let h = network.channels();
    let streams = 0..beams.ncols();
    let heard = |u: usize, s: usize| -> f64 {
        let z: c64 = (0..h.nrows())
            .map(|i| h[(i, u)].conj() * beams[(i, s)])
            .sum();
        z.norm_sqr()
    };
    let sinr = (0..network.users())
        .map(|u| {
            let others: f64 = streams
                .clone()
                .filter(|s| *s != u)
                .map(|s| heard(u, s))
                .sum();
            heard(u, u) / (others + network.noise()[u])
        })
        .collect();
    let spent = network.offsets().windows(2).map(|w| {
        let entries = (w[0]..w[1]).flat_map(|i| streams.clone().map(move |s| (i, s)));
        entries.map(|at| beams[at].norm_sqr()).sum::<f64>()
    });
    let excess = spent
        .zip(network.power())
        .map(|(spent, most)| spent / most - 1.0);
    (sinr, excess.fold(f64::NEG_INFINITY, f64::max))
}
