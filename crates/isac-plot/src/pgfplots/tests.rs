//! What the TeX of a figure says.

use super::*;

/// Braces, brackets and environments that close in the order in which they opened.
pub(crate) fn balanced(tex: &str) {
    let mut open: Vec<String> = Vec::new();
    for line in tex.lines().filter(|line| !line.starts_with('%')) {
        let bare = line
            .replace("\\{", "")
            .replace("\\}", "")
            .replace("\\%", "");
        for (at, c) in bare.char_indices() {
            match c {
                '{' => open.push("{".into()),
                '}' => assert_eq!(open.pop().as_deref(), Some("{"), "{line}"),
                '\\' => {
                    let rest = &bare[at..];
                    let name =
                        |word: &str| Some(rest.strip_prefix(word)?.split('}').next()?.to_string());
                    if let Some(name) = name("\\begin{") {
                        open.push(name);
                    } else if let Some(name) = name("\\end{") {
                        assert_eq!(open.pop(), Some(name), "{line}");
                    }
                }
                _ => {}
            }
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn curves_of_the_table_are_read_and_others_are_written_out() {
    let mut panel = Panel::new(
        "A & B_{1}",
        Axis::new("P (W)").range(0.0, 2.0),
        Axis::log("100 %"),
    );
    let known = vec![[0.0, 1.0], [1.0, 10.0]];
    panel.line("ours, {x}", known.clone(), Style::curve(0));
    panel.published("ours", vec![[0.0, 1.5], [1.0, f64::NAN]], Style::curve(0));
    panel.layers.push(Layer::Band {
        points: vec![[0.0, 0.5, 2.0], [1.0, -1.0, 20.0]],
        colour: Colour::Curve(0),
    });
    let figure = Figure::new("50 %", vec![panel]);
    let find = |points: &[[f64; 2]]| {
        (points == known).then_some(Columns {
            x: 1,
            y: 5,
            rows: 3..5,
        })
    };
    let tex = pgfplots(&figure, "curve.csv", &find);
    balanced(&tex);
    assert!(
        tex.contains("skip coords between index={0}{3}, skip coords between index={5}{1000000}")
    );
    assert!(tex.contains("table[col sep=comma, x index=1, y index=5] {curve.csv};"));
    assert!(tex.contains("\\addlegendentry{ours, \\{x\\}}"));
    assert!(tex.contains("coordinates {(0,1.5) (1,nan)}"));
    // The lower end at -1 is a decade below 20.
    assert!(tex.contains("{(0,2) (1,20) (1,2) (0,0.5)} -- cycle"));
    assert!(tex.contains("title={A \\& B\\textsubscript{1}}") && tex.contains("ylabel={100 \\%}"));
    assert!(tex.contains("ymode=log") && tex.contains("xmin=0, xmax=2"));
    assert!(tex.contains("restrict x to domain*=-40:42"));
}

#[test]
fn axes_of_one_value_have_ends() {
    let mut panel = Panel::new("", Axis::new("x"), Axis::log("y"));
    panel.line("a", vec![[1.0, 4.0], [2.0, 4.0 + 1e-12]], Style::curve(0));
    assert_eq!(flat(&panel, false), None);
    let [low, high] = flat(&panel, true).unwrap();
    assert!((low - 3.6).abs() < 1e-9 && (high - 4.4).abs() < 1e-9);
    panel.line("b", vec![[1.0, 4.1]], Style::curve(1));
    assert_eq!(flat(&panel, true), None);
    let zero = vec![[0.0, 0.0]];
    let mut panel = Panel::new("", Axis::new("x"), Axis::new("y"));
    panel.line("a", zero, Style::curve(0));
    assert_eq!(flat(&panel, true), Some([-1.0, 1.0]));
}

#[test]
fn every_kind_of_layer_closes_what_it_opens() {
    let mut panel = Panel::new("", Axis::new("x").categories(["a_b", "c"]), Axis::new("y"));
    panel.layers.push(Layer::Bars {
        points: vec![[0.0, 1.0, 3.0]],
        colour: Colour::Ink,
    });
    panel.layers.push(Layer::Boxes {
        label: "count".into(),
        boxes: vec![[0.0, 1.0, 3.0]],
        colour: Colour::Curve(9),
    });
    panel.vertical("limit", 0.5, Style::curve(2).dashed());
    panel.horizontal("", 0.5, Style::curve(2));
    panel.text([0.2, 2.0], "50 % of δ");
    let mut map = Panel::new("", Axis::new("x"), Axis::new("y"));
    map.layers.push(Layer::Heat {
        label: "gain (dB)".into(),
        x: vec![0.0, 1.0],
        y: vec![0.0, 1.0],
        values: vec![vec![0.0, 1.0], vec![2.0, f64::NAN]],
        range: Some([0.0, 2.0]),
    });
    let table = Panel::table("", ["a", "b"], vec![vec!["1 & 2".into(), "3".into()]]);
    let tex = pgfplots(&Figure::new("", vec![panel, map, table]), "t.csv", &|_| {
        None
    });
    balanced(&tex);
    assert!(tex.contains("(0,2) +- (0,1)") && tex.contains("xticklabels={{a\\_b},{c}}"));
    assert!(tex.contains("(1,1) [nan]") && tex.contains("point meta min=0, point meta max=2"));
    assert!(tex.contains("50 \\% of $\\delta$") && tex.contains("1 \\& 2 & 3 \\\\"));
    assert!(tex.contains("group size=2 by 1"));
}
