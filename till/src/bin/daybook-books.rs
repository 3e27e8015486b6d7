//! `daybook-books`: a till's books from the command line, for whoever looks after its machine: carry unsent sales, back up, look through,
//! restore, move the journal. The till itself must be closed, but for backing up and looking through.
#![allow(clippy::print_stdout, reason = "what it prints is what it is for")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use daybook_store::backup::{Side, check, look_through, make, restore};
use daybook_store::file::DirectoryLock;
use daybook_till::keystore;
use daybook_till::{Clock as _, Options, SystemClock, SystemKeystore, SystemRandomness, Till, renew_journal};

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// Look after the books of a till.
#[derive(Debug, Parser)]
#[command(name = "daybook-books", version)]
struct Asked {
    /// The folder that holds the till's books and its journal
    #[arg(long, env = "DAYBOOK_HOME", value_name = "FOLDER")]
    home: PathBuf,
    /// The folder of the journal, where it is elsewhere [default: `journal` in the home]
    #[arg(long, value_name = "FOLDER")]
    journal: Option<PathBuf>,
    #[command(subcommand)]
    deed: Deed,
}

#[derive(Debug, Subcommand)]
enum Deed {
    /// Write what head office has not got yet to a file, to be carried there and taken in with `daybook-server import`
    Export {
        /// A file that does not exist yet
        file: PathBuf,
    },
    /// Make a backup of the books and their keys, and look it through. There is no name and no PIN in it
    Backup {
        /// A folder that does not exist yet
        folder: PathBuf,
    },
    /// Look the books, or a backup of them, through from end to end
    Verify {
        /// The folder of a backup
        folder: Option<PathBuf>,
    },
    /// Put a backup into a home that holds no books. The till goes on under a new series of numbers, because it cannot be told from a copy
    Restore {
        /// The folder of the backup
        folder: PathBuf,
    },
    /// Move the journal to another folder, such as one on a new disk. Said first, the till keeps its series
    NewJournal {
        /// The folder
        folder: PathBuf,
    },
}

fn main() -> ExitCode {
    match run(Asked::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("daybook-books: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(asked: Asked) -> Outcome {
    let data = asked.home.join("till");
    let journal = asked.journal.unwrap_or_else(|| asked.home.join("journal"));
    let options = Options {
        data: data.clone(),
        journal,
        durable: true,
        clock: Arc::new(SystemClock::default()),
        randomness: Arc::new(SystemRandomness),
        keystore: Arc::new(SystemKeystore),
    };
    match asked.deed {
        Deed::Export { file } => export(options, &file)?,
        Deed::Backup { folder } => {
            // Of use on another machine too, whose keystore knows nothing of this one.
            let opened = keystore::read(&data, &*options.keystore);
            let keys = opened.as_ref().ok().and_then(|kept| kept.as_ref()).map(|(keys, _)| keys);
            let written = SystemClock::default().wall();
            let checked = make(Side::Till, &data, &folder, written, keys.map(String::as_str))?;
            println!("Backed up to {}, and looked through: {}.", folder.display(), checked.words());
            match opened {
                Ok(_) => println!("It holds this till's keys: keep it where nobody else reads it."),
                Err(why) => println!("Its keys are of use on this machine only, because {why}."),
            }
        }
        Deed::Verify { folder: None } => println!("All is whole: {}.", look_through(&data)?.words()),
        Deed::Verify { folder: Some(folder) } => {
            let ours = data.join("log.db").exists().then_some(data.as_path());
            println!("All is whole: {}.", check(Side::Till, &folder, ours)?.words());
        }
        Deed::Restore { folder } => {
            let _lock = DirectoryLock::take(&data)?;
            println!("Restored to {}: {}.", data.display(), restore(Side::Till, &folder, &data)?.words());
        }
        Deed::NewJournal { folder } => {
            let renewed = renew_journal(&options, &folder)?;
            println!("{} events stand in the journal in {}.", renewed.events, folder.display());
            println!("Open the till with that folder from now on.");
        }
    }
    Ok(())
}

fn export(options: Options, file: &Path) -> Outcome {
    let exported = Till::open(options)?.export_unsent(file)?;
    println!("{} events, in {} pushes, stand in {}.", exported.events, exported.pushes, file.display());
    for series in &exported.left_out {
        println!("What was recorded as '{series}' is not among them: its key is not here.");
    }
    Ok(())
}
