// SPDX-License-Identifier: MIT
//
// memscope: a program under `memscope run`, on a free port, and its API.

import { execFile, spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { until } from "./until.mjs";

const ROOT = new URL("../../../", import.meta.url).pathname;
const BIN = process.env.MEMSCOPE_BIN ?? join(ROOT, "build/dev/cli/memscope");
export const DEMO = process.env.MEMSCOPE_DEMO ?? join(ROOT, "build/dev/examples/demo");

/** A victim of tests/targets. @param {string} name */
export function target(name) {
  return join(dirname(dirname(DEMO)), "tests/targets", name);
}

export class Memscope {
  /** What the program said. */
  said = "";
  /** What memscope said. */
  log = "";

  /**
   * @param {string[]} command
   * @param {{port?: number, keepOpen?: boolean, flags?: string[]}} [options]
   */
  constructor(command, { port = 0, keepOpen = true, flags = [] } = {}) {
    const all = ["run", "--port", String(port), ...(keepOpen ? ["--keep-open"] : []), ...flags];
    this.child = spawn(BIN, [...all, "--", ...command], { stdio: ["pipe", "pipe", "pipe"] });
    this.ended = new Promise((resolve) => this.child.once("exit", resolve));
    this.child.stdin.on("error", () => {}); // the program may be gone
    this.child.stdout.on("data", (data) => {
      this.said += data;
    });
    this.child.stderr.on("data", (data) => {
      this.log += data;
    });
  }

  /** @param {string[]} command @param {{port?: number, keepOpen?: boolean, flags?: string[]}} [options] */
  static async start(command, options) {
    const memscope = new Memscope(command, options);
    const found = await until("memscope says where its page is", () => {
      if (memscope.child.exitCode !== null) throw new Error(`memscope ended: ${memscope.log}`);
      return memscope.log.match(/\(pid (\d+)\) at (http:\/\/\S+)/);
    });
    memscope.pid = Number(found[1]);
    memscope.url = found[2];
    await until("the program is captured", async () => {
      const { session } = await memscope.api("status");
      return session !== null;
    });
    return memscope;
  }

  get port() {
    return Number(new URL(this.url).port);
  }

  /** @param {string} path @returns {Promise<any>} */
  async api(path) {
    const answer = await fetch(new URL(`/api/v1/${path}`, this.url));
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    return answer.json();
  }

  /** Tells the program (targets/orders) to do something, and waits until it has. @param {string} line */
  async order(line) {
    const done = () => this.said.match(/^ok$/gm)?.length ?? 0;
    const before = done();
    this.child.stdin.write(`${line}\n`);
    await until(`the program has done "${line}"`, () => done() > before);
  }

  /** The demo's own account of what it holds, with --steps. */
  async account() {
    const line = await until("the program says what it holds", () => this.said.match(/^\{.*\}$/m));
    return JSON.parse(line[0]);
  }

  async stop() {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill("SIGCONT");
    this.child.stdin.end("\n");
    this.child.kill("SIGTERM"); // to the program; with --keep-open, once more for memscope
    const again = setInterval(() => this.child.kill("SIGTERM"), 200);
    await this.ended;
    clearInterval(again);
  }
}

/** The command, to its end. @param {...string} words */
export function memscope(...words) {
  return promisify(execFile)(BIN, words);
}

/** Runs a program that a running memscope watches; its end is the promise. */
/** @param {Memscope} to @param {string[]} command */
export function attach(to, command) {
  return memscope("run", "--attach-to", to.url, "--", ...command);
}

/** Has a running one take a snapshot into a file. */
/** @param {Memscope} running @param {string} file */
export function takeFile(running, file) {
  return memscope("snapshot", "--port", String(running.port), "-o", file);
}

/** Files under `memscope open`. */
export class OpenedFile {
  log = "";

  /** @param {string[]} files */
  constructor(files) {
    this.child = spawn(BIN, ["open", "--port", "0", ...files], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.child.stderr.on("data", (data) => {
      this.log += data;
    });
  }

  /** @param {string[]} files */
  static async start(files) {
    const opened = new OpenedFile(files);
    const found = await until("memscope says where its page is", () =>
      opened.log.match(/ at (http:\/\/\S+) until/),
    );
    opened.url = found[1];
    return opened;
  }

  async stop() {
    const ended = new Promise((resolve) => this.child.once("exit", resolve));
    this.child.kill("SIGTERM");
    await ended;
  }
}
