//! The words of `daybook-server`: its commands, their options, and help that teaches with an example each.

use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use daybook_core::amount::Currency;
use daybook_core::ids::StoreId;
use daybook_core::time::{Day, Zone};

use super::run;
use super::settings::{self, LogFormat, TlsWord};
use crate::office::CloseReason;

/// Head office of a Daybook organisation: takes in the logs of all tills, merges them, and says where they disagree.
#[derive(Debug, Parser)]
#[command(name = "daybook-server", version, after_help = FIRST_STEPS)]
pub struct CommandLine {
    /// The folder that holds everything of head office
    #[arg(
        long,
        global = true,
        env = "DAYBOOK_DATA",
        default_value = ".daybook/head-office",
        value_name = "FOLDER"
    )]
    pub data: PathBuf,
    /// What to log on standard error: error, warn, info, debug or trace [default: info for serve, else warn]
    #[arg(long, global = true, env = "DAYBOOK_LOG", value_name = "LEVEL")]
    pub log: Option<String>,
    /// How to log it [default: text]
    #[arg(long, global = true, env = "DAYBOOK_LOG_FORMAT", value_name = "FORMAT")]
    pub log_format: Option<LogFormat>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const FIRST_STEPS: &str = "\
First steps:
  daybook-server init --name \"Corner Shop\" --currency EUR --time-zone Europe/Berlin
  daybook-server serve
  daybook-server enrol-code --store \"High Street\" --till \"Till 1\"     (in another terminal)

Where a setting comes from: a flag, else the environment (DAYBOOK_DATA, DAYBOOK_LISTEN, DAYBOOK_TLS, DAYBOOK_CERTIFICATE,
DAYBOOK_KEY, DAYBOOK_DURABLE, DAYBOOK_LOG, DAYBOOK_LOG_FORMAT), else the file daybook-server.toml in the data folder, else the default. The file says, for example:
  listen = \"0.0.0.0:7411\"
  log = \"info\"

It ends with 0 when done, 1 when something could not be done, 2 when it was not understood.";

/// What `daybook-server` does.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a new organisation in the data folder
    #[command(after_help = INIT)]
    Init(Init),
    /// Run head office until it is told to stop
    #[command(after_help = SERVE)]
    Serve(Serve),
    /// Stop the head office that runs on the data folder
    #[command(after_help = "Example:\n  daybook-server stop")]
    Stop,
    /// Make a one-time code with which a till joins the organisation
    #[command(after_help = ENROL_CODE)]
    EnrolCode(EnrolCode),
    /// Show sales, taxes and tenders by business day
    #[command(after_help = REPORT)]
    Report(Report),
    /// Show what disagrees and waits for a person, or answer it
    #[command(after_help = CONFLICTS, args_conflicts_with_subcommands = true)]
    Conflicts(Conflicts),
    /// End the access of a till, at once
    #[command(after_help = REVOKE)]
    Revoke(Revoke),
    /// Let a till in again, or what it recorded after its access ended
    #[command(after_help = ADMIT)]
    Admit(Admit),
    /// Make the read models anew from the log, and say whether they came out the same
    #[command(after_help = REBUILD)]
    Rebuild,
    /// Publish products, prices, taxes, people or settings to all tills
    #[command(after_help = format!("{PUBLISH}{PUBLICATIONS}"))]
    Publish(Publish),
    /// Make up a new PIN for a person, and show it once
    #[command(after_help = NEW_PIN)]
    NewPin(NewPin),
    /// Take in a file of unsent events that a till exported
    #[command(after_help = IMPORT)]
    Import(Import),
    /// Make a backup of the books, and look it through
    #[command(after_help = BACKUP)]
    Backup(Backup),
    /// Look the books, or a backup of them, through from end to end
    #[command(after_help = VERIFY)]
    Verify(Verify),
    /// Put a backup into an empty data folder
    #[command(after_help = RESTORE)]
    Restore(Restore),
}

