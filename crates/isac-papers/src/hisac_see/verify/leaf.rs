//! The leaves of a proof as the file has them.

use isac_lab::document::Node;
use isac_lab::error::Error;
use isac_lab::proof::Cell;
use isac_linalg::c64;

/// Keys of a leaf, and of one of its rows at a channel.
const LEAF_KEYS: [&str; 7] = ["slot", "lower", "upper", "bound", "m", "y", "cuts"];
const CUT_KEYS: [&str; 4] = ["row", "error", "y", "v"];
/// The rows at a channel of an error ball.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Name {
    Signal,
    Amplitude,
    Interference,
    Jamming,
    Eavesdropping,
    Leak,
    SensingAtEve,
    OrderAtEve,
    OrderAtBob,
    SensingAtBob,
}

/// As the file spells them.
const NAMES: [(&str, Name); 10] = [
    ("signal", Name::Signal),
    ("amplitude", Name::Amplitude),
    ("interference", Name::Interference),
    ("jamming", Name::Jamming),
    ("eavesdropping", Name::Eavesdropping),
    ("leak", Name::Leak),
    ("sensing_at_eve", Name::SensingAtEve),
    ("order_at_eve", Name::OrderAtEve),
    ("order_at_bob", Name::OrderAtBob),
    ("sensing_at_bob", Name::SensingAtBob),
];

/// A leaf as the file has it.
pub(super) struct Leaf {
    pub(super) slot: usize,
    pub(super) cell: Cell,
    pub(super) bound: f64,
    pub(super) m: f64,
    pub(super) y: Vec<f64>,
    pub(super) cuts: Vec<Cut>,
}

/// A row at a channel: its name, the error, the multiplier, and the number of `eavesdropping`.
pub(super) struct Cut {
    pub(super) row: Name,
    pub(super) error: usize,
    pub(super) y: f64,
    pub(super) v: c64,
}

/// Reads a leaf.
pub(super) fn read(node: &Node<'_>) -> Result<Leaf, Error> {
    node.known_keys(&LEAF_KEYS)?;
    let cuts = node.get("cuts")?.objects()?;
    let cut = |node: &Node<'_>| -> Result<Cut, Error> {
        node.known_keys(&CUT_KEYS)?;
        let v = node.opt("v").map(|v| v.vec_of(2)).transpose()?;
        Ok(Cut {
            row: NAMES[node.get("row")?.one_of(&NAMES.map(|(name, _)| name))?].1,
            error: node.get("error")?.usize()?,
            y: node.get("y")?.nonnegative("")?,
            v: v.map_or(c64::ZERO, |v| c64::new(v[0], v[1])),
        })
    };
    let y = node.get("y")?.items()?;
    Ok(Leaf {
        slot: node.get("slot")?.usize()?,
        cell: Cell {
            lower: node.get("lower")?.vec()?,
            upper: node.get("upper")?.vec()?,
        },
        bound: node.get("bound")?.f64()?,
        m: node.get("m")?.positive("")?,
        y: y.iter()
            .map(|y| y.nonnegative(""))
            .collect::<Result<_, _>>()?,
        cuts: cuts.iter().map(cut).collect::<Result<_, _>>()?,
    })
}
