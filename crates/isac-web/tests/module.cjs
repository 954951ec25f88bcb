// The module against the program: for the same documents objective and bound are those of `isac solve` to nine
// digits.
"use strict";
const assert = require("node:assert");
const { spawnSync } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const zlib = require("node:zlib");
require(path.join(process.env.PAGE, "state.js"));
require(path.join(process.env.PAGE, "export.js"));
const { isac } = globalThis;

const MOST_COMPRESSED = 700_000;
const AGREE = 1e-9;

const bytes = fs.readFileSync(path.join(process.env.PAGE, "isac.wasm"));
const module_ = new WebAssembly.Module(bytes);
assert.deepStrictEqual(WebAssembly.Module.imports(module_), [], "the module asks the page for nothing");
const compressed = zlib.brotliCompressSync(bytes).length;
console.log(`module: ${bytes.length} bytes, ${compressed} by brotli, ${zlib.gzipSync(bytes, { level: 9 }).length} by gzip`);
assert.ok(compressed <= MOST_COMPRESSED, `the module is ${compressed} bytes by brotli, at most ${MOST_COMPRESSED}`);

const wasm = new WebAssembly.Instance(module_, {}).exports;
const ask = (text) => {
  const request = new TextEncoder().encode(text);
  const place = wasm.room(request.length) >>> 0;
  new Uint8Array(wasm.memory.buffer).set(request, place);
  const length = wasm.run();
  return JSON.parse(new TextDecoder().decode(new Uint8Array(wasm.memory.buffer, wasm.found() >>> 0, length)));
};
const design = (scene, algorithm = null) => ask(JSON.stringify({ scene, algorithm }));

// Numbers against the program.
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "isac-page-"));
const native = (name, text, algorithm) => {
  const file = path.join(folder, name);
  fs.writeFileSync(file, text);
  const options = ["solve", file, "--json"].concat(algorithm ? ["--algorithm", algorithm] : []);
  const run = spawnSync(process.env.ISAC, options, { encoding: "utf8" });
  assert.ok([0, 3, 4].includes(run.status), `isac solve ${name}: ${run.status} ${run.stderr}`);
  return JSON.parse(run.stdout);
};
const close = (a, b, tolerance, what) => {
  if (a === null || b === null) return assert.strictEqual(a, b, what);
  return assert.ok(Math.abs(a - b) <= tolerance * Math.abs(b), `${what}: ${a} here, ${b} by isac solve`);
};
const agree = (name, here, there) => {
  assert.strictEqual(here.status, there.status, `${name}: status`);
  assert.strictEqual(here.algorithm, there.algorithm, `${name}: algorithm`);
  close(here.objective, there.objective, AGREE, `${name}: objective`);
  assert.strictEqual(here.certificate === null, there.certificate === null, `${name}: certificate`);
  if (here.certificate && here.objective !== null) close(here.certificate.bound, there.certificate.bound, AGREE, `${name}: bound`);
};
let compared = 0;
const variants = isac.PRESETS.map((preset) => [preset.name, preset.scene]);
const vary = (i, change) => Object.assign(isac.copy(isac.PRESETS[i].scene), change);
variants.push(["no nulls", vary(0, { nulls: [] })]);
variants.push(["a plane", vary(0, { columns: 4, rows: 4, nulls: [] })]);
variants.push(["no targets", vary(0, { targets: [] })]);
variants.push(["32 antennas", vary(0, { columns: 32 })]);
variants.push(["rate alone", vary(1, { targets: [] })]);
variants.push(["bound alone", vary(1, { users: [] })]);
variants.push(["cancellation as printed", vary(3, { sic: "full" })]);
variants.push(["too little power", vary(2, { power_W: 0.01 })]);
for (const [name, scene] of variants) {
  const algorithm = scene.problem === "rate_crlb" ? "accelerated" : null;
  const start = performance.now();
  const here = design(scene, algorithm);
  const time = performance.now() - start;
  assert.ok(!here.error, `${name}: ${here.error}`);
  const found = { document: here.document, algorithm };
  agree(name, here.report, native("design.json", isac.json(found), algorithm));
  agree(`${name}, as TOML`, here.report, native("design.toml", isac.toml(found), algorithm));
  if (scene.problem === "rate_crlb") {
    const { sum_rate_nats: rate, crlb_trace: crlb } = here.report.metrics;
    const parts = scene.weight * rate - crlb;
    assert.ok(Math.abs(parts - here.report.objective) <= 1e-12 * Math.abs(scene.weight * rate), `${name}: the objective is that of its parts`);
  }
  compared += 1;
  console.log(`  ${name}: ${here.report.status}, ${here.report.objective}, ${time.toFixed(0)} ms`);
}

