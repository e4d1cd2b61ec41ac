/* The bar of the reading workspace: how long it has taken, how long there is, and the next case. */
import type { JSX } from 'preact';
import { serverNow } from '../lib/api';
import { byUrgencyAndDeadline, deadlineWords, nearness } from '../lib/deadline';
import { stopwatch } from '../lib/format';
import { t } from '../lib/i18n';
import { useResource } from '../lib/resource';
import { go } from '../lib/router';
import { useShortcuts } from '../lib/shortcuts';
import { patientLine } from '../lib/steps';
import { useTick } from '../lib/store';
import type { Consultation, Summary } from '../lib/types';

const EVENTS = ['queue.changed', 'consultation.changed', 'offer.gone'];
const OWN = ['reporting', 'awaiting-opinion'];

/* First the own ones that are to be reported, then what is offered. */
function useNext(id: string): Summary | undefined {
  const own = useResource<{ consultations: Summary[] }>('/consultations?list=assigned&limit=100', EVENTS, undefined, 500);
  const offered = useResource<{ consultations: Summary[] }>('/consultations?list=queue&limit=100', EVENTS, undefined, 500);
  const mine = (own.data?.consultations ?? []).filter((c) => c.id !== id && OWN.includes(c.state)).sort(byUrgencyAndDeadline);
  return mine[0] ?? (offered.data?.consultations ?? []).filter((c) => c.id !== id).sort(byUrgencyAndDeadline)[0];
}

export function ReadingBar(p: { c: Consultation }): JSX.Element {
  useTick(1000);
  const { c } = p;
  const next = useNext(c.id);
  const open = (): void => {
    if (next) {
      go(`/c/${next.id}`);
    }
  };
  useShortcuts(next ? [{ key: ']', words: t('keys.next-case'), run: open }] : []);
  return (
    <div class="reading-bar">
      <strong>{patientLine(c)}</strong>
      <span class="mono" title={t('read.clock', { time: '' })}>{t('read.clock', { time: stopwatch(serverNow() - (c.accepted_ms ?? c.state_since_ms)) })}</span>
      {c.deadline_ms && <span class={`deadline ${nearness(c.deadline_ms)}`}>{deadlineWords(c.deadline_ms)}</span>}
      <button type="button" class="small" disabled={!next} onClick={open}>{t(next ? 'read.next' : 'read.next-none')}</button>
    </div>
  );
}
