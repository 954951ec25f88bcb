//! Problem P1, Eq. (19) of [hisac_see] with its corrections, for every access scheme.

use crate::Error;
use isac_linalg::{Mat, c64, validate};
use isac_metrics::energy::Accounting;
use isac_metrics::rsma::{self, Decoding};
use isac_metrics::scnr::{Clutter, ReceiveFilter};
use isac_metrics::secrecy::BeamsRef;
use isac_models::two_cell::{Bases, TwoCell};
use serde::{Deserialize, Serialize};

/// How BS2 serves its users.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Rate splitting; the common rate is shared freely: `C_n + R_n >= I_p + I_c / N`,
    /// `sum C_n <= R_c`. Contains SDMA.
    #[default]
    RsmaFree,
    /// Rate splitting as printed: `R_c >= I_c` and `R_n >= I_p`.
    RsmaFixed,
    /// Space division: private streams only.
    Sdma,
    /// Power-domain NOMA with successive decoding by channel norm.
    Noma,
    /// Time division: one slot per user, BS1's beams common to all.
    #[serde(rename = "oma")]
    Tdma,
}

impl Access {
    /// All schemes, the default first.
    pub const ALL: [Self; 5] = [
        Self::RsmaFree,
        Self::RsmaFixed,
        Self::Sdma,
        Self::Noma,
        Self::Tdma,
    ];

    /// Name in result files.
    pub fn name(self) -> &'static str {
        match self {
            Self::RsmaFree => "rsma_free",
            Self::RsmaFixed => "rsma_fixed",
            Self::Sdma => "sdma",
            Self::Noma => "noma",
            Self::Tdma => "oma",
        }
    }

    /// Number of streams for `users` users; with rate splitting the first one is common.
    pub fn streams(self, users: usize) -> usize {
        match self {
            Self::RsmaFree | Self::RsmaFixed => users + 1,
            Self::Sdma | Self::Noma | Self::Tdma => users,
        }
    }

    /// Number of slots.
    pub fn slots(self, users: usize) -> usize {
        match self {
            Self::Tdma => users,
            _ => 1,
        }
    }
}

/// What a user of a unicast scheme must get. The paper does not say; rankings depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserTarget {
    /// `I_p + I_c / N`: the same total user rate as rate splitting.
    #[default]
    Split,
    /// `I_p + I_c`: every user needs the common content and unicast repeats it.
    Multicast,
}

impl UserTarget {
    /// Both readings, the default first.
    pub const ALL: [Self; 2] = [Self::Split, Self::Multicast];

    /// Name in documents and result files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Split => "split",
            Self::Multicast => "multicast",
        }
    }
}

/// What is maximised.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Objective {
    /// Secrecy energy efficiency, bps/Hz/W.
    #[default]
    EnergyEfficiency,
    /// Worst-case secrecy rate, bps/Hz.
    SecrecyRate,
    /// The SCNR; its threshold is not imposed.
    Scnr,
    /// `weight log2(1 + SCNR) + (1 - weight) R_S`.
    Weighted {
        /// Weight of the SCNR, in `[0, 1]`.
        weight: f64,
    },
}

impl Objective {
    /// Name in documents and result files.
    pub fn name(self) -> &'static str {
        match self {
            Self::EnergyEfficiency => "energy_efficiency",
            Self::SecrecyRate => "secrecy_rate",
            Self::Scnr => "scnr",
            Self::Weighted { .. } => "weighted",
        }
    }
}

/// Thresholds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Requirements {
    /// `gamma_th` of every SINR and SCNR constraint.
    pub sinr: f64,
    /// `I_S`, bps/Hz.
    pub secrecy_rate: f64,
    /// `I_c`, bps/Hz.
    pub common_rate: f64,
    /// `I_p`, bps/Hz.
    pub private_rate: f64,
}

impl Default for Requirements {
    fn default() -> Self {
        Self {
            sinr: 0.5,
            secrecy_rate: 1.0,
            common_rate: 1.0,
            private_rate: 1.0,
        }
    }
}

/// Which beams of BS1 count as illumination of the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Illumination {
    /// Data and sensing beam.
    #[default]
    Both,
    /// The sensing beam alone.
    SensingBeam,
}

