//! The state of the page in the browser that stands for the problem of a result: its sizes, targets and
//! limits, with the users in line of sight, since the page places users and figures draw their channels.

use serde_json::{Value, json};

use super::Entry;

/// Most antennas and users of the page.
const MOST: [usize; 2] = [256, 16];

/// The state behind the `#` of the page's address; `None` where the page does not have the problem.
pub(super) fn scene(entry: &Entry) -> Option<String> {
    match entry.text("paper") {
        "noma" => noma(entry),
        "cell_free" => cell_free(&Setup::of(entry)),
        "hisac_see" => hisac_see(&Setup::of(entry)),
        // obs_crlb and alpha_fair are of other sizes than the page draws.
        _ => None,
    }
}

/// The scenario of a study, or what an artefact says it simulated.
struct Setup<'a>(&'a Value);

impl<'a> Setup<'a> {
    fn of(entry: &'a Entry) -> Self {
        let stated = &entry.meta["scenario"];
        let places = [&stated["document"]["scenario"], &stated["setup"]];
        Self(places.into_iter().find(|v| !v.is_null()).unwrap_or(stated))
    }

    fn number(&self, key: &str, default: f64) -> Option<f64> {
        match &self.0[key] {
            Value::Null => Some(default),
            value => value.as_f64(),
        }
    }

    /// Whether a key has the one value that the page knows.
    fn stands(&self, key: &str, default: &Value) -> bool {
        let value = &self.0[key];
        let equal = match (value.as_f64(), default.as_f64()) {
            (Some(x), Some(y)) => (x - y).abs() <= 1e-12 * y.abs(),
            _ => value == default,
        };
        value.is_null() || equal
    }
}

/// Users evenly on the line, targets between them; the page's middle is (50, 50) m of the paper.
fn cell_free(setup: &Setup<'_>) -> Option<String> {
    let known = [
        ("access_points_m", json!([[25.0, 0.0], [75.0, 0.0]])),
        ("spacing_wavelengths", json!(0.5)),
        ("width_m", json!(100.0)),
        ("distance_m", json!(50.0)),
        ("sigma2_W", json!(1.0)),
        ("zeta2", json!(0.1)),
    ];
    let count = |key: &str, default: f64| setup.number(key, default).map(|n| n as usize);
    let (antennas, users) = (count("antennas", 16.0)?, count("users", 5.0)?);
    let targets = count("targets", 1.0)?;
    let fits = (1..=8).contains(&users) && (1..=4).contains(&targets) && 2 * antennas <= MOST[0];
    if !fits || !known.iter().all(|(key, value)| setup.stands(key, value)) {
        return None;
    }
    let spread = |many: usize, y: f64| -> String {
        let x = |i: usize| (100.0 * (i as f64 + 0.5) / many as f64 - 50.0).round();
        let places = (0..many).map(|i| format!("{},{y},1", x(i)));
        places.collect::<Vec<_>>().join(";")
    };
    let power = setup.number("P_W", 1.0)?;
    let floor = setup.number("min_sinr", 4.0)?;
    Some(format!(
        "p=cell_free&a={antennas}x2&u={}&t={}&P={power}&g={:.4}",
        spread(users, 0.0),
        spread(targets, 8.0),
        10.0 * floor.log10()
    ))
}

/// The first users of the fixed topology on the page's floor, m.
const USERS: [[f64; 2]; 4] = [[35.0, 22.0], [20.0, 30.0], [32.0, -14.0], [18.0, 4.0]];

/// The fixed positions; the page's middle is (60, 0) m of the paper.
fn hisac_see(setup: &Setup<'_>) -> Option<String> {
    let known = [
        ("topology", json!("fixed")),
        ("carrier_hz", json!(18e9)),
        ("rcs_m2", json!(10.0)),
        ("sigma2_W", json!(1e-8)),
        ("P0_W", json!(10.0)),
        ("P1_max_dbm", json!(55.0)),
        ("P2_max_dbm", json!(55.0)),
        ("P_an_W", json!(0.0)),
        ("access", json!("rsma_free")),
        ("user_target", json!("split")),
        ("clutter", json!("noise")),
    ];
    let users = setup.number("users", 4.0)? as usize;
    let array = |key: &str| match &setup.0[key] {
        Value::Null => Some([6, 2]),
        sides => Some([sides[0].as_u64()?, sides[1].as_u64()?]),
    };
    let [columns, rows] = array("M1_h_v")?;
    let rates = ["I_S", "I_c", "I_p"].map(|key| setup.number(key, 1.0));
    let threshold = setup.number("gamma_th", 0.5)?;
    let alike = array("M2_h_v")? == [columns, rows] && rates.iter().all(|rate| *rate == rates[0]);
    let fits = (1..=USERS.len()).contains(&users) && 2 * columns * rows <= MOST[0] as u64;
    let fits = fits && threshold > 0.0;
    if !alike || !fits || !known.iter().all(|(key, value)| setup.stands(key, value)) {
        return None;
    }
    let places = USERS[..users].iter().map(|[x, y]| format!(";{x},{y},1"));
    Some(format!(
        "p=hisac_see&a={columns}x{rows}&u=-15,22,1{}&t=-40,-10,1&n=2,-20,1&P=316.2278&g={:.4}&e={}&r={}",
        places.collect::<String>(),
        10.0 * threshold.log10(),
        setup.number("relative_error", 0.1)?,
        rates[0]?,
    ))
}

