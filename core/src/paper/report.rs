//! The X and the Z on paper: a shift's sums as it stands, or as it was closed.
//!
//! Both show the same figures, those of [`Closed`]; nothing is summed a second way. An X shows nothing of what should be in the
//! drawer, so that whoever counts it counts blind.

use serde::{Deserialize, Serialize};

use super::receipt::{letterhead, minute};
use super::taxes::{Columns, TaxRow, tax_table};
use super::{Form, Labels, Paper, Style, Words};
use crate::amount::Minor;
use crate::event::sale::TenderState;
use crate::event::shift::{Closed, TenderTotal};

/// Which report it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportKind {
    /// A reading while the shift goes on. Changes nothing, can be taken at any time.
    X,
    /// The closing.
    Z,
}

/// What a report is made of: figures of one moment, kept with the print job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// Which report.
    pub kind: ReportKind,
    /// The figures; of an X those that a closing at that moment would have had.
    pub closed: Closed,
    /// Local time of the reading or the closing, such as `2017-01-01T11:53:26`.
    pub local_time: String,
    /// The till's name.
    pub till: String,
    /// Number of the person who closed the shift; empty where nobody did.
    pub person: String,
    /// Short form of the closing's seal; none for an X.
    pub seal: Option<String>,
}

/// Lays a report out. `copy` 0 is the original.
pub fn report(reading: &Reading, copy: u32, words: &Words, form: Form) -> Paper {
    let (closed, labels) = (&reading.closed, &words.labels);
    let is_closing = reading.kind == ReportKind::Z;
    let mut paper = Paper::new(form);
    letterhead(&mut paper, words);
    let title = match reading.kind {
        ReportKind::X => labels.reading.clone(),
        ReportKind::Z => format!("{} {}", labels.closing, closed.number),
    };
    paper.text(Style::TITLE, &title);
    if copy > 0 {
        paper.text(Style::TITLE, &format!("{} {copy}", labels.copy));
    }
    paper.rule();
    paper.row(Style::PLAIN, 0, &reading.till, &minute(&reading.local_time, form));
    paper.row(Style::PLAIN, 0, &labels.day, &closed.day.to_string());
    paper.row(Style::PLAIN, 0, &labels.last_number, &closed.last_number.to_string());
    let person = paper.named(&labels.person, &reading.person);
    paper.text(Style::PLAIN, &person);
    paper.rule();
    let mut sheet = Sheet { paper: &mut paper, labels, closed };
    sheet.sums();
    sheet.taxes();
    sheet.tenders(is_closing);
    if is_closing {
        sheet.counters();
    }
    paper.rule();
    if let Some(seal) = &reading.seal {
        let seal = paper.named(&labels.seal, seal);
        paper.text(Style::CENTRED, &seal);
    }
    paper.cut();
    paper
}

/// The paper with what its figures are shown by.
struct Sheet<'a> {
    paper: &'a mut Paper,
    labels: &'a Labels,
    closed: &'a Closed,
}

impl Sheet<'_> {
    fn money(&mut self, indent: usize, label: &str, amount: Minor) {
        let amount = self.labels.amount(self.closed.currency, amount);
        self.paper.row(Style::PLAIN, indent, label, &amount);
    }

    fn sums(&mut self) {
        let (labels, closed) = (self.labels, self.closed);
        self.paper.row(Style::PLAIN, 0, &labels.documents, &closed.documents.to_string());
        self.money(0, &labels.gross_sales, closed.gross_sales_minor);
        self.money(0, &labels.gross_returns, closed.gross_returns_minor);
        self.money(0, &labels.reductions, -closed.reductions_minor);
        let net = format!("{} {}", labels.net, closed.currency.code.code());
        let amount = labels.amount(closed.currency, closed.net_minor);
        self.paper.row(Style::LOUD, 0, &net, &amount);
        self.money(0, &labels.tax, closed.tax_minor);
        self.money(0, &labels.rounding, closed.rounding_minor);
        self.money(0, &labels.float, closed.float_minor);
        self.money(0, &labels.cash_moved, closed.cash_moved_minor);
        self.paper
            .row(Style::PLAIN, 0, &labels.drawer_openings, &closed.drawer_openings.to_string());
    }

    /// The taxes by rate, so that net, tax and gross can be read off for each; nothing where the closing does not tell them.
    fn taxes(&mut self) {
        let (labels, currency) = (self.labels, self.closed.currency);
        let Some(taxes) = &self.closed.taxes else { return };
        let mut rows: Vec<TaxRow> = taxes.rates.iter().map(|tax| TaxRow::of(labels, tax)).collect();
        if !taxes.untaxed_minor.is_zero() {
            let (name, base) = (labels.untaxed.clone(), taxes.untaxed_minor);
            rows.push(TaxRow { name, base, tax: Minor::ZERO });
        }
        if !rows.is_empty() {
            self.paper.rule();
            tax_table(self.paper, labels, currency, &rows, Columns::Gross);
        }
    }

    fn tenders(&mut self, with_expected: bool) {
        let labels = self.labels;
        self.paper.rule();
        self.paper.text(Style::BOLD, &labels.tenders);
        for tender in &self.closed.tenders {
            let TenderTotal { tender_type, state, tenders, amount_minor, .. } = tender;
            let TenderTotal { expected_minor, counted_minor, .. } = tender;
            let name = labels.tender(tender_type);
            let name = match state {
                TenderState::Settled => format!("{name} ({tenders})"),
                TenderState::ToVerify => format!("{name}, {} ({tenders})", labels.to_verify),
            };
            self.money(0, &name, *amount_minor);
            if with_expected && *state == TenderState::Settled {
                self.money(2, &labels.expected, *expected_minor);
                if let Some(counted) = counted_minor {
                    self.money(2, &labels.counted, *counted);
                }
            }
        }
        if let Some(over_short) = self.closed.over_short_minor.filter(|_| with_expected) {
            let amount = labels.amount(self.closed.currency, over_short);
            self.paper.row(Style::BOLD, 0, &labels.over_short, &amount);
        }
    }

    fn counters(&mut self) {
        let (labels, counters) = (self.labels, &self.closed.counters);
        self.paper.rule();
        self.paper.text(Style::BOLD, &labels.counters);
        self.money(0, &labels.gross_sales, counters.gross_sales_minor);
        self.money(0, &labels.gross_returns, counters.gross_returns_minor);
        self.paper.row(Style::PLAIN, 0, &labels.documents, &counters.documents.to_string());
        self.paper.row(Style::PLAIN, 0, &labels.shifts, &counters.shifts.to_string());
    }
}

/// A page that shows what a printer makes of letters, styles, width and cut.
pub fn test_page(words: &Words, form: Form) -> Paper {
    let mut paper = Paper::new(form);
    letterhead(&mut paper, words);
    paper.text(Style::TITLE, &words.labels.test_page);
    paper.rule();
    paper.row(Style::PLAIN, 0, &format!("{} · {}", form.page, form.columns), "1234567.89");
    paper.row(Style::BOLD, 0, "ÄÖÜäöüß ÉÈéè Øø Łł Ññ", "€ £");
    paper.row(Style::LOUD, 0, &words.labels.total, "12.34");
    paper.rule();
    paper.cut();
    paper
}
