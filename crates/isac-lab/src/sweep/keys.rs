//! The table `[sweep]` of a document, key by key, and what is refused in it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::attach::Stack;
use crate::document::{Node, is_remark};
use crate::error::{Error, nearest};
use crate::explain;

/// Keys of `[sweep]` that name nothing that varies: key, default, meaning.
pub const KEYS: [(&str, &str, &str); 6] = [
    (
        "realizations",
        "1",
        "channel draws at every point; with channels of files as many as they hold",
    ),
    (
        "algorithms",
        "the paper's default",
        "list of algorithms of `solve`, a curve each",
    ),
    (
        "metrics",
        "[\"objective\"]",
        "list of what is kept of a solution: `objective`, `bound`, `relative_gap`, `max_violation`, `iterations`, `seed`, or a name under `metrics` of `solve --json`, `NAME[i]` for entry i of a list",
    ),
    (
        "x",
        "the key with the most numbers",
        "which of the varied keys is the x axis; the others make curves",
    ),
    ("seed", "1", "every random draw follows from it"),
    (
        "common_draws",
        "false",
        "realisation i is the same draw at every point, for paired comparisons",
    ),
];

/// The most solves of one sweep: points times algorithms times realisations.
pub const MOST_SOLVES: f64 = 1e7;

/// A key with its values.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Varied {
    pub(super) key: String,
    pub(super) values: Vec<Value>,
}

/// How keys of a document's one case begin.
pub(super) const CASE: &str = "case.";

impl Varied {
    /// Its name on axes and in labels.
    pub(super) fn shown(&self) -> &str {
        self.key.strip_prefix(CASE).unwrap_or(&self.key)
    }

    /// Its place on the x axis: the number, or the index where not all are numbers.
    pub(super) fn x(&self, at: usize) -> f64 {
        match self
            .values
            .iter()
            .map(Value::as_f64)
            .collect::<Option<Vec<_>>>()
        {
            Some(numbers) => numbers[at],
            None => at as f64,
        }
    }

    pub(super) fn numeric(&self) -> bool {
        self.values.iter().all(Value::is_number)
    }
}

/// The varied keys of `[sweep]` with their values; tables of the scenario are tables here.
pub(super) fn collect(
    table: &Node<'_>,
    prefix: &str,
    known: Option<&[explain::Key]>,
    out: &mut Vec<Varied>,
) -> Result<(), Error> {
    for (key, node) in table.entries()? {
        let own = prefix.is_empty() && KEYS.iter().any(|(name, ..)| *name == key);
        if own || is_remark(key) {
            continue;
        }
        let key = format!("{prefix}{key}");
        if node.value.is_object() {
            collect(&node, &format!("{key}."), known, out)?;
            continue;
        }
        known.map_or(Ok(()), |keys| is_known(&node, &key, keys))?;
        let Some(values) = node.value.as_array() else {
            return Err(node.wrong("a list of values to try; one value belongs into [scenario]"));
        };
        if values.is_empty() {
            return Err(node.wrong("a list with at least one value"));
        }
        let mut seen = BTreeSet::new();
        if let Some(twice) = values.iter().find(|v| !seen.insert(v.to_string())) {
            return Err(node.wrong(format!("every value once, not {twice} twice")));
        }
        out.push(Varied {
            key,
            values: values.clone(),
        });
    }
    out.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(())
}

/// A list of texts, each once.
pub(super) fn names(table: &Node<'_>, key: &str) -> Result<Option<Vec<String>>, Error> {
    let Some(node) = table.opt(key) else {
        return Ok(None);
    };
    let items = node.items()?;
    if items.is_empty() {
        return Err(node.wrong("a list with at least one name"));
    }
    let mut list: Vec<String> = Vec::new();
    for item in items {
        let name = item.text()?;
        if list.iter().any(|known| known == name) {
            return Err(item.wrong("every name once"));
        }
        list.push(name.into());
    }
    Ok(Some(list))
}

