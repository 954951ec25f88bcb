// The design as a scenario, as a program in Python and in Rust.
(function (root) {
  "use strict";
  const isac = (root.isac = root.isac || {});

  const value = (x) => {
    if (Array.isArray(x)) return `[${x.map(value).join(", ")}]`;
    if (x !== null && typeof x === "object") {
      return `{ ${Object.entries(x).map(([key, entry]) => `${key} = ${value(entry)}`).join(", ")} }`;
    }
    return JSON.stringify(x);
  };

  /** The document as TOML, as `isac solve FILE.toml` reads it. */
  isac.toml = function (found) {
    const lines = ["# isac solve FILE.toml"];
    const tables = [];
    for (const [key, entry] of Object.entries(found.document)) {
      if (key === "cases") {
        for (const one of entry) tables.push("", "[[cases]]", ...Object.entries(one).map(([k, v]) => `${k} = ${value(v)}`));
      } else if (key === "parameters") {
        tables.push("", "[parameters]", ...Object.entries(entry).map(([k, v]) => `${k} = ${value(v)}`));
      } else {
        lines.push(`${key} = ${value(entry)}`);
      }
    }
    return lines.concat(tables).join("\n") + "\n";
  };

  isac.json = (found) => JSON.stringify(found.document, null, 1) + "\n";

  const algorithm = (found) => found.algorithm ? found.algorithm : null;

  /** Solves the document by the program `isac` and evaluates its beams with NumPy. */
  isac.python = function (found) {
    const option = (algorithm(found) ? `, "--algorithm", "${algorithm(found)}"` : "") + (found.certify ? `, "--certify", "${found.certify}"` : "");
    return `# Needs NumPy and the program \`isac\` (cargo install --path crates/isac).
import json, pathlib, subprocess
import numpy as np

document = json.loads(r'''${JSON.stringify(found.document)}''')
pathlib.Path("design.json").write_text(json.dumps(document))
run = subprocess.run(["isac", "solve", "design.json", "--json"${option}], capture_output=True, text=True)
if run.returncode not in (0, 3, 4):
    raise SystemExit(run.stderr)
report = json.loads(run.stdout)
print(report["status"], report["objective"], report["certificate"])
matrix = lambda m: np.array(m["re"]) + 1j * np.array(m["im"])
beams = {name: matrix(m) for name, m in report["beamformers"].items()}  # antennas x streams
for name, W in beams.items():
    print(name, W.shape, "power, W:", np.linalg.norm(W) ** 2)
    if "H" in document and name in ("w", "W"):
        print("received powers, W (user x stream):")
        print(np.abs(matrix(document["H"]).conj().T @ W) ** 2)
`;
  };

  /** Solves the document with the crates. */
  isac.rust = function (found) {
    const paper = found.document.schema.split("/")[0].replace("-", "_");
    const option = algorithm(found) ? `Some("${algorithm(found)}".into())` : "None";
    const proved = found.certify === "global" ? "certify: Certify::Global, " : "";
    return `// Dependencies: isac-lab and isac-papers, by path.
use isac_lab::document::Document;
use isac_lab::solve::${proved ? "{Certify, SolveRequest}" : "SolveRequest"};

const DESIGN: &str = r#"${JSON.stringify(found.document)}"#;

fn main() -> Result<(), isac_lab::Error> {
    let document = Document::from_json("design.json", DESIGN)?;
    let request = SolveRequest { algorithm: ${option}, ${proved}..SolveRequest::default() };
    let report = isac_papers::${paper}::solve(&document.root(), &request)?;
    println!("{:?}: {:?}, {:?}", report.status, report.objective, report.certificate);
    Ok(())
}
`;
  };
})(typeof globalThis !== "undefined" ? globalThis : this);
