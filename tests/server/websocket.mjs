// SPDX-License-Identifier: MIT
//
// websocket: RFC 6455 as a test needs it: a connection that can be cut at any
// byte, which the WebSocket of a browser cannot.

import { randomBytes } from "node:crypto";
import { connect } from "node:net";

/** @param {string} text */
function textFrame(text) {
  const data = Buffer.from(text);
  const mask = randomBytes(4);
  const head =
    data.length < 126
      ? Buffer.from([0x81, 0x80 | data.length])
      : Buffer.from([0x81, 0xfe, data.length >> 8, data.length & 255]);
  for (let i = 0; i < data.length; i++) data[i] ^= mask[i & 3];
  return Buffer.concat([head, mask, data]);
}

/**
 * The first frame of some bytes: its payload, and where the next one begins.
 * @param {Buffer} data
 */
function frameOf(data) {
  if (data.length < 2) return null;
  let at = 2;
  let length = data[1] & 127;
  if (length >= 126) {
    at += length === 126 ? 2 : 8;
    if (data.length < at) return null;
    length = length === 126 ? data.readUInt16BE(2) : Number(data.readBigUInt64BE(2));
  }
  if (data.length < at + length) return null;
  return { first: data[0], payload: data.subarray(at, at + length), end: at + length };
}

export class CutSocket {
  #received = Buffer.alloc(0);
  #upgraded = false;
  /** @type {string | undefined} */
  #goodbye;
  /** @type {Buffer[]} */
  #parts = [];

  /**
   * Connects, and cuts the connection when `bytes` have come, in the middle of
   * whatever they are; `left` may be changed meanwhile. `onEnd` is called once,
   * however it ends.
   * @param {number} port
   * @param {number} bytes
   * @param {(text: string) => void} onMessage
   * @param {(problem: string) => void} onEnd "" when it was cut by us
   */
  constructor(port, bytes, onMessage, onEnd) {
    this.socket = connect(port, "127.0.0.1");
    this.onMessage = onMessage;
    this.left = bytes;
    let problem = "the server has closed the connection";
    this.socket.on("connect", () =>
      this.socket.write(
        `GET /ws HTTP/1.1\r\nHost: localhost:${port}\r\nUpgrade: websocket\r\n` +
          `Connection: Upgrade\r\nSec-WebSocket-Key: ${randomBytes(16).toString("base64")}\r\n` +
          "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: memscope.v1\r\n\r\n",
      ),
    );
    this.socket.on("data", (data) => {
      if (problem === "") return;
      this.#take(data.subarray(0, this.left));
      this.left -= data.length;
      if (this.left > 0) return;
      problem = "";
      this.socket.resetAndDestroy();
    });
    this.socket.on("error", (error) => {
      if (problem !== "") problem = String(error);
    });
    this.socket.on("close", () => onEnd(problem && `${problem}; ${this.#said()}`));
  }

  /** What a server that ends a connection has said of it. */
  #said() {
    if (!this.#upgraded) return `it had said: ${this.#received.toString("latin1").slice(0, 200)}`;
    return this.#goodbye ?? `${this.#received.length} bytes were left of what came`;
  }

  /** All of them in one segment. @param {string[]} texts */
  send(...texts) {
    this.socket.write(Buffer.concat(texts.map(textFrame)));
  }

  /** @param {Buffer} data */
  #take(data) {
    this.#received = Buffer.concat([this.#received, data]);
    if (!this.#upgraded) {
      const end = this.#received.indexOf("\r\n\r\n");
      if (end < 0) return;
      this.#upgraded = true;
      this.#received = this.#received.subarray(end + 4);
    }
    for (let frame = frameOf(this.#received); frame; frame = frameOf(this.#received)) {
      this.#received = this.#received.subarray(frame.end);
      if ((frame.first & 15) === 8 && frame.payload.length >= 2)
        this.#goodbye = `${frame.payload.readUInt16BE()} ${frame.payload.subarray(2)}`;
      if ((frame.first & 15) > 2) continue; // a ping, or the end, that "close" tells
      this.#parts.push(frame.payload);
      if ((frame.first & 0x80) === 0) continue;
      this.onMessage(Buffer.concat(this.#parts).toString());
      this.#parts = [];
    }
  }
}
