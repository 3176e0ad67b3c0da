// Sheets: dialogs that lie over the board. Escape, a tap beside one, and its own buttons close it.

/** Lets a tap beside the sheet close it. */
export function prepareSheets() {
  for (const sheet of document.querySelectorAll("dialog.sheet")) {
    let isBeside = false;
    sheet.addEventListener("pointerdown", ({ target }) => (isBeside = target === sheet));
    sheet.addEventListener("click", ({ target }) => {
      if (isBeside && target === sheet) sheet.close();
    });
    for (const button of sheet.querySelectorAll("[data-close]")) button.addEventListener("click", () => sheet.close());
  }
}

/** Whether one is open: then the keys are its own. */
export const isSheetOpen = () => document.querySelector("dialog.sheet[open]") !== null;

export function openSheet(sheet) {
  if (!sheet.open) sheet.showModal();
}

/** Shows or clears what failed. */
export function showFailure(element, message) {
  element.textContent = message;
  element.hidden = message === "";
}

/** A button, as scripts make them. */
export function makeButton(label, className, action) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = className;
  button.textContent = label;
  button.addEventListener("click", action);
  return button;
}
