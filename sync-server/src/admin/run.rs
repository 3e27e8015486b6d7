//! What each command does. Reading ones open the files query-only; writing ones go to the running server, or do it themselves.

use std::io::{self, Read as _, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use tokio::net::TcpListener;

use daybook_core::identity::pin::PinCost;
use daybook_core::limits::ADMIN_BODY_BYTES_MAX;
use daybook_core::secret::Secret;

use super::client::ask;
use super::command_line::{
    Admit, Command, CommandLine, Conflicts, ConflictsCommand, Init, Report, Revoke, Serve,
};
use super::import::{Imported, Pushes, note};
use super::settings::TlsSaid;
use super::{
    AnswerRequest, Deed, EnrolCodeAnswer, EnrolCodeRequest, NewPinAnswer, NewPinRequest, perform, settings,
    words,
};
use crate::http::Limits;
use crate::office::{
    self, AdmitRequest, AdmittedAnswer, NewOrganisation, Published, ReportQuestion, RevokeRequest, Revoked,
    Settings, SystemClock, SystemRandomness,
};
use crate::running::{StartError, bind, open, start_on};

/// Ports after the default one that are tried when it is taken.
const PORTS_TRIED: u16 = 20;

/// Does what was asked, and says so on `out`.
pub fn run(line: CommandLine, file: &settings::File, out: &mut dyn Write) -> anyhow::Result<()> {
    let data = line.data.as_path();
    match line.command {
        Command::Init(options) => init(data, options, out),
        Command::Serve(options) => on_a_runtime(serve(data, options, file, out)),
        Command::Stop => on_a_runtime(stop(data, out)),
        Command::EnrolCode(options) => {
            let asked = EnrolCodeRequest { store: options.store, till: options.till };
            on_a_runtime(enrol_code(data, file, asked, out))
        }
        Command::Report(options) => report(data, &options, out),
        Command::Conflicts(Conflicts { answer: Some(answer), .. }) => {
            let ConflictsCommand::Answer { conflict, option } = answer;
            on_a_runtime(answer_conflict(data, file, AnswerRequest { conflict, option }, out))
        }
        Command::Conflicts(Conflicts { answer: None, store, all, json }) => {
            let records = office::read_conflicts(data, store, all)?;
            if json {
                return print_json(&records, out);
            }
            out.write_all(words::conflicts(&records, all).as_bytes())?;
            Ok(out.write_all(words::held(&office::read_held(data, store)?).as_bytes())?)
        }
        Command::Revoke(Revoke { till, store, reason }) => {
            let store = store.map(|store| store.to_string());
            on_a_runtime(revoke(data, file, RevokeRequest { till, store, reason }, out))
        }
        Command::Admit(Admit { till, store, to }) => {
            let store = store.map(|store| store.to_string());
            on_a_runtime(admit(data, file, AdmitRequest { till, store, to }, out))
        }
        Command::Rebuild => rebuild(data, out),
        Command::Publish(options) => on_a_runtime(publish(data, file, &options.file, out)),
        Command::Import(options) => on_a_runtime(import(data, file, &options.file, out)),
        Command::Backup(options) => {
            let checked = office::backup(&office_settings(data, true), &options.to)?;
            Ok(writeln!(
                out,
                "Backed up to {}, and looked through: {}.",
                options.to.display(),
                checked.words()
            )?)
        }
        Command::Verify(options) => {
            let checked = match &options.backup {
                None => office::verify(data)?,
                Some(backup) => office::verify_backup(backup, data)?,
            };
            // Bytes that are whole and vouched for by nobody are no answer to whoever asks by the exit code.
            anyhow::ensure!(checked.seals.broken == 0, "not all is vouched for: {}", checked.words());
            Ok(writeln!(out, "All is whole: {}.", checked.words())?)
        }
        Command::Restore(options) => {
            let checked = office::restore(&options.from, data)?;
            writeln!(out, "Restored to {}: {}.", data.display(), checked.words())?;
            writeln!(out, "Publish people again; everything else comes back by itself.")?;
            Ok(writeln!(out, "Next: daybook-server serve{}", with_data(data))?)
        }
        Command::NewPin(options) => {
            on_a_runtime(new_pin(data, file, NewPinRequest { number: options.number }, out))
        }
    }
}

fn on_a_runtime(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.context("the system gives no threads to work with")?.block_on(work)
}

fn office_settings(data: &Path, durable: bool) -> Settings {
    Settings {
        data: data.to_owned(),
        durable,
        clock: Arc::new(SystemClock),
        randomness: Arc::new(SystemRandomness),
        pin_cost: PinCost::STANDARD,
    }
}

fn init(data: &Path, options: Init, out: &mut dyn Write) -> anyhow::Result<()> {
    let Init { kit, name, currency, time_zone, prices_exclusive, cut_over } = options;
    if let Some(kit) = kit {
        return init_from_kit(data, &kit, out);
    }
    let (name, currency, time_zone) =
        (name.unwrap_or_default(), currency.unwrap_or_default(), time_zone.unwrap_or_default());
    let new = NewOrganisation {
        name: name.clone(),
        currency,
        time_zone,
        prices_inclusive: !prices_exclusive,
        cut_over_minutes: cut_over,
    };
    let made = office::init(&office_settings(data, true), &new)?;
    writeln!(out, "Made the organisation “{name}” in {}.", data.display())?;
    writeln!(out, "Its identity kit is {}.", made.identity_kit.display())?;
    writeln!(out, "Keep a copy of that file away from this machine, where nobody else reads it.")?;
    writeln!(out, "Next: daybook-server serve{}", with_data(data))?;
    Ok(())
}

fn init_from_kit(data: &Path, kit: &Path, out: &mut dyn Write) -> anyhow::Result<()> {
    office::init_from_kit(&office_settings(data, true), kit)?;
    writeln!(out, "Made the head office of that kit anew in {}.", data.display())?;
    writeln!(
        out,
        "Tills bring back by themselves, as soon as they reach it at its address: every sale and shift, products,"
    )?;
    writeln!(out, "prices, taxes, settings, and who works in which role.")?;
    writeln!(
        out,
        "No till can bring back names and PINs: publish your people again, all of them, with a PIN each. Until then"
    )?;
    writeln!(out, "tills go on with the people that they know.")?;
    writeln!(out, "Next: daybook-server serve{}", with_data(data))?;
    Ok(())
}

/// The option that names this data folder in a next command, where it is not the default.
fn with_data(data: &Path) -> String {
    let is_default = data == Path::new(".daybook/head-office");
    if is_default {
        String::new()
    } else {
        format!(" --data \"{}\"", data.display())
    }
}

async fn serve(
    data: &Path,
    options: Serve,
    file: &settings::File,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let durable = options.durable.or(file.durable).unwrap_or(true);
    let listen = options.listen.or(file.listen);
    let flags = TlsSaid { word: options.tls, certificate: options.certificate, key: options.key };
    let of_file = TlsSaid { word: file.tls, certificate: file.certificate.clone(), key: file.key.clone() };
    let tls = settings::tls(flags, of_file, listen.unwrap_or(settings::LISTEN))?;
    let office = open(office_settings(data, durable)).await?;
    let bound = match listen {
        Some(chosen) => bind(chosen).await,
        None => bind_near(settings::LISTEN).await,
    };
    let listener = match bound {
        Ok(listener) => listener,
        Err(error) => {
            office.close().await;
            return Err(error.into());
        }
    };
    let running = start_on(office, data, listener, tls, Limits::default()).await?;
    let address = running.address;
    if listen.is_none() && address != settings::LISTEN {
        writeln!(
            out,
            "Port {} is taken by another program; using {}.",
            settings::LISTEN.port(),
            address.port()
        )?;
    }
    writeln!(out, "Daybook head office is ready on {}", running.url())?;
    if !running.hidden && !address.ip().is_loopback() {
        writeln!(
            out,
            "IN THE CLEAR: whoever is on the way can read what tills and head office say. See --tls."
        )?;
        tracing::warn!(%address, "head office speaks in the clear beyond its own machine");
    }
    out.flush()?;
    let broken = tokio::select! {
        signal = told_to_stop() => signal.map(|()| None)?,
        () = running.asked_to_stop() => None,
        thread = running.broken() => Some(thread),
    };
    tracing::info!("stopping: running requests may end");
    tokio::select! {
        drained = running.stop() => if !drained { bail!("some requests were cut off; their tills will repeat them") },
        again = told_to_stop() => { again?; bail!("stopped without waiting") }
    }
    if let Some(thread) = broken {
        bail!(
            "head office broke down: its {thread} met a fault in the program. What it acknowledged is kept: start it again"
        );
    }
    writeln!(out, "Daybook head office has stopped.")?;
    Ok(())
}

/// Listens on this address, or on the next free port after it.
async fn bind_near(address: SocketAddr) -> Result<TcpListener, StartError> {
    for port in address.port()..=address.port().saturating_add(PORTS_TRIED) {
        if let Ok(listener) = bind(SocketAddr::new(address.ip(), port)).await {
            return Ok(listener);
        }
    }
    bind(address).await
}

#[cfg(unix)]
async fn told_to_stop() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupted, mut terminated) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        _ = interrupted.recv() => {}
        _ = terminated.recv() => {}
    }
    Ok(())
}

