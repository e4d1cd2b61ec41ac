/* Being admitted to observe is told without a ring, and so is its end, on whatever page is on the screen. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { pick, t } from '../lib/i18n';
import { signal } from '../lib/signal';
import { observerGone } from '../room/observer';
import { Notice } from './basic';

/* here: the consultation that is on the screen, which speaks for itself. */
export function useObserving(account: string, here: string | undefined): JSX.Element[] {
  const [admitted, setAdmitted] = useState<{ id: string; by: string }[]>([]);
  const [gone, setGone] = useState<{ id: string; words: string } | null>(null);
  useEffect(() => {
    setAdmitted([]);
    setGone(null);
    const stops = [
      signal.on('observer.admitted', (m) => setAdmitted((old) => [...old.filter((x) => x.id !== m.consultation), { id: String(m.consultation), by: pick(String(m.by_zh), String(m.by_en)) }].slice(-2))),
      signal.on('observer.gone', (m) => {
        setAdmitted((old) => old.filter((x) => x.id !== m.consultation));
        setGone({ id: String(m.consultation), words: observerGone(String(m.reason)) });
      }),
    ];
    return () => stops.forEach((stop) => stop());
  }, [account]);
  const close = (run: () => void): JSX.Element => <button type="button" class="small" onClick={run}>{t('app.close')}</button>;
  const notices = admitted.filter((x) => x.id !== here).map((x) => (
    <Notice key={x.id} kind="info" action={<>
      <a class="button small primary" href={`#/c/${x.id}/room`}>{t('observe.enter')}</a> {close(() => setAdmitted((old) => old.filter((y) => y.id !== x.id)))}
    </>}>{t('observe.card', { who: x.by })}</Notice>
  ));
  return gone && gone.id !== here ? [...notices, <Notice key="gone" kind="info" action={close(() => setGone(null))}>{gone.words}</Notice>] : notices;
}
