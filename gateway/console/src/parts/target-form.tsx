/* To whom a request goes: triage by a coordinator, or handing over what was accepted. Nobody named: the rules of the partnership choose. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { nameOf, t, tCode } from '../lib/i18n';
import { useResource } from '../lib/resource';
import { consult, specialties } from '../lib/session';
import { useStore } from '../lib/store';
import type { Consultation, Kind, Named, Person, Urgency } from '../lib/types';
import { Field, ProblemNotice, Radios, Select, useAction } from './basic';
import { Dialog } from './dialog';
import { HAND_OVER_REASONS } from './questions';

type Partner = Named & { id: string; active: boolean; members: (Named & { id: string })[] };
type OnRoster = Person & { specialties: string[]; on_duty: boolean; on_call: boolean };

/* Members of the consultation's partnership; of all own ones while it has none. Never the one that asks. */
function organisationsFor(c: Consultation, partnerships: Partner[]): (Named & { id: string })[] {
  const own = partnerships.filter((x) => x.active && (!c.partnership || x.id === c.partnership.id));
  const found = new Map((own.length > 0 ? own : partnerships).flatMap((x) => x.members.map((m) => [m.id, m] as const)));
  found.delete(c.requester.organisation.id);
  return [...found.values()];
}

function Target(p: { c: Consultation; specialty: string; organisation: string; account: string; onOrganisation: (v: string) => void; onAccount: (v: string) => void; errorOf: (field: string) => string | null }): JSX.Element {
  const partnerships = useResource<{ partnerships: Partner[] }>('/partnerships');
  const roster = useResource<{ people: OnRoster[] }>(`/duty/roster?days=1&specialty=${encodeURIComponent(p.specialty)}`, ['duty.changed']);
  const people = (roster.data?.people ?? []).filter((x) => x.specialties.includes(p.specialty) && x.account !== p.c.consultant?.account && (!p.organisation || x.organisation.id === p.organisation));
  const note = (x: OnRoster): string => (x.on_duty ? ` (${t('guest.on-duty')})` : '');
  return (
    <>
      <Select label={t('target.organisation')} value={p.organisation} onChange={p.onOrganisation} error={p.errorOf('/organisation')}
        options={[{ value: '', label: t('target.any-organisation') }, ...organisationsFor(p.c, partnerships.data?.partnerships ?? []).map((o) => ({ value: o.id, label: nameOf(o) }))]} />
      {people.length > 0 && <Select label={t('target.person')} value={p.account} onChange={p.onAccount} error={p.errorOf('/account')}
        options={[{ value: '', label: t('target.any-person') }, ...people.map((x) => ({ value: x.account, label: `${nameOf(x)} · ${nameOf(x.organisation)}${note(x)}` }))]} />}
    </>
  );
}

function useTarget(c: Consultation): { organisation: string; account: string; setOrganisation: (v: string) => void; setAccount: (v: string) => void; body: () => Record<string, string> } {
  const [organisation, setOrganisationNow] = useState(c.target_organisation ?? '');
  const [account, setAccount] = useState('');
  const setOrganisation = (v: string): void => {
    setOrganisationNow(v);
    setAccount('');
  };
  return { organisation, account, setOrganisation, setAccount, body: () => ({ ...(organisation ? { organisation } : {}), ...(account ? { account } : {}) }) };
}

export function TriageDialog(p: { c: Consultation; onDone: () => void; onClose: () => void }): JSX.Element {
  const { c } = p;
  const list = useStore(specialties);
  const [urgency, setUrgency] = useState<Urgency>(c.urgency);
  const [specialty, setSpecialty] = useState(c.specialty);
  const [kind, setKind] = useState<Kind>(c.kind);
  const target = useTarget(c);
  const action = useAction();
  const errorOf = (field: string): string | null => (action.problem?.field === field ? action.problem.sentence() : null);
  const submit = async (e: Event): Promise<void> => {
    e.preventDefault();
    if (await action.run(() => consult(c.id, 'triage', { urgency, specialty, kind, ...target.body() }))) {
      p.onClose();
      p.onDone();
    }
  };
  return (
    <Dialog title={t('act.triage')} onClose={p.onClose}>
      <form onSubmit={submit}>
        <p>{t('act.triage-ask')}</p>
        <Radios<Urgency> legend={t('urgency.label')} name="urgency" value={urgency} onChange={setUrgency}
          options={(['routine', 'urgent', 'stat'] as const).map((u) => ({ value: u, label: t(`urgency.${u}`) }))} />
        <Select label={t('form.specialty')} value={specialty} onChange={setSpecialty} error={errorOf('/specialty')} options={list.map((s) => ({ value: s.code, label: nameOf(s) }))} />
        <Select label={t('kind.label')} value={kind} onChange={(v) => setKind(v as Kind)} error={errorOf('/kind')}
          options={(['live', 'read', 'mdt'] as const).map((k) => ({ value: k, label: t(`kind.${k}`) }))} />
        <Target c={c} specialty={specialty} organisation={target.organisation} account={target.account} onOrganisation={target.setOrganisation} onAccount={target.setAccount} errorOf={errorOf} />
        <ProblemNotice problem={action.problem} />
        <div class="buttons end">
          <button type="button" onClick={p.onClose}>{t('app.cancel')}</button>
          <button type="submit" class="primary" disabled={action.busy}>{t('app.confirm')}</button>
        </div>
      </form>
    </Dialog>
  );
}

export function HandOverDialog(p: { c: Consultation; onDone: () => void; onClose: () => void }): JSX.Element {
  const { c } = p;
  const [reason, setReason] = useState(HAND_OVER_REASONS[0] ?? 'other');
  const [text, setText] = useState('');
  const target = useTarget(c);
  const action = useAction();
  const errorOf = (field: string): string | null => (action.problem?.field === field ? action.problem.sentence() : null);
  const incomplete = reason === 'other' && text.trim() === '';
  const submit = async (e: Event): Promise<void> => {
    e.preventDefault();
    const words = text.trim() ? { reason_text: text.trim() } : {};
    if (!incomplete && await action.run(() => consult(c.id, 'hand-over', { reason_code: reason, ...words, ...target.body() }))) {
      p.onClose();
      p.onDone();
    }
  };
  return (
    <Dialog title={t('act.hand-over')} onClose={p.onClose}>
      <form onSubmit={submit}>
        <p>{t('act.hand-over-ask')}</p>
        <Select label={t('act.reason')} value={reason} onChange={setReason} options={HAND_OVER_REASONS.map((r) => ({ value: r, label: tCode('reason', r) }))} />
        <Field label={t('act.text')} value={text} onInput={setText} rows={2} required={reason === 'other'} maxLength={1000} />
        <Target c={c} specialty={c.specialty} organisation={target.organisation} account={target.account} onOrganisation={target.setOrganisation} onAccount={target.setAccount} errorOf={errorOf} />
        <ProblemNotice problem={action.problem} />
        <div class="buttons end">
          <button type="button" onClick={p.onClose}>{t('app.cancel')}</button>
          <button type="submit" class="primary" disabled={action.busy || incomplete}>{t('app.confirm')}</button>
        </div>
      </form>
    </Dialog>
  );
}
