/* The media client of one room: one RTCPeerConnection at a time, thrown away and built afresh by the rules of
 * proto/signal/README.md, with camera and microphone kept.
 *
 *   idle --start()--> offering --media.answer--> up --renegotiate--> offering (same connection)
 *     ^                  |                       |
 *     +----- close() ----+---- rebuild(): new epoch, media.reset, 1 s without packets while another seat is live
 *
 * Rebuilding is spaced by 2, 4, 8 s and returns to 2 s after 10 s of flowing media, so it never loops faster than 2 s.
 * Connection states are not looked at: they tell 5 to 28 s late (and never after a restart of the gateway). */
import { signal, type Message } from './lib/signal';
import { Store } from './lib/store';
import { LADDER, Ladder, type Level } from './room/ladder';

export interface Slot {
  seat: number; // -1: empty
  stream: MediaStream;
}

export interface LinkFigures {
  inboundPackets: number;
  fps: number;
  concealed: number;
  jitterBufferMs: number;
  freezeMs: number;
}

export interface MediaState {
  phase: 'idle' | 'offering' | 'up' | 'resuming';
  slots: Slot[];
  rebuilds: number;
  refused: { zh: string; en: string } | null;
}

const POLL_MS = 250;
const SILENCE_MS = 1000; // proto/signal/README.md, step 4
const GRACE_MS = 2500; // from a fresh offer to its first packet, before silence counts
const BACKOFF_MS = [2000, 4000, 8000];
const GOOD_AFTER_MS = 10_000;
const ANSWER_MS = 5000;
const REPORT_MS = 4000;
const WARM_UP_MS = 8000; // a fresh connection's estimate starts low and has to grow first

export class MediaClient {
  readonly state = new Store<MediaState>({ phase: 'idle', slots: [], rebuilds: 0, refused: null });
  readonly ladder = new Ladder((level) => void this.applyLevel(level));
  private pc: RTCPeerConnection | null = null;
  private former: RTCPeerConnection[] = [];
  private senders: { audio?: RTCRtpSender; video?: RTCRtpSender } = {};
  private stream: MediaStream | null = null;
  private seq = 0;
  private wantedSlots = 1;
  private seats: number[] = []; // shown in the receive slots, as the gateway said last
  private offering = false;
  private again = false;
  private started = false;
  private othersLive = false;
  private builtMs = 0;
  private heardMs = 0;
  private flowingSinceMs = 0;
  private packets = 0;
  private backoff = 0;
  private rebuildTimer: ReturnType<typeof setTimeout> | undefined;
  private answerTimer: ReturnType<typeof setTimeout> | undefined;
  private poller: ReturnType<typeof setInterval> | undefined;
  private reportedMs = 0;
  private last = { frames: 0, freezeS: 0, concealed: 0, samples: 0, atMs: 0 };
  private polling = false;
  /* What the browser believes the link carries, while the picture is held back by it; null: not known or no matter. */
  carriesBps: number | null = null;
  private stops: (() => void)[];

  /* receiveOnly: an observer, who opens no camera or microphone and sends nothing. */
  constructor(private consultation: string, private receiveOnly = false) {
    const mine = (handler: (m: Message) => void) => (m: Message): void => {
      if (m.consultation === this.consultation) {
        handler(m);
      }
    };
    this.stops = [
      signal.on('media.answer', mine((m) => void this.answered(m))),
      signal.on('media.slots', mine((m) => this.told((m.slots as number[]) ?? []))),
      signal.on('media.renegotiate', mine((m) => this.renegotiate(Number(m.slots)))),
      signal.on('media.reset', mine(() => this.rebuild())),
      signal.on('error', (m) => this.failed(m)),
    ];
  }

  /* The seat is taken: offer, or go on with the connection that lives. fresh: the gateway is another process now. */
  joined(stream: MediaStream | null, fresh: boolean): void {
    this.stream = stream;
    this.started = true;
    this.poller = this.poller ?? setInterval(() => void this.poll(), POLL_MS);
    if (!this.pc) {
      this.build();
    } else if (fresh) {
      this.backoff = 0;
      this.rebuild();
    } else if (this.offering) {
      this.build(); // the answer was lost with the old WebSocket
    }
  }

