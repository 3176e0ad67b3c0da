// The words of the page around the document, in Korean and English.

const dictionaries = {
  ko: {
    skip: "호출 목록으로 건너뛰기",
    login: "로그인",
    logout: "로그아웃",
    "login.account": "시험용 계정",
    "login.other": "다른 계정",
    "login.email": "이메일",
    "login.password": "비밀번호",
    "login.nobody": "로그인하지 않았어요.",
    "login.as": "{who}(으)로 로그인했어요.",
    "login.token": "토큰이 있어요. 이 탭을 닫을 때까지 보관합니다.",
    "login.failed": "로그인하지 못했어요: {reason}",
    token: "토큰 (직접 넣을 수 있어요)",
    search: "찾기 (/ 키)",
    "search.found": "{n}개",
    "search.none": "맞는 호출이 없어요.",
    contents: "목차",
    problem: "문서를 불러오지 못했어요: {reason}",
    network: "서버에 연결할 수 없어요.",
    who: "누가",
    "who.everybody": "누구나",
    "who.login": "로그인한 사람",
    "who.roles": "역할 {roles}",
    parameters: "매개변수",
    required: "필수",
    body: "본문",
    example: "예시",
    "body.type": "형식",
    "body.fields": "본문의 항목",
    "body.wrong": "JSON이 아니에요: {reason}",
    send: "보내기",
    connect: "연결",
    stop: "멈추기",
    reply: "응답",
    "reply.headers": "헤더",
    "reply.body": "본문",
    "reply.empty": "(본문 없음)",
    "reply.failed": "응답을 받지 못했어요: {reason}",
    "reply.facts": "{status} · {time}ms · {size}바이트",
    sending: "보내는 중…",
    "stream.facts": "{status} · {time}ms",
    "stream.open": "연결됨 · {n}개 받음",
    "stream.ended": "끝남 · {n}개 받음",
    "stream.cut": "오래된 것은 지우고 최근 {n}개만 보여요.",
    curl: "같은 호출을 curl로",
    copy: "복사",
    copied: "복사했어요",
    replies: "응답의 종류",
    errors: "오류",
    events: "이벤트",
    unnamed: "(이름 없음)",
  },
  en: {
    skip: "Skip to the operations",
    login: "Log in",
    logout: "Log out",
    "login.account": "Demo account",
    "login.other": "Another account",
    "login.email": "E-mail",
    "login.password": "Password",
    "login.nobody": "Nobody is logged in.",
    "login.as": "Logged in as {who}.",
    "login.token": "There is a token. It is kept until this tab is closed.",
    "login.failed": "The login failed: {reason}",
    token: "Token (can be typed, too)",
    search: "Search (key /)",
    "search.found": "{n} operations",
    "search.none": "Nothing fits.",
    contents: "Contents",
    problem: "The document could not be loaded: {reason}",
    network: "the server cannot be reached.",
    who: "Who",
    "who.everybody": "everybody",
    "who.login": "whoever is logged in",
    "who.roles": "role {roles}",
    parameters: "Parameters",
    required: "required",
    body: "Body",
    example: "Example",
    "body.type": "Content type",
    "body.fields": "Fields of the body",
    "body.wrong": "This is not JSON: {reason}",
    send: "Send",
    connect: "Connect",
    stop: "Stop",
    reply: "Reply",
    "reply.headers": "Headers",
    "reply.body": "Body",
    "reply.empty": "(no body)",
    "reply.failed": "There was no reply: {reason}",
    "reply.facts": "{status} · {time} ms · {size} octets",
    sending: "Sending …",
    "stream.facts": "{status} · {time} ms",
    "stream.open": "Connected · {n} received",
    "stream.ended": "Ended · {n} received",
    "stream.cut": "Only the last {n} are shown.",
    curl: "The same call as curl",
    copy: "Copy",
    copied: "Copied",
    replies: "Replies",
    errors: "Errors",
    events: "Events",
    unnamed: "(unnamed)",
  },
};

const storageKey = "docs-language";

/** The language of the page: "ko" or "en". */
export let language = localStorage.getItem(storageKey) === "en" ? "en" : "ko";

/** The text of a key, with {name} replaced by values.name. */
export function text(key, values = {}) {
  const pattern = dictionaries[language][key] ?? key;
  return pattern.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

/** Fills every element with data-text or data-label below root. */
export function applyTexts(root = document) {
  document.documentElement.lang = language;
  for (const element of root.querySelectorAll("[data-text]")) {
    element.textContent = text(element.dataset.text, JSON.parse(element.dataset.values ?? "{}"));
  }
  for (const element of root.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", text(element.dataset.label));
  }
  const button = document.querySelector("#language");
  button.lang = language === "ko" ? "en" : "ko";
  button.textContent = language === "ko" ? "English" : "한국어";
}

export function switchLanguage() {
  language = language === "ko" ? "en" : "ko";
  localStorage.setItem(storageKey, language);
}

/** An element with attributes and children; texts become text and never a part of the page. */
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(key, "");
    else if (value !== false && value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** Gives an element a text that follows the language. */
export function say(element, key, values = {}) {
  element.dataset.text = key;
  element.dataset.values = JSON.stringify(values);
  element.textContent = text(key, values);
  return element;
}

/** An element whose text follows the language. */
export const label = (name, key, attributes = {}, values = {}) => say(make(name, attributes), key, values);

/** A text of the document, in which `code` is marked. It is written in English. */
export function prose(content, name = "p", attributes = {}) {
  const element = make(name, { lang: "en", ...attributes });
  content.split("`").forEach((part, index) => {
    if (part !== "") element.append(index % 2 === 1 ? make("code", {}, part) : part);
  });
  return element;
}
