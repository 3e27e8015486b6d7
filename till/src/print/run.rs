//! The task beside the counter: queues the receipts of what was completed, and carries papers to the printer, one at a time.
//!
//! It holds no lock of the till while a printer is spoken to; a printer that hangs keeps nobody from selling.

use std::time::Duration;

use daybook_core::ids::PrintJobId;
use daybook_core::paper::Paper;
use daybook_core::paper::escpos::encode;
use daybook_core::paper::queue::{Input, Outcome, Task};
use daybook_core::paper::report::{report, test_page};
use tokio::sync::watch;
use tokio::task::{JoinSet, spawn_blocking};

use super::printer::{Delivery, Patience, deliver};
use crate::till::Till;

/// Pause before the queue is looked after again where it could not be kept.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// Longest pause where nothing is to do: whatever comes in wakes the task.
const IDLE: Duration = Duration::from_secs(60 * 60);

/// What came of a job: which, what, and whether the printer answered.
type Ended = (PrintJobId, Outcome, bool);

/// Prints what a till has to print until `stop` says so. What was begun is finished first.
pub async fn print(till: Till, patience: Patience, mut stop: watch::Receiver<bool>) {
    let attendance = Attendance::begin(&till);
    let mut at_work: JoinSet<Ended> = JoinSet::new();
    loop {
        let looking = till.clone();
        let (pause, work) = match spawn_blocking(move || looking.look_after_papers()).await {
            Ok(found) => found,
            Err(error) => {
                tracing::error!(%error, "looking after the print queue failed");
                (LOOK_AGAIN, None)
            }
        };
        match work {
            Some(Work::Ready(job, delivery)) => {
                at_work.spawn(async move {
                    let (outcome, answered) = deliver(&delivery, &patience).await;
                    (job, outcome, answered)
                });
            }
            Some(Work::Impossible(job, why)) => {
                tell_ended(&till, (job, Outcome::Impossible(why), false)).await;
                continue;
            }
            None => {}
        }
        tokio::select! {
            biased;
            _ = stop.changed() => break,
            Some(ended) = at_work.join_next(), if !at_work.is_empty() => match ended {
                Ok(ended) => tell_ended(&till, ended).await,
                Err(error) => tracing::error!(%error, "printing failed"),
            },
            () = till.shared.printing.looked.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
    drop(attendance);
    while let Some(Ok(ended)) = at_work.join_next().await {
        tell_ended(&till, ended).await;
    }
}

async fn tell_ended(till: &Till, (job, outcome, answered): Ended) {
    let till = till.clone();
    let told = spawn_blocking(move || till.tell_desk(Input::Ended { job, outcome, answered }));
    if let Err(error) = told.await {
        tracing::error!(%error, "what came of a paper could not be kept");
    }
}

/// Somebody carries out what the queue orders, for as long as this lives.
struct Attendance(Till);

impl Attendance {
    fn begin(till: &Till) -> Self {
        till.shared.printing.desk().attend(till.millis(), true);
        Attendance(till.clone())
    }
}

impl Drop for Attendance {
    fn drop(&mut self) {
        self.0.shared.printing.desk().attend(self.0.millis(), false);
    }
}

/// What is to be done with the next job.
enum Work {
    /// It can go to the printer.
    Ready(PrintJobId, Delivery),
    /// It cannot be made, for this reason.
    Impossible(PrintJobId, String),
}

impl Till {
    /// Queues what was completed, and prepares what is to be printed now. Gives how long nothing else is to do.
    fn look_after_papers(&self) -> (Duration, Option<Work>) {
        let followed = self.follow_documents();
        self.note_trouble(followed.as_ref().err().map(ToString::to_string));
        self.tell_desk(Input::Tick);
        let (order, wake) = {
            let mut desk = self.shared.printing.desk();
            (desk.order.take(), desk.queue.wake())
        };
        let now = self.millis();
        let pause = if followed.is_err() { LOOK_AGAIN } else { IDLE };
        let pause = wake.map_or(pause, |wake| pause.min(Duration::from_millis(wake.saturating_sub(now))));
        let work = order.map(|order| {
            let (job, task, copy) = (order.job.job, &order.job.task, order.job.copy);
            self.compose(task, copy, order.kick).map_or_else(
                |why| Work::Impossible(job, why),
                |(target, bytes)| {
                    let (answers, silent) = (order.answers, order.silent);
                    Work::Ready(job, Delivery { target, bytes, answers, silent })
                },
            )
        });
        (pause, work)
    }

    /// The bytes of a paper and where they go, or why there is nothing to print.
    fn compose(&self, task: &Task, copy: u32, kick: bool) -> Result<(String, Vec<u8>), String> {
        let settings = self.shared.printing.desk().settings.clone();
        let printer = settings.printer.as_ref().ok_or("there is no printer any more")?;
        let (words, form) = (&settings.words, settings.form());
        let mut inner = self.lock();
        let paper = match task {
            Task::Receipt(sale) => {
                let document = inner.document(*sale).map_err(|error| error.to_string())?;
                let document = document.ok_or("this till no longer knows the document")?;
                inner.lay_out_receipt(&document, copy, kick, words, form)
            }
            Task::Report(reading) => report(reading, copy, &inner.words(words), form),
            Task::Test => test_page(&inner.words(words), form),
            Task::Drawer if kick => {
                let mut pulse = Paper::new(form);
                pulse.kick();
                pulse
            }
            Task::Drawer => return Err("it is too late to open the drawer".to_owned()),
        };
        drop(inner);
        Ok((printer.target(), encode(&paper, printer.equipment())))
    }
}
