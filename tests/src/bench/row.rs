//! A row of the table: what was measured, beside what, what it must reach, and whether it does.
//!
//! A row that could not be measured stays in the table and says why; it never counts as one that holds.

use serde::{Serialize, Serializer};

use super::measure::{Rounds, median};

/// What a ratio must reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// At most this much of the other side.
    AtMost(f64),
    /// At least this much of the other side.
    AtLeast(f64),
}

impl Bound {
    /// Whether a ratio reaches it.
    pub fn holds(self, ratio: f64) -> bool {
        match self {
            Bound::AtMost(most) => ratio <= most,
            Bound::AtLeast(least) => ratio >= least,
        }
    }

    fn words(self) -> String {
        match self {
            Bound::AtMost(most) => format!("≤ {most}×"),
            Bound::AtLeast(least) => format!("≥ {least}×"),
        }
    }
}

impl Serialize for Bound {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.words())
    }
}

/// A row of the table.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Its name, such as `P2`.
    pub id: &'static str,
    /// What is measured.
    pub what: String,
    /// What `ours` and `beside` are counted in.
    pub unit: &'static str,
    /// Daybook's median; none where it was left out.
    pub ours: Option<f64>,
    /// The other side's median.
    pub beside: Option<f64>,
    /// What the other side is.
    pub beside_what: String,
    /// The median of the rounds' ratios, ours to the other.
    pub ratio: Option<f64>,
    /// The smallest and the largest ratio of a round.
    pub spread: Option<(f64, f64)>,
    /// What the ratio must reach.
    pub must: Bound,
    /// What it shall reach.
    pub aim: Bound,
    /// Whether the must holds; none where it was left out.
    pub holds: Option<bool>,
    /// Whether commits are flushed to the disk, on both sides.
    pub durable: bool,
    /// Disk syncs of one act, ours and the other side's, where they were counted.
    pub disk_syncs: Option<(f64, f64)>,
    /// What else was seen, and why it was left out where it was.
    pub notes: Vec<String>,
}

impl Row {
    /// A row before it is measured.
    pub fn new(
        id: &'static str,
        what: impl Into<String>,
        beside_what: impl Into<String>,
        (must, aim): (Bound, Bound),
    ) -> Self {
        Row {
            id,
            what: what.into(),
            unit: "",
            ours: None,
            beside: None,
            beside_what: beside_what.into(),
            ratio: None,
            spread: None,
            must,
            aim,
            holds: None,
            durable: false,
            disk_syncs: None,
            notes: Vec::new(),
        }
    }

    /// The row with what its rounds gave.
    pub fn measured(mut self, unit: &'static str, rounds: &Rounds) -> Self {
        let ratio = rounds.ratio();
        self.unit = unit;
        self.ours = Some(median(&rounds.ours));
        self.beside = Some(median(&rounds.beside));
        self.ratio = Some(ratio);
        self.spread = Some(rounds.spread());
        self.holds = Some(self.must.holds(ratio));
        self
    }

    /// The row, in which commits are flushed on both sides.
    pub fn durable(mut self) -> Self {
        self.durable = true;
        self
    }

    /// The row, left out for a reason.
    pub fn left_out(self, why: impl Into<String>) -> Self {
        self.noting(format!("left out: {}", why.into()))
    }

    /// The row with something that was seen beside it.
    pub fn noting(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// The row, which does not hold either unless something else does.
    pub fn and(mut self, holds: bool, note: impl Into<String>) -> Self {
        self.holds = self.holds.map(|held| held && holds);
        self.noting(note)
    }
}

/// The table as a person reads it.
pub fn table(rows: &[Row]) -> String {
    let mut text = String::from(
        "| row | what | ours | beside | ratio (spread) | must | aim | holds | disk syncs |\n|---|---|---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        let figure = |value: Option<f64>| {
            value.map_or("–".to_owned(), |value| format!("{} {}", short(value), row.unit))
        };
        let ratio = row.ratio.zip(row.spread).map_or("–".to_owned(), |(ratio, (low, high))| {
            format!("{}× ({}–{})", short(ratio), short(low), short(high))
        });
        let aim = row.ratio.is_some_and(|ratio| row.aim.holds(ratio));
        let holds = match row.holds {
            None => "left out",
            Some(false) => "**no**",
            Some(true) if aim => "yes, and the aim",
            Some(true) => "yes",
        };
        let syncs = match (row.durable, row.disk_syncs) {
            (false, _) => "not durable".to_owned(),
            (true, None) => "durable, not counted".to_owned(),
            (true, Some((ours, beside))) => format!("{} / {}", short(ours), short(beside)),
        };
        text.push_str(&format!(
            "| {} | {} | {} | {}: {} | {ratio} | {} | {} | {holds} | {syncs} |\n",
            row.id,
            row.what,
            figure(row.ours),
            row.beside_what,
            figure(row.beside),
            row.must.words(),
            row.aim.words(),
        ));
    }
    for row in rows.iter().filter(|row| !row.notes.is_empty()) {
        text.push_str(&format!("\n{}: {}\n", row.id, row.notes.join(". ")));
    }
    text
}

/// A number with three figures that count.
pub fn short(value: f64) -> String {
    match value.abs() {
        size if size >= 100_000.0 => format!("{:.0},000", value / 1_000.0),
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size == 0.0 || size >= 0.1 => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> Row {
        Row::new("P0", "nothing", "nothing else", (Bound::AtMost(1.5), Bound::AtMost(1.2)))
    }

    #[test]
    fn a_row_holds_by_its_ratio_and_by_what_else_it_must_keep() {
        let rounds = |ours: f64| Rounds { ours: vec![ours], beside: vec![1.0] };
        for (ours, also, holds) in [(1.5, true, true), (1.6, true, false), (1.1, false, false)] {
            let measured = row().measured("µs", &rounds(ours)).and(also, "memory");
            assert_eq!(measured.holds, Some(holds), "{ours} {also}");
        }
        assert!(Bound::AtLeast(0.4).holds(0.4) && !Bound::AtLeast(0.4).holds(0.39));
    }

    #[test]
    fn a_row_that_was_left_out_says_so_and_holds_nothing() {
        let text = table(&[row().left_out("no peer").and(true, "never")]);
        assert!(text.contains("| left out |") && text.contains("P0: left out: no peer"), "{text}");
    }

    #[test]
    fn a_loss_reads_as_plainly_as_a_win() {
        let lost = row().measured("µs", &Rounds { ours: vec![9.0], beside: vec![1.0] });
        assert!(table(&[lost]).contains("| **no** |"));
    }
}
