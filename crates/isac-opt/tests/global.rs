//! Branch and bound on textbook problems with known optima; the leaves are a proof.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use isac_opt::conic::{Outcome, Program};
use isac_opt::global::{Answer, Cell, Node, Options, Stop, maximise};
use isac_opt::{Col, c64, conic, ops};
use std::convert::Infallible;

/// Volume of the leaves over that of the domain, and the largest of their bounds.
fn leaves<X, P>(answer: &Answer<X, P>, domain: &Cell) -> (f64, f64) {
    let volume = |cell: &Cell| -> f64 {
        let sides = cell.lower().iter().zip(cell.upper());
        sides.map(|(l, h)| h - l).product()
    };
    let sum: f64 = answer.leaves.iter().map(|leaf| volume(&leaf.cell)).sum();
    let bounds = answer.leaves.iter().map(|leaf| leaf.bound);
    (
        sum / volume(domain),
        bounds.fold(f64::NEG_INFINITY, f64::max),
    )
}

/// The largest `sum_i (x_i - c_i)^2` on a box is at the corner away from the `c_i`. On a box each
/// square lies below its chord.
#[test]
fn a_convex_function_has_its_maximum_at_a_corner() {
    let centre = [0.3, -0.2, 1.7];
    let domain = Cell::new(vec![-1.0; 3], vec![2.0; 3]).unwrap();
    let value = |x: &[f64]| -> f64 { x.iter().zip(centre).map(|(x, c)| (x - c).powi(2)).sum() };
    let bound = |cell: &Cell, _: Option<&()>, _: f64| {
        let corner = |i: usize| {
            let (low, high) = (cell.lower()[i], cell.upper()[i]);
            if (low - centre[i]).abs() > (high - centre[i]).abs() {
                low
            } else {
                high
            }
        };
        let point: Vec<f64> = (0..3).map(corner).collect();
        let split = Some((0, 0.5 * (cell.lower()[0] + cell.upper()[0])));
        let (bound, candidate) = (value(&point), Some((value(&point), point)));
        Ok::<_, Infallible>(Node {
            bound,
            proof: (),
            split,
            candidate,
        })
    };
    let options = Options {
        gap: 1e-12,
        nodes: 100,
    };
    let answer = maximise(domain, None, &options, bound, |_| true).unwrap();
    let expected = 1.7_f64.powi(2) + 2.2_f64.powi(2) + 2.7_f64.powi(2);
    assert!((answer.bound - expected).abs() < 1e-14 * expected);
    assert_eq!(answer.best.unwrap().1, [2.0, 2.0, -1.0]);
    assert_eq!((answer.nodes, answer.stopped), (1, Stop::Gap));
}

