/* One partnership, for the manager of its lead: rules, members, agreements, and what they would let people do. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { asProblem, type Problem } from '../lib/api';
import { nameOf, t, tCode } from '../lib/i18n';
import { change, type Partnership } from '../lib/partnership';
import { useResource } from '../lib/resource';
import { Loading, Notice, ProblemNotice } from '../parts/basic';
import { AgreementsCard } from './partnership-agreement';
import { RulesCard } from './partnership-edit';
import { MembersCard } from './partnership-members';
import { PartnershipTabs } from './partnership-statement';
import { WhatIfCard } from './partnership-whatif';

export interface EditProps {
  whole: Partnership;
  /* Makes one change; false: it was refused, and `problem` says why. What was typed stays. */
  save: (method: 'PATCH' | 'PUT' | 'POST', path: string, body: unknown) => Promise<boolean>;
  busy: boolean;
  problem: Problem | null;
  clear: () => void;
}

export function PartnershipPage(p: { id: string }): JSX.Element {
  const resource = useResource<Partnership>(`/partnerships/${p.id}`);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [saved, setSaved] = useState(false);
  const [stale, setStale] = useState(false);
  const whole = resource.data;
  const clear = (): void => {
    setProblem(null);
    setStale(false);
    setSaved(false);
  };
  const save: EditProps['save'] = async (method, path, body) => {
    if (!whole || busy) {
      return false;
    }
    clear();
    setBusy(true);
    try {
      resource.set(await change(whole, method, path, body));
      setSaved(true);
      return true;
    } catch (error) {
      const refused = asProblem(error);
      if (refused.status === 412) {
        setStale(true);
        await resource.reload();
      } else {
        setProblem(refused);
      }
      return false;
    } finally {
      setBusy(false);
    }
  };
  if (!whole) {
    return (
      <main id="main" class="page">
        <div class="page-head"><h1>{t('pship.title')}</h1></div>
        <ProblemNotice problem={resource.problem} retry={() => void resource.reload()} />
        {!resource.problem && <Loading />}
        <p><a href="#/partnerships">{t('app.back')}</a></p>
      </main>
    );
  }
  const edit: EditProps = { whole, save, busy, problem, clear };
  return (
    <main id="main" class="page">
      <div class="page-head">
        <h1>{nameOf(whole)}</h1>
        <span class={whole.active ? 'badge good' : 'badge u-urgent'}>{t(whole.active ? 'pship.active' : 'pship.ended')}</span>
        <span class="hint">{tCode('mode', whole.mode)} · {tCode('type', whole.type)} · <span class="mono">{whole.code}</span></span>
        <a href="#/partnerships">{t('app.back')}</a>
      </div>
      <PartnershipTabs id={whole.id} here="rules" />
      {stale && <Notice kind="warn">{t('pship.stale')}</Notice>}
      {saved && <Notice kind="good">{t('pship.saved')}</Notice>}
      {!whole.agreements.some((a) => a.in_force) && <Notice kind="warn" live={false}>{t('pship.none-in-force')}</Notice>}
      <WhatIfCard whole={whole} />
      <RulesCard {...edit} />
      <MembersCard {...edit} />
      <AgreementsCard {...edit} />
    </main>
  );
}
