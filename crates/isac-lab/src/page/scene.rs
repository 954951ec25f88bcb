//! The state of the page in the browser that stands for the problem of a result: its sizes, targets and
//! limits, with the users in line of sight, since the page places users and figures draw their channels.

use serde_json::Value;

use super::Entry;

/// Most antennas and users of the page.
const MOST: [usize; 2] = [256, 16];

/// The state behind the `#` of the page's address; `None` where the page does not have the problem.
pub(super) fn scene(entry: &Entry) -> Option<String> {
    if entry.text("paper") != "noma" {
        return None;
    }
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
        assert_eq!(of(json!({"paper": "hisac_see", "scenario": {}})), None);
    }
}
