/* The fields of a request. `edit` merges into the form; errors come from the gateway, by JSON pointer. */
import type { JSX } from 'preact';
import { age } from '../lib/format';
import { nameOf, t, useLanguage } from '../lib/i18n';
import type { Key } from '../lib/dict';
import type { Form } from '../lib/draft';
import { SCOPES } from '../lib/draft';
import { useResource } from '../lib/resource';
import { specialties } from '../lib/session';
import { useStore } from '../lib/store';
import { join, pick } from '../lib/i18n';
import type { Kind, Patient, Reach, Request, Urgency } from '../lib/types';
import { Check, Field, Notice, ProblemNotice, Radios, Select } from './basic';
import { PresenceWords } from './duty-presence';

export interface PartProps {
  form: Form;
  edit: (change: Partial<Form>) => void;
  errorOf: (pointer: string) => string | null;
}

const SEXES = ['male', 'female', 'unknown'] as const;
const ID_TYPES = [['resident-id', 'id.resident'], ['passport', 'id.passport'], ['hk-macao-permit', 'id.hk-macao'], ['other', 'id.other'], ['none', 'id.none']] as const;

export const VITALS: { key: string; label: Key; min: number; max: number }[] = [
  { key: 'temperature_c', label: 'vital.temperature', min: 25, max: 45 },
  { key: 'pulse_per_min', label: 'vital.pulse', min: 0, max: 300 },
  { key: 'respiration_per_min', label: 'vital.respiration', min: 0, max: 120 },
  { key: 'systolic_mmhg', label: 'vital.systolic', min: 0, max: 350 },
  { key: 'diastolic_mmhg', label: 'vital.diastolic', min: 0, max: 250 },
  { key: 'spo2_percent', label: 'vital.spo2', min: 0, max: 100 },
  { key: 'glucose_mmol_l', label: 'vital.glucose', min: 0, max: 80 },
  { key: 'weight_kg', label: 'vital.weight', min: 0.2, max: 400 },
];

export function vitalProblem(key: string, text: string | undefined): string | null {
  const vital = VITALS.find((v) => v.key === key);
  if (!vital || !text || text.trim() === '') {
    return null;
  }
  const n = Number(text.replace(',', '.'));
  return Number.isFinite(n) && n >= vital.min && n <= vital.max ? null
    : t('vital.range', { name: t(vital.label), value: text, min: vital.min, max: vital.max });
}

/* GB 11643: 17 digits and a check character. */
export function residentIdValid(id: string): boolean {
  if (!/^\d{17}[\dXx]$/.test(id)) {
    return false;
  }
  const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
  const sum = weights.reduce((s, w, i) => s + w * Number(id[i]), 0);
  return '10X98765432'[sum % 11] === id[17]?.toUpperCase();
}

/* 19500312 or 1950/3/12 -> 1950-03-12, when it is complete. */
export function tidyDate(text: string): string {
  const plain = /^(\d{4})(\d\d)(\d\d)$/.exec(text.trim());
  const parts = plain ?? /^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?$/.exec(text.trim());
  return parts ? `${parts[1]}-${(parts[2] ?? '').padStart(2, '0')}-${(parts[3] ?? '').padStart(2, '0')}` : text;
}

