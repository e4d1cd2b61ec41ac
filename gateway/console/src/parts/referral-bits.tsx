/* What the pages of referrals share: badges, the time that is left, one row of a list. */
import type { JSX } from 'preact';
import { serverNow } from '../lib/api';
import { age, dateTime, duration } from '../lib/format';
import { described, join, nameOf, t, tCode } from '../lib/i18n';
import { go } from '../lib/router';
import { useTick } from '../lib/store';
import type { Direction, ReferralState, ReferralSummary } from '../lib/referral';
import { UrgencyBadge, useId } from './basic';

export function DirectionBadge(p: { direction: Direction }): JSX.Element {
  return <span class={`badge ref-${p.direction}`}>{p.direction === 'up' ? '↑ ' : '↓ '}{tCode('ref', `direction-${p.direction}`)}</span>;
}

export function ReferralBadge(p: { state: ReferralState }): JSX.Element {
  return <span class={`badge ref-s-${p.state}`}>{tCode('ref', `state-${p.state}`)}</span>;
}

/* The time that is left, or how late it is; nothing when nobody is waited for. */
export function Due(p: { r: ReferralSummary }): JSX.Element | null {
  useTick(1000);
  const { r } = p;
  if (!r.deadline_ms || ['refused', 'lapsed', 'withdrawn', 'draft'].includes(r.state)) {
    return null;
  }
  const left = r.deadline_ms - serverNow();
  if (left < 0) {
    return <span class="deadline late">{t('ref.overdue', { time: duration(-left) })}</span>;
  }
  if (r.state === 'accepted' && r.appointment_ms) {
    return <span class="deadline calm">{t('ref.arrival-by', { time: dateTime(r.appointment_ms) })}</span>;
  }
  const kind = left < 300_000 ? 'hot' : left < 1_800_000 ? 'warm' : 'calm';
  return <span class={`deadline ${kind}`}>{t('ref.left', { time: duration(left) })}</span>;
}

export function referralPatient(r: ReferralSummary): string {
  return described([r.patient.name, r.patient.sex && tCode('sex', r.patient.sex), age(r.patient.birth_date) || r.patient.age]) || t('case.not-set');
}

export function ReferralTable(p: { rows: ReferralSummary[]; caption: string; other: 'from' | 'to' }): JSX.Element {
  return (
    <table class="list referrals">
      <caption>{p.caption}<span class="count">{p.rows.length}</span></caption>
      <thead>
        <tr>
          <th scope="col" class="c-num">{t('list.col-number')}</th>
          <th scope="col" class="c-urg">{t('ref.col-direction')}</th>
          <th scope="col" class="c-urg">{t('urgency.label')}</th>
          <th scope="col" class="c-pat">{t('list.col-patient')}</th>
          <th scope="col">{t('ref.col-diagnosis')}</th>
          <th scope="col" class="c-who">{t(p.other === 'from' ? 'ref.col-from' : 'ref.col-to')}</th>
          <th scope="col" class="c-state">{t('list.col-state')}</th>
          <th scope="col" class="c-next">{t('ref.col-due')}</th>
          <th scope="col" class="c-time">{t('list.col-since')}</th>
        </tr>
      </thead>
      <tbody>
        {p.rows.map((r) => (
          <tr key={r.id} onClick={() => go(`/r/${r.id}`)}>
            <td class="c-num"><a href={`#/r/${r.id}`} aria-label={t('ref.open', { number: r.number })} onClick={(e) => e.stopPropagation()}>{r.number}</a></td>
            <td class="c-urg"><DirectionBadge direction={r.direction} /></td>
            <td class="c-urg"><UrgencyBadge urgency={r.urgency} /></td>
            <td class="c-pat">{referralPatient(r)}</td>
            <td class="c-text"><div class="two-lines" title={r.diagnosis ?? ''}>{r.diagnosis ?? ''}</div></td>
            <td class="c-who">{p.other === 'from' ? nameOf(r.from) : join([nameOf(r.to), nameOf(r.department)]) || '—'}</td>
            <td class="c-state"><ReferralBadge state={r.state} /></td>
            <td class="c-next"><Due r={r} /></td>
            <td class="c-time">{dateTime(r.state_since_ms)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const two = (n: number): string => String(n).padStart(2, '0');

/* Local time for <input type="datetime-local">. */
export function localTime(ms: number): string {
  const d = new Date(ms);
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}T${two(d.getHours())}:${two(d.getMinutes())}`;
}

export function WhenField(p: { label: string; value: string; onInput: (value: string) => void; required?: boolean }): JSX.Element {
  const id = useId();
  return (
    <div class="field">
      <div class="label-row"><label for={id}>{p.label}</label>{p.required && <span class="req" aria-hidden="true">*</span>}</div>
      <input id={id} type="datetime-local" value={p.value} required={p.required} onInput={(e) => p.onInput((e.target as HTMLInputElement).value)} />
    </div>
  );
}
