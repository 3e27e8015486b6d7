//! Head office's commits: pushes that wait share one, and the machine's acknowledgements leave after it.
//!
//! What `sync-server/src/office/writer.rs` and `OfficeLog::ingest` do around [`daybook_core::sync::server`], on a model disk. The process
//! can die before a commit and after it; what is on its disk then is all that is left.

use daybook_core::ids::RequestId;
use daybook_core::project::standing::Standing;
use daybook_core::sync::server::{Effect, Input, Push, Server};
use daybook_core::wire::ProblemCode;
use std::collections::BTreeSet;

use super::counts::Rare;
use super::faults::Fault;
use super::mutants::Mutant;
use super::network::Told;
use super::office_disk::Entering;
use super::world::{Happening, World};

/// Pushes in one commit at most, as in the shipped writer.
const GROUP_PUSHES_MAX: usize = 64;

/// A push that waits for its commit.
pub(super) struct Job {
    pub(super) to: (usize, u32),
    pub(super) request: RequestId,
    pub(super) push: Push,
    pub(super) standing: Standing,
}

/// A push of a commit with everybody else who waits for its answer.
type Waiting = (Job, Vec<(usize, u32)>);

/// How a commit ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Well,
    DiesBefore,
    Fails,
    DiesAfter,
}

impl World {
    /// A checked push waits for the next commit.
    pub(super) fn await_commit(&mut self, job: Job) {
        if self.office.waiting.is_empty() {
            let (pause, run) = (self.rng.u64(1..60), self.office.run);
            self.after(pause, Happening::OfficeCommits(run));
        }
        self.office.waiting.push(job);
    }

    /// One commit for all pushes that wait.
    pub(super) fn office_commits(&mut self, run: u32) {
        if run != self.office.run {
            return;
        }
        if self.office.server.is_none() {
            return;
        }
        let group = self.take_group();
        self.look_into_past(&group);
        let Some(mut server) = self.office.server.take() else { return };
        let end = self.end_of_commit();
        let saved = matches!(end, End::DiesBefore | End::Fails).then(|| self.office.disk.clone());
        let (mut answers, scopes) = self.take_in(&mut server, &group);
        if self.mutant == Some(Mutant::AckBeforeCommit) {
            answers.extend(server.handle(self.wall(), Input::Committed));
            self.answer(&group, std::mem::take(&mut answers));
        }
        if let Some(saved) = saved {
            self.office.disk = saved;
            answers.clear();
        }
        match end {
            End::DiesBefore | End::DiesAfter => {
                for (job, _) in &group {
                    self.hang_up(job.to, job.request);
                }
                if end == End::DiesAfter {
                    self.note_stored(&group);
                }
                return self.office_dies();
            }
            End::Fails => answers.extend(server.handle(self.wall(), Input::RolledBack)),
            End::Well => {
                self.note_stored(&group);
                answers.extend(server.handle(self.wall(), Input::Committed));
            }
        }
        self.office.server = Some(server);
        self.answer(&group, answers);
        if end == End::Well {
            self.anchor_follows();
            for scope in scopes {
                self.hint(&scope);
            }
        }
        if !self.office.waiting.is_empty() {
            self.after(1, Happening::OfficeCommits(run));
        }
    }

    /// Begins a new epoch where somebody hands back events of the origin that head office writes as, which it does not know.
    fn look_into_past(&mut self, group: &[Waiting]) {
        for (job, _) in group {
            let (own, last) = (self.office.identity.origin, job.push.events.last().map(|(tip, _)| *tip));
            let is_proof = |tip| !self.office.disk.chains.knows(own, tip);
            if job.push.origin == own
                && last.is_some_and(is_proof)
                && self.mutant != Some(Mutant::EpochIgnored)
            {
                self.reached(Rare::ProvedLater);
                let before = self.office.epoch.clone();
                self.open_epoch(Some(before));
            }
        }
    }

