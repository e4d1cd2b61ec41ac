/* Who is there for a clinician who is about to ask, in one line. */
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { serverNow } from '../lib/api';
import type { Presence } from '../lib/duty';
import { dateTime, roughly } from '../lib/format';
import { join, t, useLanguage } from '../lib/i18n';
import { useResource } from '../lib/resource';
import { specialtyName } from '../pages/worklist';

const REFRESH_MS = 30_000;

function words(x: Presence): string {
  const specialty = specialtyName(x.specialty);
  const next = x.next_from_ms && x.next_from_ms > serverNow() ? t('presence.next', { time: dateTime(x.next_from_ms) }) : null;
  return join([
    x.on_duty > 0 ? t('presence.there', { specialty, n: x.on_duty }) : t('presence.nobody', { specialty }),
    x.paused > 0 && t('presence.paused', { n: x.paused }),
    x.on_call > 0 && t('presence.on-call', { n: x.on_call }),
    x.on_duty > x.paused ? x.expected_wait_ms !== null && t('presence.wait', { time: roughly(x.expected_wait_ms) }) : next,
  ]);
}

export function PresenceWords(p: { specialty: string }): JSX.Element | null {
  useLanguage();
  const presence = useResource<{ presence: Presence[] }>(p.specialty ? `/presence?specialty=${encodeURIComponent(p.specialty)}` : null, ['queue.changed']);
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === 'visible' && void presence.reload(), REFRESH_MS);
    return () => clearInterval(timer);
  }, [presence.reload]);
  const one = presence.data?.presence[0];
  return one ? <p class="presence-line" role="status">{words(one)}</p> : null;
}
