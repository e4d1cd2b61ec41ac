/* The clauses of an agreement that is being written. */
import type { JSX } from 'preact';
import { nameOf, t, tCode } from '../lib/i18n';
import { CLAUSE_ACTS, KINDS, type Clause, type Partnership } from '../lib/partnership';
import { Check, Field, Select } from '../parts/basic';

/* As it is sent: kinds only where they mean something, no blank translation. */
export function cleanClauses(clauses: Clause[]): Clause[] {
  return clauses.map((c) => ({
    number: c.number.trim(), member: c.member, act: c.act, text_zh: c.text_zh.trim(),
    ...(c.act === 'consult' && c.kinds?.length ? { kinds: c.kinds } : {}), ...(c.text_en?.trim() ? { text_en: c.text_en.trim() } : {}),
  }));
}

/* The number after the last one: 3.2 -> 3.3, 4 -> 5. */
function nextNumber(clauses: Clause[]): string {
  const last = clauses[clauses.length - 1]?.number ?? '0';
  const parts = /^(.*?)(\d+)$/.exec(last);
  return parts ? `${parts[1]}${Number(parts[2]) + 1}` : '';
}

function ClauseFields(p: { whole: Partnership; clause: Clause; onChange: (change: Partial<Clause>) => void; onRemove: () => void; errorOf: (member: string) => string | null }): JSX.Element {
  const { clause: c } = p;
  return (
    <fieldset class="card">
      <legend>{t('pship.clause', { number: c.number })}</legend>
      <div class="grid g4">
        <Field label={t('pship.clause-number')} value={c.number} onInput={(v) => p.onChange({ number: v })} required maxLength={16} error={p.errorOf('/number')} />
        <Select label={t('pship.clause-act')} value={c.act ?? ''} onChange={(v) => p.onChange({ act: v || null })} error={p.errorOf('/act')}
          options={[{ value: '', label: t('pship.act.none') }, ...CLAUSE_ACTS.map((a) => ({ value: a as string, label: tCode('pship.act', a) }))]} />
        <Select label={t('pship.clause-member')} value={c.member ?? ''} onChange={(v) => p.onChange({ member: v || null })} error={p.errorOf('/member')}
          options={[{ value: '', label: t('pship.all-members') }, ...p.whole.members.map((m) => ({ value: m.code, label: nameOf(m) }))]} />
      </div>
      {c.act === 'consult' && (
        <fieldset>
          <legend>{t('pship.clause-kinds')}</legend>
          <div class="grid g4">
            {KINDS.map((k) => <Check key={k} label={t(`pship.kind.${k}`)} checked={c.kinds?.includes(k) ?? false}
              onChange={(on) => p.onChange({ kinds: KINDS.filter((x) => (x === k ? on : c.kinds?.includes(x))) })} />)}
          </div>
          {p.errorOf('/kinds') && <div class="field-error" role="alert">{p.errorOf('/kinds')}</div>}
        </fieldset>
      )}
      <div class="grid g2">
        <Field label={t('pship.clause-zh')} value={c.text_zh} onInput={(v) => p.onChange({ text_zh: v })} rows={2} required maxLength={1000} error={p.errorOf('/text_zh')} />
        <Field label={t('pship.clause-en')} value={c.text_en ?? ''} onInput={(v) => p.onChange({ text_en: v })} rows={2} maxLength={1000} error={p.errorOf('/text_en')} />
      </div>
      <div class="buttons"><button type="button" class="small danger" onClick={p.onRemove}>{t('pship.clause-remove', { number: c.number })}</button></div>
    </fieldset>
  );
}

export function ClausesEditor(p: { whole: Partnership; clauses: Clause[]; onChange: (clauses: Clause[]) => void; errorOf: (field: string) => string | null }): JSX.Element {
  const change = (index: number, by: Partial<Clause>): void => p.onChange(p.clauses.map((c, i) => (i === index ? { ...c, ...by } : c)));
  return (
    <fieldset>
      <legend>{t('pship.clauses')}</legend>
      {p.clauses.length === 0 && <p class="empty">{t('pship.no-clauses')}</p>}
      {p.clauses.map((c, i) => (
        <ClauseFields key={i} whole={p.whole} clause={c} onChange={(by) => change(i, by)} onRemove={() => p.onChange(p.clauses.filter((_, x) => x !== i))}
          errorOf={(member) => p.errorOf(`/clauses/${i}${member}`)} />
      ))}
      <button type="button" onClick={() => p.onChange([...p.clauses, { number: nextNumber(p.clauses), member: null, act: null, text_zh: '' }])}>{t('pship.clause-add')}</button>
    </fieldset>
  );
}
