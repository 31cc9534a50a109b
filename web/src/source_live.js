// SPDX-License-Identifier: MIT
//
// source_live: data of a server: messages by WebSocket, answers by HTTP.

import { ApiError, queryOf } from "./api.js";
import { Socket } from "./socket.js";

/** @typedef {import("./api.js").Params} Params */
/** @typedef {import("./api.js").Method} Method */
/** @typedef {import("./api.js").Source} Source */

/** @implements {Source} */
export class LiveSource {
  saved = false;
  /** @type {Socket | null} */
  #socket = null;

  /** @type {Source["open"]} */
  open(onMessage, onState) {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const folder = location.pathname.replace(/[^/]*$/, "");
    this.#socket = new Socket(`${scheme}://${location.host}${folder}ws`, onMessage, onState);
    this.#socket.open();
  }

  /** @param {string} text */
  send(text) {
    return this.#socket?.send(text) ?? false;
  }

  /** @param {Method} method @param {string} path @param {Params} params @param {any} [body] @param {AbortSignal} [signal] */
  async request(method, path, params, body, signal) {
    const answer = await fetch(this.href(path, params), {
      method,
      headers: method === "GET" ? {} : { "Content-Type": "application/json" },
      body: method !== "POST" ? undefined : body instanceof Blob ? body : JSON.stringify(body),
      signal,
    }).catch(() => null);
    if (signal?.aborted) throw new ApiError(0, "aborted", "Cancelled.");
    if (!answer) throw new ApiError(0, "unreachable", "The server does not answer.");
    const json = answer.status === 204 ? null : await answer.json().catch(() => null);
    if (answer.ok) return json;
    const error = json?.error ?? {};
    const { code = "internal", message = `HTTP status ${answer.status}` } = error;
    throw new ApiError(answer.status, code, message, error.offset ?? null);
  }

  /** @param {string} path @param {Params} params */
  href(path, params) {
    return `api/v1/${path}${queryOf(params)}`;
  }
}