// The picture by formulas of our own: power towards users is |a^H w|^2, and nulls get none.
const near = (a, b, what) => assert.ok(Math.abs(a - b) <= 1e-9 * Math.abs(b), `${what}: ${a}, by hand ${b}`);
{
  const { scene } = isac.PRESETS[0];
  const { picture, report } = design(scene);
  const w = report.beamformers.w;
  const towards = (az) => {
    let sum = 0;
    for (let k = 0; k < scene.users.length; k++) {
      let [re, im] = [0, 0];
      for (let n = 0; n < scene.columns; n++) {
        const phase = Math.PI * n * Math.sin((az * Math.PI) / 180);
        const [c, s] = [Math.cos(phase), Math.sin(phase)];
        re += c * w.re[n][k] + s * w.im[n][k];
        im += c * w.im[n][k] - s * w.re[n][k];
      }
      sum += re * re + im * im;
    }
    return sum;
  };
  scene.targets.forEach((p, i) => near(picture.target_W[i], towards(p.az), `power towards target ${i}`));
  scene.users.forEach((p, i) => near(picture.user_W[i], towards(p.az), `power towards user ${i}`));
  assert.ok(picture.target_W.every((p) => p >= scene.floor_W * (1 - 1e-6)), "floors are met");
  assert.ok(picture.null_W.every((p) => p < 1e-20), `nulls get no power: ${picture.null_W}`);
  const az = -90 + (180 * 100) / 720;
  const sum = picture.patterns_tenth_dBW.map((list) => Math.pow(10, list[100] / 100)).reduce((a, b) => a + b, 0);
  assert.ok(Math.abs(10 * Math.log10(sum / towards(az))) < 0.1, "the pattern at a direction of the grid");
}
{
  const { scene } = isac.PRESETS[1];
  const { picture, report } = design(scene, "accelerated");
  const radians = Math.PI / 180;
  const angles = picture.target_bounds.reduce((sum, b) => sum + (b.az_deg * radians) ** 2 + (b.el_deg * radians) ** 2, 0);
  assert.ok(angles > 0 && angles < report.metrics.crlb_trace, "the angles' part of the trace");
  assert.ok(picture.target_bounds.every((b) => Math.abs(b.correlation) < 1));
  // Twice the power of the radar: one target alone, whose bound falls as 1 / power.
  const alone = Object.assign(isac.copy(scene), { users: [], targets: [scene.targets[0]] });
  const [weak, strong] = [0.1, 0.2].map((power_W) => design(Object.assign(isac.copy(alone), { power_W }), "accelerated").picture.target_bounds[0]);
  assert.ok(Math.abs(weak.az_deg / strong.az_deg / Math.SQRT2 - 1) < 1e-3, `${weak.az_deg} and ${strong.az_deg}`);
}

