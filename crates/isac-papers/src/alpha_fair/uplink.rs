//! The power that linear beams need for their rates, for `isac verify`: see the head of `verify.rs`.

use isac_algos::alpha_fair::Problem;
use isac_lab::document::Node;
use isac_lab::error::Error;
use isac_linalg::{Mat, c64, ops};
use isac_metrics::ofdm_rate::Interference;

/// Boxes at most per cluster.
const BOXES: usize = 100_000;
/// Users of a cluster at most.
const MEMBERS: usize = 8;
/// Largest SINR of a user alone: beyond it rounding eats the digits of a box's bound.
const LARGEST_SINR: f64 = 1e8;
/// Room for rounding, relative.
const ROOM: f64 = 1e-10;

/// Weights, and for every subcarrier clusters with what `phi` is at most.
pub(super) struct Users {
    weights: Vec<f64>,
    clusters: Vec<Vec<(Vec<usize>, f64)>>,
}

pub(super) fn read(node: &Node<'_>, problem: &Problem) -> Result<Users, Error> {
    node.known_keys(&["weights", "clusters"])?;
    let streams = problem.streams();
    let all = node.get("clusters")?;
    let subcarriers = all.items()?;
    if subcarriers.len() != streams.subcarriers {
        return Err(all.wrong(format!("{} lists, one per subcarrier", streams.subcarriers)));
    }
    let cluster = |node: &Node<'_>| -> Result<(Vec<usize>, f64), Error> {
        node.known_keys(&["users", "phi"])?;
        let listed = node.get("users")?;
        let users: Result<Vec<usize>, Error> =
            (listed.items()?.iter()).map(|user| user.usize()).collect();
        let users = users?;
        if users.len() > MEMBERS || users.iter().any(|u| *u >= streams.users) {
            return Err(listed.wrong(format!("up to {MEMBERS} users below {}", streams.users)));
        }
        Ok((users, node.get("phi")?.f64()?))
    };
    Ok(Users {
        weights: node.get("weights")?.vec_of(streams.users)?,
        clusters: (subcarriers.iter())
            .map(|list| list.objects()?.iter().map(cluster).collect())
            .collect::<Result<_, Error>>()?,
    })
}

/// What the users need, W, for rates of at least the required ones less `short`.
pub(super) fn least_power(problem: &Problem, users: &Users, short: f64) -> Result<f64, String> {
    let (streams, rate) = (problem.streams(), problem.rate());
    if rate.interference() == Interference::None {
        return Err("users: the problem has no interference".into());
    }
    if users.weights.iter().any(|x| !(*x >= 0.0 && x.is_finite())) {
        return Err("users: a weight that is negative".into());
    }
    let unit = streams.subcarriers as f64 * std::f64::consts::LN_2;
    let pairs = users.weights.iter().zip(problem.min_rates());
    let stake: f64 = pairs.map(|(w, r)| w * (r - short).max(0.0) * unit).sum();
    let (mut phi, mut size) = (0.0, stake);
    for (i, clusters) in users.clusters.iter().enumerate() {
        let columns = rate.channels().subcols(i * streams.users, streams.users);
        let scaled = Mat::from_fn(columns.nrows(), streams.users, |n, k| {
            columns[(n, k)] / rate.noise_w()[k].sqrt()
        });
        let gram = ops::adjoint_mul(scaled.as_ref(), scaled.as_ref());
        let mut seen = vec![false; streams.users];
        for (members, stated) in clusters {
            for &k in members {
                if std::mem::replace(&mut seen[k], true) {
                    return Err(format!("users: user {k} twice on subcarrier {i}"));
                }
                if users.weights[k] * gram[(k, k)].re > LARGEST_SINR {
                    return Err(format!("users: user {k} is too loud on subcarrier {i}"));
                }
            }
            let own = Mat::from_fn(members.len(), members.len(), |a, b| {
                gram[(members[a], members[b])]
            });
            let weights: Vec<f64> = members.iter().map(|&k| users.weights[k]).collect();
            if !holds(&own, &weights, *stated) {
                let why = format!("{stated} is not proved for users {members:?}");
                return Err(format!("users: on subcarrier {i} phi = {why}"));
            }
            phi += stated;
            size += stated.abs();
        }
        for k in (0..streams.users).filter(|&k| !seen[k]) {
            let most = alone(users.weights[k], gram[(k, k)].re, 0.0, users.weights[k]).0;
            phi += most;
            size += most;
        }
    }
    Ok((stake - phi - ROOM * size).max(0.0))
}

/// The maximum of `lambda ln(1 + q s) - q` on an interval, and where.
fn alone(lambda: f64, s: f64, low: f64, high: f64) -> (f64, f64) {
    let at = (lambda - 1.0 / s).clamp(low, high.max(low));
    (lambda * (q_times(at, s)).ln_1p() - at, at)
}

fn q_times(q: f64, s: f64) -> f64 {
    if q > 0.0 { q * s } else { 0.0 }
}

/// Whether `phi` of a cluster is at most `stated`: boxes of powers are split until all are.
fn holds(gram: &Mat<c64>, weights: &[f64], stated: f64) -> bool {
    let n = weights.len();
    let room = ROOM * weights.iter().sum::<f64>();
    let mut open = vec![(vec![0.0; n], weights.to_vec())];
    for _ in 0..BOXES {
        let Some((low, mut high)) = open.pop() else {
            return true;
        };
        // Others send at least `low`: what is left of a user's gain.
        let filtered = whitened(gram, &low);
        let (mut bound, mut slope) = (0.0, vec![0.0; n]);
        for k in 0..n {
            let entry = filtered[(k, k)].re;
            let s = entry / (1.0 - low[k] * entry);
            // Beyond this more power loses, whatever the others send.
            high[k] = high[k].min((weights[k] - 1.0 / s).max(low[k]));
            let (value, at) = alone(weights[k], s, low[k], high[k]);
            bound += value;
            slope[k] = weights[k] * at / (1.0 + at * s);
        }
        if bound + room <= stated {
            continue;
        }
        let matters = |k: usize| -> f64 {
            let others = (0..n).filter(|&l| l != k);
            let harm: f64 = others.map(|l| slope[l] * filtered[(l, k)].norm_sqr()).sum();
            harm * (high[k] - low[k])
        };
        let Some(k) = (0..n).max_by(|&a, &b| matters(a).total_cmp(&matters(b))) else {
            return false;
        };
        let middle = 0.5 * (low[k] + high[k]);
        if !(low[k] < middle && middle < high[k]) {
            return false;
        }
        let (mut below, mut above) = (high.clone(), low.clone());
        below[k] = middle;
        above[k] = middle;
        open.push((low, below));
        open.push((above, high));
    }
    open.is_empty()
}

/// `G (I + diag(q) G)^-1`.
fn whitened(gram: &Mat<c64>, powers: &[f64]) -> Mat<c64> {
    let mut out = gram.clone();
    for (l, &q) in powers.iter().enumerate() {
        if q <= 0.0 {
            continue;
        }
        let factor = q / (1.0 + q * out[(l, l)].re);
        let column: Vec<c64> = (0..out.nrows()).map(|a| out[(a, l)]).collect();
        for b in 0..out.ncols() {
            for a in 0..out.nrows() {
                out[(a, b)] -= column[a] * column[b].conj() * factor;
            }
        }
    }
    out
}
