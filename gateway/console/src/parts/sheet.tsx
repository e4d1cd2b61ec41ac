/* The request and the course of a consultation, to read. */
import type { JSX } from 'preact';
import type { Key } from '../lib/dict';
import { fullTime, duration, bytes } from '../lib/format';
import { described, join, nameOf, pick, t, tCode } from '../lib/i18n';
import { ageOf } from '../lib/steps';
import type { Consent, Consultation, HistoryRow, Person, Recording } from '../lib/types';
import { VITALS } from './request-fields';

const TEXTS: [keyof Consultation['request'], Key][] = [
  ['complaint', 'form.complaint'], ['question', 'form.question'], ['present_history', 'form.present'], ['past_history', 'form.past'],
  ['examination', 'form.examination'], ['tests', 'form.tests'], ['initial_diagnosis', 'form.diagnosis'], ['treatment', 'form.treatment'],
];

function vitalsLine(c: Consultation): string {
  const v = c.request.vital_signs;
  if (!v || typeof v !== 'object') {
    return typeof v === 'string' ? v : '';
  }
  const known = VITALS.filter((x) => v[x.key] !== undefined && v[x.key] !== '').map((x) => {
    const [, name, unit] = /^(.*?)\s*\((.*)\)$/.exec(t(x.label)) ?? ['', t(x.label), ''];
    return `${name} ${v[x.key]} ${unit}`;
  });
  return join(known);
}

export function PatientSheet(p: { c: Consultation }): JSX.Element {
  const { patient } = p.c;
  const rows: [Key, string | undefined][] = [
    ['form.birth', patient.birth_date], ['form.id-number', patient.id_number_masked && join([patient.id_type && t(idKey(patient.id_type)), patient.id_number_masked])],
    ['form.phone', patient.phone], ['form.record-no', patient.record_no], ['form.pregnancy', patient.pregnancy],
  ];
  return (
    <div class="patient">
      <div class="patient-name">{patient.name || t('case.no-name')} <span>{described([tCode('sex', patient.sex), ageOf(patient)])}</span></div>
      <div class={patient.allergy ? 'allergy yes' : 'allergy'}>{t('app.pair', { name: t('form.allergy'), value: patient.allergy || t('case.not-set') })}</div>
      <dl class="inline">{rows.filter(([, v]) => v).map(([k, v]) => <div key={k}><dt>{t(k)}</dt><dd>{v}</dd></div>)}</dl>
    </div>
  );
}

function idKey(type: string): Key {
  const keys: Record<string, Key> = { 'resident-id': 'id.resident', passport: 'id.passport', 'hk-macao-permit': 'id.hk-macao' };
  return keys[type] ?? 'id.other';
}

export function RequestSheet(p: { c: Consultation }): JSX.Element {
  const vitals = vitalsLine(p.c);
  return (
    <dl class="sheet">
      {TEXTS.slice(0, 2).map(([k, label]) => p.c.request[k] ? <div key={k} class="lead"><dt>{t(label)}</dt><dd>{p.c.request[k] as string}</dd></div> : null)}
      {vitals && <div><dt>{t('form.vitals')}</dt><dd>{vitals}</dd></div>}
      {TEXTS.slice(2).map(([k, label]) => p.c.request[k] ? <div key={k}><dt>{t(label)}</dt><dd>{p.c.request[k] as string}</dd></div> : null)}
    </dl>
  );
}

export function personLine(x: Person): string {
  return `${nameOf(x)} ${tCode('title', x.title)} · ${nameOf(x.organisation)}`;
}

export function PartiesSheet(p: { c: Consultation }): JSX.Element {
  const { c } = p;
  return (
    <dl class="sheet tight">
      <div><dt>{t('case.requester')}</dt><dd>{personLine(c.requester)} <span class="hint">{tCode('level', c.requester.organisation?.level)}</span></dd></div>
      {c.consultant && <div><dt>{t('case.consultant')}</dt><dd>{personLine(c.consultant)}</dd></div>}
      {c.partnership && <div><dt>{t('case.partnership')}</dt><dd>{nameOf(c.partnership)} <span class="hint">{join([tCode('mode', c.partnership.mode), tCode('type', c.partnership.type), c.partnership.agreement_version !== undefined && t('case.agreement', { version: c.partnership.agreement_version })])}</span></dd></div>}
    </dl>
  );
}

