/* What of an opinion is more than text: answers to the questions, coded diagnoses, a critical value, key images. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { get } from '../lib/api';
import { join, pick, t, tCode } from '../lib/i18n';
import type { Answer, Attachment, Certainty, Consultation, Diagnosis, DiagnosisCode, KeyImage, OpinionBody, View } from '../lib/types';
import { Check, Field, Select } from './basic';

const CERTAINTIES: Certainty[] = ['confirmed', 'probable', 'suspected', 'excluded'];
const SEARCH_MS = 200;

interface Props {
  c: Consultation;
  body: OpinionBody;
  set: (change: Partial<OpinionBody>) => void;
  narrow?: boolean;
  view?: View;
}

/* One question a line, without the number that people put before it. */
export function questionsOf(text: string | undefined): string[] {
  return (text ?? '').split('\n').map((line) => line.replace(/^\s*(\d+\s*[.、)）]|[(（]\d+[)）]|[①-⑳])\s*/u, '').trim()).filter(Boolean);
}

function AnswerFields(p: Props): JSX.Element | null {
  const asked = questionsOf(p.c.request.question);
  const rows: Answer[] = p.body.answers?.length ? p.body.answers : asked.map((question) => ({ question, answer: '' }));
  if (rows.length === 0) {
    return null;
  }
  const change = (index: number, answer: string): void => p.set({ answers: rows.map((r, i) => (i === index ? { ...r, answer } : r)) });
  return (
    <fieldset class="structure">
      <legend>{t('op.answers')}</legend>
      {rows.map((r, i) => <Field key={i} label={t('op.answer', { question: r.question })} rows={2} maxLength={10000} value={r.answer ?? ''} onInput={(v) => change(i, v)} />)}
    </fieldset>
  );
}

