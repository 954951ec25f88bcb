//! Demands that contradict each other in the data, for `isac verify`: in exact arithmetic, apart from the
//! search that found them.

use isac_algos::noma::Scene;
use isac_lab::document::Node;
use isac_lab::error::Error;
use isac_linalg::precise::Exact;
use isac_metrics::noma::SicSet;
use std::cmp::Ordering;

/// The rule of a node, if it holds; otherwise why not. `targets` by decoding position, `None` where the
/// problem states none.
pub(super) fn holds(
    scene: &Scene,
    radius: f64,
    targets: Option<&[f64]>,
    node: &Node<'_>,
) -> Result<Result<String, String>, Error> {
    node.known_keys(&["rule", "user", "users"])?;
    let rules = ["silenced", "coincident_targets", "parallel_channels"];
    let rule = node.get("rule")?.one_of(&rules)?;
    let (holds, otherwise) = match rule {
        0 => {
            let user = node.get("user")?.count(0, scene.users() - 1)?;
            let silent = targets.is_some() && radius > 0.0 && silenced(scene, user, radius);
            (silent, format!("no error silences user {user}"))
        }
        1 => {
            let why = "targets that share a steering vector do not exceed the bound";
            (coincident(scene), why.into())
        }
        _ => {
            let users = node.get("users")?.items()?;
            let last = scene.users() - 1;
            let users: Result<Vec<usize>, Error> =
                users.iter().map(|user| user.count(0, last)).collect();
            let users = users?;
            let loaded = targets.is_some_and(|targets| overloaded(scene, &users, targets));
            (
                loaded,
                format!("users {users:?} do not contradict each other"),
            )
        }
    };
    Ok(if holds {
        Ok(rules[rule].into())
    } else {
        Err(otherwise)
    })
}

/// Decoding position of a user.
fn position(scene: &Scene, user: usize) -> Option<usize> {
    (0..scene.users()).find(|&p| scene.user(p) == user)
}

/// Whether a channel is not longer than the radius.
fn silenced(scene: &Scene, user: usize, radius: f64) -> bool {
    let Some(p) = position(scene, user) else {
        return false;
    };
    let h = scene.channels();
    let excess = (0..h.nrows()).fold(Exact::from(0.0).plus_product(radius, -radius), |sum, n| {
        let z = h[(n, p)];
        sum.plus_product(z.re, z.re).plus_product(z.im, z.im)
    });
    excess.sign() != Ordering::Greater
}

/// Whether `n P_s^2 > xi M (M - 1) / 2` with `n` pairs of equal steering vectors.
fn coincident(scene: &Scene) -> bool {
    let (a, sensing) = (scene.steering(), scene.sensing());
    let Some(xi) = sensing.cross_correlation else {
        return false;
    };
    let pairs = scene.target_pairs();
    let equal = |p: usize, m: usize| (0..a.nrows()).all(|n| a[(n, p)] == a[(n, m)]);
    let count = pairs.iter().filter(|&&(p, m)| equal(p, m)).count();
    let left = Exact::from(0.0).plus_product(sensing.floor, sensing.floor);
    let left = left
        .times(count as f64)
        .plus_product(-xi, pairs.len() as f64);
    left.sign() == Ordering::Greater
}

/// Whether users whose channels are multiples of each other, with no message removed, ask for a sum of
/// `gamma / (1 + gamma)` of one or more.
fn overloaded(scene: &Scene, users: &[usize], targets: &[f64]) -> bool {
    let positions: Vec<usize> = users.iter().filter_map(|&u| position(scene, u)).collect();
    let once = |p: &usize| positions.iter().filter(|q| *q == p).count() == 1;
    if scene.mode().sic != SicSet::Linear || positions.is_empty() || !positions.iter().all(once) {
        return false;
    }
    let h = scene.channels();
    let minor = |n: usize, m: usize, i: usize, j: usize| {
        let (a, b, c, d) = (h[(n, i)], h[(m, j)], h[(n, j)], h[(m, i)]);
        let zero = || Exact::from(0.0);
        let re = zero().plus_product(a.re, b.re).plus_product(-a.im, b.im);
        let re = re.plus_product(-c.re, d.re).plus_product(c.im, d.im);
        let im = zero().plus_product(a.re, b.im).plus_product(a.im, b.re);
        let im = im.plus_product(-c.re, d.im).plus_product(-c.im, d.re);
        re.sign() == Ordering::Equal && im.sign() == Ordering::Equal
    };
    let first = positions[0];
    let rows = || 0..h.nrows();
    let parallel = |j: usize| rows().all(|n| rows().all(|m| minor(n, m, first, j)));
    // sum_k gamma_k prod_{i != k} (1 + gamma_i) >= prod_i (1 + gamma_i), exactly.
    let product = |without: Option<usize>| {
        let kept = positions.iter().filter(|&&i| Some(i) != without);
        kept.fold(Exact::from(1.0), |x, &i| x.times(targets[i]).plus(&x))
    };
    let excess = positions.iter().fold(product(None).times(-1.0), |sum, &k| {
        sum.plus(&product(Some(k)).times(targets[k]))
    });
    positions.iter().all(|&j| parallel(j)) && excess.sign() != Ordering::Less
}