/// `min -x + x y - y` subject to `-6 x + 8 y <= 3`, `3 x - y <= 3` on `[0, 5]^2`: -13/12 at (7/6, 1/2)
/// (Al-Khayyal and Falk, 1983). `x y` is replaced by its convex envelope on the box, two linear rows.
#[test]
fn a_bilinear_program_of_the_textbooks() {
    let domain = Cell::new(vec![0.0; 2], vec![5.0; 2]).unwrap();
    let feasible = |x: f64, y: f64| -6.0 * x + 8.0 * y <= 3.0 && 3.0 * x - y <= 3.0;
    let bound = |cell: &Cell, _: Option<&f64>, _: f64| {
        let (l, h) = (cell.lower(), cell.upper());
        let mut program = Program::new();
        let [x, y, w] = ["x", "y", "w"].map(|name| program.nonneg(name));
        for (name, v, i) in [("x", x, 0), ("y", y, 1)] {
            program.at_least(format!("low {name}"), v, l[i]);
            program.at_most(format!("high {name}"), v, h[i]);
        }
        program.at_most("first", y * 8.0 - x * 6.0, 3.0);
        program.at_most("second", x * 3.0 - y, 3.0);
        program.at_least("below", w - x * l[1] - y * l[0], -l[0] * l[1]);
        program.at_least("above", w - x * h[1] - y * h[0], -h[0] * h[1]);
        program.at_most("product", w, h[0] * h[1]);
        program.maximise(x + y - w);
        let wide = usize::from(h[1] - l[1] > h[0] - l[0]);
        let middle = 0.5 * (l[wide] + h[wide]);
        let node = match program.solve(&conic::Options::default()).unwrap() {
            Outcome::Solved(solution) => {
                let (x, y) = (solution.scalar(x).unwrap(), solution.scalar(y).unwrap());
                let candidate = feasible(x, y).then_some((x + y - x * y, (x, y)));
                let bound = solution.bound.unwrap();
                Node {
                    bound,
                    proof: bound,
                    split: Some((wide, middle)),
                    candidate,
                }
            }
            Outcome::Infeasible(_) => Node {
                bound: f64::NEG_INFINITY,
                proof: f64::NEG_INFINITY,
                split: None,
                candidate: None,
            },
            other => panic!("{other:?}"),
        };
        Ok::<_, Infallible>(node)
    };
    let options = Options {
        gap: 1e-4,
        nodes: 2000,
    };
    let answer = maximise(domain.clone(), None, &options, bound, |_| true).unwrap();
    let optimum = 13.0 / 12.0;
    assert!(
        answer.bound >= optimum - 1e-7 && answer.bound <= optimum + 2e-4,
        "{}",
        answer.bound
    );
    let (value, (x, y)) = answer.best.unwrap();
    assert!(value <= optimum + 1e-7 && value >= optimum - 2e-4);
    assert!((x - 7.0 / 6.0).abs() < 0.05 && (y - 0.5).abs() < 0.05);
    assert_eq!(answer.stopped, Stop::Gap);
}

/// The largest `min_k |h_k^H w|^2` over `|w| = 1` with two antennas, `w = (cos a, sin a e^(i p))`,
/// against a grid. On a box every `|h_k^H w|` grows by at most `|h_k|` times what `w` can move.
#[test]
fn two_antennas_to_many_users_as_on_a_grid() {
    let channels: Vec<Col<c64>> = (0..5)
        .map(|k| {
            let k = f64::from(k);
            Col::from_fn(2, |i| {
                c64::cis(1.3 * k * k + 0.4 * i as f64) * (1.0 + 0.3 * (k - i as f64))
            })
        })
        .collect();
    let beam =
        |a: f64, p: f64| Col::from_fn(2, |i| [c64::new(a.cos(), 0.0), c64::cis(p) * a.sin()][i]);
    let least = |a: f64, p: f64| {
        let w = beam(a, p);
        let heard = channels
            .iter()
            .map(|h| ops::dot(h.as_ref(), w.as_ref()).norm());
        heard.fold(f64::INFINITY, f64::min)
    };
    let domain = Cell::new(
        vec![0.0; 2],
        vec![std::f64::consts::FRAC_PI_2, std::f64::consts::TAU],
    )
    .unwrap();
    let bound = |cell: &Cell, _: Option<&()>, _: f64| {
        let middle = [0, 1].map(|i| 0.5 * (cell.lower()[i] + cell.upper()[i]));
        let half = [0, 1].map(|i| 0.5 * (cell.upper()[i] - cell.lower()[i]));
        // |d w| <= |d a| + sin a |d p|.
        let reach = half[0] + cell.upper()[0].sin() * half[1];
        let w = beam(middle[0], middle[1]);
        let most = channels.iter().map(|h| {
            ops::dot(h.as_ref(), w.as_ref()).norm() + ops::norm2(h.as_ref().as_mat()).sqrt() * reach
        });
        let axis = usize::from(half[1] * cell.upper()[0].sin() > half[0]);
        Ok::<_, Infallible>(Node {
            bound: most.fold(f64::INFINITY, f64::min),
            proof: (),
            split: Some((axis, middle[axis])),
            candidate: Some((least(middle[0], middle[1]), middle)),
        })
    };
    let options = Options {
        gap: 2e-3,
        nodes: 200_000,
    };
    let answer = maximise(domain.clone(), None, &options, bound, |_| true).unwrap();
    let mut grid: f64 = 0.0;
    for i in 0..400 {
        for j in 0..1600 {
            let (a, p) = (
                f64::from(i) / 399.0 * std::f64::consts::FRAC_PI_2,
                f64::from(j) / 1600.0 * std::f64::consts::TAU,
            );
            grid = grid.max(least(a, p));
        }
    }
    let value = answer.best.as_ref().unwrap().0;
    assert!(
        answer.bound >= grid && value >= grid - 2e-3,
        "{value} {grid}"
    );
    assert!(answer.bound <= value + 2e-3);
    let (volume, most) = leaves(&answer, &domain);
    assert!((volume - 1.0).abs() < 1e-9);
    assert!(most.total_cmp(&answer.bound).is_eq());
}

