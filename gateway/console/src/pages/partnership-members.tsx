/* Who belongs to the partnership, since when and until when. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { asProblem, get, serverNow, type Problem } from '../lib/api';
import { nameOf, t, tCode } from '../lib/i18n';
import { chinaToday, rolesOf, type FoundOrganisation, type MemberRow, type Partnership } from '../lib/partnership';
import { Field, Loading, ProblemNotice, Select } from '../parts/basic';
import { Dialog } from '../parts/dialog';
import { tidyDate } from '../parts/request-fields';
import type { EditProps } from './partnership';

/* Institutions that are no members yet, by a part of the name. */
function Picker(p: { whole: Partnership; value: string; onPick: (id: string) => void }): JSX.Element {
  const [search, setSearch] = useState('');
  const [found, setFound] = useState<{ organisations: FoundOrganisation[]; more: boolean } | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(() => {
    let current = true;
    const timer = setTimeout(() => {
      get<{ organisations: FoundOrganisation[]; more: boolean }>(`/organisations?search=${encodeURIComponent(search.trim())}`).then(
        (answer) => {
          if (current) {
            setFound(answer);
            setProblem(null);
          }
        }, (error: unknown) => current && setProblem(asProblem(error)));
    }, 250);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [search]);
  const known = new Set(p.whole.members.map((m) => m.id));
  const choices = found?.organisations.filter((o) => !known.has(o.id)) ?? [];
  const chosen = choices.some((o) => o.id === p.value) ? p.value : choices[0]?.id ?? '';
  useEffect(() => p.onPick(chosen), [chosen]);
  return (
    <>
      <Field label={t('pship.member-search')} value={search} onInput={setSearch} maxLength={60} />
      <ProblemNotice problem={problem} />
      {!found && !problem && <Loading />}
      {found && choices.length === 0 && <p class="hint" role="status">{t('pship.member-none')}</p>}
      {choices.length > 0 && <Select label={t('pship.member-pick')} value={chosen} onChange={p.onPick}
        options={choices.map((o) => ({ value: o.id, label: `${nameOf(o)} · ${tCode('level', o.level)} · ${o.code}` }))} />}
      {found?.more && <p class="hint">{t('pship.member-more')}</p>}
    </>
  );
}

function MemberDialog(p: EditProps & { member: MemberRow | null; onClose: () => void }): JSX.Element {
  const roles = p.member?.role === 'lead' ? ['lead'] : rolesOf(p.whole.mode);
  const [id, setId] = useState(p.member?.id ?? '');
  const [role, setRole] = useState(p.member?.role ?? roles[roles.length - 1] ?? '');
  const [since, setSince] = useState(p.member?.since ?? chinaToday(serverNow()));
  const [until, setUntil] = useState(p.member?.until ?? '');
  const errorOf = (field: string): string | null => (p.problem?.field === field ? p.problem.sentence() : null);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const body = { role, since: tidyDate(since), ...(until.trim() ? { until: tidyDate(until.trim()) } : {}) };
    if (id && (await p.save('PUT', `/members/${id}`, body))) {
      p.onClose();
    }
  };
  return (
    <Dialog title={p.member ? t('pship.member-change', { name: nameOf(p.member) }) : t('pship.member-add')} onClose={p.onClose}>
      <form onSubmit={submit} noValidate>
        {!p.member && <Picker whole={p.whole} value={id} onPick={setId} />}
        <Select label={t('pship.role')} value={role} onChange={setRole} error={errorOf('/role')} options={roles.map((r) => ({ value: r, label: tCode('pship.role', r) }))} />
        <Field label={t('pship.since')} value={since} onInput={setSince} required maxLength={11} error={errorOf('/since')} />
        <Field label={t('pship.until-label')} value={until} onInput={setUntil} maxLength={11} error={errorOf('/until')} hint={t('pship.until-hint')} disabled={p.member?.role === 'lead'} />
        <ProblemNotice problem={p.problem} />
        <div class="buttons end">
          <button type="button" onClick={p.onClose}>{t('app.cancel')}</button>
          <button type="submit" class="primary" disabled={p.busy || !id}>{t('pship.save')}</button>
        </div>
      </form>
    </Dialog>
  );
}

export function MembersCard(p: EditProps): JSX.Element {
  const [open, setOpen] = useState<{ member: MemberRow | null } | null>(null);
  const show = (member: MemberRow | null): void => {
    p.clear();
    setOpen({ member });
  };
  return (
    <section class="card" aria-labelledby="pship-members">
      <h2 id="pship-members">{t('pship.members')} <span class="count">{p.whole.members.length}</span></h2>
      {p.whole.members.length < 2 && <p class="empty">{t('pship.no-members')}</p>}
      <div class="wide-table"><table class="list">
        <caption class="sr-only">{t('pship.members')}</caption>
        <thead><tr>
          <th scope="col">{t('pship.col-name')}</th><th scope="col">{t('pship.col-level')}</th><th scope="col">{t('pship.role')}</th>
          <th scope="col">{t('pship.col-since')}</th><th scope="col">{t('pship.col-until')}</th><th scope="col">{t('pship.col-state')}</th><th scope="col"><span class="sr-only">{t('pship.edit')}</span></th>
        </tr></thead>
        <tbody>
          {p.whole.members.map((m) => (
            <tr key={m.id}>
              <td>{nameOf(m)} <span class="hint mono">{m.code}</span></td><td data-label={t('pship.col-level')}>{tCode('level', m.level)}</td>
              <td data-label={t('pship.role')}>{tCode('pship.role', m.role)}</td><td data-label={t('pship.col-since')}>{m.since}</td><td data-label={t('pship.col-until')}>{m.until ?? '–'}</td>
              <td data-label={t('pship.col-state')}><span class={m.current ? 'badge good' : 'badge u-urgent'}>{t(m.current ? 'pship.current' : 'pship.former')}</span></td>
              <td><button type="button" class="small" aria-label={t('pship.member-change', { name: nameOf(m) })} onClick={() => show(m)}>{t('pship.edit')}</button></td>
            </tr>
          ))}
        </tbody>
      </table></div>
      <div class="buttons"><button type="button" onClick={() => show(null)}>{t('pship.member-add')}</button></div>
      {open && <MemberDialog {...p} member={open.member} onClose={() => setOpen(null)} />}
    </section>
  );
}
