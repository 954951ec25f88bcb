//! The relaxation of one box as a semidefinite program over the rows known so far.

use super::cut::{Cut, Multipliers, P, Row, T, Z};
use super::data::Data;
use crate::Error;
use isac_linalg::{ColRef, Mat, c64, ops};
use isac_opt::conic::{
    self, Affine, MatrixVar, Outcome, Program, Row as Handle, ScalarVar, Solution,
};
use isac_opt::global::Cell;

/// Tangents of the logarithm over a box.
const TANGENTS: usize = 6;

/// The optimum of a relaxation.
pub(super) struct Point {
    pub(super) data: Mat<c64>,
    pub(super) beam: Vec<c64>,
    pub(super) sensing: Mat<c64>,
    pub(super) streams: Mat<c64>,
    pub(super) p: f64,
    pub(super) square: f64,
    pub(super) z: f64,
    pub(super) t: f64,
    pub(super) beta: f64,
    /// Bits and power of it.
    pub(super) rate: f64,
    pub(super) power: f64,
    /// With the free split the users' shares of the common rate, and what it lacks for them, bps/Hz.
    pub(super) shares: Option<(Vec<f64>, f64)>,
}

/// The variables; those of the box count from its lower sides.
struct Variables {
    /// `[W_bo w_bo; w_bo^H 1]`.
    data: MatrixVar,
    sensing: MatrixVar,
    streams: Vec<MatrixVar>,
    p: ScalarVar,
    square: ScalarVar,
    z: ScalarVar,
    t: ScalarVar,
    beta: ScalarVar,
    rate: ScalarVar,
    elastic: ScalarVar,
    /// Lower sides.
    low: [f64; 3],
}

fn padded(x: &[c64]) -> Vec<c64> {
    let mut out = x.to_vec();
    out.push(c64::ZERO);
    out
}

impl Variables {
    fn new(program: &mut Program, data: &Data, cell: &Cell) -> Self {
        let (m1, m2) = data.antennas();
        let low = cell.lower();
        Self {
            data: program.psd("W_bo", m1 + 1),
            sensing: program.psd("W_ta", m1),
            streams: (0..data.streams).map(|_| program.psd("O", m2)).collect(),
            p: program.nonneg("p"),
            square: program.nonneg("S"),
            z: program.nonneg("z"),
            t: program.nonneg("t"),
            beta: program.nonneg("beta"),
            rate: program.nonneg("u"),
            elastic: program.nonneg("e"),
            low: [low[P], low[Z], low[T]],
        }
    }

    /// The last coordinate of the block of `w_bo`.
    fn unit(&self) -> Vec<c64> {
        let mut unit = vec![c64::ZERO; self.data.order()];
        if let Some(last) = unit.last_mut() {
            *last = c64::ONE;
        }
        unit
    }

    /// A row as an expression.
    fn express(&self, row: &Row) -> Affine {
        let unit = self.unit();
        let mut out = Affine::constant(
            row.constant + row.p * self.low[0] + row.z * self.low[1] + row.t * self.low[2],
        );
        for (weight, x) in &row.data {
            out += self.data.quadratic(ColRef::from_slice(&padded(x))) * *weight;
        }
        for (weight, x) in &row.sensing {
            out += self.sensing.quadratic(ColRef::from_slice(x)) * *weight;
        }
        for (k, weight, x) in &row.streams {
            out += self.streams[*k].quadratic(ColRef::from_slice(x)) * *weight;
        }
        if let Some(c) = &row.linear {
            let c = padded(c);
            out += self
                .data
                .cross(ColRef::from_slice(&c), ColRef::from_slice(&unit))
                .re
                * 2.0;
        }
        out += self.powers(row.power);
        for (weight, variable) in [
            (row.p, self.p),
            (row.square, self.square),
            (row.z, self.z),
            (row.t, self.t),
            (row.beta, self.beta),
        ] {
            if weight != 0.0 {
                out += variable * weight;
            }
        }
        if row.elastic {
            out += Affine::from(self.elastic);
        }
        out
    }

