/* The WebSocket: consult.v1 of proto/signal. It reconnects by the ladder of the document and says hello again; whoever is
 * in a room joins again on every `welcome`. One per page. */
import { csrfToken, get, setServerTime } from './api';
import { Store } from './store';

export interface Message {
  type: string;
  [member: string]: unknown;
}
type Handler = (message: Message) => void;
export type LinkState = 'online' | 'connecting' | 'offline';

const LADDER_MS = [250, 500, 750, 1000, 1000, 1000, 2000, 3000]; // a restart of the gateway takes 1 to 3 s: each second counts
const PING_MS = 15_000;
const SILENT_MS = 40_000;

export class Signal {
  readonly link = new Store<LinkState>('connecting');
  epoch = '';
  private socket: WebSocket | null = null;
  private handlers = new Map<string, Set<Handler>>();
  private attempt = 0;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private pinger: ReturnType<typeof setInterval> | undefined;
  private lastHeard = 0;
  private running = false;
  private ready = false;

  constructor() {
    window.addEventListener('online', () => this.hurry());
    document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && this.hurry());
  }

  start(): void {
    if (!this.running) {
      this.running = true;
      this.attempt = 0;
      this.connect();
    }
  }

  stop(): void {
    this.running = false;
    clearTimeout(this.retry);
    this.drop();
    this.link.set('connecting');
  }

  /* false: not connected; the caller's state is sent again after the next welcome. */
  send(message: Message): boolean {
    if (!this.ready || this.socket?.readyState !== WebSocket.OPEN) {
      return false;
    }
    this.socket.send(JSON.stringify(message));
    return true;
  }

  get isReady(): boolean {
    return this.ready;
  }

  on(type: string, handler: Handler): () => void {
    const set = this.handlers.get(type) ?? new Set<Handler>();
    this.handlers.set(type, set);
    set.add(handler);
    return () => set.delete(handler);
  }

  private drop(): void {
    clearInterval(this.pinger);
    this.ready = false;
    const socket = this.socket;
    this.socket = null;
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
      socket.close();
    }
  }

  /* The link or the tab came back: do not sit out the rest of a pause. */
  private hurry(): void {
    if (this.running && !this.socket) {
      clearTimeout(this.retry);
      this.connect();
    }
  }

  private connect(): void {
    this.drop();
    const socket = new WebSocket(`${location.protocol === 'http:' ? 'ws' : 'wss'}://${location.host}/ws`, 'consult.v1');
    this.socket = socket;
    socket.onopen = () => {
      this.lastHeard = Date.now();
      socket.send(JSON.stringify({ type: 'hello', client: 'console/0.1', csrf: csrfToken() }));
      this.pinger = setInterval(() => this.ping(), PING_MS);
    };
    socket.onmessage = (event) => this.receive(String(event.data));
    socket.onclose = (event) => this.lost(event.code);
  }

  private ping(): void {
    if (Date.now() - this.lastHeard > SILENT_MS) {
      this.lost(1006); // a dead path gives no close event for minutes
    } else {
      this.send({ type: 'ping', t: Date.now() });
    }
  }

  private lost(code: number): void {
    const wasReady = this.ready;
    this.drop();
    if (!this.running) {
      return;
    }
    if (wasReady) {
      this.attempt = 0;
      this.emit({ type: 'link.lost' });
    } else if (this.attempt % 4 === 2) {
      get('/session').catch(() => undefined); // a refused upgrade hides its 401; this call shows it
    }
    const step = LADDER_MS[Math.min(this.attempt, LADDER_MS.length - 1)] ?? 3000;
    const pause = code === 1001 && this.attempt === 0 ? 50 : code === 1013 ? 5000 + Math.random() * 2000 : step * (0.8 + Math.random() * 0.4);
    this.attempt += 1;
    this.link.set(this.attempt > 2 ? 'offline' : 'connecting');
    this.retry = setTimeout(() => this.connect(), pause);
  }

  private receive(text: string): void {
    this.lastHeard = Date.now();
    let message: Message;
    try {
      message = JSON.parse(text) as Message;
    } catch {
      return;
    }
    if (typeof message.time_ms === 'number') {
      setServerTime(message.time_ms);
    }
    if (message.type === 'welcome') {
      this.ready = true;
      this.attempt = 0;
      const restarted = this.epoch !== '' && this.epoch !== message.epoch;
      this.epoch = String(message.epoch);
      this.link.set('online');
      this.emit({ ...message, restarted });
      return;
    }
    this.emit(message);
  }

  private emit(message: Message): void {
    for (const handler of [...(this.handlers.get(message.type) ?? [])]) {
      handler(message);
    }
  }
}

export const signal = new Signal();
