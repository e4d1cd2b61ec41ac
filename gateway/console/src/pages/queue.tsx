/* The specialist between two operations: what is offered, how long there is, what is already his. */
import type { JSX } from 'preact';
import { serverNow } from '../lib/api';
import { ownDuty } from '../lib/duty';
import { duration, ago } from '../lib/format';
import { nameOf, t, tCode } from '../lib/i18n';
import { go } from '../lib/router';
import { useResource } from '../lib/resource';
import { specialties } from '../lib/session';
import { useStore, useTick } from '../lib/store';
import type { Summary } from '../lib/types';
import { Loading, ProblemNotice, UrgencyBadge } from '../parts/basic';
import { isPaused } from '../parts/duty';
import { CaseTable, RunningBanner, complaintOf, patientLine, specialtyName } from './worklist';

export function Deadline(p: { c: Summary }): JSX.Element {
  useTick(1000);
  if (!p.c.deadline_ms) {
    return <span class="deadline none">{t('queue.no-deadline')}</span>;
  }
  const left = p.c.deadline_ms - serverNow();
  const kind = left < 0 ? 'late' : left < 120_000 ? 'hot' : left < 900_000 ? 'warm' : 'calm';
  return <span class={`deadline ${kind}`}>{left < 0 ? t('queue.late', { time: duration(-left) }) : t('queue.left', { time: duration(left) })}</span>;
}

function OfferRow(p: { c: Summary }): JSX.Element {
  const { c } = p;
  return (
    <li class={`offer u-${c.urgency}`} onClick={() => go(`/c/${c.id}`)}>
      <div class="offer-a"><UrgencyBadge urgency={c.urgency} /><Deadline c={c} /></div>
      <div class="offer-b">
        <div class="offer-patient">{patientLine(c)}<span class="hint"> {specialtyName(c.specialty)}</span></div>
        <div class="clip">{complaintOf(c)}</div>
      </div>
      <div class="offer-c">
        <div>{nameOf(c.requester?.organisation)}</div>
        <div class="hint">{nameOf(c.requester)} {c.requester && tCode('title', c.requester.title)} · {ago(c.state_since_ms)}</div>
      </div>
      <div class="offer-d">
        <a class="button" href={`#/c/${c.id}`} aria-label={t('list.open', { number: c.number })} onClick={(e) => e.stopPropagation()}>{t('queue.open')}</a>
        <span class="hint">{c.number}</span>
      </div>
    </li>
  );
}

export function QueuePage(p: { onDuty: boolean }): JSX.Element {
  useStore(specialties);
  const paused = isPaused(useStore(ownDuty));
  const queue = useResource<{ consultations: Summary[] }>('/consultations?list=queue&limit=100',
    ['queue.changed', 'consultation.changed', 'offer.ring', 'offer.gone']);
  const assigned = useResource<{ consultations: Summary[] }>('/consultations?list=assigned&limit=50', ['consultation.changed', 'queue.changed']);
  const offers = queue.data?.consultations ?? [];
  const mine = assigned.data?.consultations ?? [];
  return (
    <main id="main" class="page">
      <RunningBanner rows={mine} />
      <section aria-labelledby="offered-title">
        <div class="page-head"><h1 id="offered-title">{t('queue.title')}{offers.length > 0 && <span class="count" aria-hidden="true">{offers.length}</span>}</h1></div>
        <ProblemNotice problem={queue.problem} retry={() => void queue.reload()} />
        {!queue.data && !queue.problem && <Loading />}
        {queue.data && offers.length === 0 && <p class="empty">{t(!p.onDuty ? 'queue.empty-off' : paused ? 'duty.queue-paused' : 'queue.empty-on')}</p>}
        {offers.length > 0 && <ul class="offers" aria-live="polite">{offers.map((c) => <OfferRow key={c.id} c={c} />)}</ul>}
      </section>
      <ProblemNotice problem={assigned.problem} retry={() => void assigned.reload()} />
      {mine.length > 0 && <CaseTable rows={mine} caption={t('queue.assigned')} own="consultant" />}
    </main>
  );
}
