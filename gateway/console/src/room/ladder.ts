/* How much video we send: a few steps, chosen by what the gateway hears of us, or by hand. Sound is never touched.
 * Down at once: on loss, on a long way round, or when the link does not carry the step; audio alone only from the lowest step.
 * Up after 10 s without a bad report. A rise that had to be taken back within 20 s makes the next wait twice as long (at most
 * 60 s), so that it does not swing. `advance` is the whole rule, without clock and without side effects. */
import { Store } from '../lib/store';

export type Level = 'audio' | 'min' | 'low' | 'medium' | 'high';
export type Mode = 'auto' | Level;

export const LADDER: Record<Level, { bps: number; height: number; fps: number; scale: number }> = {
  audio: { bps: 0, height: 180, fps: 5, scale: 2 },
  min: { bps: 100_000, height: 180, fps: 8, scale: 2 },
  low: { bps: 250_000, height: 270, fps: 15, scale: 1.34 },
  medium: { bps: 600_000, height: 360, fps: 25, scale: 1 },
  high: { bps: 1_500_000, height: 720, fps: 30, scale: 1 },
};
export const AUTOMATIC: Level[] = ['audio', 'min', 'low', 'medium'];
export const AUDIO_BPS = 40_000; // Opus with its headers: always paid first
const BAD_PERMILLE = 50;
const AWFUL_PERMILLE = 150;
const GOOD_PERMILLE = 15;
const LONG_RTT_MS = 1500;
const NARROW = 0.6; // the link carries less than this share of the step
const SETTLE_MS = 3000; // what is reported this soon after a fall is still from before it
export const UP_AFTER_MS = 10_000;
export const UP_AFTER_MAX_MS = 60_000;
const TAKEN_BACK_MS = 20_000;

/* One report, each 2 s: the gateway's figures of our leg up, and what the browser believes the link carries. */
export interface Report {
  loss_permille: number;
  rtt_ms: number;
  carries_bps?: number | null; // null: not known, or the picture does not ask for more
}

export interface Position {
  level: Level;
  cleanSinceMs: number | null;
  fellMs: number | null;
  roseMs: number | null;
  upAfterMs: number;
}

export function start(level: Level = 'medium'): Position {
  return { level, cleanSinceMs: null, fellMs: null, roseMs: null, upAfterMs: UP_AFTER_MS };
}

function narrow(level: Level, carries: number | null | undefined): boolean {
  return typeof carries === 'number' && level !== 'audio' && carries < NARROW * (LADDER[level].bps + AUDIO_BPS);
}

export function advance(at: Position, r: Report, nowMs: number): Position {
  const step = AUTOMATIC.indexOf(at.level);
  const awful = r.loss_permille >= AWFUL_PERMILLE;
  if (awful || r.loss_permille >= BAD_PERMILLE || r.rtt_ms > LONG_RTT_MS || narrow(at.level, r.carries_bps)) {
    if (step <= 0 || (at.fellMs !== null && nowMs - at.fellMs < SETTLE_MS)) {
      return { ...at, cleanSinceMs: null };
    }
    const to = step === 1 ? 0 : Math.max(1, step - (awful ? 2 : 1));
    const takenBack = at.roseMs !== null && nowMs - at.roseMs < TAKEN_BACK_MS;
    return {
      level: AUTOMATIC[to] ?? 'audio', cleanSinceMs: null, fellMs: nowMs, roseMs: null,
      upAfterMs: takenBack ? Math.min(UP_AFTER_MAX_MS, at.upAfterMs * 2) : at.upAfterMs,
    };
  }
  if (r.loss_permille > GOOD_PERMILLE) {
    return { ...at, cleanSinceMs: null }; // neither good nor bad: stay
  }
  const since = at.cleanSinceMs ?? nowMs;
  const held = at.roseMs !== null && nowMs - at.roseMs >= TAKEN_BACK_MS;
  const upAfterMs = held ? UP_AFTER_MS : at.upAfterMs;
  if (nowMs - since < upAfterMs || step < 0 || step >= AUTOMATIC.length - 1) {
    return { ...at, cleanSinceMs: since, upAfterMs };
  }
  return { ...at, level: AUTOMATIC[step + 1] ?? 'medium', cleanSinceMs: nowMs, roseMs: nowMs, upAfterMs };
}

export class Ladder {
  readonly level = new Store<Level>('medium');
  readonly mode = new Store<Mode>('auto');
  private at = start();

  constructor(private apply: (level: Level) => void) {}

  choose(mode: Mode): void {
    this.mode.set(mode);
    this.at = start();
    this.set(mode === 'auto' ? this.at.level : mode);
  }

  /* Automatic, and below what it would like to be. */
  get lowered(): boolean {
    return this.mode.get() === 'auto' && this.level.get() !== 'medium';
  }

  report(r: Report | null | undefined, nowMs: number): void {
    if (this.mode.get() !== 'auto' || !r) {
      return;
    }
    this.at = advance(this.at, r, nowMs);
    if (this.at.level !== this.level.get()) {
      this.set(this.at.level);
    }
  }

  private set(level: Level): void {
    this.level.set(level);
    this.apply(level);
  }
}
