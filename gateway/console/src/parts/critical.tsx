/* A critical value: red, with the time that is left, until the requester has acknowledged it. */
import type { JSX } from 'preact';
import { serverNow } from '../lib/api';
import { clock, duration, fullTime } from '../lib/format';
import { t } from '../lib/i18n';
import { consult } from '../lib/session';
import { criticalDueMs, criticalWaits } from '../lib/steps';
import { useTick } from '../lib/store';
import type { Consultation } from '../lib/types';
import { Notice, ProblemNotice, useAction } from './basic';

export function CriticalBanner(p: { c: Consultation; onDone: () => void }): JSX.Element | null {
  useTick(1000);
  const { c } = p;
  const action = useAction();
  if (!c.critical_ms) {
    return null;
  }
  const mine = c.my_role === 'requester' && c.actions.includes('acknowledge-critical');
  if (!criticalWaits(c)) {
    return c.critical_known_ms ? <Notice kind="info">{t('crit.known', { time: fullTime(c.critical_known_ms) })}</Notice> : null;
  }
  if (!mine) {
    return <Notice kind="warn">{t('crit.waiting')}</Notice>;
  }
  const left = criticalDueMs(c) - serverNow();
  return (
    <section class="critical-banner" role="alert" aria-labelledby="crit-title">
      <div>
        <h2 id="crit-title">{t('crit.title')} <span class="hint">{clock(c.critical_ms)}</span></h2>
        <p class="critical-finding">{c.opinion?.body.critical?.finding || t('crit.reported')}</p>
        <p aria-hidden="true">{left > 0 ? t('crit.left', { time: duration(left) }) : t('crit.late', { time: duration(-left) })}</p>
        <ProblemNotice problem={action.problem} />
      </div>
      <button type="button" class="primary big" disabled={action.busy} onClick={() => void action.run(() => consult(c.id, 'acknowledge-critical').then(p.onDone))}>{t('act.acknowledge-critical')}</button>
    </section>
  );
}
