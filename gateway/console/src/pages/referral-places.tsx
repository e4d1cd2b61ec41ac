/* Beds and clinic hours that the institution keeps for referred patients. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { del, post, serverNow } from '../lib/api';
import { minute } from '../lib/format';
import { nameOf, t, tCode } from '../lib/i18n';
import type { Department, Place } from '../lib/referral';
import { useResource } from '../lib/resource';
import { Check, Field, Loading, Notice, ProblemNotice, Select, useAction } from '../parts/basic';
import { localTime, WhenField } from '../parts/referral-bits';

const DAY_MS = 86_400_000;

function AddForm(p: { departments: Department[]; onAdded: () => void }): JSX.Element {
  const [department, setDepartment] = useState(p.departments[0]?.code ?? '');
  const [code, setCode] = useState('');
  const [kind, setKind] = useState('bed');
  const [from, setFrom] = useState(localTime(serverNow()));
  const [until, setUntil] = useState(localTime(serverNow() + 30 * DAY_MS));
  const [reserved, setReserved] = useState(true);
  const action = useAction();
  const errorOf = (pointer: string): string | null => (action.problem?.field === pointer ? action.problem.sentence() : null);
  const submit = async (e: Event): Promise<void> => {
    e.preventDefault();
    const body = { department, code: code.trim(), kind, from_ms: new Date(from).getTime(), until_ms: new Date(until).getTime(), reserved };
    if (await action.run(() => post('/places', body))) {
      setCode('');
      p.onAdded();
    }
  };
  return (
    <form class="card" onSubmit={submit} aria-label={t('places.add')}>
      <div class="grid g4">
        <Select label={t('ref.department')} value={department} onChange={setDepartment} options={p.departments.map((d) => ({ value: d.code, label: nameOf(d) }))} />
        <Field label={t('places.code')} value={code} required maxLength={40} onInput={setCode} error={errorOf('/code')} />
        <Select label={t('places.kind')} value={kind} onChange={setKind} options={['bed', 'clinic'].map((v) => ({ value: v, label: tCode('ref', `place-${v}`) }))} />
        <div />
        <WhenField label={t('places.from')} value={from} onInput={setFrom} required />
        <WhenField label={t('places.until')} value={until} onInput={setUntil} required />
      </div>
      <Check label={t('places.reserved')} checked={reserved} onChange={setReserved} />
      <ProblemNotice problem={action.problem} />
      <button type="submit" class="primary" disabled={action.busy || !code.trim() || !department}>{t('places.add')}</button>
    </form>
  );
}

export function PlacesPage(): JSX.Element {
  const departments = useResource<{ departments: Department[] }>('/departments');
  const places = useResource<{ places: Place[] }>('/places', ['referral.changed']);
  const action = useAction();
  const rows = places.data?.places ?? [];
  const known = departments.data?.departments ?? [];
  const departmentName = (code: string): string => nameOf(known.find((d) => d.code === code)) || code;
  const remove = (place: Place): void => void action.run(async () => {
    await del(`/places/${place.id}`);
    await places.reload();
  });
  return (
    <main id="main" class="page">
      <div class="page-head"><h1>{t('places.title')}</h1><a class="button" href="#/referrals">{t('ref.title')}</a></div>
      <p class="hint">{t('places.lead')}</p>
      <ProblemNotice problem={places.problem ?? departments.problem ?? action.problem} retry={() => void places.reload()} />
      {!places.data && !places.problem && <Loading />}
      {departments.data && known.length === 0 && <Notice kind="warn">{t('places.no-department')}</Notice>}
      {places.data && rows.length === 0 && known.length > 0 && <p class="empty">{t('places.empty')}</p>}
      {rows.length > 0 && (
        <table class="list places">
          <caption class="sr-only">{t('places.title')}</caption>
          <thead>
            <tr>
              <th scope="col">{t('ref.department')}</th><th scope="col">{t('places.code')}</th><th scope="col">{t('places.kind')}</th><th scope="col">{t('places.from')}</th>
              <th scope="col">{t('places.until')}</th><th scope="col">{t('places.reserved')}</th><th scope="col">{t('places.state')}</th><th scope="col"><span class="sr-only">{t('app.more')}</span></th>
            </tr>
          </thead>
          <tbody>
            {rows.map((x) => (
              <tr key={x.id}>
                <td data-label={t('ref.department')}>{departmentName(x.department)}</td><td data-label={t('places.code')}>{x.code}</td>
                <td data-label={t('places.kind')}>{tCode('ref', `place-${x.kind}`)}</td>
                <td data-label={t('places.from')}>{minute(x.from_ms)}</td><td data-label={t('places.until')}>{minute(x.until_ms)}</td>
                <td data-label={t('places.reserved')}>{t(x.reserved ? 'app.yes' : 'app.no')}</td>
                <td data-label={t('places.state')}><span class={`badge place-${x.state}`}>{tCode('places', `state-${x.state}`)}</span></td>
                <td>{x.state === 'free' && <button type="button" class="small ghost" disabled={action.busy} aria-label={t('places.remove', { name: x.code })} onClick={() => remove(x)}>✕</button>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {known.length > 0 && <AddForm key={known.length} departments={known} onAdded={() => void places.reload()} />}
    </main>
  );
}
