/* The keyboard's place: when what had the focus is gone (a page that was left, a button that has done its work), it goes on at the
 * beginning of the page on the screen, not at the top of the document. */
let last: Node | null = null;

export function keepPlace(root: HTMLElement): void {
  document.addEventListener('focusin', (e) => {
    last = e.target as Node;
  });
  new MutationObserver(() => {
    const main = document.getElementById('main');
    if (main && last && !last.isConnected && document.activeElement === document.body) {
      main.tabIndex = -1;
      main.focus({ preventScroll: true });
    }
  }).observe(root, { childList: true, subtree: true });
}
