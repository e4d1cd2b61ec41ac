/* A consultation request being written: new, a draft, or one that was returned for more information. */
import type { JSX } from 'preact';
import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { get } from '../lib/api';
import { Draft, formBasedOn, type Form } from '../lib/draft';
import { clock } from '../lib/format';
import { join, t, tCode } from '../lib/i18n';
import { useResource } from '../lib/resource';
import { go, useTitle } from '../lib/router';
import { consult } from '../lib/session';
import { useStore } from '../lib/store';
import type { Attachment, Consultation } from '../lib/types';
import { AttachmentList, UploadArea } from '../parts/attachments';
import { ConflictNotice, Field, Loading, Notice, ProblemNotice, UrgencyBadge, useAction, useGuard, focusWrong } from '../parts/basic';
import { Ask, type Question } from '../parts/dialog';
import { ConsentPart, PatientPart, RequestPart, VITALS, WherePart, vitalProblem } from '../parts/request-fields';

/* A new one about the same patient as an earlier one. */
export function RequestAgain(p: { id: string }): JSX.Element {
  const earlier = useResource<Consultation>(`/consultations/${p.id}`);
  if (!earlier.data) {
    return <main id="main" class="page narrow">{earlier.problem ? <ProblemNotice problem={earlier.problem} retry={() => void earlier.reload()} /> : <Loading />}</main>;
  }
  return <RequestPage first={formBasedOn(earlier.data)} />;
}

