/* Who is there now, who should be, and the shifts of a week by specialty; the coordinator adds and removes them. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { del, serverNow } from '../lib/api';
import type { Roster, RosterPerson, Shift } from '../lib/duty';
import { clock } from '../lib/format';
import { join, language, nameOf, t, tCode } from '../lib/i18n';
import { useResource } from '../lib/resource';
import { specialties } from '../lib/session';
import { useStore, useTick } from '../lib/store';
import type { Session } from '../lib/types';
import { Loading, Notice, ProblemNotice, Select } from '../parts/basic';
import { Ask, type Question } from '../parts/dialog';
import { pauseWords } from '../parts/duty';
import { span } from '../parts/duty-notices';
import { ShiftForm } from '../parts/duty-shift';
import { specialtyName } from './worklist';

const REFRESH_MS = 30_000;

/* Midnight of the Monday of that day, by this computer's clock, and days after it (summer time included). */
function monday(ms: number): Date {
  const day = new Date(ms);
  return new Date(day.getFullYear(), day.getMonth(), day.getDate() - ((day.getDay() + 6) % 7));
}
function later(day: Date, days: number): Date {
  return new Date(day.getFullYear(), day.getMonth(), day.getDate() + days);
}

function StateWords(p: { person: RosterPerson }): JSX.Element {
  const x = p.person;
  if (x.on_duty) {
    return x.pause
      ? <span class="badge u-urgent">{pauseWords(x)}</span>
      : <><span class="badge good">{t('roster.on-duty')}</span>{x.since_ms ? <span class="hint"> {t('roster.since', { time: clock(x.since_ms) })}</span> : null}</>;
  }
  if (x.absent) {
    return <span class="badge u-stat">{t('roster.absent')}</span>;
  }
  return <span class="badge">{t('roster.off-duty')}</span>;
}

/* Absent first: that is what somebody must act on. */
function rank(x: RosterPerson): number {
  return x.absent ? 0 : x.on_duty ? (x.pause ? 2 : 1) : x.on_call ? 3 : 4;
}

function Now(p: { people: RosterPerson[]; several: boolean }): JSX.Element {
  const people = [...p.people].sort((a, b) => rank(a) - rank(b));
  return (
    <div class="wide-table" tabIndex={0} role="group" aria-labelledby="roster-now"><table class="list roster-now">
      <thead><tr><th scope="col">{t('roster.person')}</th><th scope="col">{t('list.col-specialty')}</th><th scope="col">{t('roster.state')}</th></tr></thead>
      <tbody>
        {people.map((x) => (
          <tr key={x.account}>
            <td>{nameOf(x)} <span class="hint">{tCode('title', x.title)}{p.several ? ` · ${nameOf(x.organisation)}` : ''}</span></td>
            <td data-label={t('list.col-specialty')}>{join(x.specialties.map(specialtyName))}</td>
            <td data-label={t('roster.state')}><StateWords person={x} /> {x.on_call && <span class="badge">{t('roster.on-call')}</span>}</td>
          </tr>
        ))}
      </tbody>
    </table></div>
  );
}

function ShiftLine(p: { shift: Shift; onRemove: (shift: Shift) => void }): JSX.Element {
  const s = p.shift;
  const time = span(s.from_ms, s.until_ms);
  return (
    <li class={`shift k-${s.kind}`}>
      <div><strong>{nameOf(s)}</strong> <span class="badge">{t(`roster.kind-${s.kind}`)}</span></div>
      <div class="mono">{clock(s.from_ms)} – {clock(s.until_ms)}</div>
      {s.partnership && <div class="hint">{nameOf(s.partnership)}</div>}
      {s.may_remove && <button type="button" class="small" aria-label={t('roster.remove', { who: nameOf(s), time })} onClick={() => p.onRemove(s)}>×</button>}
    </li>
  );
}

/* A shift without a specialty stands with each one of its person. */
function ofSpecialty(roster: Roster, shift: Shift, code: string): boolean {
  return shift.specialty ? shift.specialty === code : Boolean(roster.people.find((x) => x.account === shift.account)?.specialties.includes(code));
}

