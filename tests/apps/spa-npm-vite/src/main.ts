declare global {
  interface Window {
    env: { API_URL: string; PAGE_SIZE: number; NEW_SEARCH: boolean; GREETING: string };
  }
}

const { API_URL, GREETING, NEW_SEARCH, PAGE_SIZE } = window.env;
const root = document.querySelector<HTMLElement>("#app")!;
document.title = import.meta.env.VITE_TITLE;
root.textContent = `${GREETING}: ${PAGE_SIZE} items of ${API_URL}${NEW_SEARCH ? ", new search" : ""}`;

export {};
