/* Whom could this member ask, and why not the others? The gateway's own rule engine answers. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { get, serverNow } from '../lib/api';
import { nameOf, pick, t, tCode } from '../lib/i18n';
import { ACTS, chinaToday, clauseText, KINDS, type Partnership, type WhatIf, type WhatIfRow } from '../lib/partnership';
import { specialties } from '../lib/session';
import { useStore } from '../lib/store';
import { Field, Notice, ProblemNotice, Select, useAction } from '../parts/basic';
import { tidyDate } from '../parts/request-fields';

function Way(p: { row: WhatIfRow }): JSX.Element {
  const { route } = p.row;
  if (!route) {
    return <>–</>;
  }
  return (
    <>
      {nameOf(route.partnership)}{route.agreement_version !== null && <>, {t('pship.version', { n: route.agreement_version })}</>}
      {route.clause && <div class="hint">{t('app.pair', { name: t('pship.clause', { number: route.clause.number }), value: clauseText(route.clause) })}</div>}
    </>
  );
}

function Result(p: { answer: WhatIf }): JSX.Element {
  const { answer: a } = p;
  const allowed = a.rows.filter((r) => r.allowed).length;
  const best = a.licences && a.rows.find((r) => r.organisation.id === a.licences?.organisation);
  if (a.rows.length === 0) {
    return <p class="empty" role="status">{t('pship.what-if-none', { name: nameOf(a.requester) })}</p>;
  }
  return (
    <>
      <Notice kind={a.allowed ? 'good' : 'warn'}>
        {t('pship.what-if-result', { name: nameOf(a.requester), date: a.date })} · {a.allowed ? t('pship.what-if-yes', { n: allowed }) : t('pship.what-if-no', { why: pick(a.zh, a.en) })}
        {best && a.licences && <div>{t('pship.licences', { name: nameOf(best.organisation), with: a.licences.with, without: a.licences.without })}</div>}
      </Notice>
      <div class="wide-table"><table class="list what-if">
        <caption class="sr-only">{t('pship.what-if')}</caption>
        <thead><tr>
          <th scope="col">{t('pship.col-whom')}</th><th scope="col">{t('pship.col-may')}</th><th scope="col">{t('pship.col-why')}</th>
          <th scope="col">{t('pship.col-way')}</th><th scope="col">{t('pship.col-duty')}</th>
        </tr></thead>
        <tbody>
          {a.rows.map((r) => (
            <tr key={r.organisation.id}>
              <th scope="row">{nameOf(r.organisation)} <span class="hint">{tCode('level', r.organisation.level)}</span></th>
              <td data-label={t('pship.col-may')}><span class={r.allowed ? 'badge good' : 'badge u-urgent'}>{t(r.allowed ? 'pship.may' : 'pship.may-not')}</span></td>
              <td data-label={t('pship.col-why')}>{pick(r.zh, r.en)}</td>
              <td data-label={t('pship.col-way')}><div><Way row={r} /></div></td>
              <td data-label={t('pship.col-duty')}>{r.on_duty ?? '–'}</td>
            </tr>
          ))}
        </tbody>
      </table></div>
      {a.more && <p class="hint">{t('pship.rows-more')}</p>}
    </>
  );
}

export function WhatIfCard(p: { whole: Partnership }): JSX.Element {
  const all = useStore(specialties);
  const [requester, setRequester] = useState(p.whole.members.find((m) => m.role !== 'lead')?.id ?? p.whole.members[0]?.id ?? '');
  const [act, setAct] = useState<string>('consult');
  const [specialty, setSpecialty] = useState('');
  const [kind, setKind] = useState('live');
  const [urgency, setUrgency] = useState('routine');
  const [date, setDate] = useState(() => chinaToday(serverNow()));
  const [answer, setAnswer] = useState<WhatIf | null>(null);
  const action = useAction();
  const free = act === 'see' || act.startsWith('refer'); // needs no specialty
  const chosen = specialty || (free ? '' : all[0]?.code ?? '');
  const run = (): Promise<boolean> => action.run(async () => {
    const query = new URLSearchParams({ requester, act, kind, urgency, date: tidyDate(date), ...(chosen ? { specialty: chosen } : {}) });
    setAnswer(await get<WhatIf>(`/partnerships/${p.whole.id}/what-if?${query.toString()}`));
  });
  useEffect(() => {
    if (answer) {
      void run(); // the rules have changed: so may the answer
    }
  }, [p.whole.version]);
  const errorOf = (field: string): string | null => (action.problem?.field === field ? action.problem.sentence() : null);
  return (
    <section class="card" aria-labelledby="pship-what-if">
      <h2 id="pship-what-if">{t('pship.what-if')}</h2>
      <p class="hint">{t('pship.what-if-lead')}</p>
      <form noValidate onSubmit={(event) => {
        event.preventDefault();
        void run();
      }}>
        <div class="grid g4">
          <Select label={t('pship.what-if-who')} value={requester} onChange={setRequester} options={p.whole.members.map((m) => ({ value: m.id, label: nameOf(m) }))} />
          <Select label={t('pship.what-if-act')} value={act} onChange={setAct} options={ACTS.map((a) => ({ value: a as string, label: tCode('pship.act', a) }))} />
          <Select label={t('form.specialty')} value={chosen} onChange={setSpecialty} error={errorOf('/specialty')}
            options={[...(free ? [{ value: '', label: t('pship.any-specialty') }] : []), ...all.map((s) => ({ value: s.code, label: nameOf(s) }))]} />
          <Select label={t('pship.what-if-kind')} value={kind} onChange={setKind} disabled={act !== 'consult'} options={KINDS.map((k) => ({ value: k as string, label: t(`pship.kind.${k}`) }))} />
          <Select label={t('urgency.label')} value={urgency} onChange={setUrgency} options={(['routine', 'urgent', 'stat'] as const).map((u) => ({ value: u as string, label: t(`urgency.${u}`) }))} />
          <Field label={t('pship.what-if-date')} value={date} onInput={setDate} maxLength={11} error={errorOf('/date')} />
        </div>
        <div class="buttons"><button type="submit" class="primary" disabled={action.busy}>{t('pship.what-if-run')}</button></div>
      </form>
      <ProblemNotice problem={action.problem} retry={() => void run()} />
      {answer ? <Result answer={answer} /> : <p class="hint">{t('pship.what-if-start')}</p>}
    </section>
  );
}
