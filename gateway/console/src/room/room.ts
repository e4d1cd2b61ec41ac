/* One tab's stay in a room: join (again after every reconnect), what the room says, the shared view, chat, and the media client. */
import { put } from '../lib/api';
import { CONSENT_TEXT_VERSION } from '../lib/draft';
import { signal, type Message } from '../lib/signal';
import { Store } from '../lib/store';
import type { ChatLine, Party, SeatQuality, View } from '../lib/types';
import type { Key } from '../lib/dict';
import { MediaClient } from '../media';
import { DeviceError, loadChoice, openDevices, stopStream, type Choice } from './devices';

export interface RoomState {
  phase: 'joining' | 'in' | 'closed' | 'refused';
  reason: string; // of closed
  error: { code: string; zh: string; en: string } | null;
  seat: number;
  parties: Party[];
  recording: boolean;
  view: View; // what is on this screen
  shared: View;
  viewBy: number; // seat that showed it last; -1 unknown
  pointer: [number, number] | null; // the other's
  chat: ChatLine[];
  quality: SeatQuality[];
  observers: number; // in the room now
}

export interface OwnState {
  stream: MediaStream | null;
  deviceError: DeviceError | null;
  warning: Key | null;
  muted: boolean;
  cameraOff: boolean;
}

const VIEW_EVERY_MS = 125; // 8 a second: the gateway takes 20 a second for long
const JOIN_AGAIN_MS = 2000;
const device = Math.random().toString(36).slice(2);

export class Room {
  readonly state = new Store<RoomState>({
    phase: 'joining', reason: '', error: null, seat: -1, parties: [], recording: false, view: {}, shared: {}, viewBy: -1, pointer: null, chat: [], quality: [], observers: 0,
  });
  readonly own = new Store<OwnState>({ stream: null, deviceError: null, warning: null, muted: false, cameraOff: false });
  readonly sync = new Store(true);
  readonly pointing = new Store(false);
  readonly media: MediaClient;
  private devices: Promise<void>;
  private epoch = '';
  private joining = false; // room.join is on its way
  private closed = false;
  private joinTimer: ReturnType<typeof setTimeout> | undefined;
  private viewTimer: ReturnType<typeof setTimeout> | undefined;
  private viewSentMs = 0;
  private viewDue: View | null = null;
  private stops: (() => void)[];

  /* observer: hears and sees; asks the browser for no camera and no microphone. */
  constructor(readonly id: string, readonly observer = false) {
    this.media = new MediaClient(id, observer);
    const mine = (handler: (m: Message) => void) => (m: Message): void => {
      if (m.consultation === id && !this.closed) {
        handler(m);
      }
    };
    this.stops = [
      signal.on('welcome', () => this.join()),
      signal.on('room.state', mine((m) => this.onState(m))),
      signal.on('room.closed', mine((m) => this.onClosed(String(m.reason)))),
      signal.on('view.shown', mine((m) => this.onShown(m))),
      signal.on('chat.said', mine((m) => this.state.update({ chat: [...this.state.get().chat, m as unknown as ChatLine].slice(-200) }))),
      signal.on('quality', mine((m) => this.onQuality(m))),
      signal.on('error', (m) => this.onError(m)),
    ];
    this.devices = observer ? Promise.resolve() : this.open(loadChoice());
    this.join();
  }

  /* Leaves the room; the consultation goes on. */
  leave(): void {
    if (!this.closed) {
      signal.send({ type: 'room.leave', consultation: this.id });
      this.close();
    }
  }

  private close(): void {
    this.closed = true;
    clearTimeout(this.joinTimer);
    clearTimeout(this.viewTimer);
    this.stops.forEach((stop) => stop());
    this.media.close();
    stopStream(this.own.get().stream);
    this.own.update({ stream: null });
  }

  join(): void {
    if (!this.closed && signal.isReady) {
      this.joining = true;
      signal.send({ type: 'room.join', consultation: this.id, device });
    }
  }

  async open(choice: Choice): Promise<void> {
    const before = this.own.get().stream;
    try {
      const { stream, warning } = await openDevices(choice);
      if (this.closed) {
        stopStream(stream);
        return;
      }
      const { muted, cameraOff } = this.own.get();
      stream.getAudioTracks().forEach((track) => (track.enabled = !muted));
      stream.getVideoTracks().forEach((track) => (track.enabled = !cameraOff));
      stream.getTracks().forEach((track) => track.addEventListener('ended', () => this.deviceLost(stream)));
      this.own.update({ stream, warning, deviceError: null });
      stopStream(before);
      await this.media.setStream(stream);
    } catch (error) {
      if (error instanceof DeviceError) {
        this.own.update({ deviceError: error });
      }
    }
  }

  private deviceLost(stream: MediaStream): void {
    if (!this.closed && this.own.get().stream === stream) {
      void this.open(loadChoice()); // the cable was pulled: take what is left
    }
  }

  setMuted(muted: boolean): void {
    this.own.get().stream?.getAudioTracks().forEach((track) => (track.enabled = !muted));
    this.own.update({ muted });
  }

