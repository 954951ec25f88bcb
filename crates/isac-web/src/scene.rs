//! What stands on the page, and the document of `isac solve` that it amounts to.

use isac_lab::document::{json_of_matrix, json_of_vec};
use isac_linalg::{Mat, c64};
use isac_metrics::AngleSensing;
use isac_metrics::noma::SicSet;
use isac_models::array::{KronOrder, Scaling, Ula, Upa};
use isac_models::target::Targets;
use serde::Deserialize;
use serde_json::{Value, json};
use std::f64::consts::FRAC_PI_2;

/// Noise power of a user and of the radar in the rate-CRLB problem, W.
const RATE_NOISE_W: f64 = 1e-3;
/// Noise power of a user in the NOMA problems, W.
const NOMA_NOISE_W: f64 = 0.01;
/// Snapshots of the radar.
const SNAPSHOTS: usize = 30;
/// Reflection coefficient of a target at range 1; it falls with the square of the range.
const REFLECTION: f64 = 0.1;
/// Largest difference of the powers towards targets, W.
const DIFFERENCE_W: f64 = 1e-3;
/// Most antennas, and most things of one kind, that the page takes.
const MOST_ANTENNAS: usize = 256;
const MOST_PLACES: usize = 16;

/// A scene of the page.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scene {
    pub(crate) problem: Asked,
    /// Antennas in a row.
    pub(crate) columns: usize,
    /// Rows of antennas; with one the elevation of everything is 0. Access points in the cell-free problem.
    pub(crate) rows: usize,
    pub(crate) users: Vec<Place>,
    pub(crate) targets: Vec<Place>,
    /// Directions without power; in `hisac_see` the place of Eve.
    pub(crate) nulls: Vec<Place>,
    /// Transmit power, W; of each station where there are several.
    #[serde(rename = "power_W")]
    pub(crate) power_w: f64,
    /// Weight of the sum rate in nats against the trace of the CRLB.
    weight: f64,
    /// SINR target of every user, dB; in `hisac_see` the threshold of every SINR and SCNR.
    #[serde(rename = "sinr_dB")]
    pub(crate) sinr_db: f64,
    /// Least power towards each target, W.
    #[serde(rename = "floor_W")]
    floor_w: f64,
    /// Largest mean squared cross-correlation of the targets, W^2.
    #[serde(rename = "cross_W2")]
    cross_w2: f64,
    /// Radius of the channel errors; in `hisac_see` over the channel's norm.
    pub(crate) eps: f64,
    sic: SicSet,
    /// Least rate, bit/s/Hz: of each user in `alpha_fair`; in `hisac_see` the secret one of Bob, the common
    /// and each private one.
    pub(crate) rate_bits: f64,
    pub(crate) fairness: Fairness,
}

/// Whose bound counts in `alpha_fair`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Fairness {
    /// The product of all targets' bounds.
    Proportional,
    /// Their sum.
    Sum,
    /// The largest of them.
    Worst,
}

/// A direction and a range, or a place on the floor.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Place {
    /// Degrees from broadside; on a floor metres to the right of the middle.
    pub(crate) az: f64,
    /// Degrees above the horizon; on a floor metres above the middle of the drawing.
    pub(crate) el: f64,
    /// In units of the range at which a channel entry has modulus 1; without meaning on a floor.
    pub(crate) range: f64,
}

/// The problems by the names of the page; those of `noma/1` as its documents spell them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Asked {
    RateCrlb,
    PowerMin,
    MaxMin,
    RobustPowerMin,
    RobustMaxMin,
    CellFree,
    HisacSee,
    AlphaFair,
}

impl Asked {
    /// Whether places are positions on a floor.
    pub(crate) fn has_floor(self) -> bool {
        matches!(self, Self::CellFree | Self::HisacSee | Self::AlphaFair)
    }

    fn name(self) -> &'static str {
        match self {
            Self::RateCrlb => "rate_crlb",
            Self::PowerMin => "power_min",
            Self::MaxMin => "max_min",
            Self::RobustPowerMin => "robust_power_min",
            Self::RobustMaxMin => "robust_max_min",
            Self::CellFree => "cell_free",
            Self::HisacSee => "hisac_see",
            Self::AlphaFair => "alpha_fair",
        }
    }
}

