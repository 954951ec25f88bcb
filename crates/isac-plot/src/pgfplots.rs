//! A figure as TeX for pgfplots. Curves that stand in a table of comma-separated values are read from
//! there by column and row; everything else is written out.

use std::fmt::Write as _;
use std::ops::Range;

use super::colour::hex;
use super::text::{Part, parts};
use crate::figure::{Axis, Colour, Dash, Figure, Layer, Legend, Marker, Panel, Style, Table};

/// Where the points of a curve stand in a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    /// Column of x, from 0.
    pub x: usize,
    /// Column of y.
    pub y: usize,
    /// Rows, from 0 below the head.
    pub rows: Range<usize>,
}

/// The figure as a document of its own, which a paper may also `\input` with the package `standalone`.
/// `find` says where the points of a curve stand in `table`, a file beside it; they are written out where
/// it does not know.
pub fn pgfplots(
    figure: &Figure,
    table: &str,
    find: &dyn Fn(&[[f64; 2]]) -> Option<Columns>,
) -> String {
    let mut tex = String::from(
        "\\documentclass[varwidth=60cm,border=2pt]{standalone}\n\\usepackage{textcomp}\n\
         \\usepackage{pgfplots}\n\\pgfplotsset{compat=1.16, filter discard warning=false}\n\\usepgfplotslibrary{groupplots}\n",
    );
    for index in 0..8 {
        let hex = hex(Colour::Curve(index)).trim_start_matches('#');
        push(
            &mut tex,
            format_args!(
                "\\definecolor{{curve{index}}}{{HTML}}{{{}}}\n",
                hex.to_uppercase()
            ),
        );
    }
    for (name, colour) in [("ink", Colour::Ink), ("faint", Colour::Grey)] {
        let hex = hex(colour).trim_start_matches('#').to_uppercase();
        push(
            &mut tex,
            format_args!("\\definecolor{{{name}}}{{HTML}}{{{hex}}}\n"),
        );
    }
    for line in std::iter::once(&figure.title).chain(&figure.footnotes) {
        push(
            &mut tex,
            format_args!("% {}\n", line.replace(['\n', '\r'], " ")),
        );
    }
    tex += "\\begin{document}\n";
    let axes: Vec<&Panel> = (figure.panels.iter())
        .filter(|p| p.table.is_none())
        .collect();
    let draw = Draw { table, find };
    if !axes.is_empty() {
        tex += "\\begin{tikzpicture}\n";
        draw.axes(&mut tex, &axes, figure.columns);
        tex += "\\end{tikzpicture}\n";
    }
    for table in figure
        .panels
        .iter()
        .filter_map(|panel| panel.table.as_ref())
    {
        tabular(&mut tex, table);
    }
    tex + "\\end{document}\n"
}

fn push(tex: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = tex.write_fmt(text);
}

struct Draw<'a> {
    table: &'a str,
    find: &'a dyn Fn(&[[f64; 2]]) -> Option<Columns>,
}

