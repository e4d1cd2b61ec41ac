/* The operator at night: is it well, what waits, which link is bad. No clinical data. */
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { serverNow } from '../lib/api';
import { bytes, duration, fullTime } from '../lib/format';
import { join, t, tCode } from '../lib/i18n';
import { useResource } from '../lib/resource';
import { useTick } from '../lib/store';
import type { LegFigures, Overview } from '../lib/types';
import { Loading, Notice, ProblemNotice } from '../parts/basic';

const REFRESH_MS = 5000;
const LONG_MS = 900_000; // in the queue
const SLOW_MS = 200; // a commit

function weak(leg: LegFigures | null | undefined): boolean {
  return Boolean(leg && (leg.loss_permille >= 30 || leg.rtt_ms >= 400));
}

function Leg(p: { leg: LegFigures | null | undefined }): JSX.Element {
  const { leg } = p;
  if (!leg) {
    return <><td>–</td><td>–</td><td>–</td><td>–</td></>;
  }
  return (
    <>
      <td class={leg.loss_permille >= 30 ? 'bad' : undefined}>{(leg.loss_permille / 10).toFixed(1)} %</td>
      <td class={leg.rtt_ms >= 400 ? 'bad' : undefined}>{leg.rtt_ms ? `${Math.round(leg.rtt_ms)} ms` : '–'}</td>
      <td>{Math.round(leg.jitter_ms)} ms</td>
      <td>{Math.round(leg.audio_bps / 1000)} / {Math.round(leg.video_bps / 1000)}</td>
    </>
  );
}

/* bad: what is wrong with it, in a word. */
function Figure(p: { label: string; value: string | number; bad?: string | false }): JSX.Element {
  return <div class={p.bad ? 'figure bad' : 'figure'}><dt>{p.label}{p.bad && <span class="badge u-urgent">{p.bad}</span>}</dt><dd>{p.value}</dd></div>;
}

/* What the gateway says of a check, in the language of the page where it is a figure. */
function detailWords(detail: string | null | undefined): string {
  const [, n, what] = /^(\d+) (store jobs wait|days left|MiB free)$/.exec(detail ?? '') ?? [];
  switch (what) {
    case 'store jobs wait':
      return t('ops.detail-queue', { n: n ?? '' });
    case 'days left':
      return t('ops.detail-days', { n: n ?? '' });
    case 'MiB free':
      return t('ops.detail-free', { size: bytes(Number(n) * 1_048_576) });
    default:
      return detail === 'ok' ? '' : detail ?? '';
  }
}

function Rooms(p: { data: Overview }): JSX.Element {
  const rooms = p.data.rooms;
  return (
    <section class="card" aria-labelledby="ops-rooms">
      <h2 id="ops-rooms">{t('ops.rooms')}<span class="count" aria-hidden="true">{rooms.length}</span></h2>
      {rooms.length === 0 ? <p class="empty">{t('ops.no-rooms')}</p> : (
        <div class="wide-table" tabIndex={0} role="group" aria-labelledby="ops-rooms"><table class="list figures">
          <thead>
            <tr><th rowSpan={2} scope="col">{t('ops.room')}</th><th rowSpan={2} scope="col">{t('ops.seat')}</th><th rowSpan={2} scope="col">{t('ops.transport')}</th>
              <th colSpan={4} scope="colgroup">{t('ops.up')}</th><th colSpan={4} scope="colgroup">{t('ops.down')}</th><th rowSpan={2} scope="col">{t('ops.recording')}</th></tr>
            <tr>{[0, 1].map((i) => [t('ops.loss'), t('ops.rtt'), t('ops.jitter'), t('ops.rate')].map((h) => <th scope="col" key={`${i}${h}`}>{h}</th>))}</tr>
          </thead>
          <tbody>
            {rooms.map((room) => room.seats.map((seat, i) => (
              <tr key={`${room.consultation}-${seat.seat}`}>
                {i === 0 && <td rowSpan={room.seats.length} class="mono">{room.consultation.slice(0, 8)}</td>}
                <td>{seat.seat}{(weak(seat.up) || weak(seat.down)) && <span class="badge u-urgent">{t('ops.weak-link')}</span>}</td>
                <td>{seat.transport ?? '–'}</td>
                <Leg leg={seat.up} /><Leg leg={seat.down} />
                {i === 0 && <td rowSpan={room.seats.length}>{room.recording ? <span class="rec-on"><span class="rec-dot" aria-hidden="true" />{t('rec.on')}</span> : t('rec.off')}</td>}
              </tr>
            )))}
          </tbody>
        </table></div>
      )}
    </section>
  );
}

