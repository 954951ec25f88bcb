// The page in Chromium: dragging changes the numbers, the keyboard alone suffices, a broken address and
// impossible scenes are said kindly, a long solve can be cancelled, and nothing appears on the console.
// Pictures go to the folder of the environment variable SHOTS, if it is set.
"use strict";
const assert = require("node:assert");
const fs = require("node:fs");
const http = require("node:http");
const path = require("node:path");
const { pathToFileURL } = require("node:url");
const { chromium } = require("playwright-core");

const folder = process.env.PAGE;
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".wasm": "application/wasm" };

const serve = () =>
  new Promise((resolve) => {
    const server = http.createServer((request, response) => {
      const name = path.basename(new URL(request.url, "http://x").pathname) || "index.html";
      const file = path.join(folder, name);
      if (!fs.existsSync(file)) {
        response.writeHead(404).end();
        return;
      }
      response.writeHead(200, { "content-type": TYPES[path.extname(file)] || "text/plain" });
      fs.createReadStream(file).pipe(response);
    });
    server.listen(0, "127.0.0.1", () => resolve(server));
  });

const text = (page, id) => page.locator(`#${id}`).innerText();
/** Waits for the answer to the scene that stands on the page. */
const answered = (page) =>
  page.waitForFunction(() => {
    const { page: p } = globalThis.isac;
    return p.found && p.solver && !p.solver.running && !p.solver.waiting && p.solver.ready;
  }, null, { timeout: 60_000 });
const shoot = async (page, name) => {
  if (process.env.SHOTS) await page.screenshot({ path: path.join(process.env.SHOTS, `${name}.png`) });
};
const objective = (page) => page.evaluate(() => globalThis.isac.page.found.report.objective);
const scene = (page) => page.evaluate(() => globalThis.isac.copy(globalThis.isac.page.scene));