function Week(p: { roster: Roster; from: Date; codes: string[]; onRemove: (shift: Shift) => void }): JSX.Element {
  const days = Array.from({ length: 7 }, (_, i) => later(p.from, i));
  const today = new Date(serverNow()).toDateString();
  const cell = (code: string, day: Date): Shift[] => p.roster.shifts.filter((s) =>
    s.from_ms < later(day, 1).getTime() && s.until_ms > day.getTime() && ofSpecialty(p.roster, s, code));
  return (
    <div class="wide-table" tabIndex={0} role="group" aria-labelledby="roster-week"><table class="list roster-week">
      <thead><tr>
        <th scope="col">{t('list.col-specialty')}</th>
        {days.map((d) => <th scope="col" key={d.getTime()} aria-current={d.toDateString() === today ? 'date' : undefined}>
          {dayWords(d)}</th>)}
      </tr></thead>
      <tbody>
        {p.codes.map((code) => (
          <tr key={code}>
            <th scope="row">{specialtyName(code)}</th>
            {days.map((d) => {
              const shifts = cell(code, d);
              return <td key={d.getTime()} class={shifts.length ? undefined : 'vacant'} data-label={dayWords(d)}><ul>{shifts.map((s) => <ShiftLine key={s.id} shift={s} onRemove={p.onRemove} />)}</ul></td>;
            })}
          </tr>
        ))}
      </tbody>
    </table></div>
  );
}

function dayWords(d: Date): string {
  return `${d.getMonth() + 1}-${String(d.getDate()).padStart(2, '0')} ${d.toLocaleDateString(language.get(), { weekday: 'short' })}`;
}

export function RosterPage(p: { session: Session }): JSX.Element {
  useTick(30_000);
  const list = useStore(specialties);
  const [specialty, setSpecialty] = useState('');
  const [weeks, setWeeks] = useState(0);
  const [question, setQuestion] = useState<Question | null>(null);
  const from = later(monday(serverNow()), weeks * 7);
  const roster = useResource<Roster>(`/duty/roster?from=${from.getTime()}&days=7${specialty ? `&specialty=${encodeURIComponent(specialty)}` : ''}`, ['duty.changed']);
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === 'visible' && void roster.reload(), REFRESH_MS);
    return () => clearInterval(timer);
  }, [roster.reload]);
  const data = roster.data;
  const absent = data?.people.filter((x) => x.absent).length ?? 0;
  const codes = data ? (specialty ? [specialty] : [...new Set(data.people.flatMap((x) => x.specialties))].sort()) : [];
  const several = data ? data.people.some((x) => x.organisation.id !== p.session.organisation.id) : false;
  const remove = (s: Shift): void => {
    const words = { who: nameOf(s), time: span(s.from_ms, s.until_ms) };
    setQuestion({ title: t('roster.remove-ask', words), danger: true, run: async () => {
      await del(`/duty/shifts/${s.id}`);
      await roster.reload();
    } });
  };
  return (
    <main id="main" class="page roster">
      <div class="page-head">
        <h1>{t('roster.title')}</h1>
        {absent > 0 && <span class="badge u-stat" role="status">{t('roster.absent-count', { n: absent })}</span>}
        <Select label={t('list.col-specialty')} hideLabel value={specialty} onChange={setSpecialty}
          options={[{ value: '', label: t('roster.all') }, ...list.map((s) => ({ value: s.code, label: nameOf(s) }))]} />
      </div>
      <ProblemNotice problem={roster.problem} retry={() => void roster.reload()} />
      {!data && !roster.problem && <Loading />}
      {data?.more && <Notice kind="warn" live={false}>{t('roster.more')}</Notice>}
      {data && data.people.length === 0 && <p class="empty">{t('roster.nobody')}</p>}
      {data && data.people.length > 0 && <>
        <section aria-labelledby="roster-now"><h2 id="roster-now">{t('roster.now')}</h2><Now people={data.people} several={several} /></section>
        <section aria-labelledby="roster-week">
          <div class="page-head">
            <h2 id="roster-week">{t('roster.week')}</h2>
            <button type="button" class="small" onClick={() => setWeeks(weeks - 1)}>{t('roster.before')}</button>
            <button type="button" class="small" disabled={weeks === 0} onClick={() => setWeeks(0)}>{t('roster.today')}</button>
            <button type="button" class="small" onClick={() => setWeeks(weeks + 1)}>{t('roster.after')}</button>
          </div>
          {data.shifts.length === 0 && <p class="hint">{t('roster.no-shifts')}</p>}
          <Week roster={data} from={from} codes={codes} onRemove={remove} />
        </section>
        {data.people.some((x) => x.may_add.length > 0) && <ShiftForm people={data.people.filter((x) => x.may_add.length > 0)} onAdded={() => void roster.reload()} />}
      </>}
      {question && <Ask question={question} onClose={() => setQuestion(null)} />}
    </main>
  );
}