/// Refuses a grid that nobody could run.
pub(super) fn small_enough(
    table: &Node<'_>,
    varied: &[Varied],
    algorithms: usize,
    realizations: usize,
) -> Result<(), Error> {
    let points: f64 = varied.iter().map(|v| v.values.len() as f64).product();
    let solves = points * algorithms as f64 * realizations as f64;
    if solves <= MOST_SOLVES {
        return Ok(());
    }
    Err(Error::Field {
        file: table.file.into(),
        path: table.path.clone(),
        value: format!(
            "{points:.0} points x {algorithms} algorithms x {realizations} realizations = {solves:e} solves"
        ),
        expected: format!("at most {MOST_SOLVES:e} solves"),
    })
}

/// How many realisations there are: as many as files have, if they have any, or as stated.
pub(super) fn realizations_of(
    table: &Node<'_>,
    stated: Option<usize>,
    stack: &Stack,
) -> Result<usize, Error> {
    match (stated, stack.realizations()) {
        (Some(stated), Some(there)) if stated > there => {
            let node = table.get("realizations")?;
            Err(node.wrong(format!("at most {there}, as many as the files hold")))
        }
        (Some(stated), _) => Ok(stated),
        (None, there) => Ok(there.unwrap_or(1)),
    }
}

/// Refuses a varied key within a table that names a file.
pub(super) fn fixed_files(table: &Node<'_>, root: &Node<'_>) -> Result<(), Error> {
    for (key, node) in table.entries()? {
        if root.opt(key).is_some_and(|own| own.opt("file").is_some()) {
            return Err(node.wrong("no key of a file: other channels are another study"));
        }
    }
    Ok(())
}

/// Refuses several cases where the realisations are those of files, or where keys of the case vary.
pub(super) fn one_case(root: &Node<'_>, stack: &Stack, varied: &[Varied]) -> Result<(), Error> {
    let in_case = varied.iter().any(|v| v.key.starts_with(CASE));
    let cases = root.opt("cases");
    let count = cases
        .as_ref()
        .and_then(|cases| cases.value.as_array())
        .map(Vec::len);
    match (cases, count) {
        (Some(cases), Some(n)) if n != 1 && (in_case || stack.realizations().is_some()) => {
            let why = "one case: realisations are those of the files, and `case.KEY` varies in it";
            Err(cases.wrong(why))
        }
        _ => Ok(()),
    }
}

/// Takes the x axis out of the varied keys: the one that `x` names, otherwise the one with the most
/// numbers, the first by name of several.
pub(super) fn x_axis(table: &Node<'_>, varied: &mut Vec<Varied>) -> Result<Option<Varied>, Error> {
    if let Some(node) = table.opt("x") {
        let name = node.text()?;
        let Some(at) = varied.iter().position(|v| v.key == name) else {
            let near = nearest(name, varied.iter().map(|v| v.key.as_str()));
            let all = varied.iter().map(|v| v.key.clone()).collect::<Vec<_>>();
            let list = if near.is_empty() { all } else { near };
            return Err(node.wrong(format!("a key that varies: {}", list.join(", "))));
        };
        return Ok(Some(varied.remove(at)));
    }
    let score = |v: &Varied| (v.numeric(), v.values.len());
    let best = (0..varied.len()).rev().max_by_key(|i| score(&varied[*i]));
    Ok(best.map(|at| varied.remove(at)))
}

/// Refuses a varied key that is none of the scenario, with the nearest there and in `[sweep]`.
pub(super) fn is_known(node: &Node<'_>, key: &str, keys: &[explain::Key]) -> Result<(), Error> {
    if keys.iter().any(|known| known.name == key) {
        return Ok(());
    }
    let own = KEYS.iter().map(|(name, ..)| *name);
    let names = keys.iter().map(|key| key.name.as_str()).chain(own);
    Err(Error::UnknownKey {
        file: node.file.into(),
        path: format!("sweep.{key}"),
        nearest: nearest(key, names),
    })
}
