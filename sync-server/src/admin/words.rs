//! Conflicts as a person reads them in a terminal: what happened, what it costs, who was there, what to do and how.

use daybook_core::conflict::{Conflict, Severity};
use daybook_core::wire::{ConflictRecord, ConflictState};
use daybook_store::views::report::HeldTill;

/// All of them, most urgent first.
pub fn conflicts(records: &[ConflictRecord], all: bool) -> String {
    if records.is_empty() {
        let scope = if all {
            "There are no conflicts, and there were none."
        } else {
            "Nothing waits for an answer."
        };
        return format!("{scope}\n");
    }
    let mut sorted: Vec<&ConflictRecord> = records.iter().collect();
    sorted.sort_by_key(|record| (is_settled(record.state), record.conflict.severity, record.revision));
    let waiting = records.iter().filter(|record| !is_settled(record.state)).count();
    let settled = records.len() - waiting;
    let mut text = match waiting {
        0 => "Nothing waits for an answer.".to_owned(),
        1 => "1 conflict waits for an answer.".to_owned(),
        count => format!("{count} conflicts wait for an answer."),
    };
    if settled > 0 {
        text.push_str(&format!(" {settled} settled."));
    }
    text.push('\n');
    for record in sorted {
        text.push('\n');
        text.push_str(&conflict(record));
    }
    text
}

/// Who waits to be let in, as a person reads it; nothing where nobody does.
pub fn held(waiting: &[HeldTill]) -> String {
    let line = |one: &HeldTill| {
        format!(
            "\nWaits to be let in: {}, events {}–{} ({} of them{})\n  To let them in:   daybook-server admit \"{}\"\n",
            one.till,
            one.first,
            one.last,
            one.events,
            one.reason
                .as_ref()
                .map(|reason| format!("; access ended: {reason}"))
                .unwrap_or_default(),
            one.series,
        )
    };
    waiting.iter().map(line).collect()
}

fn is_settled(state: ConflictState) -> bool {
    match state {
        ConflictState::Open | ConflictState::Reopened => false,
        ConflictState::Answered | ConflictState::Gone => true,
    }
}

/// One of them.
fn conflict(record: &ConflictRecord) -> String {
    let Conflict {
        id, severity, title, story, parties, money_minor, currency, done, choices, decides, ..
    } = &record.conflict;
    let state = state(record, *severity);
    let mut lines = vec![format!("{title}   [{state}]"), format!("  {story}")];
    if let Some(currency) = currency {
        lines.push(format!("  At stake:     {}", currency.show(*money_minor)));
    }
    for (number, party) in parties.iter().enumerate() {
        let label = if number == 0 { "Who:" } else { "" };
        let receipt = party.receipt.as_ref().map(|receipt| format!(", receipt {receipt}"));
        let time = party.local_time.as_ref().map(|time| format!(", {}", time.replacen('T', " ", 1)));
        let whereabouts = [receipt, time].into_iter().flatten().collect::<String>();
        lines.push(format!("  {label:<13} {}{whereabouts}: {}", party.till, party.part));
    }
    if !done.is_empty() {
        lines.push(format!("  Done so far:  {done}"));
    }
    if !decides.is_empty() {
        lines.push(format!("  Who decides:  {decides}"));
    }
    let width = choices.iter().map(|choice| choice.code.chars().count()).max().unwrap_or(0);
    for (number, choice) in choices.iter().enumerate() {
        let label = if number == 0 { "Choices:" } else { "" };
        lines.push(format!("  {label:<13} {:<width$}  {}", choice.code, choice.consequence));
    }
    if let (false, Some(first)) = (is_settled(record.state), choices.first()) {
        lines.push(format!("  To answer:    daybook-server conflicts answer {id} --option {}", first.code));
    } else {
        lines.push(format!("  Known as:     {id}"));
    }
    lines.join("\n") + "\n"
}

