/* The worklists of referrals: what is to be received, what was sent, what has ended. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { t } from '../lib/i18n';
import { useResource } from '../lib/resource';
import { create, type Direction, type ReferralSummary } from '../lib/referral';
import { go } from '../lib/router';
import type { Session } from '../lib/types';
import { Loading, ProblemNotice, useAction } from '../parts/basic';
import { ReferralTable } from '../parts/referral-bits';

interface List {
  referrals: ReferralSummary[];
  more: boolean;
}
const EVENTS = ['referral.changed'];

function Section(p: { path: string; caption: string; empty: string; other: 'from' | 'to' }): JSX.Element {
  const list = useResource<List>(p.path, EVENTS);
  const rows = list.data?.referrals ?? [];
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
      {receives && <Section path="/referrals?list=received&limit=100" caption={t('ref.received')} empty={t('ref.received-empty')} other="from" />}
      <Section path="/referrals?list=sent&limit=100" caption={t(writes ? 'ref.sent' : 'ref.sent-all')} empty={t('ref.sent-empty')} other="to" />
      {over ? <Section path="/referrals?list=history&limit=50" caption={t('ref.history')} empty={t('ref.history-empty')} other="to" />
        : <button type="button" class="ghost" onClick={() => setOver(true)}>{t('ref.history-show')}</button>}
    </main>
  );
}
