//! The laws of the print queue, tried on printers that fail at every moment and on tills that stop at every moment.

use std::collections::BTreeMap;

use proptest::prelude::*;
use uuid::Uuid;

use super::*;

fn job(number: u128) -> Job {
    Job {
        job: PrintJobId(Uuid::from_u128(number)),
        subject: Uuid::from_u128(1_000 + number),
        task: Task::Receipt(SaleId(Uuid::from_u128(1_000 + number))),
        title: format!("Till 1-{number}"),
        copy: 0,
        state: State::Waiting,
        tries: 0,
        why: None,
    }
}

fn orders(effects: &[Effect]) -> Vec<Order> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Print(order) => Some(order.clone()),
            _ => None,
        })
        .collect()
}

fn add(job: Job) -> Input {
    Input::Add { job, fresh: true }
}

fn ready() -> Queue {
    let mut queue = Queue::default();
    queue.handle(0, Input::PrinterSet { there: true, silent: false });
    queue
}

fn ended(job: &Job, outcome: Outcome) -> Input {
    Input::Ended { job: job.job, outcome, answered: false }
}

#[test]
fn a_job_is_kept_as_printing_before_it_is_printed_and_one_is_printed_at_a_time() {
    let mut queue = ready();
    let effects = queue.handle(5, add(job(1)));
    assert!(matches!(&effects[..], [Effect::Keep(kept), Effect::Print(order)]
        if kept.state == State::Printing && order.job == *kept && order.kick));
    assert_eq!(queue.handle(5, add(job(2))), []);
    let effects = queue.handle(6, ended(&job(1), Outcome::Printed));
    assert!(matches!(&effects[0], Effect::Forget { unprinted: false, .. }));
    assert_eq!(orders(&effects)[0].job.job, job(2).job);
}

#[test]
fn a_printer_that_is_off_is_asked_again_after_growing_pauses_and_the_order_stays() {
    let mut queue = ready();
    queue.handle(0, add(job(1)));
    queue.handle(0, add(job(2)));
    let (mut now, mut pauses) = (0, Vec::new());
    for _ in 0..8 {
        assert_eq!(orders(&queue.handle(now, ended(&job(1), Outcome::NotStarted("off".into())))), []);
        let wake = queue.wake().unwrap();
        assert_eq!(orders(&queue.handle(wake - 1, Input::Tick)), []);
        assert_eq!(orders(&queue.handle(wake, Input::Tick))[0].job.job, job(1).job);
        pauses.push(wake - now);
        now = wake;
    }
    assert_eq!(pauses, [500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000]);
    assert_eq!(queue.jobs()[0].tries, 9);
    assert_eq!(queue.jobs()[0].why.as_deref(), Some("off"));
}

#[test]
fn what_may_have_come_out_waits_for_a_person_and_comes_back_as_a_copy() {
    let mut queue = ready();
    queue.handle(0, add(job(1)));
    queue.handle(0, add(job(2)));
    queue.handle(1, ended(&job(1), Outcome::CutShort("the line broke".into())));
    let next = orders(&queue.handle(600, Input::Tick));
    assert_eq!(next[0].job.job, job(2).job, "others go on");
    queue.handle(601, ended(&job(2), Outcome::Printed));
    assert_eq!(orders(&queue.handle(1_000_000, Input::Tick)), [], "nothing happens by itself");
    let again = orders(&queue.handle(1_000_001, Input::Again(job(1).job, 1)));
    assert_eq!((again[0].job.copy, again[0].kick), (1, false));
}

#[test]
fn where_nothing_came_out_the_original_is_printed_and_the_drawer_stays_shut() {
    let mut queue = ready();
    queue.handle(0, add(job(1)));
    queue.handle(1, ended(&job(1), Outcome::Unconfirmed));
    assert_eq!(queue.jobs()[0].state, State::Unsure);
    let again = orders(&queue.handle(2, Input::NothingCameOut(job(1).job)));
    assert_eq!((again[0].job.copy, again[0].kick), (0, false));
}

#[test]
fn a_drawer_opens_for_a_fresh_receipt_only() {
    let mut queue = ready();
    queue.handle(0, add(job(1)));
    queue.handle(0, ended(&job(1), Outcome::NotStarted("off".into())));
    assert!(orders(&queue.handle(59_000, Input::Tick))[0].kick);
    queue.handle(59_000, ended(&job(1), Outcome::NotStarted("off".into())));
    assert!(!orders(&queue.handle(61_000, Input::Tick))[0].kick);
}