fn state(record: &ConflictRecord, severity: Severity) -> String {
    let soon = match severity {
        Severity::Urgent => "urgent",
        Severity::Normal => "this week",
        Severity::Low => "when there is time",
    };
    let answer = record.answer.as_deref().unwrap_or("nothing");
    match record.state {
        ConflictState::Open => soon.to_owned(),
        ConflictState::Answered => format!("answered: {answer}"),
        ConflictState::Reopened => {
            format!("{soon}; answered {answer}, but what it rests on has changed since")
        }
        ConflictState::Gone => "no longer arises".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use daybook_core::amount::{Currency, Minor};
    use daybook_core::chain::Hash;
    use daybook_core::conflict::{Choice, Kind, Party};

    fn record(state: ConflictState, severity: Severity, title: &str) -> ConflictRecord {
        let choice = |code: &str, consequence: &str| Choice {
            code: code.to_owned(),
            consequence: consequence.to_owned(),
        };
        let party = |till: &str, receipt: Option<&str>, time: Option<&str>, part: &str| Party {
            till: till.to_owned(),
            receipt: receipt.map(str::to_owned),
            local_time: time.map(str::to_owned),
            part: part.to_owned(),
        };
        let conflict = Conflict {
            id: "oversold-3f2a9c01d4e5".to_owned(),
            kind: Kind::Oversold,
            store: None,
            severity,
            title: title.to_owned(),
            story: "Both tills sold the last one.".to_owned(),
            parties: vec![
                party("Till 1", Some("S1T1-17"), Some("2026-03-01T11:53:26"), "sold 1"),
                party("Till 2", None, None, "sold 1"),
            ],
            money_minor: Minor::new(1250),
            currency: Currency::from_code("EUR"),
            done: "Nothing was taken back.".to_owned(),
            choices: vec![
                choice("recount", "Somebody counts the shelf."),
                choice("ok", "It stays as it is."),
            ],
            decides: "A manager of the store.".to_owned(),
            evidence: Hash::ZERO,
        };
        ConflictRecord { revision: 1, state, answer: Some("ok".to_owned()), conflict }
    }

    #[test]
    fn a_conflict_says_what_happened_and_how_to_answer() {
        let text =
            conflicts(&[record(ConflictState::Open, Severity::Urgent, "Oversold: espresso beans")], false);
        assert_eq!(
            text,
            "\
1 conflict waits for an answer.

Oversold: espresso beans   [urgent]
  Both tills sold the last one.
  At stake:     12.50 EUR
  Who:          Till 1, receipt S1T1-17, 2026-03-01 11:53:26: sold 1
                Till 2: sold 1
  Done so far:  Nothing was taken back.
  Who decides:  A manager of the store.
  Choices:      recount  Somebody counts the shelf.
                ok       It stays as it is.
  To answer:    daybook-server conflicts answer oversold-3f2a9c01d4e5 --option recount
"
        );
    }

    #[test]
    fn what_waits_comes_before_what_is_settled_and_urgent_before_the_rest() {
        let text = conflicts(
            &[
                record(ConflictState::Gone, Severity::Urgent, "D"),
                record(ConflictState::Reopened, Severity::Low, "C"),
                record(ConflictState::Open, Severity::Normal, "B"),
                record(ConflictState::Open, Severity::Urgent, "A"),
            ],
            true,
        );
        assert!(text.starts_with("3 conflicts wait for an answer. 1 settled.\n"), "{text}");
        let order: Vec<_> = ["\nA ", "\nB ", "\nC ", "\nD "].iter().map(|title| text.find(title)).collect();
        assert!(order.is_sorted() && order.iter().all(Option::is_some), "{text}");
        assert!(text.contains("answered ok, but what it rests on has changed since"), "{text}");
    }

    #[test]
    fn no_news_is_said_too() {
        assert_eq!(conflicts(&[], false), "Nothing waits for an answer.\n");
    }
}
