/* The opinion on the case page: being written, preliminary, signed, or waited for. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { nameOf, t } from '../lib/i18n';
import { consult } from '../lib/session';
import type { Consultation, View } from '../lib/types';
import { Notice } from './basic';
import { Ask, type Question } from './dialog';
import { OpinionForm, OpinionText, OpinionVersions, PrintLink, draftVersion } from './opinion';

const PARTY = ['requester', 'consultant', 'coordinator'];

/* The consultant may change the draft now. */
export function writes(c: Consultation): boolean {
  return c.my_role === 'consultant' && (c.state === 'reporting' || c.state === 'awaiting-opinion');
}

/* Can be read, is not signed: the consultant may sign it where no second reader is asked for. */
function Preliminary(p: { c: Consultation; reload: () => void }): JSX.Element | null {
  const { c } = p;
  const [question, setQuestion] = useState<Question | null>(null);
  if (!c.opinion) {
    return null;
  }
  const sign = (): void => setQuestion({ title: t('op.sign'), text: t('act.verify-ask'), confirm: t('op.sign-now'), run: () => consult(c.id, 'sign').then(p.reload) });
  return (
    <section class="card" aria-labelledby="op-title">
      <h2 id="op-title">{t('case.preliminary')}</h2>
      <Notice kind="warn" live={false}>{t('case.preliminary-note')}</Notice>
      <OpinionText o={c.opinion} attachments={c.attachments} />
      {c.my_role === 'consultant' && c.actions.includes('sign') && <div class="buttons"><button type="button" onClick={sign}>{t('op.sign')}</button></div>}
      {question && <Ask question={question} onClose={() => setQuestion(null)} />}
    </section>
  );
}

export function OpinionCard(p: { c: Consultation; view: View; reload: () => void }): JSX.Element | null {
  const { c } = p;
  if (writes(c)) {
    return (
      <section class="card" aria-labelledby="op-title">
        <h2 id="op-title">{t(c.kind === 'read' ? 'read.title' : 'op.title')}</h2>
        <OpinionForm key={draftVersion(c)} c={c} view={p.view} onSigned={p.reload} />
        <OpinionVersions id={c.id} current={c.opinion?.version ?? 1} />
      </section>
    );
  }
  if (c.state === 'opinion-draft') {
    return <Preliminary c={c} reload={p.reload} />;
  }
  const signed = c.opinion?.status === 'signed' ? c.opinion : null;
  if (!signed && (c.state === 'awaiting-opinion' || c.state === 'reporting')) {
    return <Notice kind="info">{t('op.waiting', { who: nameOf(c.consultant) })}</Notice>;
  }
  return signed ? (
    <section class="card" aria-labelledby="op-title">
      <h2 id="op-title">{t(c.kind === 'read' ? 'read.title' : 'op.title')}</h2>
      <OpinionText o={signed} attachments={c.attachments} />
      {PARTY.includes(c.my_role) && <div class="buttons"><PrintLink id={c.id} version={signed.version} /></div>}
      <OpinionVersions id={c.id} current={signed.version} />
    </section>
  ) : null;
}
