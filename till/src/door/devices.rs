//! Printing as the window asks for it, and the till's own preferences.

use daybook_core::cash::denominations;
use daybook_core::paper::CodePage;
use daybook_core::paper::queue::State;
use daybook_core::paper::report::ReportKind as Kind;

use super::fault::senseless;
use super::types::{
    Fault, JobState, Preference, PrintJob, PrinterPhase, PrinterSettings, PrinterState, ReceiptLine,
    ReceiptText, ReportKind, Settings,
};
use super::{Door, id};
use crate::print;

impl Door {
    pub(super) fn printer_state(&self) -> PrinterState {
        shown(self.till.printer_state())
    }

    pub(super) fn receipt(&self, sale: &str) -> Result<ReceiptText, Fault> {
        let receipt = self.till.receipt_text(id(sale)?)?;
        let line = |line: print::ReceiptLine| ReceiptLine {
            text: line.text,
            bold: line.bold,
            tall: line.tall,
            centred: line.centred,
        };
        Ok(ReceiptText {
            columns: u32::try_from(receipt.columns).unwrap_or(u32::MAX),
            lines: receipt.lines.into_iter().map(line).collect(),
            copies: receipt.copies,
        })
    }

    pub(super) fn print(&self, sale: &str) -> Result<PrinterState, Fault> {
        Ok(shown(self.till.print_receipt(id(sale)?)?))
    }

    pub(super) fn print_report(&self, kind: &ReportKind) -> Result<PrinterState, Fault> {
        let kind = match kind {
            ReportKind::X => Kind::X,
            ReportKind::Z => Kind::Z,
        };
        Ok(shown(self.till.print_report(kind)?))
    }

    pub(super) fn test_print(&self) -> Result<PrinterState, Fault> {
        Ok(shown(self.till.test_print()?))
    }

    pub(super) fn print_queue(&self) -> Vec<PrintJob> {
        let job = |job: print::PrintJob| PrintJob {
            job: job.job.to_string(),
            what: job.what,
            copy: job.copy,
            state: match job.state {
                State::Waiting => JobState::Waiting,
                State::Printing => JobState::Printing,
                State::Unsure => JobState::Unsure,
            },
            tries: job.tries,
            why: job.why,
        };
        self.till.print_queue().into_iter().map(job).collect()
    }

    pub(super) fn print_again(&self, job: &str) -> Result<PrinterState, Fault> {
        Ok(shown(self.till.print_again(id(job)?)?))
    }

    pub(super) fn nothing_came_out(&self, job: &str) -> Result<PrinterState, Fault> {
        Ok(shown(self.till.nothing_came_out(id(job)?)?))
    }

    pub(super) fn drop_print(&self, job: &str) -> Result<PrinterState, Fault> {
        Ok(shown(self.till.drop_print(id(job)?)?))
    }

    pub(super) fn set_printer(&self, printer: Option<PrinterSettings>) -> Result<Settings, Fault> {
        let wanted = printer
            .map(|printer| {
                let code_page = CodePage::all().find(|page| page.name() == printer.code_page);
                Ok::<_, Fault>(print::PrinterSettings {
                    address: printer.address.trim().to_owned(),
                    code_page: code_page.ok_or_else(|| senseless("the code page"))?,
                    columns: printer.columns as usize,
                    cuts: printer.cuts,
                    drawer: printer.drawer,
                })
            })
            .transpose()?;
        self.till.set_printer(wanted)?;
        Ok(self.settings())
    }

    pub(super) fn settings(&self) -> Settings {
        let printer = self.till.print_settings().printer.map(|printer| PrinterSettings {
            address: printer.address.clone(),
            code_page: printer.code_page.name().to_owned(),
            columns: u32::try_from(printer.columns).unwrap_or(u32::MAX),
            cuts: printer.cuts,
            drawer: printer.drawer,
        });
        let currency = self.till.lock().shop().ok().map(|shop| shop.terms.currency);
        let counted = currency.map(denominations).unwrap_or_default();
        let preferences = self.held().preferences.clone();
        Settings {
            printer,
            theme: preferences.theme,
            scale: preferences.scale,
            sound: preferences.sound,
            quiet: preferences.quiet,
            item_sound: preferences.item_sound,
            loudspeaker: self.speaker.answers(),
            code_pages: CodePage::all().map(|page| page.name().to_owned()).collect(),
            denominations_minor: counted.into_iter().map(|amount| amount.get()).collect(),
        }
    }
}

impl Door {
    pub(super) fn set_preference(&self, name: &Preference, value: &str) -> Result<Settings, Fault> {
        let mut held = self.held();
        let mut wanted = held.preferences.clone();
        wanted.set(name, value)?;
        wanted.write(&self.till.lock().options.data)?;
        held.preferences = wanted;
        drop(held);
        Ok(self.settings())
    }
}

fn shown(state: print::PrinterState) -> PrinterState {
    PrinterState {
        state: match state.state {
            print::PrinterWord::None => PrinterPhase::None,
            print::PrinterWord::Ready => PrinterPhase::Ready,
            print::PrinterWord::Printing => PrinterPhase::Printing,
            print::PrinterWord::Waiting => PrinterPhase::Waiting,
        },
        jobs: u32::try_from(state.jobs).unwrap_or(u32::MAX),
        why: state.why,
        drawer: state.drawer,
    }
}