#[cfg(not(unix))]
async fn told_to_stop() -> io::Result<()> {
    tokio::signal::ctrl_c().await
}

async fn stop(data: &Path, out: &mut dyn Write) -> anyhow::Result<()> {
    match ask(data, &Deed::Stop).await? {
        Some(_) => writeln!(out, "Head office stops as soon as its running requests have ended.")?,
        None => writeln!(out, "No head office runs on {}.", data.display())?,
    }
    Ok(())
}

async fn enrol_code(
    data: &Path,
    file: &settings::File,
    asked: EnrolCodeRequest,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let EnrolCodeRequest { store, till } = asked.clone();
    let EnrolCodeAnswer { code } = done(data, file, Deed::EnrolCode(asked)).await?;
    writeln!(out, "{code}")?;
    writeln!(out, "Type this code at “{till}” of “{store}” within ten minutes. It works once.")?;
    Ok(())
}

async fn answer_conflict(
    data: &Path,
    file: &settings::File,
    asked: AnswerRequest,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let AnswerRequest { conflict, option } = asked.clone();
    let _empty: serde_json::Value = done(data, file, Deed::Answer(asked)).await?;
    writeln!(out, "Answered {conflict} with {option}.")?;
    Ok(())
}

async fn revoke(
    data: &Path,
    file: &settings::File,
    asked: RevokeRequest,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let till = asked.till.clone();
    let Revoked { closed, before } = done(data, file, Deed::Revoke(asked)).await?;
    match closed.len() {
        0 => writeln!(out, "The access of “{till}” had ended before ({before} of its origins were closed).")?,
        _ => writeln!(out, "The access of “{till}” has ended: {}.", closed.join(", "))?,
    }
    writeln!(
        out,
        "What it still sends is kept apart until somebody lets it in: daybook-server admit \"{till}\""
    )?;
    Ok(())
}

