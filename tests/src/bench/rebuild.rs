//! The row of rebuilding: every read model of head office from a million events, beside a library that folds the same events.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use daybook_store::views::{BATCH_EVENTS, Side, Views, read};
use daybook_store::{Durability, Reader, events};
use serde_json::Value;

use super::ground::Ground;
use super::measure::{Rounds, count, median, micros};
use super::peers::Eventsourcing;
use super::row::{Bound, Row, short};

/// Rounds of what is told beside the ratio.
const ROUNDS: usize = 3;

/// P6: building all read models anew.
pub fn read_models(
    ground: &Ground,
    cache: Option<&Path>,
    tell: &mut dyn FnMut(&str),
) -> anyhow::Result<Vec<Row>> {
    let row = Row::new(
        "P6",
        format!("rebuild all read models of head office from {} events", ground.sizes.events),
        format!("{}, folding the same events into sums in memory", Eventsourcing::name()),
        (Bound::AtLeast(1.0), Bound::AtLeast(2.0)),
    );
    let office = ground.office_with_past(ground.sizes.events, tell)?;
    let log = Reader::open(office.join("log.db"))?;
    let events = usize::try_from(events::last_position(&log)?)?;
    let peer = match cache.map(Eventsourcing::installed) {
        None => return Ok(vec![row.left_out("a quick look installs no peers")]),
        Some(Err(why)) => {
            return Ok(vec![row.left_out(format!("{} cannot be installed: {why:#}", Eventsourcing::name()))]);
        }
        Some(Ok(peer)) => peer,
    };
    let kept = kept_by_peer(&peer, &office, &log)?;
    let folder = ground.folder("rebuild")?;
    let mut sums = (0, 0);
    let rounds = Rounds::take(
        ground.sizes.rounds,
        || {
            let (rate, found) = rebuilt(&log, &folder, events)?;
            sums = found;
            Ok(rate)
        },
        || {
            let count = events.to_string();
            let said = peer.say(&["fold".as_ref(), kept.as_os_str(), count.as_ref()])?;
            let said: Value = serde_json::from_str(&said)?;
            ensure!(said["events"] == events, "the peer folded other events: {said}");
            ensure!(
                said["documents"].as_i64().is_some_and(|documents| documents > 0),
                "nothing was sold: {said}"
            );
            Ok(count_of(&said)? / said["seconds"].as_f64().context("no time")?)
        },
    )?;
    let grown = growth(ground, &folder, tell)?;
    let parsed =
        median(&(0..ROUNDS).map(|_| read_and_parsed(&log, events)).collect::<anyhow::Result<Vec<_>>>()?);
    let ours = median(&rounds.ours);
    Ok(vec![row.measured("events/s", &rounds).noting(format!(
        "{} documents of {} minor units on both sides; reading and parsing the same rows: {} events/s, of which rebuilding is {}; {grown}; \
         not flushed while it is built, as in the product: the new file is flushed once, within the time, before it takes the old one's place",
        sums.0,
        sums.1,
        short(parsed),
        short(ours / parsed)
    ))])
}

fn count_of(said: &Value) -> anyhow::Result<f64> {
    said["events"].as_f64().context("no number of events")
}

/// Builds read models from a whole log and puts them in place; events a second, and how many documents of what total they hold.
fn rebuilt(log: &Reader, folder: &Path, events: usize) -> anyhow::Result<(f64, (i64, i64))> {
    let place = tempfile::tempdir_in(folder)?;
    let mut views = Views::open(place.path(), "views.db", Side::Office, Durability::Full)?;
    let (time, ()) = micros(|| Ok(views.renew(log)?))?;
    ensure!(views.position() == i64::try_from(events)?, "only {} events were projected", views.position());
    let sums = "SELECT count(*), coalesce(sum(total_minor), 0) FROM documents";
    let sums = views.connection().query_row(sums, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok((count(events) / time * 1e6, sums))
}

/// How the rate changes as the number of events does.
fn growth(ground: &Ground, folder: &Path, tell: &mut dyn FnMut(&str)) -> anyhow::Result<String> {
    let mut rates = Vec::new();
    for part in [ground.sizes.events / 4, ground.sizes.events / 2, ground.sizes.events] {
        let log = Reader::open(ground.office_with_past(part, tell)?.join("log.db"))?;
        let events = usize::try_from(events::last_position(&log)?)?;
        rates.push(format!("{events}: {}", short(rebuilt(&log, folder, events)?.0)));
    }
    Ok(format!("growth in events/s: {}", rates.join(", ")))
}

/// Reads and parses events, and does nothing with them; events a second.
fn read_and_parsed(log: &Reader, events: usize) -> anyhow::Result<f64> {
    let (time, readable) = micros(|| {
        let (mut position, mut readable) = (0, 0);
        while readable < events {
            let found = events::after_position(log, position, BATCH_EVENTS)?;
            let Some(last) = found.last() else { break };
            position = last.position;
            readable += found.iter().map(read).filter(|(_, input)| input.content.is_ok()).count();
        }
        Ok(readable)
    })?;
    ensure!(readable > 0, "no event can be read");
    Ok(count(readable) / time * 1e6)
}

/// The same events in the peer's own database, kept once beside the log.
fn kept_by_peer(peer: &Eventsourcing, office: &Path, log: &Reader) -> anyhow::Result<PathBuf> {
    let kept = office.join("eventsourcing.db");
    if !kept.exists() {
        let (lines, unfinished) = (office.join("events.ndjson"), office.join("eventsourcing.unfinished"));
        let mut file = std::io::BufWriter::new(std::fs::File::create(&lines)?);
        let mut position = 0;
        loop {
            let found = events::after_position(log, position, BATCH_EVENTS)?;
            let Some(last) = found.last() else { break };
            position = last.position;
            let mut text = String::new();
            for event in &found {
                event.text.write_line(&mut text);
                text.push('\n');
            }
            file.write_all(text.as_bytes())?;
        }
        file.flush()?;
        drop(file);
        let _nothing_there = std::fs::remove_file(&unfinished);
        peer.say(&["store".as_ref(), lines.as_os_str(), unfinished.as_os_str()])?;
        std::fs::rename(&unfinished, &kept)?;
        std::fs::remove_file(&lines)?;
    }
    Ok(kept)
}
