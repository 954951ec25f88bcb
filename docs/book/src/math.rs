//! Formulas: LaTeX to MathML.

use pulldown_latex::{Parser, RenderConfig, Storage, config::DisplayMode, push_mathml};

/// A displayed formula.
///
/// # Errors
/// What of the formula cannot be read.
pub(crate) fn display(latex: &str) -> Result<String, String> {
    let storage = Storage::new();
    let parser = Parser::new(latex, &storage);
    let config = RenderConfig {
        display_mode: DisplayMode::Block,
        ..RenderConfig::default()
    };
    let mut problem = None;
    let events = parser.inspect(|event| {
        if let Err(error) = event
            && problem.is_none()
        {
            problem = Some(error.to_string());
        }
    });
    let mut out = String::new();
    push_mathml(&mut out, events, config).map_err(|error| error.to_string())?;
    match problem {
        None => Ok(out),
        Some(problem) => Err(format!("formula `{}`: {problem}", latex.trim())),
    }
}