const IMPORT: &str = "\
Example:
  daybook-server import /media/usb/till-1.daybook

What is here already changes nothing, so a file may be imported again, and while its till is back on the network.";

/// Options of `import`.
#[derive(Debug, Args)]
pub struct Import {
    /// The file
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

const BACKUP: &str = "\
Example, every night:
  daybook-server backup /mnt/backup/$(date +%F)

It works whether a server runs or not, and looks the backup through from end to end before it says that it is done. The
folder holds the books and the keys of head office: keep it as you keep the identity kit. It holds no name and no PIN;
publish people again after a restore.";

/// Options of `backup`.
#[derive(Debug, Args)]
pub struct Backup {
    /// A folder that does not exist yet
    #[arg(value_name = "FOLDER")]
    pub to: PathBuf,
}

const VERIFY: &str = "\
Examples:
  daybook-server verify
  daybook-server verify /mnt/backup/2026-03-31

Every event's hash and every link of every chain; for a backup also that it ends where it was written down to end, and
how far head office has gone on since.";

/// Options of `verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// The folder of a backup; left out, the books themselves
    #[arg(value_name = "FOLDER")]
    pub backup: Option<PathBuf>,
}

const RESTORE: &str = "\
Example:
  daybook-server restore /mnt/backup/2026-03-31 --data /srv/daybook

The backup is looked through first. The restored head office begins a new epoch: tills notice, and bring what the backup
lacks.";

/// Options of `restore`.
#[derive(Debug, Args)]
pub struct Restore {
    /// The folder of the backup
    #[arg(value_name = "FOLDER")]
    pub from: PathBuf,
}

const INIT: &str = "\
Example, for a shop in Germany whose business day begins at four in the morning:
  daybook-server init --name \"Corner Shop\" --currency EUR --time-zone Europe/Berlin

For one in the United States, whose shelf prices come without tax:
  daybook-server init --name \"Corner Shop\" --currency USD --time-zone America/New_York --prices-exclusive

It writes an identity kit. Keep a copy of that file away from this machine, where nobody else reads it: with it, a
server that lost everything is filled again by the tills.";

/// Options of `init`.
#[derive(Debug, Args)]
pub struct Init {
    /// Make the head office anew of which this is the identity kit; its tills bring the rest back
    #[arg(long, value_name = "FILE", conflicts_with_all = ["name", "currency", "time_zone", "prices_exclusive", "cut_over"])]
    pub kit: Option<PathBuf>,
    /// The organisation's name, as receipts show it
    #[arg(long, required_unless_present = "kit")]
    pub name: Option<String>,
    /// Its currency: three letters of ISO 4217
    #[arg(long, value_name = "EUR", value_parser = currency, required_unless_present = "kit")]
    pub currency: Option<String>,
    /// Its time zone: a name of the IANA database
    #[arg(long, value_name = "Europe/Berlin", value_parser = time_zone, required_unless_present = "kit")]
    pub time_zone: Option<String>,
    /// Prices are without tax, which is added at the till
    #[arg(long)]
    pub prices_exclusive: bool,
    /// The time of day at which a business day begins
    #[arg(long, value_name = "HH:MM", default_value = "04:00", value_parser = minutes_of_day)]
    pub cut_over: i32,
}

const SERVE: &str = "\
Examples:
  daybook-server serve
  daybook-server serve --listen 0.0.0.0:7411     (so that tills on other machines reach it, over TLS)
  daybook-server serve --listen 0.0.0.0:443 --certificate chain.pem --key key.pem

Beyond its own machine it speaks TLS with a certificate that it makes itself and that tills of this organisation believe;
there is nothing to set up and nothing to renew. Files of a public authority are read again every hour.

Where port 7411 is taken and no address was asked for, it takes the next free one and says so. Ctrl-C, SIGTERM and
`daybook-server stop` let running requests end and then stop it; a second Ctrl-C does not wait.";

