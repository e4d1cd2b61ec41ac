/* Uploads of one consultation: hash, announce, send chunks from where the server stands, ask until it has been checked.
 * A cut is waited out with a growing pause for as long as the page lives; after a reload the same file, chosen again, goes on
 * from the octet that the server acknowledged last, because the server knows it by its hash. Nothing is kept here. */
import { asProblem, call, get, post, type Problem } from './api';
import { Store } from './store';
import { sha256File, sha256Hex } from './sha256';
import type { Upload } from './types';

export interface Item {
  key: number;
  name: string;
  bytes: number;
  phase: 'queued' | 'hashing' | 'sending' | 'waiting' | 'checking' | 'done' | 'refused' | 'failed';
  sent: number;
  retryAtMs?: number;
  refusal?: { zh: string; en: string };
  problem?: Problem;
}

const PARALLEL = 2;
const PAUSES_MS = [1000, 2000, 4000, 8000, 15_000];
const CHECK_MS = [150, 300, 600, 1000];
const CHUNK_DEFAULT = 256 * 1024;
let lastKey = 0;

export class Uploads {
  readonly items = new Store<Item[]>([]);
  readonly skipped = new Store(0);
  private files = new Map<number, File>();
  private running = 0;
  private closed = false;
  private wakers = new Set<() => void>();

  constructor(private consultation: () => Promise<string>, private onDone: () => void) {
    window.addEventListener('online', this.wake);
  }

  close(): void {
    this.closed = true;
    window.removeEventListener('online', this.wake);
    this.wake();
  }

  add(files: File[]): void {
    const wanted = files.filter((f) => !/^(DICOMDIR|\.DS_Store|Thumbs\.db|desktop\.ini)$/i.test(f.name));
    this.skipped.set(this.skipped.get() + files.length - wanted.length);
    const fresh = wanted.map((file): Item => {
      const key = ++lastKey;
      this.files.set(key, file);
      return { key, name: file.name, bytes: file.size, phase: 'queued', sent: 0 };
    });
    this.items.set([...this.items.get(), ...fresh]);
    this.pump();
  }

  retry(key: number): void {
    this.change(key, { phase: 'queued', problem: undefined });
    this.pump();
  }

  clearFinished(): void {
    this.items.set(this.items.get().filter((i) => !['done', 'refused', 'failed'].includes(i.phase)));
    this.skipped.set(0);
  }

  get busy(): boolean {
    return this.items.get().some((i) => !['done', 'refused', 'failed'].includes(i.phase));
  }

  private wake = (): void => {
    for (const waker of [...this.wakers]) {
      waker();
    }
  };

  private change(key: number, change: Partial<Item>): void {
    this.items.set(this.items.get().map((i) => (i.key === key ? { ...i, ...change } : i)));
  }

  private pump(): void {
    while (this.running < PARALLEL && !this.closed) {
      const next = this.items.get().find((i) => i.phase === 'queued');
      if (!next) {
        return;
      }
      this.running += 1;
      this.change(next.key, { phase: 'hashing' });
      void this.one(next.key).finally(() => {
        this.running -= 1;
        this.pump();
      });
    }
  }

  private async one(key: number): Promise<void> {
    const file = this.files.get(key);
    if (!file) {
      return;
    }
    try {
      const sha256 = await sha256File(file);
      const upload = await this.patiently(key, async () =>
        post<Upload>(`/consultations/${await this.consultation()}/uploads`, { name: file.name.slice(0, 255), bytes: file.size, sha256 }));
      this.finish(key, await this.transfer(key, file, upload));
    } catch (error) {
      const problem = asProblem(error);
      this.change(key, problem.code.startsWith('upload.') ? { phase: 'refused', problem } : { phase: 'failed', problem });
    }
  }

  private async transfer(key: number, file: File, announced: Upload): Promise<Upload> {
    let upload = announced;
    const chunkBytes = upload.chunk_bytes ?? CHUNK_DEFAULT;
    while (!this.closed) {
      if (upload.state === 'done' || upload.state === 'refused') {
        return upload;
      }
      if (upload.state === 'checking' || upload.received >= file.size) {
        return this.checked(key, upload);
      }
      this.change(key, { phase: 'sending', sent: upload.received });
      const at = upload.received;
      const chunk = await file.slice(at, at + chunkBytes).arrayBuffer();
      const hash = await sha256Hex(chunk);
      const now = upload;
      upload = await this.patiently(key, () => this.putChunk(now, at, chunk, hash));
    }
    throw new Error('closed');
  }

  private async putChunk(upload: Upload, at: number, chunk: ArrayBuffer, hash: string): Promise<Upload> {
    try {
      return await call<Upload>('PUT', `/uploads/${upload.id}?offset=${at}`, {
        raw: chunk, headers: { 'Content-Type': 'application/octet-stream', 'X-Chunk-SHA256': hash }, timeoutMs: 120_000,
      });
    } catch (error) {
      const problem = asProblem(error);
      if (problem.status === 409 && problem.code === 'upload.offset' && typeof problem.members.received === 'number') {
        return { ...upload, received: problem.members.received };
      }
      throw problem;
    }
  }

  private async checked(key: number, first: Upload): Promise<Upload> {
    let upload = first;
    this.change(key, { phase: 'checking', sent: first.bytes ?? 0 });
    for (let i = 0; upload.state !== 'done' && upload.state !== 'refused' && !this.closed; i++) {
      await new Promise((r) => setTimeout(r, CHECK_MS[Math.min(i, CHECK_MS.length - 1)]));
      upload = await this.patiently(key, () => get<Upload>(`/uploads/${first.id}`));
      this.change(key, { phase: 'checking' });
    }
    return upload;
  }

  private finish(key: number, upload: Upload): void {
    this.files.delete(key);
    if (upload.state === 'refused') {
      this.change(key, { phase: 'refused', refusal: upload.refusal });
    } else {
      this.change(key, { phase: 'done' });
      this.onDone();
    }
  }

  /* Again and again while the network or the server is away; other refusals are final. */
  private async patiently<T>(key: number, work: () => Promise<T>): Promise<T> {
    for (let i = 0; ; i++) {
      try {
        return await work();
      } catch (error) {
        const problem = asProblem(error);
        if (this.closed || !problem.transient) {
          throw problem;
        }
        const pause = problem.retryAfterMs ?? PAUSES_MS[Math.min(i, PAUSES_MS.length - 1)] ?? 15_000;
        this.change(key, { phase: 'waiting', retryAtMs: Date.now() + pause });
        await new Promise<void>((resolve) => {
          const done = (): void => {
            clearTimeout(timer);
            this.wakers.delete(done);
            resolve();
          };
          const timer = setTimeout(done, pause);
          this.wakers.add(done);
        });
      }
    }
  }
}

/* Everything that was dropped, folders included. */
export async function droppedFiles(data: DataTransfer): Promise<File[]> {
  const entries = Array.from(data.items)
    .map((i) => (i.webkitGetAsEntry ? i.webkitGetAsEntry() : null))
    .filter((e): e is FileSystemEntry => e !== null);
  if (entries.length === 0) {
    return Array.from(data.files);
  }
  const files: File[] = [];
  for (const entry of entries) {
    await walk(entry, files);
  }
  return files;
}

async function walk(entry: FileSystemEntry, out: File[]): Promise<void> {
  if (entry.isFile) {
    out.push(await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject)));
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    const batch = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject)); // at most 100 at a time
    if (batch.length === 0) {
      return;
    }
    for (const child of batch) {
      await walk(child, out);
    }
  }
}
