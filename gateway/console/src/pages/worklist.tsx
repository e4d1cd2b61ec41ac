/* A role's day on one page: its worklists as tabs with counts, filters, deadlines, kept fresh by the gateway's notices. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { somebodyThere } from '../lib/activity';
import { serverNow } from '../lib/api';
import { duration } from '../lib/format';
import { ownDuty } from '../lib/duty';
import { t } from '../lib/i18n';
import { go, useRoute } from '../lib/router';
import { useResource, type Resource } from '../lib/resource';
import { useShortcuts } from '../lib/shortcuts';
import { useStore, useTick } from '../lib/store';
import type { Session, Summary } from '../lib/types';
import { NO_FILTER, PLANS, filtering, matches, type Filter, type Tab, type WorkRole } from '../lib/worklists';
import { ProblemNotice, useAction } from '../parts/basic';
import { CaseTable, RunningBanner, moveRow } from '../parts/case-table';
import { isPaused, switchDuty } from '../parts/duty';
import { Filters } from '../parts/filters';
import { ShortcutHelp } from '../parts/help';
import { specialtyName } from '../lib/steps';

export { specialtyName };

interface Page {
  consultations: Summary[];
  more: boolean;
}
const EVENTS = ['queue.changed', 'consultation.changed', 'offer.ring', 'offer.gone', 'guest.ring', 'guest.gone', 'observer.admitted', 'observer.gone'];
const UNSEEN_MS = 1500; // lists behind other tabs: only their counts are on the screen
const LIMIT = 100;
const REFRESH_MS = 60_000; // for what no notice tells

/* Each list once, although several tabs may share it. The number of lists of a role never changes. */
function useLists(role: WorkRole, active: Tab): Map<string, Resource<Page>> {
  const names = [...new Set(PLANS[role].tabs.flatMap((tab) => (tab.also ? [tab.list, tab.also] : [tab.list])))];
  return new Map(names.map((name) => [name, useResource<Page>(`/consultations?list=${name}&limit=${LIMIT}`, EVENTS, undefined, name === active.list ? 60 : UNSEEN_MS)]));
}

function rowsOf(tab: Tab, lists: Map<string, Resource<Page>>): Summary[] {
  const of = (name: string | undefined): Summary[] => (name && lists.get(name)?.data?.consultations) || [];
  return [...of(tab.list), ...of(tab.also)].filter((c) => tab.takes?.(c) ?? true).sort(tab.order);
}

function Tabs(p: { tabs: Tab[]; active: Tab; counts: (number | null)[]; onChoose: (tab: Tab) => void }): JSX.Element | null {
  if (p.tabs.length < 2) {
    return null;
  }
  const keys = (e: KeyboardEvent): void => {
    const by = e.key === 'ArrowRight' ? 1 : e.key === 'ArrowLeft' ? -1 : 0;
    const next = by ? p.tabs[(p.tabs.indexOf(p.active) + by + p.tabs.length) % p.tabs.length] : undefined;
    if (next) {
      e.preventDefault();
      p.onChoose(next);
      document.getElementById(`list-tab-${next.id}`)?.focus();
    }
    if (e.key === 'ArrowDown') {
      e.preventDefault();
      moveRow(1);
    }
  };
  return (
    <div class="list-tabs" role="tablist" aria-label={t('tab.label')} onKeyDown={keys}>
      {p.tabs.map((tab, i) => {
        const n = p.counts[i];
        return (
          <button key={tab.id} id={`list-tab-${tab.id}`} type="button" role="tab" aria-selected={tab === p.active} aria-controls="list-panel" tabIndex={tab === p.active ? 0 : -1}
            onClick={() => p.onChoose(tab)}>
            {t(tab.label)}<span class={n && !tab.quiet ? 'count live' : 'count'}>{n ?? '…'}</span>
          </button>
        );
      })}
    </div>
  );
}

/* Nothing here: and what to do now. */
function Empty(p: { tab: Tab; role: WorkRole; session: Session; filtered: boolean; onClear: () => void }): JSX.Element {
  const paused = isPaused(useStore(ownDuty)) && p.tab.list === 'queue' && p.role === 'specialist';
  const action = useAction();
  if (p.filtered) {
    return <div class="empty"><p>{t('filter.nothing')}</p><button type="button" onClick={p.onClear}>{t('filter.clear')}</button></div>;
  }
  const off = p.tab.list === 'queue' && p.role === 'specialist' && !p.session.on_duty;
  return (
    <div class="empty">
      <p>{t(off ? 'queue.empty-off' : paused ? 'duty.queue-paused' : p.tab.empty)}</p>
      {off && <button type="button" class="primary" disabled={action.busy} onClick={() => void action.run(() => switchDuty(true))}>{t('queue.go-on')}</button>}
      <ProblemNotice problem={action.problem} />
      {p.role === 'clinician' && (p.tab.id === 'todo' || p.tab.id === 'drafts') && <a class="button" href="#/new">{t('list.new')}</a>}
      {p.tab.quiet !== true && p.role === 'clinician' && p.tab.id === 'invited' && <a class="button" href="#/check">{t('nav.check')}</a>}
    </div>
  );
}

