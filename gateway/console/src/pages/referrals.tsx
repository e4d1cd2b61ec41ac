/* The worklists of referrals: what is to be received, what was sent, what has ended. */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { t } from '../lib/i18n';
import { useResource } from '../lib/resource';
import { create, type Direction, type ReferralSummary } from '../lib/referral';
import { chime } from '../lib/ring';
import { go } from '../lib/router';
import type { Session } from '../lib/types';
import { Loading, ProblemNotice, useAction } from '../parts/basic';
import { ReferralTable } from '../parts/referral-bits';

interface List {
  referrals: ReferralSummary[];
  more: boolean;
}
const EVENTS = ['referral.changed'];

/* Who is late first, then what is urgent, then what is due first. */
function order(a: ReferralSummary, b: ReferralSummary): number {
  const due = (r: ReferralSummary): number => r.deadline_ms ?? Number.MAX_SAFE_INTEGER;
  return Number(b.overdue) - Number(a.overdue) || Number(b.urgency === 'urgent') - Number(a.urgency === 'urgent') || due(a) - due(b) || b.created_ms - a.created_ms;
}

/* A sign when one comes that was not there: the department does not stare at the page. */
function useChime(rows: ReferralSummary[] | undefined, on: boolean): void {
  const known = useRef<Set<string> | null>(null);
  useEffect(() => {
    const waiting = (rows ?? []).filter((r) => r.state === 'sent').map((r) => r.id);
    if (rows && known.current && on && waiting.some((id) => !known.current?.has(id))) {
      chime();
    }
    known.current = rows ? new Set(waiting) : known.current;
  }, [rows]);
}

function Section(p: { path: string; caption: string; empty: string; other: 'from' | 'to'; signs?: boolean }): JSX.Element {
  const list = useResource<List>(p.path, EVENTS);
  useChime(list.data?.referrals, p.signs === true);
  const rows = [...(list.data?.referrals ?? [])].sort(order);
  return (
    <section aria-label={p.caption}>
      <ProblemNotice problem={list.problem} retry={() => void list.reload()} />
      {!list.data && !list.problem && <Loading />}
      {list.data && rows.length === 0 && <><h2>{p.caption}</h2><p class="empty">{p.empty}</p></>}
      {rows.length > 0 && <ReferralTable rows={rows} caption={p.caption} other={p.other} />}
    </section>
  );
}

export function ReferralsPage(p: { session: Session }): JSX.Element {
  const roles: string[] = p.session.account.roles;
  const receives = roles.includes('referrals') || roles.includes('coordinator');
  const writes = roles.some((r) => r === 'clinician' || r === 'specialist' || r === 'referrals');
  const [over, setOver] = useState(false);
  const make = useAction();
  const begin = (): void => {
    const direction: Direction = ['village', 'township'].includes(p.session.organisation.level) ? 'up' : 'down';
    void make.run(async () => go(`/r/${(await create({ direction })).id}`));
  };
  return (
    <main id="main" class="page">
      <div class="page-head">
        <h1>{t('ref.title')}</h1>
        {roles.includes('referrals') && <a class="button" href="#/places">{t('ref.places')}</a>}
        {writes && <button type="button" class="primary" disabled={make.busy} onClick={begin}>{t('ref.new')}</button>}
      </div>
      <ProblemNotice problem={make.problem} />
      {receives && <Section path="/referrals?list=received&limit=100" caption={t('ref.received')} empty={t('ref.received-empty')} other="from" signs />}
      <Section path="/referrals?list=sent&limit=100" caption={t(writes ? 'ref.sent' : 'ref.sent-all')} empty={t('ref.sent-empty')} other="to" />
      {over ? <Section path="/referrals?list=history&limit=50" caption={t('ref.history')} empty={t('ref.history-empty')} other="to" />
        : <button type="button" class="ghost" onClick={() => setOver(true)}>{t('ref.history-show')}</button>}
    </main>
  );
}
