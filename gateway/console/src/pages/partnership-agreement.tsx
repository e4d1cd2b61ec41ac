/* The versions of the agreement, newest first, and the form of the next one. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { serverNow } from '../lib/api';
import { join, t, tCode } from '../lib/i18n';
import { chinaToday, clauseText, KINDS, memberName, TERM_NUMBERS, TERM_SWITCHES, type Agreement, type Clause, type Partnership, type Terms } from '../lib/partnership';
import { Check, Field, ProblemNotice, useGuard } from '../parts/basic';
import { tidyDate } from '../parts/request-fields';
import { ClausesEditor, cleanClauses } from './partnership-clauses';
import { timersOf, WaitsEditor, waitsOf, waitWords, type Waits } from './partnership-waits';
import type { EditProps } from './partnership';

/* ---- a version as it stands ---- */

function TermsList(p: { terms: Terms }): JSX.Element {
  const { terms } = p;
  const rows: [string, string][] = [
    ...TERM_SWITCHES.filter(({ name }) => terms[name] !== undefined).map(({ name }): [string, string] => [t(`pship.term.${name}`), t(terms[name] ? 'app.yes' : 'app.no')]),
    ...(terms.second_reader?.length ? [[t('pship.term.second_reader'), join(terms.second_reader.map((k) => tCode('pship.kind', k)))] as [string, string]] : []),
    ...TERM_NUMBERS.filter(({ name }) => terms[name] !== undefined).map(({ name }): [string, string] => [t(`pship.term.${name}`), String(terms[name])]),
    ...Object.entries(terms.timers ?? {}).map(([name, of]): [string, string] => [tCode('pship.wait', name), waitWords(of)]),
  ];
  return rows.length === 0 ? <p class="hint">{t('pship.terms-usual')}</p>
    : <dl class="sheet">{rows.map(([label, value]) => <div key={label}><dt>{label}</dt><dd>{value}</dd></div>)}</dl>;
}

function ClauseLine(p: { clause: Clause; whole: Partnership }): JSX.Element {
  const { clause: c } = p;
  return (
    <li>
      <strong>{t('pship.clause', { number: c.number })}</strong> {clauseText(c)}{' '}
      <span class="hint">{c.act ? join([tCode('pship.act', c.act), memberName(p.whole, c.member), c.kinds && join(c.kinds.map((k) => tCode('pship.kind', k)))]) : t('pship.act.none')}</span>
    </li>
  );
}

function Version(p: { agreement: Agreement; whole: Partnership }): JSX.Element {
  const { agreement: a } = p;
  return (
    <details open={a.in_force}>
      <summary>
        <strong>{t('pship.version', { n: a.version })}</strong> {a.valid_from} – {a.valid_until}{' '}
        {a.in_force && <span class="badge good">{t('pship.in-force')}</span>}
      </summary>
      <dl class="sheet">
        <div><dt>{t('pship.signed-on')}</dt><dd>{a.signed_on}</dd></div>
        <div><dt>{t('pship.services')}</dt><dd>{join(a.services.map((k) => tCode('pship.kind', k)))}</dd></div>
      </dl>
      <h3>{t('pship.terms')}</h3>
      <TermsList terms={a.terms} />
      <h3>{t('pship.clauses')}</h3>
      {a.clauses.length === 0 ? <p class="hint">{t('pship.no-clauses')}</p> : <ul>{a.clauses.map((c) => <ClauseLine key={c.number} clause={c} whole={p.whole} />)}</ul>}
    </details>
  );
}

/* ---- the next one ---- */

interface Form {
  signed_on: string;
  valid_from: string;
  valid_until: string;
  services: string[];
  switches: Record<string, boolean>;
  numbers: Record<string, string>; // '' = as usual
  second_reader: string[];
  waits: Waits;
  clauses: Clause[];
}

/* Begins as a copy of the newest one. */
function formOf(whole: Partnership): Form {
  const last = whole.agreements[0];
  const today = chinaToday(serverNow());
  const terms = last?.terms ?? {};
  return {
    signed_on: today, valid_from: today, valid_until: last && last.valid_until > today ? last.valid_until : '',
    services: last?.services ?? ['live'],
    switches: Object.fromEntries(TERM_SWITCHES.map(({ name, usual }) => [name, terms[name] ?? usual])),
    numbers: Object.fromEntries(TERM_NUMBERS.map(({ name }) => [name, terms[name] === undefined ? '' : String(terms[name])])),
    second_reader: terms.second_reader ?? [],
    waits: waitsOf(terms.timers),
    clauses: last?.clauses ?? [],
  };
}

/* What is as usual is left out: should the usual change, it follows. */
function termsOf(form: Form): Record<string, unknown> {
  const timers = timersOf(form.waits);
  const terms: Record<string, unknown> = Object.keys(timers).length > 0 ? { timers } : {};
  for (const { name, usual } of TERM_SWITCHES) {
    if (form.switches[name] !== usual) {
      terms[name] = form.switches[name];
    }
  }
  for (const { name } of TERM_NUMBERS) {
    const text = form.numbers[name]?.trim();
    if (text) {
      terms[name] = /^\d+$/.test(text) ? Number(text) : text; // what is no number is refused with its field
    }
  }
  if (form.second_reader.length > 0) {
    terms.second_reader = form.second_reader;
  }
  return terms;
}

