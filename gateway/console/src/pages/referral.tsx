/* A referral on one page: what it is, where it stands, what may be done. The gateway's `actions` decide what is offered. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { serverNow } from '../lib/api';
import { dateTime, fullTime } from '../lib/format';
import { join, nameOf, pick, t, tCode } from '../lib/i18n';
import { act, create, OUTCOMES, type Answer, type Department, type Place, type Referral } from '../lib/referral';
import { useResource } from '../lib/resource';
import { go } from '../lib/router';
import type { View } from '../lib/types';
import { Field, Loading, Notice, ProblemNotice, Select, UrgencyBadge, useAction } from '../parts/basic';
import { Ask, Dialog, type Question } from '../parts/dialog';
import { DirectionBadge, Due, localTime, ReferralBadge, referralPatient, WhenField } from '../parts/referral-bits';
import { personLine } from '../parts/sheet';
import { Viewer } from '../parts/viewer';
import { WayCard } from '../parts/way';
import { ReferralForm } from './referral-form';

const REFUSALS = ['no-bed', 'no-indication', 'other-department', 'information-missing', 'other'];
const WITHDRAWALS = ['patient-improved', 'patient-refused', 'entered-in-error', 'other'];

export function ReferralPage(p: { id: string }): JSX.Element {
  const r = useResource<Referral>(`/referrals/${p.id}`, ['referral.changed'], (m) => m.referral === p.id);
  if (!r.data) {
    return <main id="main" class="page narrow">{r.problem ? <><ProblemNotice problem={r.problem} retry={() => void r.reload()} /><a href="#/referrals">{t('app.back')}</a></> : <Loading />}</main>;
  }
  if (r.data.state === 'draft' && r.data.my_role === 'sender') {
    return <ReferralForm key={r.data.id} r={r.data} onChanged={r.set} onSent={() => void r.reload()} />;
  }
  return <Case r={r.data} set={r.set} problem={<ProblemNotice problem={r.problem} retry={() => void r.reload()} />} />;
}

function AcceptDialog(p: { r: Referral; set: (r: Referral) => void; onClose: () => void }): JSX.Element {
  const { r } = p;
  const departments = useResource<{ departments: Department[] }>('/departments');
  const places = useResource<{ places: Place[] }>('/places', ['referral.changed']);
  const [department, setDepartment] = useState(r.department?.code ?? '');
  const [place, setPlace] = useState(r.place?.id ?? '');
  const [at, setAt] = useState(localTime(serverNow() + (r.urgency === 'urgent' ? 3_600_000 : 86_400_000)));
  const action = useAction();
  const free = (places.data?.places ?? []).filter((x) => x.department === department && (x.state === 'free' || x.id === r.place?.id));
  const submit = async (e: Event): Promise<void> => {
    e.preventDefault();
    const ms = new Date(at).getTime();
    if (await action.run(async () => p.set(await act(r, 'accept', { department, place: place || null, at_ms: ms })))) {
      p.onClose();
    }
  };
  return (
    <Dialog title={t('ref.accept-title')} onClose={p.onClose}>
      <form onSubmit={submit}>
        <Select label={t('ref.department')} value={department} required onChange={(v) => {
          setDepartment(v);
          setPlace('');
        }} options={(departments.data?.departments ?? []).map((d) => ({ value: d.code, label: nameOf(d) }))} />
        <Select label={t('ref.accept-place')} value={place} onChange={setPlace}
          options={[{ value: '', label: t('ref.accept-place-none') }, ...free.map((x) => ({ value: x.id, label: join([x.code, tCode('ref', `place-${x.kind}`), x.reserved && t('places.reserved')]) }))]} />
        <WhenField label={t('ref.accept-at')} value={at} onInput={setAt} required />
        <ProblemNotice problem={action.problem ?? departments.problem ?? places.problem} />
        <div class="buttons end">
          <button type="button" onClick={p.onClose}>{t('app.cancel')}</button>
          <button type="submit" class="primary" disabled={action.busy || !at || !department}>{t('ref.accept')}</button>
        </div>
      </form>
    </Dialog>
  );
}

function ForwardDialog(p: { r: Referral; set: (r: Referral) => void; onClose: () => void }): JSX.Element {
  const departments = useResource<{ departments: Department[] }>('/departments');
  const others = (departments.data?.departments ?? []).filter((d) => d.code !== p.r.department?.code);
  const [chosen, setChosen] = useState('');
  const department = chosen || others[0]?.code || '';
  const action = useAction();
  const submit = async (e: Event): Promise<void> => {
    e.preventDefault();
    if (await action.run(async () => p.set(await act(p.r, 'forward', { department })))) {
      p.onClose();
    }
  };
  return (
    <Dialog title={t('ref.forward')} onClose={p.onClose}>
      <form onSubmit={submit}>
        <p>{t('ref.forward-ask')}</p>
        <Select label={t('ref.department')} value={department} onChange={setChosen} options={others.map((d) => ({ value: d.code, label: nameOf(d) }))} />
        <ProblemNotice problem={action.problem ?? departments.problem} />
        <div class="buttons end">
          <button type="button" onClick={p.onClose}>{t('app.cancel')}</button>
          <button type="submit" class="primary" disabled={action.busy || !department}>{t('app.confirm')}</button>
        </div>
      </form>
    </Dialog>
  );
}

function ReturnForm(p: { r: Referral; set: (r: Referral) => void }): JSX.Element {
  const [answer, setAnswer] = useState<Answer>({ outcome: 'improved', diagnosis: p.r.diagnosis ?? '', advice: '' });
  const action = useAction();
  const edit = (change: Partial<Answer>): void => setAnswer((old) => ({ ...old, ...change }));
  const errorOf = (pointer: string): string | null => (action.problem?.field === pointer ? action.problem.sentence() : null);
  const submit = (e: Event): void => {
    e.preventDefault();
    void action.run(async () => p.set(await act(p.r, 'return-message', answer)));
  };
  return (
    <section class="card" aria-labelledby="return-title">
      <h2 id="return-title">{t('ref.return-title')}</h2>
      <form onSubmit={submit} noValidate>
        <Select label={t('ref.outcome')} value={answer.outcome} onChange={(outcome) => edit({ outcome })} options={OUTCOMES.map((v) => ({ value: v, label: tCode('ref', `outcome-${v}`) }))} />
        <Field label={t('ref.answer-diagnosis')} value={answer.diagnosis} required rows={2} maxLength={2000} onInput={(diagnosis) => edit({ diagnosis })} error={errorOf('/diagnosis')} />
        <Field label={t('ref.answer-treatment')} value={answer.treatment ?? ''} rows={3} maxLength={8000} onInput={(treatment) => edit({ treatment })} error={errorOf('/treatment')} />
        <Field label={t('ref.answer-medication')} value={answer.medication ?? ''} rows={2} onInput={(medication) => edit({ medication })} error={errorOf('/medication')} />
        <Field label={t('ref.answer-advice')} value={answer.advice} required rows={3} onInput={(advice) => edit({ advice })} error={errorOf('/advice')} />
        <Field label={t('ref.answer-follow-up')} value={answer.follow_up ?? ''} rows={2} maxLength={2000} onInput={(follow_up) => edit({ follow_up })} error={errorOf('/follow_up')} />
        <ProblemNotice problem={action.problem} />
        <button type="submit" class="primary" disabled={action.busy}>{t('ref.return')}</button>
      </form>
    </section>
  );
}

function AnswerText(p: { answer: Answer }): JSX.Element {
  const { answer } = p;
  const rows = [
    [t('ref.outcome'), tCode('ref', `outcome-${answer.outcome}`)], [t('ref.answer-diagnosis'), answer.diagnosis], [t('ref.answer-treatment'), answer.treatment],
    [t('ref.answer-medication'), answer.medication], [t('ref.answer-advice'), answer.advice], [t('ref.answer-follow-up'), answer.follow_up],
  ];
  return (
    <section class="card" aria-labelledby="answer-title">
      <h2 id="answer-title">{t('ref.return-title')}</h2>
      <dl class="sheet">{rows.filter(([, v]) => v).map(([k, v]) => <div key={k}><dt>{k}</dt><dd>{v}</dd></div>)}</dl>
    </section>
  );
}

function ActionBar(p: { r: Referral; set: (r: Referral) => void }): JSX.Element {
  const { r } = p;
  const [question, setQuestion] = useState<Question | null>(null);
  const [open, setOpen] = useState<'accept' | 'forward' | null>(null);
  const quick = useAction();
  const may = (a: string): boolean => (r.actions as string[]).includes(a);
  const back = r.my_role === 'receiver' && (r.state === 'arrived' || r.state === 'returned');
  const turned = tCode('ref', `direction-${r.direction === 'up' ? 'down' : 'up'}`);
  const ask = (action: 'refuse' | 'withdraw'): void => setQuestion({
    title: t(`ref.${action}`), text: t(`ref.${action}-ask`), danger: true, reasons: action === 'refuse' ? REFUSALS : WITHDRAWALS, reasonPrefix: 'ref-end', textLabel: t('act.text'),
    textRequired: action === 'refuse', run: async (a) => p.set(await act(r, action, a)),
  });
  return (
    <div class="action-bar" role="group" aria-label={t('case.actions')}>
      <div class="buttons">
        {may('accept') && <button type="button" class="primary big" onClick={() => setOpen('accept')}>{t('ref.accept')}</button>}
        {may('arrive') && <button type="button" class="primary big" disabled={quick.busy} onClick={() => void quick.run(async () => p.set(await act(r, 'arrive')))}>{t('ref.arrive')}</button>}
        {may('acknowledge-return') && <button type="button" class="primary big" disabled={quick.busy} onClick={() => void quick.run(async () => p.set(await act(r, 'acknowledge-return')))}>{t('ref.acknowledge')}</button>}
        {may('refuse') && <button type="button" class="danger" onClick={() => ask('refuse')}>{t('ref.refuse')}</button>}
        {may('forward') && <button type="button" onClick={() => setOpen('forward')}>{t('ref.forward')}</button>}
        {back && <button type="button" disabled={quick.busy} onClick={() => void quick.run(async () => go(`/r/${(await create({ based_on: r.id })).id}`))}>{t('ref.back', { direction: turned })}</button>}
        {may('withdraw') && <button type="button" onClick={() => ask('withdraw')}>{t('ref.withdraw')}</button>}
        <button type="button" class="ghost" onClick={() => window.print()}>{t('app.print')}</button>
      </div>
      {quick.problem && <ProblemNotice problem={quick.problem} />}
      {question && <Ask question={question} onClose={() => setQuestion(null)} />}
      {open === 'accept' && <AcceptDialog r={r} set={p.set} onClose={() => setOpen(null)} />}
      {open === 'forward' && <ForwardDialog r={r} set={p.set} onClose={() => setOpen(null)} />}
    </div>
  );
}

function Content(p: { r: Referral }): JSX.Element {
  const { r } = p;
  const rows = [
    [t('ref.why'), r.reason_code && tCode('ref', `why-${r.reason_code}`)], [t('ref.diagnosis'), join([r.diagnosis, (r.diagnosis_codes ?? []).join(' ')])],
    [t('ref.summary'), r.summary], [t('ref.treatment'), r.treatment], [t('ref.wishes'), r.wishes],
    [t('form.id-number'), r.patient.id_number ?? r.patient.id_number_masked], [t('form.phone'), r.patient.phone], [t('form.allergy'), r.patient.allergy],
  ];
  return (
    <section class="card" aria-labelledby="content-title">
      <h2 id="content-title">{t('ref.content')}</h2>
      <div class="patient"><div class="patient-name">{referralPatient(r)}</div></div>
      <dl class="sheet">{rows.filter(([, v]) => v).map(([k, v]) => <div key={k as string}><dt>{k}</dt><dd>{v}</dd></div>)}</dl>
      <h3>{t('ref.done')}</h3>
      {r.done.length === 0 ? <p class="hint">{t('ref.done-empty')}</p> : (
        <ul class="done-list">
          {r.done.map((d, i) => <li key={i}><span class="badge">{tCode('ref', `done-${d.kind}`)}</span> {d.name} <span class="hint">{join([d.date, d.result])}</span></li>)}
        </ul>
      )}
    </section>
  );
}

function Parties(p: { r: Referral }): JSX.Element {
  const { r } = p;
  const consent = r.consent;
  return (
    <section class="card" aria-labelledby="parties-title">
      <h2 id="parties-title">{t('ref.parties')}</h2>
      <dl class="sheet tight">
        <div><dt>{t('ref.sender')}</dt><dd>{personLine(r.sender)}</dd></div>
        <div><dt>{t('ref.target')}</dt><dd>{join([nameOf(r.to), nameOf(r.department)])}</dd></div>
        {r.handled_by && <div><dt>{t('ref.handled-by')}</dt><dd>{personLine(r.handled_by)}</dd></div>}
        {r.appointment_ms && <div><dt>{t('ref.appointment')}</dt><dd>{join([dateTime(r.appointment_ms), r.place?.code])}</dd></div>}
        {r.partnership && <div><dt>{t('case.partnership')}</dt><dd>{nameOf(r.partnership)} <span class="hint">{t('case.agreement', { version: r.partnership.agreement_version ?? 0 })}</span></dd></div>}
        {consent && <div><dt>{t('form.consents')}</dt><dd>{join([consent.referral && t('ref.consent-referral'), consent.sharing && t('ref.consent-sharing'), tCode('consent', `relation-${consent.relation}`), consent.name, tCode('consent', `method-${consent.method}`)])}</dd></div>}
        {r.consultation && r.my_role === 'sender' && <div><dt>{t('ref.consultation')}</dt><dd><a href={`#/c/${r.consultation}`}>{t('ref.open-consultation')}</a></dd></div>}
        {r.answers.length > 0 && <div><dt>{t('ref.answers')}</dt><dd>{r.answers.map((a) => <a key={a.id} href={`#/r/${a.id}`}>{a.number} ({tCode('ref', `direction-${a.direction}`)}, {tCode('ref', `state-${a.state}`)}) </a>)}</dd></div>}
      </dl>
      <h3>{t('ref.course')}</h3>
      <ol class="history">
        {r.history.map((h, i) => (
          <li key={i}><time>{fullTime(h.at_ms)}</time><span>{tCode('ref', `event-${h.event}`)} <span class="hint">{pick(h.actor_zh ?? '', h.actor_en ?? '')}{h.reason_code ? ` · ${tCode(h.event === 'overdue' ? 'ref-timer' : 'ref-end', h.reason_code)}` : ''}{h.reason_text ? ` · ${h.reason_text}` : ''}</span></span></li>
        ))}
      </ol>
    </section>
  );
}

function Case(p: { r: Referral; set: (r: Referral) => void; problem: JSX.Element }): JSX.Element {
  const { r } = p;
  const [view, setView] = useState<View>({ attachment: r.attachments[0]?.id, frame: 0 });
  return (
    <main id="main" class="page case">
      <div class="case-head">
        <div class="page-head">
          <h1>{t('ref.number', { number: r.number })}</h1>
          <DirectionBadge direction={r.direction} />
          <UrgencyBadge urgency={r.urgency} />
          <span role="status"><ReferralBadge state={r.state} /></span>
          <Due r={r} />
        </div>
        <ActionBar r={r} set={p.set} />
      </div>
      {p.problem}
      {r.overdue && <Notice kind="warn">{t('ref.overdue-notice')}</Notice>}
      {(r.end_code || r.end_text) && ['refused', 'withdrawn', 'lapsed'].includes(r.state) && <Notice kind="warn">{t('case.reason', { text: join([tEnd(r.end_code), r.end_text]) })}</Notice>}
      <div class={r.attachments.length > 0 ? 'case-columns' : 'case-columns no-images'}>
        <div>
          {r.answer && <AnswerText answer={r.answer} />}
          {r.actions.includes('return-message') && <ReturnForm r={r} set={p.set} />}
          <Content r={r} />
          <Parties r={r} />
          <WayCard path={`/referrals/${r.id}/way`} />
        </div>
        {r.attachments.length > 0 && (
          <section class="card case-images" aria-labelledby="img-title">
            <h2 id="img-title">{t('case.images')}</h2>
            <Viewer attachments={r.attachments} view={view} onView={setView} />
          </section>
        )}
      </div>
    </main>
  );
}

function tEnd(code: string | null): string {
  return code ? tCode('ref-end', code) : '';
}
