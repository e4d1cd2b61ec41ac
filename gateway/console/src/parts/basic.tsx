/* Fields, buttons and notices. Each has a label that is its accessible name; hints and errors are its description. */
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { asProblem, type Problem } from '../lib/api';
import { t, tCode } from '../lib/i18n';
import type { State, Urgency } from '../lib/types';

let lastId = 0;
export function useId(): string {
  const [id] = useState(() => `f${++lastId}`);
  return id;
}

interface FieldProps {
  label: string;
  value: string;
  onInput: (value: string) => void;
  required?: boolean;
  hint?: string | null;
  error?: string | null;
  rows?: number;
  wide?: boolean;
  type?: 'text' | 'password' | 'tel' | 'date' | 'time' | 'number';
  numeric?: boolean;
  autoComplete?: string;
  maxLength?: number;
  placeholder?: string;
  disabled?: boolean;
  inputRef?: { current: HTMLInputElement | null };
  onKeyUp?: (event: KeyboardEvent) => void;
}

export function Field(p: FieldProps): JSX.Element {
  const id = useId();
  const shared = {
    id, value: p.value, required: p.required, disabled: p.disabled, maxLength: p.maxLength ?? 4000, placeholder: p.placeholder,
    'aria-invalid': p.error ? true : undefined, 'aria-describedby': p.hint || p.error ? `${id}-d` : undefined,
    onInput: (e: Event) => p.onInput((e.target as HTMLInputElement).value),
  };
  return (
    <div class={p.wide ? 'field wide' : 'field'}>
      <div class="label-row"><label for={id}>{p.label}</label>{p.required && <span class="req" aria-hidden="true">*</span>}</div>
      {p.rows
        ? <textarea {...shared} rows={p.rows} />
        : <input {...shared} ref={p.inputRef} type={p.type ?? 'text'} inputMode={p.numeric ? 'decimal' : undefined}
            autoComplete={p.autoComplete ?? 'off'} onKeyUp={p.onKeyUp} spellcheck={false} />}
      {(p.error || p.hint) && <div id={`${id}-d`} class={p.error ? 'field-error' : 'hint'}>{p.error || p.hint}</div>}
    </div>
  );
}

interface SelectProps {
  label: string;
  value: string;
  options: { value: string; label: string }[];
  onChange: (value: string) => void;
  required?: boolean;
  hideLabel?: boolean;
  disabled?: boolean;
  error?: string | null;
}

export function Select(p: SelectProps): JSX.Element {
  const id = useId();
  return (
    <div class={p.hideLabel ? 'field bare' : 'field'}>
      <div class={p.hideLabel ? 'sr-only' : 'label-row'}><label for={id}>{p.label}</label>{p.required && <span class="req" aria-hidden="true">*</span>}</div>
      <select id={id} value={p.value} required={p.required} disabled={p.disabled} aria-invalid={p.error ? true : undefined}
        onChange={(e) => p.onChange((e.target as HTMLSelectElement).value)}>
        {p.options.map((o) => <option key={o.value} value={o.value} selected={o.value === p.value}>{o.label}</option>)}
      </select>
      {p.error && <div class="field-error">{p.error}</div>}
    </div>
  );
}

export function Check(p: { label: string; checked: boolean; onChange: (on: boolean) => void; hint?: string; disabled?: boolean }): JSX.Element {
  const id = useId();
  return (
    <div class="check">
      <input id={id} type="checkbox" checked={p.checked} disabled={p.disabled} aria-describedby={p.hint ? `${id}-d` : undefined}
        onChange={(e) => p.onChange((e.target as HTMLInputElement).checked)} />
      <div>
        <label for={id}>{p.label}</label>
        {p.hint && <div id={`${id}-d`} class="hint">{p.hint}</div>}
      </div>
    </div>
  );
}

