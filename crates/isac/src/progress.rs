//! Where a run stands, on standard error: bars on a terminal, JSON lines, plain lines, or nothing.

use std::io::{IsTerminal, Write};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use isac_lab::run::{CurveStanding, Standing};

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Mode {
    /// Bars on a terminal, a line now and then elsewhere.
    Auto,
    /// One JSON object per line.
    Json,
    /// Nothing.
    None,
}

/// Shows the standing of one run.
pub(crate) enum Display<'a> {
    Bars(Box<Bars>),
    Lines {
        err: &'a mut dyn Write,
        name: String,
        next_tenth: usize,
    },
    Json {
        err: &'a mut dyn Write,
        name: String,
        last_done: Option<usize>,
    },
    Silent,
}

pub(crate) struct Bars {
    total: ProgressBar,
    curves: Vec<ProgressBar>,
    all: MultiProgress,
}

impl<'a> Display<'a> {
    pub(crate) fn new(mode: Mode, name: &str, err: &'a mut dyn Write) -> Self {
        let name = name.to_string();
        match mode {
            Mode::Auto if std::io::stderr().is_terminal() => {
                let all = MultiProgress::new();
                let total = all.add(ProgressBar::new(1));
                total.set_style(style("{prefix:<28} [{bar:30}] {pos}/{len}  {msg}"));
                total.set_prefix(name);
                Self::Bars(Box::new(Bars {
                    total,
                    curves: Vec::new(),
                    all,
                }))
            }
            Mode::Auto => Self::Lines {
                err,
                name,
                next_tenth: 0,
            },
            Mode::Json => Self::Json {
                err,
                name,
                last_done: None,
            },
            Mode::None => Self::Silent,
        }
    }

    /// Shows a new standing.
    pub(crate) fn show(&mut self, standing: &Standing) {
        // A closed standard error must not end the run, so failures to write are ignored.
        match self {
            Self::Bars(bars) => bars.show(standing),
            Self::Lines {
                err,
                name,
                next_tenth,
            } => {
                let tenth = 10 * standing.done / standing.total.max(1);
                if tenth >= *next_tenth {
                    *next_tenth = tenth + 1;
                    let (done, total) = (standing.done, standing.total);
                    let _ = writeln!(
                        err,
                        "{name}: {done}/{total} realisations{}",
                        remarks(standing)
                    );
                }
            }
            Self::Json {
                err,
                name,
                last_done,
            } => {
                if *last_done != Some(standing.done) {
                    *last_done = Some(standing.done);
                    let line = serde_json::json!({"event": "progress", "artefact": name,
                                                  "standing": standing});
                    let _ = writeln!(err, "{line}");
                }
            }
            Self::Silent => {}
        }
    }

    /// Clears bars away.
    pub(crate) fn end(self) {
        if let Self::Bars(bars) = self {
            let _ = bars.all.clear();
        }
    }
}

impl Bars {
    fn show(&mut self, standing: &Standing) {
        for curve in standing.curves.iter().skip(self.curves.len()) {
            let bar = self.all.add(ProgressBar::new(curve.total as u64));
            bar.set_style(style("  {prefix:<26} [{bar:30}] {pos}/{len}  {msg}"));
            bar.set_prefix(curve.curve.clone());
            self.curves.push(bar);
        }
        for (bar, curve) in self.curves.iter().zip(&standing.curves) {
            bar.set_position(curve.done as u64);
            bar.set_message(remark(curve));
        }
        self.total.set_length(standing.total as u64);
        self.total.set_position(standing.done as u64);
        self.total.set_message(match standing.seconds_left {
            Some(seconds) => format!("{} left", duration(seconds)),
            None => String::new(),
        });
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ")
}

fn remark(curve: &CurveStanding) -> String {
    let state = match (curve.done, curve.total) {
        (done, total) if done == total => "done",
        (0, _) => "waiting",
        _ => "running",
    };
    let mut text = state.to_string();
    if curve.failed > 0 {
        text += &format!(", {} failed", curve.failed);
    }
    if curve.unconverged > 0 {
        text += &format!(", {} not converged", curve.unconverged);
    }
    text
}

fn remarks(standing: &Standing) -> String {
    let mut text = match standing.seconds_left {
        Some(seconds) if standing.done < standing.total => format!(", {} left", duration(seconds)),
        _ => String::new(),
    };
    for curve in &standing.curves {
        text += &format!(
            "; {}: {}/{} {}",
            curve.curve,
            curve.done,
            curve.total,
            remark(curve)
        );
    }
    text
}

/// `4 s`, `3 min 20 s`, `2 h 5 min`.
pub(crate) fn duration(seconds: f64) -> String {
    let whole = seconds.max(0.0).round() as u64;
    match whole {
        0 => "under 1 s".into(),
        1..60 => format!("{whole} s"),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well() {
        assert_eq!(duration(0.2), "under 1 s");
        assert_eq!(duration(75.0), "1 min 15 s");
        assert_eq!(duration(7500.0), "2 h 5 min");
    }

    #[test]
    fn json_lines_come_once_per_standing() {
        let mut bytes = Vec::new();
        let mut display = Display::new(Mode::Json, "p/fig1", &mut bytes);
        let mut standing = Standing {
            total: 2,
            ..Standing::default()
        };
        display.show(&standing);
        display.show(&standing);
        standing.done = 1;
        display.show(&standing);
        display.end();
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(text.lines().count(), 2);
        let line: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        assert_eq!(line["artefact"], "p/fig1");
    }
}