#[test]
fn a_till_that_stopped_in_the_middle_is_in_doubt_and_so_is_a_copied_one() {
    let printing = Job { state: State::Printing, ..job(1) };
    let (queue, effects) = Queue::load(vec![printing, job(2)], false);
    let states: Vec<State> = queue.jobs().iter().map(|job| job.state).collect();
    assert_eq!(states, [State::Unsure, State::Waiting]);
    assert_eq!(effects, [Effect::Keep(queue.jobs()[0].clone())]);
    let (queue, _) = Queue::load(vec![job(1), job(2)], true);
    assert!(queue.jobs().iter().all(|job| job.state == State::Unsure));
}

#[test]
fn what_cannot_be_kept_is_not_printed_yet_and_what_prints_cannot_be_dropped() {
    let mut queue = ready();
    queue.handle(0, add(job(1)));
    assert_eq!(queue.handle(0, Input::Drop(job(1).job)), []);
    assert_eq!(orders(&queue.handle(0, Input::NotKept(job(1).job, "the disk is full".into()))), []);
    assert_eq!(queue.jobs()[0].state, State::Waiting);
    let effects = queue.handle(0, Input::Drop(job(1).job));
    assert!(matches!(&effects[..], [Effect::Forget { unprinted: true, .. }]));
}

#[test]
fn a_printer_that_never_confirms_is_known_by_its_test_page() {
    let mut queue = ready();
    let page = Job { task: Task::Test, ..job(1) };
    queue.handle(0, add(page.clone()));
    let effects = queue.handle(0, ended(&page, Outcome::Unconfirmed));
    assert_eq!(effects[0], Effect::Learn { silent: true });
    assert!(orders(&queue.handle(0, add(job(2))))[0].silent);
    queue.handle(0, ended(&job(2), Outcome::Unconfirmed));
    assert_eq!(queue.jobs(), []);
    queue.handle(0, add(job(3)));
    let effects = queue.handle(0, ended(&job(3), Outcome::Printed));
    assert_eq!(effects[0], Effect::Learn { silent: false }, "once it confirms, it is asked to");
}

#[test]
fn a_drawer_is_opened_at_once_or_never_and_nobody_is_asked_whether_it_did() {
    let drawer = Job { task: Task::Drawer, ..job(1) };
    let ends = [
        Outcome::Printed,
        Outcome::Unconfirmed,
        Outcome::CutShort("cable".into()),
        Outcome::Impossible("late".into()),
    ];
    for outcome in ends {
        let mut queue = ready();
        assert!(orders(&queue.handle(0, add(drawer.clone())))[0].kick);
        let effects = queue.handle(0, ended(&drawer, outcome.clone()));
        assert!(matches!(&effects[..], [Effect::Forget { .. }]), "{outcome:?}: {effects:?}");
        assert_eq!(queue.jobs(), []);
    }
    // The printer is off for longer than anybody stands there: what waits behind is printed, the drawer stays shut.
    let mut queue = ready();
    queue.handle(0, add(drawer.clone()));
    queue.handle(0, add(job(2)));
    queue.handle(0, ended(&drawer, Outcome::NotStarted("off".into())));
    let effects = queue.handle(DRAWER_SECONDS_MAX * 1_000, Input::Tick);
    assert!(matches!(&effects[0], Effect::Forget { unprinted: true, job } if job.task == Task::Drawer));
    assert_eq!(orders(&effects)[0].job.job, job(2).job);
    // Nor does one that a till finds when it is started again.
    let (mut queue, _) = Queue::load(vec![Job { state: State::Printing, ..drawer }], false);
    let effects = queue.handle(0, Input::PrinterSet { there: true, silent: false });
    assert!(matches!(&effects[..], [Effect::Forget { .. }]), "{effects:?}");
}