/// A refusal: which value, and what was expected.
pub(crate) type Refused = String;

impl Scene {
    /// Reads a scene and refuses what the page does not take.
    pub(crate) fn read(value: Value) -> Result<Self, Refused> {
        let scene: Self = serde_json::from_value(value).map_err(|e| format!("scene: {e}"))?;
        let antennas = scene.columns.checked_mul(scene.rows);
        if antennas.is_none_or(|n| n == 0 || n > MOST_ANTENNAS) {
            let (columns, rows) = (scene.columns, scene.rows);
            let expected = format!("between 1 and {MOST_ANTENNAS} antennas");
            return Err(format!(
                "columns x rows is {columns} x {rows}, expected {expected}"
            ));
        }
        let lists = [
            ("users", &scene.users),
            ("targets", &scene.targets),
            ("nulls", &scene.nulls),
        ];
        for (name, list) in lists {
            if list.len() > MOST_PLACES {
                let given = list.len();
                return Err(format!(
                    "{name} are {given}, expected at most {MOST_PLACES}"
                ));
            }
            for (i, place) in list.iter().enumerate() {
                place.check().map_err(|why| format!("{name}[{i}]{why}"))?;
            }
        }
        scene.fits()?;
        Ok(scene)
    }

    /// What a problem asks of the numbers of things.
    fn fits(&self) -> Result<(), Refused> {
        if self.problem == Asked::RateCrlb {
            if !self.nulls.is_empty() {
                return Err("nulls: the rate-CRLB problem has none, expected an empty list".into());
            }
            if self.rows == 1 && !self.targets.is_empty() {
                return Err(
                    "rows is 1, expected at least 2: a line of antennas does not see the \
                            elevation whose bound is asked for"
                        .into(),
                );
            }
            return Ok(());
        }
        let problem = self.problem.name();
        let antennas = self.antennas();
        if antennas > MOST_ANTENNAS {
            return Err(format!(
                "the stations have {antennas} antennas together, expected at most {MOST_ANTENNAS}"
            ));
        }
        // Least and most users, targets and nulls.
        let (users, targets, nulls) = match self.problem {
            Asked::CellFree | Asked::AlphaFair => (1, 1..=MOST_PLACES, 0..=0),
            Asked::HisacSee => (2, 1..=1, 1..=1),
            Asked::RateCrlb
            | Asked::PowerMin
            | Asked::MaxMin
            | Asked::RobustPowerMin
            | Asked::RobustMaxMin => (1, 0..=MOST_PLACES, 0..=MOST_PLACES),
        };
        let lists = [
            ("users", &self.users, users..=MOST_PLACES),
            ("targets", &self.targets, targets),
            ("nulls", &self.nulls, nulls),
        ];
        for (name, list, expected) in lists {
            if expected.contains(&list.len()) {
                continue;
            }
            let (given, least, most) = (list.len(), expected.start(), expected.end());
            return Err(format!(
                "{name} has {given} entries, expected {least} to {most} in {problem}"
            ));
        }
        if self.problem == Asked::AlphaFair && self.rows > 1 {
            let rows = self.rows;
            return Err(format!("rows is {rows}, expected 1 in {problem}"));
        }
        Ok(())
    }

    /// The array that transmits, and in the rate-CRLB problem the one that receives.
    pub(crate) fn array(&self, scaling: Scaling) -> Result<Upa, Refused> {
        Upa::new(self.columns, self.rows, KronOrder::HorizontalSlow, scaling)
            .map_err(|e| e.to_string())
    }

    /// Whether directions are azimuths alone, of antennas in one line.
    pub(crate) fn is_line(&self) -> bool {
        self.rows == 1 && !self.problem.has_floor()
    }

    pub(crate) fn users(&self) -> usize {
        self.users.len()
    }

    pub(crate) fn targets(&self) -> usize {
        self.targets.len()
    }

