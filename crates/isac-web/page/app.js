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
    const parts = isac.PROBLEMS[scene.problem].parts;
    const now = [scene.problem, scene.rows === 1].join();
    if (shape !== now) {
      shape = now;
      const parent = $("sliders");
      parent.replaceChildren();
      shows = [];
      const change = (key) => (value) => { page.scene[key] = value; changed(); };
      const size = (key, label, most) =>
        shows.push(slider(label, "count", key === "rows" || scene.problem === "rate_crlb" ? 2 : 1, most, false, () => page.scene[key], change(key), parent));
      if (scene.rows === 1) size("columns", "Antennas N", 64);
      else {
        size("columns", "Columns of antennas", 16);
        size("rows", "Rows of antennas", 16);
      }
      shows.push(slider("Users K", "count", isac.PROBLEMS[scene.problem].least, 8, false, () => page.scene.users.length, (count) => {
        while (page.scene.users.length > count) page.scene.users.pop();
        while (page.scene.users.length < count) page.scene.users.push(somewhere("users"));
        changed();
      }, parent));
      for (const [key, label, unit, low, high, log] of SLIDERS) {
        if (parts.includes(key)) shows.push(slider(label, unit, low, high, log, () => page.scene[key], change(key), parent));
      }
      if (parts.includes("sic")) {
        const frame = document.createElement("label");
        const select = document.createElement("select");
        for (const [value, text] of [["linear", "none (linear)"], ["own", "weaker users removed"], ["full", "all weaker decoded, Eq. (12b)"], ["orthogonal", "slots of their own"]]) option(select, value, text);
        select.addEventListener("change", () => change("sic")(select.value));
        frame.append("Interference cancellation ", select);
        parent.append(frame);
        shows.push(() => { select.value = page.scene.sic; });
      }
    }
    shows.forEach((show) => show());
    $("problem").value = scene.problem;
    $("form").value = scene.rows === 1 ? "line" : "plane";
    document.querySelector('[data-add="nulls"]').disabled = scene.problem === "rate_crlb";
    $("remove").disabled = !page.selected;
    $("longer").hidden = scene.problem !== "rate_crlb";
  };

  /** A direction with room around it. */
  const somewhere = (kind) => {
    const { scene } = page;
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

  const quick = () => (page.scene.problem === "rate_crlb" ? "accelerated" : null);

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

  const hint = $("selected").textContent;
  const set = (scene) => {
    page.scene = isac.settle(isac.copy(scene));
    page.selected = null;
    $("selected").textContent = hint;
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
      $("selected").textContent = `${isac.words(page.scene, kind, i)}. Arrow keys move it, Page Up and Down change its range, Delete removes it.`;
      changed(false);
    },
    removed: (kind, i) => remove(kind, i),
  });

  const remove = (kind, i) => {
    if (kind === "users" && page.scene.users.length <= isac.PROBLEMS[page.scene.problem].least) {
      return notice("This problem needs at least one user.");
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
  };

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
    const certificate = report.certificate;
    const gap = certificate ? certificate.relative_gap : null;
    const proved = report.objective !== null && gap !== null;
    $("status").textContent = proved && report.status === "solved" && gap > 1e-6 ? "Solved: a local optimum, bounded" : report.status === "solved" ? "Solved, and proved" : text;
    $("objective-name").textContent = objectiveName;
    $("objective").textContent = report.objective === null ? "–" : form(report.objective);
    const bounded = certificate && /bound/.test(certificate.kind);
    $("bound-name").textContent = bounded ? boundName : certificate ? "proof" : "bound";
    $("bound").textContent = certificate ? (bounded ? form(certificate.bound) : digits(certificate.bound)) : "–";
    $("gap").textContent = proved ? percent(gap) : "–";
    $("needle").classList.toggle("none", !proved);
    if (proved) $("needle").style.left = `${Math.min(100, Math.max(0, (100 * (12 + Math.log10(Math.max(gap, 1e-12)))) / 12))}%`;
    let meaning = "";
    if (report.status === "infeasible") meaning = `${report.stop_reason}. ${certificate ? `Proof: ${certificate.kind}.` : ""}`;
    else if (!proved || report.status !== "solved") meaning = report.stop_reason;
    else if (gap > 1e-6) meaning = `Whatever anybody designs for this scene is at most ${percent(gap)} ${word} than this.`;
    else meaning = `The bound meets the design: none for this scene is ${word} by a share of more than ${percent(gap)}.`;
    $("meaning").textContent = meaning;
    $("time").textContent = `${report.algorithm}, ${milliseconds.toFixed(0)} ms`;
    page.found = { document: answer.document, report, picture, algorithm: asked.algorithm, scene: asked.scene, milliseconds };
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
      const scene = Object.assign(isac.copy(page.scene), { problem: $("problem").value });
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
        if (page.scene[kind].length >= 8) return notice(`At most 8 of a kind: there are 8 ${kind}.`);
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
    $("longer").addEventListener("click", () => page.solver && page.solver.ask(page.scene, "best_of_starts"));
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
      page.solver = new isac.Solver(await isac.moduleBytes(), {
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
