/* The quality review of a closed consultation: a result, and remarks. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { t } from '../lib/i18n';
import { consult } from '../lib/session';
import type { Consultation } from '../lib/types';
import { Field, Notice, ProblemNotice, Radios, useAction } from './basic';

type Result = 'good' | 'acceptable' | 'poor';

export function ReviewForm(p: { c: Consultation; onDone: () => void }): JSX.Element {
  const [result, setResult] = useState<Result | ''>('');
  const [remarks, setRemarks] = useState('');
  const [need, setNeed] = useState(false);
  const [done, setDone] = useState(false);
  const action = useAction();
  const lacking = result === '' || (result === 'poor' && remarks.trim() === '');
  const submit = async (e: Event): Promise<void> => {
    e.preventDefault();
    setNeed(lacking);
    if (!lacking && await action.run(() => consult(p.c.id, 'review', { result, remarks: remarks.trim() }))) {
      setDone(true);
      p.onDone();
    }
  };
  if (done) {
    return <Notice kind="good" action={<a class="button" href="#/review">{t('nav.review')}</a>}>{t('review.done')}</Notice>;
  }
  return (
    <form class="card" onSubmit={submit} noValidate aria-labelledby="review-title">
      <h2 id="review-title">{t('act.review')}</h2>
      <Radios<Result> legend={t('review.result')} name="review" value={result} onChange={setResult}
        options={(['good', 'acceptable', 'poor'] as const).map((v) => ({ value: v, label: t(`review.${v}`) }))} />
      <Field label={t('review.remarks')} value={remarks} onInput={setRemarks} rows={3} required={result === 'poor'} maxLength={4000} />
      {need && lacking && <Notice kind="error">{t('review.need')}</Notice>}
      <ProblemNotice problem={action.problem} />
      <div class="buttons"><button type="submit" class="primary" disabled={action.busy}>{t('act.review')}</button></div>
    </form>
  );
}