    /// Antennas of all stations.
    pub(crate) fn antennas(&self) -> usize {
        let stations = if self.problem == Asked::HisacSee {
            2
        } else {
            1
        };
        self.columns * self.rows * stations
    }

    /// Steering vectors of one array with entries of modulus 1, antennas x places.
    pub(crate) fn steering(&self, places: &[Place]) -> Result<Mat<c64>, Refused> {
        let (theta, phi): (Vec<f64>, Vec<f64>) = self.angles(places).into_iter().unzip();
        Ok(self
            .array(Scaling::UnitEntries)?
            .steering(&theta, &phi)
            .value)
    }

    /// `theta` and `phi` of places, rad.
    fn angles(&self, places: &[Place]) -> Vec<(f64, f64)> {
        let elevation = |place: &Place| if self.is_line() { 0.0 } else { place.el };
        (places.iter())
            .map(|p| (p.az.to_radians(), FRAC_PI_2 - elevation(p).to_radians()))
            .collect()
    }

    /// Channels in line of sight, antennas x users.
    fn channels(&self) -> Result<Mat<c64>, Refused> {
        let towards = self.steering(&self.users)?;
        Ok(Mat::from_fn(towards.nrows(), towards.ncols(), |n, k| {
            towards[(n, k)] / self.users[k].range
        }))
    }

    fn reflections(&self) -> Vec<c64> {
        let reflection = |p: &Place| c64::new(REFLECTION / (p.range * p.range), 0.0);
        self.targets.iter().map(reflection).collect()
    }

    /// What a radar beside the array, with a receive array of the same shape, sees of the targets; `None`
    /// without one, or where the problem does not ask for it and no beams could tell the targets apart.
    pub(crate) fn sensing(&self) -> Result<Option<AngleSensing>, Refused> {
        if self.targets.is_empty() || self.problem.has_floor() {
            return Ok(None);
        }
        let asked = self.problem == Asked::RateCrlb;
        let noise = if asked { RATE_NOISE_W } else { NOMA_NOISE_W };
        let alpha = self.reflections();
        let (theta, phi): (Vec<f64>, Vec<f64>) = self.angles(&self.targets).into_iter().unzip();
        let found = if self.is_line() {
            let array = Ula::half_wavelength(self.columns, Scaling::UnitNorm);
            let response = array.map_err(|e| e.to_string())?.response(&theta);
            AngleSensing::of_responses(&response, &response, &alpha, SNAPSHOTS, noise)
        } else {
            let array = self.array(Scaling::UnitNorm)?;
            let targets = Targets::new(theta, phi, alpha).map_err(|e| e.to_string())?;
            AngleSensing::new(&array, &array, &targets, SNAPSHOTS, noise)
        };
        match found {
            Ok(sensing) => Ok(Some(sensing)),
            Err(error) if asked => Err(error.to_string()),
            Err(_) => Ok(None),
        }
    }

    /// The document that `isac solve` takes, of a problem of one array.
    pub(crate) fn document(&self) -> Result<Value, Refused> {
        match self.problem {
            Asked::RateCrlb => self.rate_crlb(),
            Asked::PowerMin | Asked::MaxMin | Asked::RobustPowerMin | Asked::RobustMaxMin => {
                self.noma()
            }
            Asked::CellFree | Asked::HisacSee | Asked::AlphaFair => {
                Err("this problem has a floor".into())
            }
        }
    }

    fn rate_crlb(&self) -> Result<Value, Refused> {
        let mut document = json!({
            "schema": "obs-crlb/1",
            "parameters": {
                "nt_h": self.columns, "nt_v": self.rows, "nr_h": self.columns, "nr_v": self.rows,
                "kron_order": "hv", "K": self.users.len(), "M": self.targets.len(),
                "L": SNAPSHOTS, "Pt": self.power_w, "sigma_c2": RATE_NOISE_W,
                "sigma_s2": RATE_NOISE_W, "delta_c": self.weight, "delta_s": 1.0,
            },
        });
        if !self.users.is_empty() {
            document["H"] = json_of_matrix(self.channels()?.as_ref());
        }
        if !self.targets.is_empty() {
            let (theta, phi): (Vec<f64>, Vec<f64>) = self.angles(&self.targets).into_iter().unzip();
            document["theta"] = json!(theta);
            document["phi"] = json!(phi);
            document["alpha"] = json_of_vec(&self.reflections());
        }
        Ok(document)
    }

