/* Several specialties: whom the chair has asked, what each has said, whose opinion is outstanding; the member's own form. */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { fullTime } from '../lib/format';
import { join, nameOf, t, tCode } from '../lib/i18n';
import { useResource } from '../lib/resource';
import { consult, currentSession } from '../lib/session';
import { specialtyName } from '../lib/steps';
import type { Consultation, Invitee, Member } from '../lib/types';
import { Field, Loading, Notice, ProblemNotice, Radios, useAction, useGuard } from './basic';
import { Ask, Dialog, type Question } from './dialog';

type View = 'agree' | 'agree-partly' | 'disagree';
const SEARCH_PAUSE_MS = 250;

function Row(p: { c: Consultation; m: Member; onExcuse?: () => void }): JSX.Element {
  const { m } = p;
  const kind = m.state === 'given' ? (m.view === 'disagree' ? 'badge u-urgent' : 'badge good') : 'badge';
  return (
    <li class="member">
      <div class="member-head">
        <strong>{specialtyName(m.specialty)}</strong>
        <span>{nameOf(m)} <span class="hint">{tCode('title', m.title)} · {nameOf(m.organisation)}</span></span>
        <span class={kind}>{t(`mdt.state-${m.state}`)}{m.view ? ` · ${t(`mdt.view-${m.view}`)}` : ''}</span>
        {p.onExcuse && <button type="button" class="small" aria-label={`${t('mdt.excuse')} ${nameOf(m)}`} onClick={p.onExcuse}>{t('mdt.excuse')}</button>}
      </div>
      {m.opinion && <p class="member-text">{m.opinion}</p>}
      {m.absent_reason && <p class="hint">{m.absent_reason}</p>}
      {m.state !== 'asked' && <p class="hint">{fullTime(m.at_ms)}</p>}
    </li>
  );
}

function AskRow(p: { c: Consultation; who: Invitee; specialty: string; onDone: () => void }): JSX.Element {
  const action = useAction();
  const name = nameOf(p.who);
  return (
    <li class="invitee">
      <span class="invitee-who"><strong>{specialtyName(p.specialty)}</strong> {name} <span class="hint">{tCode('title', p.who.title)} · {nameOf(p.who.organisation)}</span></span>
      {p.who.on_duty && <span class="badge good">{t('guest.on-duty')}</span>}
      <button type="button" class="small primary" disabled={action.busy} aria-label={`${t('mdt.ask-name')} ${name} ${specialtyName(p.specialty)}`}
        onClick={() => void action.run(() => consult(p.c.id, 'enlist', { account: p.who.account, specialty: p.specialty })).then((ok) => ok && p.onDone())}>{t('mdt.ask-name')}</button>
      <ProblemNotice problem={action.problem} />
    </li>
  );
}

function EnlistDialog(p: { c: Consultation; onDone: () => void; onClose: () => void }): JSX.Element {
  const [typed, setTyped] = useState('');
  const [search, setSearch] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => setSearch(typed.trim()), SEARCH_PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  const list = useResource<{ invitees: Invitee[]; more: boolean }>(`/consultations/${p.c.id}/people?for=enlist${search ? `&search=${encodeURIComponent(search)}` : ''}`);
  const last = useRef(list.data);
  last.current = list.data ?? last.current;
  const there = new Set((p.c.members ?? []).filter((m) => m.state !== 'absent').map((m) => m.account));
  const people = (last.current?.invitees ?? []).filter((x) => !there.has(x.account));
  return (
    <Dialog title={t('mdt.ask-title')} onClose={p.onClose}>
      <Field label={t('guest.search')} value={typed} onInput={setTyped} maxLength={64} />
      <ProblemNotice problem={list.problem} retry={() => void list.reload()} />
      {!last.current && !list.problem && <Loading />}
      {last.current && people.length === 0 && <p class="hint">{t('guest.nobody')}</p>}
      <ul class="invitees scrolling" aria-label={t('guest.list')}>
        {people.flatMap((x) => x.specialties.map((s) => <AskRow key={x.account + s} c={p.c} who={x} specialty={s} onDone={p.onDone} />))}
      </ul>
      {last.current?.more && <p class="hint">{t('guest.more')}</p>}
      <div class="buttons end"><button type="button" onClick={p.onClose}>{t('app.close')}</button></div>
    </Dialog>
  );
}

