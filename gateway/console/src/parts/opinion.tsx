/* The opinion: being written (draft saved by itself, signed with a confirmation), or signed and read. */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { asProblem, get, put, serverNow, type Problem } from '../lib/api';
import type { Key } from '../lib/dict';
import { clock, fullTime } from '../lib/format';
import { nameOf, t } from '../lib/i18n';
import { consult, currentSession, signedOut } from '../lib/session';
import { dropStash, stash, unstash } from '../lib/stash';
import type { Attachment, Consultation, Decision, Opinion, OpinionBody, OpinionTexts, View } from '../lib/types';
import { Check, ConflictNotice, Field, Notice, ProblemNotice, Radios, useAction, useGuard } from './basic';
import { Ask, type Question } from './dialog';
import { StructureFields, StructureText } from './opinion-structure';

const FIELDS: { key: keyof OpinionTexts; label: Key; rows: number; required?: boolean }[] = [
  { key: 'findings', label: 'op.findings', rows: 4 },
  { key: 'diagnosis', label: 'op.diagnosis', rows: 2, required: true },
  { key: 'differential', label: 'op.differential', rows: 2 },
  { key: 'treatment', label: 'op.treatment', rows: 3, required: true },
  { key: 'further_tests', label: 'op.tests', rows: 2 },
  { key: 'referral_advice', label: 'op.referral', rows: 2 },
];
const AUTOSAVE_MS = 2000;

/* The session has just ended: the form that comes next is where the specialist goes on typing. */
let landing = '';
export function setLanding(consultation: string): void {
  landing = consultation;
}
function takeLanding(consultation: string): boolean {
  const here = landing === consultation;
  landing = here ? '' : landing;
  return here;
}

/* What somebody else wrote is where the next version begins. */
function isOwn(o: Opinion): boolean {
  return o.author?.account === currentSession()?.account.id;
}

/* The version that is being written: the same before and after its first save, so that the form is not thrown away. */
export function draftVersion(c: Consultation): number {
  return c.opinion?.status === 'draft' && isOwn(c.opinion) ? c.opinion.version : (c.opinion?.version ?? 0) + 1;
}

/* What the gateway holds of an opinion that is being written, to compare. */
function heldOf(c: Consultation): { version: number; body: string } {
  return { version: c.version, body: JSON.stringify(c.opinion?.status === 'draft' ? c.opinion.body : null) };
}

const sentHere = new Map<string, string>(); // by opinion: what this page has sent last, from this form or the one before it