function useCodes(text: string): { codes: DiagnosisCode[]; more: boolean; asked: string } {
  const [found, setFound] = useState<{ codes: DiagnosisCode[]; more: boolean; asked: string }>({ codes: [], more: false, asked: '' });
  useEffect(() => {
    const asked = text.trim();
    if (!asked) {
      setFound({ codes: [], more: false, asked: '' });
      return undefined;
    }
    const abort = new AbortController();
    const timer = setTimeout(() => {
      get<{ codes: DiagnosisCode[]; more: boolean }>(`/diagnosis-codes?limit=8&search=${encodeURIComponent(asked)}`, { signal: abort.signal })
        .then((r) => setFound({ ...r, asked }), () => undefined);
    }, SEARCH_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [text]);
  return found;
}

function DiagnosisFields(p: Props): JSX.Element {
  const [text, setText] = useState('');
  const found = useCodes(text);
  const rows: Diagnosis[] = p.body.diagnoses ?? [];
  const add = (d: Diagnosis): void => {
    setText('');
    if (!rows.some((r) => r.code === d.code && r.name_zh === d.name_zh)) {
      p.set({ diagnoses: [...rows, d] });
    }
  };
  const typed = text.trim();
  return (
    <fieldset class="structure">
      <legend>{t('op.coded')}</legend>
      <ul class="coded">
        {rows.map((r, i) => (
          <li key={`${r.code ?? ''}${r.name_zh}`}>
            <span>{r.code && <b class="mono">{r.code}</b>} {r.name_zh}</span>
            <Select label={t('op.certainty', { name: r.name_zh })} hideLabel value={r.certainty}
              options={CERTAINTIES.map((v) => ({ value: v, label: tCode('certainty', v) }))}
              onChange={(v) => p.set({ diagnoses: rows.map((x, k) => (k === i ? { ...x, certainty: v as Certainty } : x)) })} />
            <button type="button" class="small" aria-label={t('op.remove', { name: r.name_zh })} onClick={() => p.set({ diagnoses: rows.filter((_, k) => k !== i) })}>×</button>
          </li>
        ))}
      </ul>
      <Field label={t('op.find-code')} value={text} onInput={setText} maxLength={20} />
      {typed && found.asked === typed && (
        <div>
          <ul class="codes" aria-label={t('op.codes-found')}>
            {found.codes.map((x) => (
              <li key={x.code}><button type="button" class="plain" onClick={() => add({ code: x.code, name_zh: x.name_zh, certainty: 'probable' })}>
                <b class="mono">{x.code}</b> {pick(x.name_zh, x.name_en)}</button></li>
            ))}
          </ul>
          {found.more && <p class="hint">{t('op.codes-more')}</p>}
          {found.codes.length === 0 && <p class="hint">{t('op.codes-none')}</p>}
          <button type="button" class="small" onClick={() => add({ code: null, name_zh: typed, certainty: 'probable' })}>{t('op.add-name', { name: typed })}</button>
        </div>
      )}
    </fieldset>
  );
}

function CriticalFields(p: Props): JSX.Element {
  const [on, setOn] = useState(Boolean(p.body.critical));
  const finding = p.body.critical?.finding ?? '';
  return (
    <fieldset class="structure">
      <Check label={t('op.critical')} checked={on} onChange={(v) => {
        setOn(v);
        if (!v) {
          p.set({ critical: null });
        }
      }} />
      {on && <Field label={t('op.critical-finding')} value={finding} rows={2} maxLength={2000} required
        onInput={(v) => p.set({ critical: v.trim() ? { finding: v } : null })} />}
    </fieldset>
  );
}

function ImageRow(p: { row: KeyImage; a: Attachment | undefined; change: (row: KeyImage) => void; remove: () => void }): JSX.Element {
  const name = p.a?.name ?? p.row.attachment;
  const frames = p.a?.frames ?? 1;
  return (
    <li>
      <span class="break">{name}</span>
      {frames > 1 && <Field label={t('op.frame', { name })} numeric value={String((p.row.frame ?? 0) + 1)}
        onInput={(v) => p.change({ ...p.row, frame: Math.min(frames, Math.max(1, Math.trunc(Number(v)) || 1)) - 1 })} />}
      <Field label={t('op.note', { name })} value={p.row.note ?? ''} maxLength={500} onInput={(v) => p.change({ ...p.row, note: v || null })} />
      <button type="button" class="small" aria-label={t('op.remove', { name })} onClick={p.remove}>×</button>
    </li>
  );
}

function ImageFields(p: Props): JSX.Element | null {
  const pictures = p.c.attachments.filter((a) => a.kind !== 'pdf');
  const rows = p.body.key_images ?? [];
  if (pictures.length === 0 && rows.length === 0) {
    return null;
  }
  const shown = p.view?.attachment && pictures.find((a) => a.id === p.view?.attachment);
  const frame = p.view?.frame ?? 0;
  const marked = rows.some((r) => r.attachment === p.view?.attachment && (r.frame ?? 0) === frame);
  return (
    <fieldset class="structure">
      <legend>{t('op.key-images')}</legend>
      <ul class="coded">
        {rows.map((r, i) => <ImageRow key={i} row={r} a={pictures.find((a) => a.id === r.attachment)}
          change={(row) => p.set({ key_images: rows.map((x, k) => (k === i ? row : x)) })} remove={() => p.set({ key_images: rows.filter((_, k) => k !== i) })} />)}
      </ul>
      {shown && <button type="button" class="small" disabled={marked} onClick={() => p.set({ key_images: [...rows, { attachment: shown.id, frame }] })}>
        {t('read.key', { name: (shown.frames ?? 1) > 1 ? t('op.image-line', { name: shown.name, frame: frame + 1 }) : shown.name })}</button>}
      <Select label={t('op.add-image')} value="" options={[{ value: '', label: t('op.choose-image') }, ...pictures.map((a) => ({ value: a.id, label: join([a.modality, a.name]) }))]}
        onChange={(v) => v && p.set({ key_images: [...rows, { attachment: v, frame: 0 }] })} />
    </fieldset>
  );
}

export function StructureFields(p: Props): JSX.Element {
  return (
    <div class={p.narrow ? '' : 'grid g2'}>
      <AnswerFields {...p} />
      <DiagnosisFields {...p} />
      <ImageFields {...p} />
      <CriticalFields {...p} />
      {(p.c.kind === 'mdt' || p.body.disagreement) && <Field label={t('op.disagreement')} rows={2} maxLength={10000} value={p.body.disagreement ?? ''} onInput={(v) => p.set({ disagreement: v })} />}
    </div>
  );
}

/* Rows of the sheet that shows an opinion. */
export function StructureText(p: { body: OpinionBody; attachments: Attachment[] }): JSX.Element {
  const { answers, diagnoses, critical, key_images: images, disagreement } = p.body;
  const nameOfImage = (k: KeyImage): string => p.attachments.find((a) => a.id === k.attachment)?.name ?? k.attachment.slice(0, 8);
  return (
    <>
      {critical && <div class="critical"><dt>{t('op.critical-finding')}</dt><dd>{critical.finding}</dd></div>}
      {diagnoses && diagnoses.length > 0 && (
        <div><dt>{t('op.coded')}</dt><dd><ul class="bare">{diagnoses.map((d, i) => (
          <li key={i}>{d.code && <b class="mono">{d.code}</b>} {d.name_zh} <span class="hint">{tCode('certainty', d.certainty)}</span></li>
        ))}</ul></dd></div>
      )}
      {answers?.filter((a) => a.answer).map((a, i) => <div key={i}><dt>{a.question}</dt><dd>{a.answer}</dd></div>)}
      {images && images.length > 0 && (
        <div><dt>{t('op.key-images')}</dt><dd><ul class="bare">{images.map((k, i) => (
          <li key={i}>{t('op.image-line', { name: nameOfImage(k), frame: (k.frame ?? 0) + 1 })}{k.note ? `: ${k.note}` : ''}</li>
        ))}</ul></dd></div>
      )}
      {disagreement && <div><dt>{t('op.disagreement')}</dt><dd>{disagreement}</dd></div>}
    </>
  );
}