function OwnOpinion(p: { c: Consultation; m: Member; onDone: () => void }): JSX.Element {
  const [text, setText] = useState(p.m.opinion ?? '');
  const [view, setView] = useState<View | ''>(p.m.view ?? '');
  const [need, setNeed] = useState(false);
  const [question, setQuestion] = useState<Question | null>(null);
  const action = useAction();
  const given = p.m.state === 'given';
  const lacking = text.trim() === '' || view === '';
  useGuard(text !== (p.m.opinion ?? ''));
  const submit = (e: Event): void => {
    e.preventDefault();
    setNeed(lacking);
    if (!lacking) {
      void action.run(() => consult(p.c.id, 'contribute', { opinion: text.trim(), view })).then((ok) => ok && p.onDone());
    }
  };
  const excuse = (): void => setQuestion({
    title: t('mdt.excuse-self'), text: t('mdt.excuse-ask'), textLabel: t('act.text'), textRequired: true,
    run: (a) => consult(p.c.id, 'excuse', { account: p.m.account, ...a }).then(p.onDone),
  });
  return (
    <form class="own-opinion" onSubmit={submit} noValidate aria-label={t('mdt.own')}>
      <h3>{t('mdt.own')} · {specialtyName(p.m.specialty)}</h3>
      <Field label={t('mdt.own-text')} value={text} onInput={setText} rows={5} required maxLength={10000} />
      <Radios<View> legend={t('mdt.view')} name="view" value={view} onChange={setView}
        options={(['agree', 'agree-partly', 'disagree'] as const).map((v) => ({ value: v, label: t(`mdt.view-${v}`) }))} />
      {need && lacking && <Notice kind="error">{t('mdt.need')}</Notice>}
      {given && !lacking && <Notice kind="good">{t('mdt.given')}</Notice>}
      <ProblemNotice problem={action.problem} />
      <div class="buttons">
        <button type="submit" class="primary" disabled={action.busy}>{t(given ? 'mdt.again' : 'mdt.give')}</button>
        {!given && p.c.actions.includes('excuse') && <button type="button" onClick={excuse}>{t('mdt.excuse-self')}</button>}
      </div>
      {question && <Ask question={question} onClose={() => setQuestion(null)} />}
    </form>
  );
}

export function MdtPanel(p: { c: Consultation; reload: () => void }): JSX.Element | null {
  const { c } = p;
  const [asking, setAsking] = useState(false);
  const [question, setQuestion] = useState<Question | null>(null);
  if (c.kind !== 'mdt') {
    return null;
  }
  const members = c.members ?? [];
  const me = currentSession()?.account.id;
  const own = c.actions.includes('contribute') ? members.find((m) => m.account === me && m.state !== 'absent') : undefined;
  const hosts = c.actions.includes('excuse') && (c.my_role === 'consultant' || c.my_role === 'coordinator');
  const outstanding = members.filter((m) => m.state === 'asked');
  const chair = c.my_role === 'consultant';
  const excuse = (m: Member): void => setQuestion({
    title: `${t('mdt.excuse')} ${nameOf(m)}`, text: t('mdt.excuse-ask'), textLabel: t('act.text'), textRequired: true,
    run: (a) => consult(c.id, 'excuse', { account: m.account, ...a }).then(p.reload),
  });
  return (
    <section class="card" aria-labelledby="mdt-title">
      <h2 id="mdt-title">{t('mdt.title')}</h2>
      {chair && outstanding.length > 0 && <Notice kind="warn">{t('mdt.outstanding', { n: outstanding.length, who: join(outstanding.map((m) => `${specialtyName(m.specialty)} ${nameOf(m)}`)) })}</Notice>}
      {chair && members.length > 0 && outstanding.length === 0 && <Notice kind="good">{t('mdt.complete')}</Notice>}
      {chair && members.some((m) => m.view === 'disagree') && <Notice kind="warn">{t('mdt.disagree')}</Notice>}
      {members.length === 0 && <p class="hint">{t('mdt.none')}</p>}
      {own && <OwnOpinion c={c} m={own} onDone={p.reload} />}
      <ul class="members" aria-label={t('mdt.title')}>
        {members.filter((m) => m !== own).map((m) => <Row key={m.account} c={c} m={m} onExcuse={hosts && m.state === 'asked' ? () => excuse(m) : undefined} />)}
      </ul>
      {c.actions.includes('enlist') && <div class="buttons"><button type="button" aria-haspopup="dialog" onClick={() => setAsking(true)}>{t('mdt.ask')}</button></div>}
      {asking && <EnlistDialog c={c} onDone={p.reload} onClose={() => setAsking(false)} />}
      {question && <Ask question={question} onClose={() => setQuestion(null)} />}
    </section>
  );
}
