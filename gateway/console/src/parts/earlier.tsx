/* What the same patient had before, for those who treat the patient now: the gateway says which of them, and why not the others. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { get } from '../lib/api';
import { isoDate } from '../lib/format';
import { join, nameOf, pick, t, tCode } from '../lib/i18n';
import { useResource } from '../lib/resource';
import { specialtyName } from '../lib/steps';
import type { Attachment, Consultation, Kind, Opinion, Organisation, PartnershipRef } from '../lib/types';
import { Notice, ProblemNotice, useAction } from './basic';
import { OpinionText, PrintLink } from './opinion';

interface Earlier {
  id: string;
  number: string;
  kind: Kind;
  specialty: string;
  requester: Organisation;
  consultant: Organisation;
  question: string | null;
  opinion_version: number;
  signed_ms: number;
  diagnosis: string | null;
  whole: boolean;
  files_shared: boolean;
  attachments: Attachment[];
}
interface List {
  earlier: Earlier[];
  more: boolean;
  identified: boolean;
  basis: { continuous: boolean; zh: string; en: string; partnership: PartnershipRef | null };
}

const TREATS = ['requester', 'consultant', 'member'];
const PRESENT = ['pending-approval', 'submitted', 'triaged', 'offered', 'accepted', 'scheduled', 'ready', 'in-session', 'interrupted', 'reporting', 'awaiting-opinion', 'opinion-draft', 'signed',
  'acknowledged', 'referral-open', 'follow-up'];

function title(a: Attachment): string {
  return join([a.modality, a.description || a.name]);
}

/* Read only when it is opened: each reading is in the trail. */
function SignedOpinion(p: { e: Earlier }): JSX.Element {
  const [opinion, setOpinion] = useState<Opinion | null>(null);
  const action = useAction();
  const load = (): void => void action.run(async () => {
    const all = (await get<{ opinions: Opinion[] }>(`/consultations/${p.e.id}/opinions`)).opinions;
    setOpinion(all.find((o) => o.version === p.e.opinion_version) ?? null);
  });
  return (
    <details onToggle={(event) => (event.target as HTMLDetailsElement).open && !opinion && load()}>
      <summary>{t('earlier.opinion')}</summary>
      <ProblemNotice problem={action.problem} retry={load} />
      {opinion && <OpinionText o={opinion} />}
    </details>
  );
}

function Row(p: { e: Earlier }): JSX.Element {
  const { e } = p;
  const files = e.files_shared ? e.attachments.map(title) : [];
  const rows: [string, string][] = [[t('earlier.question'), e.question ?? ''], [t('earlier.diagnosis'), e.diagnosis ?? ''], [t('earlier.files'), e.files_shared ? files.join('; ') : t('earlier.no-files')]];
  return (
    <li aria-labelledby={`earlier-${e.id}`}>
      <h3 id={`earlier-${e.id}`}>{isoDate(e.signed_ms)} {specialtyName(e.specialty)}{e.kind !== 'live' && ` · ${tCode('kind', e.kind)}`} <span class="hint mono">{e.number}</span></h3>
      <p class="hint">{t('earlier.parties', { from: nameOf(e.requester), to: nameOf(e.consultant) })}</p>
      <dl class="sheet tight">{rows.filter(([, value]) => value).map(([label, value]) => <div key={label}><dt>{label}</dt><dd class="pre">{value}</dd></div>)}</dl>
      <SignedOpinion e={e} />
      <div class="buttons">
        <PrintLink id={e.id} version={e.opinion_version} />
        {e.whole && <a class="button small" href={`#/c/${e.id}`}>{t('earlier.whole')}</a>}
      </div>
    </li>
  );
}

function Basis(p: { c: Consultation; list: List }): JSX.Element {
  const { basis } = p.list;
  return basis.continuous
    ? <p class="hint">{t('earlier.continuous', { name: nameOf(basis.partnership) })}</p>
    : <Notice kind="info" live={false}>{t('earlier.released', { name: nameOf(basis.partnership ?? p.c.partnership), why: pick(basis.zh, basis.en) })}</Notice>;
}

function Card(p: { c: Consultation }): JSX.Element | null {
  const resource = useResource<List>(`/consultations/${p.c.id}/earlier`, ['consultation.changed'], (m) => m.consultation === p.c.id);
  const list = resource.data;
  if (!list) {
    return resource.problem && resource.problem.status !== 409 ? <ProblemNotice problem={resource.problem} retry={() => void resource.reload()} /> : null;
  }
  return (
    <section class="card" aria-labelledby="earlier-title">
      <h2 id="earlier-title">{t('earlier.title')}</h2>
      {list.earlier.length === 0 && <p class="hint">{t(list.identified ? 'earlier.none' : 'earlier.no-number')}</p>}
      {list.earlier.length > 0 && <ul class="earlier">{list.earlier.map((e) => <Row key={e.id} e={e} />)}</ul>}
      {list.more && <p class="hint">{t('earlier.more')}</p>}
      <Basis c={p.c} list={list} />
    </section>
  );
}

export function EarlierCard(p: { c: Consultation }): JSX.Element | null {
  return TREATS.includes(p.c.my_role) && PRESENT.includes(p.c.state) ? <Card c={p.c} /> : null;
}