impl Draw<'_> {
    fn axes(&self, tex: &mut String, axes: &[&Panel], columns: usize) {
        if let [panel] = axes {
            push(tex, format_args!("\\begin{{axis}}[\n{}]\n", options(panel)));
            panel.layers.iter().for_each(|l| self.layer(tex, panel, l));
            *tex += "\\end{axis}\n";
            return;
        }
        let columns = match columns {
            0 if axes.len() == 3 || axes.len() > 4 => 3,
            0 => 2,
            n => n.min(axes.len()),
        };
        let rows = axes.len().div_ceil(columns);
        push(
            tex,
            format_args!(
                "\\begin{{groupplot}}[group style={{group size={columns} by {rows}, horizontal sep=2.2cm, \
                 vertical sep=4cm}}]\n"
            ),
        );
        for panel in axes {
            push(tex, format_args!("\\nextgroupplot[\n{}]\n", options(panel)));
            panel.layers.iter().for_each(|l| self.layer(tex, panel, l));
        }
        *tex += "\\end{groupplot}\n";
    }

    fn layer(&self, tex: &mut String, panel: &Panel, layer: &Layer) {
        match layer {
            Layer::Line {
                label,
                points,
                style,
            } => {
                let look = line_style(*style);
                match (self.find)(points) {
                    Some(Columns { x, y, rows }) => push(
                        tex,
                        format_args!(
                            "\\addplot[{look}{}, skip coords between index={{0}}{{{}}}, skip coords between \
                             index={{{}}}{{1000000}}]\n  table[col sep=comma, x index={x}, y index={y}] {{{}}};\n",
                            forgotten(label),
                            rows.start,
                            rows.end,
                            self.table
                        ),
                    ),
                    None => {
                        let list = listed(points.iter().map(|p| &p[..]), panel);
                        push(
                            tex,
                            format_args!(
                                "\\addplot[{look}{}] coordinates {{{list}}};\n",
                                forgotten(label)
                            ),
                        );
                    }
                }
                entry(tex, label);
            }
            Layer::Band { points, colour } => band(tex, panel, points, *colour),
            Layer::Bars { points, colour } => bars(tex, points, *colour),
            Layer::Boxes {
                label,
                boxes,
                colour,
            } => {
                for (i, [left, right, height]) in boxes.iter().enumerate() {
                    let label = if i == 0 { label } else { "" };
                    push(
                        tex,
                        format_args!(
                            "\\addplot[draw=white, fill={0}, fill opacity=0.55, area legend{1}] coordinates \
                             {{({left},0) ({left},{height}) ({right},{height}) ({right},0)}} -- cycle;\n",
                            colour_name(*colour),
                            forgotten(label)
                        ),
                    );
                    entry(tex, label);
                }
            }
            Layer::Heat { x, y, values, .. } => heat(tex, x, y, values),
            Layer::Rule {
                label,
                at,
                vertical,
                style,
            } => {
                // The other coordinate is taken from the frame, but must exist on its axis.
                let (x, y) = (anchor(&panel.x), anchor(&panel.y));
                let ends = if *vertical {
                    ["0", "1"].map(|end| format!("({{axis cs:{at},{y}}}|-{{rel axis cs:0,{end}}})"))
                } else {
                    ["0", "1"].map(|end| format!("({{rel axis cs:{end},0}}|-{{axis cs:{x},{at}}})"))
                };
                let ends = ends.join(" -- ");
                let look = line_style(style.no_marker());
                push(tex, format_args!("\\draw[{look}] {ends};\n"));
                if !label.is_empty() {
                    push(tex, format_args!("\\addlegendimage{{{look}}}\n"));
                    entry(tex, label);
                }
            }
            Layer::Text { at, text, colour } => push(
                tex,
                format_args!(
                    "\\node[anchor=west, {}, font=\\footnotesize] at (axis cs:{},{}) {{{}}};\n",
                    colour_name(*colour),
                    at[0],
                    at[1],
                    escaped(text)
                ),
            ),
        }
    }
}

/// Ends of an axis on which all values are nearly one: pgfplots finds none there, and ends on a
/// logarithmic axis.
fn flat(panel: &Panel, vertical: bool) -> Option<[f64; 2]> {
    let at = usize::from(vertical);
    let values = panel.layers.iter().flat_map(|layer| -> Vec<f64> {
        match layer {
            Layer::Line { points, .. } => points.iter().map(|p| p[at]).collect(),
            Layer::Band { points, .. } | Layer::Bars { points, .. } if vertical => {
                points.iter().flat_map(|p| [p[1], p[2]]).collect()
            }
            Layer::Band { points, .. } | Layer::Bars { points, .. } => {
                points.iter().map(|p| p[0]).collect()
            }
            Layer::Boxes { boxes, .. } if vertical => {
                boxes.iter().flat_map(|b| [0.0, b[2]]).collect()
            }
            Layer::Boxes { boxes, .. } => boxes.iter().flat_map(|b| [b[0], b[1]]).collect(),
            Layer::Heat { x, y, .. } => if vertical { y } else { x }.clone(),
            Layer::Rule { .. } | Layer::Text { .. } => Vec::new(),
        }
    });
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for value in values.filter(|v| v.is_finite()) {
        (low, high) = (low.min(value), high.max(value));
    }
    let size = low.abs().max(high.abs());
    if !size.is_finite() || high - low > 1e-4 * size {
        return None;
    }
    let room = if size > 0.0 { 0.1 * size } else { 1.0 };
    Some([low - room, high + room])
}

/// A value that an axis has.
fn anchor(axis: &Axis) -> f64 {
    match (axis.range, axis.log) {
        (Some([low, _]), _) => low,
        (None, true) => 1.0,
        (None, false) => 0.0,
    }
}

