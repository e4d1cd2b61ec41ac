/* How long each wait may be under an agreement: in words, and while it is being written. */
import type { JSX } from 'preact';
import { duration } from '../lib/format';
import { join, t, tCode } from '../lib/i18n';
import { URGENCIES, WAITS, type Terms } from '../lib/partnership';
import type { Urgency } from '../lib/types';
import { Field, Select } from '../parts/basic';

export type Waits = Record<string, Record<string, string>>; // minutes as they are typed; '' = as usual

export function waitsOf(timers: Terms['timers']): Waits {
  return Object.fromEntries(Object.entries(timers ?? {}).map(([name, of]) => [name, Object.fromEntries(Object.entries(of).map(([urgency, s]) => [urgency, String(s / 60)]))]));
}

/* What is no number is sent as it is, and refused with its field. */
export function timersOf(waits: Waits): Record<string, Record<string, unknown>> {
  const seconds = (text: string): unknown => (/^\d+([.]\d+)?$/.test(text) ? Math.round(Number(text) * 60) : text);
  const timers = Object.entries(waits).map(([name, of]): [string, Record<string, unknown>] => [name,
    Object.fromEntries(Object.entries(of).filter(([, text]) => text.trim()).map(([urgency, text]) => [urgency, seconds(text.trim())]))]);
  return Object.fromEntries(timers.filter(([, of]) => Object.keys(of).length > 0));
}

export function waitWords(of: Record<string, number>): string {
  return join(URGENCIES.filter((u) => of[u] !== undefined).map((u) => `${t(`urgency.${u}`)} ${duration(of[u]! * 1000)}`));
}

export function WaitsEditor(p: { waits: Waits; onChange: (waits: Waits) => void; errorOf: (field: string) => string | null }): JSX.Element {
  const remove = (name: string): void => p.onChange(Object.fromEntries(Object.entries(p.waits).filter(([n]) => n !== name)));
  return (
    <fieldset>
      <legend>{t('pship.waits')}</legend>
      {Object.keys(p.waits).length === 0 && <p class="hint">{t('pship.waits-usual')}</p>}
      {Object.entries(p.waits).map(([name, of]) => {
        const wait = tCode('pship.wait', name);
        const usual = (urgency: Urgency): number => WAITS.find((w) => w.name === name)?.usual[URGENCIES.indexOf(urgency)] ?? 0;
        return (
          <div key={name} class="grid g4">
            {URGENCIES.filter((u) => usual(u) || of[u] !== undefined).map((urgency) => (
              <Field key={urgency} label={t('pship.wait-of', { wait, urgency: t(`urgency.${urgency}`) })} value={of[urgency] ?? ''} numeric maxLength={8}
                hint={usual(urgency) ? t('pship.usual', { value: duration(usual(urgency) * 1000) }) : undefined} error={p.errorOf(`/terms/timers/${name}/${urgency}`)}
                onInput={(v) => p.onChange({ ...p.waits, [name]: { ...of, [urgency]: v } })} />
            ))}
            <div class="buttons"><button type="button" class="small" onClick={() => remove(name)}>{t('pship.wait-remove', { wait })}</button></div>
          </div>
        );
      })}
      <Select label={t('pship.wait-add')} value="" onChange={(name) => name && p.onChange({ ...p.waits, [name]: {} })}
        options={[{ value: '', label: t('pship.wait-choose') }, ...WAITS.filter((w) => !p.waits[w.name]).map((w) => ({ value: w.name, label: tCode('pship.wait', w.name) }))]} />
    </fieldset>
  );
}