async fn admit(
    data: &Path,
    file: &settings::File,
    asked: AdmitRequest,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let (till, partly) = (asked.till.clone(), asked.to.is_some());
    let AdmittedAnswer { events, waiting, .. } = done(data, file, Deed::Admit(asked)).await?;
    let counted = match events {
        0 => "Nothing waited".to_owned(),
        1 => "1 event that waited counts now".to_owned(),
        events => format!("{events} events that waited count now"),
    };
    match (partly, waiting) {
        (true, waiting) => writeln!(out, "{counted}; {waiting} still wait, and “{till}” stays out.")?,
        (false, 0) => writeln!(out, "{counted}; “{till}” is let in again.")?,
        (false, waiting) => {
            writeln!(out, "{counted}; “{till}” is let in again, {waiting} events still wait.")?
        }
    }
    Ok(())
}

async fn publish(data: &Path, file: &settings::File, from: &Path, out: &mut dyn Write) -> anyhow::Result<()> {
    let text = read_text(from).with_context(|| format!("{} cannot be read", from.display()))?;
    let publications: Box<RawValue> =
        serde_json::from_str(&text).with_context(|| format!("{} is no JSON", from.display()))?;
    let Published { events, people } = done(data, file, Deed::Publish(Secret::new(publications))).await?;
    write!(out, "Published: {events} {}", if events == 1 { "event" } else { "events" })?;
    match people {
        0 => writeln!(out, ".")?,
        1 => writeln!(out, "; 1 person changed.")?,
        people => writeln!(out, "; {people} people changed.")?,
    }
    Ok(())
}