/* view: what the viewer beside it shows now, for key images. */
export function OpinionForm(p: { c: Consultation; onSigned: () => void; narrow?: boolean; view?: View }): JSX.Element {
  const { c } = p;
  const draft = c.opinion?.status === 'draft' ? c.opinion : null;
  // an amendment starts from what was signed
  const account = useRef(currentSession()?.account.id ?? '').current;
  const place = `opinion/${c.id}/${draftVersion(c)}`;
  const unsaved = useRef(unstash<OpinionBody>(account, place)).current;
  const [body, setBody] = useState<OpinionBody>(() => unsaved ?? draft?.body ?? c.opinion?.body ?? {});
  const [savedMs, setSavedMs] = useState(0);
  const [dirty, setDirty] = useState(unsaved !== null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [question, setQuestion] = useState<Question | null>(null);
  const [need, setNeed] = useState(false);
  const latest = useRef({ body, dirty });
  latest.current = { body, dirty };
  const chain = useRef<Promise<unknown>>(Promise.resolve());
  const held = useRef(heldOf(c));
  const [other, setOther] = useState<Consultation | null>(null); // the draft was changed in another window

  /* Consents and files raise the version too: only another draft is a change that is not overwritten unasked. */
  const write = async (sent: OpinionBody): Promise<Consultation> => {
    const path = `/consultations/${c.id}/opinion`;
    const former = sentHere.get(place);
    sentHere.set(place, JSON.stringify(sent));
    try {
      return await put<Consultation>(path, { body: sent }, { ifMatch: held.current.version });
    } catch (error) {
      if (asProblem(error).status !== 412) {
        throw error;
      }
      const now = await get<Consultation>(`/consultations/${c.id}`);
      const { body: there } = heldOf(now);
      if (there !== held.current.body && there !== former) {
        setOther(now);
        throw error;
      }
      return put<Consultation>(path, { body: sent }, { ifMatch: now.version });
    }
  };
  const save = (): Promise<void> => {
    const run = chain.current.then(async () => {
      const sent = latest.current.body;
      try {
        held.current = heldOf(await write(sent));
        dropStash(account, place);
        setSavedMs(serverNow());
        setProblem(null);
        if (latest.current.body === sent) {
          setDirty(false);
        }
      } catch (error) {
        setProblem(asProblem(error));
        throw error;
      }
    });
    chain.current = run.catch(() => undefined);
    return run;
  };
  const resolve = (mine: boolean): void => {
    if (!other) {
      return;
    }
    held.current = heldOf(other);
    setOther(null);
    setProblem(null);
    setDirty(mine);
    if (!mine) {
      dropStash(account, place);
      setBody(other.opinion?.body ?? {});
    }
  };
  useEffect(() => {
    if (!dirty || other) {
      return undefined;
    }
    const timer = setTimeout(() => void save().catch(() => undefined), problem?.transient ? 5000 : AUTOSAVE_MS);
    return () => clearTimeout(timer);
  }, [body, dirty, problem, other]);
  useEffect(() => () => {
    if (latest.current.dirty) {
      if (!signedOut()) {
        stash(account, place, latest.current.body); // the next form of this opinion may be drawn before this is saved
      }
      void save().catch(() => undefined);
    }
  }, []);
  useGuard(dirty);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (!p.narrow && takeLanding(c.id)) {
      form.current?.querySelector('textarea')?.focus();
    }
  }, []);

  const canSign = c.actions.includes('sign');
  const sign = (e: Event): void => {
    e.preventDefault();
    if (!body.diagnosis?.trim() || (!body.treatment?.trim() && c.kind !== 'read')) { // a report needs no advice
      setNeed(true);
      return;
    }
    setNeed(false);
    setQuestion({
      title: t('op.sign'), text: t('op.sign-ask', { org: nameOf(currentSession()?.organisation) }), confirm: t('op.sign-now'),
      run: async () => {
        await save();
        await consult(c.id, 'sign', {}, { ifMatch: held.current.version }); // what is signed is what this screen shows
        setDirty(false);
        p.onSigned();
      },
    });
  };
  return (
    <form ref={form} class={p.narrow ? 'opinion-form narrow' : 'opinion-form'} onSubmit={sign} noValidate>
      {draft && !isOwn(draft) && <Notice kind="warn" live={false}>{t('op.others-draft', { who: nameOf(draft.author) })}</Notice>}
      {draft?.amend_reason && <Notice kind="info">{t('op.amend-reason', { text: draft.amend_reason })}</Notice>}
      <div class={p.narrow ? '' : 'grid g2'}>
        {FIELDS.map((f) => <Field key={f.key} label={t(f.label)} rows={p.narrow ? Math.min(f.rows, 3) : f.rows} required={f.required && (f.key !== 'treatment' || c.kind !== 'read')} value={body[f.key] ?? ''}
          onInput={(v) => {
            setBody({ ...latest.current.body, [f.key]: v });
            setDirty(true);
          }} error={problem?.field?.endsWith(`/${f.key}`) ? problem.sentence() : null} />)}
      </div>
      <StructureFields c={c} body={body} narrow={p.narrow} view={p.view} set={(change) => {
        setBody({ ...latest.current.body, ...change });
        setDirty(true);
      }} />
      {need && <Notice kind="error">{t(c.kind === 'read' ? 'op.need-read' : 'op.need')}</Notice>}
      {other && <ConflictNotice text={t('op.conflict')} resolve={resolve} />}
      <ProblemNotice problem={other ? null : problem} retry={() => void save().catch(() => undefined)} />
      <div class="buttons">
        {canSign && <button type="submit" class="primary">{t('op.sign')}</button>}
        <button type="button" onClick={() => void save().catch(() => undefined)}>{t('op.save')}</button>
        <span class="hint" role="status">{dirty ? t('form.unsaved') : savedMs ? t('op.saved', { time: clock(savedMs) }) : ''}</span>
      </div>
      {question && <Ask question={question} onClose={() => setQuestion(null)} />}
    </form>
  );
}

