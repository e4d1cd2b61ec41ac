import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { asProblem, type Problem } from '../lib/api';
import type { Key } from '../lib/dict';
import { duration } from '../lib/format';
import { t } from '../lib/i18n';
import { signIn } from '../lib/session';
import { useTick } from '../lib/store';
import { Field, Notice, ProblemNotice } from '../parts/basic';
import { LanguageSelect } from '../parts/header';

export function SignIn(p: { why?: Key }): JSX.Element {
  const [login, setLogin] = useState('');
  const [password, setPassword] = useState('');
  const [busy, setBusy] = useState(false);
  const [caps, setCaps] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [blockedUntil, setBlockedUntil] = useState(0);
  const first = useRef<HTMLInputElement>(null);
  useTick(1000);
  useEffect(() => first.current?.focus(), []);
  const left = blockedUntil - Date.now();

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (busy || left > 0) {
      return;
    }
    setBusy(true);
    setProblem(null);
    try {
      await signIn(login.trim(), password);
    } catch (error) {
      const failed = asProblem(error);
      setProblem(failed);
      setBusy(false);
      if (failed.status === 429) {
        setBlockedUntil(Date.now() + (failed.retryAfterMs ?? 30_000));
      } else if (failed.status === 401) {
        setPassword('');
      }
    }
  };

  return (
    <main class="signin" id="main">
      <form class="card signin-card" onSubmit={submit}>
        <div class="signin-brand">
          <img src="/icon.svg" alt="" width="40" height="40" />
          <div>
            <strong>{t('app.title')}</strong>
            <div class="hint">{t('signin.lead')}</div>
          </div>
        </div>
        <h1 class="sr-only">{t('signin.title')}</h1>
        {p.why && !problem && <Notice kind="info">{t(p.why)}</Notice>}
        <Field label={t('signin.login')} value={login} onInput={setLogin} autoComplete="username" required maxLength={64} inputRef={first} />
        <Field label={t('signin.password')} value={password} onInput={setPassword} type="password" autoComplete="current-password" required
          maxLength={256} hint={caps ? t('signin.caps') : null} onKeyUp={(e) => setCaps(e.getModifierState?.('CapsLock') ?? false)} />
        {left > 0
          ? <Notice kind="error">{t('signin.throttled', { time: duration(left) })}</Notice>
          : problem && problem.status !== 401 ? <ProblemNotice problem={problem} /> : problem && <Notice kind="error">{problem.sentence()}</Notice>}
        <button type="submit" class="primary block" disabled={busy || left > 0}>{busy ? t('signin.busy') : t('signin.button')}</button>
        <a class="hint" href="#/verify">{t('signin.verify')}</a>
        <LanguageSelect />
      </form>
    </main>
  );
}
