//! The same sweep on a till that is a process of its own, whose system calls fail or kill it: nothing of the file layer is ours there.
//!
//! `strace` does the failing. Where it is missing, or may not trace, nothing is tried, and whoever asked is told how much was left out.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};

use super::crash::scratch;
use super::kiosk::{Deed, Kiosk, Place};
use super::sweep::{Swept, Template, Told};

/// The system calls that change a file of SQLite's. Opening, reading and mapping change nothing.
const CALLS: [&str; 4] = ["pwrite64", "fdatasync,fsync", "ftruncate", "unlink"];
/// How a call fails: not done with an error, or the last that the process does.
pub const FAULTS: [&str; 3] = ["error=EIO", "error=ENOSPC", "signal=KILL"];

/// Whether a process may be traced here; where not, why.
pub fn may_trace() -> Result<(), String> {
    let tried = Command::new("strace").args(["-f", "-o", "/dev/null", "true"]).output();
    match tried {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        Err(error) => Err(format!("strace: {error}")),
    }
}

/// What the child does: opens the kiosk, sells to one customer, and says after each deed what it was told.
pub fn sell_and_tell(home: &Path, seed: u64) -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    let mut kiosk = Kiosk::open(&Place::in_directory(home), seed, true)?;
    for deed in kiosk.next_deeds() {
        writeln!(out, "{:?}", Told::of(&kiosk.act(&deed)))?;
        out.flush()?;
    }
    Ok(())
}

/// Every `every`th position of each call, in each way. `child` is the program that does [`sell_and_tell`] when it is given a home and a seed.
pub fn sweep(template: &Template, child: &[&str], every: usize) -> anyhow::Result<Swept> {
    let mut swept = Swept::default();
    for calls in CALLS {
        let positions = count(template, child, calls)?;
        swept.positions += positions;
        for position in (1..=positions).step_by(every) {
            for fault in FAULTS {
                let inject = format!("inject={calls}:{fault}:when={position}");
                one(template, child, calls, &inject, fault, &mut swept).with_context(|| inject.clone())?;
            }
        }
    }
    Ok(swept)
}

/// Starts the child with no standard stream open, so that its own files could be taken for them, and looks at what it left.
pub fn without_streams(template: &Template, child: &[&str]) -> anyhow::Result<()> {
    let home = scratch()?;
    let place = template.copy(home.path())?;
    let mut shell = Command::new("sh");
    shell.args(["-c", "exec \"$@\" 0<&- 1>&- 2>&-", "sh"]).args(child).arg(home.path());
    let ended = shell.arg(template.next_seed().to_string()).status()?;
    ensure!(ended.success(), "it sells without them: {ended}");
    let told: Vec<(Deed, Told)> = template.next_deeds()?.into_iter().map(|deed| (deed, Told::Done)).collect();
    template.start_again(&place, &told, &mut Swept::default())
}

/// How often a checkout makes these calls.
fn count(template: &Template, child: &[&str], calls: &str) -> anyhow::Result<usize> {
    let home = scratch()?;
    template.copy(home.path())?;
    let list = home.path().join("calls");
    let trace = format!("trace={calls}");
    let ended =
        traced(child, home.path(), template, &["-o", &list.to_string_lossy(), "-e", &trace]).status()?;
    ensure!(ended.success(), "a till sells while it is traced");
    let calls: Vec<&str> = calls.split(',').collect();
    let list = std::fs::read_to_string(list)?;
    Ok(list
        .lines()
        .filter(|line| calls.iter().any(|call| line.contains(&format!(" {call}("))))
        .count())
}

fn traced(child: &[&str], home: &Path, template: &Template, options: &[&str]) -> Command {
    let mut command = Command::new("strace");
    command
        .arg("-f")
        .args(options)
        .args(child)
        .arg(home)
        .arg(template.next_seed().to_string());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

fn one(
    template: &Template,
    child: &[&str],
    calls: &str,
    inject: &str,
    fault: &str,
    swept: &mut Swept,
) -> anyhow::Result<()> {
    let home = scratch()?;
    let place = template.copy(home.path())?;
    let trace = format!("trace={calls}");
    let mut running =
        traced(child, home.path(), template, &["-o", "/dev/null", "-e", &trace, "-e", inject]).spawn()?;
    let lines = BufReader::new(running.stdout.take().context("what it says")?).lines();
    let said: Vec<String> = lines.collect::<Result<_, _>>()?;
    let ended = running.wait()?;
    swept.runs += 1;
    if said.is_empty() && !ended.success() && fault != "signal=KILL" {
        swept.unopened += 1;
    }
    let told: Vec<(Deed, Told)> = template
        .next_deeds()?
        .into_iter()
        .enumerate()
        .map(|(index, deed)| (deed, said.get(index).map_or(Told::Unknown, |word| Told::from_word(word))))
        .collect();
    swept.stopped += usize::from(told.iter().any(|(_, told)| *told == Told::Stopped));
    template.start_again(&place, &told, swept)
}
