//! What a figure shows, as data. Drawing is the business of [`crate::svg`].
//!
//! ```
//! use isac_plot::figure::{Axis, Figure, Panel, Style};
//! let mut panel = Panel::new("", Axis::new("Transmit power (dBm)"), Axis::log("CRLB"));
//! let points = vec![[-5.0, 60.0], [0.0, 19.0], [5.0, 6.1]];
//! panel.line("Algorithm 1", points.clone(), Style::curve(0));
//! panel.published("Algorithm 1", points, Style::curve(0));
//! let figure = Figure::new("Objective against power", vec![panel]);
//! assert_eq!(figure.panels[0].layers.len(), 2);
//! ```

/// End of the labels of published points.
pub(crate) const PUBLISHED: &str = ", published";

/// A page of panels.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Figure {
    /// Printed above.
    pub title: String,
    /// The panels, row by row.
    pub panels: Vec<Panel>,
    /// Panels per row; 0 chooses.
    pub columns: usize,
    /// Small lines below: assumptions, sizes, what differs from the paper.
    pub footnotes: Vec<String>,
    /// What points and bands are of the draws.
    pub shown: Shown,
}

/// What a curve shows of the draws behind each of its points.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Shown {
    /// The mean, with its 95 % interval.
    #[default]
    Mean,
    /// The median, from quartile to quartile: for what one draw in twenty dominates.
    Median,
}

impl Figure {
    /// From title and panels.
    pub fn new(title: impl Into<String>, panels: Vec<Panel>) -> Self {
        Self {
            title: title.into(),
            panels,
            columns: 0,
            footnotes: Vec::new(),
            shown: Shown::default(),
        }
    }

    /// The same with a line below.
    pub fn footnote(mut self, line: impl Into<String>) -> Self {
        self.footnotes.push(line.into());
        self
    }
}

/// One pair of axes with layers, drawn in order; or a table.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Panel {
    /// Printed above the panel; empty for none.
    pub title: String,
    /// Horizontal axis.
    pub x: Axis,
    /// Vertical axis.
    pub y: Axis,
    /// What is drawn.
    pub layers: Vec<Layer>,
    /// Where the legend stands.
    pub legend: Legend,
    /// One unit is equally long on both axes (scenes, maps).
    pub equal_aspect: bool,
    /// If there, drawn instead of axes and layers.
    pub table: Option<Table>,
}

/// A table drawn as a panel.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    /// Column heads.
    pub heads: Vec<String>,
    /// Rows of as many cells.
    pub rows: Vec<Vec<String>>,
}

/// Where a legend stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Legend {
    /// In the corner that covers the fewest points, or below if every corner is full.
    #[default]
    Auto,
    /// Below the panel.
    Below,
    /// None.
    Hidden,
}

/// An axis.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Axis {
    /// Label with unit, such as `Sum rate (nats/s/Hz)`.
    pub label: String,
    /// Logarithmic; values <= 0 are left out.
    pub log: bool,
    /// Fixed ends; found from the data otherwise.
    pub range: Option<[f64; 2]>,
    /// Fixed ticks with their texts, for categories; chosen otherwise.
    pub ticks: Option<Vec<(f64, String)>>,
    /// A second scale on the other side: what a value is in another unit. Drawn for vertical axes.
    pub second: Option<Second>,
}

/// A second scale of an axis: `factor * value^power` in its own unit.
#[derive(Debug, Clone, PartialEq)]
pub struct Second {
    /// Label with unit, such as `Range (m)`.
    pub label: String,
    /// Factor.
    pub factor: f64,
    /// Power, such as 0.5 from a variance to a standard deviation; positive.
    pub power: f64,
}

impl Axis {
    /// A linear axis.
    pub fn new(label: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            ..Self::default()
        }
    }

    /// A logarithmic axis.
    pub fn log(label: impl Into<String>) -> Self {
        Self {
            log: true,
            ..Self::new(label)
        }
    }

    /// The same with fixed ends.
    pub fn range(mut self, low: f64, high: f64) -> Self {
        self.range = Some([low, high]);
        self
    }

    /// The same with a second scale, `factor * value^power`, on the other side.
    pub fn second(mut self, label: impl Into<String>, factor: f64, power: f64) -> Self {
        self.second = Some(Second {
            label: label.into(),
            factor,
            power,
        });
        self
    }

    /// The same with one tick per category at 0, 1, 2, ...
    pub fn categories<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.ticks = Some(
            names
                .into_iter()
                .enumerate()
                .map(|(i, name)| (i as f64, name.into()))
                .collect(),
        );
        self
    }
}

/// Colour, marker and line of a layer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Style {
    /// Colour.
    pub colour: Colour,
    /// Marker at the points.
    pub marker: Marker,
    /// Markers filled with the background.
    pub hollow: bool,
    /// Line through the points.
    pub dash: Dash,
    /// Line width in points.
    pub width: f64,
}

impl Style {
    /// The style of curve number `index`: its own colour of a palette that colour-blind readers can
    /// tell apart, its own marker, a full line.
    pub fn curve(index: usize) -> Self {
        const MARKERS: [Marker; 7] = [
            Marker::Circle,
            Marker::Square,
            Marker::Triangle,
            Marker::Diamond,
            Marker::TriangleDown,
            Marker::Cross,
            Marker::Star,
        ];
        Self {
            colour: Colour::Curve(index),
            marker: MARKERS[index % MARKERS.len()],
            hollow: false,
            dash: Dash::Full,
            width: 1.8,
        }
    }

