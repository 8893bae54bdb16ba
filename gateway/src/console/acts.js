//! What may be done from this page: escalate, raise the level, report here and upward, merge, part, reopen, split, assign, close, correct what a call was taken for, add to a call
//! and end it, and enter what a unit reports by telephone.
//!
//! Each act asks for confirmation in one dialog, is sent under a key of its own so that a lost answer can be asked for
//! again without doing it twice, and shows the centre's own words when it is refused. Which act is allowed is the centre's
//! decision alone; what is offered here is a convenience.

import { Refused, act, freshKey } from "./door.js";
import { fieldsOf } from "./act_fields.js";
import { coded, word } from "./language.js";
import { element, foreign, replace, setText } from "./text.js";

/** Reports of a unit that a person may enter for it: the path, the states they follow, and whether it must travel. */
export const REPORTS_OF_ORDER = [
  { path: "acknowledge", from: ["issued"], travels: false },
  { path: "set-off", from: ["issued", "acknowledged"], travels: true },
  { path: "arrive", from: ["issued", "acknowledged", "set_off"], travels: true },
  { path: "finish", from: ["issued", "acknowledged", "set_off", "arrived"], travels: false },
  { path: "decline", from: ["issued", "acknowledged"], travels: false },
];

/** Acts on an incident whose path is not their name. */
const PATHS = { level: "escalate", situation: "report" };

export class Acts {
  #model;
  #done;
  #dialog = document.getElementById("act");
  #title = document.getElementById("act-title");
  #about = document.getElementById("act-about");
  #fields = document.getElementById("act-fields");
  #refused = document.getElementById("act-refused");
  #confirm = document.getElementById("act-confirm");
  #pending = null;

  /** `done(answer)` after an act was carried out. */
  constructor(model, done) {
    this.#model = model;
    this.#done = done;
    document.getElementById("act-cancel").addEventListener("click", () => this.#dialog.close());
    this.#confirm.addEventListener("click", () => this.#send());
    this.#dialog.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.target.tagName === "INPUT") {
        event.preventDefault();
        this.#send();
      }
    });
  }

  /** Asks for an act on an incident. */
  open(name, incident) {
    const about = [coded("kind", incident.kind), " ", foreign(incident.place?.district_name ?? ""), " ", incident.id];
    const path = `/v1/incidents/${encodeURIComponent(incident.id)}/${PATHS[name] ?? name}`;
    this.#show({ title: word(`act.${name}.title`), about, path, ...fieldsOf(name, incident, this.#model) });
  }

  /** Asks for a verdict on a call; `subject` is its incident, or the call itself. */
  openVerdict(call, subject) {
    const asked = fieldsOf("classify", subject, this.#model);
    this.#show({ title: word("act.classify.title"), about: aboutCall(call, subject), path: pathOf(call, "classify"), ...asked });
  }

  /** Asks for what is newly known of a call; `known` is what was said of it so far. */
  openFacts(call, subject, known) {
    const asked = fieldsOf("facts", { known }, this.#model);
    this.#show({ title: word("act.facts.title"), about: aboutCall(call, subject), path: pathOf(call, "facts"), ...asked });
  }

  /** Asks whether a call has ended. */
  openEnd(call, subject) {
    this.#show({ title: word("act.end.title"), about: aboutCall(call, subject), path: pathOf(call, "end"), ...fieldsOf("end", subject, this.#model) });
  }

  /** Asks for a report on an order. */
  openReport(report, order) {
    const about = [foreign(order.unit), " · ", coded("capability", order.capability), " · ", order.id];
    const path = `/v1/orders/${encodeURIComponent(order.id)}/${report.path}`;
    this.#show({ title: word(`report.${report.path}.title`), about, path, ...fieldsOf("report", order, this.#model) });
  }

  #show(asked) {
    this.#pending = { ...asked, key: null, sent: null };
    setText(this.#title, asked.title);
    replace(this.#about, asked.about);
    replace(this.#fields, asked.hint ? element("p", { class: "hint" }, asked.hint) : null, asked.fields);
    this.#refuse("");
    setText(this.#confirm, asked.title);
    this.#confirm.disabled = false;
    this.#dialog.showModal();
  }

  async #send() {
    const asked = this.#pending;
    if (this.#confirm.disabled) {
      return;
    }
    const body = asked.body();
    const sent = JSON.stringify(body);
    // The same request keeps its key until it is answered, so that asking again does not do it again.
    if (asked.key === null || asked.sent !== sent) {
      Object.assign(asked, { key: freshKey(), sent });
    }
    this.#confirm.disabled = true;
    this.#refuse("");
    try {
      const answer = await act(asked.path, body, asked.key);
      if (answer.ignored?.length > 0) {
        // Done, but not all of it: the dialog stays, so that it can be said again as the centre understands it.
        this.#refuse(word("act.ignored", { fields: answer.ignored.join(word("list.comma")) }));
      } else {
        this.#dialog.close();
      }
      this.#done(asked, answer);
    } catch (error) {
      // "No" is an answer; "not in time" and "not now" are none, and what was sent may have been done.
      if (error instanceof Refused && error.status < 500) {
        asked.key = null;
      }
      this.#refuse(refusal(error));
    } finally {
      this.#confirm.disabled = false;
    }
  }

  #refuse(...said) {
    replace(this.#refused, said);
    this.#refused.hidden = said.every((part) => part === "");
  }
}

function aboutCall(call, subject) {
  return [coded("kind", subject.kind), " · ", word("noun.call"), " ", call];
}

function pathOf(call, name) {
  return `/v1/calls/${encodeURIComponent(call)}/${name}`;
}

/** The centre's own words, and the field they are about. */
function refusal(error) {
  if (!(error instanceof Refused)) {
    return word("act.unanswered", { why: error.message });
  }
  const { type, title, detail, field } = error.problem;
  const code = String(type ?? "").split(":").at(-1);
  const name = coded("refusal", code);
  return [
    element("strong", {}, word("act.refused"), " ", name === code ? null : `${name} `),
    foreign(detail || title || error.message),
    field ? element("span", { class: "quiet" }, ` (${field})`) : null,
  ];
}
