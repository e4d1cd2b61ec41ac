/* Names, the three switches, specialties and regions. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { join, nameOf, t } from '../lib/i18n';
import type { Key } from '../lib/dict';
import { SWITCHES, switchWord, type Partnership, type SwitchName } from '../lib/partnership';
import { specialties } from '../lib/session';
import { useStore } from '../lib/store';
import { Check, Field, ProblemNotice, Radios, useGuard } from '../parts/basic';
import { specialtyName } from './worklist';
import type { EditProps } from './partnership';

interface Form {
  name_zh: string;
  name_en: string;
  active: boolean;
  switches: Record<SwitchName, string>; // 'type': as the type has it
  specialties: string[];
  regions: string;
}

function formOf(whole: Partnership): Form {
  const word = (name: SwitchName): string => (whole.overridden.includes(name) ? whole[name] : 'type');
  return {
    name_zh: whole.name_zh, name_en: whole.name_en, active: whole.active,
    switches: { record_scope: word('record_scope'), money: word('money'), governance: word('governance') },
    specialties: whole.specialties, regions: whole.regions.join(', '),
  };
}

function regionsOf(text: string): string[] {
  return text.split(/[\s,，、]+/).filter(Boolean);
}

/* Only what was changed is sent: another editor's work on the rest is not undone. */
function difference(form: Form, before: Form): Record<string, unknown> {
  const body: Record<string, unknown> = {};
  const note = (name: string, now: unknown, then: unknown, sent: unknown = now): void => {
    if (JSON.stringify(now) !== JSON.stringify(then)) {
      body[name] = sent;
    }
  };
  note('name_zh', form.name_zh.trim(), before.name_zh);
  note('name_en', form.name_en.trim(), before.name_en);
  note('active', form.active, before.active);
  for (const { name } of SWITCHES) {
    note(name, form.switches[name], before.switches[name], form.switches[name] === 'type' ? null : form.switches[name]);
  }
  note('specialties', form.specialties, before.specialties);
  note('regions', regionsOf(form.regions), regionsOf(before.regions));
  return body;
}

function SwitchChoice(p: { whole: Partnership; index: number; value: string; onChange: (word: string) => void }): JSX.Element {
  const { name, words } = SWITCHES[p.index]!;
  const usual = words[p.whole.type === 'close' ? 0 : 1];
  return (
    <Radios<string> legend={t(`pship.${name}`)} name={name} value={p.value} onChange={p.onChange} options={[
      { value: 'type', label: t('pship.by-type', { type: t(`type.${p.whole.type}` as Key), word: switchWord(usual) }) },
      ...words.map((w) => ({ value: w as string, label: switchWord(w), hint: t(`pship.${w}-hint` as Key) })),
    ]} />
  );
}

function EditForm(p: EditProps & { onDone: () => void }): JSX.Element {
  const all = useStore(specialties);
  const [before] = useState(() => formOf(p.whole));
  const [form, setForm] = useState(before);
  const set = (change: Partial<Form>): void => setForm((old) => ({ ...old, ...change }));
  const body = difference(form, before);
  const changed = Object.keys(body).length > 0;
  const errorOf = (field: string): string | null => (p.problem?.field?.startsWith(field) ? p.problem.sentence() : null);
  useGuard(changed);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (!changed || (await p.save('PATCH', '', body))) {
      p.onDone();
    }
  };
  return (
    <form onSubmit={submit} noValidate>
      <div class="grid g2">
        <Field label={t('pship.name-zh')} value={form.name_zh} onInput={(v) => set({ name_zh: v })} required maxLength={200} error={errorOf('/name_zh')} />
        <Field label={t('pship.name-en')} value={form.name_en} onInput={(v) => set({ name_en: v })} required maxLength={200} error={errorOf('/name_en')} />
      </div>
      <Check label={t('pship.is-active')} checked={form.active} onChange={(on) => set({ active: on })} hint={t('pship.is-active-hint')} />
      {SWITCHES.map(({ name }, i) => (
        <SwitchChoice key={name} whole={p.whole} index={i} value={form.switches[name]} onChange={(word) => set({ switches: { ...form.switches, [name]: word } })} />
      ))}
      <fieldset>
        <legend>{t('pship.specialties')}</legend>
        <p class="hint">{t('pship.specialties-hint')}</p>
        <div class="radio-row">
          {all.map((s) => (
            <Check key={s.code} label={nameOf(s)} checked={form.specialties.includes(s.code)}
              onChange={(on) => set({ specialties: on ? [...form.specialties, s.code].sort() : form.specialties.filter((c) => c !== s.code) })} />
          ))}
        </div>
        {errorOf('/specialties') && <div class="field-error" role="alert">{errorOf('/specialties')}</div>}
      </fieldset>
      <Field label={t('pship.regions')} value={form.regions} onInput={(v) => set({ regions: v })} error={errorOf('/regions')} />
      <ProblemNotice problem={p.problem} />
      <div class="buttons">
        <button type="submit" class="primary" disabled={p.busy}>{t('pship.save')}</button>
        <button type="button" onClick={p.onDone}>{t('app.cancel')}</button>
      </div>
    </form>
  );
}

export function RulesCard(p: EditProps): JSX.Element {
  const [editing, setEditing] = useState(false);
  const done = (): void => setEditing(false);
  const { whole } = p;
  return (
    <section class="card" aria-labelledby="pship-rules">
      <h2 id="pship-rules">{t('pship.rules')}</h2>
      {editing ? <EditForm {...p} onDone={done} /> : (
        <>
          <dl class="sheet">
            {SWITCHES.map(({ name }) => (
              <div key={name}>
                <dt>{t(`pship.${name}`)}</dt>
                <dd>{switchWord(whole[name])} <span class="hint">{t(`pship.${whole[name]}-hint` as Key)}{!whole.overridden.includes(name) && ` (${t('pship.by-its-type')})`}</span></dd>
              </div>
            ))}
            <div><dt>{t('pship.specialties')}</dt><dd>{join(whole.specialties.map(specialtyName)) || t('pship.all-specialties')}</dd></div>
            <div><dt>{t('pship.regions-label')}</dt><dd>{whole.regions.join(', ') || t('pship.all-regions')}</dd></div>
          </dl>
          <div class="buttons"><button type="button" onClick={() => {
            p.clear();
            setEditing(true);
          }} aria-label={t('app.pair', { name: t('pship.edit'), value: t('pship.rules') })}>{t('pship.edit')}</button></div>
        </>
      )}
    </section>
  );
}