export function OpinionText(p: { o: Opinion; attachments?: Attachment[] }): JSX.Element {
  const { o } = p;
  return (
    <div class="opinion">
      <dl class="sheet">
        {FIELDS.filter((f) => o.body[f.key]).map((f) => <div key={f.key}><dt>{t(f.label)}</dt><dd>{o.body[f.key]}</dd></div>)}
        <StructureText body={o.body} attachments={p.attachments ?? []} />
      </dl>
      {o.amend_reason && <p class="hint">{t('op.amend-reason', { text: o.amend_reason })}</p>}
      {o.status === 'signed' ? (
        <div class="signature">
          <div>{t('op.version', { n: o.version })} · {t('op.signed-by', { who: nameOf(o.author), time: fullTime(o.signed_ms) })}</div>
          {o.verified === true && <Notice kind="good">{t('op.verified')}</Notice>}
          {o.verified === false && <Notice kind="error">{t('op.not-verified')}</Notice>}
          <details>
            <summary>{t('op.signature')}</summary>
            <p class="mono break">{o.signature}</p>
            <p class="hint">{t('op.key')}</p>
            <p class="mono break">{o.public_key}</p>
          </details>
        </div>
      ) : <p class="hint">{t('op.version', { n: o.version })} · {t('op.draft')}</p>}
    </div>
  );
}

/* The official form as a PDF, in a page of its own: the browser's viewer prints it. */
export function PrintLink(p: { id: string; version: number }): JSX.Element {
  return <a class="button small" target="_blank" rel="noopener" href={`/api/v1/consultations/${p.id}/opinions/${p.version}/document`}>{t('op.print')}</a>;
}

export function OpinionVersions(p: { id: string; current: number }): JSX.Element | null {
  const [all, setAll] = useState<Opinion[] | null>(null);
  const action = useAction();
  const load = (): void => void action.run(async () => setAll((await get<{ opinions: Opinion[] }>(`/consultations/${p.id}/opinions`)).opinions));
  if (p.current < 2) {
    return null;
  }
  return (
    <details onToggle={(e) => (e.target as HTMLDetailsElement).open && !all && load()}>
      <summary>{t('op.versions')}</summary>
      <ProblemNotice problem={action.problem} retry={load} />
      {all?.filter((o) => o.version !== p.current).map((o) => (
        <div key={o.version}><OpinionText o={o} />{o.status === 'signed' && <PrintLink id={p.id} version={o.version} />}</div>
      ))}
    </details>
  );
}

export function DecisionForm(p: { c: Consultation; onDone: () => void }): JSX.Element {
  const [adopted, setAdopted] = useState<Decision['adopted'] | ''>('');
  const [text, setText] = useState('');
  const [told, setTold] = useState(false);
  const [need, setNeed] = useState(false);
  const action = useAction();
  const submit = (e: Event): void => {
    e.preventDefault();
    if (!adopted || (adopted !== 'yes' && !text.trim())) {
      setNeed(true);
      return;
    }
    setNeed(false);
    void action.run(async () => {
      await consult(p.c.id, 'acknowledge', { decision: { adopted, text: text.trim(), told_patient: told } });
      p.onDone();
    });
  };
  return (
    <form class="card decision" onSubmit={submit} noValidate>
      <h2>{t('dec.title')}</h2>
      <p class="hint">{t('dec.legal')}</p>
      <Radios<Decision['adopted']> legend={t('dec.adopted')} name="adopted" value={adopted} onChange={setAdopted}
        options={(['yes', 'partly', 'no'] as const).map((v) => ({ value: v, label: t(`dec.${v}`) }))} />
      <Field label={t('dec.text')} value={text} onInput={setText} rows={3} required={adopted === 'partly' || adopted === 'no'} />
      <Check label={t('dec.told')} checked={told} onChange={setTold} />
      {need && <Notice kind="error">{t('dec.need')}</Notice>}
      <ProblemNotice problem={action.problem} />
      <div class="buttons"><button type="submit" class="primary" disabled={action.busy}>{t('dec.save')}</button></div>
    </form>
  );
}

export function DecisionText(p: { d: Decision }): JSX.Element {
  const rows = [[t('dec.adopted'), t(`dec.${p.d.adopted}`)], [t('dec.text'), p.d.text ?? ''], [t('dec.told'), t(p.d.told_patient ? 'app.yes' : 'app.no')]];
  return <dl class="sheet">{rows.filter(([, v]) => v).map(([k, v]) => <div key={k}><dt>{k}</dt><dd>{v}</dd></div>)}</dl>;
}
