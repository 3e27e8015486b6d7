//! The row of starting: from nothing to a window that can scan, in a process of its own, with what it takes of memory.

use std::io::BufRead as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail, ensure};
use daybook_till::door::types::Request;
use serde_json::{Value, json};

use super::counter::door;
use super::ground::{Ground, Place};
use super::measure::{Rounds, micros};
use super::row::{Bound, Row};

/// The most memory that a till's own process may take, in kibibytes.
const RESIDENT_KIB_MAX: u64 = 200 * 1_024;
/// Products that the window shows first.
const FIRST_PAGE: u32 = 60;

/// P12: a start with a long past, beside one with none.
pub fn start_to_ready(
    ground: &Ground,
    program: &Path,
    tell: &mut dyn FnMut(&str),
) -> anyhow::Result<Vec<Row>> {
    let row = Row::new(
        "P12",
        format!(
            "till: start to ready to scan, {} and {} past sales",
            ground.catalogue.source, ground.sizes.sales
        ),
        "the same without a past",
        (Bound::AtMost(1.3), Bound::AtMost(1.05)),
    );
    let (with, without) = (ground.with_past(tell)?, ground.without_past("start", tell)?);
    let mut resident = (0, 0);
    let rounds = Rounds::take(
        ground.sizes.rounds,
        || started(program, &with, &mut resident.0),
        || started(program, &without, &mut resident.1),
    )?;
    let (mine, other) = resident;
    Ok(vec![row.durable().measured("µs", &rounds).and(
        mine <= RESIDENT_KIB_MAX,
        format!(
            "a process from its start to the status, people, cart and first page of products in the window's words, files in the page \
             cache, every commit flushed; most memory {} MiB, without a past {} MiB (must ≤ {} MiB)",
            mine / 1_024,
            other / 1_024,
            RESIDENT_KIB_MAX / 1_024
        ),
    )])
}

/// Starts a till's process; how long it took to be ready, in microseconds.
fn started(program: &Path, place: &Place, resident: &mut u64) -> anyhow::Result<f64> {
    let (time, ready) = micros(|| {
        let mut child = Command::new(program)
            .arg("start-child")
            .arg(&place.data)
            .arg(&place.journal)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("the till's process does not start")?;
        let mut line = String::new();
        let out = child.stdout.take().context("the till's process says nothing")?;
        std::io::BufReader::new(out).read_line(&mut line)?;
        Ok((child, line))
    })?;
    let (mut child, line) = ready;
    drop(child.stdin.take());
    ensure!(child.wait()?.success(), "the till's process failed");
    let said: Value = serde_json::from_str(&line).context("the till's process was never ready")?;
    let kib = said["resident_kib"]
        .as_u64()
        .context("the till's process knows nothing of its memory")?;
    *resident = (*resident).max(kib);
    Ok(time)
}

/// The till's process: says one line when it is ready, and ends when nobody listens any more.
#[allow(clippy::print_stdout, reason = "its line is what it is for")]
pub fn child(place: &Place) -> anyhow::Result<()> {
    let door = door(place, true)?;
    let first = Request::Products { department: None, offset: 0, limit: FIRST_PAGE };
    let mut products = Value::Null;
    for request in [Request::Status, Request::People, Request::Cart, Request::Departments, first] {
        match door.answer(request) {
            Ok(answer) => products = answer,
            Err(fault) => bail!("the till refused: {}", serde_json::to_string(&fault)?),
        }
    }
    ensure!(products["total"].as_i64().is_some_and(|total| total > 0), "the till shows no products");
    println!("{}", json!({ "ready": true, "resident_kib": resident_kib()? }));
    std::io::stdin().lock().read_line(&mut String::new())?;
    Ok(())
}

/// The most memory that this process ever had resident, in kibibytes.
fn resident_kib() -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status").context("memory is told on Linux only")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()).context("no figure of memory")?;
    Ok(kib.parse()?)
}
