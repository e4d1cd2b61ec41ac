/* The address says where the user is: #/c/ID/room. A reload, and signing in again, come back to the same place. */
import { useEffect } from 'preact/hooks';
import { Store, useStore } from './store';

function read(): string {
  const hash = location.hash.replace(/^#/, '');
  return hash.startsWith('/') ? hash : '/';
}

export const route = new Store<string>(read());
window.addEventListener('hashchange', () => route.set(read()));

export function go(path: string, replace = false): void {
  if (replace) {
    location.replace(`#${path}`);
  } else {
    location.hash = path;
  }
  route.set(path);
}

export function useRoute(): string[] {
  return useStore(route).split('/').filter(Boolean);
}

/* What the page on the screen is, for the title of its tab; of a page without an entry in the header. Never anything of a patient. */
export const pageTitle = new Store<string>('');

export function useTitle(text: string): void {
  useEffect(() => {
    pageTitle.set(text);
    return () => pageTitle.set('');
  }, [text]);
}