// The interval of one target's azimuth before a line, from the echo's derivatives written out: the Fisher
// information of azimuth and coefficient is 2 L / sigma^2 Re(D^H D).
{
  const scene = vary(0, { targets: [{ az: 25, el: 0, range: 0.8 }], nulls: [], columns: 6 });
  const { picture, report } = design(scene);
  const w = report.beamformers.w;
  const [N, K, sin, cos] = [scene.columns, scene.users.length, Math.sin((25 * Math.PI) / 180), Math.cos((25 * Math.PI) / 180)];
  const alpha = 0.1 / (0.8 * 0.8);
  const times = ([a, b], [c, d]) => [a * c - b * d, a * d + b * c];
  const plus = ([a, b], [c, d]) => [a + c, b + d];
  const a = [...Array(N).keys()].map((n) => [Math.cos(Math.PI * n * sin) / Math.sqrt(N), Math.sin(Math.PI * n * sin) / Math.sqrt(N)]);
  const da = a.map((z, n) => times(z, [0, Math.PI * n * cos]));
  const inner = (v, k) => v.reduce((sum, [re, im], n) => plus(sum, times([re, -im], [w.re[n][k], w.im[n][k]])), [0, 0]);
  const columns = [[], [], []];
  for (let k = 0; k < K; k++) {
    const [s, ds] = [inner(a, k), inner(da, k)];
    for (let n = 0; n < N; n++) {
      const [here, slope] = [times(a[n], s), plus(times(da[n], s), times(a[n], ds))];
      columns[0].push([alpha * slope[0], alpha * slope[1]]);
      columns[1].push(here);
      columns[2].push(times(here, [0, 1]));
    }
  }
  const F = columns.map((p) => columns.map((q) => ((2 * 30) / 0.01) * p.reduce((sum, z, i) => sum + z[0] * q[i][0] + z[1] * q[i][1], 0)));
  // The coefficient's two rows are orthogonal: the first entry of the inverse by elimination.
  const information = F[0][0] - F[0][1] ** 2 / F[1][1] - F[0][2] ** 2 / F[2][2];
  assert.ok(Math.abs(F[1][2]) < 1e-9 * F[1][1]);
  near(picture.target_bounds[0].az_deg, ((1 / Math.sqrt(information)) * 180) / Math.PI, "the interval of an azimuth");
}

// What is impossible is said to be, with what fails.
{
  const { report, picture } = design(isac.PRESETS[4].scene);
  assert.strictEqual(report.status, "infeasible");
  assert.match(report.stop_reason, /users? .*(0|1)/);
  assert.strictEqual(picture, null);
}

// Bad input is refused by name.
const refusals = [
  ["nonsense", /request/],
  ['{"scene": {}}', /missing field/],
  [JSON.stringify({ scene: vary(0, { columns: 257 }) }), /257 x 1/],
  [JSON.stringify({ scene: vary(0, { columns: 4294967295, rows: 4294967295 }) }), /between 1 and 256/],
  [JSON.stringify({ scene: vary(0, { rows: 0 }) }), /16 x 0/],
  [JSON.stringify({ scene: vary(0, { users: [] }) }), /users is empty/],
  [JSON.stringify({ scene: vary(0, { users: [{ az: 100, el: 0, range: 1 }] }) }), /users\[0\]\.az is 100/],
  [JSON.stringify({ scene: vary(0, { nulls: [isac.PRESETS[0].scene.users[0]] }) }), /users\[0\] stands at a null/],
  [JSON.stringify({ scene: vary(1, { rows: 1 }) }), /rows is 1/],
  [JSON.stringify({ scene: vary(1, { power_W: 0 }) }), /Pt/],
  [JSON.stringify({ scene: vary(1, { targets: [isac.PRESETS[1].scene.targets[0], isac.PRESETS[1].scene.targets[0]] }) }), /degenerate/],
  [JSON.stringify({ scene: vary(0, {}), algorithm: "nonsense" }), /nonsense/],
  [JSON.stringify({ scene: vary(2, { power_W: -1 }) }), /P_total_W/],
];
for (const [text, expected] of refusals) assert.match(ask(text).error || "no refusal", expected, text.slice(0, 300));
assert.ok(!design(isac.PRESETS[0].scene).error, "the module answers after refusals");

// The exported program in Python is one.
const python = spawnSync("python3", ["-c", "import ast, sys; ast.parse(sys.stdin.read())"], {
  input: isac.python({ document: design(isac.PRESETS[0].scene).document, algorithm: null }), encoding: "utf8",
});
if (python.error) console.log("  NOT CHECKED: the exported Python, for there is no python3");
else assert.strictEqual(python.status, 0, python.stderr);
fs.rmSync(folder, { recursive: true });

// Time of an answer at 32 antennas, printed only: it is this machine's.
for (const [name, change] of [["line of 32", [0, { columns: 32, nulls: [] }]], ["plane of 8 x 4", [1, {}]]]) {
  const times = [];
  for (let i = 0; i < 7; i++) {
    const scene = vary(...change);
    scene.users[0].az += i;
    const start = performance.now();
    design(scene, scene.problem === "rate_crlb" ? "accelerated" : null);
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  console.log(`  ${name}: median ${times[3].toFixed(0)} ms, best ${times[0].toFixed(0)} ms`);
}
console.log(`module: ${compared} scenes as isac solve, twice each; ${refusals.length} refusals`);
