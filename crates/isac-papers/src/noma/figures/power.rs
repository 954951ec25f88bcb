//! Fig. 4: power against the SINR target.

use isac_algos::noma::baselines::{self, Baseline};
use isac_algos::noma::{power_min, reduced_dual};
use isac_metrics::noma::SicSet;
use isac_opt::StopReason;

use super::{Scenario, compared, floors, linear, of_figure, per_realization, plan, scene, words};
use isac_lab::error::{Error, Source};
use isac_lab::verdict::{Claim, Ruling, Side};
use isac_lab::{Grade, Metric, Plan, Record, Records, Report, Request};
use isac_plot::figure::{Axis, Figure, Legend, Panel, Style};

const TARGETS_DB: [f64; 7] = [5.0, 8.0, 10.0, 12.0, 15.0, 20.0, 25.0];

/// What "NOMA below OMA" can mean.
const ORDERS: [(&str, &str); 5] = [
    ("full", "rate-avg"),
    ("full", "rate-sum"),
    ("own", "linear"),
    ("own", "slot-sens-sum"),
    ("own", "sinr-sum"),
];

fn name(curve: &str, floor: f64) -> String {
    format!("{curve}_ps{floor}")
}

/// All curves on one realisation.
fn records(setting: &Scenario, seed: u64, i: usize) -> Result<Vec<Record>, Source> {
    let mut records = Vec::new();
    let options = power_min::Options::default();
    for floor in floors(setting) {
        for target in TARGETS_DB {
            let gamma = linear(target);
            let gammas = vec![gamma; setting.users];
            for sic in [SicSet::Own, SicSet::Full] {
                let scene = scene(setting, seed, i, sic, floor)?;
                let label = name(sic.name(), floor);
                let outcome = reduced_dual::power_min_or_relaxation(&scene, &gammas, &options)?;
                records.push(match outcome {
                    power_min::Outcome::Solved(d) => crate::record(
                        label,
                        target,
                        i,
                        StopReason::Tolerance,
                        vec![d.power(), d.evaluation.pattern.iter().sum()],
                    ),
                    other => Record::failed(label, target, i, other.name()),
                });
            }
            let scene = scene(setting, seed, i, SicSet::Own, floor)?;
            for baseline in Baseline::ALL {
                let label = name(baseline.name(), floor);
                let power = baselines::power_min(&scene, baseline, gamma, &options)?;
                records.push(match power {
                    Some(p) => {
                        let values = vec![p, f64::NAN];
                        crate::record(label, target, i, StopReason::Tolerance, values)
                    }
                    None => Record::failed(label, target, i, "no verified answer"),
                });
            }
        }
    }
    Ok(records)
}

/// Total power along the curves that are shown.
fn draw(panel: &mut Panel, records: &Records, floor: f64, shown: impl Fn(&str) -> bool) {
    let oma = Baseline::ALL.iter().map(|b| b.name());
    let curves = ["own", "full"].into_iter().chain(oma).enumerate();
    for (j, curve) in curves.filter(|(_, curve)| shown(curve)) {
        let style = Style::curve(j);
        let key = name(curve, floor);
        isac_lab::curves::mean_curve(panel, words(curve), records, &key, 0, style);
    }
    panel.legend = Legend::Below;
}

/// Total power for each floor, the lower one again on the paper's axis, and the power at the targets.
fn panels(setting: &Scenario, records: &Records) -> Vec<Panel> {
    let x = || Axis::new("SINR target (dB)");
    let mut panels: Vec<Panel> = floors(setting)
        .iter()
        .map(|&floor| {
            let title = format!("(a) P_{{s}} = {floor} W");
            let mut total = Panel::new(title, x(), Axis::log("Total power (W)"));
            draw(&mut total, records, floor, |_| true);
            total
        })
        .collect();
    let low = setting.floor_w;
    let title = format!("(a) P_{{s}} = {low} W, the paper's axis");
    let range = Axis::new("Total power (W)").range(4.4, 7.0);
    let mut close = Panel::new(title, x(), range);
    draw(&mut close, records, low, |curve| {
        !curve.starts_with("rate") && curve != "slot-sens-sum"
    });
    panels.push(close);
    let mut sensing = Panel::new("(b) sensing", x(), Axis::log("Total sensing power (W)"));
    let both = |curve| floors(setting).map(|floor| (curve, floor));
    for (j, (curve, floor)) in both("own").into_iter().chain(both("full")).enumerate() {
        let label = format!("{}, P_{{s}} = {floor} W", words(curve));
        let (key, style) = (name(curve, floor), Style::curve(9 + j));
        isac_lab::curves::mean_curve(&mut sensing, label, records, &key, 1, style);
    }
    panels.push(sensing);
    panels
}

/// What the paper says of the lower floor.
fn claims(setting: &Scenario, records: &Records) -> Vec<Claim> {
    let low = setting.floor_w;
    let cheaper = compared(&ORDERS, "below", |a, b| {
        Ruling::together(TARGETS_DB.iter().map(|&x| {
            let saved = records.paired((&name(b, low), x), (&name(a, low), x), 0);
            (format!("{x} dB"), Ruling::mean(&saved, Side::AtLeast(0.0)))
        }))
    });
    let held = setting.angles_deg.len() as f64 * low;
    let floor = Ruling::together(TARGETS_DB.iter().map(|&x| {
        let sensing = records.values(&name("own", low), x, 1);
        let side = Side::Between(held - 1e-4, held + 1e-4);
        (format!("own, {x} dB"), Ruling::mean(&sensing, side))
    }));
    let full = |x: f64| records.summary(&name("full", low), x, 1).mean;
    vec![
        Claim::new(
            "NOMA needs less power than OMA for the same SINR",
            cheaper,
            "it depends on the OMA meant, which the paper does not define. Nothing can be below sinr-sum, which is own without interference",
        ),
        Claim::new(
            "The sensing power stays at M P_s whatever the SINR target",
            floor,
            format!(
                "full: {:.3} W at 15 dB, {:.1} W at 20 dB, where powers are in kW and the floors stop being tight",
                full(15.0),
                full(20.0)
            ),
        ),
    ]
}

/// Fig. 4.
pub(super) fn fig4(request: &Request) -> Result<Plan, Error> {
    let setting = of_figure("fig4")?;
    let metrics = vec![
        Metric::new("power_w", "Total power", "W"),
        Metric::new("sensing_w", "Total sensing power", "W"),
    ];
    let own = setting.clone();
    let run = move |seed, i| records(&own, seed, i);
    let tasks = per_realization(request, (200, 8), "all curves", 0.4, run)?;
    let described = serde_json::json!(setting);
    let finish = move |records: &Records| {
        let low = setting.floor_w;
        let at5 = records.summary(&name("own", low), 5.0, 0).mean;
        let mut figure = Figure::new("Power against SINR target", panels(&setting, records))
            .footnote("readings of OMA by equal rates and the constraints as printed leave the paper's power axis of 6 to 10 W below 25 dB");
        figure.columns = 2;
        Ok(Report {
            figure,
            claims: claims(&setting, records),
            grade: Grade::Trend,
            notes: vec![format!(
                "sensing floor in closed form: 4.467979 W for P_s = {low} W; own at 5 dB: {at5:.4} W"
            )],
            ..Report::default()
        })
    };
    let x = Metric::new("target_db", "SINR target", "dB");
    Ok(plan(x, metrics, tasks, described, finish))
}
