/* What the members of a partnership did for each other in a period, for the manager of its lead; and the same as a file. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { csv, download } from '../lib/csv';
import type { Key } from '../lib/dict';
import { duration, fullTime } from '../lib/format';
import { nameOf, t, tCode } from '../lib/i18n';
import { useResource } from '../lib/resource';
import { cells, changeWords, moneySentence, ratio, settlement, share, sorted, type Counts, type Statement } from '../lib/statement';
import { Field, Loading, Notice, ProblemNotice } from '../parts/basic';
import { tidyDate } from '../parts/request-fields';

export function PartnershipTabs(p: { id: string; here: 'rules' | 'activity' }): JSX.Element {
  return (
    <nav class="page-tabs" aria-label={t('act.tabs')}>
      <a href={`#/partnerships/${p.id}`} aria-current={p.here === 'rules' ? 'page' : undefined}>{t('act.tab-rules')}</a>
      <a href={`#/partnerships/${p.id}/activity`} aria-current={p.here === 'activity' ? 'page' : undefined}>{t('act.tab')}</a>
    </nav>
  );
}

const time = (ms: number | null): string => (ms === null ? '–' : duration(ms));

function Table(p: { caption: string; columns: Key[]; words: number; rows: (string | number)[][] }): JSX.Element {
  return (
    <div class="wide-table" tabIndex={0} role="region" aria-label={p.caption}>
      <table class="list figures">
        <caption class="sr-only">{p.caption}</caption>
        <thead><tr>{p.columns.map((c, i) => <th scope="col" key={c} class={i < p.words ? undefined : 'number'}>{t(c)}</th>)}</tr></thead>
        <tbody>{p.rows.map((row) => <tr key={row.slice(0, p.words).join()}>{row.map((c, i) => <td key={i} class={i < p.words ? undefined : 'number'}>{c}</td>)}</tr>)}</tbody>
      </table>
    </div>
  );
}

function Figures(p: { s: Statement }): JSX.Element {
  const { total } = p.s;
  const figures: [Key, string, string?][] = [
    ['act.submitted', String(total.submitted)],
    ['act.signed', String(total.signed)],
    ['act.in-time', share(total.accepted_in_time, total.accepted), t('act.of', { n: total.accepted_in_time, all: total.accepted })],
    ['act.to-acceptance', time(total.acceptance_median_ms)],
    ['act.to-opinion', time(total.opinion_median_ms)],
    ['act.kept', share(total.kept, total.signed), t('act.kept-hint')],
    ['act.up-down', ratio(total.referred_up, total.referred_down), t('act.of', { n: total.referred_up, all: total.referred_up + total.referred_down })],
  ];
  return (
    <dl class="figures-row">
      {figures.map(([label, value, hint]) => <div class="figure" key={label}><dt>{t(label)}</dt><dd>{value}{hint && <div class="hint">{hint}</div>}</dd></div>)}
    </dl>
  );
}

function Settlement(p: { s: Statement }): JSX.Element {
  const rows = settlement(p.s.rows);
  return (
    <section class="card" aria-labelledby="act-settlement">
      <h2 id="act-settlement">{t('act.settlement')}</h2>
      {rows.length === 0 ? <p class="empty">{t('act.nothing-signed')}</p> : (
        <Table caption={t('act.settlement')} words={4} columns={['act.col-version', 'act.col-from', 'act.col-to', 'act.col-kind', 'act.col-signed']}
          rows={rows.map((r) => [t('pship.version', { n: r.agreement_version }), nameOf(r.requester), nameOf(r.consultant), tCode('pship.kind', r.kind), r.signed])} />)}
    </section>
  );
}

const COUNTS: [Key, (c: Counts) => string | number][] = [
  ['act.col-signed', (c) => c.signed], ['act.col-error', (c) => c.in_error], ['act.col-accepted', (c) => c.accepted], ['act.col-in-time', (c) => c.accepted_in_time],
  ['act.col-returned', (c) => c.returned], ['act.col-declined', (c) => c.declined], ['act.col-expired', (c) => c.expired],
  ['act.col-to-acceptance', (c) => time(c.acceptance_median_ms)], ['act.col-to-opinion', (c) => time(c.opinion_median_ms)],
];

function Services(p: { s: Statement }): JSX.Element {
  return (
    <section class="card" aria-labelledby="act-services">
      <h2 id="act-services">{t('act.services')}</h2>
      {p.s.rows.length === 0 ? <p class="empty">{t('act.nothing')}</p> : (
        <Table caption={t('act.services')} words={5} columns={['act.col-version', 'act.col-from', 'act.col-to', 'act.col-kind', 'act.col-urgency', ...COUNTS.map(([key]) => key)]}
          rows={sorted(p.s.rows).map((r) => [t('pship.version', { n: r.agreement_version }), nameOf(r.requester), r.consultant ? nameOf(r.consultant) : t('act.nobody'), tCode('pship.kind', r.kind),
            tCode('urgency', r.urgency), ...COUNTS.map(([, of]) => of(r))])} />)}
    </section>
  );
}

function Referrals(p: { s: Statement }): JSX.Element {
  return (
    <section class="card" aria-labelledby="act-referrals">
      <h2 id="act-referrals">{t('act.referrals')}</h2>
      {p.s.referrals.length === 0 ? <p class="empty">{t('act.no-referrals')}</p> : (
        <Table caption={t('act.referrals')} words={4} columns={['act.col-version', 'act.col-sender', 'act.col-receiver', 'act.col-direction', 'act.col-sent', 'act.col-arrived', 'act.col-answered', 'act.col-refused']}
          rows={p.s.referrals.map((r) => [t('pship.version', { n: r.agreement_version }), nameOf(r.from), nameOf(r.to), tCode('act.direction', r.direction), r.sent, r.arrived, r.returned, r.refused])} />)}
    </section>
  );
}

function Whole(p: { s: Statement }): JSX.Element {
  const { s } = p;
  return (
    <>
      <Notice kind="info" live={false}>{moneySentence(s)}</Notice>
      {s.money_changes.map((c) => <Notice key={c.at_ms} kind="warn" live={false}>{t('act.changed', { when: fullTime(c.at_ms), what: changeWords(c) })}</Notice>)}
      <Figures s={s} />
      {s.money === 'per-service' && <Settlement s={s} />}
      <Services s={s} />
      <Referrals s={s} />
    </>
  );
}

export function StatementPage(p: { id: string }): JSX.Element {
  const [query, setQuery] = useState('');
  const [typed, setTyped] = useState<{ from?: string; to?: string }>({});
  const resource = useResource<Statement>(`/partnerships/${p.id}/activity${query}`);
  const s = resource.data;
  const from = typed.from ?? s?.from ?? '';
  const to = typed.to ?? s?.to ?? '';
  const errorOf = (field: string): string | null => (resource.problem?.field === field ? resource.problem.sentence() : null);
  return (
    <main id="main" class="page">
      <div class="page-head"><h1>{s ? nameOf(s.partnership) : t('act.title')}</h1><a href="#/partnerships">{t('app.back')}</a></div>
      <PartnershipTabs id={p.id} here="activity" />
      <form class="card period" aria-label={t('act.period')} noValidate onSubmit={(event) => {
        event.preventDefault();
        const days = { from: tidyDate(from), to: tidyDate(to) };
        setTyped(days);
        const next = `?${new URLSearchParams(days).toString()}`;
        return next === query ? void resource.reload() : setQuery(next);
      }}>
        <Field label={t('act.from')} value={from} onInput={(v) => setTyped({ ...typed, from: v })} maxLength={11} error={errorOf('/from')} />
        <Field label={t('act.to')} value={to} onInput={(v) => setTyped({ ...typed, to: v })} maxLength={11} error={errorOf('/to')} />
        <div class="buttons">
          <button type="submit" class="primary">{t('act.show')}</button>
          <button type="button" disabled={!s} onClick={() => s && download(`activity-${s.from}-${s.to}.csv`, csv(cells(s)))}>{t('act.download')}</button>
        </div>
      </form>
      {!errorOf('/from') && !errorOf('/to') && <ProblemNotice problem={resource.problem} retry={() => void resource.reload()} />}
      {!s && !resource.problem && <Loading />}
      {s && <Whole s={s} />}
    </main>
  );
}