  setCameraOff(cameraOff: boolean): void {
    this.own.get().stream?.getVideoTracks().forEach((track) => (track.enabled = !cameraOff));
    this.own.update({ cameraOff });
  }

  say(text: string): boolean {
    return signal.send({ type: 'chat.say', consultation: this.id, text });
  }

  /* ---- what the room says ---- */

  private onState(m: Message): void {
    const first = this.observer ? this.joining : Array.isArray(m.chat); // the answer to room.join
    this.joining = false;
    const parties = m.parties as Party[];
    const change: Partial<RoomState> = { phase: 'in', error: null, seat: Number(m.seat), parties, recording: m.recording === true, observers: Number(m.observers) || 0 };
    if (first) {
      change.chat = (m.chat as ChatLine[] | undefined) ?? [];
      const view = (m.view as View | undefined) ?? {};
      change.shared = view;
      if (this.sync.get() && view.attachment) {
        change.view = { ...view, pointer: undefined };
      }
    }
    this.state.update(change);
    this.media.setOthersLive(parties.some((party) => party.seat !== m.seat && party.media === 'live'));
    if (first) {
      const fresh = this.epoch !== '' && this.epoch !== signal.epoch;
      this.epoch = signal.epoch;
      void this.devices.then(() => !this.closed && this.media.joined(this.own.get().stream, fresh));
    }
  }

  private onClosed(reason: string): void {
    this.state.update({ phase: 'closed', reason });
    this.close();
  }

  private onError(m: Message): void {
    if (m.to !== 'room.join' || this.closed) {
      return;
    }
    const error = { code: String(m.code), zh: String(m.zh), en: String(m.en) };
    if (/^(overload|store\.|room\.full)/.test(error.code)) {
      this.joinTimer = setTimeout(() => this.join(), JOIN_AGAIN_MS);
      this.state.update({ error });
    } else {
      this.state.update({ phase: 'refused', error });
    }
  }

  private onQuality(m: Message): void {
    const quality = m.seats as SeatQuality[];
    this.state.update({ quality });
    const up = quality.find((q) => q.seat === this.state.get().seat)?.up;
    this.media.ladder.report(up && { loss_permille: up.loss_permille, rtt_ms: up.rtt_ms, carries_bps: this.media.carriesBps }, performance.now());
  }

  /* ---- the shared view ---- */

  private onShown(m: Message): void {
    const shown = m.view as View;
    const { pointer, ...view } = shown;
    const change: Partial<RoomState> = { shared: view, viewBy: Number(m.seat), pointer: this.sync.get() ? pointer ?? null : null };
    if (this.sync.get()) {
      change.view = view;
      this.viewDue = null;
    }
    this.state.update(change);
  }

  show(view: View): void {
    this.state.update({ view });
    if (this.sync.get()) {
      this.state.update({ shared: view, viewBy: this.state.get().seat, pointer: null });
      this.sendView(view);
    }
  }

  point(at: [number, number] | null): void {
    if (this.sync.get() && this.pointing.get()) {
      this.sendView({ ...this.state.get().view, pointer: at ?? undefined });
    }
  }

  setSync(on: boolean): void {
    this.sync.set(on);
    const { shared } = this.state.get();
    if (on && shared.attachment) {
      this.state.update({ view: shared });
    }
    if (!on) {
      this.pointing.set(false);
      this.state.update({ pointer: null });
    }
  }

  setPointing(on: boolean): void {
    this.pointing.set(on);
    if (!on) {
      this.sendView(this.state.get().view);
    }
  }

  /* The last one wins; at most 8 a second. */
  private sendView(view: View): void {
    this.viewDue = view;
    if (this.viewTimer !== undefined) {
      return;
    }
    const wait = Math.max(0, this.viewSentMs + VIEW_EVERY_MS - performance.now());
    this.viewTimer = setTimeout(() => {
      this.viewTimer = undefined;
      const due = this.viewDue;
      this.viewDue = null;
      if (due && !this.closed) {
        this.viewSentMs = performance.now();
        const members = Object.fromEntries(Object.entries(due).filter(([k, v]) => v !== undefined && ['attachment', 'frame', 'center', 'width', 'pointer'].includes(k)));
        signal.send({ type: 'view.show', consultation: this.id, ...members });
      }
    }, wait);
  }
}

/* For the patient speaks whoever spoke at the request: a guardian stays the guardian. */
export function putConsent(id: string, scope: 'recording' | 'teaching', party: 'patient' | 'consultant', given: boolean, giver?: { relation?: string; name?: string } | null): Promise<unknown> {
  const named = giver?.relation && giver.relation !== 'self' && giver.name ? { relation: giver.relation, name: giver.name } : { relation: 'self' };
  const who = party === 'patient' ? { ...named, method: 'spoken' } : { method: 'click' };
  return put(`/consultations/${id}/consents/${scope}`, { party, given, ...who, text_version: CONSENT_TEXT_VERSION });
}