/// Options of `serve`.
#[derive(Debug, Args)]
pub struct Serve {
    /// Address and port to listen on [default: 127.0.0.1:7411]
    #[arg(long, env = "DAYBOOK_LISTEN", value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
    /// Whether to speak TLS with a certificate that head office makes itself, or to speak in the clear [default: own, and off
    /// where it listens on its own machine only]
    #[arg(long, env = "DAYBOOK_TLS", value_name = "own|off", conflicts_with_all = ["certificate", "key"])]
    pub tls: Option<TlsWord>,
    /// A certificate of a public authority to speak TLS with, and those between it and the authority, in PEM
    #[arg(long, env = "DAYBOOK_CERTIFICATE", value_name = "FILE", requires = "key")]
    pub certificate: Option<PathBuf>,
    /// Its private key, in PEM
    #[arg(long, env = "DAYBOOK_KEY", value_name = "FILE", requires = "certificate")]
    pub key: Option<PathBuf>,
    /// Whether an answer waits until the disk has its events; false loses acknowledged sales with the power, and is for
    /// trying things out [default: true]
    #[arg(long, env = "DAYBOOK_DURABLE", value_name = "true|false")]
    pub durable: Option<bool>,
}

const ENROL_CODE: &str = "\
Example:
  daybook-server enrol-code --store \"High Street\" --till \"Till 1\"

The code can be used once, within ten minutes. A store that does not exist yet is made.";

/// Options of `enrol-code`.
#[derive(Debug, Args)]
pub struct EnrolCode {
    /// The store's name
    #[arg(long, value_name = "NAME")]
    pub store: String,
    /// The till's name
    #[arg(long, value_name = "NAME")]
    pub till: String,
}

const REPORT: &str = "\
Examples:
  daybook-server report
  daybook-server report --from 2026-03-01 --to 2026-03-31 --json

It reads the books as they stand, whether a server runs or not.";