fn options(panel: &Panel) -> String {
    let mut text = String::from("  width=9cm, height=7cm, grid=major, grid style={gray!25},\n");
    if !panel.title.is_empty() {
        push(
            &mut text,
            format_args!("  title={{{}}},\n", escaped(&panel.title)),
        );
    }
    for (name, axis) in [("x", &panel.x), ("y", &panel.y)] {
        push(
            &mut text,
            format_args!("  {name}label={{{}}},\n", escaped(&axis.label)),
        );
        if axis.log {
            push(&mut text, format_args!("  {name}mode=log,\n"));
        }
        let flat = flat(panel, name == "y");
        if let Some([low, high]) = axis.range.or(flat) {
            push(
                &mut text,
                format_args!("  {name}min={low}, {name}max={high},\n"),
            );
            if !axis.log {
                // Points farther out are beyond what TeX can place; their lines leave the frame all the same.
                let room = 20.0 * (high - low);
                let (low, high) = (low - room, high + room);
                push(
                    &mut text,
                    format_args!("  restrict {name} to domain*={low}:{high},\n"),
                );
            }
        }
        if let Some(ticks) = &axis.ticks {
            let at: Vec<String> = ticks.iter().map(|(at, _)| at.to_string()).collect();
            let texts: Vec<String> = (ticks.iter())
                .map(|(_, text)| format!("{{{}}}", escaped(text)))
                .collect();
            push(
                &mut text,
                format_args!(
                    "  {name}tick={{{}}}, {name}ticklabels={{{}}},\n",
                    at.join(","),
                    texts.join(",")
                ),
            );
        }
    }
    if panel.equal_aspect {
        text += "  axis equal image,\n";
    }
    for layer in &panel.layers {
        if let Layer::Heat { label, range, .. } = layer {
            push(
                &mut text,
                format_args!(
                    "  colorbar, colormap/viridis, enlargelimits=false, axis on top, colorbar \
                     style={{ylabel={{{}}}}},\n",
                    escaped(label)
                ),
            );
            if let Some([low, high]) = range {
                push(
                    &mut text,
                    format_args!("  point meta min={low}, point meta max={high},\n"),
                );
            }
        }
    }
    if panel.legend == Legend::Hidden {
        text += "  legend style={draw=none, fill=none, opacity=0, text opacity=0},\n";
    } else {
        text += "  legend style={at={(0.5,-0.22)}, anchor=north, legend columns=2, draw=none, \
                 font=\\footnotesize, cells={anchor=west}},\n";
    }
    text
}

fn line_style(style: Style) -> String {
    let colour = colour_name(style.colour);
    let mut text = format!("color={colour}, line width={}pt", 0.6 * style.width);
    match style.dash {
        Dash::None => text += ", only marks",
        Dash::Full => {}
        Dash::Dashed => text += ", dashed",
        Dash::Dotted => text += ", dotted",
    }
    let filled = if style.hollow { "" } else { "*" };
    text += &match style.marker {
        Marker::None => ", mark=none".into(),
        Marker::Circle if style.hollow => ", mark=o".into(),
        Marker::Circle => ", mark=*".into(),
        Marker::Square => format!(", mark=square{filled}"),
        Marker::Triangle => format!(", mark=triangle{filled}"),
        Marker::TriangleDown => format!(", mark=triangle{filled}"),
        Marker::Diamond => format!(", mark=diamond{filled}"),
        Marker::Cross => ", mark=x".into(),
        Marker::Star => ", mark=star".into(),
    };
    match style.marker {
        Marker::None => text,
        Marker::TriangleDown => text + ", mark options={solid, rotate=180}",
        _ => text + ", mark options={solid}",
    }
}

fn colour_name(colour: Colour) -> String {
    match colour {
        Colour::Curve(index) => format!("curve{}", index % 8),
        Colour::Ink => "ink".into(),
        Colour::Grey => "faint".into(),
    }
}

fn forgotten(label: &str) -> &'static str {
    if label.is_empty() {
        ", forget plot"
    } else {
        ""
    }
}

fn entry(tex: &mut String, label: &str) {
    if !label.is_empty() {
        push(
            tex,
            format_args!("\\addlegendentry{{{}}}\n", escaped(label)),
        );
    }
}

/// Points as `(x,y)`; those that the axes do not have are `nan`, which interrupts a line.
fn listed<'p>(points: impl Iterator<Item = &'p [f64]>, panel: &Panel) -> String {
    let shown = |v: f64, axis: &Axis| match v.is_finite() && (v > 0.0 || !axis.log) {
        true => v.to_string(),
        false => "nan".into(),
    };
    let texts = points.map(|p| format!("({},{})", shown(p[0], &panel.x), shown(p[1], &panel.y)));
    texts.collect::<Vec<_>>().join(" ")
}

fn band(tex: &mut String, panel: &Panel, points: &[[f64; 3]], colour: Colour) {
    let shown: Vec<&[f64; 3]> = points
        .iter()
        .filter(|p| p.iter().all(|v| v.is_finite()))
        .collect();
    if shown.len() < 2 {
        return;
    }
    // On a logarithmic axis a lower end at or below zero goes a decade below the upper one.
    let low = |p: &[f64; 3]| {
        if panel.y.log && p[1] <= 0.0 {
            0.1 * p[2]
        } else {
            p[1]
        }
    };
    let upper = shown.iter().map(|p| [p[0], p[2]]);
    let lower = shown.iter().rev().map(|p| [p[0], low(p)]);
    let ring: Vec<[f64; 2]> = upper.chain(lower).collect();
    push(
        tex,
        format_args!(
            "\\addplot[draw=none, fill={}, fill opacity=0.16, forget plot] coordinates {{{}}} -- cycle;\n",
            colour_name(colour),
            listed(ring.iter().map(|p| &p[..]), panel)
        ),
    );
}

