/* Modal questions, on the browser's own <dialog>: focus stays inside, Escape cancels. */
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { t, tCode } from '../lib/i18n';
import { Field, ProblemNotice, Select, useAction, useId } from './basic';

export function Dialog(p: { title: string; onClose: () => void; children: ComponentChildren; wide?: boolean }): JSX.Element {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    const dialog = ref.current;
    if (dialog && !dialog.open) {
      if (typeof dialog.showModal === 'function') {
        dialog.showModal();
      } else {
        dialog.setAttribute('open', '');
      }
    }
    return () => {
      dialog?.close?.(); // while it is open, nothing outside takes the focus
      before?.focus?.();
    };
  }, []);
  return (
    <dialog ref={ref} class={p.wide ? 'wide' : undefined} aria-labelledby={id} onCancel={(e) => {
      e.preventDefault();
      p.onClose();
    }}>
      <h2 id={id}>{p.title}</h2>
      {p.children}
    </dialog>
  );
}

export interface Question {
  title: string;
  text?: string;
  confirm?: string;
  danger?: boolean;
  reasons?: string[]; // codes; the first is chosen
  reasonPrefix?: string; // of their words; 'reason' when absent
  textLabel?: string; // asks for a text
  textRequired?: boolean;
  run: (answer: { reason_code?: string; reason_text?: string }) => Promise<unknown>;
}

export function Ask(p: { question: Question; onClose: () => void }): JSX.Element {
  const q = p.question;
  const [reason, setReason] = useState(q.reasons?.[0] ?? '');
  const [text, setText] = useState('');
  const action = useAction();
  const incomplete = Boolean(q.textLabel) && (q.textRequired || reason === 'other') && text.trim() === '';
  const submit = async (e: Event): Promise<void> => {
    e.preventDefault();
    if (incomplete) {
      return;
    }
    const answer: { reason_code?: string; reason_text?: string } = {};
    if (q.reasons) {
      answer.reason_code = reason;
    }
    if (text.trim()) {
      answer.reason_text = text.trim();
    }
    if (await action.run(() => q.run(answer))) {
      p.onClose();
    }
  };
  return (
    <Dialog title={q.title} onClose={p.onClose}>
      <form onSubmit={submit}>
        {q.text && <p>{q.text}</p>}
        {q.reasons && <Select label={t('act.reason')} value={reason} onChange={setReason}
          options={q.reasons.map((r) => ({ value: r, label: tCode(q.reasonPrefix ?? 'reason', r) }))} />}
        {q.textLabel && <Field label={q.textLabel} value={text} onInput={setText} rows={3} required={q.textRequired || reason === 'other'} maxLength={1000} />}
        <ProblemNotice problem={action.problem} />
        <div class="buttons end">
          <button type="button" onClick={p.onClose}>{t('app.cancel')}</button>
          <button type="submit" class={q.danger ? 'danger' : 'primary'} disabled={action.busy || incomplete}>{q.confirm ?? t('app.confirm')}</button>
        </div>
      </form>
    </Dialog>
  );
}
