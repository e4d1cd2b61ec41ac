/* While the requester waits: whom it waits for, how long, and what can be done meanwhile. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { serverNow } from '../lib/api';
import { clock, duration, roughly } from '../lib/format';
import { t, tCode } from '../lib/i18n';
import { waitsFor } from '../lib/steps';
import { useTick } from '../lib/store';
import type { Consultation } from '../lib/types';
import { DeviceCheck } from './check';

export function Waiting(p: { c: Consultation }): JSX.Element {
  useTick(1000);
  const { c } = p;
  const [check, setCheck] = useState(false);
  const since = c.submitted_ms ?? c.state_since_ms;
  const talks = c.kind !== 'read';
  const ring = c.state === 'offered' ? c.ring : null;
  return (
    <section class={c.urgency === 'stat' ? 'card waiting stat' : 'card waiting'} aria-labelledby="wait-title">
      <h2 id="wait-title">{tCode('state', c.state)}</h2>
      <div aria-live="polite" class="wait-lines">
        <p class="wait-stage">{waitsFor(c)}</p>
        {c.queue && c.urgency !== 'stat' && <p class="wait-position">{t('wait.position', { n: c.queue.position })}{c.queue.ahead > 0 && <span class="hint"> {t('wait.ahead', { n: c.queue.ahead })}</span>}</p>}
        {(c.escalation ?? 0) > 0 && <p>{t('ringing.escalation', { n: c.escalation ?? 0 })}</p>}
        {c.queue && <p>{typeof c.queue.expected_wait_ms === 'number' ? t('wait.expected', { time: roughly(c.queue.expected_wait_ms) }) : t('wait.expected-unknown')}</p>}
      </div>
      <p class="hint">
        {t('wait.so-far', { time: duration(serverNow() - since) })}
        {ring ? ` · ${t('ringing.since', { time: duration(serverNow() - ring.since_ms) })}` : ''}
        {c.deadline_ms ? ` · ${t('wait.deadline', { time: clock(c.deadline_ms) })}` : ''}
      </p>
      <p>{t(talks ? 'wait.next' : 'wait.next-read')}</p>
      {!talks ? null : check ? <DeviceCheck /> : <button type="button" onClick={() => setCheck(true)}>{t('wait.check')}</button>}
    </section>
  );
}
