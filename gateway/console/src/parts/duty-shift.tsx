/* The form that adds a shift: who, what kind, for which specialty and partnership, when. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { post, serverNow } from '../lib/api';
import type { RosterPerson, Shift, ShiftKind } from '../lib/duty';
import { nameOf, t } from '../lib/i18n';
import { useResource } from '../lib/resource';
import type { Named } from '../lib/types';
import { specialtyName } from '../pages/worklist';
import { Field, Notice, ProblemNotice, Select, useAction } from './basic';
import { span } from './duty-notices';
import { tidyDate } from './request-fields';

function today(): string {
  const d = new Date(serverNow());
  return `${d.getFullYear()}-${String(d.getMonth() + 1).padStart(2, '0')}-${String(d.getDate()).padStart(2, '0')}`;
}

/* "8:00", "0800" or "8" -> "08:00", when it is a time. */
export function tidyTime(text: string): string {
  const parts = /^(\d{1,2})(?:[:：]?(\d\d))?$/.exec(text.trim());
  return parts && Number(parts[1]) < 24 && Number(parts[2] ?? 0) < 60 ? `${(parts[1] ?? '').padStart(2, '0')}:${parts[2] ?? '00'}` : text;
}

/* Milliseconds of a day and a time by this computer's clock; null: not both are valid. */
export function momentOf(date: string, time: string, addDays = 0): number | null {
  const d = /^(\d{4})-(\d\d)-(\d\d)$/.exec(date);
  const h = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(time);
  if (!d || !h) {
    return null;
  }
  const moment = new Date(Number(d[1]), Number(d[2]) - 1, Number(d[3]) + addDays, Number(h[1]), Number(h[2]));
  const day = new Date(Number(d[1]), Number(d[2]) - 1, Number(d[3]));
  return day.getMonth() === Number(d[2]) - 1 ? moment.getTime() : null;
}

interface When {
  date: string;
  from: string;
  until: string;
}

/* A shift that ends at or before its begin ends on the next day. */
function period(w: When): { from: number | null; until: number | null; nextDay: boolean } {
  const from = momentOf(w.date, w.from);
  const same = momentOf(w.date, w.until);
  const nextDay = from !== null && same !== null && same <= from;
  return { from, until: nextDay ? momentOf(w.date, w.until, 1) : same, nextDay };
}

function WhenFields(p: { when: When; edit: (change: Partial<When>) => void }): JSX.Element {
  const { date, from, until } = p.when;
  const wrongTime = (text: string): string | null => (momentOf('2026-01-01', text) === null ? t('roster.time-wrong') : null);
  return (
    <>
      <Field label={t('roster.date')} value={date} required maxLength={11} placeholder="YYYY-MM-DD" onInput={(v) => p.edit({ date: tidyDate(v) })}
        error={momentOf(date, '00:00') === null ? t('roster.date-wrong') : null} />
      <Field label={t('roster.from')} value={from} required maxLength={5} placeholder="HH:MM" onInput={(v) => p.edit({ from: v.length >= 4 ? tidyTime(v) : v })} error={wrongTime(from)} />
      <Field label={t('roster.until')} value={until} required maxLength={5} placeholder="HH:MM" onInput={(v) => p.edit({ until: v.length >= 4 ? tidyTime(v) : v })}
        error={wrongTime(until)} hint={period(p.when).nextDay ? t('roster.next-day') : null} />
    </>
  );
}

export function ShiftForm(p: { people: RosterPerson[]; onAdded: () => void }): JSX.Element {
  const partnerships = useResource<{ partnerships: (Named & { id: string; active: boolean })[] }>('/partnerships');
  const [account, setAccount] = useState('');
  const [kind, setKind] = useState<ShiftKind>('duty');
  const [specialty, setSpecialty] = useState('');
  const [partnership, setPartnership] = useState('');
  const [when, setWhen] = useState<When>({ date: today(), from: '08:00', until: '17:00' });
  const [added, setAdded] = useState<Shift | null>(null);
  const action = useAction();
  const person = p.people.find((x) => x.account === account) ?? p.people[0];
  if (!person) {
    return <></>;
  }
  const kinds = person.may_add;
  const chosen = kinds.includes(kind) ? kind : kinds[0] ?? 'bookable';
  const { from, until } = period(when);
  const submit = async (e: Event): Promise<void> => {
    e.preventDefault();
    setAdded(null);
    if (from === null || until === null) {
      return;
    }
    const body = {
      account: person.account, kind: chosen, from_ms: from, until_ms: until,
      specialty: person.specialties.includes(specialty) ? specialty : null, partnership: partnership || null,
    };
    if (await action.run(async () => setAdded(await post<Shift>('/duty/shifts', body)))) {
      p.onAdded();
    }
  };
  return (
    <form class="card" onSubmit={submit} aria-labelledby="shift-form">
      <h2 id="shift-form">{t('roster.add-title')}</h2>
      <div class="grid g4">
        <Select label={t('roster.person')} value={person.account} onChange={setAccount} options={p.people.map((x) => ({ value: x.account, label: nameOf(x) }))} />
        <Select label={t('roster.kind')} value={chosen} onChange={(v) => setKind(v as ShiftKind)} options={kinds.map((k) => ({ value: k, label: t(`roster.kind-${k}`) }))} />
        <Select label={t('roster.specialty')} value={specialty} onChange={setSpecialty}
          options={[{ value: '', label: t('roster.any-specialty') }, ...person.specialties.map((s) => ({ value: s, label: specialtyName(s) }))]} />
        <Select label={t('roster.partnership')} value={partnership} onChange={setPartnership}
          options={[{ value: '', label: t('roster.any-partnership') }, ...(partnerships.data?.partnerships ?? []).filter((x) => x.active).map((x) => ({ value: x.id, label: nameOf(x) }))]} />
        <WhenFields when={when} edit={(change) => setWhen({ ...when, ...change })} />
      </div>
      <ProblemNotice problem={action.problem} />
      {added && <Notice kind="good">{t('roster.added', { who: nameOf(added), time: span(added.from_ms, added.until_ms) })}</Notice>}
      <div class="buttons"><button type="submit" class="primary" disabled={action.busy || from === null || until === null}>{t('roster.add')}</button></div>
    </form>
  );
}
