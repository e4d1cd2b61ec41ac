/* A deadline that counts down: by colour and in words. */
import type { JSX } from 'preact';
import { deadlineWords, nearness } from '../lib/deadline';
import { dateTime } from '../lib/format';
import { t } from '../lib/i18n';
import { criticalDueMs, criticalWaits } from '../lib/steps';
import { useTick } from '../lib/store';
import type { Summary } from '../lib/types';

export function Deadline(p: { c: Summary }): JSX.Element {
  useTick(1000);
  const { c } = p;
  if (c.my_role === 'requester' && criticalWaits(c)) { // what must be done first is what runs
    return <span class="deadline hot">{deadlineWords(criticalDueMs(c))}</span>;
  }
  if (c.state === 'scheduled' && c.scheduled_from_ms) {
    return <span class={`deadline ${nearness(c.scheduled_from_ms)}`}>{t('queue.appointment', { time: dateTime(c.scheduled_from_ms) })}</span>;
  }
  const kind = nearness(c.deadline_ms);
  return <span class={`deadline ${kind}`}>{deadlineWords(c.deadline_ms)}</span>;
}
