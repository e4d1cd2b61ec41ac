/* The stat call: four fields and Enter. The rest is filled in on the page of the case, while it rings. */
import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { post, randomKey } from '../lib/api';
import { Draft } from '../lib/draft';
import { clock } from '../lib/format';
import { join, nameOf, t } from '../lib/i18n';
import { go } from '../lib/router';
import { askForNotifications, unlockSound } from '../lib/ring';
import { specialties } from '../lib/session';
import { useShortcuts } from '../lib/shortcuts';
import { Store, useStore } from '../lib/store';
import type { Consultation, Session } from '../lib/types';
import { ConflictNotice, Field, Notice, ProblemNotice, Radios, Select, useAction, useGuard } from './basic';
import { Dialog } from './dialog';
import { ConsentPart, PatientPart, RequestPart } from './request-fields';

type Sex = 'male' | 'female' | 'unknown';
const lastKey = (account: string): string => `console.stat-specialty.${account}`;

function lastSpecialty(account: string): string {
  try {
    return localStorage.getItem(lastKey(account)) ?? '';
  } catch {
    return '';
  }
}
export function rememberSpecialty(account: string, code: string): void {
  try {
    localStorage.setItem(lastKey(account), code);
  } catch {
    // private mode: chosen anew next time
  }
}

function StatDialog(p: { session: Session; onClose: () => void }): JSX.Element {
  const account = p.session.account.id;
  const list = useStore(specialties);
  const [sex, setSex] = useState<Sex | ''>('');
  const [age, setAge] = useState('');
  const [complaint, setComplaint] = useState('');
  const [specialty, setSpecialty] = useState(() => lastSpecialty(account));
  const [need, setNeed] = useState(false);
  const key = useRef(randomKey());
  const action = useAction();
  const chosen = list.some((s) => s.code === specialty) ? specialty : '';
  const incomplete = sex === '' || complaint.trim() === '' || chosen === '';
  const submit = async (e: Event): Promise<void> => {
    e.preventDefault();
    unlockSound();
    askForNotifications();
    setNeed(incomplete);
    if (incomplete) {
      return;
    }
    const patient = age.trim() ? { sex, age: age.trim() } : { sex };
    if (await action.run(async () => {
      const made = await post<Consultation>('/stat', { specialty: chosen, patient, request: { complaint: complaint.trim() } }, { idempotencyKey: key.current });
      rememberSpecialty(account, chosen);
      go(`/c/${made.id}`);
    })) {
      p.onClose();
    } else {
      key.current = randomKey();
    }
  };
  return (
    <Dialog title={t('stat.title')} onClose={p.onClose}>
      <form class="stat-form" onSubmit={submit} noValidate>
        <p>{t('stat.lead')}</p>
        <Radios<Sex> legend={t('form.sex')} name="sex" value={sex} onChange={setSex} options={(['male', 'female', 'unknown'] as const).map((v) => ({ value: v, label: t(`sex.${v}`) }))} />
        <div class="grid g2">
          <Field label={t('stat.age')} value={age} onInput={setAge} maxLength={16} hint={t('stat.age-hint')} />
          <Select label={t('form.specialty')} value={chosen} onChange={setSpecialty} required options={[{ value: '', label: t('form.choose') }, ...list.map((s) => ({ value: s.code, label: nameOf(s) }))]} />
        </div>
        <Field label={t('form.complaint')} value={complaint} onInput={setComplaint} required maxLength={500} />
        {need && incomplete && <Notice kind="error">{t('stat.need')}</Notice>}
        <ProblemNotice problem={action.problem} />
        <div class="buttons end">
          <button type="button" onClick={p.onClose}>{t('app.cancel')}</button>
          <button type="submit" class="stat big" disabled={action.busy}>{t('stat.send')}</button>
        </div>
      </form>
    </Dialog>
  );
}

const statOpen = new Store(false);

/* In the header of whoever may ask for help, on every page. */
export function StatButton(): JSX.Element {
  return <button type="button" class="stat" aria-haspopup="dialog" onClick={() => statOpen.set(true)}>{t('stat.button')}</button>;
}

/* Its dialog, outside the header, and its key. */
export function StatCall(p: { session: Session }): JSX.Element | null {
  useShortcuts([{ key: '!', words: t('keys.stat'), run: () => statOpen.set(true) }]);
  return useStore(statOpen) ? <StatDialog session={p.session} onClose={() => statOpen.set(false)} /> : null;
}

function lacking(c: Consultation): string[] {
  const given = (scope: string): boolean => c.consents.some((x) => x.scope === scope && x.party === 'patient' && x.given);
  return [
    !c.patient.name && t('form.name'), !c.patient.birth_date && t('form.birth'), !c.request.question && t('form.question'),
    !given('consultation') && t('consent.consultation'), !given('imaging') && t('consent.imaging'),
  ].filter((x): x is string => Boolean(x));
}

/* What a stat call left out, saved as it is typed. */
export function FillIn(p: { c: Consultation; onSaved: () => void }): JSX.Element {
  const [open, setOpen] = useState(false);
  const missing = lacking(p.c);
  return (
    <section class="card fill-in" aria-labelledby="fill-title">
      <h2 id="fill-title">{t('stat.fill-title')}</h2>
      {missing.length > 0 && <p>{t('stat.lacking', { fields: join(missing) })}</p>}
      <button type="button" class={open ? '' : 'primary big'} aria-expanded={open} onClick={() => setOpen(!open)}>{t(open ? 'stat.fill-hide' : 'stat.fill')}</button>
      {open && <FillForm c={p.c} onSaved={p.onSaved} />}
    </section>
  );
}

function FillForm(p: { c: Consultation; onSaved: () => void }): JSX.Element {
  const draft = useMemo(() => new Draft(p.c, () => undefined), []);
  useEffect(() => () => draft.close(), [draft]);
  const { form, saving, savedMs, dirty, problem, conflict } = useStore(draft.state);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => box.current?.querySelector('input')?.focus(), []);
  useEffect(() => {
    if (savedMs) {
      p.onSaved();
    }
  }, [savedMs]);
  useGuard(dirty);
  const part = { form, edit: (change: Parameters<Draft['edit']>[0]) => draft.edit(change), errorOf: (pointer: string) => (problem?.field === pointer ? problem.sentence() : null) };
  return (
    <div ref={box}>
      <p class="hint">{t('stat.fill-hint')} <span role="status">{saving ? t('form.saving') : dirty ? t('form.unsaved') : savedMs ? t('form.saved', { time: clock(savedMs) }) : ''}</span></p>
      <PatientPart {...part} />
      <RequestPart {...part} />
      <ConsentPart {...part} />
      {conflict && <ConflictNotice text={t('form.conflict')} resolve={(mine) => draft.resolve(mine)} />}
      <ProblemNotice problem={conflict ? null : problem} retry={() => void draft.save().catch(() => undefined)} />
    </div>
  );
}
