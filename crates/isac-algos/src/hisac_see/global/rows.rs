//! The rows of a box.

use super::super::problem::square;
use super::cut::{Cut, Kind, PORTIONS, Row, Rows, T};
use super::data::{Data, Needs};
use isac_linalg::{ColRef, Mat, c64, ops};
use isac_opt::global::Cell;
use std::f64::consts::LN_2;

impl Data {
    /// All rows on a box.
    pub(super) fn rows<'a>(&self, cell: &Cell, cuts: impl Iterator<Item = &'a Cut>) -> Rows {
        Rows {
            fixed: self.fixed_rows(cell),
            cuts: cuts.map(|cut| self.cut(cut, cell)).collect(),
        }
    }

    /// Limits of both powers, least SINR, both beams towards Bob, echo, users.
    fn fixed_rows(&self, cell: &Cell) -> Vec<Row> {
        let limit = |power: [f64; 3], constant| Row {
            power,
            constant,
            ..Row::default()
        };
        let mut rows = vec![
            limit([-1.0, -1.0, 0.0], self.limits[0]),
            limit([0.0, 0.0, -1.0], self.limits[1]),
            Row {
                square: 1.0,
                z: -self.least(cell.lower()[T]),
                elastic: true,
                ..Row::default()
            },
        ];
        let (h, r2) = (&self.h_bo.centre, self.h_bo.radius.powi(2));
        let [data, sensing] = self.straight();
        if data {
            rows.push(Row {
                data: vec![(1.0, h.clone())],
                power: [-r2, 0.0, 0.0],
                elastic: true,
                ..Row::default()
            });
        }
        if sensing {
            rows.push(Row {
                sensing: vec![(1.0, h.clone())],
                power: [0.0, -r2, 0.0],
                elastic: true,
                ..Row::default()
            });
        }
        let lit = vec![(self.light, self.h_ta.clone())];
        rows.push(Row {
            data: if self.both { lit.clone() } else { Vec::new() },
            sensing: lit,
            constant: -self.gamma,
            elastic: true,
            ..Row::default()
        });
        self.user_rows(cell, &mut rows);
        rows
    }

    /// What the users need, see [`Needs`].
    fn user_rows(&self, cell: &Cell, rows: &mut Vec<Row>) {
        let user = |n: usize, wanted: &[usize], others: &[usize], need: f64| {
            let (g, h) = (&self.g_users[n], &self.h_users[n]);
            let term = |weight: f64| move |k: &usize| (*k, weight, g.clone());
            let mut streams: Vec<_> = wanted.iter().map(term(1.0)).collect();
            streams.extend(others.iter().map(term(-need)));
            Row {
                data: vec![(-need, h.clone())],
                sensing: vec![(-need, h.clone())],
                streams,
                constant: -need * (1.0 + self.isotropic * square(h)),
                elastic: true,
                ..Row::default()
            }
        };
        match &self.needs {
            Needs::Sinrs(list) => rows.extend(
                list.iter()
                    .map(|(n, stream, others, need)| user(*n, &[*stream], others, *need)),
            ),
            Needs::Free(rate) => {
                let users = self.g_users.len();
                let shares = &cell.lower()[PORTIONS..];
                let low: f64 = shares.iter().sum();
                for n in 0..users {
                    let all: Vec<usize> = (1..=users).collect();
                    let others: Vec<usize> = (1..=users).filter(|k| *k != n + 1).collect();
                    let alone = (rate - cell.upper()[PORTIONS + n]).max(0.0);
                    rows.push(user(
                        n,
                        &[0, n + 1],
                        &others,
                        (rate + low - shares[n]).exp2() - 1.0,
                    ));
                    rows.push(user(n, &[0], &all, low.exp2() - 1.0));
                    rows.push(user(n, &[n + 1], &others, alone.exp2() - 1.0));
                }
            }
        }
    }

    /// The shares of the common rate that covariances need with the free split, and what it lacks for them.
    pub(super) fn shares(
        &self,
        bs1: [&Mat<c64>; 2],
        streams: &[Mat<c64>],
    ) -> Option<(Vec<f64>, f64)> {
        let Needs::Free(rate) = self.needs else {
            return None;
        };
        let form = |a: &Mat<c64>, x: &[c64]| {
            ops::quadratic_form(a.as_ref(), ColRef::from_slice(x)).max(0.0)
        };
        let mut common = f64::INFINITY;
        let mut shares = Vec::new();
        for (n, (g, h)) in self.g_users.iter().zip(&self.h_users).enumerate() {
            let noise = 1.0 + self.isotropic * square(h) + form(bs1[0], h) + form(bs1[1], h);
            let seen: Vec<f64> = streams.iter().map(|o| form(o, g)).collect();
            let private: f64 = seen[1..].iter().sum();
            common = common.min((seen[0] / (private + noise)).ln_1p() / LN_2);
            let alone = (seen[n + 1] / (private - seen[n + 1] + noise)).ln_1p() / LN_2;
            shares.push((rate - alone).max(0.0));
        }
        let missing = shares.iter().sum::<f64>() - common;
        Some((shares, missing.max(0.0)))
    }

    /// The row of a cut.
    fn cut(&self, cut: &Cut, cell: &Cell) -> Row {
        let (gamma, ball) = (self.gamma, self.ball(cut.kind));
        let x = ball.at(&cut.error);
        let heard = 1.0 + self.isotropic * square(&x);
        let streams = |weight: f64| (0..self.streams).map(|k| (k, weight, x.clone())).collect();
        let term = |weight: f64| vec![(weight, x.clone())];
        let row = Row {
            elastic: true,
            ..Row::default()
        };
        match cut.kind {
            Kind::Signal => Row {
                data: term(1.0),
                square: -1.0,
                elastic: false,
                ..row
            },
            Kind::Amplitude => Row {
                linear: Some(x.iter().map(|x| x * 0.5).collect()),
                p: -1.0,
                elastic: false,
                ..row
            },
            Kind::Interference => Row {
                streams: streams(-1.0),
                z: 1.0,
                constant: -self.noise,
                ..row
            },
            Kind::Jamming => Row {
                streams: streams(1.0),
                beta: -1.0,
                ..row
            },
            Kind::Eavesdropping => {
                let v2 = cut.slope.norm_sqr();
                Row {
                    sensing: term(v2),
                    linear: Some(x.iter().map(|x| -x * cut.slope).collect()),
                    t: 1.0,
                    beta: v2,
                    constant: v2 * heard,
                    elastic: false,
                    ..row
                }
            }
            Kind::Leak => {
                let t = cell.upper()[T];
                Row {
                    data: term(-1.0),
                    sensing: term(t),
                    beta: t,
                    constant: t * heard,
                    ..row
                }
            }
            Kind::SensingAtEve => Row {
                data: term(gamma),
                sensing: term(-1.0),
                beta: gamma,
                constant: gamma * heard,
                ..row
            },
            Kind::OrderAtEve | Kind::OrderAtBob => Row {
                data: term(-1.0),
                sensing: term(1.0),
                ..row
            },
            Kind::SensingAtBob => Row {
                data: term(-gamma),
                sensing: term(1.0),
                z: -gamma,
                ..row
            },
        }
    }
}