/// What a printer, a power cut or a person does next.
#[derive(Clone, Debug)]
enum Step {
    Sell,
    /// Whole on the paper, or nothing, or a part; and what the till learns of it.
    Print(Paper, Outcome),
    /// The till is killed and started again while so much is on the paper.
    Kill(Paper),
    /// A person looks at what is in doubt.
    Look,
    Wait,
    SwapPrinter,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Paper {
    Nothing,
    Part,
    Whole,
}

fn step() -> impl Strategy<Value = Step> {
    let why = || "trouble".to_owned();
    prop_oneof![
        3 => Just(Step::Sell),
        3 => Just(Step::Print(Paper::Whole, Outcome::Printed)),
        1 => Just(Step::Print(Paper::Whole, Outcome::Unconfirmed)),
        1 => Just(Step::Print(Paper::Nothing, Outcome::Unconfirmed)),
        1 => Just(Step::Print(Paper::Nothing, Outcome::NotStarted(why()))),
        1 => Just(Step::Print(Paper::Nothing, Outcome::CutShort(why()))),
        1 => Just(Step::Print(Paper::Part, Outcome::CutShort(why()))),
        1 => Just(Step::Print(Paper::Whole, Outcome::CutShort(why()))),
        1 => prop_oneof![Just(Paper::Nothing), Just(Paper::Part), Just(Paper::Whole)].prop_map(Step::Kill),
        2 => Just(Step::Look),
        2 => Just(Step::Wait),
        1 => Just(Step::SwapPrinter),
    ]
}

/// A shop: the queue, what its file holds, what lies on the counter.
struct Shop {
    queue: Queue,
    kept: BTreeMap<PrintJobId, Job>,
    order: Vec<PrintJobId>,
    issued: BTreeMap<Uuid, u32>,
    on_paper: Vec<(Uuid, u32, Paper)>,
    at_work: Option<Job>,
    now: u64,
    sold: u128,
}

impl Shop {
    fn tell(&mut self, input: Input) {
        for effect in self.queue.handle(self.now, input) {
            match effect {
                Effect::Keep(job) => {
                    self.issued.insert(job.subject, self.issued[&job.subject].max(job.copy + 1));
                    self.kept.insert(job.job, job);
                }
                Effect::Print(order) => {
                    assert!(self.at_work.is_none(), "one at a time");
                    assert_eq!(self.kept[&order.job.job].state, State::Printing, "kept before it is printed");
                    self.at_work = Some(order.job);
                }
                Effect::Forget { job, .. } => drop(self.kept.remove(&job.job)),
                Effect::Learn { .. } => panic!("nobody prints test pages here"),
            }
        }
    }

    fn paper(&mut self, paper: Paper) -> Option<Job> {
        let job = self.at_work.take()?;
        if paper != Paper::Nothing {
            self.on_paper.push((job.subject, job.copy, paper));
        }
        Some(job)
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Sell => {
                self.sold += 1;
                let new = job(self.sold);
                self.kept.insert(new.job, new.clone());
                self.order.push(new.job);
                self.issued.insert(new.subject, 1);
                self.tell(add(new));
            }
            Step::Print(paper, outcome) => {
                if let Some(job) = self.paper(paper) {
                    self.tell(Input::Ended { job: job.job, outcome, answered: false });
                }
            }
            Step::Kill(paper) => {
                self.paper(paper);
                let jobs = self.order.iter().filter_map(|id| self.kept.get(id).cloned()).collect();
                let (queue, effects) = Queue::load(jobs, false);
                self.queue = queue;
                for effect in effects {
                    let Effect::Keep(job) = effect else { panic!("{effect:?}") };
                    self.kept.insert(job.job, job);
                }
                self.tell(Input::PrinterSet { there: true, silent: false });
            }
            Step::Look => {
                let doubtful = self.queue.jobs().iter().find(|job| job.state == State::Unsure).cloned();
                let Some(job) = doubtful else { return };
                if self
                    .on_paper
                    .iter()
                    .any(|(subject, copy, _)| (*subject, *copy) == (job.subject, job.copy))
                {
                    self.tell(Input::Again(job.job, self.issued[&job.subject]));
                } else {
                    self.tell(Input::NothingCameOut(job.job));
                }
            }
            Step::Wait => {
                self.now += 700;
                self.tell(Input::Tick);
            }
            Step::SwapPrinter => self.tell(Input::PrinterSet { there: true, silent: false }),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_and_no_paper_comes_out_twice_under_the_same_mark(steps in prop::collection::vec(step(), 1..80)) {
        let mut shop = Shop {
            queue: ready(),
            kept: BTreeMap::new(),
            order: Vec::new(),
            issued: BTreeMap::new(),
            on_paper: Vec::new(),
            at_work: None,
            now: 0,
            sold: 0,
        };
        for step in steps {
            shop.take(step);
        }
        // From here on all is well, and a person looks at whatever is in doubt.
        for _ in 0..1_000 {
            for step in [Step::Look, Step::Wait, Step::Print(Paper::Whole, Outcome::Printed)] {
                shop.take(step);
            }
        }
        prop_assert_eq!(shop.queue.jobs(), []);
        prop_assert!(shop.kept.is_empty());
        for number in 1..=shop.sold {
            let subject = job(number).subject;
            let papers: Vec<_> = shop.on_paper.iter().filter(|paper| paper.0 == subject).collect();
            prop_assert!(papers.iter().any(|paper| paper.2 == Paper::Whole), "{} is lost: {:?}", number, papers);
            let mut marks: Vec<u32> = papers.iter().map(|paper| paper.1).collect();
            marks.sort_unstable();
            marks.dedup();
            prop_assert_eq!(marks.len(), papers.len(), "{:?}", papers);
        }
    }
}