    /// The pushes of the next commit. Another push under the same id waits for the one after it.
    fn take_group(&mut self) -> Vec<Waiting> {
        let mut group: Vec<Waiting> = Vec::new();
        while let Some(next) = self.office.waiting.first() {
            let same = group.iter().position(|(job, _)| job.request == next.request);
            if group.len() == GROUP_PUSHES_MAX || same.is_some_and(|at| group[at].0.push != next.push) {
                break;
            }
            let job = self.office.waiting.remove(0);
            match same {
                Some(at) => {
                    group[at].1.push(job.to);
                    self.reached(Rare::TwinsInCommit);
                }
                None => group.push((job, Vec::new())),
            }
        }
        if group.len() > 1 {
            self.reached(Rare::GroupCommit);
        }
        group
    }

    fn end_of_commit(&mut self) -> End {
        let ends = [
            (Fault::OfficeCrashBefore, End::DiesBefore),
            (Fault::OfficeCommitFails, End::Fails),
            (Fault::OfficeCrashAfter, End::DiesAfter),
        ];
        ends.into_iter()
            .find(|(fault, _)| self.strikes(*fault))
            .map_or(End::Well, |(_, end)| end)
    }

    /// Drives the machine through the transaction.
    fn take_in(&mut self, server: &mut Server, group: &[Waiting]) -> (Vec<Effect>, BTreeSet<String>) {
        let (mut answers, mut scopes) = (Vec::new(), BTreeSet::new());
        for (job, _) in group {
            let ignores_held = self.mutant == Some(Mutant::HeldEntersFeed);
            let standing = Some(job.standing);
            let entering = |held, expected| Entering { standing, held, expected, ignores_held };
            let stored = self.office.disk.chains.events.len();
            for effect in server.handle(self.wall(), Input::Push(job.request, job.push.clone())) {
                let Effect::LookUp(request, push) = effect else { continue };
                let known = self.office.disk.look_up(&push, self.mutant);
                if known.events == push.events.len() && known.without_content.is_empty() {
                    self.reached(Rare::PushedAgain);
                } else if known.events > 0 {
                    self.reached(Rare::PartlyKnown);
                }
                for effect in server.handle(self.wall(), Input::LookedUp(request, known)) {
                    let disk = &mut self.office.disk;
                    let let_in = disk.apart.let_in;
                    let mut keeps_apart = false;
                    match effect {
                        Effect::Append { origin, after, events, branches, held, expected, .. } => {
                            scopes.extend(disk.append(
                                origin,
                                after,
                                events,
                                branches,
                                entering(held, expected),
                            ));
                            keeps_apart = held;
                            if branches {
                                self.reached(Rare::Forked);
                            }
                        }
                        Effect::Fill { origin, events, held, expected } => {
                            scopes.extend(disk.fill(origin, events, entering(held, expected)));
                            keeps_apart = held;
                            self.reached(Rare::LinkFilled);
                        }
                        answer => answers.push(answer),
                    }
                    if keeps_apart {
                        self.reached(Rare::Held);
                    }
                    self.note_let_in(let_in);
                }
            }
            self.who_is_closed_is_held(job.push.origin, stored);
        }
        (answers, scopes)
    }

    fn note_stored(&mut self, group: &[Waiting]) {
        for (job, _) in group {
            if let Some((tip, _)) = job.push.events.last() {
                self.mix_tip(*tip);
            }
        }
    }

    fn answer(&mut self, group: &[Waiting], answers: Vec<Effect>) {
        for answer in answers {
            let (request, told) = match answer {
                Effect::Acknowledge(request, answer) => (request, Told::Pushed(answer)),
                Effect::UnknownPrevious(request, tips) => {
                    self.reached(Rare::Rewound);
                    (request, Told::Problem(ProblemCode::UnknownPrevious, tips, 0))
                }
                Effect::Failed(request) => (request, Told::Problem(ProblemCode::Failed, Vec::new(), 0)),
                Effect::HeldFull(request) => {
                    self.reached(Rare::HeldFull);
                    (request, Told::Problem(ProblemCode::Forbidden, Vec::new(), 0))
                }
                Effect::TooManyBranches(request) => {
                    (request, Told::Problem(ProblemCode::Forbidden, Vec::new(), 0))
                }
                Effect::LookUp(..) | Effect::Append { .. } | Effect::Fill { .. } => continue,
            };
            let Some((job, twins)) = group.iter().find(|(job, _)| job.request == request) else { continue };
            for to in twins.iter().copied().chain([job.to]) {
                self.reply(to, request, told.clone());
            }
        }
    }
}
