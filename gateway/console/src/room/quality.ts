/* The link in one plain sentence. */
import { nameOf, t } from '../lib/i18n';
import type { LegFigures, Party, SeatQuality } from '../lib/types';

const NOTABLE_PERMILLE = 20;

function percent(leg: LegFigures): string {
  const p = leg.loss_permille / 10;
  return p >= 10 ? p.toFixed(0) : p.toFixed(1).replace(/\.0$/, '');
}

export interface Words {
  kind: 'good' | 'warn' | 'bad' | 'none';
  text: string;
}

export function linkWords(quality: SeatQuality[], seat: number, parties: Party[], lowered: 'no' | 'lowered' | 'audio', signalDown: boolean): Words {
  const own = quality.find((q) => q.seat === seat);
  const parts: string[] = [];
  let worst = 0;
  const note = (leg: LegFigures | null | undefined, words: (p: string) => string): void => {
    if (leg && leg.loss_permille >= NOTABLE_PERMILLE) {
      parts.push(words(percent(leg)));
      worst = Math.max(worst, leg.loss_permille);
    }
  };
  note(own?.up, (p) => t('q.up-loss', { p }));
  note(own?.down, (p) => t('q.down-loss', { p }));
  for (const other of quality.filter((q) => q.seat !== seat)) {
    note(other.up, (p) => t('q.far-loss', { who: nameOf(parties.find((x) => x.seat === other.seat)), p }));
  }
  const rtt = own?.up?.rtt_ms || own?.down?.rtt_ms || 0;
  if (rtt >= 300) {
    parts.push(t('q.rtt', { ms: Math.round(rtt) }));
    worst = Math.max(worst, rtt >= 800 ? 150 : 30);
  }
  if (lowered !== 'no') {
    parts.push(t(lowered === 'audio' ? 'q.audio-only' : 'q.lowered'));
    worst = Math.max(worst, 30);
  }
  if (signalDown) {
    parts.unshift(t('q.no-signal'));
    worst = Math.max(worst, 150);
  }
  if (!own && parts.length === 0) {
    return { kind: 'none', text: t('q.measuring') };
  }
  if (parts.length === 0) {
    return { kind: 'good', text: rtt > 0 ? `${t('q.good')} · ${t('q.rtt', { ms: Math.round(rtt) })}` : t('q.good') };
  }
  return { kind: worst >= 100 ? 'bad' : 'warn', text: parts.join('; ') };
}