  setOthersLive(live: boolean): void {
    if (live && !this.othersLive) {
      this.heardMs = Math.max(this.heardMs, performance.now());
    }
    this.othersLive = live;
  }

  /* Other camera or microphone: replaced in the running connection. */
  async setStream(stream: MediaStream | null): Promise<void> {
    this.stream = stream;
    await this.senders.audio?.replaceTrack(stream?.getAudioTracks()[0] ?? null);
    await this.senders.video?.replaceTrack(stream?.getVideoTracks()[0] ?? null);
    await this.applyLevel(this.ladder.level.get());
  }

  close(): void {
    this.started = false;
    clearInterval(this.poller);
    clearTimeout(this.rebuildTimer);
    this.closeFormer();
    this.stops.forEach((stop) => stop());
    this.drop();
    this.state.update({ phase: 'idle', slots: [] });
  }

  private drop(): void {
    const pc = this.pc;
    this.pc = null;
    this.senders = {};
    this.offering = this.again = false;
    clearTimeout(this.answerTimer);
    if (pc) {
      pc.ontrack = null;
      pc.close();
    }
  }

  private closeFormer(): void {
    this.former.splice(0).forEach((pc) => pc.close());
  }

  private rebuild(): void {
    if (!this.started || this.rebuildTimer !== undefined) {
      return;
    }
    const pause = BACKOFF_MS[Math.min(this.backoff, BACKOFF_MS.length - 1)] ?? 8000;
    const wait = Math.max(0, this.builtMs + pause - performance.now());
    this.state.update({ phase: 'resuming' });
    this.rebuildTimer = setTimeout(() => {
      this.rebuildTimer = undefined;
      this.backoff += 1;
      this.build();
    }, wait);
  }

  private build(): void {
    if (!this.started || !signal.isReady) {
      this.drop(); // room.state after the next welcome builds it
      return;
    }
    clearTimeout(this.rebuildTimer);
    this.rebuildTimer = undefined;
    const resumed = this.builtMs > 0;
    // The former connection is closed when the gateway has the new offer: its farewell (DTLS close_notify) sent before that
    // would be taken for the seat's own and answered with another media.reset.
    this.former.push(...(this.pc ? [this.pc] : []));
    this.pc = null;
    this.drop();
    this.builtMs = performance.now();
    this.heardMs = 0;
    this.flowingSinceMs = 0;
    this.packets = 0;
    this.last = { frames: 0, freezeS: 0, concealed: 0, samples: 0, atMs: 0 };
    const pc = new RTCPeerConnection({ iceServers: [], bundlePolicy: 'max-bundle' });
    this.pc = pc;
    this.addOwn(pc);
    this.addSlots(pc);
    this.state.update({ phase: resumed ? 'resuming' : 'offering', rebuilds: this.state.get().rebuilds + (resumed ? 1 : 0), refused: null });
    void this.offer();
  }

  private addOwn(pc: RTCPeerConnection): void {
    if (this.receiveOnly) {
      return; // each receive slot is a recvonly pair
    }
    const streams = this.stream ? [this.stream] : [];
    const audio = this.stream?.getAudioTracks()[0];
    const video = this.stream?.getVideoTracks()[0];
    const level = LADDER[this.ladder.level.get()];
    const encoding: RTCRtpEncodingParameters = { maxBitrate: level.bps || 150_000, scaleResolutionDownBy: level.scale, active: level.bps > 0 };
    this.senders.audio = pc.addTransceiver(audio ?? 'audio', { direction: 'sendrecv', streams }).sender;
    this.senders.video = pc.addTransceiver(video ?? 'video', { direction: 'sendrecv', streams, sendEncodings: [encoding] }).sender;
  }

  private addSlots(pc: RTCPeerConnection): void {
    for (let have = Math.floor(pc.getTransceivers().length / 2); have < this.wantedSlots; have++) {
      pc.addTransceiver('audio', { direction: 'recvonly' });
      pc.addTransceiver('video', { direction: 'recvonly' });
    }
  }

