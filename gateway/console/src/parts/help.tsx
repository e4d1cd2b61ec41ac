/* The keys of the page on the screen, and the switch for them. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { t } from '../lib/i18n';
import { shortcutList, shortcutsOn, switchShortcuts, useShortcuts } from '../lib/shortcuts';
import { useStore } from '../lib/store';
import { Check } from './basic';
import { Dialog } from './dialog';

export function ShortcutHelp(): JSX.Element {
  const [open, setOpen] = useState(false);
  const on = useStore(shortcutsOn);
  const list = useStore(shortcutList);
  useShortcuts([{ key: '?', words: t('keys.help'), run: () => setOpen(true) }]);
  return (
    <>
      <button type="button" class="small ghost keys-button" aria-haspopup="dialog" onClick={() => setOpen(true)}>{t('keys.title')} <kbd aria-hidden="true">?</kbd></button>
      {open && (
        <Dialog title={t('keys.title')} onClose={() => setOpen(false)}>
          <dl class="keys">
            {list.map((s) => <div key={s.key}><dt><kbd>{s.shown ?? s.key}</kbd></dt><dd>{s.words}</dd></div>)}
          </dl>
          <Check label={t('keys.on')} checked={on} onChange={switchShortcuts} hint={t('keys.on-hint')} />
          <div class="buttons end"><button type="button" class="primary" onClick={() => setOpen(false)}>{t('app.close')}</button></div>
        </Dialog>
      )}
    </>
  );
}