fn noma(entry: &Entry) -> Option<String> {
    let stated = &entry.meta["scenario"];
    // A study keeps the document it was read from; an artefact states its scenario.
    let study = !stated["document"].is_null();
    let scenario = if study {
        &stated["document"]["scenario"]
    } else {
        stated
    };
    let find = |key: &str| (!scenario[key].is_null()).then(|| &scenario[key]);
    let number = |key: &str, default: f64| find(key).map_or(Some(default), Value::as_f64);
    let size = |key: &str, default: u64| find(key).map_or(Some(default), Value::as_u64);
    let word = |key: &str, default: &'static str| match find(key) {
        None => Some(default),
        Some(value) => value.as_str(),
    };
    if !study && find("problem").is_none() {
        return None;
    }
    let problem = word("problem", "power_min")?;
    let known = ["power_min", "max_min", "robust_power_min", "robust_max_min"];
    let (antennas, users) = (size("antennas", 8)? as usize, size("users", 3)? as usize);
    let explicit = !stated["document"]["cases"].is_null();
    if !known.contains(&problem)
        || antennas > MOST[0]
        || !(1..=MOST[1]).contains(&users)
        || explicit
    {
        return None;
    }
    let angles = match find("angles_deg") {
        None => vec![-60.0, 60.0],
        Some(list) => list
            .as_array()?
            .iter()
            .map(Value::as_f64)
            .collect::<Option<_>>()?,
    };
    let place = |angle: f64| format!("{angle},0,1");
    let spread = |k: usize| -45.0 + 90.0 * (k as f64 + 0.5) / users as f64;
    let seen = |list: Vec<f64>| list.into_iter().map(place).collect::<Vec<_>>().join(";");
    let mut parts = vec![
        format!("p={problem}"),
        format!("a={antennas}x1"),
        format!(
            "u={}",
            seen((0..users).map(|k| spread(k).round()).collect())
        ),
    ];
    if !angles.is_empty() {
        parts.push(format!("t={}", seen(angles)));
    }
    for (name, own, default) in [
        ("P", "P_total_W", 6.0),
        ("g", "gamma_dB", 20.0),
        ("f", "Ps_W", 2.0),
        ("e", "eps", 0.1),
    ] {
        parts.push(format!("{name}={}", number(own, default)?));
    }
    if find("xi_W2").is_none_or(Value::is_number) {
        parts.push(format!("x={}", number("xi_W2", 10.0)?));
    }
    parts.push(format!("s={}", word("sic", "own")?));
    Some(parts.join("&"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Entry, scene};

    fn of(meta: serde_json::Value) -> Option<String> {
        scene(&Entry {
            folder: "x".into(),
            meta,
            curve: String::new(),
            svg: None,
        })
    }

    #[test]
    fn studies_and_figures_of_problems_that_the_page_has() {
        let study = json!({"paper": "noma", "x": {"key": "P_total_W"}, "scenario": {"document":
            {"schema": "noma/1", "scenario": {"problem": "max_min", "users": 2, "sic": "full"}}}});
        let state =
            "p=max_min&a=8x1&u=-23,0,1;23,0,1&t=-60,0,1;60,0,1&P=6&g=20&f=2&e=0.1&x=10&s=full";
        assert_eq!(of(study).as_deref(), Some(state));
        let figure = json!({"paper": "noma", "x": {"key": "target_db"}, "scenario":
            {"problem": "power_min", "antennas": 16, "users": 1, "angles_deg": [10.0]}});
        let state = "p=power_min&a=16x1&u=0,0,1&t=10,0,1&P=6&g=20&f=2&e=0.1&x=10&s=own";
        assert_eq!(of(figure).as_deref(), Some(state));
        let other = json!({"paper": "noma", "x": {"key": "users"}, "scenario": {"N": "2..64"}});
        assert_eq!(of(other), None);
        assert_eq!(of(json!({"paper": "obs_crlb", "scenario": {}})), None);
    }

    #[test]
    fn floors_of_the_two_papers_that_have_them() {
        let study = json!({"paper": "cell_free", "scenario": {"document":
            {"schema": "cell-free/1", "scenario": {"users": 2, "antennas": 8, "min_sinr": 10.0}}}});
        let state = "p=cell_free&a=8x2&u=-25,0,1;25,0,1&t=0,8,1&P=1&g=10.0000";
        assert_eq!(of(study).as_deref(), Some(state));
        let wider = json!({"paper": "cell_free", "scenario": {"document": {"scenario": {"width_m": 200.0}}}});
        assert_eq!(of(wider), None);
        let figure = json!({"paper": "hisac_see", "scenario": {"setup": {"M1_h_v": [4, 2], "M2_h_v": [4, 2],
            "users": 1, "P1_max_dbm": 55.0, "gamma_th": 1.0, "topology": "fixed"}}});
        let state = "p=hisac_see&a=4x2&u=-15,22,1;35,22,1&t=-40,-10,1&n=2,-20,1&P=316.2278&g=0.0000&e=0.1&r=1";
        assert_eq!(of(figure).as_deref(), Some(state));
        for (key, value) in [
            ("topology", json!("edge")),
            ("P2_max_dbm", json!(30.0)),
            ("I_p", json!(2.0)),
            ("users", json!(16)),
            ("access", json!("sdma")),
        ] {
            let mut other = json!({"paper": "hisac_see", "scenario": {"setup": {}}});
            other["scenario"]["setup"][key] = value;
            assert_eq!(of(other), None, "{key}");
        }
    }
}
