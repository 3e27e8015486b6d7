//! What people may ask of printing: the receipts, reports and settings behind the window's buttons.
//!
//! Each answer says how printing stands afterwards. Nothing here waits for a printer.

use daybook_core::ids::{PrintJobId, SaleId};
use daybook_core::limits::DRAWER_SECONDS_MAX;
use daybook_core::paper::Words;
use daybook_core::paper::queue::{Input, Job, State, Task};
use daybook_core::paper::report::ReportKind;

use super::desk::Desk;
use super::follow::new;
use super::{
    PrintError, PrintJob, PrintSettings, PrinterSettings, PrinterState, PrinterWord, ReceiptLine, ReceiptText,
};
use crate::till::Till;

impl Till {
    /// How printing stands.
    pub fn printer_state(&self) -> PrinterState {
        let desk = self.shared.printing.desk();
        let jobs = desk.queue.jobs();
        let state = if desk.settings.printer.is_none() {
            PrinterWord::None
        } else if desk.queue.prints() {
            PrinterWord::Printing
        } else if jobs.is_empty() && desk.trouble.is_none() {
            PrinterWord::Ready
        } else {
            PrinterWord::Waiting
        };
        let why = jobs.iter().find_map(|job| job.why.clone()).or_else(|| desk.trouble.clone());
        let drawer = desk.settings.printer.as_ref().is_some_and(|printer| printer.drawer);
        PrinterState { state, jobs: jobs.len(), why, drawer }
    }

    /// The papers that wait, in their order.
    pub fn print_queue(&self) -> Vec<PrintJob> {
        let shown = |job: &Job| PrintJob {
            job: job.job,
            what: job.title.clone(),
            copy: job.copy > 0,
            state: job.state,
            tries: job.tries,
            why: job.why.clone(),
        };
        self.shared.printing.desk().queue.jobs().iter().map(shown).collect()
    }

    /// Prints the receipt of a completed document: the original where none was ever printed here, else a marked copy. One that is in
    /// the queue already is tried at once and not queued twice, however impatiently it is asked for.
    pub fn print_receipt(&self, sale: SaleId) -> Result<PrinterState, PrintError> {
        self.check_printer()?;
        self.follow_documents()?;
        let document = self.lock().document(sale)?.ok_or(PrintError::UnknownDocument)?;
        let place = (document.envelope.origin, document.envelope.seq);
        let age = self.shared.options.clock.wall().saturating_sub(document.envelope.wall);
        let fresh = (0..DRAWER_SECONDS_MAX * 1_000_000).contains(&u64::try_from(age).unwrap_or(u64::MAX));
        let (now, id) = (self.millis(), self.new_job());
        let mut desk = self.shared.printing.desk();
        let issued = desk.issued(sale.0)?;
        let waiting = desk.queue.jobs().iter().find(|job| job.subject == sale.0).map(|job| job.job);
        if let Some(job) = waiting {
            desk.tell(now, Input::Again(job, issued));
        } else {
            let known = desk.knows(place.0, place.1);
            let copy = if known { issued } else { issued.max(1) };
            let job = new(id, sale.0, Task::Receipt(sale), document.number(), copy);
            // Where receipts are queued by themselves, this one is behind them already.
            let passed = (known && !desk.settings.prints_receipts()).then_some(place);
            desk.add(now, passed, job, fresh)?;
        }
        drop(desk);
        self.papers_changed();
        Ok(self.printer_state())
    }

    /// Prints the shift as it stands, or the last closing; the latter marked as a copy from the second time on.
    pub fn print_report(&self, kind: ReportKind) -> Result<PrinterState, PrintError> {
        self.check_printer()?;
        let (reading, event) = self.lock().reading(kind)?;
        let id = self.new_job();
        let title = match kind {
            ReportKind::X => "X".to_owned(),
            ReportKind::Z => format!("Z {}", reading.closed.number),
        };
        let shift = reading.closed.shift.0;
        let mut desk = self.shared.printing.desk();
        let (subject, copy) = match event {
            None => (id.0, 0),
            Some(event) if desk.knows(event.origin, event.tip.seq) => (shift, desk.issued(shift)?),
            Some(_) => (shift, desk.issued(shift)?.max(1)),
        };
        let job = new(id, subject, Task::Report(Box::new(reading)), title, copy);
        desk.add(self.millis(), None, job, false)?;
        drop(desk);
        self.papers_changed();
        Ok(self.printer_state())
    }

    /// Prints a page that shows what the printer can do.
    pub fn test_print(&self) -> Result<PrinterState, PrintError> {
        self.check_printer()?;
        let id = self.new_job();
        let job = new(id, id.0, Task::Test, "Test".to_owned(), 0);
        self.shared.printing.desk().add(self.millis(), None, job, false)?;
        self.papers_changed();
        Ok(self.printer_state())
    }

