/* What is attached, and putting more to it: drop zone, progress of each file, refusals with their reason. */
import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { del } from '../lib/api';
import { bytes, duration } from '../lib/format';
import { pick, t } from '../lib/i18n';
import { useStore, useTick } from '../lib/store';
import { Uploads, droppedFiles, type Item } from '../lib/upload';
import type { Attachment } from '../lib/types';
import { Notice, ProblemNotice, useAction, useId } from './basic';

export function attachmentLine(a: Attachment): string {
  const what = a.kind === 'dicom' ? a.modality || 'DICOM' : t(a.kind === 'pdf' ? 'att.kind-pdf' : 'att.kind-photo');
  const size = a.rows && a.columns ? `${a.columns}×${a.rows}` : '';
  const frames = a.frames && a.frames > 1 ? t('att.frames', { n: a.frames }) : '';
  return [what, a.description, size, frames, bytes(a.bytes), a.lossy ? t('att.lossy') : ''].filter(Boolean).join(' · ');
}

export function Thumbnail(p: { a: Attachment }): JSX.Element {
  const [failed, setFailed] = useState(0);
  useEffect(() => {
    if (failed > 0 && failed < 4) {
      const timer = setTimeout(() => setFailed((n) => -n), 1500 * failed);
      return () => clearTimeout(timer);
    }
    return undefined;
  }, [failed]);
  if (p.a.kind === 'pdf' || failed >= 4) {
    return <span class="thumb-none" aria-hidden="true">{p.a.kind === 'pdf' ? 'PDF' : '?'}</span>;
  }
  return <img class="thumb" src={`/api/v1/attachments/${p.a.id}/thumbnail${failed < 0 ? `?again=${-failed}` : ''}`} alt="" loading="lazy"
    onError={() => setFailed((n) => Math.abs(n) + 1)} />;
}

export function AttachmentList(p: { attachments: Attachment[]; removable?: boolean; onOpen?: (a: Attachment) => void; onChanged?: () => void }): JSX.Element {
  const action = useAction();
  const remove = (a: Attachment): void => {
    if (window.confirm(t('att.remove-ask', { name: a.name }))) {
      void action.run(() => del(`/attachments/${a.id}`)).then(() => p.onChanged?.());
    }
  };
  return (
    <>
      <ProblemNotice problem={action.problem} />
      {p.attachments.length === 0 && <p class="hint">{t('att.none')}</p>}
      <ul class="attachments" aria-label={t('att.list')}>
        {p.attachments.map((a) => (
          <li key={a.id}>
            <Thumbnail a={a} />
            <div class="att-text">
              {p.onOpen
                ? <button type="button" class="linklike clip" aria-label={t('att.open', { name: a.name })} title={a.name} onClick={() => p.onOpen?.(a)}>{a.name}</button>
                : <span class="clip" title={a.name}>{a.name}</span>}
              <span class="hint clip" title={attachmentLine(a)}>{attachmentLine(a)}</span>
            </div>
            {p.removable && <button type="button" class="small ghost" aria-label={t('att.remove', { name: a.name })} title={t('att.remove', { name: a.name })}
              disabled={action.busy} onClick={() => remove(a)}>×</button>}
          </li>
        ))}
      </ul>
    </>
  );
}

