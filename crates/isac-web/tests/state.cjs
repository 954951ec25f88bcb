// The text of a scene in the address: what is written is read again, and what is broken is refused by name.
"use strict";
const assert = require("node:assert");
const path = require("node:path");
require(path.join(process.env.PAGE, "state.js"));
require(path.join(process.env.PAGE, "export.js"));
const { isac } = globalThis;

for (const preset of isac.PRESETS) {
  assert.deepStrictEqual(isac.read(isac.write(preset.scene)), preset.scene, preset.name);
  assert.deepStrictEqual(isac.settle(isac.copy(preset.scene)), preset.scene, `${preset.name} can be posed as it stands`);
}

const whole = isac.write(isac.PRESETS[0].scene);
const broken = [
  ["", /"" is no key/],
  ["p=power_min", /a is missing/],
  [whole.replace("a=16x1", "a=999x999"), /a is "999x999".*at most 256/],
  [whole.replace("a=16x1", "a=0x1"), /a is "0x1"/],
  [whole.replace("p=power_min", "p=constructor"), /p is "constructor".*rate_crlb/],
  [whole.replace("u=-25,0,1", "u=-125,0,1"), /u\[0\] azimuth is "-125"/],
  [whole.replace("u=-25,0,1", "u=-25,0"), /u\[0\] is "-25,0"/],
  [whole.replace("u=-25,0,1", "u=-25,0,NaN"), /u\[0\] range is "NaN"/],
  [whole.replace("P=1", "P=0"), /P is "0"/],
  [whole.replace("P=1", "P="), /P is ""/],
  [whole.replace("s=linear", "s=<script>"), /s is "<script>"/],
  [`${whole}&q=1`, /"q" is no key/],
  [`${whole}&P=2`, /P occurs twice/],
  ["p=%E0%A4%A&a=4x1", /no text of an address/],
  [`p=power_min&a=4x1`, /u has 0 places, expected at least 1/],
  ["p=hisac_see&a=4x2&u=0,0,1;9,9,1&t=1,2,1", /n has 0 places, expected at least 1/],
  [whole.replace("h=sum", "h=median"), /h is "median".*proportional, sum, worst/],
  [whole.replace("r=1", "r=-1"), /r is "-1"/],
  [`p=power_min&a=4x1&u=${"0,0,1;".repeat(40)}0,0,1`, /at most 16/],
];
for (const [text, expected] of broken) assert.throws(() => isac.read(text), expected, text);

// A line of antennas becomes a plane where elevations are asked for, and nulls go where there are none.
const moved = isac.settle(Object.assign(isac.copy(isac.PRESETS[0].scene), { problem: "rate_crlb" }));
assert.ok(moved.rows > 1 && moved.columns * moved.rows === 16 && moved.nulls.length === 0);

// Problems on a floor: one line of antennas where that is asked for, Bob and Eve in their places.
const at = (problem, change) => isac.settle(Object.assign(isac.copy(isac.PRESETS[1].scene), { problem }, isac.PROBLEMS[problem].typical, change));
const fair = at("alpha_fair", { rows: 4 });
assert.ok(fair.rows === 1 && fair.nulls.length === 0 && fair.targets.length === 2);
const secret = at("hisac_see", { users: [], targets: isac.PRESETS[0].scene.users });
assert.deepStrictEqual([secret.users.length, secret.targets.length, secret.nulls.length], [2, 1, 1]);
assert.deepStrictEqual(isac.settle(isac.copy(secret)), secret);
// An address from before there were floors is still one.
assert.strictEqual(isac.read("p=power_min&a=4x1&u=0,0,1&P=1&s=own").fairness, "sum");

const found = { document: { schema: "noma/1", H: { re: [[1, 2]], im: [[0, -1e-9]] }, cases: [{ problem: "power_min", gamma_dB: 10 }] }, algorithm: null };
assert.strictEqual(
  isac.toml(found),
  '# isac solve FILE.toml\nschema = "noma/1"\nH = { re = [[1, 2]], im = [[0, -1e-9]] }\n\n[[cases]]\nproblem = "power_min"\ngamma_dB = 10\n',
);
console.log(`state: ${isac.PRESETS.length} presets, ${broken.length} broken addresses`);
