/* On the page of a consultation: refer its patient, and the patient's way. */
import type { JSX } from 'preact';
import { t } from '../lib/i18n';
import { create } from '../lib/referral';
import { go } from '../lib/router';
import type { Consultation } from '../lib/types';
import { ProblemNotice, useAction } from './basic';
import { WayCard } from './way';

const REFERS = ['signed', 'acknowledged', 'follow-up', 'referral-open', 'closed', 'archived'];

export function ReferralOfCase(p: { c: Consultation }): JSX.Element {
  const make = useAction();
  const may = p.c.my_role === 'requester' && REFERS.includes(p.c.state);
  return (
    <>
      <WayCard path={`/consultations/${p.c.id}/way`} />
      {may && (
        <div class="buttons between">
          <button type="button" disabled={make.busy} onClick={() => void make.run(async () => go(`/r/${(await create({ consultation: p.c.id })).id}`))}>{t('ref.from-case')}</button>
        </div>
      )}
      <ProblemNotice problem={make.problem} />
    </>
  );
}