/// Options of `report`.
#[derive(Debug, Args)]
pub struct Report {
    /// Of this store only
    #[arg(long, value_name = "ID")]
    pub store: Option<StoreId>,
    /// The first business day
    #[arg(long, value_name = "DAY", value_parser = day)]
    pub from: Option<Day>,
    /// The last business day
    #[arg(long, value_name = "DAY", value_parser = day)]
    pub to: Option<Day>,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

const CONFLICTS: &str = "\
Examples:
  daybook-server conflicts
  daybook-server conflicts --all --json
  daybook-server conflicts answer oversold-3f2a9c01d4e5 --option recount

An answer changes no sale. It is written down with its time, and may be given anew.";

/// Options of `conflicts`.
#[derive(Debug, Args)]
pub struct Conflicts {
    /// What to do with them.
    #[command(subcommand)]
    pub answer: Option<ConflictsCommand>,
    /// Of this store only
    #[arg(long, value_name = "ID")]
    pub store: Option<StoreId>,
    /// Settled ones too
    #[arg(long)]
    pub all: bool,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// What to do with conflicts.
#[derive(Debug, Subcommand)]
pub enum ConflictsCommand {
    /// Take one of a conflict's choices
    Answer {
        /// The conflict, as `daybook-server conflicts` names it
        #[arg(value_name = "CONFLICT")]
        conflict: String,
        /// The choice, by its code
        #[arg(long, value_name = "CODE")]
        option: String,
    },
}

const REVOKE: &str = "\
Examples:
  daybook-server revoke \"Till 1\" --reason stolen
  daybook-server revoke \"Till 1\" --store 019cadb2-4000-7101-8a00-000000000101 --reason replaced

From then on the till hears nothing of products, people and sales. What it still sends is kept apart: it counts nowhere
until somebody has looked and lets it in with `daybook-server admit`. It covers whatever the till calls itself later; with
a new code it can join again.";

/// Options of `revoke`.
#[derive(Debug, Args)]
pub struct Revoke {
    /// The till's name, or one of its number series
    #[arg(value_name = "TILL")]
    pub till: String,
    /// Its store, where two tills have this name
    #[arg(long, value_name = "ID")]
    pub store: Option<StoreId>,
    /// Why
    #[arg(long, value_name = "REASON")]
    pub reason: CloseReason,
}

const ADMIT: &str = "\
Examples:
  daybook-server admit \"Till 1\"
  daybook-server admit \"Till 1\" --to 85

Without --to the till is let in again, with all that waits and all that is to come. With --to only what it recorded up to
that event counts from now on; the till stays out. `daybook-server report` says what waits.";

/// Options of `admit`.
#[derive(Debug, Args)]
pub struct Admit {
    /// The till's name, or one of its number series
    #[arg(value_name = "TILL")]
    pub till: String,
    /// Its store, where two tills have this name
    #[arg(long, value_name = "ID")]
    pub store: Option<StoreId>,
    /// Only up to this event, by its number; where several have it, with the beginning of its hash: 85:3f2a
    #[arg(long, value_name = "EVENT")]
    pub to: Option<String>,
}

const REBUILD: &str = "\
Example:
  daybook-server rebuild

Stop a running server first. Read models can always be thrown away; this is the proof.";

/// Publications as they may stand in a file.
pub const PUBLICATIONS: &str = r#"[
  {"tax": {"class": "standard", "name": "VAT 19 %", "jurisdiction": "DE", "rate": "19"}},
  {"product": {"sku": "1001", "name": "Espresso beans 1 kg", "department": "Coffee", "codes": ["4006381333931"],
               "tax_class": "standard", "price": 12500000, "tracked": true}},
  {"stock": {"store": "High Street", "lines": [["1001", 24000]], "document": "note 17"}},
  {"staff": {"number": "7", "name": "Ana", "role": "manager", "store": "High Street", "pin": "739142"}}
]"#;

const PUBLISH: &str = "\
Examples:
  daybook-server publish catalogue.json
  make-catalogue | daybook-server publish -

The file holds a JSON array. A price is in ten-thousandths of a cent (12500000 is 12.50), a quantity in thousandths.
What stands already is not written again, so the same file may be published every night.
Goods are booked once for each document, and each time where they name none.

A person has a number, a name and a role: cashier, manager or head_office; without a store they work in all. Name and PIN
go into no event, so they can be changed and forgotten. A PIN has 4 to 8 digits in quotes and is none that anybody tries
first, such as 1234, 0000 or 1212. Left out, the person keeps the one they have. After 15 wrong tries at a till only
another PIN helps: publish one, or use `daybook-server new-pin`. A file with PINs in it is best deleted afterwards.

For example:
";

const NEW_PIN: &str = "\
Example:
  daybook-server new-pin --number 7

The person must have been published with a name before. The PIN has six digits; it replaces the one before and lets
somebody in again who was locked out after 15 wrong tries. It is shown here and nowhere else: whoever forgets it gets
another.";

/// Options of `new-pin`.
#[derive(Debug, Args)]
pub struct NewPin {
    /// The person's staff number
    #[arg(long, value_name = "NUMBER")]
    pub number: String,
}

/// Options of `publish`.
#[derive(Debug, Args)]
pub struct Publish {
    /// A file with a JSON array of publications; - reads standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

fn currency(text: &str) -> Result<String, String> {
    let known = Currency::from_code(text).map(|_| text.to_owned());
    known.ok_or_else(|| {
        "no currency has these letters; EUR, GBP, JPY and USD are some that are known".to_owned()
    })
}

fn time_zone(text: &str) -> Result<String, String> {
    let known = Zone::new(text, 0).map(|_| text.to_owned());
    known.ok_or_else(|| "no time zone has this name; Europe/Berlin and America/New_York are some".to_owned())
}

fn day(text: &str) -> Result<Day, String> {
    Day::parse(text).ok_or_else(|| "a day is written 2026-03-31".to_owned())
}

fn minutes_of_day(text: &str) -> Result<i32, String> {
    let read = || {
        let (hours, minutes) = text.split_once(':')?;
        let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
        ((0..24).contains(&hours) && (0..60).contains(&minutes)).then_some(hours * 60 + minutes)
    };
    read().ok_or_else(|| "a time of day is written 04:00".to_owned())
}

/// Parses, does, and says with which number the process ends.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let line = match CommandLine::try_parse_from(arguments) {
        Ok(line) => line,
        Err(error) => {
            // Help and version come this way too. Where even these cannot be written there is nobody to tell.
            let _written = error.print();
            return if error.use_stderr() { ExitCode::from(2) } else { ExitCode::SUCCESS };
        }
    };
    let told = |error: &anyhow::Error| {
        let _written = writeln!(io::stderr(), "daybook-server: {error:#}");
    };
    let file = match settings::read(&line.data) {
        Ok(file) => file,
        Err(error) => {
            told(&error);
            return ExitCode::from(2);
        }
    };
    if let Err(error) = log(&line, &file) {
        told(&error);
        return ExitCode::from(2);
    }
    match run::run(line, &file, &mut io::stdout()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            told(&error);
            ExitCode::FAILURE
        }
    }
}