  private renegotiate(slots: number): void {
    this.wantedSlots = Math.max(1, Math.min(6, slots || 1));
    const pc = this.pc;
    if (!pc) {
      return;
    }
    this.addSlots(pc);
    void this.offer();
  }

  /* One offer at a time; what comes meanwhile makes one more. */
  private async offer(): Promise<void> {
    const pc = this.pc;
    if (!pc) {
      return;
    }
    if (this.offering) {
      this.again = true;
      return;
    }
    this.offering = true;
    try {
      const seq = ++this.seq;
      await pc.setLocalDescription(await pc.createOffer());
      if (pc !== this.pc) {
        return;
      }
      signal.send({ type: 'media.offer', consultation: this.consultation, sdp: pc.localDescription?.sdp ?? '', seq });
      this.answerTimer = setTimeout(() => this.rebuild(), ANSWER_MS);
    } catch {
      if (pc === this.pc) {
        this.offering = false;
        this.rebuild();
      }
    }
  }

  private async answered(m: Message): Promise<void> {
    const pc = this.pc;
    if (!pc || m.seq !== this.seq || !this.offering) {
      return;
    }
    clearTimeout(this.answerTimer);
    this.closeFormer();
    this.seats = (m.slots as number[]) ?? [];
    try {
      await pc.setRemoteDescription({ type: 'answer', sdp: String(m.sdp) });
    } catch {
      this.offering = false;
      this.rebuild();
      return;
    }
    if (pc !== this.pc) {
      return;
    }
    this.offering = false;
    this.showSlots(pc, this.seats);
    this.state.update({ phase: 'up' });
    void this.applyLevel(this.ladder.level.get());
    if (this.again) {
      this.again = false;
      void this.offer();
    }
  }

  /* Somebody came into a slot, or left one, without an offer of ours. */
  private told(seats: number[]): void {
    this.seats = seats;
    if (this.pc && !this.offering) {
      this.showSlots(this.pc, seats);
    }
  }

  private failed(m: Message): void {
    if (m.to === 'media.offer' && m.seq === this.seq && this.offering) {
      clearTimeout(this.answerTimer);
      this.offering = false;
      this.state.update({ refused: { zh: String(m.zh), en: String(m.en) } });
      this.rebuild();
    }
  }

  private showSlots(pc: RTCPeerConnection, seats: number[]): void {
    const receivers = pc.getTransceivers();
    const audio = receivers.filter((x) => x.receiver.track.kind === 'audio');
    const video = receivers.filter((x) => x.receiver.track.kind === 'video');
    const old = this.state.get().slots;
    const slots: Slot[] = seats.slice(0, audio.length).map((seat, i) => {
      const tracks = [audio[i]?.receiver.track, video[i]?.receiver.track].filter((x): x is MediaStreamTrack => Boolean(x));
      const same = old[i] && tracks.every((track) => old[i]?.stream.getTracks().includes(track));
      return { seat, stream: same && old[i] ? old[i].stream : new MediaStream(tracks) };
    });
    this.state.update({ slots });
  }

  private async applyLevel(level: Level): Promise<void> {
    const sender = this.senders.video;
    const step = LADDER[level];
    try {
      const track = sender?.track;
      if (track && level === 'high') {
        await track.applyConstraints({ width: { ideal: 1280 }, height: { ideal: 720 } }).catch(() => undefined);
      }
      if (!sender) {
        return;
      }
      const parameters = sender.getParameters();
      const encoding = parameters.encodings?.[0];
      if (!encoding) {
        return; // Firefox before the first answer
      }
      encoding.active = step.bps > 0;
      if (step.bps > 0) {
        const height = track?.getSettings().height ?? 360;
        encoding.maxBitrate = step.bps;
        encoding.scaleResolutionDownBy = Math.max(1, height / step.height);
        (encoding as { maxFramerate?: number }).maxFramerate = step.fps;
      }
      await sender.setParameters(parameters);
    } catch {
      // between two negotiations; applied again with the next answer
    }
  }