/// A start that is already best, a limit, a stop from outside, a box that cannot be split: what was
/// proved until then stands.
#[test]
fn limits_keep_what_is_proved() {
    let domain = Cell::new(vec![0.0], vec![1.0]).unwrap();
    // x (1 - x), at most the product of the largest factors.
    let examine = |split: bool| {
        move |cell: &Cell, _: Option<&()>, _: f64| {
            let (l, h) = (cell.lower()[0], cell.upper()[0]);
            let split = split.then_some((0, 0.5 * (l + h)));
            Ok::<_, Infallible>(Node {
                bound: h * (1.0 - l),
                proof: (),
                split,
                candidate: None,
            })
        }
    };
    let run = |nodes: usize, split: bool, until: usize| {
        let options = Options { gap: 1e-3, nodes };
        let best = Some((0.25, 0.5));
        let watch = |p: &isac_opt::global::Progress| p.nodes < until;
        let answer = maximise(domain.clone(), best, &options, examine(split), watch).unwrap();
        let (volume, most) = leaves(&answer, &domain);
        assert!((volume - 1.0).abs() < 1e-12);
        assert!(most.total_cmp(&answer.bound).is_eq() && answer.bound >= 0.25);
        (answer.stopped, answer.nodes)
    };
    assert_eq!(run(51, true, usize::MAX), (Stop::Nodes, 51));
    assert_eq!(run(1000, true, 21), (Stop::Asked, 21));
    assert_eq!(run(1000, false, usize::MAX), (Stop::Unsplit, 1));
    assert_eq!(run(10_000, true, usize::MAX).0, Stop::Gap);
    assert!(Cell::new(vec![1.0], vec![0.0]).is_err());
    assert!(Cell::new(vec![f64::NAN], vec![0.0]).is_err());
    assert!(domain.split(0, 1.0).is_none() && domain.split(1, 0.5).is_none());
}

/// Of boxes with the same bound the oldest is split first: the search goes level by level.
#[test]
fn ties_go_to_the_oldest() {
    let domain = Cell::new(vec![0.0], vec![1.0]).unwrap();
    let mut seen = Vec::new();
    let examine = |cell: &Cell, _: Option<&()>, _: f64| {
        let (l, h) = (cell.lower()[0], cell.upper()[0]);
        seen.push(h - l);
        let split = Some((0, 0.5 * (l + h)));
        Ok::<_, Infallible>(Node {
            bound: 1.0,
            proof: (),
            split,
            candidate: None::<(f64, ())>,
        })
    };
    let options = Options {
        gap: 0.5,
        nodes: 15,
    };
    maximise(domain, Some((0.0, ())), &options, examine, |_| true).unwrap();
    let widths = [1.0, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25];
    assert_eq!(seen[..7], widths);
    assert!(seen[7..].iter().all(|w| (*w - 0.125).abs() < 1e-15) && seen.len() == 15);
}