    fn powers(&self, weights: [f64; 3]) -> Affine {
        let mut out = Affine::default();
        if weights[0] != 0.0 {
            // The corner is 1.
            out += (self.data.trace() - Affine::constant(1.0)) * weights[0];
        }
        if weights[1] != 0.0 {
            out += self.sensing.trace() * weights[1];
        }
        if weights[2] != 0.0 {
            out += self
                .streams
                .iter()
                .map(|o| o.trace() * weights[2])
                .sum::<Affine>();
        }
        out
    }
}

/// Multipliers and the point of a program, with its iterations.
pub(super) struct Solved {
    pub(super) multipliers: Multipliers,
    pub(super) point: Point,
    pub(super) iterations: usize,
}

/// A line `offset + slope (x - low)`.
#[derive(Clone, Copy)]
struct Line {
    slope: f64,
    offset: f64,
}

/// The chord of a function on a side.
fn chord(f: impl Fn(f64) -> f64, low: f64, high: f64) -> Line {
    let width = high - low;
    let slope = if width > 0.0 {
        (f(high) - f(low)) / width
    } else {
        0.0
    };
    Line {
        slope,
        offset: f(low),
    }
}

/// The handles of a program's rows.
struct Handles {
    /// With the slopes of the tangents.
    tangents: Vec<(f64, Handle)>,
    fixed: Vec<Handle>,
    cuts: Vec<Handle>,
    /// Of the two logarithms.
    chords: [Line; 2],
}

/// The program at an efficiency; `None` where the solver has no multipliers.
pub(super) fn solve(
    data: &Data,
    cell: &Cell,
    cuts: &[Cut],
    eta: f64,
) -> Result<Option<Solved>, Error> {
    let mut program = Program::new();
    let variables = Variables::new(&mut program, data, cell);
    let handles = constrain(&mut program, data, cell, cuts, &variables);
    let v = &variables;
    let pay = |k: usize| if data.counted[k] { -eta } else { 0.0 };
    let [z, t] = handles.chords.map(|line| line.slope);
    let spent = v.powers([pay(0), pay(0), pay(1)]);
    program.maximise(Affine::from(v.rate) - v.z * z - v.t * t - v.elastic * data.price + spent);
    let options = conic::Options {
        tolerance: 1e-8,
        max_iterations: 60,
        extend: false,
        ..conic::Options::default()
    };
    let solution = match program.solve(&options) {
        Ok(Outcome::Solved(solution) | Outcome::Inaccurate(solution)) => solution,
        Ok(Outcome::Unknown(unknown)) => match unknown.last {
            Some(last) => *last,
            None => return Ok(None),
        },
        // Nothing that a bound could be made of; data beyond the range of `f64`.
        Ok(
            Outcome::Infeasible(_)
            | Outcome::NoPointBelow(_)
            | Outcome::Unbounded(_)
            | Outcome::NoMultipliersBelow(_)
            | Outcome::IllPosed(_),
        )
        | Err(_) => return Ok(None),
    };
    Ok(Some(Solved {
        multipliers: multipliers(&solution, &handles, cell, cuts)?,
        point: point(&solution, &handles, data, v)?,
        iterations: solution.iterations,
    }))
}