/// The design problem.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Problem {
    /// Channels, SI units.
    pub cell: TwoCell,
    /// Mean square reflection `kappa2` of the target.
    pub reflection: f64,
    /// Power limit of BS1, W.
    pub power1_max: f64,
    /// Power limit of BS2 (in every slot), W.
    pub power2_max: f64,
    /// Circuit power, W.
    pub circuit_power: f64,
    /// Thresholds.
    pub requirements: Requirements,
    /// Access scheme of BS2.
    pub access: Access,
    /// Rate target of the unicast schemes.
    pub user_target: UserTarget,
    /// What is maximised.
    pub objective: Objective,
    /// Used or allocated power in the efficiency.
    pub accounting: Accounting,
    /// What the echo competes with.
    pub clutter: Clutter,
    /// Receive filter of BS1.
    pub filter: ReceiveFilter,
    /// Which beams illuminate.
    pub illumination: Illumination,
    /// Whether decoding order (19e), (19f) and `gamma_e,ta <= gamma_th` are imposed.
    pub ordering: bool,
    /// The users in the order in which their streams are decoded, for NOMA; by ascending channel norm if not
    /// given. No other scheme reads it.
    pub decoding_order: Option<Vec<usize>>,
    /// Isotropic artificial noise of BS1, W.
    pub artificial_noise: f64,
    /// The data beam if it is given and not designed, `M1`.
    #[serde(with = "isac_linalg::convert::serde::optional_vector")]
    pub frozen_bo: Option<Vec<c64>>,
    /// The sensing beam if it is given and not designed, `M1`.
    #[serde(with = "isac_linalg::convert::serde::optional_vector")]
    pub frozen_ta: Option<Vec<c64>>,
}

impl Problem {
    /// The paper's problem on a network: both limits and the circuit power in W.
    pub fn new(
        cell: TwoCell,
        reflection: f64,
        power1_max: f64,
        power2_max: f64,
        circuit_power: f64,
    ) -> Self {
        Self {
            cell,
            reflection,
            power1_max,
            power2_max,
            circuit_power,
            requirements: Requirements::default(),
            access: Access::default(),
            user_target: UserTarget::default(),
            objective: Objective::default(),
            accounting: Accounting::default(),
            clutter: Clutter::default(),
            filter: ReceiveFilter::default(),
            illumination: Illumination::default(),
            ordering: true,
            decoding_order: None,
            artificial_noise: 0.0,
            frozen_bo: None,
            frozen_ta: None,
        }
    }

    /// The same problem with powers, noise included, in units of `watts`, to 40 bits: less than any
    /// tolerance notices, and in whatever unit the powers came, the numbers are the same to the last bit.
    /// Rounding would decide between local optima otherwise.
    pub(crate) fn in_unit(&self, watts: f64) -> Self {
        let mut out = self.clone();
        for power in [
            &mut out.cell.noise,
            &mut out.power1_max,
            &mut out.power2_max,
            &mut out.circuit_power,
            &mut out.artificial_noise,
        ] {
            *power = rounded(*power / watts);
        }
        let accounting = &mut out.accounting;
        for allocated in [&mut accounting.allocated1, &mut accounting.allocated2] {
            *allocated = allocated.map(|power| rounded(power / watts));
        }
        for frozen in [&mut out.frozen_bo, &mut out.frozen_ta]
            .into_iter()
            .flatten()
        {
            let amplitude = watts.sqrt();
            let entry = |w: &c64| c64::new(rounded(w.re / amplitude), rounded(w.im / amplitude));
            *frozen = frozen.iter().map(entry).collect();
        }
        out
    }

    /// The same problem with all error sets scaled by `share > 0`.
    ///
    /// # Errors
    /// Error sets that do not scale.
    pub(crate) fn with_errors_scaled(&self, share: f64) -> Result<Self, Error> {
        let mut out = self.clone();
        let cell = &mut out.cell;
        for link in [&mut cell.h_bo, &mut cell.h_e, &mut cell.g_bo, &mut cell.g_e] {
            *link = link.with_error_scaled(share)?;
        }
        Ok(out)
    }

    /// A design with the beams that are given in place of its own.
    pub(crate) fn with_given(&self, mut design: Design) -> Design {
        let Design { w_bo, w_ta, .. } = &mut design;
        for (given, beam) in [(&self.frozen_bo, w_bo), (&self.frozen_ta, w_ta)] {
            if let Some(given) = given {
                beam.clone_from(given);
            }
        }
        design
    }

