// SPDX-License-Identifier: MIT
//
// api: how pages ask for what does not come by itself. They do not know who
// answers: the server, or the data inside a saved report. Pure; no DOM.

/** @typedef {Record<string, string | number | boolean | null | undefined>} Params null and undefined are left out */
/** @typedef {"GET" | "POST" | "DELETE"} Method */
/**
 * @typedef {object} Source where the page's data come from
 * @property {boolean} saved nothing of it can change: no commands, no more ticks
 * @property {(onMessage: (message: Record<string, any>) => void, onState: (state: LinkState, retryMs: number) => void) => void} open
 * @property {(text: string) => boolean} send a message of memscope.v1; false when there is no connection
 * @property {(method: Method, path: string, params: Params, body?: any, signal?: AbortSignal) => Promise<any>} request
 *   rejects with an ApiError
 * @property {(path: string, params: Params) => string | null} href what a link downloads; null: not to be had
 */
/** @typedef {"connecting" | "open" | "lost"} LinkState */

/** An answer that is none. `code` is one of docs/PROTOCOL.md, or `unreachable`; `not_kept`: what is saved does not have it. */
export class ApiError extends Error {
  /**
   * @param {number} status 0 when nobody answered
   * @param {string} code
   * @param {string} message
   * @param {number | null} [offset] the byte of a query at which it went wrong
   */
  constructor(status, code, message, offset = null) {
    super(message);
    this.status = status;
    this.code = code;
    this.offset = offset;
  }
}

/** @type {Source | null} */
let source = null;

/** @param {Source} from asked from now on */
export function useSource(from) {
  source = from;
}

/** @param {Method} method @param {string} path @param {Params} params @param {any} [body] @param {AbortSignal} [signal] @returns {Promise<any>} */
function request(method, path, params, body, signal) {
  return source
    ? source.request(method, path, params, body, signal)
    : Promise.reject(new ApiError(0, "unreachable", "There is nobody to ask."));
}

/** `path` is what follows `/api/v1/`; each gives the JSON of the answer, or rejects with an ApiError. */
export const api = {
  /** @param {string} path @param {Params} [params] */
  get: (path, params = {}) => request("GET", path, params),
  /** @param {string} path @param {any} [body] @param {AbortSignal} [signal] takes it back: `aborted` */
  post: (path, body = {}, signal = undefined) => request("POST", path, {}, body, signal),
  /** A file as it is. @param {string} path @param {Blob} file */
  upload: (path, file) => request("POST", path, {}, file),
  /** @param {string} path @param {Params} [params] */
  remove: (path, params = {}) => request("DELETE", path, params),
  /** Where a link leads that downloads it; null: hide the link. @param {string} path @param {Params} [params] */
  href: (path, params = {}) => source?.href(path, params) ?? null,
  /** Whether what is shown is saved: then what commands something is hidden. */
  get saved() {
    return source?.saved ?? false;
  },
};

/** @param {Params} params @returns {string} "" or "?…" */
export function queryOf(params) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params))
    if (value !== null && value !== undefined) query.set(name, String(value));
  const text = query.toString();
  return text && `?${text}`;
}
