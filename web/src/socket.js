// SPDX-License-Identifier: MIT
//
// socket: one WebSocket that comes back by itself. It knows no page: messages
// go to `onMessage`, the state of the connection to `onState`.

import { decode, SUBPROTOCOL } from "./protocol.js";

const DELAYS_MS = [250, 500, 1000, 2000, 5000];

/** @typedef {import("./api.js").LinkState} LinkState */

export class Socket {
  /** @type {WebSocket | null} */
  #socket = null;
  #attempt = 0;
  #url;
  #onMessage;
  #onState;

  /**
   * @param {string} url
   * @param {(message: Record<string, any>) => void} onMessage
   * @param {(state: LinkState, retryMs: number) => void} onState
   */
  constructor(url, onMessage, onState) {
    this.#url = url;
    this.#onMessage = onMessage;
    this.#onState = onState;
  }

  open() {
    this.#onState("connecting", 0);
    const socket = new WebSocket(this.#url, SUBPROTOCOL);
    this.#socket = socket;
    socket.onopen = () => {
      this.#attempt = 0;
      this.#onState("open", 0);
    };
    socket.onmessage = (event) => {
      const message = decode(String(event.data));
      if (message) this.#onMessage(message);
    };
    socket.onclose = () => {
      this.#socket = null;
      const base = DELAYS_MS[Math.min(this.#attempt++, DELAYS_MS.length - 1)];
      const delay = base * (0.8 + 0.4 * Math.random());
      this.#onState("lost", delay);
      setTimeout(() => this.open(), delay);
    };
  }

  /** False when there is no connection. @param {string} text */
  send(text) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(text);
    return true;
  }
}