/// Whether whoever read our output has seen enough, as `head` does.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn log(line: &CommandLine, file: &settings::File) -> anyhow::Result<()> {
    let level = match (&line.log, &file.log, &line.command) {
        (Some(level), _, _) | (None, Some(level), _) => level.as_str(),
        (None, None, Command::Serve(_)) => "info",
        (None, None, _) => "warn",
    };
    let filter = EnvFilter::try_new(level)
        .map_err(|error| anyhow::anyhow!("“{level}” is nothing to log by: {error}"))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    match line.log_format.or(file.log_format).unwrap_or_default() {
        LogFormat::Text => builder.with_target(false).with_ansi(io::stderr().is_terminal()).init(),
        LogFormat::Json => builder.json().init(),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    fn parse(words: &str) -> Result<CommandLine, clap::Error> {
        CommandLine::try_parse_from(std::iter::once("daybook-server").chain(words.split_whitespace()))
    }

    #[test]
    fn the_commands_hang_together_and_every_one_shows_an_example() {
        CommandLine::command().debug_assert();
        for command in CommandLine::command().get_subcommands_mut() {
            let help = command.render_help().to_string();
            assert!(help.contains(&format!("daybook-server {}", command.get_name())), "{help}");
        }
    }

    #[test]
    fn the_example_of_a_publication_is_one() {
        let publications: Vec<crate::office::Publication> = serde_json::from_str(PUBLICATIONS).unwrap();
        assert_eq!(publications.len(), 4);
    }

    #[test]
    fn options_are_read_and_checked() {
        let line = parse("init --name A --currency EUR --time-zone Europe/Berlin --cut-over 05:30").unwrap();
        let Command::Init(init) = line.command else { panic!("no init") };
        assert_eq!((init.cut_over, init.prices_exclusive), (330, false));
        let line = parse("conflicts answer oversold-1 --option recount --data elsewhere").unwrap();
        assert_eq!(line.data, PathBuf::from("elsewhere"));
        let Command::Conflicts(conflicts) = line.command else { panic!("no conflicts") };
        assert!(matches!(conflicts.answer, Some(ConflictsCommand::Answer { .. })));
        for wrong in [
            "",
            "sell",
            "init --name A --currency XYZ --time-zone Europe/Berlin",
            "init --name A --currency EUR --time-zone Europe/Atlantis",
            "init --name A --currency EUR --time-zone UTC --cut-over 24:00",
            "report --from yesterday",
            "report --store 7",
            "serve --listen everywhere",
            "serve --tls perhaps",
            "serve --certificate c.pem",
            "serve --tls own --certificate c.pem --key k.pem",
            "enrol-code --store S",
            "revoke Till1",
            "revoke Till1 --reason whim",
            "admit",
            "conflicts answer oversold-1",
            "conflicts --all answer oversold-1 --option recount",
            "publish",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
