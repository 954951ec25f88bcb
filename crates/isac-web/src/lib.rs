//! The module behind the page: a scene as JSON in, the answer of `isac solve` and what is drawn of it out.
//!
//! A request is `{"scene": {...}, "algorithm": null, "certify": null}`; [`answer`] returns `{"document", "report",
//! "picture"}` with the document that `isac solve` takes and the report that it prints, or `{"error"}`
//! with what was wrong. The exports at the end hand texts over the border of the module; there are no
//! imports.

mod floor;
mod picture;
mod scene;

use isac_lab::document::Document;
use isac_lab::solve::{Certify, SolveReport, SolveRequest};
use scene::{Asked, Scene};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Mutex;

/// What the page asks for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    scene: Value,
    #[serde(default)]
    algorithm: Option<String>,
    /// `none`, `local` (the default) or `global`, as `isac solve --certify`.
    #[serde(default)]
    certify: Option<String>,
}

/// Answers a request; whatever is wrong stands in the answer.
pub fn answer(request: &str) -> String {
    let value = design(request).unwrap_or_else(|error| json!({"error": error}));
    value.to_string()
}

fn design(request: &str) -> Result<Value, String> {
    let request: Request = serde_json::from_str(request).map_err(|e| format!("request: {e}"))?;
    let scene = Scene::read(request.scene)?;
    let document = if scene.problem.has_floor() {
        floor::document(&scene)?
    } else {
        scene.document()?
    };
    let certify = match request.certify.as_deref() {
        None | Some("local") => Certify::Local,
        Some("none") => Certify::None,
        Some("global") => Certify::Global,
        Some(other) => {
            return Err(format!(
                "certify is \"{other}\", expected none, local or global"
            ));
        }
    };
    let asked = SolveRequest {
        algorithm: request.algorithm,
        certify,
        ..SolveRequest::default()
    };
    let report = solve(scene.problem, &document, &asked)?;
    let picture = picture::of(&scene, &report)?;
    Ok(json!({"document": document, "report": report, "picture": picture}))
}

fn solve(problem: Asked, document: &Value, request: &SolveRequest) -> Result<SolveReport, String> {
    let document = Document {
        file: "scene".into(),
        value: document.clone(),
    };
    let root = document.root();
    let report = match problem {
        #[cfg(feature = "prompt")]
        Asked::RateCrlb => isac_papers::obs_crlb::solve(&root, request),
        #[cfg(feature = "prompt")]
        Asked::PowerMin | Asked::MaxMin | Asked::RobustPowerMin | Asked::RobustMaxMin => {
            isac_papers::noma::solve(&root, request)
        }
        #[cfg(feature = "prompt")]
        Asked::CellFree => isac_papers::cell_free::solve(&root, request),
        #[cfg(feature = "patient")]
        Asked::HisacSee => isac_papers::hisac_see::solve(&root, request),
        #[cfg(feature = "patient")]
        Asked::AlphaFair => isac_papers::alpha_fair::solve(&root, request),
        #[cfg(not(all(feature = "prompt", feature = "patient")))]
        other => return Err(format!("the problem {other:?} is solved by the other module")),
    };
    report.map_err(|error| error.to_string())
}

static INPUT: Mutex<Vec<u8>> = Mutex::new(Vec::new());
static OUTPUT: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// Makes room for a request of `bytes` bytes and says where to write it.
#[expect(unsafe_code, reason = "a name that the page can call")]
#[unsafe(no_mangle)]
pub extern "C" fn room(bytes: usize) -> *mut u8 {
    let mut input = INPUT.lock().unwrap_or_else(|e| e.into_inner());
    input.clear();
    input.resize(bytes, 0);
    input.as_mut_ptr()
}

/// Answers the request that was written and returns the bytes of the answer.
#[expect(unsafe_code, reason = "a name that the page can call")]
#[unsafe(no_mangle)]
pub extern "C" fn run() -> usize {
    let input = INPUT.lock().unwrap_or_else(|e| e.into_inner());
    let text = answer(&String::from_utf8_lossy(&input));
    let mut output = OUTPUT.lock().unwrap_or_else(|e| e.into_inner());
    *output = text.into_bytes();
    output.len()
}

/// Where the answer stands.
#[expect(unsafe_code, reason = "a name that the page can call")]
#[unsafe(no_mangle)]
pub extern "C" fn found() -> *const u8 {
    OUTPUT.lock().unwrap_or_else(|e| e.into_inner()).as_ptr()
}
