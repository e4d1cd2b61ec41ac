/* What is over: page by page, newest first. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { get } from '../lib/api';
import { t } from '../lib/i18n';
import { useShortcuts } from '../lib/shortcuts';
import type { Summary } from '../lib/types';
import { NO_FILTER, matches, type Filter } from '../lib/worklists';
import { ProblemNotice, useAction } from '../parts/basic';
import { CaseTable, moveRow } from '../parts/case-table';
import { Filters } from '../parts/filters';
import { ShortcutHelp } from '../parts/help';
import { Skeleton } from './worklist';

interface Page {
  consultations: Summary[];
  more: boolean;
}

export function HistoryPage(p: { me: string }): JSX.Element {
  const [rows, setRows] = useState<Summary[] | null>(null);
  const [more, setMore] = useState(false);
  const [filter, setFilter] = useState<Filter>(NO_FILTER);
  const action = useAction();
  const load = (): Promise<boolean> => action.run(async () => {
    const last = rows?.[rows.length - 1];
    const before = last ? `&before_ms=${last.created_ms ?? last.state_since_ms}` : '';
    const page = await get<Page>(`/consultations?list=history&limit=50${before}`);
    const known = new Set((rows ?? []).map((c) => c.id));
    const fresh = page.consultations.filter((c) => !known.has(c.id));
    setRows([...(rows ?? []), ...fresh]);
    setMore(page.more && fresh.length > 0);
  });
  useEffect(() => {
    void load();
  }, []);
  useShortcuts([
    { key: 'j', shown: 'j / ↓', words: t('keys.down'), run: () => moveRow(1) },
    { key: 'k', shown: 'k / ↑', words: t('keys.up'), run: () => moveRow(-1) },
    { key: '/', words: t('keys.search'), run: () => document.querySelector<HTMLElement>('.filter-search')?.focus() },
  ]);
  const shown = rows?.filter((c) => matches(c, filter)) ?? [];
  const asRequester = shown.filter((c) => c.requester?.account === p.me || !c.consultant || c.consultant.account !== p.me);
  const asConsultant = shown.filter((c) => !asRequester.includes(c));
  return (
    <main id="main" class="page">
      <div class="page-head"><h1>{t('hist.title')}</h1><ShortcutHelp /></div>
      <ProblemNotice problem={action.problem} retry={() => void load()} />
      {!rows && !action.problem && <Skeleton />}
      {rows && rows.length > 0 && <Filters rows={rows} filter={filter} onChange={setFilter} shown={shown.length} onDown={() => moveRow(1)} />}
      {rows?.length === 0 && <p class="empty">{t('hist.empty')}</p>}
      {rows && rows.length > 0 && shown.length === 0 && <div class="empty"><p>{t('filter.nothing')}</p><button type="button" onClick={() => setFilter(NO_FILTER)}>{t('filter.clear')}</button></div>}
      {asRequester.length > 0 && <CaseTable rows={asRequester} caption={t('case.requester')} other="consultant" hideCaption={asConsultant.length === 0} over />}
      {asConsultant.length > 0 && <CaseTable rows={asConsultant} caption={t('case.consultant')} other="requester" hideCaption={asRequester.length === 0} over />}
      {more && <button type="button" onClick={() => void load()} disabled={action.busy}>{t('hist.more')}</button>}
    </main>
  );
}