function UploadRow(p: { item: Item; uploads: Uploads }): JSX.Element {
  const { item } = p;
  useTick(1000);
  const percent = item.bytes ? Math.floor((item.sent / item.bytes) * 100) : 0;
  let words = '';
  let kind = '';
  switch (item.phase) {
    case 'queued':
      words = t('att.queued');
      break;
    case 'hashing':
      words = t('att.hashing');
      break;
    case 'sending':
      words = t('att.sending', { done: bytes(item.sent), total: bytes(item.bytes) });
      break;
    case 'waiting':
      words = t('att.waiting', { time: duration((item.retryAtMs ?? 0) - Date.now()) });
      kind = 'warn';
      break;
    case 'checking':
      words = t('att.checking');
      break;
    case 'done':
      words = t('att.done');
      kind = 'good';
      break;
    case 'refused':
      words = t('att.refused', { why: item.refusal ? pick(item.refusal.zh, item.refusal.en) : item.problem?.sentence() ?? '' });
      kind = 'bad';
      break;
    case 'failed':
      words = t('att.failed', { why: item.problem?.sentence() ?? '' });
      kind = 'bad';
      break;
  }
  const moving = item.phase === 'sending' || item.phase === 'waiting' || item.phase === 'checking';
  return (
    <li class={`upload ${kind}`}>
      <span class="clip upload-name" title={item.name}>{item.name}</span>
      {moving && <progress max={100} value={item.phase === 'checking' ? 100 : percent} aria-label={item.name} />}
      <span class="upload-words">{words}</span>
      {item.phase === 'failed' && <button type="button" class="small" aria-label={t('att.retry', { name: item.name })} onClick={() => p.uploads.retry(item.key)}>{t('app.retry')}</button>}
    </li>
  );
}

export function UploadArea(p: { consultation: () => Promise<string>; onDone: () => void; compact?: boolean }): JSX.Element {
  const latest = useRef(p);
  latest.current = p;
  const uploads = useMemo(() => new Uploads(() => latest.current.consultation(), () => latest.current.onDone()), []);
  useEffect(() => () => uploads.close(), [uploads]);
  useEffect(() => {
    const warn = (e: BeforeUnloadEvent): void => {
      if (uploads.busy) {
        e.preventDefault();
        e.returnValue = '';
      }
    };
    window.addEventListener('beforeunload', warn);
    return () => window.removeEventListener('beforeunload', warn);
  }, [uploads]);
  const items = useStore(uploads.items);
  const skipped = useStore(uploads.skipped);
  const [over, setOver] = useState(false);
  const filesId = useId();
  const folderId = useId();
  const take = (e: Event): void => {
    const input = e.target as HTMLInputElement;
    uploads.add(Array.from(input.files ?? []));
    input.value = '';
  };
  const drop = (e: DragEvent): void => {
    e.preventDefault();
    setOver(false);
    if (e.dataTransfer) {
      void droppedFiles(e.dataTransfer).then((f) => uploads.add(f));
    }
  };
  const done = items.filter((i) => i.phase === 'done').length;
  const refused = items.filter((i) => i.phase === 'refused' || i.phase === 'failed').length;
  // what is still moving and what went wrong stays in sight; the finished are in the list of attachments
  const shown = items.filter((i) => i.phase !== 'done').slice(0, 60);
  return (
    <div>
      <div class={over ? 'drop over' : 'drop'} onDragOver={(e) => {
        e.preventDefault();
        setOver(true);
      }} onDragLeave={() => setOver(false)} onDrop={drop}>
        {!p.compact && <span>{t('att.drop')}</span>}
        <span class="buttons">
          <span class="file-button">
            <input id={filesId} type="file" multiple onChange={take} />
            <label for={filesId} class="button small">{t('att.files')}</label>
          </span>
          <span class="file-button">
            <input id={folderId} type="file" multiple {...{ webkitdirectory: true }} onChange={take} />
            <label for={folderId} class="button small">{t('att.folder')}</label>
          </span>
        </span>
        {!p.compact && <span class="hint">{t('att.resume-hint')}</span>}
      </div>
      {skipped > 0 && <Notice kind="info">{t('att.dicomdir', { n: skipped })}</Notice>}
      {items.length > 0 && (
        <div class="uploads">
          <div class="uploads-head">
            <span role="status">{t('att.summary', { done, refused, left: items.length - done - refused })}</span>
            {done + refused > 0 && <button type="button" class="small ghost" onClick={() => uploads.clearFinished()}>{t('att.clear')}</button>}
          </div>
          <ul aria-label={t('att.uploads')}>{shown.map((i) => <UploadRow key={i.key} item={i} uploads={uploads} />)}</ul>
        </div>
      )}
    </div>
  );
}
