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
require(path.join(process.env.PAGE, "solver.js"));
const { isac } = globalThis;

const MOST_COMPRESSED = 700_000;
const AGREE = 1e-9;
// How far the ends of two descents part whose logarithms round differently (alpha_fair).
const DESCENTS = 0.01;

const modules = {};
for (const part of ["prompt", "patient"]) {
  const bytes = fs.readFileSync(path.join(process.env.PAGE, `isac-${part}.wasm`));
  const module_ = new WebAssembly.Module(bytes);
  assert.deepStrictEqual(WebAssembly.Module.imports(module_), [], "the module asks the page for nothing");
  const compressed = zlib.brotliCompressSync(bytes).length;
  const packed = zlib.gzipSync(bytes, { level: 9 }).length;
  console.log(`module ${part}: ${bytes.length} bytes, ${compressed} by brotli, ${packed} by gzip`);
  assert.ok(compressed <= MOST_COMPRESSED, `the module ${part} is ${compressed} bytes by brotli, at most ${MOST_COMPRESSED}`);
  modules[part] = new WebAssembly.Instance(module_, {}).exports;
}

/** The module that the page asks for a request; for what is none, the first one. */
const moduleOf = (text) => {
  try {
    return modules[isac.part(JSON.parse(text).scene)];
  } catch {
    return modules.prompt;
  }
};
const ask = (text) => {
  const wasm = moduleOf(text);
  const request = new TextEncoder().encode(text);
  const place = wasm.room(request.length) >>> 0;
  new Uint8Array(wasm.memory.buffer).set(request, place);
  const length = wasm.run();
  return JSON.parse(new TextDecoder().decode(new Uint8Array(wasm.memory.buffer, wasm.found() >>> 0, length)));
};
const design = (scene, algorithm = null, certify = null) => ask(JSON.stringify({ scene, algorithm, certify }));

