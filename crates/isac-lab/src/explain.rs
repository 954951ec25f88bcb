//! Keys of a scenario with unit, default and meaning, read from the commented scenario of a paper.
//!
//! ```
//! let template = "[scenario]\npower_dbm = 30.0  # dBm: power budget\nusers = 4  # K\n";
//! let keys = isac_lab::explain::keys(template);
//! assert_eq!((keys[0].name.as_str(), keys[0].unit.as_str()), ("power_dbm", "dBm"));
//! assert_eq!((keys[1].default.as_str(), keys[1].meaning.as_str()), ("4", "K"));
//! ```

/// A key of a scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// With dots below `[scenario]`, such as `sensing.gain`.
    pub name: String,
    /// Unit; empty for none.
    pub unit: String,
    /// The value it has when it is absent, as TOML.
    pub default: String,
    /// What it says.
    pub meaning: String,
    /// Whether the default problem refuses it: the template has it as a comment.
    pub unused: bool,
}

/// Units that stand before the meaning of a key.
const UNITS: [&str; 14] = [
    "rad",
    "dBm",
    "W",
    "W^2",
    "dB",
    "degrees",
    "wavelengths",
    "GHz",
    "MHz",
    "Hz",
    "m",
    "m^2",
    "m/s",
    "Mbit/s",
];
/// Further ones, of rates.
const RATES: [&str; 3] = ["bit/s/Hz", "nats/s/Hz", "s"];

/// The keys of `[scenario]` and the tables below it, in the order of the template, whose lines are
/// `key = default  # unit: meaning`.
pub fn keys(template: &str) -> Vec<Key> {
    let mut keys = Vec::new();
    let mut table = None;
    for line in template.lines() {
        let head = line
            .trim()
            .strip_prefix('[')
            .and_then(|l| l.split_once(']'));
        if let Some((name, _)) = head.filter(|_| !line.contains('=')) {
            table = name
                .strip_prefix("scenario")
                .map(|rest| rest.trim_start_matches('.').to_string());
            continue;
        }
        let Some(table) = &table else { continue };
        let (line, unused) = match line.strip_prefix("# ") {
            Some(rest) => (rest, true),
            None => (line, false),
        };
        keys.extend(key(line, table, unused));
    }
    keys
}

fn key(line: &str, table: &str, unused: bool) -> Option<Key> {
    let (name, rest) = line.split_once(" = ")?;
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || !name.chars().all(word) {
        return None;
    }
    let (default, text) = rest.split_once("  # ").unwrap_or((rest, ""));
    let (unit, meaning) = match text.split_once(": ") {
        Some((unit, meaning)) if UNITS.contains(&unit) || RATES.contains(&unit) => (unit, meaning),
        _ => ("", text),
    };
    Some(Key {
        name: match table {
            "" => name.into(),
            table => format!("{table}.{name}"),
        },
        unit: unit.into(),
        default: default.trim().into(),
        meaning: meaning.trim().into(),
        unused,
    })
}
