/* How much video we send: a few steps, chosen by what the gateway hears of us (loss, received rate), or by hand. Sound is never
 * touched. Down fast (2 reports of 2 s), up slowly (8 reports), with a longer wait after each fall, so that it does not swing. */
import { Store } from '../lib/store';
import type { LegFigures } from '../lib/types';

export type Level = 'audio' | 'min' | 'low' | 'medium' | 'high';
export type Mode = 'auto' | Level;

export const LADDER: Record<Level, { bps: number; height: number; fps: number; scale: number }> = {
  audio: { bps: 0, height: 180, fps: 5, scale: 2 },
  min: { bps: 100_000, height: 180, fps: 8, scale: 2 },
  low: { bps: 250_000, height: 270, fps: 15, scale: 1.34 },
  medium: { bps: 600_000, height: 360, fps: 25, scale: 1 },
  high: { bps: 1_500_000, height: 720, fps: 30, scale: 1 },
};
const AUTOMATIC: Level[] = ['audio', 'min', 'low', 'medium'];
const BAD_PERMILLE = 50;
const AWFUL_PERMILLE = 150;
const GOOD_PERMILLE = 15;
const UP_AFTER = 8;
const UP_AFTER_MAX = 60;

export class Ladder {
  readonly level = new Store<Level>('medium');
  readonly mode = new Store<Mode>('auto');
  private bad = 0;
  private good = 0;
  private upAfter = UP_AFTER;

  constructor(private apply: (level: Level) => void) {}

  choose(mode: Mode): void {
    this.mode.set(mode);
    this.bad = this.good = 0;
    this.upAfter = UP_AFTER;
    this.set(mode === 'auto' ? 'medium' : mode);
  }

  /* Automatic, and below what it would like to be. */
  get lowered(): boolean {
    return this.mode.get() === 'auto' && this.level.get() !== 'medium';
  }

  /* One `quality` report of our own leg up to the gateway. */
  report(up: LegFigures | null | undefined): void {
    if (this.mode.get() !== 'auto' || !up) {
      return;
    }
    const at = AUTOMATIC.indexOf(this.level.get());
    if (up.loss_permille >= BAD_PERMILLE || up.rtt_ms > 1500) {
      this.good = 0;
      this.bad += up.loss_permille >= AWFUL_PERMILLE ? 2 : 1;
      if (this.bad >= 2 && at > 0) {
        this.bad = 0;
        this.upAfter = Math.min(UP_AFTER_MAX, this.upAfter * 2);
        this.set(AUTOMATIC[at - 1] ?? 'audio');
      }
    } else if (up.loss_permille <= GOOD_PERMILLE) {
      this.bad = 0;
      this.good += 1;
      if (this.good >= this.upAfter && at < AUTOMATIC.length - 1) {
        this.good = 0;
        this.set(AUTOMATIC[at + 1] ?? 'medium');
      }
    }
  }

  private set(level: Level): void {
    if (level !== this.level.get()) {
      this.level.set(level);
    }
    this.apply(level);
  }
}
