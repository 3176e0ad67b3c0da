// The words of the store's pages in Korean and English, and how money, times and ages are written.

const dictionaries = {
  ko: {
    "login.title": "가게 로그인",
    "login.hint": "주문을 받으려면 가게 계정으로 로그인하세요.",
    "login.email": "이메일",
    "login.password": "비밀번호",
    "login.submit": "로그인",
    "login.busy": "확인하는 중…",
    "login.refused": "이메일 또는 비밀번호가 맞지 않습니다.",
    "login.missing.email": "이메일을 주소 형식에 맞게 입력해 주세요.",
    "login.missing.password": "비밀번호를 입력해 주세요.",
    "login.limited": "시도가 너무 많습니다. {n}초 뒤에 다시 해 주세요.",
    "today.orders": "오늘 주문",
    "today.sales": "오늘 매출",
    "today.count": "{n}건",
    "column.new": "신규",
    "column.cooking": "조리 중",
    "column.done": "완료",
    "empty.new": "새 주문을 기다리고 있어요",
    "empty.new.hint": "주문이 들어오면 여기에 나타나고 소리로 알려 드려요.",
    "empty.new.lost": "지금은 새 주문을 받을 수 없어요. 다시 연결되면 빠짐없이 나타납니다.",
    "empty.cooking": "조리 중인 주문이 없어요",
    "empty.cooking.hint": "수락한 주문이 여기로 옮겨 와요.",
    "empty.done": "오늘 완료된 주문이 없어요",
    "empty.done.hint": "조리를 마친 주문이 여기에 모여요.",
    "title.new": "({n}) 새 주문",
    "title.idle": "{store} 주문",
    "connection.first": "연결 중…",
    "connection.connected": "연결됨",
    "connection.reconnecting": "재연결 중… {n}초",
    "connection.lost": "끊김 {time}부터",
    "notice.lost": "연결 끊김 {time}부터.",
    "notice.lost.text": "마지막 연락 {last}. 그동안 들어온 주문은 다시 연결되면 모두 나타납니다.",
    "notice.lost.never": "서버에 아직 닿지 못했습니다. 계속 연결하고 있어요.",
    "notice.lost.retry": "지금 다시 연결",
    "notice.back": "다시 연결되었습니다. 그동안의 주문을 모두 받았어요.",
    "notice.back.orders": "다시 연결되었습니다. 그동안의 새 주문 {n}건을 받았어요.",
    "notice.sound": "소리가 막혀 있어요.",
    "notice.sound.text": "새 주문이 와도 소리가 나지 않습니다.",
    "notice.push": "시험 알림이 도착했습니다: {data}",
    "notice.push.empty": "시험 알림이 도착했습니다.",
    "sound.blocked": "소리 켜기",
    "sound.on": "소리 켜짐",
    "sound.muted": "음소거됨",
    "menu.open": "메뉴",
    "menu.sound": "소리 시험",
    "menu.push": "알림 시험",
    "menu.keys": "단축키",
    "menu.logout": "로그아웃",
    "keys.move": "주문 사이 이동",
    "keys.step": "선택한 주문 확인",
    "keys.mute": "소리 끄기·켜기",
    "keys.help": "이 목록",
    "order.number": "#{id}",
    "order.ordered": "{time} 주문",
    "order.announce": "새 주문 {id}번, {items}, {total}",
    "order.more": "외 {n}건",
    "order.below": "아래에 새 주문 {n}건 ↓",
    "order.acknowledged": "{time} 확인함",
    "order.prep": "조리 {n}분",
    "step.acknowledge": "확인",
    "step.all": "모두 확인",
    "step.failed": "처리하지 못했어요. {reason}",
    "status.ACCEPT": "수락됨",
    "status.COOKING": "조리 중",
    "status.COOKED": "조리 완료",
    "status.DELIVERY": "배달 중",
    "status.DELIVERED": "배달 완료",
    "status.RECEIVE": "수령 확인",
    "status.REJECT": "거절됨",
    "status.CANCEL": "취소됨",
    "status.EXPIRED": "만료됨",
    "actor.STORE": "가게",
    "actor.CUSTOMER": "고객",
    "actor.RIDER": "라이더",
    "actor.SYSTEM": "자동",
    "problem.load": "주문을 불러오지 못했어요",
    "problem.forbidden": "이 계정으로는 볼 수 없어요",
    "problem.forbidden.text": "가게 주문을 볼 권한이 있는 계정으로 로그인해 주세요.",
    "failure.network": "서버에 닿지 않습니다. 인터넷 연결을 확인해 주세요.",
    "failure.server": "서버에 잠시 문제가 있습니다. 조금 뒤에 다시 해 주세요.",
    "failure.forbidden": "권한이 없습니다.",
    "failure.refused": "지금은 할 수 없습니다.",
    "failure.again": "{n}초 뒤에 자동으로 다시 시도합니다.",
    retry: "다시 시도",
    close: "닫기",
    "age.now": "방금",
    "age.minutes": "{n}분 전",
    "age.hours": "{h}시간 {m}분 전",
  },
  en: {
    "login.title": "Store sign-in",
    "login.hint": "Sign in with your store account to take orders.",
    "login.email": "E-mail",
    "login.password": "Password",
    "login.submit": "Sign in",
    "login.busy": "Checking…",
    "login.refused": "The e-mail or the password is not right.",
    "login.missing.email": "Enter an e-mail address.",
    "login.missing.password": "Enter the password.",
    "login.limited": "Too many attempts. Try again in {n} s.",
    "today.orders": "Orders today",
    "today.sales": "Sales today",
    "today.count": "{n}",
    "column.new": "New",
    "column.cooking": "Cooking",
    "column.done": "Done",
    "empty.new": "Waiting for new orders",
    "empty.new.hint": "An order appears here as it comes in, with a sound.",
    "empty.new.lost": "No orders can arrive right now. They all appear once the connection is back.",
    "empty.cooking": "Nothing is cooking",
    "empty.cooking.hint": "Accepted orders move here.",
    "empty.done": "Nothing done yet today",
    "empty.done.hint": "Orders that are cooked gather here.",
    "title.new": "({n}) new orders",
    "title.idle": "{store} orders",
    "connection.first": "Connecting…",
    "connection.connected": "Connected",
    "connection.reconnecting": "Reconnecting… {n} s",
    "connection.lost": "Lost since {time}",
    "notice.lost": "Connection lost since {time}.",
    "notice.lost.text": "Last contact {last}. Orders placed meanwhile all appear once it is back.",
    "notice.lost.never": "The server has not been reached yet. Still trying.",
    "notice.lost.retry": "Reconnect now",
    "notice.back": "Connected again. Nothing was missed.",
    "notice.back.orders": "Connected again. New orders received: {n}.",
    "notice.sound": "Sound is blocked.",
    "notice.sound.text": "New orders arrive without a sound.",
    "notice.push": "Test notification received: {data}",
    "notice.push.empty": "Test notification received.",
    "sound.blocked": "Turn on sound",
    "sound.on": "Sound on",
    "sound.muted": "Muted",
    "menu.open": "Menu",
    "menu.sound": "Test the sound",
    "menu.push": "Test notification",
    "menu.keys": "Keyboard",
    "menu.logout": "Sign out",
    "keys.move": "Move between orders",
    "keys.step": "Confirm the selected order",
    "keys.mute": "Mute or unmute",
    "keys.help": "This list",
    "order.number": "#{id}",
    "order.ordered": "Ordered {time}",
    "order.announce": "New order {id}, {items}, {total}",
    "order.more": "and {n} more",
    "order.below": "New orders below: {n} ↓",
    "order.acknowledged": "Confirmed {time}",
    "order.prep": "{n} min",
    "step.acknowledge": "Confirm",
    "step.all": "Confirm all",
    "step.failed": "That did not work. {reason}",
    "status.ACCEPT": "Accepted",
    "status.COOKING": "Cooking",
    "status.COOKED": "Cooked",
    "status.DELIVERY": "On its way",
    "status.DELIVERED": "Delivered",
    "status.RECEIVE": "Received",
    "status.REJECT": "Rejected",
    "status.CANCEL": "Cancelled",
    "status.EXPIRED": "Expired",
    "actor.STORE": "store",
    "actor.CUSTOMER": "customer",
    "actor.RIDER": "rider",
    "actor.SYSTEM": "automatic",
    "problem.load": "The orders could not be loaded",
    "problem.forbidden": "This account cannot see the orders",
    "problem.forbidden.text": "Sign in with an account of the store.",
    "failure.network": "The server cannot be reached. Check the internet connection.",
    "failure.server": "The server has a problem. Try again in a moment.",
    "failure.forbidden": "Not allowed.",
    "failure.refused": "Not possible right now.",
    "failure.again": "Trying again in {n} s.",
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

const storageKey = "store-language";
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

/** Fills every element with data-text or data-label, and names the other language on the button that switches. */
export function applyTexts(root = document) {
  document.documentElement.lang = language;
  for (const element of root.querySelectorAll("[data-text]")) {
    element.textContent = text(element.dataset.text);
  }
  for (const element of root.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", text(element.dataset.label));
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