export function Radios<T extends string>(p: {
  legend: string; name: string; value: T | ''; options: { value: T; label: string; hint?: string }[]; onChange: (value: T) => void;
}): JSX.Element {
  const id = useId();
  return (
    <fieldset class="radios" role="radiogroup" aria-labelledby={`${id}-l`}>
      <legend id={`${id}-l`}>{p.legend}</legend>
      <div class="radio-row">
        {p.options.map((o) => (
          <div class={`radio ${p.name}-${o.value}`} key={o.value}>
            <input type="radio" id={`${id}-${o.value}`} name={`${id}-${p.name}`} checked={p.value === o.value}
              aria-describedby={o.hint ? `${id}-${o.value}-d` : undefined} onChange={() => p.onChange(o.value)} />
            <div>
              <label for={`${id}-${o.value}`}>{o.label}</label>
              {o.hint && <div class="hint" id={`${id}-${o.value}-d`}>{o.hint}</div>}
            </div>
          </div>
        ))}
      </div>
    </fieldset>
  );
}

export function Notice(p: { kind: 'info' | 'warn' | 'error' | 'good'; children: ComponentChildren; live?: boolean; action?: ComponentChildren }): JSX.Element {
  return (
    <div class={`notice ${p.kind}`} role={p.kind === 'error' ? 'alert' : p.live === false ? undefined : 'status'}>
      <div class="notice-text">{p.children}</div>
      {p.action}
    </div>
  );
}

/* Changed elsewhere while it was typed here: which of the two counts is asked, nothing is overwritten unseen. */
export function ConflictNotice(p: { text: string; resolve: (mine: boolean) => void }): JSX.Element {
  return (
    <Notice kind="warn" action={<span class="buttons">
      <button type="button" onClick={() => p.resolve(false)}>{t('form.take-other')}</button>
      <button type="button" onClick={() => p.resolve(true)}>{t('form.keep-mine')}</button>
    </span>}>{p.text}</Notice>
  );
}

export function ProblemNotice(p: { problem: Problem | null; retry?: () => void }): JSX.Element | null {
  if (!p.problem || p.problem.status === 401) {
    return null;
  }
  const retry = p.retry && p.problem.transient;
  return (
    <Notice kind="error" action={retry && <button type="button" class="small" onClick={p.retry}>{t('app.retry')}</button>}>
      {p.problem.sentence()}
    </Notice>
  );
}

/* To the first field that lacks something or was refused, once the page shows it. */
export function focusWrong(form: HTMLElement | null | undefined): void {
  setTimeout(() => form?.querySelector<HTMLElement>('[aria-invalid="true"], input:invalid, select:invalid, textarea:invalid')?.focus(), 50);
}

/* Runs one thing at a time; keeps its problem. */
export function useAction(): { busy: boolean; problem: Problem | null; clear: () => void; run: (work: () => Promise<unknown>) => Promise<boolean> } {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const alive = useRef(true);
  const running = useRef(false);
  useEffect(() => () => {
    alive.current = false;
  }, []);
  const run = async (work: () => Promise<unknown>): Promise<boolean> => {
    if (running.current) {
      return false;
    }
    running.current = true;
    setBusy(true);
    setProblem(null);
    try {
      await work();
      return true;
    } catch (error) {
      if (alive.current) {
        setProblem(asProblem(error));
      }
      return false;
    } finally {
      running.current = false;
      if (alive.current) {
        setBusy(false);
      }
    }
  };
  return { busy, problem, clear: () => setProblem(null), run };
}

/* The browser asks before a page with unsaved text is left. */
export function useGuard(unsaved: boolean): void {
  useEffect(() => {
    if (!unsaved) {
      return undefined;
    }
    const warn = (e: BeforeUnloadEvent): void => {
      e.preventDefault();
      e.returnValue = '';
    };
    window.addEventListener('beforeunload', warn);
    return () => window.removeEventListener('beforeunload', warn);
  }, [unsaved]);
}

export function StateBadge(p: { state: State }): JSX.Element {
  return <span class={`badge s-${p.state}`}>{tCode('state', p.state)}</span>;
}
export function UrgencyBadge(p: { urgency: Urgency }): JSX.Element {
  return <span class={`badge u-${p.urgency}`}>{tCode('urgency', p.urgency)}</span>;
}

export function Loading(): JSX.Element {
  return <p class="loading" role="status">{t('app.loading')}</p>;
}