export function RequestPage(p: { existing?: Consultation; first?: Form; onChanged?: () => void }): JSX.Element {
  const created = (id: string): void => {
    // the address changes so that a reload comes back to the draft; the page itself stays as it is
    history.replaceState(null, '', `#/c/${id}`);
  };
  const draft = useMemo(() => new Draft(p.existing ?? null, created, p.first), []);
  useEffect(() => () => draft.close(), [draft]);
  const { form, id, saving, savedMs, dirty, problem, conflict } = useStore(draft.state);
  const [attachments, setAttachments] = useState<Attachment[]>(p.existing?.attachments ?? []);
  const [question, setQuestion] = useState<Question | null>(null);
  const [missing, setMissing] = useState<string[]>([]);
  const [deferReason, setDeferReason] = useState('');
  const action = useAction();
  const gone = useRef(false);

  const timer = useRef<ReturnType<typeof setTimeout>>();
  const readAttachments = useCallback(() => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      const now = draft.state.get().id;
      if (now) {
        get<{ attachments: Attachment[] }>(`/consultations/${now}/attachments`).then((r) => setAttachments(r.attachments), () => undefined);
      }
    }, 250);
  }, [draft]);

  const failed = conflict ? null : action.problem ?? problem;
  useEffect(() => action.clear(), [savedMs]); // what the network refused is through
  useTitle(p.existing ? t('case.title', { number: p.existing.number }) : t('form.new'));
  const errorOf = (pointer: string): string | null => (failed?.field === pointer ? failed.sentence() : null);
  const part = { form, edit: (change: Parameters<Draft['edit']>[0]) => draft.edit(change), errorOf };

  const lacking = (): string[] => {
    const fields: string[] = [];
    const need = (ok: unknown, label: string): void => {
      if (!ok) {
        fields.push(label);
      }
    };
    const stat = form.urgency === 'stat'; // the least that must be known; the rest follows
    need(stat || form.patient.name?.trim(), t('form.name'));
    need(form.patient.sex, t('form.sex'));
    need(stat || form.patient.birth_date?.trim(), t('form.birth'));
    need(form.request.complaint?.trim(), t('form.complaint'));
    need(stat || form.request.question?.trim(), t('form.question'));
    need(form.specialty, t('form.specialty'));
    need(form.kind !== 'read' || form.request.modality, t('modality.label'));
    need(form.kind !== 'read' || attachments.length > 0, t('form.attachments'));
    need(form.consents.consultation || (stat && deferReason.trim()), t('consent.consultation'));
    need(form.relation === 'self' || form.consentName.trim(), t('consent.name'));
    VITALS.forEach((v) => need(!vitalProblem(v.key, form.vitals[v.key]), t(v.label)));
    return fields;
  };

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const fields = lacking();
    setMissing(fields);
    if (fields.length > 0) {
      focusWrong(event.target as HTMLElement);
      return;
    }
    const sent = await action.run(async () => {
      const made = await draft.save();
      await consult(made, 'submit', !form.consents.consultation && deferReason.trim() ? { reason_code: 'emergency', reason_text: deferReason.trim() } : {});
      gone.current = true;
      go(`/c/${made}`);
    });
    if (sent) {
      p.onChanged?.();
    } else {
      focusWrong(document.querySelector<HTMLElement>('.request form'));
    }
  };

  const discard = (): void => {
    if (!id) {
      go('/worklist');
      return;
    }
    setQuestion({
      title: t('form.discard'), text: t('form.discard-ask'), danger: true,
      run: async () => {
        await consult(id, 'discard');
        go('/worklist');
      },
    });
  };

  useGuard(dirty);
  const saveLine = saving ? t('form.saving') : dirty && !form.specialty ? t('form.unsaved-specialty') : dirty ? t('form.unsaved') : savedMs ? t('form.saved', { time: clock(savedMs) }) : '';
  const returned = p.existing?.state === 'returned' ? p.existing : null;
  return (
    <main id="main" class="page request">
      <form onSubmit={submit} noValidate>
        <div class="page-head">
          <h1>{p.existing ? t('case.title', { number: p.existing.number }) : t('form.new')}</h1>
          <UrgencyBadge urgency={form.urgency} />
          <span class="hint" role="status">{saveLine}</span>
        </div>
        {returned && <Notice kind="warn">{t('form.returned-why', { text: join([tCode('reason', returned.reason_code), returned.reason_text]) })}</Notice>}
        {form.basedOn && <Notice kind="info" live={false} action={<a class="button small" href={`#/c/${form.basedOn}`}>{t('queue.open')}</a>}>{t('case.based-on')}</Notice>}
        <div class="request-columns">
          <div>
            <PatientPart {...part} />
            <RequestPart {...part} />
          </div>
          <div>
            <WherePart {...part} />
            <fieldset class="card">
              <legend>{t('form.attachments')}</legend>
              <UploadArea consultation={() => draft.whenCreated()} onDone={readAttachments} />
              {attachments.length > 0 && <AttachmentList attachments={attachments} removable onChanged={readAttachments} />}
            </fieldset>
            <ConsentPart {...part} />
            {form.urgency === 'stat' && !form.consents.consultation && (
              <Field label={t('consent.deferred')} value={deferReason} onInput={setDeferReason} rows={2} hint={t('consent.deferred-hint')} maxLength={500} />
            )}
          </div>
        </div>
        <div class="form-end">
          {missing.length > 0 && lacking().length > 0 && <Notice kind="error">{t('form.missing', { fields: join(lacking()) })}</Notice>}
          {conflict && <ConflictNotice text={t('form.conflict')} resolve={(mine) => draft.resolve(mine)} />}
          <ProblemNotice problem={failed} retry={() => void draft.save().catch(() => undefined)} />
          <div class="buttons">
            <button type="submit" class="primary" disabled={action.busy}>{action.busy ? t('form.submitting') : t('form.submit')}</button>
            <button type="button" disabled={saving || !form.specialty} onClick={() => void action.run(() => draft.save())}>{t('form.save')}</button>
            {returned
              ? <button type="button" class="ghost" onClick={() => setQuestion({
                  title: t('act.withdraw'), text: t('act.withdraw-ask'), danger: true,
                  run: async (a) => {
                    await consult(returned.id, 'withdraw', a);
                    p.onChanged?.();
                  },
                })}>{t('act.withdraw')}</button>
              : <button type="button" class="ghost" onClick={discard}>{t('form.discard')}</button>}
          </div>
        </div>
      </form>
      {question && <Ask question={question} onClose={() => setQuestion(null)} />}
    </main>
  );
}