/* The latest word per scope and party counts. */
export function latestConsents(consents: Consent[]): Consent[] {
  const latest = new Map<string, Consent>();
  for (const c of consents) {
    const key = `${c.scope}/${c.party}`;
    const old = latest.get(key);
    if (!old || c.at_ms >= old.at_ms) {
      latest.set(key, c);
    }
  }
  return [...latest.values()];
}

export function ConsentsSheet(p: { c: Consultation }): JSX.Element {
  const rows = latestConsents(p.c.consents);
  if (rows.length === 0) {
    return <p class="hint">{t('consent.refused')}</p>;
  }
  return (
    <ul class="consents">
      {rows.map((x) => (
        <li key={`${x.scope}${x.party}`}>
          <span class={x.given ? 'badge good' : 'badge'}>{t(x.given ? 'consent.given' : 'consent.refused')}</span>
          {scopeName(x.scope)} ({x.party === 'consultant' ? t('consent.party-consultant') : t('consent.party-patient')})
          <span class="hint"> {join([x.who?.relation && x.party === 'patient' && relationName(x.who.relation), x.who?.name, x.who?.method && methodName(x.who.method)])} <time>{fullTime(x.at_ms)}</time></span>
        </li>
      ))}
    </ul>
  );
}

const scopeName = (s: string): string => (['consultation', 'imaging', 'recording', 'teaching'].includes(s) ? t(`consent.scope-${s}` as Key) : s);
const relationName = (s: string): string => (['self', 'guardian', 'relative'].includes(s) ? t(`consent.relation-${s}` as Key) : s);
const methodName = (s: string): string => (['written', 'spoken', 'click'].includes(s) ? t(`consent.method-${s}` as Key) : s);

/* The same thing done again and again by the same person (a draft that saves itself) is one line. */
export function condense(rows: HistoryRow[]): (HistoryRow & { times: number })[] {
  const out: (HistoryRow & { times: number })[] = [];
  for (const row of rows) {
    const last = out[out.length - 1];
    const still = (row.from_state ?? null) === (row.to_state ?? null);
    if (last && still && last.action === row.action && last.actor_zh === row.actor_zh && last.to_state === row.to_state && last.reason_code === row.reason_code) {
      last.times += 1;
      last.at_ms = row.at_ms;
    } else {
      out.push({ ...row, times: 1 });
    }
  }
  return out;
}

export function historyWords(h: HistoryRow): string {
  return h.to_state && h.to_state !== h.from_state ? tCode('state', h.to_state) : tCode('event', h.action.replace(/^consultation\./, ''));
}

export function HistorySheet(p: { c: Consultation }): JSX.Element {
  return (
    <ol class="history">
      {condense(p.c.history ?? []).map((h, i) => (
        <li key={i}>
          <time class="mono">{fullTime(h.at_ms)}</time>
          <span>{h.times > 1 ? t('event.times', { what: historyWords(h), n: h.times }) : historyWords(h)}</span>
          <span class="hint">{pick(h.actor_zh ?? undefined, h.actor_en ?? undefined) || t('case.system')}{h.reason_code ? ` · ${tCode('reason', h.reason_code)}` : ''}</span>
        </li>
      ))}
    </ol>
  );
}

export function RecordingsSheet(p: { recordings: Recording[] }): JSX.Element {
  return (
    <div>
      {p.recordings.map((r) => (
        <div key={r.id} class="recording">
          {r.state !== 'recording' && r.state !== 'failed' && (
            <video controls preload="none" aria-label={t('rec.play', { n: r.part })} poster={`/api/v1/recordings/${r.id}/poster`} src={`/api/v1/recordings/${r.id}/content`} />
          )}
          <div class="hint">
            {t('rec.part', { n: r.part })} · {['recording', 'complete', 'recovered', 'failed'].includes(r.state) ? t(`rec.state-${r.state}` as Key) : r.state} · {fullTime(r.started_ms)}
            {r.duration_ms ? ` · ${duration(r.duration_ms)}` : ''}{r.bytes ? ` · ${bytes(r.bytes)}` : ''}{r.gaps?.length ? ` · ${t('rec.gaps', { n: r.gaps.length })}` : ''}
          </div>
          {r.sha256 && <div class="mono break hint">SHA-256 {r.sha256}</div>}
        </div>
      ))}
      <p class="hint">{t('rec.audited')}</p>
    </div>
  );
}