async fn new_pin(
    data: &Path,
    file: &settings::File,
    asked: NewPinRequest,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let number = asked.number.clone();
    let NewPinAnswer { pin } = done(data, file, Deed::NewPin(asked)).await?;
    writeln!(out, "{}", pin.reveal())?;
    writeln!(
        out,
        "This is the PIN of staff number {number} from now on. It is shown once and kept nowhere."
    )?;
    writeln!(out, "Tills learn it as soon as they reach head office; until then the old one works there.")?;
    Ok(())
}

async fn import(data: &Path, file: &settings::File, from: &Path, out: &mut dyn Write) -> anyhow::Result<()> {
    let organisation = office::Identity::read(data)?.organisation;
    let opened = std::fs::File::open(from).with_context(|| format!("{} cannot be read", from.display()))?;
    let mut pushes = Pushes::of(io::BufReader::new(opened), organisation)?;
    let mut imported = Imported::new();
    while let Some(push) = pushes.read()? {
        let answer: serde_json::Value = done(data, file, Deed::TakeIn(push)).await.with_context(|| {
            format!("push {} of the file was not taken in; those before it were", pushes.number())
        })?;
        note(&mut imported, &answer);
    }
    for (origin, seq) in &imported {
        writeln!(out, "Head office has {origin} up to event {seq}.")?;
    }
    match pushes.number() {
        0 => bail!("the file holds nothing"),
        pushes => writeln!(out, "Taken in: {pushes} {}.", if pushes == 1 { "push" } else { "pushes" })?,
    }
    Ok(())
}

fn read_text(from: &Path) -> io::Result<String> {
    let mut text = String::new();
    let beyond = ADMIN_BODY_BYTES_MAX as u64 + 1;
    if from == Path::new("-") {
        io::stdin().take(beyond).read_to_string(&mut text)?;
    } else {
        std::fs::File::open(from)?.take(beyond).read_to_string(&mut text)?;
    }
    if text.len() > ADMIN_BODY_BYTES_MAX {
        return Err(io::Error::other(format!(
            "it is larger than {ADMIN_BODY_BYTES_MAX} bytes; publish it in parts"
        )));
    }
    Ok(text)
}

/// Has the running server do it, or does it here where none runs.
async fn done<T: DeserializeOwned>(data: &Path, file: &settings::File, deed: Deed) -> anyhow::Result<T> {
    let value = match ask(data, &deed).await? {
        Some(value) => value,
        None => {
            let office = open(office_settings(data, file.durable.unwrap_or(true))).await?;
            let performed = perform(&office, deed).await;
            office.close().await;
            performed.map_err(|fault| anyhow::anyhow!("{}", fault.detail().unwrap_or(fault.message())))?
        }
    };
    serde_json::from_value(value).context("the server answered something else; is it of another version?")
}

fn report(data: &Path, options: &Report, out: &mut dyn Write) -> anyhow::Result<()> {
    let Report { store, from, to, json } = *options;
    let report = office::read_report(data, ReportQuestion { store, from, to })?;
    if json {
        return print_json(&report, out);
    }
    let words = report.words();
    writeln!(out, "{}", words.trim_end())?;
    Ok(())
}

fn rebuild(data: &Path, out: &mut dyn Write) -> anyhow::Result<()> {
    let rebuilt = office::rebuild(data)?;
    writeln!(out, "{}", rebuilt.words().trim_end())?;
    if !rebuilt.equal() {
        bail!("the read models came out different from those that were there; the new ones are in use");
    }
    Ok(())
}

fn print_json(value: &impl serde::Serialize, out: &mut dyn Write) -> anyhow::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    Ok(writeln!(out)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_taken_port_is_passed_by() {
        let taken = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let address = taken.local_addr().unwrap();
        let near = bind_near(address).await.unwrap().local_addr().unwrap();
        assert!(near.port() > address.port() && near.ip() == address.ip(), "{near}");
    }
}