export function Skeleton(): JSX.Element {
  return (
    <div class="skeleton" role="status">
      <span class="sr-only">{t('app.loading')}</span>
      {[0, 1, 2, 3].map((i) => <div key={i} aria-hidden="true" />)}
    </div>
  );
}

export function WorklistPage(p: { role: WorkRole; session: Session }): JSX.Element {
  useTick(30_000);
  const [, wanted] = useRoute();
  const plan = PLANS[p.role];
  const active = plan.tabs.find((tab) => tab.id === wanted) ?? (plan.tabs[0] as Tab);
  const lists = useLists(p.role, active);
  const [filter, setFilter] = useState<Filter>(NO_FILTER);
  const all = plan.tabs.map((tab) => rowsOf(tab, lists));
  const counts = plan.tabs.map((tab, i) => (lists.get(tab.list)?.data ? all[i]?.length ?? 0 : null));
  const index = plan.tabs.indexOf(active);
  const rows = all[index] ?? [];
  const shown = rows.filter((c) => matches(c, filter));
  const resource = lists.get(active.list) as Resource<Page>;
  const choose = (tab: Tab): void => go(`${plan.path}/${tab.id}`);
  const clinician = p.role === 'clinician';

  // the first tab that has something to do, when the page is opened and its own first one is empty
  const [settled, setSettled] = useState(wanted !== undefined || p.role === 'specialist');
  useEffect(() => {
    const known = counts.every((n) => n !== null);
    if (!settled && known) {
      setSettled(true);
      const busy = plan.tabs.find((tab, i) => !tab.quiet && counts[i]);
      if (busy && busy !== active && counts[index] === 0) {
        go(`${plan.path}/${busy.id}`, true);
      }
    }
  });

  useEffect(() => {
    if (resource.data) {
      void resource.reload(); // it may have changed while it was behind another tab
    }
  }, [active]);
  useEffect(() => {
    const timer = setInterval(() => somebodyThere() && lists.forEach((list) => void list.reload()), REFRESH_MS);
    return () => clearInterval(timer);
  }, []);

  useShortcuts([
    { key: 'j', shown: 'j / ↓', words: t('keys.down'), run: () => moveRow(1) },
    { key: 'k', shown: 'k / ↑', words: t('keys.up'), run: () => moveRow(-1) },
    { key: '/', words: t('keys.search'), run: () => document.querySelector<HTMLElement>('.filter-search')?.focus() },
    ...(plan.tabs.length > 1 ? plan.tabs.map((tab, i) => ({ key: String(i + 1), words: t(tab.label), run: () => choose(tab) })) : []),
    ...(clinician ? [{ key: 'n', words: t('list.new'), run: () => go('/new') }] : []),
  ]);
  return (
    <main id="main" class="page">
      <div class="page-head">
        <h1>{t(plan.title)}</h1>
        {resource.problem && resource.data && <span class="hint">{t('ops.stale', { time: duration(serverNow() - resource.atMs) })}</span>}
        <ShortcutHelp />
        {clinician && <button type="button" class="primary" onClick={() => go('/new')}>{t('list.new')}</button>}
      </div>
      <RunningBanner rows={all.flat()} />
      <Tabs tabs={plan.tabs} active={active} counts={counts} onChoose={choose} />
      <section id="list-panel" {...(plan.tabs.length > 1 ? { role: 'tabpanel', 'aria-labelledby': `list-tab-${active.id}` } : { 'aria-label': t(active.label) })}>
        <ProblemNotice problem={resource.problem} retry={() => void resource.reload()} />
        {rows.length > 0 && <Filters rows={rows} filter={filter} onChange={setFilter} shown={shown.length} onDown={() => moveRow(1)} />}
        {!resource.data && !resource.problem && <Skeleton />}
        {resource.data && shown.length === 0 && <Empty tab={active} role={p.role} session={p.session} filtered={rows.length > 0 && filtering(filter)} onClear={() => setFilter(NO_FILTER)} />}
        {shown.length > 0 && <CaseTable rows={shown} caption={t(active.label)} other={active.other} hideCaption over={active.list === 'history'} />}
        {resource.data?.more && <p class="hint">{t('list.more', { n: LIMIT })}</p>}
      </section>
    </main>
  );
}
