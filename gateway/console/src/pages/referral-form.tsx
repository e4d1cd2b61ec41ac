/* A referral while it is written: where to, why, what was done already, and the patient's consent. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { asProblem, serverNow, type Problem } from '../lib/api';
import { clock } from '../lib/format';
import { join, nameOf, pick, t, tCode } from '../lib/i18n';
import { act, DONE_KINDS, DOWN_REASONS, save, send, UP_REASONS, type Direction, type Done, type Place, type Referral, type Targets } from '../lib/referral';
import { useResource } from '../lib/resource';
import { go } from '../lib/router';
import type { Patient } from '../lib/types';
import { Check, Field, Notice, ProblemNotice, Radios, Select, useAction, useGuard, useId } from '../parts/basic';
import { Ask, type Question } from '../parts/dialog';
import { DirectionBadge } from '../parts/referral-bits';
import { tidyDate } from '../parts/request-fields';

interface Form {
  direction: Direction;
  urgency: 'routine' | 'urgent';
  to: string;
  department: string;
  place: string;
  reason: string;
  summary: string;
  diagnosis: string;
  codes: string;
  treatment: string;
  wishes: string;
  done: Done[];
  patient: Patient;
  referral: boolean;
  sharing: boolean;
  relation: string;
  who: string;
  method: string;
}

function formOf(r: Referral): Form {
  return {
    direction: r.direction, urgency: r.urgency, to: r.to?.id ?? '', department: r.department?.code ?? '', place: r.place?.id ?? '', reason: r.reason_code ?? '',
    summary: r.summary ?? '', diagnosis: r.diagnosis ?? '', codes: (r.diagnosis_codes ?? []).join(', '), treatment: r.treatment ?? '', wishes: r.wishes ?? '',
    done: r.done, patient: r.patient, referral: r.consent?.referral ?? false, sharing: r.consent?.sharing ?? false, relation: r.consent?.relation ?? 'self',
    who: r.consent?.name ?? '', method: r.consent?.method ?? 'written',
  };
}

const PATIENT = ['name', 'sex', 'birth_date', 'id_type', 'id_number', 'phone'] as const;

function bodyOf(f: Form, own: boolean): unknown {
  const patient = Object.fromEntries(PATIENT.map((k) => [k, f.patient[k] || null]));
  const codes = f.codes.split(/[,，、\s]+/).map((c) => c.toUpperCase()).filter(Boolean);
  const consent = f.referral || f.sharing
    ? { referral: f.referral, sharing: f.sharing, relation: f.relation, method: f.method, text_version: '2026-1', ...(f.relation !== 'self' && f.who.trim() ? { name: f.who.trim() } : {}) } : null;
  return {
    direction: f.direction, urgency: f.urgency, to_organisation: f.to || null, department: f.department || null, place: f.place || null, reason_code: f.reason || null,
    summary: f.summary.trim() || null, diagnosis: f.diagnosis.trim() || null, diagnosis_codes: codes.length > 0 ? codes : null, treatment: f.treatment.trim() || null,
    wishes: f.wishes.trim() || null, done: f.done.filter((d) => d.name.trim()), consent, ...(own ? { patient } : {}),
  };
}

interface PartProps {
  f: Form;
  edit: (change: Partial<Form>) => void;
  errorOf: (pointer: string) => string | null;
}

function WherePart(p: PartProps & { fixed: boolean }): JSX.Element {
  const { f } = p;
  const targets = useResource<Targets>(`/referral-targets?direction=${f.direction}&urgency=${f.urgency}`, ['referral.changed']);
  const list = targets.data?.targets ?? [];
  const target = list.find((x) => x.organisation.id === f.to);
  const places = useResource<{ places: Place[] }>(f.to && f.department ? `/places?organisation=${f.to}&department=${encodeURIComponent(f.department)}` : null, ['referral.changed']);
  return (
    <fieldset class="card">
      <legend>{t('ref.where')}</legend>
      {p.fixed ? <p><DirectionBadge direction={f.direction} /></p> : (
        <Radios legend={t('ref.direction')} name="direction" value={f.direction} onChange={(direction) => p.edit({ direction, to: '', department: '', place: '', reason: '' })}
          options={(['up', 'down'] as const).map((v) => ({ value: v, label: tCode('ref', `direction-${v}`), hint: tCode('ref', `direction-${v}-hint`) }))} />
      )}
      <Radios legend={t('urgency.label')} name="urgency" value={f.urgency} onChange={(urgency) => p.edit({ urgency })}
        options={(['routine', 'urgent'] as const).map((v) => ({ value: v, label: tCode('urgency', v) }))} />
      <ProblemNotice problem={targets.problem} retry={() => void targets.reload()} />
      {targets.data && !targets.data.allowed && <Notice kind="warn">{t('ref.target-none', { direction: tCode('ref', `direction-${f.direction}`), why: pick(targets.data.zh, targets.data.en) })}</Notice>}
      <Select label={t('ref.target')} value={f.to} required error={p.errorOf('/to_organisation')} onChange={(to) => p.edit({ to, department: '', place: '' })}
        options={[{ value: '', label: t('ref.target-choose') }, ...list.map((x) => ({ value: x.organisation.id, label: `${nameOf(x.organisation)} · ${nameOf(x.partnership)}` }))]} />
      <Select label={t('ref.department')} value={f.department} required error={p.errorOf('/department')} onChange={(department) => p.edit({ department, place: '' })} disabled={!target}
        options={[{ value: '', label: t('ref.department-choose') }, ...(target?.departments ?? []).map((d) => ({ value: d.code, label: t('ref.department-free', { name: nameOf(d), n: d.places_free }) }))]} />
      <Select label={t('ref.place')} value={f.place} onChange={(place) => p.edit({ place })} disabled={!f.department} error={p.errorOf('/place')}
        options={[{ value: '', label: t('ref.place-none') }, ...(places.data?.places ?? []).filter((x) => x.reserved && x.state === 'free').map((x) => ({ value: x.id, label: `${x.code} (${tCode('ref', `place-${x.kind}`)})` }))]} />
      <Select label={t('ref.why')} value={f.reason} required error={p.errorOf('/reason_code')} onChange={(reason) => p.edit({ reason })}
        options={[{ value: '', label: t('ref.why-choose') }, ...(f.direction === 'up' ? UP_REASONS : DOWN_REASONS).map((v) => ({ value: v, label: tCode('ref', `why-${v}`) }))]} />
    </fieldset>
  );
}

function DonePart(p: PartProps): JSX.Element {
  const set = (at: number, change: Partial<Done>): void => p.edit({ done: p.f.done.map((d, i) => (i === at ? { ...d, ...change } : d)) });
  return (
    <fieldset class="card">
      <legend>{t('ref.done')}</legend>
      {p.f.done.length === 0 && <p class="hint">{t('ref.done-empty')}</p>}
      <ul class="done-list">
        {p.f.done.map((d, i) => (
          <li key={i} class="done-row">
            <Select label={t('ref.done-kind')} value={d.kind} onChange={(kind) => set(i, { kind })} options={DONE_KINDS.map((v) => ({ value: v, label: tCode('ref', `done-${v}`) }))} />
            <Field label={t('ref.done-name')} value={d.name} maxLength={200} onInput={(name) => set(i, { name })} error={p.errorOf(`/done/${i}/name`)} />
            <Field label={t('ref.done-date')} value={d.date ?? ''} maxLength={10} placeholder="YYYY-MM-DD" onInput={(v) => set(i, { date: tidyDate(v) || null })} error={p.errorOf(`/done/${i}/date`)} />
            <Field label={t('ref.done-result')} value={d.result ?? ''} onInput={(v) => set(i, { result: v || null })} />
            <div class="done-end">
              {d.attachment && <span class="badge">{t('ref.done-file')}</span>}
              <button type="button" class="small ghost" aria-label={t('ref.done-remove', { name: d.name })} onClick={() => p.edit({ done: p.f.done.filter((_, at) => at !== i) })}>✕</button>
            </div>
          </li>
        ))}
      </ul>
      <button type="button" class="small" onClick={() => p.edit({ done: [...p.f.done, { kind: 'lab', name: '' }] })}>{t('ref.done-add')}</button>
    </fieldset>
  );
}

function PatientPart(p: PartProps): JSX.Element {
  const { patient } = p.f;
  const set = (change: Partial<Patient>): void => p.edit({ patient: { ...patient, ...change } });
  return (
    <fieldset class="card">
      <legend>{t('ref.patient')}</legend>
      <div class="grid g2">
        <Field label={t('form.name')} value={patient.name ?? ''} required maxLength={64} onInput={(name) => set({ name })} error={p.errorOf('/patient/name')} />
        <Select label={t('form.sex')} value={patient.sex ?? ''} required onChange={(sex) => set({ sex })} error={p.errorOf('/patient/sex')}
          options={[{ value: '', label: '—' }, ...['male', 'female', 'unknown'].map((v) => ({ value: v, label: tCode('sex', v) }))]} />
        <Field label={t('form.birth')} value={patient.birth_date ?? ''} placeholder="YYYY-MM-DD" maxLength={10} onInput={(v) => set({ birth_date: tidyDate(v) })} error={p.errorOf('/patient/birth_date')} />
        <Field label={t('form.id-number')} value={patient.id_number ?? ''} maxLength={32} onInput={(id_number) => set({ id_number, id_type: id_number ? patient.id_type || 'resident-id' : undefined })} error={p.errorOf('/patient/id_number')} />
        <Field label={t('form.phone')} value={patient.phone ?? ''} type="tel" maxLength={32} onInput={(phone) => set({ phone })} error={p.errorOf('/patient/phone')} />
      </div>
    </fieldset>
  );
}

function ConsentPart(p: PartProps): JSX.Element {
  const { f } = p;
  return (
    <fieldset class="card">
      <legend>{t('form.consents')}</legend>
      <Check label={t('ref.consent-referral')} checked={f.referral} onChange={(referral) => p.edit({ referral })} />
      <Check label={t('ref.consent-sharing')} checked={f.sharing} onChange={(sharing) => p.edit({ sharing })} />
      {p.errorOf('/consent') && <div class="field-error">{p.errorOf('/consent')}</div>}
      <div class="grid g2">
        <Select label={t('consent.relation')} value={f.relation} onChange={(relation) => p.edit({ relation })}
          options={['self', 'guardian', 'relative'].map((v) => ({ value: v, label: tCode('consent', `relation-${v}`) }))} />
        <Select label={t('consent.method')} value={f.method} onChange={(method) => p.edit({ method })}
          options={['written', 'spoken', 'click'].map((v) => ({ value: v, label: tCode('consent', `method-${v}`) }))} />
      </div>
      {f.relation !== 'self' && <Field label={t('consent.name')} value={f.who} maxLength={64} onInput={(who) => p.edit({ who })} />}
    </fieldset>
  );
}

export function ReferralForm(p: { r: Referral; onChanged: (r: Referral) => void; onSent: () => void }): JSX.Element {
  const [f, setForm] = useState<Form>(() => formOf(p.r));
  const [base, setBase] = useState<Referral>(p.r);
  const [dirty, setDirty] = useState(false);
  const [savedMs, setSavedMs] = useState(0);
  const [wrong, setWrong] = useState<Problem | null>(null);
  const [question, setQuestion] = useState<Question | null>(null);
  const action = useAction();
  const status = useId();
  const own = !base.consultation && !base.based_on;
  useGuard(dirty);
  const edit = (change: Partial<Form>): void => {
    setForm((old) => ({ ...old, ...change }));
    setDirty(true);
  };
  const errorOf = (pointer: string): string | null => (wrong?.field === pointer ? wrong.sentence() : null);
  const store = async (): Promise<Referral> => {
    const stored = await save(base, bodyOf(f, own));
    setBase(stored);
    setDirty(false);
    setSavedMs(serverNow());
    return stored;
  };
  const guarded = (work: () => Promise<unknown>): void => {
    setWrong(null);
    void action.run(() => work().catch((error: unknown) => {
      setWrong(asProblem(error));
      throw error;
    }));
  };
  const submit = (e: Event): void => {
    e.preventDefault();
    guarded(async () => {
      await send(await store());
      p.onSent();
    });
  };
  const part = { f, edit, errorOf };
  return (
    <main id="main" class="page request">
      <form onSubmit={submit} noValidate aria-describedby={status}>
        <div class="page-head">
          <h1>{t('ref.number', { number: base.number })}</h1>
          <DirectionBadge direction={f.direction} />
          <span class="hint" role="status" id={status}>{dirty ? t('form.unsaved') : savedMs ? t('form.saved', { time: clock(savedMs) }) : ''}</span>
        </div>
        <div class="request-columns">
          <div>
            {own ? <PatientPart {...part} /> : <section class="card"><h2>{t('ref.patient')}</h2><p>{join([f.patient.name, f.patient.sex && tCode('sex', f.patient.sex), f.patient.birth_date])}</p></section>}
            <fieldset class="card">
              <legend>{t('ref.content')}</legend>
              <Field label={t('ref.diagnosis')} value={f.diagnosis} required rows={2} maxLength={2000} onInput={(diagnosis) => edit({ diagnosis })} error={errorOf('/diagnosis')} />
              <Field label={t('ref.codes')} value={f.codes} maxLength={300} onInput={(codes) => edit({ codes })} error={errorOf('/diagnosis_codes')} />
              <Field label={t('ref.summary')} value={f.summary} required rows={6} maxLength={10000} onInput={(summary) => edit({ summary })} error={errorOf('/summary')} />
              <Field label={t('ref.treatment')} value={f.treatment} rows={3} maxLength={8000} onInput={(treatment) => edit({ treatment })} error={errorOf('/treatment')} />
              <Field label={t('ref.wishes')} value={f.wishes} rows={2} maxLength={2000} onInput={(wishes) => edit({ wishes })} error={errorOf('/wishes')} />
            </fieldset>
            <DonePart {...part} />
          </div>
          <div>
            <WherePart {...part} fixed={Boolean(base.based_on)} />
            <ConsentPart {...part} />
          </div>
        </div>
        <div class="form-end">
          <ProblemNotice problem={action.problem} />
          <div class="buttons">
            <button type="submit" class="primary" disabled={action.busy}>{t('ref.send')}</button>
            <button type="button" disabled={action.busy} onClick={() => guarded(store)}>{t('ref.save')}</button>
            <button type="button" class="ghost" onClick={() => setQuestion({
              title: t('ref.discard'), danger: true, run: async () => {
                await act(base, 'withdraw', { reason_code: 'entered-in-error' });
                setDirty(false);
                go('/referrals');
              },
            })}>{t('ref.discard')}</button>
          </div>
        </div>
      </form>
      {question && <Ask question={question} onClose={() => setQuestion(null)} />}
    </main>
  );
}
