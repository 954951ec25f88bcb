// The scene of the page: presets, limits, and its text in the address.
(function (root) {
  "use strict";
  const isac = (root.isac = root.isac || {});

  // Which of the sliders a problem has.
  isac.PROBLEMS = {
    rate_crlb: { label: "Rate against sensing bound", parts: ["power_W", "weight"], least: 0 },
    power_min: { label: "Least power", parts: ["sinr_dB", "floor_W", "cross_W2", "sic"], least: 1 },
    max_min: { label: "Fairest SINR", parts: ["power_W", "floor_W", "cross_W2", "sic"], least: 1 },
    robust_power_min: { label: "Least power, channel errors", parts: ["sinr_dB", "floor_W", "cross_W2", "eps", "sic"], least: 1 },
    robust_max_min: { label: "Fairest SINR, channel errors", parts: ["power_W", "floor_W", "cross_W2", "eps", "sic"], least: 1 },
  };
  isac.SIC = ["linear", "own", "full", "orthogonal"];
  // Key, short key in the address, least, most.
  isac.NUMBERS = [
    ["power_W", "P", 1e-3, 1e3],
    ["weight", "w", 0, 1e3],
    ["sinr_dB", "g", -30, 60],
    ["floor_W", "f", 0, 1e4],
    ["cross_W2", "x", 1e-6, 1e9],
    ["eps", "e", 0, 10],
  ];
  isac.MOST_ANTENNAS = 256;
  isac.MOST_PLACES = 16;

  const at = (az, el = 0, range = 1) => ({ az, el, range });
  const BASE = {
    problem: "power_min", columns: 16, rows: 1, users: [], targets: [], nulls: [],
    power_W: 1, weight: 0.02, sinr_dB: 10, floor_W: 2, cross_W2: 10, eps: 0.1, sic: "linear",
  };
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
    parts.push(`s=${scene.sic}`);
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
      else if (key === "s") {
        if (!isac.SIC.includes(value)) {
          throw new Error(`s is "${value.slice(0, 40)}", expected one of ${isac.SIC.join(", ")}`);
        }
        scene.sic = value;
      } else if (numbers.has(key)) {
        const [name, low, high] = numbers.get(key);
        scene[name] = number(value, key, low, high);
      } else {
        throw new Error(`"${key.slice(0, 40)}" is no key, expected p, a, u, t, n, s, ${[...numbers.keys()].join(", ")}`);
      }
    }
    for (const key of ["p", "a"]) if (!seen.has(key)) throw new Error(`${key} is missing`);
    const least = isac.PROBLEMS[scene.problem].least;
    if (scene.users.length < least) throw new Error("u is empty, expected at least one user");
    return scene;
  };

  /** What a change of problem or array takes with it, so that every scene of the page can be posed. */
  isac.settle = function (scene) {
    if (scene.problem === "rate_crlb") {
      scene.nulls = [];
      if (scene.rows === 1) {
        scene.rows = scene.columns % 4 === 0 && scene.columns > 4 ? 4 : 2;
        scene.columns = Math.max(2, Math.floor(scene.columns / scene.rows));
        // The elevation of a target on the horizon is visible, but two in one place are not told apart.
        scene.targets.forEach((p, i) => { if (p.el === 0) p.el = i % 2 ? 20 : -20; });
      }
    }
    if (scene.users.length < isac.PROBLEMS[scene.problem].least) scene.users.push(at(0));
    if (scene.rows === 1) for (const list of [scene.users, scene.targets, scene.nulls]) list.forEach((p) => { p.el = 0; });
    return scene;
  };
})(typeof globalThis !== "undefined" ? globalThis : this);