    /// Dashed.
    pub fn dashed(mut self) -> Self {
        self.dash = Dash::Dashed;
        self
    }

    /// Dotted.
    pub fn dotted(mut self) -> Self {
        self.dash = Dash::Dotted;
        self
    }

    /// Markers alone.
    pub fn no_line(mut self) -> Self {
        self.dash = Dash::None;
        self
    }

    /// Line alone.
    pub fn no_marker(mut self) -> Self {
        self.marker = Marker::None;
        self
    }

    /// Markers filled with the background.
    pub fn hollow(mut self) -> Self {
        self.hollow = true;
        self
    }

    /// Another marker.
    pub fn marker(mut self, marker: Marker) -> Self {
        self.marker = marker;
        self
    }

    /// Another colour.
    pub fn colour(mut self, colour: Colour) -> Self {
        self.colour = colour;
        self
    }
}

/// A colour of the house.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// Number in the palette of curves; goes round after the last.
    Curve(usize),
    /// Text and frames.
    Ink,
    /// Things in the background.
    Grey,
}

/// A marker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marker {
    /// None.
    None,
    /// Round.
    Circle,
    /// Square.
    Square,
    /// Point up.
    Triangle,
    /// Point down.
    TriangleDown,
    /// Square on its corner.
    Diamond,
    /// Two crossing strokes.
    Cross,
    /// Star with five points.
    Star,
}

/// A line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dash {
    /// None.
    None,
    /// Full.
    Full,
    /// Dashed.
    Dashed,
    /// Dotted.
    Dotted,
}

/// Something drawn in a panel. Points with NaN interrupt lines. An empty label keeps a layer out of
/// the legend; layers with the same label share one entry.
#[derive(Debug, Clone, PartialEq)]
pub enum Layer {
    /// Points joined by a line, with markers.
    Line {
        /// Legend text.
        label: String,
        /// `[x, y]`.
        points: Vec<[f64; 2]>,
        /// How.
        style: Style,
    },
    /// A confidence band.
    Band {
        /// `[x, low, high]`.
        points: Vec<[f64; 3]>,
        /// Of the curve it belongs to.
        colour: Colour,
    },
    /// Error bars.
    Bars {
        /// `[x, low, high]`.
        points: Vec<[f64; 3]>,
        /// Of the curve they belong to.
        colour: Colour,
    },
    /// Filled boxes standing on zero (histogram, bar chart).
    Boxes {
        /// Legend text.
        label: String,
        /// `[left, right, height]`.
        boxes: Vec<[f64; 3]>,
        /// Fill.
        colour: Colour,
    },
    /// A two-dimensional map with a colour bar.
    Heat {
        /// Label of the colour bar, with unit.
        label: String,
        /// Centres along x, ascending and equally spaced.
        x: Vec<f64>,
        /// Centres along y, ascending and equally spaced.
        y: Vec<f64>,
        /// One row per y, one value per x. NaN is left blank.
        values: Vec<Vec<f64>>,
        /// Ends of the colour scale; found from the data otherwise.
        range: Option<[f64; 2]>,
    },
    /// A line right across the panel.
    Rule {
        /// Legend text.
        label: String,
        /// x of a vertical line, y of a horizontal one.
        at: f64,
        /// Which of the two.
        vertical: bool,
        /// How.
        style: Style,
    },
    /// Text at a point.
    Text {
        /// `[x, y]` of its left end.
        at: [f64; 2],
        /// The text.
        text: String,
        /// Its colour.
        colour: Colour,
    },
}

impl Panel {
    /// Empty axes.
    pub fn new(title: impl Into<String>, x: Axis, y: Axis) -> Self {
        Self {
            title: title.into(),
            x,
            y,
            ..Self::default()
        }
    }

    /// A table instead of axes.
    pub fn table<S: Into<String>>(
        title: impl Into<String>,
        heads: impl IntoIterator<Item = S>,
        rows: Vec<Vec<String>>,
    ) -> Self {
        Self {
            title: title.into(),
            table: Some(Table {
                heads: heads.into_iter().map(Into::into).collect(),
                rows,
            }),
            ..Self::default()
        }
    }

    /// Adds a line with markers.
    pub fn line(&mut self, label: impl Into<String>, points: Vec<[f64; 2]>, style: Style) {
        self.layers.push(Layer::Line {
            label: label.into(),
            points,
            style,
        });
    }

    /// Adds published points: larger hollow markers without a line, labelled `..., published`.
    pub fn published(&mut self, label: &str, points: Vec<[f64; 2]>, style: Style) {
        self.line(
            format!("{label}{PUBLISHED}"),
            points,
            style.hollow().no_line(),
        );
    }

    /// Adds a vertical line.
    pub fn vertical(&mut self, label: impl Into<String>, x: f64, style: Style) {
        self.layers.push(Layer::Rule {
            label: label.into(),
            at: x,
            vertical: true,
            style,
        });
    }

    /// Adds a horizontal line.
    pub fn horizontal(&mut self, label: impl Into<String>, y: f64, style: Style) {
        self.layers.push(Layer::Rule {
            label: label.into(),
            at: y,
            vertical: false,
            style,
        });
    }

    /// Adds text.
    pub fn text(&mut self, at: [f64; 2], text: impl Into<String>) {
        self.layers.push(Layer::Text {
            at,
            text: text.into(),
            colour: Colour::Ink,
        });
    }
}