/** Opens the page and collects whatever reaches the console. */
const open = async (context, url, complaints) => {
  const page = await context.newPage();
  page.on("console", (message) => complaints.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.goto(url);
  return page;
};

const dragging = async (page) => {
  await answered(page);
  assert.match(await text(page, "status"), /Solved/);
  const before = [await text(page, "objective"), await text(page, "bound"), await page.evaluate(() => location.hash)];
  const box = await page.locator(".marker.users").first().boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  for (let i = 1; i <= 12; i++) await page.mouse.move(box.x + box.width / 2 - 6 * i, box.y + box.height / 2 + 3 * i);
  await page.mouse.up();
  await answered(page);
  await page.waitForFunction((hash) => location.hash !== hash, before[2]);
  const after = [await text(page, "objective"), await text(page, "bound")];
  assert.notStrictEqual(after[0], before[0], "the objective changes");
  assert.notStrictEqual(after[1], before[1], "the bound changes");
  const p = (await scene(page)).users[0];
  assert.ok(p.az < -25, `the user went left: ${p.az}`);
  // The address is the scene: another page shows the same.
  return { hash: await page.evaluate(() => location.hash), objective: after[0] };
};

const keyboard = async (page) => {
  const before = await scene(page);
  await page.locator("#preset").focus();
  let found = "";
  for (let i = 0; i < 40 && !/^user 1/.test(found); i++) {
    await page.keyboard.press("Tab");
    found = await page.evaluate(() => document.activeElement.getAttribute("aria-label") || "");
  }
  assert.match(found, /^user 1: azimuth/, "Tab reaches a marker");
  const first = await objective(page);
  for (let i = 0; i < 3; i++) await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Shift+ArrowRight");
  await answered(page);
  const after = await scene(page);
  assert.ok(Math.abs(after.users[1].az - before.users[1].az - 8) < 1e-9, "three steps of 1 and one of 5 degrees");
  assert.notStrictEqual(await objective(page), first);
  assert.match(await text(page, "selected"), /user 1: azimuth/);
  await page.keyboard.press("ArrowUp");
  await answered(page);
  assert.ok((await scene(page)).users[1].range > before.users[1].range, "further away");
  await page.keyboard.press("Delete");
  await answered(page);
  assert.strictEqual((await scene(page)).users.length, before.users.length - 1, "Delete removes");
  await page.locator('[data-add="users"]').focus();
  await page.keyboard.press("Enter");
  await answered(page);
  assert.strictEqual((await scene(page)).users.length, before.users.length, "a button adds");
  const slider = page.locator("#sliders input").first();
  await slider.focus();
  await page.keyboard.press("ArrowRight");
  await answered(page);
  assert.strictEqual((await scene(page)).columns, before.columns + 1, "a slider moves");
};

const presets = async (page) => {
  const count = await page.locator("#preset option").count() - 1;
  for (let i = 0; i < count; i++) {
    await page.locator("#preset").selectOption(String(i));
    await answered(page);
    assert.ok(await page.locator("#notice").isHidden(), `preset ${i}: ${await text(page, "notice")}`);
    const status = await text(page, "status");
    const name = (await page.locator("#preset option:checked").innerText()).trim();
    if (/Impossible|out of reach/.test(name)) {
      assert.match(status, /No beams exist/);
      assert.match(await text(page, "meaning"), /users/);
      assert.strictEqual(await text(page, "objective"), "–", "nothing is called a design");
    } else if (/Secrecy/.test(name)) {
      // Nothing bounds it: the page says so.
      assert.match(status, /local optimum, bound not proved/);
      assert.deepStrictEqual([await text(page, "bound"), await text(page, "gap")], ["–", "–"]);
      assert.match(await text(page, "meaning"), /Nothing here bounds the best design/);
    } else {
      assert.match(status, /Solved|A design/, name);
      assert.match(await text(page, "gap"), /\d/, name);
      assert.ok((await page.locator("#tables table").count()) >= 1, name);
    }
    await shoot(page, `preset-${i}`);
    console.log(`  ${name}: ${status}; ${await text(page, "objective")}, bound ${await text(page, "bound")}, gap ${await text(page, "gap")}; ${await text(page, "time")}`);
  }
};

/** The floor: Bob and Eve by name, dragged in metres; a bound by search, with its proof's words. */
const floors = async (page) => {
  const count = await page.locator("#preset option").count() - 1;
  const names = await page.locator("#preset option").allInnerTexts();
  const secrecy = names.indexOf("Secrecy per watt") - 1;
  assert.ok(secrecy >= 0 && secrecy < count);
  await page.locator("#preset").selectOption(String(secrecy));
  await answered(page);
  assert.match(await page.locator(".marker.nulls").getAttribute("aria-label"), /^Eve: 2 m right, -20 m up$/);
  const before = await objective(page);
  const box = await page.locator(".marker.users").first().boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  for (let i = 1; i <= 6; i++) await page.mouse.move(box.x + box.width / 2 - 8 * i, box.y + box.height / 2);
  await page.mouse.up();
  await answered(page);
  assert.ok((await objective(page)) > before, "Bob nearer to his station");
  assert.match(await text(page, "selected"), /^Bob: -\d+ m right/);
  await page.locator(".marker.nulls").focus();
  await page.keyboard.press("Delete");
  assert.match(await text(page, "notice"), /at least 1/);
  // Smaller, so that the search ends soon.
  await page.evaluate(() => {
    const { copy, page: p } = globalThis.isac;
    globalThis.isac.set(Object.assign(copy(p.scene), { columns: 2, rows: 1, eps: 0, users: p.scene.users.slice(0, 2), rate_bits: 0.5 }));
  });
  await answered(page);
  const alone = await objective(page);
  await page.locator("#longer").click();
  await page.waitForFunction(() => /\d/.test(document.getElementById("gap").textContent), null, { timeout: 120_000 });
  await answered(page);
  assert.strictEqual(await objective(page), alone, "the search bounds the same design");
  assert.match(await text(page, "status"), /Solved: a local optimum, bounded/);
  await shoot(page, "bounded");
  await page.locator("#format").selectOption("python");
  assert.match(await page.locator("#text").inputValue(), /"--certify", "global"/);
  await page.locator("#format").selectOption("rust");
  assert.match(await page.locator("#text").inputValue(), /isac_papers::hisac_see::solve/);
  await page.locator("#format").selectOption("toml");
  assert.match(await page.locator("#text").inputValue(), /schema = "hisac-see\/1"/);
};

const forms = async (page) => {
  await page.locator("#preset").selectOption("0");
  for (const [format, expected] of [["toml", /schema = "noma\/1"/], ["json", /"noma\/1"/], ["python", /numpy/], ["rust", /isac_papers::noma::solve/]]) {
    await page.locator("#format").selectOption(format);
    await answered(page);
    assert.match(await page.locator("#text").inputValue(), expected);
  }
  for (const problem of ["rate_crlb", "cell_free", "hisac_see", "alpha_fair", "max_min", "robust_power_min", "power_min"]) {
    await page.locator("#problem").selectOption(problem);
    await answered(page);
    assert.ok(await page.locator("#notice").isHidden(), `${problem}: ${await text(page, "notice")}`);
  }
  await page.locator("#form").selectOption("plane");
  await answered(page);
  assert.ok((await scene(page)).rows > 1);
};

const cancelling = async (page) => {
  await page.locator("#preset").selectOption("1");
  await answered(page);
  const before = await objective(page);
  await page.locator("#longer").click();
  await page.locator("#cancel").click({ timeout: 10_000 });
  assert.ok(await page.locator("#busy").isHidden());
  assert.match(await text(page, "status"), /Cancelled/);
  assert.strictEqual(await objective(page), before);
  await page.locator(".marker.targets").first().focus();
  await page.keyboard.press("Shift+ArrowRight");
  await answered(page);
  assert.notStrictEqual(await objective(page), before, "the page goes on after a cancel");
  // 256 antennas: the page stays alive meanwhile.
  await page.evaluate(() => globalThis.isac.set(Object.assign(globalThis.isac.copy(globalThis.isac.PRESETS[0].scene), { columns: 256 })));
  const alive = await page.evaluate(() => new Promise((resolve) => { const start = performance.now(); setTimeout(() => resolve(performance.now() - start), 20); }));
  assert.ok(alive < 2000, `a timer of 20 ms took ${alive} ms`);
  await answered(page);
  assert.match(await text(page, "status"), /Solved/);
};

(async () => {
  const server = await serve();
  const base = `http://127.0.0.1:${server.address().port}/index.html`;
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
  });
  const complaints = [];
  const context = await browser.newContext({ viewport: { width: 1280, height: 1000 }, colorScheme: "light" });
  const page = await open(context, base, complaints);
  const moved = await dragging(page);
  await shoot(page, "dragged");
  const paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime);
  console.log(`  first paint after ${paint?.toFixed(0)} ms`);
  const again = await open(context, base + moved.hash, complaints);
  await answered(again);
  assert.strictEqual(await text(again, "objective"), moved.objective, "the address holds the scene");
  await again.close();
  await keyboard(page);
  await presets(page);
  await floors(page);
  await forms(page);
  await cancelling(page);
  // Broken addresses.
  for (const hash of ["#nonsense", "#p=power_min&a=9999x1", "#p=max_min&a=4x1&u=0,0,1&P=%F0", "#p=power_min&a=8x1&u=0,0,1;0,0,1;999,0,1"]) {
    const broken = await open(context, base + hash, complaints);
    await answered(broken);
    assert.match(await text(broken, "notice"), /address cannot be read: .*The first example stands instead/, hash);
    assert.match(await text(broken, "status"), /Solved/);
    await broken.close();
  }
  // Dark, narrow, and from a file.
  const dark = await browser.newContext({ viewport: { width: 420, height: 1400 }, colorScheme: "dark" });
  const file = await open(dark, pathToFileURL(path.join(folder, "index.html")).href, complaints);
  await answered(file);
  assert.match(await text(file, "status"), /Solved/);
  await shoot(file, "dark-file");
  const wide = await file.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
  assert.ok(wide, "nothing stands outside a narrow window");
  assert.deepStrictEqual(complaints, [], "nothing on the console");
  await browser.close();
  server.close();
  console.log("browser: dragged, by keyboard, presets, exports, cancelled, broken addresses, from a file");
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