/// The sides of the box, chords and tangents of the rate, the rows.
fn constrain(
    program: &mut Program,
    data: &Data,
    cell: &Cell,
    cuts: &[Cut],
    v: &Variables,
) -> Handles {
    let (low, high) = (cell.lower(), cell.upper());
    let corner = v.unit();
    program.equal("corner", v.data.quadratic(ColRef::from_slice(&corner)), 1.0);
    for (k, variable) in [(P, v.p), (Z, v.z), (T, v.t)] {
        program.at_most("side", variable, high[k] - low[k]);
    }
    // S <= (p_l + p_u) p - p_l p_u with p from p_l on.
    let line = v.p * (low[P] + high[P]) - v.square;
    program.at_least("chord", line, -low[P] * low[P]);
    let scale = 1.0 / std::f64::consts::LN_2;
    let (first, last) = totals(cell);
    let ratio = (last / first).powf(1.0 / (TANGENTS - 1) as f64);
    let mut tangent = |i: usize| {
        let m = 1.0 / (first * ratio.powi(i as i32));
        let line = (v.z + v.square) * (scale * m);
        let at = scale * (m * low[Z] - m.ln() - 1.0);
        (m, program.at_least("tangent", line - v.rate, -at))
    };
    let tangents = (0..TANGENTS).map(&mut tangent).collect();
    let rows = data.rows(cell, cuts.iter());
    let mut handles = |rows: &[Row]| -> Vec<Handle> {
        let row = |row| program.at_least("row", v.express(row), 0.0);
        rows.iter().map(row).collect()
    };
    Handles {
        tangents,
        fixed: handles(&rows.fixed),
        cuts: handles(&rows.cuts),
        chords: [
            chord(|z| scale * z.ln(), low[Z], high[Z]),
            chord(|t| scale * t.ln_1p(), low[T], high[T]),
        ],
    }
}

/// Least and greatest `z + p^2` of a box.
fn totals(cell: &Cell) -> (f64, f64) {
    let total = |side: &[f64]| side[P] * side[P] + side[Z];
    (total(cell.lower()), total(cell.upper()))
}

/// The multipliers, with the one tangent that is better than the mixture.
fn multipliers(
    solution: &Solution,
    handles: &Handles,
    cell: &Cell,
    cuts: &[Cut],
) -> Result<Multipliers, Error> {
    let y = |handle: &Handle| {
        let y = solution.multipliers.row(*handle)?;
        Ok::<_, Error>(if y > 0.0 { y } else { 0.0 })
    };
    let mut m = 0.0;
    for (slope, handle) in &handles.tangents {
        m += slope * y(handle)?;
    }
    let mut all = Vec::with_capacity(cuts.len());
    for (cut, handle) in cuts.iter().zip(&handles.cuts) {
        all.push((cut.clone(), y(handle)?));
    }
    Ok(Multipliers {
        m: if m > 0.0 { m } else { 1.0 / totals(cell).1 },
        fixed: handles.fixed.iter().map(y).collect::<Result<_, _>>()?,
        cuts: all,
    })
}

fn point(
    solution: &Solution,
    handles: &Handles,
    data: &Data,
    v: &Variables,
) -> Result<Point, Error> {
    let (m1, m2) = data.antennas();
    let whole = solution.matrix(v.data)?;
    let sensing = solution.matrix(v.sensing)?.clone();
    let each = v.streams.iter().map(|o| Ok(solution.matrix(*o)?.clone()));
    let each: Vec<Mat<c64>> = each.collect::<Result<_, Error>>()?;
    let mut streams = Mat::zeros(m2, m2);
    for o in &each {
        ops::axpy(streams.as_mut(), 1.0, o.as_ref());
    }
    let power1: f64 = (0..m1).map(|i| whole[(i, i)].re + sensing[(i, i)].re).sum();
    let power2: f64 = (0..m2).map(|i| streams[(i, i)].re).sum();
    let count = |k: usize, power: f64| if data.counted[k] { power } else { 0.0 };
    let [p, z, t] = [v.p, v.z, v.t].map(|variable| solution.scalar(variable));
    let (p, z, t) = (p?, z?, t?);
    let at = |line: Line, x: f64| line.offset + line.slope * x;
    let lost = at(handles.chords[0], z) + at(handles.chords[1], t);
    let data_form = Mat::from_fn(m1, m1, |i, j| whole[(i, j)]);
    Ok(Point {
        shares: data.shares([&data_form, &sensing], &each),
        data: data_form,
        beam: (0..m1).map(|i| whole[(i, m1)]).collect(),
        sensing,
        streams,
        p: v.low[P] + p,
        square: solution.scalar(v.square)?,
        z: v.low[Z] + z,
        t: v.low[T] + t,
        beta: solution.scalar(v.beta)?,
        rate: solution.scalar(v.rate)? - lost - data.price * solution.scalar(v.elastic)?,
        power: count(0, power1) + count(1, power2) + data.fixed,
    })
}
