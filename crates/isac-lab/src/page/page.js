"use strict";
// Draws each table as a figure: curves on and off, log axes, values under the pointer or the arrow keys.
// Every number shown is the one that stands in the table.
(function () {
  const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c6d31", "#7f7f7f"];
  const W = 720, H = 400, L = 78, R = 14, T = 14, B = 52;
  const NS = "http://www.w3.org/2000/svg";

  function make(name, attributes, parent, text) {
    const node = document.createElementNS(NS, name);
    for (const key in attributes) node.setAttribute(key, attributes[key]);
    if (text !== undefined) node.textContent = text;
    if (parent) parent.appendChild(node);
    return node;
  }

  function element(name, parent, text) {
    const node = document.createElement(name);
    if (text !== undefined) node.textContent = text;
    if (parent) parent.appendChild(node);
    return node;
  }

  // Cells with commas, quotes and line breaks stand in quotes.
  function parse(text) {
    const rows = [];
    let row = [], cell = "", quoted = false;
    for (let i = 0; i < text.length; i++) {
      const c = text[i];
      if (quoted) {
        if (c === '"' && text[i + 1] === '"') { cell += '"'; i++; }
        else if (c === '"') quoted = false;
        else cell += c;
      } else if (c === '"') quoted = true;
      else if (c === ",") { row.push(cell); cell = ""; }
      else if (c === "\n") { row.push(cell); rows.push(row); row = []; cell = ""; }
      else if (c !== "\r") cell += c;
    }
    return rows;
  }

  // Ticks of a linear or a logarithmic axis.
  function ticks(low, high, log) {
    const out = [];
    if (log) {
      const first = Math.ceil(Math.log10(low) - 1e-9), last = Math.floor(Math.log10(high) + 1e-9);
      const step = Math.max(1, Math.ceil((last - first) / 6));
      for (let e = first; e <= last; e += step) out.push(Math.pow(10, e));
      if (out.length > 1) return out;
      out.length = 0;
    }
    const raw = (high - low) / 5, unit = Math.pow(10, Math.floor(Math.log10(raw)));
    const step = [1, 2, 5, 10].map(m => m * unit).find(s => s >= raw) || raw;
    for (let v = Math.ceil(low / step - 1e-9) * step; v <= high + step * 1e-9; v += step) {
      out.push(Math.abs(v) < step * 1e-9 ? 0 : v);
    }
    return out;
  }

  function label(value) {
    if (value === 0) return "0";
    const size = Math.abs(value);
    if (size >= 1e5 || size < 1e-3) return value.toExponential(Number.isInteger(Math.log10(size)) ? 0 : 1);
    return String(Number(value.toPrecision(6)));
  }

  function decades(values) {
    const finite = values.filter(Number.isFinite);
    const low = Math.min(...finite), high = Math.max(...finite);
    return finite.length > 1 && low > 0 && high >= 100 * low;
  }

  // A map from values to places, and its ticks.
  function axis(values, log, from, to) {
    const good = values.filter(v => Number.isFinite(v) && (!log || v > 0));
    if (good.length === 0) good.push(1);
    let low = Math.min(...good), high = Math.max(...good);
    const f = log ? Math.log10 : v => v;
    if (low === high) { const d = log ? low / 2 : Math.abs(low) / 2 || 1; low -= d; high += d; }
    else {
      const pad = (f(high) - f(low)) * 0.04;
      low = log ? Math.pow(10, f(low) - pad) : low - pad;
      high = log ? Math.pow(10, f(high) + pad) : high + pad;
    }
    const map = v => (Number.isFinite(v) && (!log || v > 0))
      ? from + (to - from) * (f(v) - f(low)) / (f(high) - f(low)) : NaN;
    return { map: map, ticks: ticks(low, high, log) };
  }

  function plot(box) {
    const csv = box.parentNode.querySelector("pre.csv");
    const rows = parse(csv.textContent), head = rows.shift();
    const titles = JSON.parse(box.dataset.titles);
    const metrics = head.filter(name => name.startsWith("mean_")).map(name => name.slice(5));
    const names = [...new Set(rows.map(row => row[0]))];
    const published = JSON.parse(box.dataset.published);
    const shown = new Set(names);
    const column = name => head.indexOf(name);
    const state = { metric: metrics[0], logx: decades(rows.map(row => Number(row[1]))), logy: false, at: 0 };
    if (metrics.length === 0 || rows.length === 0) return;

    const controls = element("div", box);
    controls.className = "controls";
    if (metrics.length > 1) {
      const select = element("select", controls);
      select.setAttribute("aria-label", "Metric");
      metrics.forEach(key => { element("option", select, titles[key] || key).value = key; });
      select.onchange = () => { state.metric = select.value; guess(); draw(); };
    }
    const toggles = {};
    [["logx", "log x"], ["logy", "log y"]].forEach(([key, text]) => {
      const caption = element("label", controls), input = element("input", caption);
      input.type = "checkbox";
      caption.append(" " + text);
      input.onchange = () => { state[key] = input.checked; draw(); };
      toggles[key] = input;
    });
    names.forEach((name, i) => {
      const button = element("button", controls, name);
      button.type = "button";
      button.className = "curve";
      button.style.setProperty("--c", COLOURS[i % COLOURS.length]);
      button.setAttribute("aria-pressed", "true");
      button.onclick = () => {
        if (!shown.delete(name)) shown.add(name);
        button.setAttribute("aria-pressed", String(shown.has(name)));
        draw();
      };
    });
    const svg = make("svg", { viewBox: "0 0 " + W + " " + H, role: "img", tabindex: "0" }, box);
    const read = element("div", box);
    read.className = "read";
    read.setAttribute("aria-live", "polite");
    let points = [];

    function guess() {
      state.logy = decades(rows.map(row => Number(row[column("mean_" + state.metric)])));
    }

    function draw() {
      svg.replaceChildren();
      toggles.logx.checked = state.logx;
      toggles.logy.checked = state.logy;
      const title = titles[state.metric] || state.metric;
      svg.setAttribute("aria-label", box.dataset.title + ": " + title + " against " + box.dataset.x
        + ". Arrow keys read the values.");
      const [mean, low, high] = ["mean_", "ci95_low_", "ci95_high_"].map(p => column(p + state.metric));
      const visible = rows.filter(row => shown.has(row[0]));
      const theirs = published.filter(p => p.metric === state.metric && (!p.algorithm || shown.has(p.algorithm)));
      const x = axis(visible.map(row => Number(row[1])).concat(theirs.flatMap(p => p.points.map(q => q[0]))), state.logx, L, W - R);
      const spread = visible.flatMap(row => [mean, low, high].map(c => Number(row[c])))
        .concat(theirs.flatMap(p => p.points.map(q => q[1])));
      const y = axis(spread, state.logy, H - B, T);
      x.ticks.forEach(v => {
        make("line", { x1: x.map(v), x2: x.map(v), y1: T, y2: H - B, class: "tick" }, svg);
        make("text", { x: x.map(v), y: H - B + 18, "text-anchor": "middle" }, svg, label(v));
      });
      y.ticks.forEach(v => {
        make("line", { x1: L, x2: W - R, y1: y.map(v), y2: y.map(v), class: "tick" }, svg);
        make("text", { x: L - 8, y: y.map(v) + 4, "text-anchor": "end" }, svg, label(v));
      });
      make("rect", { x: L, y: T, width: W - L - R, height: H - T - B, class: "frame" }, svg);
      make("text", { x: (L + W - R) / 2, y: H - 10, "text-anchor": "middle" }, svg, box.dataset.x);
      const middle = (T + H - B) / 2;
      make("text", { x: 16, y: middle, "text-anchor": "middle", transform: "rotate(-90 16 " + middle + ")" }, svg, title);
      points = [];
      names.forEach((name, i) => {
        if (!shown.has(name)) return;
        const colour = COLOURS[i % COLOURS.length];
        const own = rows.filter(row => row[0] === name).map(row => ({
          row: row, x: x.map(Number(row[1])), y: y.map(Number(row[mean])),
          low: y.map(Number(row[low])), high: y.map(Number(row[high])),
        })).filter(p => Number.isFinite(p.x) && Number.isFinite(p.y));
        const band = own.filter(p => Number.isFinite(p.low) && Number.isFinite(p.high));
        if (band.length > 1) {
          const there = band.map(p => p.x + "," + p.high), back = band.map(p => p.x + "," + p.low).reverse();
          make("polygon", { points: there.concat(back).join(" "), fill: colour, opacity: 0.15 }, svg);
        }
        make("polyline", { points: own.map(p => p.x + "," + p.y).join(" "), fill: "none", stroke: colour, "stroke-width": 2 }, svg);
        if (own.length <= 200) own.forEach(p => make("circle", { cx: p.x, cy: p.y, r: 3.2, fill: colour }, svg));
        points.push(...own);
      });
      // Published points are hollow.
      theirs.forEach(p => {
        const at = names.indexOf(p.algorithm);
        const colour = at < 0 ? "#7f7f7f" : COLOURS[at % COLOURS.length];
        p.points.forEach(q => {
          const cx = x.map(q[0]), cy = y.map(q[1]);
          if (!Number.isFinite(cx) || !Number.isFinite(cy)) return;
          const mark = make("circle", { cx: cx, cy: cy, r: 4.6, fill: "none", stroke: colour, "stroke-width": 1.6, class: "published" }, svg);
          make("title", {}, mark, p.label + ": " + q[0] + ", " + q[1]);
        });
      });
      points.sort((a, b) => a.x - b.x);
      read.textContent = "";
    }

    // All curves at the place of one point.
    function show(point) {
      svg.querySelectorAll(".at").forEach(node => node.remove());
      if (!point) return;
      make("line", { x1: point.x, x2: point.x, y1: T, y2: H - B, class: "at" }, svg);
      const at = points.filter(p => p.row[1] === point.row[1]);
      const number = (p, prefix) => String(Number(p.row[column(prefix + state.metric)]));
      read.textContent = box.dataset.x + " = " + Number(point.row[1]) + ": " + at.map(p =>
        p.row[0] + " " + number(p, "mean_") + " [" + number(p, "ci95_low_") + ", " + number(p, "ci95_high_")
        + "], n = " + p.row[2]).concat(published.filter(p => p.metric === state.metric).flatMap(p =>
        p.points.filter(q => Math.abs(q[0] - point.row[1]) <= 1e-9 * Math.abs(q[0])).map(q => p.label + " " + q[1]))).join("; ");
    }

    svg.onpointermove = event => {
      const place = svg.getBoundingClientRect();
      const px = (event.clientX - place.left) * W / place.width, py = (event.clientY - place.top) * H / place.height;
      let best = null, least = Infinity;
      points.forEach((p, i) => {
        const d = Math.hypot(p.x - px, (p.y - py) / 3);
        if (d < least) { least = d; best = p; state.at = i; }
      });
      show(best);
    };
    svg.onkeydown = event => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step || points.length === 0) return;
      event.preventDefault();
      state.at = Math.min(points.length - 1, Math.max(0, state.at + step));
      show(points[state.at]);
    };
    guess();
    draw();
  }

  function save(name, text) {
    const link = element("a", document.body);
    link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
    link.download = name;
    link.click();
    link.remove();
  }

  document.querySelectorAll(".plot").forEach(plot);
  document.querySelectorAll("button.copy").forEach(button => {
    button.onclick = () => {
      const code = button.parentNode.querySelector("code");
      const done = () => { button.textContent = "Copied"; };
      const select = () => getSelection().selectAllChildren(code);
      if (navigator.clipboard) navigator.clipboard.writeText(code.textContent).then(done, select);
      else select();
    };
  });
  document.querySelectorAll("button.save").forEach(button => {
    const csv = button.closest("section").querySelector("pre.csv");
    button.onclick = () => save(csv.dataset.name, csv.textContent);
  });
})();
