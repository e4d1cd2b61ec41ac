/* Is a printed report genuine? For whoever holds one: by its code, or by the PDF file. Nothing is kept. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { call, post } from '../lib/api';
import { fullTime } from '../lib/format';
import { join, nameOf, t, tCode, useLanguage } from '../lib/i18n';
import type { Finding, Verification } from '../lib/types';
import { Field, Notice, ProblemNotice, useAction, useId } from '../parts/basic';
import { LanguageSelect } from '../parts/header';

const FILE_MAX = 4 * 1024 * 1024;

/* "text of page 2" in the language of the page; a file of the report (record.json) has its name. */
function part(what: string | undefined): string {
  const [, words, number] = /^(.*?)(?: (\d+))?$/.exec(what ?? '') ?? [];
  const known = tCode('part', words);
  return number ? `${known} ${number}` : known;
}

function where(f: Finding): string {
  return join([
    part(f.what), f.length ? t('verify.octets', { from: f.from ?? 0, to: (f.from ?? 0) + f.length - 1 }) : null, f.pointer ? t('verify.member', { pointer: f.pointer }) : null,
  ]);
}

function Result(p: { v: Verification; byFile: boolean }): JSX.Element {
  const { v } = p;
  return (
    <section class="card verify-result" aria-label={t('verify.findings')}>
      {v.valid ? <Notice kind="good">{t(p.byFile ? 'verify.good' : 'verify.good-code')}</Notice> : <Notice kind="error">{t('verify.bad')}</Notice>}
      {v.superseded_by !== null && v.superseded_by !== undefined && <Notice kind="warn">{t('verify.superseded', { n: v.superseded_by })}</Notice>}
      {v.number && (
        <dl class="sheet tight">
          <div><dt>{t('verify.number')}</dt><dd>{v.number}</dd></div>
          <div><dt>{t('verify.version')}</dt><dd>{v.version}</dd></div>
          <div><dt>{t('verify.institution')}</dt><dd>{nameOf(v.institution)}</dd></div>
          <div><dt>{t('verify.signed')}</dt><dd>{fullTime(v.signed_ms)}</dd></div>
          <div><dt>{t('verify.patient')}</dt><dd>{v.patient}</dd></div>
        </dl>
      )}
      <ul class="findings">
        {v.findings.map((f, i) => (
          <li key={i}>
            <span class={f.ok ? 'badge good' : 'badge bad'}>{t(f.ok ? 'verify.holds' : 'verify.fails')}</span> {tCode('layer', f.layer)}
            {where(f) && <span class="hint break"> {where(f)}</span>}
          </li>
        ))}
      </ul>
    </section>
  );
}

export function VerifyPage(p: { code: string }): JSX.Element {
  useLanguage();
  const [code, setCode] = useState(p.code);
  const [result, setResult] = useState<{ v: Verification; byFile: boolean } | null>(null);
  const [tooLarge, setTooLarge] = useState(false);
  const action = useAction();
  const id = useId();
  const begin = (): void => {
    setResult(null);
    setTooLarge(false);
  };
  const byCode = (typed: string): void => {
    begin();
    void action.run(async () => setResult({ v: await post<Verification>('/verify', { code: typed }), byFile: false }));
  };
  const byFile = (file: File | undefined): void => {
    begin();
    if (!file) {
      return;
    }
    if (file.size > FILE_MAX) {
      setTooLarge(true);
      return;
    }
    void action.run(async () => {
      const raw = await file.arrayBuffer();
      setResult({ v: await call<Verification>('POST', '/verify/document', { raw, headers: { 'Content-Type': 'application/octet-stream' } }), byFile: true });
    });
  };
  useEffect(() => {
    setCode(p.code);
    if (p.code) {
      byCode(p.code); // the QR code leads here
    }
  }, [p.code]);
  return (
    <main id="main" class="page narrow verify">
      <div class="verify-head"><h1>{t('verify.title')}</h1><LanguageSelect /></div>
      <p>{t('verify.lead')}</p>
      <form class="card" onSubmit={(e) => {
        e.preventDefault();
        byCode(code.trim());
      }}>
        <Field label={t('verify.code')} hint={t('verify.code-hint')} value={code} onInput={setCode} maxLength={40} />
        <div class="buttons"><button type="submit" class="primary" disabled={action.busy || !code.trim()}>{t('verify.by-code')}</button></div>
      </form>
      <div class="card drop" onDragOver={(e) => e.preventDefault()} onDrop={(e) => {
        e.preventDefault();
        byFile(e.dataTransfer?.files[0]);
      }}>
        <label class="button" for={id}>{t('verify.file')}</label>
        <input id={id} class="sr-only" type="file" accept="application/pdf,.pdf" onChange={(e) => {
          byFile((e.target as HTMLInputElement).files?.[0]);
          (e.target as HTMLInputElement).value = '';
        }} />
        <span class="hint">{t('verify.drop')}</span>
      </div>
      {action.busy && <p role="status">{t('verify.busy')}</p>}
      {tooLarge && <Notice kind="error">{t('verify.too-large')}</Notice>}
      <ProblemNotice problem={action.problem} />
      {result && <Result {...result} />}
      <p><a href="#/">{t('verify.to-signin')}</a></p>
    </main>
  );
}