    /// Rate target of a unicast user, bps/Hz.
    pub fn unicast_rate(&self) -> f64 {
        let (common, private) = (
            self.requirements.common_rate,
            self.requirements.private_rate,
        );
        match (self.user_target, self.access) {
            (UserTarget::Multicast, Access::Sdma | Access::Noma | Access::Tdma) => private + common,
            _ => private + common / self.cell.users() as f64,
        }
    }

    /// The users in the order in which NOMA decodes their streams.
    pub fn users_in_order(&self) -> Vec<usize> {
        let stated = self.decoding_order.clone();
        stated.unwrap_or_else(|| rsma::by_channel_norm(self.cell.g_users.as_ref()))
    }

    /// The decodings of the access scheme with the SINR that each needs; `None` for the free split,
    /// where rates add up.
    pub(crate) fn decodings(&self) -> (Vec<Decoding>, Option<Vec<f64>>) {
        let n = self.cell.users();
        let needed = |rate: f64| rate.exp2() - 1.0;
        let unicast = needed(self.unicast_rate());
        match self.access {
            Access::RsmaFree => (rsma::rsma(n), None),
            Access::RsmaFixed => {
                let common = needed(self.requirements.common_rate);
                let private = needed(self.requirements.private_rate);
                (rsma::rsma(n), Some([common, private].repeat(n)))
            }
            Access::Sdma => (rsma::sdma(n), Some(vec![unicast; n])),
            Access::Noma => {
                let decodings = rsma::noma(&self.users_in_order());
                let count = decodings.len();
                (decodings, Some(vec![unicast; count]))
            }
            Access::Tdma => {
                let unicast = needed(n as f64 * self.unicast_rate());
                (rsma::tdma(n), Some(vec![unicast; n]))
            }
        }
    }

    /// Checks every field.
    ///
    /// # Errors
    /// The first field out of range, by name. A radius that reaches the norm of Bob's data channel
    /// is refused: his worst channel is then zero and no design serves him.
    pub fn check(&self) -> Result<(), Error> {
        self.cell.check()?;
        validate::nonnegative("kappa2", self.reflection, "")?;
        validate::positive("P1_max", self.power1_max, "W")?;
        validate::positive("P2_max", self.power2_max, "W")?;
        validate::nonnegative("circuit power", self.circuit_power, "W")?;
        validate::nonnegative("artificial noise", self.artificial_noise, "W")?;
        let r = &self.requirements;
        for (name, value) in [
            ("gamma_th", r.sinr),
            ("I_S", r.secrecy_rate),
            ("I_c", r.common_rate),
            ("I_p", r.private_rate),
        ] {
            validate::nonnegative(name, value, "")?;
        }
        for (name, allocated) in [
            ("allocated P1", self.accounting.allocated1),
            ("allocated P2", self.accounting.allocated2),
        ] {
            if let Some(watts) = allocated {
                validate::nonnegative(name, watts, "W")?;
            }
        }
        if let Objective::Weighted { weight } = self.objective
            && !(0.0..=1.0).contains(&weight)
        {
            return Err(isac_linalg::Error::range("weight", weight, "a number in [0, 1]").into());
        }
        for (name, frozen) in [
            ("frozen w_bo", &self.frozen_bo),
            ("frozen w_ta", &self.frozen_ta),
        ] {
            if let Some(beam) = frozen {
                validate::length(name, beam.len(), self.cell.antennas1())?;
            }
        }
        if let Some(order) = &self.decoding_order {
            let n = self.cell.users();
            validate::length("decoding_order", order.len(), n)?;
            if let Some(absent) = (0..n).find(|user| !order.contains(user)) {
                let (expected, got) = ("every user once", format!("user {absent} left out"));
                return Err(isac_linalg::Error::shape("decoding_order", expected, got).into());
            }
        }
        let squares: f64 = self.cell.h_bo.estimate.iter().map(|x| x.norm_sqr()).sum();
        if let Some(radius) = self.cell.h_bo.radius()
            && radius >= squares.sqrt()
        {
            return Err(isac_linalg::Error::range(
                "error radius of h_bo",
                radius,
                format!(
                    "less than |h_bo| = {:e}, else Bob's worst channel is zero",
                    squares.sqrt()
                ),
            )
            .into());
        }
        Ok(())
    }
}

