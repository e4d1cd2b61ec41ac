import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { get } from '../lib/api';
import { t } from '../lib/i18n';
import type { Summary } from '../lib/types';
import { Loading, ProblemNotice, useAction } from '../parts/basic';
import { CaseTable } from './worklist';

interface Page {
  consultations: Summary[];
  more: boolean;
}

export function HistoryPage(p: { me: string }): JSX.Element {
  const [rows, setRows] = useState<Summary[] | null>(null);
  const [more, setMore] = useState(false);
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
  const asRequester = rows?.filter((c) => c.requester?.account === p.me || !c.consultant || c.consultant.account !== p.me) ?? [];
  const asConsultant = rows?.filter((c) => !asRequester.includes(c)) ?? [];
  return (
    <main id="main" class="page">
      <div class="page-head"><h1>{t('hist.title')}</h1></div>
      <ProblemNotice problem={action.problem} retry={() => void load()} />
      {!rows && !action.problem && <Loading />}
      {rows?.length === 0 && <p class="empty">{t('hist.empty')}</p>}
      {asRequester.length > 0 && <CaseTable rows={asRequester} caption={t('case.requester')} own="requester" hideCaption={asConsultant.length === 0} />}
      {asConsultant.length > 0 && <CaseTable rows={asConsultant} caption={t('case.consultant')} own="consultant" hideCaption={asRequester.length === 0} />}
      {more && <button type="button" onClick={() => void load()} disabled={action.busy}>{t('hist.more')}</button>}
    </main>
  );
}
