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

  /** The module's bytes: from the server, or from a script where files may not be fetched. */
  isac.moduleBytes = async function () {
    if (location.protocol !== "file:") {
      const response = await fetch("isac.wasm");
      if (!response.ok) throw new Error(`isac.wasm: ${response.status} ${response.statusText}`);
      return response.arrayBuffer();
    }
    await new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = "isac-wasm.js";
      script.onload = resolve;
      script.onerror = () => reject(new Error("isac-wasm.js is missing beside this page"));
      document.head.append(script);
    });
    const text = atob(isac.wasmBase64);
    return Uint8Array.from(text, (c) => c.charCodeAt(0)).buffer;
  };

  /** A solver that answers the latest request. `on` has `busy`, `idle`, `answer`, `failed`. */
  isac.Solver = class {
    constructor(bytes, on) {
      this.bytes = bytes;
      this.on = on;
      this.url = URL.createObjectURL(new Blob([`(${isac.workerMain})()`], { type: "text/javascript" }));
      this.id = 0;
      this.running = null;
      this.waiting = null;
      this.start();
    }

    start() {
      this.ready = false;
      this.worker = new Worker(this.url);
      this.worker.onmessage = (event) => this.message(event.data);
      this.worker.onerror = (event) => this.on.failed(event.message || "the worker did not start");
      this.worker.postMessage({ bytes: this.bytes });
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
      if (!this.ready || this.running || !this.waiting) return;
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
      this.worker.terminate();
      this.running = null;
      this.start();
    }

    /** Ends what runs and forgets what waits. */
    cancel() {
      this.waiting = null;
      this.stop();
      this.on.idle();
    }
  };
})(typeof globalThis !== "undefined" ? globalThis : this);