export function PatientPart(p: PartProps): JSX.Element {
  const { patient } = p.form;
  const set = (change: Partial<Patient>): void => p.edit({ patient: { ...patient, ...change } });
  const setId = (id_number: string): void => {
    const change: Partial<Patient> = { id_number };
    if (patient.id_type === 'resident-id' && residentIdValid(id_number)) {
      change.birth_date = patient.birth_date || `${id_number.slice(6, 10)}-${id_number.slice(10, 12)}-${id_number.slice(12, 14)}`;
      change.sex = patient.sex || (Number(id_number[16]) % 2 ? 'male' : 'female');
    }
    set(change);
  };
  const idOdd = patient.id_type === 'resident-id' && (patient.id_number?.length ?? 0) >= 18 && !residentIdValid(patient.id_number ?? '');
  return (
    <fieldset class="card">
      <legend>{t('form.patient')}</legend>
      <div class="grid g4">
        <Field label={t('form.name')} value={patient.name ?? ''} onInput={(name) => set({ name })} required maxLength={100} error={p.errorOf('/patient/name')} />
        <Select label={t('form.sex')} value={patient.sex ?? ''} required onChange={(sex) => set({ sex })} error={p.errorOf('/patient/sex')}
          options={[{ value: '', label: t('form.choose') }, ...SEXES.map((s) => ({ value: s, label: t(`sex.${s}`) }))]} />
        <Field label={t('form.birth')} value={patient.birth_date ?? ''} onInput={(v) => set({ birth_date: tidyDate(v) })} required placeholder="YYYY-MM-DD"
          maxLength={11} hint={age(patient.birth_date) || null} error={p.errorOf('/patient/birth_date')} />
        <Field label={t('form.record-no')} value={patient.record_no ?? ''} onInput={(record_no) => set({ record_no })} maxLength={64} error={p.errorOf('/patient/record_no')} />
        <Select label={t('form.id-type')} value={patient.id_type ?? 'resident-id'} onChange={(id_type) => set({ id_type })} error={p.errorOf('/patient/id_type')}
          options={ID_TYPES.map(([value, key]) => ({ value, label: t(key) }))} />
        <Field label={t('form.id-number')} value={patient.id_number ?? ''} onInput={setId} maxLength={32} disabled={patient.id_type === 'none'}
          hint={patient.id_number_masked ? t('form.id-kept', { masked: patient.id_number_masked }) : null}
          error={p.errorOf('/patient/id_number') ?? (idOdd ? t('form.id-check') : null)} />
        <Field label={t('form.phone')} value={patient.phone ?? ''} onInput={(phone) => set({ phone })} type="tel" maxLength={32} error={p.errorOf('/patient/phone')} />
        <Field label={t('form.allergy')} value={patient.allergy ?? ''} onInput={(allergy) => set({ allergy })} maxLength={500} error={p.errorOf('/patient/allergy')} />
      </div>
    </fieldset>
  );
}

const TEXTS: { key: keyof Request; label: Key; rows: number; required?: boolean; wide?: boolean }[] = [
  { key: 'complaint', label: 'form.complaint', rows: 2, required: true },
  { key: 'question', label: 'form.question', rows: 2, required: true },
  { key: 'present_history', label: 'form.present', rows: 3 },
  { key: 'past_history', label: 'form.past', rows: 3 },
  { key: 'examination', label: 'form.examination', rows: 2 },
  { key: 'tests', label: 'form.tests', rows: 2 },
  { key: 'initial_diagnosis', label: 'form.diagnosis', rows: 2 },
  { key: 'treatment', label: 'form.treatment', rows: 2 },
];

export function RequestPart(p: PartProps): JSX.Element {
  const { request, vitals } = p.form;
  const text = (key: keyof Request): string => (typeof request[key] === 'string' ? (request[key] as string) : '');
  return (
    <fieldset class="card">
      <legend>{t('form.case')}</legend>
      <div class="grid g2">
        {TEXTS.slice(0, 2).map((f) => <Field key={f.key} label={t(f.label)} value={text(f.key)} rows={f.rows} required={f.required}
          onInput={(v) => p.edit({ request: { ...request, [f.key]: v } })} error={p.errorOf(`/request/${f.key}`)} />)}
      </div>
      <div class="grid g4 vitals" role="group" aria-label={t('form.vitals')}>
        {VITALS.map((v) => <Field key={v.key} label={t(v.label)} value={vitals[v.key] ?? ''} numeric maxLength={7}
          onInput={(x) => p.edit({ vitals: { ...vitals, [v.key]: x } })}
          error={vitalProblem(v.key, vitals[v.key]) ?? p.errorOf(`/request/vital_signs/${v.key}`)} />)}
      </div>
      <div class="grid g2">
        {TEXTS.slice(2).map((f) => <Field key={f.key} label={t(f.label)} value={text(f.key)} rows={f.rows}
          onInput={(v) => p.edit({ request: { ...request, [f.key]: v } })} error={p.errorOf(`/request/${f.key}`)} />)}
      </div>
    </fieldset>
  );
}

export function reachPath(specialty: string, kind: Kind, urgency: Urgency): string | null {
  return specialty ? `/reach?specialty=${encodeURIComponent(specialty)}&kind=${kind}&urgency=${urgency}` : null;
}

/* Whom it will reach, in words, before it is sent. */
export function ReachWords(p: { specialty: string; kind: Kind; urgency: Urgency; target?: string }): JSX.Element | null {
  useLanguage();
  const reach = useResource<Reach>(reachPath(p.specialty, p.kind, p.urgency), ['queue.changed']);
  if (!p.specialty) {
    return null;
  }
  if (!reach.data) {
    return reach.problem ? <ProblemNotice problem={reach.problem} retry={() => void reach.reload()} /> : <p class="hint" role="status">{t('reach.checking')}</p>;
  }
  const { allowed, routes = [], zh, en } = reach.data;
  if (!allowed) {
    return <Notice kind="error">{t('reach.refused', { why: pick(zh, en) })}</Notice>;
  }
  const orgs = routes.flatMap((r) => r.organisations).filter((o) => !p.target || o.id === p.target);
  const onDuty = orgs.reduce((n, o) => n + o.on_duty, 0);
  return (
    <Notice kind={onDuty > 0 ? 'good' : 'warn'}>
      {routes.map((r) => (
        <div key={r.partnership.id}>
          {t('reach.route', {
            orgs: join(r.organisations.map((o) => (o.on_duty > 0 ? t('reach.org', { name: nameOf(o), n: o.on_duty }) : t('reach.org-none', { name: nameOf(o) })))),
            partnership: nameOf(r.partnership), version: r.agreement_version,
          })}
        </div>
      ))}
      {onDuty === 0 && <div>{t('reach.nobody')}</div>}
    </Notice>
  );
}