export function OpsPage(): JSX.Element {
  useTick(1000);
  const overview = useResource<Overview>('/ops/overview');
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === 'visible' && void overview.reload(), REFRESH_MS);
    return () => clearInterval(timer);
  }, [overview.reload]);
  const data = overview.data;
  const ageMs = Date.now() - overview.atMs;
  const failing = data?.health.filter((h) => !h.ok).length ?? 0;
  const watch = data && join([oldest(data.queue.oldest_ms) > LONG_MS && t('ops.queue-age'), data.store.commit_p99_ms > SLOW_MS && t('ops.commit-p99')]);
  return (
    <main id="main" class="page ops">
      <div class="page-head">
        <h1>{t('ops.title')}</h1>
        {data && (ageMs > 3 * REFRESH_MS
          ? <span class="badge u-urgent" role="status">{t('ops.stale', { time: duration(ageMs) })}</span>
          : <span class={failing ? 'badge u-stat' : watch ? 'badge u-urgent' : 'badge good'} role="status">{failing ? t('ops.trouble', { n: failing }) : watch ? t('ops.attention', { what: watch }) : t('ops.all-ok')}</span>)}
        <button type="button" class="small" onClick={() => void overview.reload()}>{t('app.refresh')}</button>
      </div>
      <ProblemNotice problem={overview.problem} retry={() => void overview.reload()} />
      {!data && !overview.problem && <Loading />}
      {data && (
        <>
          <dl class="figures-row">
            <Figure label={t('ops.uptime')} value={duration(data.uptime_ms)} />
            <Figure label={t('ops.connections')} value={data.connections} />
            <Figure label={t('ops.signed-in')} value={data.sessions_signed_in} />
            <Figure label={t('ops.rooms')} value={data.rooms.length} />
            <Figure label={t('ops.queue-depth')} value={data.queue.depth} />
            <Figure label={t('ops.queue-age')} value={data.queue.oldest_ms ? duration(oldest(data.queue.oldest_ms)) : '–'} bad={oldest(data.queue.oldest_ms) > LONG_MS && t('ops.long')} />
            <Figure label={t('ops.commit-p99')} value={`${data.store.commit_p99_ms.toFixed(1)} ms`} bad={data.store.commit_p99_ms > SLOW_MS && t('ops.slow')} />
          </dl>
          <Rooms data={data} />
          <div class="ops-grid">
            <section class="card" aria-labelledby="ops-queue">
              <h2 id="ops-queue">{t('ops.queue')}</h2>
              <dl class="pairs">
                {(['stat', 'urgent', 'routine'] as const).map((u) => <div key={u}><dt>{t(`urgency.${u}`)}</dt><dd>{data.queue.by_urgency[u] ?? 0}</dd></div>)}
              </dl>
              <h3>{t('ops.by-state')}</h3>
              <dl class="pairs">{Object.entries(data.consultations).filter(([, n]) => n > 0).map(([s, n]) => <div key={s}><dt>{tCode('state', s)}</dt><dd>{n}</dd></div>)}</dl>
            </section>
            <section class="card" aria-labelledby="ops-health">
              <h2 id="ops-health">{t('ops.health')}</h2>
              <ul class="health">
                {data.health.map((h) => (
                  <li key={h.name}><span class={h.ok ? 'badge good' : 'badge u-stat'}>{t(h.ok ? 'ops.ok' : 'ops.bad')}</span><span>{tCode('ops', `check-${h.name}`)}</span><span class="hint">{detailWords(h.detail)}</span></li>
                ))}
              </ul>
            </section>
            <section class="card" aria-labelledby="ops-store">
              <h2 id="ops-store">{t('ops.store')}</h2>
              <dl class="pairs">
                <div><dt>{t('ops.store-queue')}</dt><dd>{data.store.queue}</dd></div>
                <div><dt>{t('ops.commit-p50')}</dt><dd>{data.store.commit_p50_ms.toFixed(1)} ms</dd></div>
                <div><dt>{t('ops.commit-p99')}</dt><dd>{data.store.commit_p99_ms.toFixed(1)} ms</dd></div>
              </dl>
              <h3>{t('ops.recorder')}</h3>
              <dl class="pairs">
                <div><dt>{t('ops.recorder-running')}</dt><dd>{data.recorder.running}</dd></div>
                <div class={data.recorder.dropped ? 'bad' : undefined}><dt>{t('ops.recorder-dropped')}</dt><dd>{data.recorder.dropped}</dd></div>
              </dl>
            </section>
            <section class="card" aria-labelledby="ops-version">
              <h2 id="ops-version">{t('ops.version')}</h2>
              <dl class="pairs">
                <div><dt>consult-gateway</dt><dd class="mono">{data.version}</dd></div>
                <div><dt>{t('ops.started')}</dt><dd>{fullTime(data.started_ms)}</dd></div>
                {Object.entries(data.build?.libraries ?? {}).map(([n, v]) => <div key={n}><dt>{n}</dt><dd class="mono">{v.replace(/-$/, '')}</dd></div>)}
              </dl>
            </section>
          </div>
          {failing > 0 && <Notice kind="warn" live={false}>{join(data.health.filter((h) => !h.ok).map((h) => t('app.pair', { name: tCode('ops', `check-${h.name}`), value: detailWords(h.detail) })))}</Notice>}
        </>
      )}
    </main>
  );
}

/* An age, or, should it be a time, the age since it. */
function oldest(ms: number | null): number {
  return !ms ? 0 : ms > 1e12 ? serverNow() - ms : ms;
}