fn bars(tex: &mut String, points: &[[f64; 3]], colour: Colour) {
    let shown = points.iter().filter(|p| p.iter().all(|v| v.is_finite()));
    let texts = shown.map(|[x, low, high]| {
        let (middle, half) = (0.5 * (low + high), 0.5 * (high - low));
        format!("({x},{middle}) +- (0,{half})")
    });
    let list = texts.collect::<Vec<_>>().join(" ");
    if list.is_empty() {
        return;
    }
    push(
        tex,
        format_args!(
            "\\addplot[only marks, mark=none, color={}, forget plot, error bars/.cd, y dir=both, y explicit] \
             coordinates {{{list}}};\n",
            colour_name(colour)
        ),
    );
}

fn heat(tex: &mut String, x: &[f64], y: &[f64], values: &[Vec<f64>]) {
    if x.is_empty() || y.is_empty() {
        return;
    }
    push(
        tex,
        format_args!(
            "\\addplot[matrix plot*, point meta=explicit, mesh/cols={}, forget plot] coordinates {{\n",
            x.len()
        ),
    );
    for (b, row) in y.iter().zip(values) {
        for (i, a) in x.iter().enumerate() {
            let value = row.get(i).filter(|v| v.is_finite());
            let value = value.map_or_else(|| "nan".into(), f64::to_string);
            push(tex, format_args!("({a},{b}) [{value}] "));
        }
        tex.push('\n');
    }
    *tex += "};\n";
}

fn tabular(tex: &mut String, table: &Table) {
    let columns = "r".repeat(table.heads.len().saturating_sub(1));
    push(
        tex,
        format_args!("\\par\\medskip\n\\begin{{tabular}}{{l{columns}}}\n\\hline\n"),
    );
    for (i, row) in std::iter::once(&table.heads).chain(&table.rows).enumerate() {
        let cells: Vec<String> = row.iter().map(|cell| escaped(cell)).collect();
        let rule = if i == 0 { " \\hline" } else { "" };
        push(tex, format_args!("{} \\\\{rule}\n", cells.join(" & ")));
    }
    *tex += "\\hline\n\\end{tabular}\n";
}

/// Text for TeX, with sub- and superscripts.
fn escaped(text: &str) -> String {
    let part = |Part { text, level }: Part| {
        let words: String = text.chars().map(letter).collect();
        match level {
            -1 => format!("\\textsubscript{{{words}}}"),
            1 => format!("\\textsuperscript{{{words}}}"),
            _ => words,
        }
    };
    parts(text).into_iter().map(part).collect()
}

/// A character for TeX.
fn letter(c: char) -> String {
    const NAMES: [(char, &str); 25] = [
        ('α', "alpha"),
        ('β', "beta"),
        ('γ', "gamma"),
        ('δ', "delta"),
        ('ε', "epsilon"),
        ('η', "eta"),
        ('θ', "theta"),
        ('κ', "kappa"),
        ('λ', "lambda"),
        ('μ', "mu"),
        ('ξ', "xi"),
        ('π', "pi"),
        ('ρ', "rho"),
        ('σ', "sigma"),
        ('τ', "tau"),
        ('φ', "phi"),
        ('ω', "omega"),
        ('Δ', "Delta"),
        ('Σ', "Sigma"),
        ('Ω', "Omega"),
        ('≤', "le"),
        ('≥', "ge"),
        ('±', "pm"),
        ('×', "times"),
        ('→', "to"),
    ];
    match c {
        '\\' => "\\textbackslash{}".into(),
        '~' => "\\textasciitilde{}".into(),
        '^' => "\\textasciicircum{}".into(),
        '<' => "\\textless{}".into(),
        '>' => "\\textgreater{}".into(),
        '{' | '}' | '$' | '&' | '#' | '%' | '_' => format!("\\{c}"),
        '\n' | '\r' => " ".into(),
        '°' => "\\textdegree{}".into(),
        '−' => "$-$".into(),
        other => match NAMES.iter().find(|(known, _)| *known == other) {
            Some((_, name)) => format!("$\\{name}$"),
            None => other.to_string(),
        },
    }
}

#[cfg(test)]
mod tests;
