//! Taxes on a paper: a line per tax and rate, side by side where all of it fits, and one below the other where not.
//!
//! A receipt says what is taxed and the tax; a report also says what both come to, so that its lines sum up to the total.

use super::text::legible;
use super::{Labels, Paper, Style};
use crate::amount::{Currency, Minor};
use crate::event::sale::TaxAmount;

/// One line of the table.
pub(super) struct TaxRow {
    /// The tax with its rate.
    pub name: String,
    /// What is taxed, without the tax.
    pub base: Minor,
    /// The tax.
    pub tax: Minor,
}

impl TaxRow {
    /// The line of a tax.
    pub fn of(labels: &Labels, tax: &TaxAmount) -> Self {
        let name = format!("{} {} %", tax.jurisdiction, labels.marked(&tax.rate.to_string()));
        TaxRow { name, base: tax.base_minor, tax: tax.amount_minor }
    }
}

/// What stands beside the name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Columns {
    /// What is taxed, and the tax.
    Base,
    /// These, and what they come to.
    Gross,
}

/// Lays the table out.
pub(super) fn tax_table(
    paper: &mut Paper,
    labels: &Labels,
    currency: Currency,
    rows: &[TaxRow],
    columns: Columns,
) {
    let page = paper.form().page;
    let cells = |row: &TaxRow| {
        let gross = (columns == Columns::Gross).then_some(row.base + row.tax);
        let amounts = [row.base, row.tax].into_iter().chain(gross);
        amounts.map(|amount| labels.amount(currency, amount)).collect::<Vec<_>>()
    };
    let mut heads = vec![labels.tax_base.as_str(), labels.tax.as_str()];
    if columns == Columns::Gross {
        heads.push(&labels.gross);
    }
    let names: Vec<String> = rows.iter().map(|row| legible(&row.name, page)).collect();
    let written: Vec<Vec<String>> = rows.iter().map(cells).collect();
    let width = |text: &str| text.chars().count();
    let widths: Vec<usize> = (0..heads.len())
        .map(|at| written.iter().map(|row| width(&row[at])).fold(width(heads[at]), usize::max))
        .collect();
    // Two spaces before every column.
    let beside: usize = widths.iter().map(|width| width + 2).sum();
    if names.iter().all(|name| width(name) + beside <= paper.form().columns) {
        paper.row(Style::PLAIN, 0, "", &aligned(&heads, &widths));
        for (name, cells) in names.iter().zip(&written) {
            paper.row(Style::PLAIN, 0, name, &aligned(cells, &widths));
        }
    } else {
        for (name, cells) in names.iter().zip(&written) {
            paper.row(Style::PLAIN, 0, &format!("{} {name}", labels.tax), &cells[1]);
            paper.row(Style::PLAIN, 2, heads[0], &cells[0]);
            if let (Some(head), Some(cell)) = (heads.get(2), cells.get(2)) {
                paper.row(Style::PLAIN, 2, head, cell);
            }
        }
    }
}

/// Texts in columns of these widths, each at the right of its own.
fn aligned<T: AsRef<str>>(texts: &[T], widths: &[usize]) -> String {
    let cells: Vec<String> = texts
        .iter()
        .zip(widths)
        .map(|(text, &width)| format!("{:>width$}", text.as_ref()))
        .collect();
    cells.join("  ")
}
