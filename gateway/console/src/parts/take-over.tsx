/* A coordinator puts another doctor in charge of a consultation: why, and who of those whom the gateway names. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { nameOf, t, tCode } from '../lib/i18n';
import { useResource } from '../lib/resource';
import { consult } from '../lib/session';
import { placeOf } from '../lib/steps';
import type { Consultation, Invitee } from '../lib/types';
import { Field, Loading, ProblemNotice, Select, useAction } from './basic';
import { Dialog } from './dialog';
import { TAKE_OVER_REASONS } from './questions';

const SEARCH_PAUSE_MS = 300;

function words(x: Invitee): string {
  return `${nameOf(x)} · ${tCode('title', x.title)}${x.on_duty ? ` (${t('guest.on-duty')})` : ''}`;
}

export function TakeOverDialog(p: { c: Consultation; onDone: () => void; onClose: () => void }): JSX.Element {
  const { c } = p;
  const [reason, setReason] = useState(c.unattended === placeOf(c) ? 'account-closed' : 'ill');
  const [text, setText] = useState('');
  const [account, setAccount] = useState('');
  const [typed, setTyped] = useState('');
  const [search, setSearch] = useState('');
  const action = useAction();
  useEffect(() => {
    const timer = setTimeout(() => setSearch(typed.trim()), SEARCH_PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  const list = useResource<{ invitees: Invitee[]; more: boolean }>(`/consultations/${c.id}/people?for=take-over${search ? `&search=${encodeURIComponent(search)}` : ''}`);
  const people = list.data?.invitees ?? [];
  const chosen = people.some((x) => x.account === account) ? account : '';
  const lacking = chosen === '' || (reason === 'other' && text.trim() === '');
  const submit = async (e: Event): Promise<void> => {
    e.preventDefault();
    const why = text.trim() ? { reason_text: text.trim() } : {};
    if (!lacking && await action.run(() => consult(c.id, 'take-over', { reason_code: reason, ...why, account: chosen }))) {
      p.onClose();
      p.onDone();
    }
  };
  return (
    <Dialog title={t('act.take-over')} onClose={p.onClose}>
      <form onSubmit={submit}>
        <p>{t(`act.take-over-${placeOf(c)}`)}</p>
        <Select label={t('act.reason')} value={reason} onChange={setReason} options={TAKE_OVER_REASONS.map((r) => ({ value: r, label: tCode('reason', r) }))} />
        <Field label={t('act.text')} value={text} onInput={setText} rows={2} required={reason === 'other'} maxLength={1000} />
        <ProblemNotice problem={list.problem} retry={() => void list.reload()} />
        {!list.data && !list.problem && <Loading />}
        {list.data?.more || typed ? <Field label={t('guest.search')} value={typed} onInput={setTyped} maxLength={64} /> : null}
        {list.data && people.length === 0 && <p class="hint">{t('act.take-over-nobody')}</p>}
        {people.length > 0 && <Select label={t('act.take-over-who')} value={chosen} onChange={setAccount} error={action.problem?.field === '/account' ? action.problem.sentence() : null}
          options={[{ value: '', label: t('act.take-over-choose') }, ...people.map((x) => ({ value: x.account, label: words(x) }))]} />}
        <ProblemNotice problem={action.problem} />
        <div class="buttons end">
          <button type="button" onClick={p.onClose}>{t('app.cancel')}</button>
          <button type="submit" class="primary" disabled={action.busy || lacking}>{t('app.confirm')}</button>
        </div>
      </form>
    </Dialog>
  );
}
