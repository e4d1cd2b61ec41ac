/* The clinician's own consultations: what she must do first, what others must do, what is done. */
import type { JSX } from 'preact';
import { dateTime, duration, age } from '../lib/format';
import { nameOf, t, tCode, join } from '../lib/i18n';
import { go } from '../lib/router';
import { useResource } from '../lib/resource';
import { specialties } from '../lib/session';
import { serverNow } from '../lib/api';
import { useStore, useTick } from '../lib/store';
import type { State, Summary } from '../lib/types';
import type { Key } from '../lib/dict';
import { Loading, Notice, ProblemNotice, StateBadge, UrgencyBadge } from '../parts/basic';

export const IN_ROOM: State[] = ['in-session', 'interrupted'];
const TODO: State[] = ['returned', 'accepted', 'in-session', 'interrupted', 'signed', 'draft', 'acknowledged'];
const WAITING: State[] = ['submitted', 'offered', 'awaiting-opinion'];

const rank: Record<string, number> = { 'in-session': 0, interrupted: 0, accepted: 1, returned: 2, signed: 3, acknowledged: 4, draft: 5 };

/* What is to be done next, from the state and what the server says is possible. */
export function nextStep(c: Summary, own: 'requester' | 'consultant'): string {
  if (own === 'consultant' && (c.state === 'awaiting-opinion' || c.state === 'signed')) {
    return t(`next.${c.state}-own`);
  }
  if (own === 'consultant' && c.state === 'acknowledged') {
    return t('next.done');
  }
  const keys: Partial<Record<State, Key>> = {
    draft: 'next.draft', returned: 'next.returned', submitted: 'next.submitted', offered: 'next.offered', accepted: 'next.accepted',
    'in-session': 'next.in-session', interrupted: 'next.interrupted', 'awaiting-opinion': 'next.awaiting-opinion', signed: 'next.signed',
    acknowledged: 'next.acknowledged', expired: 'next.expired',
  };
  return t(keys[c.state] ?? 'next.done');
}

export function patientLine(c: Summary): string {
  const p = c.patient ?? {};
  return join([p.name ?? c.patient_name, p.sex && tCode('sex', p.sex), age(p.birth_date)]) || t('case.not-set');
}

export function complaintOf(c: Summary): string {
  return c.request?.complaint ?? c.complaint ?? '';
}

export function specialtyName(code: string): string {
  return nameOf(specialties.get().find((s) => s.code === code)) || code;
}

export function CaseTable(p: { rows: Summary[]; caption: string; own: 'requester' | 'consultant'; hideCaption?: boolean }): JSX.Element {
  useStore(specialties);
  return (
    <table class="list">
      <caption class={p.hideCaption ? 'sr-only' : undefined}>{p.caption}<span class="count">{p.rows.length}</span></caption>
      <thead>
        <tr>
          <th scope="col" class="c-num">{t('list.col-number')}</th>
          <th scope="col" class="c-urg">{t('urgency.label')}</th>
          <th scope="col" class="c-pat">{t('list.col-patient')}</th>
          <th scope="col">{t('list.col-complaint')}</th>
          <th scope="col" class="c-spec">{t('list.col-specialty')}</th>
          <th scope="col" class="c-who">{p.own === 'requester' ? t('list.col-to') : t('list.col-from')}</th>
          <th scope="col" class="c-state">{t('list.col-state')}</th>
          <th scope="col" class="c-next">{t('list.col-next')}</th>
          <th scope="col" class="c-time">{t('list.col-since')}</th>
        </tr>
      </thead>
      <tbody>
        {p.rows.map((c) => <CaseRow key={c.id} c={c} own={p.own} />)}
      </tbody>
    </table>
  );
}

function CaseRow(p: { c: Summary; own: 'requester' | 'consultant' }): JSX.Element {
  const { c } = p;
  const other = p.own === 'requester' ? c.consultant : c.requester;
  return (
    <tr onClick={() => go(`/c/${c.id}`)}>
      <td class="c-num"><a href={`#/c/${c.id}`} aria-label={t('list.open', { number: c.number })} onClick={(e) => e.stopPropagation()}>{c.number}</a></td>
      <td class="c-urg"><UrgencyBadge urgency={c.urgency} /></td>
      <td class="c-pat">{patientLine(c)}</td>
      <td class="clip">{complaintOf(c)}</td>
      <td class="c-spec">{specialtyName(c.specialty)}</td>
      <td class="c-who clip">{other ? `${nameOf(other)} · ${nameOf(other.organisation)}` : '—'}</td>
      <td class="c-state"><StateBadge state={c.state} /></td>
      <td class="c-next">{nextStep(c, p.own)}</td>
      <td class="c-time">{dateTime(c.state_since_ms)}</td>
    </tr>
  );
}

export function RunningBanner(p: { rows: Summary[] }): JSX.Element | null {
  const running = p.rows.find((c) => IN_ROOM.includes(c.state));
  return running ? (
    <Notice kind="good" action={<button type="button" class="primary" onClick={() => go(`/c/${running.id}/room`)}>{t('list.back-in')}</button>}>
      {t('list.running', { number: running.number })} {patientLine(running)}
    </Notice>
  ) : null;
}

export function Worklist(): JSX.Element {
  useTick(30_000);
  const list = useResource<{ consultations: Summary[]; more: boolean }>('/consultations?list=mine&limit=100', ['consultation.changed', 'queue.changed']);
  const rows = list.data?.consultations ?? [];
  const byRank = (a: Summary, b: Summary): number => (rank[a.state] ?? 9) - (rank[b.state] ?? 9) || b.state_since_ms - a.state_since_ms;
  const todo = rows.filter((c) => TODO.includes(c.state)).sort(byRank);
  const waiting = rows.filter((c) => WAITING.includes(c.state));
  const done = rows.filter((c) => !TODO.includes(c.state) && !WAITING.includes(c.state)).sort((a, b) => b.state_since_ms - a.state_since_ms).slice(0, 10);
  return (
    <main id="main" class="page">
      <div class="page-head">
        <h1>{t('list.title')}</h1>
        {list.problem && list.data && <span class="hint">{t('ops.stale', { time: duration(serverNow() - list.atMs) })}</span>}
        <button type="button" class="primary" onClick={() => go('/new')}>{t('list.new')}</button>
      </div>
      <RunningBanner rows={rows} />
      <ProblemNotice problem={list.problem} retry={() => void list.reload()} />
      {!list.data && !list.problem && <Loading />}
      {list.data && rows.length === 0 && <p class="empty">{t('list.empty')}</p>}
      {todo.length > 0 && <CaseTable rows={todo} caption={t('list.todo')} own="requester" />}
      {waiting.length > 0 && <CaseTable rows={waiting} caption={t('list.waiting')} own="requester" />}
      {done.length > 0 && <CaseTable rows={done} caption={t('list.recent')} own="requester" />}
    </main>
  );
}
