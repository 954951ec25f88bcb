//! Exact worst cases of received powers and their ratios over an uncertain channel, with the
//! channel that attains each.
//!
//! | function | quantity over all channels of the error set |
//! |---|---|
//! | [`Link::amplitude_floor`] | least `\|h^H w\|` (signed) |
//! | [`Link::total_power`] | greatest or least `sum_k \|h^H o_k\|^2` |
//! | [`Link::ratio`] | greatest or least `\|h^H u\|^2 / (\|h^H v\|^2 + c \|h\|^2 + b)` |
//! | [`Link::difference_max`] | greatest `\|h^H u\|^2 - \|h^H v\|^2 - c \|h\|^2` |
//!
//! Ratios are solved by Dinkelbach's method, each step one ball extremum in the plane of the two
//! beams. Gradients follow by Danskin's theorem from the attaining channel `x`, here in the
//! workspace's convention `df = Re(G^H dw)`: a power `|x^H w|^2` has `G = 2 x (x^H w)`.

mod form;
mod link;
mod pieces;
mod plane;
mod vectors;

pub use form::StreamsForm;
pub use link::{AmplitudeFloor, Attained, Extreme, Link, RatioExtreme};
pub use pieces::{Frame, POWER_PIECES, Pieces, PowerPieces, TURNS};
pub(crate) use vectors::{dot, norm2};

#[cfg(test)]
mod tests;
