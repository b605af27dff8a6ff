// Messages of a conversation: the person's own, the desk's replies, and what the support team wrote in the meantime.

import { answerParts, badge, oneOfSeveral } from "./answers.js";
import { OF_DESK, OF_PEOPLE, icon, make, moment } from "./elements.js";
import { letter, receipt } from "./receipt.js";
import { t } from "./texts.js";

/** Its name, in every language. */
export const DESK = "Privacy Desk:";

/** What the person sent, with its state: sending, sent or failed. onRetry: sends it again under the same id. */
export function ownMessage(entry, onRetry) {
  const made = make(
    "article",
    { class: `entry me ${entry.state}`, "data-id": entry.id },
    make("span", { class: "hush" }, t("said.by_you")),
    make("p", { class: "bubble", ...OF_PEOPLE }, entry.text),
  );
  if (entry.state !== "failed") {
    made.append(clock(entry.at));
    return made;
  }
  const failure = make("div", { class: "failure" }, icon("alert"), make("p", {}, entry.error));
  if (entry.canRetry) {
    const again = make("button", { type: "button", class: "button" }, t("retry"));
    again.addEventListener("click", onRetry);
    failure.append(again);
  }
  made.append(failure);
  return made;
}

/** What the desk says, in the order in which it is read. onPress: called with a button of the message. */
export function deskMessage(entry, onPress) {
  const { message } = entry;
  const made = make("article", { class: "entry desk-says" }, make("span", { class: "hush" }, DESK));
  made.append(make("div", { class: isRich(message) ? "bubble rich" : "bubble" }, ...parts(message)));
  if (message.buttons?.length) made.append(quickReplies(message.buttons, onPress));
  made.append(clock(entry.at));
  return made;
}

function isRich({ answer, request, letter: toSend }) {
  return Boolean(answer || request || toSend);
}

function parts({ text, answer, more_answers: more = [], request, letter: toSend, closing }) {
  const made = [];
  if (answer && !request && !more.length && answer.kind !== "changes") made.push(badge(answer.kind));
  if (text) made.push(make("p", { class: "lead", ...OF_DESK }, text));
  if (request && !answer) made.push(receipt(request));
  if (answer && more.length) made.push(...[answer, ...more].map(oneOfSeveral));
  else if (answer) made.push(...answerParts(answer));
  if (toSend) made.push(letter(toSend));
  if (request && answer) made.push(receipt(request)); // a referral: first who decides and why, then that it was noted
  if (closing) made.push(make("p", { class: "closing", ...OF_DESK }, closing));
  return made;
}

/** What the support team wrote, or what became of a request. */
export function newsMessage(entry) {
  const label = make("p", { class: "from-team" }, icon("person"), t("said.by_team"));
  const body = make("div", { class: "bubble news" }, label, make("p", { class: "lead", ...OF_PEOPLE }, entry.text.trim()));
  return make("article", { class: "entry desk-says is-news" }, body, clock(entry.at, { dateStyle: "medium", timeStyle: "short" }));
}

/** A line of the page itself in the conversation, with a way to try again. */
export function notice(text, onRetry) {
  const again = make("button", { type: "button", class: "button" }, t("retry"));
  again.addEventListener("click", onRetry);
  return make("div", { class: "notice failure" }, icon("alert"), make("p", {}, text), again);
}

function quickReplies(buttons, onPress) {
  const made = make("div", { class: "replies" });
  for (const button of buttons) {
    const pressed = make("button", { type: "button", class: "button reply", ...OF_DESK }, button.title);
    pressed.addEventListener("click", () => onPress(button));
    made.append(pressed);
  }
  return made;
}

/** at: milliseconds. What was not said today has its day too. */
function clock(at, style = isToday(at) ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" }) {
  const made = moment(new Date(at).toISOString(), style);
  made.className = "at";
  return made;
}

const isToday = (at) => new Date(at).toDateString() === new Date().toDateString();
