import { greeting } from "@shop/words";

document.body.textContent = greeting(import.meta.env.VITE_NAME);