  private async poll(): Promise<void> {
    const pc = this.pc;
    if (!pc || this.polling) {
      return;
    }
    this.polling = true;
    let figures: LinkFigures & { frames: number; freezeS: number; concealedSamples: number; samples: number };
    let carries: number | null = null;
    try {
      const report = await pc.getStats();
      figures = readStats(report);
      carries = readCarries(report);
    } catch {
      return;
    } finally {
      this.polling = false;
    }
    if (pc !== this.pc) {
      return;
    }
    const now = performance.now();
    this.carriesBps = now - this.builtMs > WARM_UP_MS ? carries : null;
    if (figures.inboundPackets > this.packets) {
      this.packets = figures.inboundPackets;
      this.heardMs = now;
      this.flowingSinceMs = this.flowingSinceMs || now;
      if (now - this.flowingSinceMs > GOOD_AFTER_MS) {
        this.backoff = 0;
      }
      if (this.state.get().phase === 'resuming' && !this.offering && this.rebuildTimer === undefined) {
        this.state.update({ phase: 'up' });
      }
    } else {
      this.silence(now);
    }
    this.report(now, figures);
  }

  private silence(now: number): void {
    const since = Math.max(this.heardMs + SILENCE_MS, this.builtMs + (this.flowingSinceMs ? 0 : GRACE_MS));
    if (this.othersLive && !this.offering && signal.isReady && now > since) {
      this.flowingSinceMs = 0;
      this.rebuild();
    }
  }

  private report(now: number, f: { frames: number; freezeS: number; concealedSamples: number; samples: number; jitterBufferMs: number }): void {
    if (now - this.reportedMs < REPORT_MS || !this.flowingSinceMs) {
      return;
    }
    const was = this.last;
    const seconds = was.atMs ? (now - was.atMs) / 1000 : 0;
    this.last = { frames: f.frames, freezeS: f.freezeS, concealed: f.concealedSamples, samples: f.samples, atMs: now };
    this.reportedMs = now;
    if (seconds <= 0) {
      return;
    }
    const samples = f.samples - was.samples;
    signal.send({
      type: 'quality.report', consultation: this.consultation,
      fps: Math.max(0, Math.min(1000, Math.round(((f.frames - was.frames) / seconds) * 10) / 10)),
      freeze_ms: Math.max(0, Math.min(3_600_000, Math.round((f.freezeS - was.freezeS) * 1000))),
      concealed: samples > 0 ? Math.max(0, Math.min(1, (f.concealedSamples - was.concealed) / samples)) : 0,
      jitter_buffer_ms: Math.max(0, Math.min(60_000, Math.round(f.jitterBufferMs))),
    });
  }
}

function readStats(report: RTCStatsReport): LinkFigures & { frames: number; freezeS: number; concealedSamples: number; samples: number } {
  const sum = { inboundPackets: 0, frames: 0, freezeS: 0, concealedSamples: 0, samples: 0, jitterBufferMs: 0, fps: 0, concealed: 0, freezeMs: 0 };
  report.forEach((raw: Record<string, unknown>) => {
    if (raw.type !== 'inbound-rtp') {
      return;
    }
    const n = (name: string): number => (typeof raw[name] === 'number' ? (raw[name] as number) : 0);
    sum.inboundPackets += n('packetsReceived');
    if (raw.kind === 'video') {
      sum.frames += n('framesDecoded');
      sum.freezeS += n('totalFreezesDuration');
    } else {
      sum.concealedSamples += n('concealedSamples');
      sum.samples += n('totalSamplesReceived');
      const emitted = n('jitterBufferEmittedCount');
      sum.jitterBufferMs = emitted ? Math.max(sum.jitterBufferMs, (n('jitterBufferDelay') / emitted) * 1000) : sum.jitterBufferMs;
    }
  });
  return sum;
}

/* Firefox tells neither figure: there loss and delay alone decide. */
function readCarries(report: RTCStatsReport): number | null {
  let limited = false;
  let carries: number | null = null;
  report.forEach((raw: Record<string, unknown>) => {
    if (raw.type === 'outbound-rtp' && raw.kind === 'video') {
      limited = limited || raw.qualityLimitationReason === 'bandwidth';
    } else if (raw.type === 'candidate-pair' && raw.state === 'succeeded' && typeof raw.availableOutgoingBitrate === 'number') {
      carries = raw.availableOutgoingBitrate;
    }
  });
  return limited ? carries : null;
}
