// The module, in a worker of its own: the page never waits for it and can stop it.
(function (root) {
  "use strict";
  const isac = (root.isac = root.isac || {});

  // Runs in the worker; its text goes there, so it names nothing outside.
  isac.workerMain = function () {
    let exports = null;
    self.onmessage = async (event) => {
      const message = event.data;
      if (message.bytes) {
        try {
          exports = (await WebAssembly.instantiate(message.bytes, {})).instance.exports;
          self.postMessage({ ready: true });
        } catch (error) {
          self.postMessage({ broken: String(error) });
        }
        return;
      }
      const start = performance.now();
      try {
        const request = new TextEncoder().encode(message.request);
        const place = exports.room(request.length) >>> 0;
        new Uint8Array(exports.memory.buffer).set(request, place);
        const length = exports.run();
        const found = exports.found() >>> 0;
        const text = new TextDecoder().decode(new Uint8Array(exports.memory.buffer, found, length));
        self.postMessage({ id: message.id, answer: JSON.parse(text), milliseconds: performance.now() - start });
      } catch (error) {
        self.postMessage({ id: message.id, trap: String(error), milliseconds: performance.now() - start });
      }
    };
  };

  /** Which module solves a scene. */
  isac.part = (scene) => (isac.PROBLEMS[scene.problem].patient ? "patient" : "prompt");

  const fetched = {};
  /** A module's bytes: from the server, or from a script where files may not be fetched. Fetched once. */
  isac.moduleBytes = function (part) {
    fetched[part] = fetched[part] || fetchModule(part);
    fetched[part].catch(() => delete fetched[part]);
    return fetched[part];
  };

  async function fetchModule(part) {
    if (location.protocol !== "file:") {
      const name = `isac-${part}.wasm`;
      const response = await fetch(name);
      if (!response.ok) throw new Error(`${name}: ${response.status} ${response.statusText}`);
      return response.arrayBuffer();
    }
    await new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = `isac-${part}.js`;
      script.onload = resolve;
      script.onerror = () => reject(new Error(`${script.src} is missing beside this page`));
      document.head.append(script);
    });
    const text = atob(isac.base64[part]);
    return Uint8Array.from(text, (c) => c.charCodeAt(0)).buffer;
  }

  /** A solver that answers the latest request. `on` has `busy`, `idle`, `answer`, `failed`. */
  isac.Solver = class {
    constructor(on) {
      this.on = on;
      this.url = URL.createObjectURL(new Blob([`(${isac.workerMain})()`], { type: "text/javascript" }));
      this.id = 0;
      this.running = null;
      this.waiting = null;
      this.worker = null;
      this.part = null;
      this.ready = false;
    }

    /** A worker with the module of a part. */
    start(part) {
      if (this.worker) this.worker.terminate();
      const worker = new Worker(this.url);
      Object.assign(this, { worker, part, ready: false });
      worker.onmessage = (event) => this.message(event.data);
      worker.onerror = (event) => this.on.failed(event.message || "the worker did not start");
      isac.moduleBytes(part).then(
        (bytes) => this.worker === worker && worker.postMessage({ bytes }),
        (error) => {
          if (this.worker !== worker) return;
          this.part = null;
          this.on.failed(String(error.message || error));
        },
      );
    }

    /**
     * Asks for a scene by an `algorithm`, with the `certify` of `isac solve`. A solve in progress ends first,
     * unless it has taken longer than `patience`.
     */
    ask(scene, { algorithm = null, certify = null } = {}) {
      this.waiting = { scene: isac.copy(scene), algorithm, certify };
      const patience = 1500;
      if (this.running && performance.now() - this.running.since > patience) this.stop();
      else this.next();
    }

    next() {
      if (this.running || !this.waiting) return;
      const part = isac.part(this.waiting.scene);
      if (part !== this.part) return this.start(part);
      if (!this.ready) return;
      const { scene, algorithm, certify } = this.waiting;
      this.waiting = null;
      this.running = { id: ++this.id, scene, algorithm, certify, since: performance.now() };
      this.on.busy(this.running);
      this.worker.postMessage({ id: this.id, request: JSON.stringify({ scene, algorithm, certify }) });
    }

    message(data) {
      if (data.ready) {
        this.ready = true;
        return this.next();
      }
      if (data.broken) return this.on.failed(data.broken);
      if (!this.running || data.id !== this.running.id) return;
      const asked = this.running;
      this.running = null;
      if (data.trap) {
        // After a trap the module's memory is not to be trusted.
        this.stop();
        this.on.idle();
        return this.on.failed(`the solver broke down: ${data.trap}`);
      }
      this.on.idle();
      this.on.answer(asked, data.answer, data.milliseconds);
      this.next();
    }

    /** Ends what runs and starts afresh; what waits is still asked. */
    stop() {
      this.running = null;
      if (this.part) this.start(this.part);
    }

    /** Ends what runs and forgets what waits. */
    cancel() {
      this.waiting = null;
      this.stop();
      this.on.idle();
    }
  };
})(typeof globalThis !== "undefined" ? globalThis : this);