    /// Beams without power towards the nulls are those of channels and steering vectors without
    /// their parts in those directions: such a part costs power and serves nobody.
    fn noma(&self) -> Result<Value, Refused> {
        let mut channels = self.channels()?;
        let mut steering = self.steering(&self.targets)?;
        let mut case = json!({"problem": self.problem.name(), "sic": self.sic});
        match self.problem {
            Asked::PowerMin | Asked::RobustPowerMin => case["gamma_dB"] = json!(self.sinr_db),
            Asked::RateCrlb
            | Asked::MaxMin
            | Asked::RobustMaxMin
            | Asked::CellFree
            | Asked::HisacSee
            | Asked::AlphaFair => {
                case["P_total_W"] = json!(self.power_w);
            }
        }
        if matches!(self.problem, Asked::RobustPowerMin | Asked::RobustMaxMin) {
            case["eps"] = json!(self.eps);
        }
        let mut document = json!({
            "schema": "noma/1",
            "sigma2_W": NOMA_NOISE_W, "Ps_W": self.floor_w, "Pdiff_W": DIFFERENCE_W,
            "xi_W2": self.cross_w2, "cases": [case],
        });
        if !self.nulls.is_empty() {
            let nulls = self.steering(&self.nulls)?;
            remove_parts(&mut channels, &nulls, "users")?;
            remove_parts(&mut steering, &nulls, "targets")?;
            document["note"] = json!("H and steering without their parts towards the nulls");
        }
        document["H"] = json_of_matrix(channels.as_ref());
        if !self.targets.is_empty() {
            document["steering"] = json_of_matrix(steering.as_ref());
        }
        Ok(document)
    }
}

impl Place {
    fn check(&self) -> Result<(), Refused> {
        let Self { az, el, range } = *self;
        if !(az.abs() <= 90.0) {
            return Err(format!(".az is {az}, expected degrees between -90 and 90"));
        }
        if !(el.abs() < 90.0) {
            return Err(format!(".el is {el}, expected degrees between -90 and 90"));
        }
        if !(0.01..=100.0).contains(&range) {
            return Err(format!(".range is {range}, expected between 0.01 and 100"));
        }
        Ok(())
    }
}

/// Takes from every column its part in the span of `directions`.
fn remove_parts(columns: &mut Mat<c64>, directions: &Mat<c64>, name: &str) -> Result<(), Refused> {
    let mut basis: Vec<Vec<c64>> = Vec::new();
    let column = |a: &Mat<c64>, j: usize| (0..a.nrows()).map(|i| a[(i, j)]).collect::<Vec<_>>();
    let norm = |v: &[c64]| v.iter().map(|z| z.norm_sqr()).sum::<f64>().sqrt();
    let without = |mut v: Vec<c64>, basis: &[Vec<c64>]| {
        // Twice: the second pass removes what rounding of the first left.
        for q in basis.iter().chain(basis) {
            let part: c64 = q.iter().zip(&v).map(|(q, v)| q.conj() * v).sum();
            v.iter_mut().zip(q).for_each(|(v, q)| *v -= q * part);
        }
        v
    };
    for j in 0..directions.ncols() {
        let given = column(directions, j);
        let before = norm(&given);
        let rest = without(given, &basis);
        let after = norm(&rest);
        // A null in the place of another adds no direction.
        if after > 1e-9 * before {
            basis.push(rest.iter().map(|z| z / after).collect());
        }
    }
    for j in 0..columns.ncols() {
        let given = column(columns, j);
        let before = norm(&given);
        let rest = without(given, &basis);
        if norm(&rest) <= 1e-9 * before {
            return Err(format!(
                "{name}[{j}] stands at a null, expected another direction: no beam \
                                reaches it"
            ));
        }
        for (i, z) in rest.into_iter().enumerate() {
            columns[(i, j)] = z;
        }
    }
    Ok(())
}
