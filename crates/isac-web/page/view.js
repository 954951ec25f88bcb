// The drawing: a half disc of azimuths for a line of antennas, a map of azimuth and elevation for a plane.
(function (root) {
  "use strict";
  const isac = (root.isac = root.isac || {});
  const SVG = "http://www.w3.org/2000/svg";
  const DECIBELS = 40;
  const DISC = { x: 400, y: 440, r: 400 };
  const MAP = { left: 44, top: 10, perAz: 4.1, perEl: 3.4, el: 60 };
  const RANGES = [0.25, 4];

  isac.COLOURS = ["#3b82f6", "#e0762b", "#2a9d62", "#c2457f", "#8b6fd8", "#a8852a", "#2aa5b8", "#d64545"];
  isac.colour = (name, i) => (name === "sensing" ? "var(--sensing)" : isac.COLOURS[i % isac.COLOURS.length]);
  const KINDS = {
    users: { letter: "U", word: "user" },
    targets: { letter: "T", word: "target" },
    nulls: { letter: "N", word: "null" },
  };
  isac.KINDS = KINDS;
  // Where the stations of a floor stand, m, and which way they look.
  const STATIONS = {
    cell_free: (scene) => [...Array(scene.rows).keys()].map((m) => [(100 * (m + 0.5)) / scene.rows - 50, -50, 0]),
    hisac_see: () => [[-60, 0, 90], [60, 0, -90]],
    alpha_fair: () => [[-90, 0, 90]],
  };
  /** What a thing is called in its problem, and the letter on its marker. */
  const named = (scene, kind, i) => {
    if (scene.problem === "hisac_see" && kind === "users" && i === 0) return { word: "Bob", letter: "B" };
    if (scene.problem === "hisac_see" && kind === "nulls") return { word: "Eve", letter: "E" };
    const one = scene.problem === "hisac_see" && kind === "targets";
    return { word: one ? "target" : `${KINDS[kind].word} ${i}`, letter: kind === "nulls" ? "" : `${KINDS[kind].letter}${one ? "" : i}` };
  };
  isac.named = named;
  isac.form = (scene) => (isac.PROBLEMS[scene.problem].floor ? "floor" : scene.rows === 1 ? "line" : "plane");

  const node = (name, attributes, parent, text) => {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    if (parent) parent.append(made);
    return made;
  };
  const clamp = (x, low, high) => Math.min(high, Math.max(low, x));
  const radians = (degrees) => (degrees * Math.PI) / 180;

  const discRadius = (range) => {
    const share = Math.log(clamp(range, ...RANGES) / RANGES[0]) / Math.log(RANGES[1] / RANGES[0]);
    return DISC.r * (0.25 + 0.7 * share);
  };

  /** Where a place stands in the drawing. */
  const spot = (scene, place) =>
    isac.form(scene) === "line"
      ? [DISC.x + discRadius(place.range) * Math.sin(radians(place.az)), DISC.y - discRadius(place.range) * Math.cos(radians(place.az))]
      : [MAP.left + (place.az + 90) * MAP.perAz, MAP.top + (MAP.el - place.el) * MAP.perEl];

  /** Which place a point of the drawing is. */
  const placeAt = (scene, place, x, y) => {
    if (isac.form(scene) !== "line") {
      return {
        az: clamp((x - MAP.left) / MAP.perAz - 90, -88, 88),
        el: clamp(MAP.el - (y - MAP.top) / MAP.perEl, -MAP.el, MAP.el),
        range: place.range,
      };
    }
    const [dx, dy] = [x - DISC.x, Math.max(1e-6, DISC.y - y)];
    const share = (Math.hypot(dx, dy) / DISC.r - 0.25) / 0.7;
    return {
      az: clamp((Math.atan2(dx, dy) * 180) / Math.PI, -88, 88),
      el: 0,
      range: RANGES[0] * Math.pow(RANGES[1] / RANGES[0], clamp(share, 0, 1)),
    };
  };

  const words = (scene, kind, i) => {
    const p = scene[kind][i];
    const { word } = named(scene, kind, i);
    if (isac.form(scene) === "floor") return `${word}: ${p.az.toFixed(0)} m right, ${p.el.toFixed(0)} m up`;
    const height = scene.rows > 1 ? `, elevation ${p.el.toFixed(0)}°` : "";
    const range = kind === "nulls" ? "" : `, range ${p.range.toFixed(2)}`;
    return `${word}: azimuth ${p.az.toFixed(0)}°${height}${range}`;
  };
  isac.words = words;

  isac.View = class {
    /** `on` has `moved(kind, i, place, last)`, `selected(kind, i)` and `removed(kind, i)`. */
    constructor(svg, on) {
      this.svg = svg;
      this.on = on;
      this.ground = node("g", { "aria-hidden": "true" }, svg);
      this.pattern = node("g", { "aria-hidden": "true" }, svg);
      this.deviations = node("g", { "aria-hidden": "true" }, svg);
      this.stations = node("g", { "aria-hidden": "true" }, svg);
      this.markers = node("g", {}, svg);
      this.shape = "";
    }

    /** Draws the scene: what can be moved. */
    draw(scene, selected) {
      this.scene = scene;
      const form = isac.form(scene);
      const ground = form === "floor" ? `${form} ${scene.problem} ${scene.rows}` : form;
      if (this.groundOf !== ground) {
        [this.form, this.groundOf] = [form, ground];
        this.axes();
        this.stations.replaceChildren();
        if (form === "floor") STATIONS[scene.problem](scene).forEach((place, i) => this.station(place, i));
        this.pattern.replaceChildren();
        this.deviations.replaceChildren();
      }
      const shape = scene.problem + Object.keys(KINDS).map((kind) => scene[kind].length).join();
      if (this.shape !== shape) {
        this.shape = shape;
        this.markers.replaceChildren();
        for (const kind of Object.keys(KINDS)) scene[kind].forEach((_, i) => this.marker(kind, i));
      }
      for (const made of this.markers.children) {
        const { kind, i } = made.dataset;
        const [x, y] = spot(scene, scene[kind][i]);
        made.setAttribute("transform", `translate(${x.toFixed(1)} ${y.toFixed(1)})`);
        made.setAttribute("aria-label", words(scene, kind, Number(i)));
        made.classList.toggle("selected", !!selected && selected.kind === kind && selected.i === Number(i));
      }
    }

    axes() {
      this.ground.replaceChildren();
      const grid = (x1, y1, x2, y2) => node("line", { x1, y1, x2, y2, class: "grid" }, this.ground);
      const label = (x, y, text, anchor = "middle") => node("text", { x, y, class: "axis", "text-anchor": anchor }, this.ground, text);
      if (this.form === "line") {
        for (let db = 0; db < DECIBELS; db += 10) {
          const r = DISC.r * (1 - db / DECIBELS);
          node("path", { d: `M${DISC.x - r} ${DISC.y}A${r} ${r} 0 0 1 ${DISC.x + r} ${DISC.y}`, class: "grid" }, this.ground);
          label(DISC.x + r - 4, DISC.y + 14, db ? `−${db} dB` : "0 dB", "end");
        }
        for (let az = -90; az <= 90; az += 30) {
          const [s, c] = [Math.sin(radians(az)), Math.cos(radians(az))];
          grid(DISC.x, DISC.y, DISC.x + DISC.r * s, DISC.y - DISC.r * c);
          label(DISC.x + (DISC.r + 16) * s, DISC.y - (DISC.r + 12) * c + 4, `${az}°`);
        }
        node("rect", { x: DISC.x - 30, y: DISC.y - 3, width: 60, height: 6, class: "array" }, this.ground);
        return;
      }
      const [right, bottom] = [MAP.left + 180 * MAP.perAz, MAP.top + 2 * MAP.el * MAP.perEl];
      node("rect", { x: MAP.left, y: MAP.top, width: right - MAP.left, height: bottom - MAP.top, class: "grid" }, this.ground);
      const unit = this.form === "floor" ? "" : "°";
      for (let az = -90; az <= 90; az += 30) label(MAP.left + (az + 90) * MAP.perAz, bottom + 18, `${az}${unit}`);
      for (let el = -MAP.el; el <= MAP.el; el += 30) label(MAP.left - 6, MAP.top + (MAP.el - el) * MAP.perEl + 4, `${el}${unit}`, "end");
      label((MAP.left + right) / 2, bottom + 38, this.form === "floor" ? "seen from above, m" : "azimuth; up: elevation");
    }

    /** A station that looks up (0), right (90) or left (-90). */
    station([x, y, turn], i) {
      const [left, top] = spot(this.scene, { az: x, el: y });
      const made = node("g", { transform: `translate(${left} ${top}) rotate(${turn})`, class: "station" }, this.stations);
      node("rect", { x: -17, y: -4, width: 34, height: 8 }, made);
      node("path", { d: "M-5 -8L0 -16L5 -8Z" }, made);
      node("text", { x: 0, y: 17, "text-anchor": "middle", transform: `rotate(${-turn} 0 12)` }, made, STATIONS[this.scene.problem](this.scene).length > 1 ? String(i + 1) : "");
    }

    /** Draws power over directions; `only` is the stream to show on a map, or null for the sum. */
    patterns(picture, only) {
      this.pattern.replaceChildren();
      this.deviations.replaceChildren();
      if (!picture || (picture.elevations === 1) !== (this.form === "line")) return;
      const all = picture.patterns_tenth_dBW;
      const top = Math.max(...all.map((list) => list.reduce((a, b) => Math.max(a, b), -9999)));
      if (this.form === "line") this.lobes(picture, all, top, only);
      else this.map(picture, all, only);
      (picture.target_bounds || []).forEach((bound, i) => this.deviation(bound, i));
    }

    lobes(picture, all, top, only) {
      all.forEach((list, i) => {
        if (only !== null && only !== i) return;
        let path = `M${DISC.x} ${DISC.y}`;
        list.forEach((tenth, j) => {
          const r = DISC.r * Math.max(0, 1 + (tenth - top) / (10 * DECIBELS));
          const az = radians(-90 + (180 * j) / (list.length - 1));
          path += `L${(DISC.x + r * Math.sin(az)).toFixed(1)} ${(DISC.y - r * Math.cos(az)).toFixed(1)}`;
        });
        const colour = isac.colour(picture.names[i], i);
        node("path", { d: path + "Z", class: "lobe", style: `stroke:${colour};fill:${colour}` }, this.pattern);
      });
    }

    map(picture, all, only) {
      const [w, h] = [picture.azimuths, picture.elevations];
      const values = new Float64Array(w * h);
      all.forEach((list, s) => {
        if (only === null || only === s) list.forEach((tenth, j) => { values[j] += Math.pow(10, tenth / 100); });
      });
      // Beside a station of a floor the power says nothing about the beams: what is above nearly all is drawn bright.
      const top = this.form === "floor" ? Float64Array.from(values).sort()[Math.floor(0.98 * values.length)] : 0;
      const most = top || values.reduce((a, b) => Math.max(a, b), 1e-30);
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [w, h];
      const context = canvas.getContext("2d");
      const image = context.createImageData(w, h);
      for (let j = 0; j < w * h; j++) {
        const share = clamp(1 + (10 * Math.log10(values[j] / most)) / DECIBELS, 0, 1);
        // From night over violet and orange to bright.
        const place = 4 * ((h - 1 - Math.floor(j / w)) * w + (j % w));
        image.data[place] = 255 * Math.min(1, 0.06 + 1.35 * share * share);
        image.data[place + 1] = 255 * Math.min(1, 0.06 + 0.9 * share * share * share);
        image.data[place + 2] = 255 * (0.16 + 0.55 * Math.sin(Math.PI * share) * (1 - 0.5 * share) + 0.3 * Math.pow(share, 6));
        image.data[place + 3] = 255;
      }
      context.putImageData(image, 0, 0);
      node("image", {
        href: canvas.toDataURL(), x: MAP.left, y: MAP.top, width: 180 * MAP.perAz,
        height: 2 * MAP.el * MAP.perEl, preserveAspectRatio: "none",
      }, this.pattern);
    }

    /** One standard deviation of the angles of target `i`, where the bound is met: an ellipse or an interval. */
    deviation(bound, i) {
      const place = this.scene.targets[i];
      if (!place) return;
      if (this.form === "line") {
        const r = discRadius(place.range);
        const end = (sign) => {
          const az = radians(clamp(place.az + sign * bound.az_deg, -90, 90));
          return `${(DISC.x + r * Math.sin(az)).toFixed(1)} ${(DISC.y - r * Math.cos(az)).toFixed(1)}`;
        };
        node("path", { d: `M${end(-1)}A${r} ${r} 0 0 1 ${end(1)}`, class: "ellipse" }, this.deviations);
        return;
      }
      const [x, y] = spot(this.scene, place);
      const [sx, sy] = [bound.az_deg * MAP.perAz, bound.el_deg * MAP.perEl];
      // The drawing counts downwards.
      const cross = -bound.correlation * sx * sy;
      const [mean, half] = [(sx * sx + sy * sy) / 2, Math.hypot((sx * sx - sy * sy) / 2, cross)];
      const angle = (Math.atan2(2 * cross, sx * sx - sy * sy) * 90) / Math.PI;
      node("ellipse", {
        rx: clamp(Math.sqrt(mean + half), 0.5, 900), ry: clamp(Math.sqrt(Math.max(0, mean - half)), 0.5, 900),
        transform: `translate(${x} ${y}) rotate(${angle})`, class: "ellipse",
      }, this.deviations);
    }

    marker(kind, i) {
      const made = node("g", { class: `marker ${kind}`, tabindex: "0", role: "button", "aria-roledescription": "movable" }, this.markers);
      made.dataset.kind = kind;
      made.dataset.i = i;
      const { letter } = named(this.scene, kind, i);
      if (kind === "users") node("circle", { r: 13, style: `fill:${isac.colour("", i)}` }, made);
      else if (kind === "targets") node("path", { d: "M0 -16L15 11L-15 11Z" }, made);
      else if (letter) node("rect", { x: -12, y: -12, width: 24, height: 24, rx: 3, class: "eve" }, made);
      else node("path", { d: "M-12 -12L12 12M12 -12L-12 12", class: "cross" }, made);
      node("text", { y: kind === "targets" ? 8 : 5, "text-anchor": "middle" }, made, letter);
      made.addEventListener("focus", () => this.on.selected(kind, i));
      made.addEventListener("keydown", (event) => this.key(event, kind, i));
      made.addEventListener("pointerdown", (event) => {
        event.preventDefault();
        made.focus();
        made.setPointerCapture(event.pointerId);
        this.dragged = made;
      });
      const move = (event, last) => {
        if (this.dragged !== made) return;
        if (last) this.dragged = null;
        const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(this.svg.getScreenCTM().inverse());
        this.on.moved(kind, i, placeAt(this.scene, this.scene[kind][i], at.x, at.y), last);
      };
      made.addEventListener("pointermove", (event) => move(event, false));
      made.addEventListener("pointerup", (event) => move(event, true));
      made.addEventListener("pointercancel", () => { this.dragged = null; });
    }

    /** Arrows move by a degree, with Shift by five; Page Up and Down change the range. */
    key(event, kind, i) {
      const place = Object.assign({}, this.scene[kind][i]);
      const step = event.shiftKey ? 5 : 1;
      const line = this.form === "line";
      const further = (times) => { place.range = clamp(place.range * Math.pow(1.05, times * step), ...RANGES); };
      switch (event.key) {
        case "ArrowLeft": place.az = clamp(place.az - step, -88, 88); break;
        case "ArrowRight": place.az = clamp(place.az + step, -88, 88); break;
        case "ArrowUp": if (line) further(1); else place.el = clamp(place.el + step, -60, 60); break;
        case "ArrowDown": if (line) further(-1); else place.el = clamp(place.el - step, -60, 60); break;
        case "PageUp": further(1); break;
        case "PageDown": further(-1); break;
        case "Delete": case "Backspace": event.preventDefault(); return this.on.removed(kind, i);
        default: return undefined;
      }
      event.preventDefault();
      return this.on.moved(kind, i, place, true);
    }
  };
})(typeof globalThis !== "undefined" ? globalThis : this);
