/* The address says where the user is: #/c/ID/room. A reload, and signing in again, come back to the same place. */
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