const MODALITIES = ['imaging', 'ecg', 'pathology', 'ultrasound'] as const;

function KindPart(p: PartProps): JSX.Element {
  const { form } = p;
  return (
    <>
      <Radios<Kind> legend={t('kind.label')} name="kind" value={form.kind} onChange={(kind) => p.edit({ kind })}
        options={(['live', 'read', 'mdt'] as const).map((k) => ({ value: k, label: t(`kind.${k}`), hint: t(`kind.${k}-hint`) }))} />
      {form.kind === 'read' && <Select label={t('modality.label')} value={form.request.modality ?? ''} required error={p.errorOf('/request/modality')}
        onChange={(modality) => p.edit({ request: { ...form.request, modality } })}
        options={[{ value: '', label: t('form.choose') }, ...MODALITIES.map((m) => ({ value: m, label: t(`modality.${m}`) }))]} />}
    </>
  );
}

/* One institution alone, of those that the rules allow. */
function InstitutionPart(p: PartProps): JSX.Element | null {
  useLanguage();
  const reach = useResource<Reach>(reachPath(p.form.specialty, p.form.kind, p.form.urgency));
  const orgs = new Map((reach.data?.routes ?? []).flatMap((r) => r.organisations.map((o) => [o.id, o] as const)));
  if (orgs.size < 2 && !p.form.target) {
    return null;
  }
  return <Select label={t('target.organisation')} value={p.form.target} onChange={(target) => p.edit({ target })} error={p.errorOf('/target_organisation')}
    options={[{ value: '', label: t('target.any-organisation') }, ...[...orgs.values()].map((o) => ({ value: o.id, label: nameOf(o) }))]} />;
}

export function WherePart(p: PartProps): JSX.Element {
  const list = useStore(specialties);
  return (
    <fieldset class="card">
      <legend>{t('form.where')}</legend>
      <KindPart {...p} />
      <Select label={t('form.specialty')} value={p.form.specialty} required onChange={(specialty) => p.edit({ specialty })} error={p.errorOf('/specialty')}
        options={[{ value: '', label: t('form.choose') }, ...list.map((s) => ({ value: s.code, label: nameOf(s) }))]} />
      <ReachWords specialty={p.form.specialty} kind={p.form.kind} urgency={p.form.urgency} target={p.form.target} />
      <PresenceWords specialty={p.form.specialty} />
      <InstitutionPart {...p} />
      <Radios<Urgency> legend={t('urgency.label')} name="urgency" value={p.form.urgency} onChange={(urgency) => p.edit({ urgency })}
        options={(['routine', 'urgent', 'stat'] as const).map((u) => ({ value: u, label: t(`urgency.${u}`), hint: t(`urgency.${u}-hint`) }))} />
    </fieldset>
  );
}

export function ConsentPart(p: PartProps): JSX.Element {
  const { form } = p;
  return (
    <fieldset class="card">
      <legend>{t('form.consents')}</legend>
      {SCOPES.map((scope) => <Check key={scope} label={t(`consent.${scope}`)} hint={t(`consent.${scope}-text`)} checked={form.consents[scope]}
        onChange={(on) => p.edit({ consents: { ...form.consents, [scope]: on } })} />)}
      <div class="grid g2">
        <Select label={t('consent.relation')} value={form.relation} onChange={(relation) => p.edit({ relation })}
          options={(['self', 'guardian', 'relative'] as const).map((r) => ({ value: r, label: t(`consent.relation-${r}`) }))} />
        <Select label={t('consent.method')} value={form.method} onChange={(method) => p.edit({ method })}
          options={(['written', 'spoken', 'click'] as const).map((m) => ({ value: m, label: t(`consent.method-${m}`) }))} />
        {form.relation !== 'self' && <Field label={t('consent.name')} value={form.consentName} onInput={(consentName) => p.edit({ consentName })} required maxLength={100} error={p.errorOf('/name')} />}
      </div>
    </fieldset>
  );
}
