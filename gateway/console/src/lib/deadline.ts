/* How near a deadline is: a colour and the same in words, by the gateway's clock. */
import { serverNow } from './api';
import { duration } from './format';
import { t } from './i18n';
import type { Summary, Urgency } from './types';

export type Nearness = 'none' | 'calm' | 'warm' | 'hot' | 'late';

const HOT_MS = 120_000;
const WARM_MS = 900_000;

export function nearness(deadlineMs: number | null | undefined, now = serverNow()): Nearness {
  if (!deadlineMs) {
    return 'none';
  }
  const left = deadlineMs - now;
  return left < 0 ? 'late' : left < HOT_MS ? 'hot' : left < WARM_MS ? 'warm' : 'calm';
}

export function deadlineWords(deadlineMs: number | null | undefined, now = serverNow()): string {
  if (!deadlineMs) {
    return t('queue.no-deadline');
  }
  const left = deadlineMs - now;
  return left < 0 ? t('queue.late', { time: duration(Math.max(1000, -left)) }) : t('queue.left', { time: duration(left) });
}

const URGENCY: Record<Urgency, number> = { stat: 0, urgent: 1, routine: 2 };

/* The most urgent first, then what is due first; without a deadline last. */
export function byUrgencyAndDeadline(a: Summary, b: Summary): number {
  return URGENCY[a.urgency] - URGENCY[b.urgency] || byDeadline(a, b);
}
export function byDeadline(a: Summary, b: Summary): number {
  return (a.deadline_ms ?? Infinity) - (b.deadline_ms ?? Infinity) || b.state_since_ms - a.state_since_ms || 0;
}
