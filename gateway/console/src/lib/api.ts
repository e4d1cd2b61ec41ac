/* REST calls. A failed call is always a Problem with a sentence in the user's language; 401 hands over to the sign-in page. */
import { pick, t } from './i18n';

export class Problem extends Error {
  constructor(
    readonly status: number, // 0: the network did not answer
    readonly code: string,
    private readonly zh: string,
    private readonly en: string,
    readonly field: string | null = null,
    readonly retryAfterMs: number | null = null,
    readonly members: Record<string, unknown> = {},
  ) {
    super(code);
  }

  /* The sentence, in the language of now (it may be switched while it is on screen). */
  sentence(): string {
    if (this.status === 0) {
      return t('err.network');
    }
    return pick(this.zh, this.en) || t('err.server', { status: this.status });
  }

  /* Whether asking again can help. */
  get transient(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) {
    return error;
  }
  const text = error instanceof Error ? error.message : String(error);
  return new Problem(-1, 'client.error', text, text);
}

let csrf = '';
let onSignedOut: () => void = () => undefined;
let clockOffset = 0;

export function setCsrf(token: string): void {
  csrf = token;
}
export function csrfToken(): string {
  return csrf;
}
export function whenSignedOut(handler: () => void): void {
  onSignedOut = handler;
}
/* Deadlines are shown against the gateway's clock, not this PC's. */
export function setServerTime(timeMs: number): void {
  clockOffset = timeMs - Date.now();
}
export function serverNow(): number {
  return Date.now() + clockOffset;
}

export interface Options {
  body?: unknown;
  raw?: BodyInit;
  headers?: Record<string, string>;
  ifMatch?: number;
  idempotencyKey?: string;
  signal?: AbortSignal;
  quiet401?: boolean;
  timeoutMs?: number;
}

async function readProblem(response: Response): Promise<Problem> {
  let body: Record<string, unknown> = {};
  try {
    body = (await response.json()) as Record<string, unknown>;
  } catch {
    // no body, or not ours (a proxy in between): the status must do
  }
  const text = (name: string): string => (typeof body[name] === 'string' ? (body[name] as string) : '');
  const retryAfter = Number(response.headers.get('Retry-After'));
  return new Problem(
    response.status, text('code') || `http.${response.status}`, text('detail_zh') || text('detail'), text('detail_en') || text('detail'),
    text('field') || null, retryAfter > 0 ? retryAfter * 1000 : null, body,
  );
}

export async function call<T>(method: string, path: string, options: Options = {}): Promise<T> {
  const headers: Record<string, string> = { Accept: 'application/json', ...options.headers };
  if (method !== 'GET' && csrf) {
    headers['X-CSRF-Token'] = csrf;
  }
  if (options.body !== undefined) {
    headers['Content-Type'] = 'application/json';
  }
  if (options.ifMatch !== undefined) {
    headers['If-Match'] = `"${options.ifMatch}"`;
  }
  if (options.idempotencyKey) {
    headers['Idempotency-Key'] = options.idempotencyKey;
  }
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), options.timeoutMs ?? 30_000);
  options.signal?.addEventListener('abort', () => abort.abort());
  let response: Response;
  let text = '';
  try {
    response = await fetch(`/api/v1${path}`, {
      method, headers, credentials: 'same-origin', cache: 'no-store', signal: abort.signal,
      body: options.raw ?? (options.body === undefined ? undefined : JSON.stringify(options.body)),
    });
    if (response.ok) {
      text = await response.text();
    }
  } catch {
    throw new Problem(0, 'network', '', '');
  } finally {
    clearTimeout(timer);
  }
  if (!response.ok) {
    const problem = await readProblem(response);
    if (problem.status === 401 && !options.quiet401) {
      onSignedOut();
    }
    throw problem;
  }
  return (text ? JSON.parse(text) : null) as T;
}

export const get = <T>(path: string, options?: Options): Promise<T> => call<T>('GET', path, options);
export const post = <T>(path: string, body?: unknown, options?: Options): Promise<T> => call<T>('POST', path, { ...options, body: body ?? {} });
export const put = <T>(path: string, body?: unknown, options?: Options): Promise<T> => call<T>('PUT', path, { ...options, body });
export const patch = <T>(path: string, body: unknown, options?: Options): Promise<T> => call<T>('PATCH', path, { ...options, body });
export const del = <T>(path: string, options?: Options): Promise<T> => call<T>('DELETE', path, options);

export function randomKey(): string {
  const octets = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(octets, (o) => o.toString(16).padStart(2, '0')).join('');
}