/// The beams of a design.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Design {
    /// Data beam of BS1, `M1`, sqrt(W).
    #[serde(with = "isac_linalg::convert::serde::vector")]
    pub w_bo: Vec<c64>,
    /// Sensing beam of BS1, `M1`.
    #[serde(with = "isac_linalg::convert::serde::vector")]
    pub w_ta: Vec<c64>,
    /// Streams of BS2, one after another, `M2` entries each, the common one first.
    #[serde(with = "isac_linalg::convert::serde::vector")]
    pub streams: Vec<c64>,
}

impl Design {
    /// From the streams as columns, `M2 x K`.
    pub fn new(w_bo: Vec<c64>, w_ta: Vec<c64>, o: &Mat<c64>) -> Self {
        let streams = (0..o.ncols())
            .flat_map(|k| (0..o.nrows()).map(move |i| (i, k)))
            .map(|at| o[at])
            .collect();
        Self {
            w_bo,
            w_ta,
            streams,
        }
    }

    /// The streams as columns, `M2 x K`.
    pub fn stream_matrix(&self, antennas2: usize) -> Mat<c64> {
        Mat::from_fn(antennas2, self.streams.len() / antennas2, |i, k| {
            self.streams[k * antennas2 + i]
        })
    }

    /// Borrowed, with the slots of an access scheme.
    pub fn beams(&self, access: Access, users: usize) -> BeamsRef<'_> {
        BeamsRef {
            w_bo: &self.w_bo,
            w_ta: &self.w_ta,
            streams: &self.streams,
            streams_per_slot: access.streams(users) / access.slots(users),
        }
    }

    /// Power of BS1, W.
    pub fn power1(&self) -> f64 {
        square(&self.w_bo) + square(&self.w_ta)
    }

    /// Power of each slot of BS2, W.
    pub fn slot_powers(&self, slots: usize) -> Vec<f64> {
        let length = (self.streams.len() / slots.max(1)).max(1);
        self.streams.chunks_exact(length).map(square).collect()
    }

    /// All beams times `t`.
    pub(crate) fn scaled(&self, t: f64) -> Self {
        let times = |w: &[c64]| w.iter().map(|w| w * t).collect();
        Self {
            w_bo: times(&self.w_bo),
            w_ta: times(&self.w_ta),
            streams: times(&self.streams),
        }
    }

    /// In the coordinates of the bases.
    pub(crate) fn reduced(&self, bases: &Bases) -> Self {
        let m2 = bases.bs2.nrows();
        Self {
            w_bo: adjoint_times(&bases.bs1, &self.w_bo),
            w_ta: adjoint_times(&bases.bs1, &self.w_ta),
            streams: self
                .streams
                .chunks_exact(m2)
                .flat_map(|o| adjoint_times(&bases.bs2, o))
                .collect(),
        }
    }

    /// Out of the coordinates of the bases.
    pub(crate) fn expanded(&self, bases: &Bases) -> Self {
        let m2 = bases.bs2.ncols();
        Self {
            w_bo: times(&bases.bs1, &self.w_bo),
            w_ta: times(&bases.bs1, &self.w_ta),
            streams: self
                .streams
                .chunks_exact(m2)
                .flat_map(|o| times(&bases.bs2, o))
                .collect(),
        }
    }
}

/// The nearest number of 40 bits.
fn rounded(x: f64) -> f64 {
    f64::from_bits((x.to_bits() + (1 << 12)) & !((1 << 13) - 1))
}

pub(crate) fn square(v: &[c64]) -> f64 {
    v.iter().map(|x| x.norm_sqr()).sum()
}

pub(crate) fn dot(a: &[c64], b: &[c64]) -> c64 {
    a.iter().zip(b).map(|(a, b)| a.conj() * b).sum()
}

fn times(a: &Mat<c64>, v: &[c64]) -> Vec<c64> {
    (0..a.nrows())
        .map(|i| v.iter().enumerate().map(|(j, x)| a[(i, j)] * x).sum())
        .collect()
}

pub(crate) fn adjoint_times(a: &Mat<c64>, v: &[c64]) -> Vec<c64> {
    (0..a.ncols())
        .map(|j| {
            v.iter()
                .enumerate()
                .map(|(i, x)| a[(i, j)].conj() * x)
                .sum()
        })
        .collect()
}
