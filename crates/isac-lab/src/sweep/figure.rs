//! How a study is drawn: a panel per metric, a curve per algorithm and varied key, axes named by key and
//! unit, 95 % bands.

use isac_plot::figure::{Axis, Figure, Panel, Style};

use crate::artefact::Metric;
use crate::curves::mean_curve;
use crate::explain::Key;
use crate::records::Records;
use crate::report::Report;

/// The most panels and curves of a figure; the tables hold all.
const MOST: usize = 12;

/// Units by the end of a name, longest first.
const ENDS: [(&str, &str); 22] = [
    ("_wavelengths", "wavelengths"),
    ("_nats_s_hz", "nats/s/Hz"),
    ("_bps_hz", "bit/s/Hz"),
    ("_mbit_s", "Mbit/s"),
    ("_nats", "nats/s/Hz"),
    ("_bits", "bit/s/Hz"),
    ("_m_s", "m/s"),
    ("_deg", "degrees"),
    ("_ghz", "GHz"),
    ("_mhz", "MHz"),
    ("_dBm", "dBm"),
    ("_dbm", "dBm"),
    ("_rad", "rad"),
    ("_hz", "Hz"),
    ("_Hz", "Hz"),
    ("_dB", "dB"),
    ("_db", "dB"),
    ("_W2", "W^2"),
    ("_m2", "m^2"),
    ("_W", "W"),
    ("_J", "J"),
    ("_m", "m"),
];

/// The column and axis of a name: its unit from `keys`, otherwise from its end.
pub fn quantity(name: &str, keys: &[Key]) -> Metric {
    let (stem, index) = name
        .split_once('[')
        .map_or((name, ""), |(stem, at)| (stem, at));
    let end = ENDS.iter().find(|(end, _)| stem.ends_with(end));
    let unit = match keys.iter().find(|key| key.name == name) {
        Some(key) => key.unit.as_str(),
        None => end.map_or("", |(_, unit)| unit),
    };
    let bare = match end {
        Some((end, known)) if *known == unit => &stem[..stem.len() - end.len()],
        _ => stem,
    };
    let mut label = bare.replace('_', " ");
    if !index.is_empty() {
        label = format!("{label} [{index}");
    }
    Metric::new(name, &label, unit)
}

/// What the figure of a study needs besides the records.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawn {
    /// Title.
    pub title: String,
    /// The x axis.
    pub x: Metric,
    /// Texts at 0, 1, 2, ... where x is no number.
    pub categories: Option<Vec<String>>,
    /// A panel each.
    pub metrics: Vec<Metric>,
}

impl Drawn {
    /// The figure and what it leaves out. A log axis stands where all values are positive and two
    /// decades apart.
    pub fn report(&self, records: &Records) -> Report {
        let names = records.algorithms();
        let panels = (self.metrics.iter().take(MOST).enumerate())
            .map(|(index, metric)| self.panel(records, &names, index, metric));
        let mut figure = Figure::new(&self.title, panels.collect());
        if names.len() > MOST || self.metrics.len() > MOST {
            let line = format!("the first {MOST} curves and metrics; curve.csv holds all");
            figure = figure.footnote(line);
        }
        Report {
            figure,
            ..Report::default()
        }
    }

    fn panel(&self, records: &Records, names: &[&str], index: usize, metric: &Metric) -> Panel {
        let names = &names[..names.len().min(MOST)];
        let (mut xs, mut means) = (Vec::new(), Vec::new());
        for name in names {
            for (x, summary) in records.curve(name, index) {
                xs.push(x);
                means.push(summary.mean);
            }
        }
        let axis = |title: String, values: &[f64]| {
            if decades(values) {
                Axis::log(title)
            } else {
                Axis::new(title)
            }
        };
        let x = match &self.categories {
            Some(texts) => Axis::new(self.x.title()).categories(texts.clone()),
            None => axis(self.x.title(), &xs),
        };
        let mut panel = Panel::new("", x, axis(metric.title(), &means));
        for (i, name) in names.iter().enumerate() {
            mean_curve(&mut panel, *name, records, name, index, Style::curve(i));
        }
        panel
    }
}

/// Whether values are all positive and at least two decades apart.
fn decades(values: &[f64]) -> bool {
    let finite = || values.iter().copied().filter(|v| v.is_finite());
    let low = finite().fold(f64::INFINITY, f64::min);
    let high = finite().fold(0.0, f64::max);
    low > 0.0 && high >= 100.0 * low
}

#[cfg(test)]
mod tests {
    use super::{decades, quantity};
    use crate::explain::keys;

    #[test]
    fn names_become_axes() {
        let known = keys("[scenario]\nrho_s = 1.0  # weight\nP_total_W = 6.0  # W: budget\n");
        assert_eq!(quantity("P_total_W", &known).title(), "P total (W)");
        assert_eq!(quantity("rho_s", &known).title(), "rho s");
        assert_eq!(
            quantity("sum_rate_nats", &[]).title(),
            "sum rate (nats/s/Hz)"
        );
        assert_eq!(quantity("pattern_W[1]", &[]).title(), "pattern [1] (W)");
        assert_eq!(quantity("mean_cross_W2", &[]).title(), "mean cross (W^2)");
        assert_eq!(quantity("objective", &[]).title(), "objective");
    }

    #[test]
    fn two_decades_ask_for_a_log_axis() {
        assert!(decades(&[1e-9, f64::NAN, 2e-7]));
        assert!(!decades(&[1.0, 99.0]) && !decades(&[-1.0, 100.0]) && !decades(&[]));
    }
}