// Numbers against the program.
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "isac-page-"));
const native = (name, text, algorithm, certify) => {
  const file = path.join(folder, name);
  fs.writeFileSync(file, text);
  const options = ["solve", file, "--json"].concat(algorithm ? ["--algorithm", algorithm] : [], certify ? ["--certify", certify] : []);
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
/**
 * Descents of which each ends within its own tolerance: the program recomputes bounds and rates of the module's
 * beams to nine digits, and no bound of the one excludes the design of the other.
 */
const same_descent = (name, here, there) => {
  assert.strictEqual(here.report.status, there.status, `${name}: status`);
  if (there.status === "infeasible") return close(here.report.certificate.bound, there.certificate.bound, AGREE, `${name}: proof`);
  close(here.report.objective, there.objective, DESCENTS, `${name}: objective`);
  assert.ok(here.report.certificate.bound <= there.objective && there.certificate.bound <= here.report.objective, `${name}: bounds`);
  const { W } = here.report.beamformers;
  const { N, K, Nt } = here.document.params;
  const part = (m) => [...Array(N).keys()].map((i) => [...Array(K + 1).keys()].map((s) => [...Array(Nt).keys()].map((n) => m[n][i * (K + 1) + s])));
  const { crlb, rates_bits_s_hz: rates } = here.report.metrics;
  const stated = Object.assign({}, here.document, { W: { re: part(W.re), im: part(W.im) }, tolerance: { relative: AGREE, absolute: 0 } });
  stated.cases = [Object.assign({}, here.document.cases[0], { expected: { crlb, rates } })];
  fs.writeFileSync(path.join(folder, "check.json"), JSON.stringify(stated));
  const run = spawnSync(process.env.ISAC, ["check", path.join(folder, "check.json"), "--json"], { encoding: "utf8" });
  assert.strictEqual(run.status, 0, `${name}: isac check: ${run.stdout} ${run.stderr}`);
  assert.ok(JSON.parse(run.stdout).passed >= 2, `${name}: ${run.stdout}`);
  return undefined;
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
const preset = (problem) => isac.PRESETS.findIndex((p) => p.scene.problem === problem);
const [free, secret, fair] = ["cell_free", "hisac_see", "alpha_fair"].map(preset);
const on = (az, el) => ({ az, el, range: 1 });
variants.push(["three access points, two targets", vary(free, { rows: 3, columns: 8, targets: [on(-2, 34), on(50, 30)] })]);
variants.push(["channels known", vary(secret, { eps: 0, users: [on(-15, 22), on(35, 22)] })]);
variants.push(["a secret out of reach", vary(secret, { rate_bits: 20 })]);
variants.push(["the worst target", vary(fair, { fairness: "worst" })]);
variants.push(["the product of all targets", vary(fair, { fairness: "proportional" })]);
variants.push(["rates out of reach", vary(fair, { rate_bits: 20 })]);
for (const [name, scene] of variants) {
  const algorithm = isac.PROBLEMS[scene.problem].quick || null;
  const start = performance.now();
  const here = design(scene, algorithm);
  const time = performance.now() - start;
  assert.ok(!here.error, `${name}: ${here.error}`);
  const found = { document: here.document, algorithm };
  const compare = scene.problem === "alpha_fair" ? (text, there) => same_descent(text, here, there) : (text, there) => agree(text, here.report, there);
  compare(name, native("design.json", isac.json(found), algorithm));
  compare(`${name}, as TOML`, native("design.toml", isac.toml(found), algorithm));
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

// A bound by search, as the button asks for it; here with fewer antennas and known channels.
{
  const scene = vary(secret, { columns: 2, rows: 1, eps: 0, users: [on(-15, 22), on(35, 22)], rate_bits: 0.5 });
  const here = design(scene, null, "global");
  assert.strictEqual(here.report.certificate.kind, "global_upper_bound");
  const there = native("design.json", isac.json(here), null, "global");
  close(here.report.objective, there.objective, AGREE, "a bound by search: objective");
  const bounds = [here.report, there].map((report) => report.certificate.bound);
  // Where the cutting planes of a box end is up to rounding; that a bound holds is not.
  close(bounds[0], bounds[1], 1e-4, "a bound by search");
  assert.ok(Math.min(...bounds) >= Math.max(here.report.objective, there.objective));
  assert.strictEqual(design(scene).report.certificate, null, "without the search nothing bounds it");
}

// Power over a floor by formulas of our own.
{
  const { scene } = isac.PRESETS[free];
  const { picture, report } = design(scene);
  const { F } = report.beamformers;
  const towards = ({ az: x, el: y }) => {
    let sum = 0;
    for (let k = 0; k < F.re[0].length; k++) {
      let [re, im] = [0, 0];
      for (let m = 0; m < scene.rows; m++) {
        const left = (100 * (m + 0.5)) / scene.rows - 50;
        const sine = (x - left) / Math.hypot(x - left, y + 50);
        for (let n = 0; n < scene.columns; n++) {
          const [c, s] = [Math.cos(Math.PI * n * sine), Math.sin(Math.PI * n * sine)];
          const [a, b] = [F.re[m * scene.columns + n][k], F.im[m * scene.columns + n][k]];
          re += c * a + s * b;
          im += c * b - s * a;
        }
      }
      sum += re * re + im * im;
    }
    return sum;
  };
  scene.targets.forEach((p, i) => near(picture.target_W[i], towards(p), `power towards target ${i}`));
  scene.users.forEach((p, i) => near(picture.user_W[i], towards(p), `power towards user ${i}`));
  const [column, row] = [50, 30];
  const sum = picture.patterns_tenth_dBW.map((list) => Math.pow(10, list[row * 73 + column] / 100)).reduce((a, b) => a + b, 0);
  const by_hand = towards({ az: -90 + (180 * column) / 72, el: -60 + (120 * row) / 48 });
  assert.ok(Math.abs(10 * Math.log10(sum / by_hand)) < 0.1, "the map at a place of the grid");
}
{
  // What Bob hears of his own beam, over his noise and what else he hears, is the SINR of his rate without errors.
  const scene = vary(secret, { eps: 0 });
  const { picture, report, document } = design(scene);
  const parts = ["h", "g"].map((letter) => document.channels[`${letter}_bo`]);
  const gain = (h, w, k) => {
    let [re, im] = [0, 0];
    h.re.forEach((a, n) => {
      re += a * w.re[n][k] + h.im[n] * w.im[n][k];
      im += a * w.im[n][k] - h.im[n] * w.re[n][k];
    });
    return re * re + im * im;
  };
  const { w_bo, w_ta, O } = report.beamformers;
  const own = gain(parts[0], w_bo, 0);
  const others = gain(parts[0], w_ta, 0) + [0, 1, 2].reduce((sum, k) => sum + gain(parts[1], O, k), 0);
  near(picture.user_W[0], own + others, "power at Bob");
}
{
  // The power at a user's place: sums over subcarriers and beams of |h^H w|^2, with the delays in the channels.
  const { scene } = isac.PRESETS[fair];
  const { picture, report, document } = design(scene, "augmented");
  const { W } = report.beamformers;
  const { re: hr, im: hi } = document.channels;
  let sum = 0;
  hr[0].forEach((row, i) => {
    for (let s = 0; s < 3; s++) {
      let [re, im] = [0, 0];
      row.forEach((a, n) => {
        const [b, c, d] = [hi[0][i][n], W.re[n][3 * i + s], W.im[n][3 * i + s]];
        re += a * c + b * d;
        im += a * d - b * c;
      });
      sum += re * re + im * im;
    }
  });
  near(picture.user_W[0], sum, "power at a user");
  assert.deepStrictEqual(picture.names, ["user 0", "user 1", "sensing"]);
}
// What fails at the least infeasible point is no design and is not drawn.
for (const [scene, expected] of [[vary(secret, { rate_bits: 20 }), /no design exists .*needed 2e1/], [vary(fair, { rate_bits: 20 }), /rate of user \d is .* short.*need at least/], [isac.PRESETS[free + 1].scene, /min_sinr.*out of reach/]]) {
  const { report, picture } = design(scene, isac.PROBLEMS[scene.problem].quick || null);
  assert.strictEqual(report.status, "infeasible");
  assert.match(report.stop_reason, expected);
  assert.strictEqual(picture, null);
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
  [JSON.stringify({ scene: vary(0, { users: [] }) }), /users has 0 entries, expected 1 to 16 in power_min/],
  [JSON.stringify({ scene: vary(free, { targets: [] }) }), /targets has 0 entries, expected 1 to 16 in cell_free/],
  [JSON.stringify({ scene: vary(free, { targets: [on(-25, -50)] }) }), /targets_m\[0\] to access point 0/],
  [JSON.stringify({ scene: vary(secret, { targets: [on(0, 0), on(5, 5)] }) }), /targets has 2 entries, expected 1 to 1 in hisac_see/],
  [JSON.stringify({ scene: vary(secret, { columns: 16, rows: 16 }) }), /antennas/],
  [JSON.stringify({ scene: vary(fair, { rows: 2 }) }), /rows is 2, expected 1 in alpha_fair/],
  [JSON.stringify({ scene: vary(fair, { targets: [on(10, 35)] }) }), /targets\[0\] - users\[1\] distance/],
  [JSON.stringify({ scene: vary(fair, { fairness: "median" }) }), /median/],
  [JSON.stringify({ scene: vary(free, {}), certify: "perhaps" }), /certify is "perhaps"/],
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
