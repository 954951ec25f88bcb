// The scene of the page: presets, limits, and its text in the address.
(function (root) {
  "use strict";
  const isac = (root.isac = root.isac || {});

  // Of each problem: the sliders it has with other labels and ranges, least and most of each kind, the quick
  // algorithm, and what the button asks for that takes longer.
  const noma = { users: [1, 8], targets: [0, 8], nulls: [0, 8] };
  // `patient`: solved by the module for what takes longer than a drag.
  isac.PROBLEMS = {
    rate_crlb: {
      label: "Rate against sensing bound", parts: ["power_W", "weight"], counts: { users: [0, 8], targets: [0, 8], nulls: [0, 0] },
      quick: "accelerated", longer: { label: "Search from many starts", algorithm: "best_of_starts" },
    },
    power_min: { label: "Least power", parts: ["sinr_dB", "floor_W", "cross_W2", "sic"], counts: noma },
    max_min: { label: "Fairest SINR", parts: ["power_W", "floor_W", "cross_W2", "sic"], counts: noma },
    robust_power_min: { label: "Least power, channel errors", parts: ["sinr_dB", "floor_W", "cross_W2", "eps", "sic"], counts: noma },
    robust_max_min: { label: "Fairest SINR, channel errors", parts: ["power_W", "floor_W", "cross_W2", "eps", "sic"], counts: noma },
    cell_free: {
      label: "Cell-free: brightest target", floor: true, parts: ["power_W", "sinr_dB"], counts: { users: [1, 8], targets: [1, 4], nulls: [0, 0] },
      labels: { power_W: "Power at each", sinr_dB: "SINR floor of every user" },
      typical: { columns: 16, rows: 2, power_W: 1, sinr_dB: 6 },
    },
    hisac_see: {
      label: "Secrecy per watt", floor: true, patient: true, parts: ["power_W", "sinr_dB", "rate_bits", "eps"], counts: { users: [2, 5], targets: [1, 1], nulls: [1, 1] },
      labels: { power_W: "Most power at each", sinr_dB: "Threshold of SINRs", rate_bits: "Least of each rate", eps: "Channel errors (share)" },
      ranges: { power_W: [1, 1000], eps: [0, 0.5] },
      typical: { columns: 4, rows: 2, power_W: 316, sinr_dB: -3, rate_bits: 1, eps: 0.1 },
      longer: { label: "Search for a bound", certify: "global" },
    },
    alpha_fair: {
      label: "Fair sensing of targets", floor: true, patient: true, parts: ["power_W", "rate_bits", "fairness"], counts: { users: [1, 5], targets: [1, 5], nulls: [0, 0] },
      labels: { rate_bits: "Least user rate" }, ranges: { power_W: [0.01, 10] },
      typical: { columns: 8, rows: 1, power_W: 1, rate_bits: 4 },
      quick: "augmented", longer: { label: "Search from many starts", algorithm: "best_of_starts" },
    },
  };
  isac.SIC = ["linear", "own", "full", "orthogonal"];
  isac.FAIRNESS = ["proportional", "sum", "worst"];
  // Key, short key in the address, least, most.
  isac.NUMBERS = [
    ["power_W", "P", 1e-3, 1e3],
    ["weight", "w", 0, 1e3],
    ["sinr_dB", "g", -30, 60],
    ["floor_W", "f", 0, 1e4],
    ["cross_W2", "x", 1e-6, 1e9],
    ["eps", "e", 0, 10],
    ["rate_bits", "r", 0, 100],
  ];
  isac.MOST_ANTENNAS = 256;
  isac.MOST_PLACES = 16;

  const at = (az, el = 0, range = 1) => ({ az, el, range });
  const BASE = {
    problem: "power_min", columns: 16, rows: 1, users: [], targets: [], nulls: [],
    power_W: 1, weight: 0.02, sinr_dB: 10, floor_W: 2, cross_W2: 10, eps: 0.1, sic: "linear",
    rate_bits: 1, fairness: "sum",
  };
  // On a floor: metres right of the middle and up from it.
  const on = (x, y) => at(x, y);
  const preset = (name, note, change) => ({ name, note, scene: Object.assign({}, BASE, change) });
  isac.PRESETS = [
    preset("Least power", "As little power as possible, such that every user hears well and every target is lit. From [noma].", {
      users: [at(-25, 0, 1), at(8, 0, 1.2), at(38, 0, 1)], targets: [at(-58), at(62)], nulls: [at(-5, 0, 2)],
    }),
    preset("Rate against sensing bound", "Rates of the users against the error bound of the targets' angles. From [obs_crlb].", {
      problem: "rate_crlb", columns: 8, rows: 4, power_W: 0.1,
      users: [at(-20, 10), at(10, -8), at(38, 18)], targets: [at(-48, -25), at(30, -35)],
    }),
    preset("Fairest SINR", "The largest SINR that all users can have within the power. From [noma].", {
      problem: "max_min", power_W: 6, users: [at(-30, 0, 1.4), at(5), at(35, 0, 0.8)], targets: [at(-60), at(60)],
    }),
    preset("NOMA with cancellation", "Two users in nearly one direction: only cancellation tells them apart. From [noma].", {
      columns: 8, users: [at(10, 0, 0.7), at(11, 0, 1.8)], targets: [at(-60), at(60)], sic: "own", sinr_dB: 12,
    }),
    preset("Impossible, with a proof", "Two users at one angle without cancellation: no beams exist, and the page proves it.", {
      users: [at(20), at(20, 0, 2)], targets: [at(-50)], sic: "linear", sinr_dB: 6,
    }),
    preset("Unknown channel errors", "Every SINR holds for all channels within a ball. From [noma].", {
      problem: "robust_power_min", columns: 8, users: [at(-25), at(15)], targets: [at(60)], sinr_dB: 8, eps: 0.1, floor_W: 1,
    }),
    preset("A gap", "Six users before few antennas, where a local optimum and the proved bound part.", {
      problem: "rate_crlb", columns: 3, rows: 3, power_W: 0.5, weight: 0.5,
      users: [at(-50, 5), at(-28, -12), at(-6, 14), at(14, -10), at(34, 12), at(55, -5)], targets: [at(-20, -40), at(25, 40)],
    }),
    preset("Cell-free: two stations, one target", "Two access points send as one. The target gets all the light that the users' floors leave. From [cell_free].", Object.assign({
      problem: "cell_free", users: [on(-62, 8), on(-20, -6), on(14, 12), on(44, -8), on(70, 10)], targets: [on(-2, 34)],
    }, isac.PROBLEMS.cell_free.typical)),
    preset("Cell-free: a floor out of reach", "Two users in nearly one direction from both access points: their floors cannot be met, and the page proves it. Drag them apart. From [cell_free].", Object.assign({
      problem: "cell_free", users: [on(-30, 10), on(20, 12), on(26, 14)], targets: [on(-50, 20)],
    }, isac.PROBLEMS.cell_free.typical, { columns: 8, sinr_dB: 12 })),
    preset("Secrecy per watt", "Bob's secret bits per watt: the left station serves him and looks at the target, the right one serves users and jams Eve. From [hisac_see].", Object.assign({
      problem: "hisac_see", users: [on(-15, 22), on(35, 22), on(20, 30)], targets: [on(-40, -10)], nulls: [on(2, -20)],
    }, isac.PROBLEMS.hisac_see.typical)),
    preset("Fair sensing of targets", "Delay and Doppler of every target, heard by station and users, as fair as you like, beside the users' rates. From [alpha_fair].", Object.assign({
      problem: "alpha_fair", users: [on(-30, -30), on(10, 35)], targets: [on(-25, 20), on(35, -25), on(60, 30)],
    }, isac.PROBLEMS.alpha_fair.typical)),
  ];

  isac.copy = (scene) => JSON.parse(JSON.stringify(scene));

  const short = (x) => String(Number(Number(x).toPrecision(6)));
  const placesText = (list) => list.map((p) => [p.az, p.el, p.range].map(short).join(",")).join(";");

  /** The text of a scene, for the address. */
  isac.write = function (scene) {
    const parts = [`p=${scene.problem}`, `a=${scene.columns}x${scene.rows}`];
    for (const [key, name] of [["users", "u"], ["targets", "t"], ["nulls", "n"]]) {
      if (scene[key].length) parts.push(`${name}=${placesText(scene[key])}`);
    }
    for (const [key, name] of isac.NUMBERS) parts.push(`${name}=${short(scene[key])}`);
    parts.push(`s=${scene.sic}`, `h=${scene.fairness}`);
    return parts.join("&");
  };

  const number = (text, name, low, high) => {
    const value = text.trim() === "" ? NaN : Number(text);
    if (!(value >= low && value <= high)) {
      throw new Error(`${name} is "${text.slice(0, 40)}", expected a number from ${low} to ${high}`);
    }
    return value;
  };

  const readPlaces = (text, name) => {
    if (text === "") return [];
    const list = text.split(";");
    if (list.length > isac.MOST_PLACES) {
      throw new Error(`${name} has ${list.length} places, expected at most ${isac.MOST_PLACES}`);
    }
    return list.map((entry, i) => {
      const parts = entry.split(",");
      if (parts.length !== 3) {
        throw new Error(`${name}[${i}] is "${entry.slice(0, 40)}", expected azimuth,elevation,range`);
      }
      return {
        az: number(parts[0], `${name}[${i}] azimuth`, -90, 90),
        el: number(parts[1], `${name}[${i}] elevation`, -89, 89),
        range: number(parts[2], `${name}[${i}] range`, 0.1, 10),
      };
    });
  };

  /** The scene of a text that `write` wrote; throws an Error that says what is wrong with it. */
  isac.read = function (text) {
    const scene = isac.copy(BASE);
    const seen = new Set();
    const words = Object.assign(Object.create(null), { s: ["sic", isac.SIC], h: ["fairness", isac.FAIRNESS] });
    const numbers = new Map(isac.NUMBERS.map(([key, name, low, high]) => [name, [key, low, high]]));
    for (const part of text.split("&")) {
      const cut = part.indexOf("=");
      const key = cut < 0 ? part : part.slice(0, cut);
      let value;
      try {
        value = decodeURIComponent(cut < 0 ? "" : part.slice(cut + 1));
      } catch (error) {
        throw new Error(`"${part.slice(0, 40)}" is no text of an address`);
      }
      if (seen.has(key)) throw new Error(`${key} occurs twice`);
      seen.add(key);
      if (key === "p") {
        if (!Object.prototype.hasOwnProperty.call(isac.PROBLEMS, value)) {
          throw new Error(`p is "${value.slice(0, 40)}", expected one of ${Object.keys(isac.PROBLEMS).join(", ")}`);
        }
        scene.problem = value;
      } else if (key === "a") {
        const sizes = /^(\d{1,3})x(\d{1,3})$/.exec(value);
        if (!sizes || sizes[1] * sizes[2] < 1 || sizes[1] * sizes[2] > isac.MOST_ANTENNAS) {
          throw new Error(`a is "${value.slice(0, 40)}", expected columns x rows of at most ${isac.MOST_ANTENNAS} antennas, such as 8x4`);
        }
        [scene.columns, scene.rows] = [Number(sizes[1]), Number(sizes[2])];
      } else if (key === "u") scene.users = readPlaces(value, "u");
      else if (key === "t") scene.targets = readPlaces(value, "t");
      else if (key === "n") scene.nulls = readPlaces(value, "n");
      else if (words[key]) {
        const [name, known] = words[key];
        if (!known.includes(value)) {
          throw new Error(`${key} is "${value.slice(0, 40)}", expected one of ${known.join(", ")}`);
        }
        scene[name] = value;
      } else if (numbers.has(key)) {
        const [name, low, high] = numbers.get(key);
        scene[name] = number(value, key, low, high);
      } else {
        throw new Error(`"${key.slice(0, 40)}" is no key, expected p, a, u, t, n, s, h, ${[...numbers.keys()].join(", ")}`);
      }
    }
    for (const key of ["p", "a"]) if (!seen.has(key)) throw new Error(`${key} is missing`);
    for (const [key, name] of [["users", "u"], ["targets", "t"], ["nulls", "n"]]) {
      const [given, least] = [scene[key].length, isac.PROBLEMS[scene.problem].counts[key][0]];
      if (given < least) throw new Error(`${name} has ${given} places, expected at least ${least}`);
    }
    return scene;
  };

  /** What a change of problem or array takes with it, so that every scene of the page can be posed. */
  isac.settle = function (scene) {
    const { counts, floor } = isac.PROBLEMS[scene.problem];
    if (scene.problem === "rate_crlb" && scene.rows === 1) {
      scene.rows = scene.columns % 4 === 0 && scene.columns > 4 ? 4 : 2;
      scene.columns = Math.max(2, Math.floor(scene.columns / scene.rows));
      // The elevation of a target on the horizon is visible, but two in one place are not told apart.
      scene.targets.forEach((p, i) => { if (p.el === 0) p.el = i % 2 ? 20 : -20; });
    }
    if (scene.problem === "alpha_fair") scene.rows = 1;
    for (const [kind, [least, most]] of Object.entries(counts)) {
      const list = scene[kind];
      if (most === 0 || (floor && list.length > most)) list.length = most;
      while (list.length < least) list.push(at(8 * list.length, floor ? { users: 10, targets: -20, nulls: -35 }[kind] : 0));
    }
    if (scene.rows === 1 && !floor) for (const list of [scene.users, scene.targets, scene.nulls]) list.forEach((p) => { p.el = 0; });
    return scene;
  };
})(typeof globalThis !== "undefined" ? globalThis : this);
