// The page: what the user does becomes a scene, what the solver says becomes numbers and drawings.
(function (root) {
  "use strict";
  const isac = root.isac;
  const $ = (id) => document.getElementById(id);
  const page = { scene: null, selected: null, found: null, solver: null };
  isac.page = page;

  const LOG = true;
  // Key, label, unit, least, most, logarithmic.
  const SLIDERS = [
    ["power_W", "Power", "W", 0.01, 100, LOG],
    ["weight", "Weight ρ of the sum rate", "", 1e-3, 10, LOG],
    ["sinr_dB", "SINR target", "dB", -10, 30],
    ["floor_W", "Least power towards a target", "W", 0, 20],
    ["cross_W2", "Most cross-correlation of targets", "W²", 0.01, 1000, LOG],
    ["eps", "Radius of channel errors", "", 0, 1],
    ["rate_bits", "Least rate", "bit/s/Hz", 0, 20],
  ];
  // Key, label, choices.
  const CHOICES = [
    ["sic", "Interference cancellation", [["linear", "none (linear)"], ["own", "weaker users removed"], ["full", "all weaker decoded, Eq. (12b)"], ["orthogonal", "slots of their own"]]],
    ["fairness", "Whose bound counts", [["sum", "the sum of all"], ["proportional", "the product of all"], ["worst", "the worst"]]],
  ];


  const digits = (x, n = 4) => {
    if (x === null || x === undefined || !Number.isFinite(x)) return "–";
    const size = Math.abs(x);
    return size !== 0 && (size < 1e-3 || size >= 1e6) ? x.toExponential(n - 1) : String(Number(x.toPrecision(n)));
  };
  const decibels = (x) => 10 * Math.log10(x);
  const db = (x) => (x > 0 ? `${decibels(x).toFixed(2)} dB` : "–");
  const option = (select, value, text) => {
    const made = document.createElement("option");
    [made.value, made.textContent] = [value, text];
    select.append(made);
  };
  /** Says what is wrong; `stays` until the scene changes, not only until the next answer. */
  const notice = (text, stays = false) => {
    $("notice").textContent = text;
    $("notice").hidden = !text;
    page.noticeStays = stays;
  };

  // Settings.

  const slider = (label, unit, low, high, log, get, set, parent) => {
    const steps = 400;
    const frame = document.createElement("label");
    const output = document.createElement("output");
    const input = document.createElement("input");
    input.type = "range";
    const whole = unit === "count";
    if (log) [input.min, input.max, input.step] = [0, steps, 1];
    else [input.min, input.max, input.step] = [low, high, whole ? 1 : (high - low) / steps];
    const show = () => {
      const value = get();
      input.value = log ? (steps * Math.log(Math.max(value, low) / low)) / Math.log(high / low) : value;
      output.textContent = `${digits(value, 3)} ${whole ? "" : unit}`;
      input.setAttribute("aria-valuetext", output.textContent);
    };
    input.addEventListener("input", () => {
      const value = log ? low * Math.pow(high / low, input.value / steps) : Number(input.value);
      set(whole ? Math.round(value) : Number(value.toPrecision(3)));
    });
    frame.append(label, output, input);
    parent.append(frame);
    return show;
  };

  let shows = [];
  let shape = "";
  const settings = () => {
    const { scene } = page;
    const problem = isac.PROBLEMS[scene.problem];
    const form = isac.form(scene);
    const now = [scene.problem, form].join();
    if (shape !== now) {
      shape = now;
      const parent = $("sliders");
      parent.replaceChildren();
      shows = [];
      const change = (key) => (value) => { page.scene[key] = value; changed(); };
      const size = (key, label, most) =>
        shows.push(slider(label, "count", key === "rows" || scene.problem === "rate_crlb" ? 2 : 1, most, false, () => page.scene[key], change(key), parent));
      if (scene.problem === "cell_free") {
        size("columns", "Antennas at each", 32);
        size("rows", "Access points", 5);
      } else if (scene.rows === 1) size("columns", "Antennas N", scene.problem === "alpha_fair" ? 16 : 64);
      else {
        size("columns", "Columns of antennas", form === "floor" ? 8 : 16);
        size("rows", "Rows of antennas", form === "floor" ? 4 : 16);
      }
      const [least, most] = problem.counts.users;
      shows.push(slider(scene.problem === "hisac_see" ? "Bob and users" : "Users K", "count", least, most, false, () => page.scene.users.length, (count) => {
        while (page.scene.users.length > count) page.scene.users.pop();
        while (page.scene.users.length < count) page.scene.users.push(somewhere("users"));
        changed();
      }, parent));
      for (const [key, label, unit, low, high, log] of SLIDERS) {
        if (!problem.parts.includes(key)) continue;
        const [least, most] = (problem.ranges || {})[key] || [low, high];
        shows.push(slider((problem.labels || {})[key] || label, unit, least, most, log, () => page.scene[key], change(key), parent));
      }
      for (const [key, label, choices] of CHOICES) {
        if (!problem.parts.includes(key)) continue;
        const frame = document.createElement("label");
        const select = document.createElement("select");
        for (const [value, text] of choices) option(select, value, text);
        select.addEventListener("change", () => change(key)(select.value));
        frame.append(`${label} `, select);
        parent.append(frame);
        shows.push(() => { select.value = page.scene[key]; });
      }
    }
    shows.forEach((show) => show());
    $("problem").value = scene.problem;
    $("form").value = form;
    $("form").disabled = form === "floor";
    for (const button of document.querySelectorAll("[data-add]")) {
      const [least, most] = problem.counts[button.dataset.add];
      button.hidden = least === most;
    }
    $("remove").disabled = !page.selected;
    $("longer").hidden = !problem.longer;
    if (problem.longer) $("longer").textContent = problem.longer.label;
  };

  /** A place on the floor with room around it. */
  const onFloor = () => {
    const { scene } = page;
    const taken = [].concat(scene.users, scene.targets, scene.nulls);
    let [best, most] = [{ az: 0, el: 0 }, -1];
    for (let az = -50; az <= 70; az += 10) {
      for (let el = -30; el <= 40; el += 10) {
        const room = Math.min(...taken.map((p) => Math.hypot(p.az - az, p.el - el)));
        if (room > most) [best, most] = [{ az, el }, room];
      }
    }
    return { az: best.az, el: best.el, range: 1 };
  };

  /** A direction with room around it. */
  const somewhere = (kind) => {
    const { scene } = page;
    if (isac.form(scene) === "floor") return onFloor();
    const taken = [].concat(scene.users, scene.targets, scene.nulls).map((p) => p.az);
    let [best, most] = [0, -1];
    for (let az = -70; az <= 70; az += 5) {
      const room = Math.min(180, ...taken.map((other) => Math.abs(other - az)));
      if (room > most) [best, most] = [az, room];
    }
    const el = scene.rows === 1 ? 0 : kind === "targets" ? -30 : 10;
    return { az: best, el, range: 1 };
  };

  // From change to answer.

  const quick = () => ({ algorithm: isac.PROBLEMS[page.scene.problem].quick });

  /** The scene changed: show it, write it into the address, solve it. */
  const changed = (solve = true) => {
    const { scene } = page;
    if (page.selected && page.selected.i >= scene[page.selected.kind].length) page.selected = null;
    view.draw(scene, page.selected);
    settings();
    if (!solve) return;
    page.noticeStays = false;
    clearTimeout(changed.timer);
    changed.timer = setTimeout(() => {
      page.hash = `#${isac.write(page.scene)}`;
      history.replaceState(null, "", page.hash);
    }, 150);
    if (page.solver) page.solver.ask(scene, quick());
  };

  const HINT = $("selected").textContent;
  const hint = (scene) => (isac.form(scene) === "floor" ? "Drag, or press Tab to reach a marker: arrow keys move it by 1 m (Shift: 5 m), Delete removes it." : HINT);
  const set = (scene) => {
    page.scene = isac.settle(isac.copy(scene));
    page.selected = null;
    $("selected").textContent = hint(page.scene);
    notice("");
    changed();
  };
  isac.set = set;

  const view = new isac.View($("view"), {
    moved(kind, i, place, last) {
      const round = (x, unit) => Math.round(x / unit) * unit;
      page.scene[kind][i] = { az: Number(round(place.az, 0.1).toFixed(1)), el: Number(round(place.el, 0.1).toFixed(1)), range: Number(place.range.toPrecision(3)) };
      $("selected").textContent = isac.words(page.scene, kind, i);
      $("preset").value = "";
      changed();
    },
    selected(kind, i) {
      page.selected = { kind, i };
      const range = isac.form(page.scene) === "floor" ? "" : " Page Up and Down change its range,";
      $("selected").textContent = `${isac.words(page.scene, kind, i)}. Arrow keys move it,${range} Delete removes it.`;
      changed(false);
    },
    removed: (kind, i) => remove(kind, i),
  });

  const remove = (kind, i) => {
    const [least] = isac.PROBLEMS[page.scene.problem].counts[kind];
    if (page.scene[kind].length <= least) {
      return notice(`This problem needs at least ${least} of this kind.`);
    }
    page.scene[kind].splice(i, 1);
    page.selected = null;
    notice("");
    return changed();
  };

  // Answers.

  const WORDS = {
    solved: ["good", "Solved"],
    inaccurate: ["warn", "A design, not proved best"],
    limit: ["warn", "Stopped at a limit: the best found"],
    infeasible: ["bad", "No beams exist, proved"],
    no_point_below: ["warn", "None found; every design would need more than the bound"],
    ill_posed: ["warn", "The problem and its dual differ"],
    unknown: ["warn", "No answer"],
  };
  const SAYS = {
    rate_crlb: ["ρ · rate − bound on errors", "no design exceeds", (x) => digits(x, 5), "better"],
    power_min: ["power", "no design needs less than", (x) => `${digits(x, 5)} W`, "cheaper"],
    max_min: ["SINR of the weakest", "no design exceeds", (x) => db(x), "better"],
    robust_power_min: ["power", "no design needs less than", (x) => `${digits(x, 5)} W`, "cheaper"],
    robust_max_min: ["worst SINR", "no design exceeds", (x) => db(x), "better"],
    cell_free: ["sensing SNR of the weakest target", "no design exceeds", (x) => db(x), "better"],
    hisac_see: ["secret bits per joule and hertz", "no design exceeds", (x) => digits(x, 5), "better"],
    alpha_fair: ["norm of the error bounds", "no design is below", (x) => digits(x, 5), "better"],
  };
  // Statuses whose point is a design; the points of the others only show what fails.
  const STANDS = ["solved", "inaccurate", "limit"];

  /** A sentence of the program with fewer digits. */
  const readable = (text) => text.replaceAll("`", "").replace(/-?\d+\.\d{5,}(e-?\d+)?/g, (x) => digits(Number(x), 5));
  const percent = (gap) => (gap >= 1e-4 ? `${digits(100 * gap, 3)} %` : gap <= 1e-15 ? "0" : gap.toExponential(1));

  const show = (asked, answer, milliseconds) => {
    if (answer.error) {
      $("status").className = "status bad";
      $("status").textContent = "This cannot be posed";
      return notice(answer.error);
    }
    if (!page.noticeStays) notice("");
    const { report, picture } = answer;
    const problem = asked.scene.problem;
    const [objectiveName, boundName, form, word] = SAYS[problem];
    const [mood, text] = WORDS[report.status];
    $("status").className = `status ${mood}`;
    const { certificate } = report;
    const bounded = certificate && report.status !== "infeasible" && /bound/.test(certificate.kind);
    const stands = report.objective !== null && (STANDS.includes(report.status) || !!picture);
    const gap = certificate ? certificate.relative_gap : null;
    const proved = stands && gap !== null;
    const { longer } = isac.PROBLEMS[problem];
    if (stands && !proved) $("status").className = "status warn";
    $("status").textContent = report.status !== "solved" ? text : !proved ? "Solved: a local optimum, bound not proved" : gap > 1e-6 ? "Solved: a local optimum, bounded" : "Solved, and proved";
    $("objective-name").textContent = objectiveName;
    $("objective").textContent = stands ? form(report.objective) : "–";
    $("bound-name").textContent = bounded ? boundName : certificate ? "proof" : "bound";
    $("bound").textContent = certificate ? (bounded ? form(certificate.bound) : digits(certificate.bound)) : "–";
    $("gap").textContent = proved ? percent(gap) : "–";
    $("needle").classList.toggle("none", !proved);
    if (proved) $("needle").style.left = `${Math.min(100, Math.max(0, (100 * (12 + Math.log10(Math.max(gap, 1e-12)))) / 12))}%`;
    let meaning = "";
    const reason = readable(report.stop_reason);
    if (report.status === "infeasible") meaning = `${reason}.${certificate && !/proof/.test(reason) ? ` Proof: ${certificate.kind}.` : ""}`;
    else if (!proved || report.status !== "solved") meaning = `${reason}.${stands && longer && longer.certify ? ` Nothing here bounds the best design; “${longer.label}” looks for what does.` : ""}`;
    else if (gap > 1e-6) meaning = `Whatever anybody designs for this scene is at most ${percent(gap)} ${word} than this.`;
    else meaning = `The bound meets the design: none for this scene is ${word} by a share of more than ${percent(gap)}.`;
    $("meaning").textContent = meaning;
    $("time").textContent = `${report.algorithm}, ${milliseconds.toFixed(0)} ms`;
    page.found = { document: answer.document, report, picture, algorithm: asked.algorithm, certify: asked.certify, scene: asked.scene, milliseconds };
    streams(picture);
    tables(asked.scene, report, picture);
    view.patterns(picture, only());
    exported();
  };

  const only = () => ($("only").value === "" ? null : Number($("only").value));
  const streams = (picture) => {
    const names = picture ? picture.names : [];
    const key = names.join();
    if (streams.key === key) return;
    streams.key = key;
    $("only").replaceChildren();
    option($("only"), "", "all beams");
    names.forEach((name, i) => option($("only"), i, name));
  };

  const table = (caption, head, rows) => {
    const made = document.createElement("table");
    made.createCaption().textContent = caption;
    const row = (cells, parent, tag) => {
      const line = parent.insertRow();
      for (const cell of cells) {
        const box = document.createElement(tag);
        const [text, style, colour] = Array.isArray(cell) ? cell : [cell];
        if (colour) {
          const swatch = document.createElement("i");
          swatch.className = "swatch";
          swatch.style.background = colour;
          box.append(swatch);
        }
        box.append(text);
        if (style) box.className = style;
        if (tag === "th") box.scope = "col";
        line.append(box);
      }
    };
    row(head, made.createTHead(), "th");
    const body = made.createTBody();
    rows.forEach((cells) => row(cells, body, "td"));
    $("tables").append(made);
  };

  const user = (scene, k) => [isac.named(scene, "users", k).word, "", isac.colour("", k)];
  const short = (value, least) => (value < least * (1 - 1e-6) ? "fails" : "");
  const cellFree = (scene, m) => {
    table("Users", ["user", "SINR", "wanted"], m.sinr.map((s, k) => [user(scene, k), [db(s), short(s, m.sinr_floor[k])], `≥ ${db(m.sinr_floor[k])}`]));
    table("Light on the targets", ["target", "sensing SNR"], m.sensing_snr.map((s, t) => [`target ${t}`, db(s)]));
    table(`Sent; beams for sensing alone: ${m.sensing_streams}`, ["access point", "power", "most"], m.power_W.map((p, i) => [String(i + 1), `${digits(p)} W`, `${scene.power_W} W`]));
  };
  const hisacSee = (scene, m) => {
    const bits = (x) => `${digits(x)} bit/s/Hz`;
    table("Worst cases over all channels within the errors", ["", "reached", "wanted"], [
      [user(scene, 0), bits(m.rate_bob_bps_hz), ""],
      ["Eve's of Bob", bits(m.rate_eve_bps_hz), ""],
      ["secret", [bits(m.secrecy_rate_bps_hz), short(m.secrecy_rate_bps_hz, scene.rate_bits)], `≥ ${bits(scene.rate_bits)}`],
      ["echo of the target", [db(m.scnr), short(m.scnr, Math.pow(10, scene.sinr_dB / 10))], `≥ ${digits(scene.sinr_dB, 3)} dB`],
    ]);
    // By user the rate at which it decodes the common stream, then its private one.
    const [common, own] = [0, 1].map((second) => m.user_rates_bps_hz.filter((_, i) => i % 2 === second));
    const shares = own.map((r) => Math.max(m.user_target_bps_hz - r, 0));
    const [slowest, shared] = [Math.min(...common), shares.reduce((a, b) => a + b, 0)];
    table("Users: a private rate and a share of the common one", ["", "bit/s/Hz", "wanted"],
      own.map((r, n) => [user(scene, n + 1), [r, shares[n]].map((part) => digits(part > 1e-6 ? part : 0, 3)).join(" + "), `≥ ${digits(m.user_target_bps_hz, 3)}`])
        .concat([["common, all decode it", [digits(slowest, 3), short(slowest, shared)], `≥ ${digits(shared, 3)}`]]));
    table(`Sent; the circuits take 10 W more`, ["station", "power", "most"], [m.power1_w, m.power2_w].map((p, i) => [String(i + 1), `${digits(p)} W`, `${scene.power_W} W`]));
    if (m.nodes) table("Search for the bound", ["boxes", "programs", "ended by"], [[digits(m.nodes), digits(m.programs), m.search_stopped]]);
  };
  const alphaFair = (scene, m) => {
    table("Users", ["user", "rate", "wanted"], m.rates_bits_s_hz.map((r, k) => [user(scene, k), [`${digits(r)} bit/s/Hz`, short(r, scene.rate_bits)], `≥ ${digits(scene.rate_bits, 3)} bit/s/Hz`]));
    table("Least standard deviations by all echoes", ["target", "range", "speed"], m.range_std_m.map((r, t) => [`target ${t}`, `${digits(r, 3)} m`, `${digits(m.speed_std_m_s[t], 3)} m/s`]));
  };

  const tables = (scene, report, picture) => {
    $("tables").replaceChildren();
    const m = report.metrics;
    if (!picture) return;
    const errors = () => picture.target_bounds && table(
      scene.problem === "rate_crlb" ? "Least standard deviation of the angles of a target (dashed ellipses)" : "Least standard deviation of the angles that a radar beside the array has, not part of this problem",
      ["target", "azimuth", "elevation"],
      picture.target_bounds.map((b, i) => [`target ${i}`, `${digits(b.az_deg, 3)}°`, b.el_deg === null ? "–" : `${digits(b.el_deg, 3)}°`]));
    if (scene.problem === "rate_crlb") {
      table(`Sum rate ${digits(m.sum_rate_nats / Math.LN2)} bit/s/Hz, trace of the CRLB ${digits(m.crlb_trace)}`, ["user", "SINR", "rate, bit/s/Hz"],
        (m.sinr || []).map((s, k) => [[`user ${k}`, "", isac.colour("", k)], db(s), digits(Math.log2(1 + s))]));
      errors();
      return;
    }
    if (scene.problem === "cell_free") return cellFree(scene, m);
    if (scene.problem === "hisac_see") return hisacSee(scene, m);
    if (scene.problem === "alpha_fair") return alphaFair(scene, m);
    const wanted = scene.problem.endsWith("power_min") ? Math.pow(10, scene.sinr_dB / 10) : null;
    const pairs = Object.entries(m).map(([key, value]) => [/^sinr_(\d+)_at_(\d+)$/.exec(key), value]).filter(([found]) => found);
    table(wanted === null ? "Decoding" : `Decoding, wanted: ${scene.sinr_dB} dB`, ["message of", "decoded by", "SINR"],
      pairs.map(([[, k, l], s]) => [[`user ${k}`, "", isac.colour("", Number(k))], `user ${l}`, [db(s), wanted !== null && s < wanted * (1 - 1e-6) ? "fails" : ""]]));
    table(`Sent ${digits(m.power_W)} W`, ["towards", "power", "wanted"],
      [].concat(
        picture.target_W.map((p, i) => [`target ${i}`, [`${digits(p)} W`, p < scene.floor_W * (1 - 1e-6) ? "fails" : ""], `≥ ${scene.floor_W} W`]),
        picture.null_W.map((p, i) => [`null ${i}`, `${digits(p, 2)} W`, "0 W"]),
      ));
    errors();
  };

  // Export.

  const exported = () => {
    const format = $("format").value;
    $("text").value = page.found ? isac[format](page.found) : "";
  };
  const flash = (button, text) => {
    const before = button.textContent;
    button.textContent = text;
    setTimeout(() => { button.textContent = before; }, 900);
  };
  const copy = async (button, text) => {
    try {
      await navigator.clipboard.writeText(text);
      flash(button, "Copied");
    } catch (error) {
      $("text").value = text;
      $("text").select();
      flash(button, "Press Ctrl+C");
    }
  };

  // Start.

  const busy = { timer: 0 };
  const started = (asked) => {
    clearInterval(busy.timer);
    busy.timer = setInterval(() => {
      const seconds = (performance.now() - asked.since) / 1000;
      if (seconds < 0.15) return;
      $("busy").hidden = false;
      $("elapsed").textContent = `solving, ${seconds.toFixed(1)} s`;
    }, 100);
  };
  const idle = () => {
    clearInterval(busy.timer);
    $("busy").hidden = true;
  };

  const listen = () => {
    $("preset").addEventListener("change", () => {
      const preset = isac.PRESETS[Number($("preset").value)];
      $("note").textContent = preset.note;
      set(preset.scene);
    });
    $("problem").addEventListener("change", () => {
      const problem = $("problem").value;
      const scene = Object.assign(isac.copy(page.scene), { problem }, isac.PROBLEMS[problem].typical);
      $("preset").value = "";
      $("note").textContent = "";
      set(scene);
    });
    $("form").addEventListener("change", () => {
      const scene = isac.copy(page.scene);
      const line = $("form").value === "line";
      if (line && scene.problem === "rate_crlb") {
        notice("A line of antennas does not see elevations, which this problem bounds: it needs a plane.");
        $("form").value = "plane";
        return;
      }
      const count = scene.columns * scene.rows;
      scene.rows = line ? 1 : count % 4 === 0 && count > 4 ? 4 : 2;
      scene.columns = Math.max(1, Math.floor(count / scene.rows));
      set(scene);
    });
    for (const button of document.querySelectorAll("[data-add]")) {
      button.addEventListener("click", () => {
        const kind = button.dataset.add;
        const most = isac.PROBLEMS[page.scene.problem].counts[kind][1];
        if (page.scene[kind].length >= most) return notice(`At most ${most} of a kind: there are ${most} ${kind}.`);
        page.scene[kind].push(somewhere(kind));
        page.selected = { kind, i: page.scene[kind].length - 1 };
        return changed();
      });
    }
    $("remove").addEventListener("click", () => page.selected && remove(page.selected.kind, page.selected.i));
    $("only").addEventListener("change", () => page.found && view.patterns(page.found.picture, only()));
    $("cancel").addEventListener("click", () => {
      page.solver.cancel();
      $("status").className = "status warn";
      $("status").textContent = "Cancelled; the numbers are those of the design before";
    });
    $("longer").addEventListener("click", () => page.solver && page.solver.ask(page.scene, isac.PROBLEMS[page.scene.problem].longer));
    $("format").addEventListener("change", exported);
    $("copy").addEventListener("click", () => copy($("copy"), $("text").value));
    $("link").addEventListener("click", () => copy($("link"), location.href.split("#")[0] + `#${isac.write(page.scene)}`));
    $("save").addEventListener("click", () => {
      const link = document.createElement("a");
      const name = { toml: "design.toml", json: "design.json", python: "design.py", rust: "main.rs" }[$("format").value];
      link.href = URL.createObjectURL(new Blob([$("text").value], { type: "text/plain" }));
      link.download = name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    });
    addEventListener("hashchange", () => location.hash !== page.hash && fromAddress());
  };

  /** The scene of the address; the first preset, with a word why, where it holds none. */
  const fromAddress = () => {
    const text = location.hash.slice(1);
    $("preset").value = "";
    $("note").textContent = "";
    if (text) {
      try {
        return set(isac.read(text));
      } catch (error) {
        first();
        return notice(`The scene in the address cannot be read: ${error.message}. The first example stands instead.`, true);
      }
    }
    return first();
  };
  const first = () => {
    $("preset").value = "0";
    $("note").textContent = isac.PRESETS[0].note;
    set(isac.PRESETS[0].scene);
  };

  const start = async () => {
    $("preset").append(Object.assign(document.createElement("option"), { value: "", textContent: "your own", hidden: true }));
    isac.PRESETS.forEach((preset, i) => option($("preset"), i, preset.name));
    for (const [key, { label }] of Object.entries(isac.PROBLEMS)) option($("problem"), key, label);
    listen();
    fromAddress();
    // Painted once before the module is fetched and compiled.
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    try {
      page.solver = new isac.Solver({
        busy: started,
        idle,
        answer: show,
        failed: (text) => {
          $("status").className = "status bad";
          $("status").textContent = "The solver does not run";
          notice(text);
        },
      });
      page.solver.ask(page.scene, quick());
    } catch (error) {
      $("status").className = "status bad";
      $("status").textContent = "The solver did not load";
      notice(String(error.message || error));
    }
  };
  start();
})(typeof globalThis !== "undefined" ? globalThis : this);
