//! `make crash`: has the power go as often as asked for, and says on its last line what came out.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use daybook_tests::disk::crash::{Name, campaign, replay};

/// Have the power go, open what is left, compare with what was said.
#[derive(Debug, Parser)]
#[command(name = "crash")]
struct Asked {
    /// How often.
    #[arg(long, default_value_t = 20_000)]
    images: usize,
    /// What everything follows from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many at once.
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// One image again, by the name a run gave it.
    #[arg(long)]
    replay: Option<Name>,
    /// Where its files are put.
    #[arg(long, default_value = "target/crash")]
    folder: PathBuf,
}

fn main() -> ExitCode {
    let asked = Asked::parse();
    let ended = match asked.replay {
        Some(name) => replay(name, asked.seed, &asked.folder).map(|wrong| {
            eprintln!("{name}, in {}: {}", asked.folder.display(), wrong.as_ref().map_or("all is well".to_owned(), |wrong| format!("{wrong:?}")));
            wrong.is_none()
        }),
        None => campaign(asked.images, asked.seed, asked.threads, None).map(|found| {
            for (name, why) in &found.wrong {
                eprintln!("wrong: {name}: {why}");
            }
            let sum = serde_json::json!({
                "images": found.images, "images_of_tills": found.images_of_tills, "lost": found.lost, "corrupt": found.corrupt,
                "acknowledged": found.acknowledged, "seconds": found.seconds, "sync_points": found.sync_points,
                "workloads": found.workloads,
            });
            print_sum(&sum);
            (found.lost, found.corrupt) == (0, 0)
        }),
    };
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

#[allow(clippy::print_stdout, reason = "the last line of standard output is what this program is asked for")]
fn print_sum(sum: &serde_json::Value) {
    println!("{sum}");
}