    /// Opens the drawer at the printer, soon or not at all. Gives whether there is one to open.
    pub fn kick_drawer(&self) -> Result<bool, PrintError> {
        if !self.has_drawer() {
            return Ok(false);
        }
        let id = self.new_job();
        let job = new(id, id.0, Task::Drawer, "Drawer".to_owned(), 0);
        self.shared.printing.desk().add(self.millis(), None, job, true)?;
        self.papers_changed();
        Ok(true)
    }

    /// Whether a drawer is connected to the printer that is set.
    pub fn has_drawer(&self) -> bool {
        self.shared
            .printing
            .desk()
            .settings
            .printer
            .as_ref()
            .is_some_and(|printer| printer.drawer)
    }

    /// Prints a paper of the queue at once: one that is in doubt as a copy, one that waits as it is.
    pub fn print_again(&self, job: PrintJobId) -> Result<PrinterState, PrintError> {
        self.ask_desk(job, |desk, found| Ok(Input::Again(job, desk.issued(found.subject)?)))
    }

    /// Prints a paper that was in doubt as it was: a person looked, and nothing of it came out.
    pub fn nothing_came_out(&self, job: PrintJobId) -> Result<PrinterState, PrintError> {
        self.ask_desk(job, |_, _| Ok(Input::NothingCameOut(job)))
    }

    /// Takes a paper out of the queue. One that is being printed stays.
    pub fn drop_print(&self, job: PrintJobId) -> Result<PrinterState, PrintError> {
        self.ask_desk(job, |_, found| {
            (found.state != State::Printing)
                .then_some(Input::Drop(job))
                .ok_or(PrintError::NoSuchJob)
        })
    }

    /// What the till prints with, and what it writes on its papers.
    pub fn print_settings(&self) -> PrintSettings {
        self.shared.printing.desk().settings.clone()
    }

    /// Sets the printer, or takes it away. Papers that wait go to the new one; documents completed without one are not printed by
    /// themselves.
    pub fn set_printer(&self, printer: Option<PrinterSettings>) -> Result<PrinterState, PrintError> {
        if let Some(fault) = printer.as_ref().and_then(PrinterSettings::fault) {
            return Err(PrintError::Senseless(fault));
        }
        self.change_settings(|settings| settings.printer = printer)
    }

    /// Sets what stands on papers, and whether receipts are printed without being asked for.
    pub fn set_papers(&self, automatic: bool, words: Words) -> Result<PrinterState, PrintError> {
        self.change_settings(|settings| (settings.automatic, settings.words) = (automatic, words))
    }

    /// The receipt of a completed document as it prints, without a mark of a copy.
    pub fn receipt_text(&self, sale: SaleId) -> Result<ReceiptText, PrintError> {
        let settings = self.print_settings();
        let paper = {
            let mut inner = self.lock();
            let document = inner.document(sale)?.ok_or(PrintError::UnknownDocument)?;
            inner.lay_out_receipt(&document, 0, false, &settings.words, settings.form())
        };
        let issued = self.shared.printing.desk().issued(sale.0).unwrap_or(0);
        let lines = paper.lines().map(|line| {
            let style = line.style();
            let (bold, tall, centred) = (style.bold, style.tall, style.centred);
            ReceiptLine { text: line.text().to_owned(), bold, tall, centred }
        });
        Ok(ReceiptText {
            columns: paper.form().columns,
            lines: lines.collect(),
            copies: issued.saturating_sub(1),
        })
    }

    fn check_printer(&self) -> Result<(), PrintError> {
        match self.shared.printing.desk().settings.printer {
            Some(_) => Ok(()),
            None => Err(PrintError::NoPrinter),
        }
    }

    fn ask_desk(
        &self,
        job: PrintJobId,
        input: impl Fn(&mut Desk, &Job) -> Result<Input, PrintError>,
    ) -> Result<PrinterState, PrintError> {
        let mut desk = self.shared.printing.desk();
        let found = desk.queue.jobs().iter().find(|known| known.job == job).cloned();
        let input = input(&mut desk, &found.ok_or(PrintError::NoSuchJob)?)?;
        desk.tell(self.millis(), input);
        drop(desk);
        self.papers_changed();
        Ok(self.printer_state())
    }

    fn change_settings(&self, change: impl FnOnce(&mut PrintSettings)) -> Result<PrinterState, PrintError> {
        let before = self.print_settings();
        let mut settings = before.clone();
        change(&mut settings);
        if settings.prints_receipts() && !before.prints_receipts() {
            self.pass_documents()?;
        }
        let set = self.shared.printing.desk().set(self.millis(), settings);
        set.map_err(|error| PrintError::NotKept(error.to_string()))?;
        self.papers_changed();
        Ok(self.printer_state())
    }
}