function KindBoxes(p: { legend: string; value: string[]; onChange: (kinds: string[]) => void; error?: string | null }): JSX.Element {
  return (
    <fieldset>
      <legend>{p.legend}</legend>
      <div class="grid g4">
        {KINDS.map((k) => <Check key={k} label={t(`pship.kind.${k}`)} checked={p.value.includes(k)}
          onChange={(on) => p.onChange(KINDS.filter((x) => (x === k ? on : p.value.includes(x))))} />)}
      </div>
      {p.error && <div class="field-error" role="alert">{p.error}</div>}
    </fieldset>
  );
}

function TermsForm(p: { form: Form; set: (change: Partial<Form>) => void; errorOf: (field: string) => string | null }): JSX.Element {
  const { form, set } = p;
  return (
    <fieldset>
      <legend>{t('pship.terms')}</legend>
      {TERM_SWITCHES.map(({ name }) => <Check key={name} label={t(`pship.term.${name}`)} checked={form.switches[name] ?? false}
        onChange={(on) => set({ switches: { ...form.switches, [name]: on } })} />)}
      <KindBoxes legend={t('pship.term.second_reader')} value={form.second_reader} onChange={(kinds) => set({ second_reader: kinds })} error={p.errorOf('/terms/second_reader')} />
      <div class="grid g4">
        {TERM_NUMBERS.map(({ name, usual }) => (
          <Field key={name} label={t(`pship.term.${name}`)} value={form.numbers[name] ?? ''} numeric maxLength={4} hint={t('pship.usual', { value: usual })}
            onInput={(v) => set({ numbers: { ...form.numbers, [name]: v } })} error={p.errorOf(`/terms/${name}`)} />
        ))}
      </div>
    </fieldset>
  );
}

function NewVersion(p: EditProps & { onDone: () => void }): JSX.Element {
  const [form, setForm] = useState(() => formOf(p.whole));
  const [touched, setTouched] = useState(false);
  const set = (change: Partial<Form>): void => {
    setTouched(true);
    setForm((old) => ({ ...old, ...change }));
  };
  const last = p.whole.agreements[0];
  const errorOf = (field: string): string | null => (p.problem?.field?.startsWith(field) ? p.problem.sentence() : null);
  useGuard(touched);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const body = {
      signed_on: tidyDate(form.signed_on), valid_from: tidyDate(form.valid_from), valid_until: tidyDate(form.valid_until), services: form.services,
      terms: termsOf(form), clauses: cleanClauses(form.clauses),
    };
    if (await p.save('POST', '/agreements', body)) {
      p.onDone();
    }
  };
  return (
    <form onSubmit={submit} noValidate aria-label={t('pship.agreement-new')}>
      <p class="hint">{t('pship.agreement-note')}</p>
      <div class="grid g4">
        <Field label={t('pship.signed-on')} value={form.signed_on} onInput={(v) => set({ signed_on: v })} required maxLength={11} error={errorOf('/signed_on')} />
        <Field label={t('pship.valid-from')} value={form.valid_from} onInput={(v) => set({ valid_from: v })} required maxLength={11} error={errorOf('/valid_from')} />
        <Field label={t('pship.valid-until')} value={form.valid_until} onInput={(v) => set({ valid_until: v })} required maxLength={11} error={errorOf('/valid_until')} />
      </div>
      <KindBoxes legend={t('pship.services')} value={form.services} onChange={(kinds) => set({ services: kinds })} error={errorOf('/services')} />
      <TermsForm form={form} set={set} errorOf={errorOf} />
      <WaitsEditor waits={form.waits} onChange={(waits) => set({ waits })} errorOf={errorOf} />
      <ClausesEditor whole={p.whole} clauses={form.clauses} onChange={(clauses) => set({ clauses })} errorOf={errorOf} />
      <ProblemNotice problem={p.problem} />
      <div class="buttons">
        <button type="submit" class="primary" disabled={p.busy}>{t('pship.agreement-save', { n: (last?.version ?? 0) + 1 })}</button>
        <button type="button" onClick={p.onDone}>{t('app.cancel')}</button>
      </div>
    </form>
  );
}

export function AgreementsCard(p: EditProps): JSX.Element {
  const [open, setOpen] = useState(false);
  return (
    <section class="card" aria-labelledby="pship-agreements">
      <h2 id="pship-agreements">{t('pship.agreements')}</h2>
      {open ? <NewVersion {...p} onDone={() => setOpen(false)} /> : (
        <div class="buttons"><button type="button" onClick={() => {
          p.clear();
          setOpen(true);
        }}>{t('pship.agreement-new')}</button></div>
      )}
      {p.whole.agreements.length === 0 && <p class="empty">{t('pship.no-agreements')}</p>}
      {p.whole.agreements.map((a) => <Version key={a.id} agreement={a} whole={p.whole} />)}
    </section>
  );
}
