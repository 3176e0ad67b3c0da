// What every page says in Korean and English, and how money, times and ages are written.

const dictionaries = {
  ko: {
    retry: "다시 시도",
    close: "닫기",
    "age.now": "방금",
    "age.minutes": "{n}분 전",
    "age.hours": "{h}시간 {m}분 전",
  },
  en: {
    retry: "Try again",
    close: "Close",
    "age.now": "now",
    "age.minutes": "{n} min ago",
    "age.hours": "{h} h {m} min ago",
  },
};

/** Adds the words of one page, by language and key. */
export function addTexts(more) {
  for (const code of Object.keys(dictionaries)) Object.assign(dictionaries[code], more[code]);
}

const storageKey = "language";
const minute = 60_000;

/** The language of the page: "ko" or "en". */
export let language = localStorage.getItem(storageKey) === "en" ? "en" : "ko";

/** The text of a key, with {name} replaced by values.name. */
export function text(key, values = {}) {
  const pattern = dictionaries[language][key] ?? key;
  return pattern.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

/** Whether the dictionary has the key: statuses and actors may be newer than this page. */
export const hasText = (key) => key in dictionaries[language];

/** Fills every element with data-text, data-label or data-placeholder, and names the other language on its button. */
export function applyTexts(root = document) {
  document.documentElement.lang = language;
  for (const element of root.querySelectorAll("[data-text]")) {
    element.textContent = text(element.dataset.text);
  }
  for (const element of root.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", text(element.dataset.label));
  }
  for (const element of root.querySelectorAll("[data-placeholder]")) {
    element.placeholder = text(element.dataset.placeholder);
  }
  const button = root.querySelector("#language");
  if (button) {
    button.lang = language === "ko" ? "en" : "ko";
    button.textContent = language === "ko" ? "English" : "한국어";
    button.hidden = false;
  }
}

/** Switches to the other language and keeps the choice for all tabs. */
export function switchLanguage() {
  language = language === "ko" ? "en" : "ko";
  localStorage.setItem(storageKey, language);
}

/** Calls back when another tab has switched the language. */
export function onLanguageChange(callback) {
  addEventListener("storage", (event) => {
    if (event.key === storageKey && event.newValue !== language) {
      language = event.newValue === "en" ? "en" : "ko";
      callback();
    }
  });
}

const locale = () => (language === "ko" ? "ko-KR" : "en-GB");

/** Whole won: 21,000원. */
export function money(won) {
  const digits = won.toLocaleString("ko-KR");
  return language === "ko" ? `${digits}원` : `₩${digits}`;
}

/** A time of day, with the date in front when it is not today: 오후 7:04. */
export function time(milliseconds) {
  const date = new Date(milliseconds);
  const options = { hour: "numeric", minute: "2-digit" };
  if (date.toDateString() !== new Date().toDateString()) Object.assign(options, { month: "short", day: "numeric" });
  return date.toLocaleString(locale(), options);
}

/** A time of day in its shortest form: 19:02, or 19:02:41. */
export function clock(milliseconds, { seconds = false } = {}) {
  return new Date(milliseconds).toTimeString().slice(0, seconds ? 8 : 5);
}

/** An age: 방금, 3분 전, 1시간 5분 전; beyond a day the day itself. */
export function age(then, now) {
  const minutes = Math.max(0, Math.floor((now - then) / minute));
  if (minutes < 1) return text("age.now");
  if (minutes < 60) return text("age.minutes", { n: minutes });
  if (minutes < 24 * 60) return text("age.hours", { h: Math.floor(minutes / 60), m: minutes % 60 });
  return new Date(then).toLocaleDateString(locale(), { month: "short", day: "numeric" });
}
