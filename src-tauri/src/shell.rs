//! The window's process: opens the till, answers through the door, tells of changes, synchronises beside it, and ends cleanly.

#![allow(clippy::print_stdout, reason = "one line tells whoever started it that the window is open")]

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use daybook_till::door::types::{Changed, Fault, FaultKind, Request};
use daybook_till::door::{About, Door};
use daybook_till::print::{Patience, print};
use daybook_till::{
    Keystore, NoKeystore, OpenError, Options, SystemClock, SystemKeystore, SystemRandomness, Till,
    synchronise,
};
use serde_json::{Value, json};
use tauri::{AppHandle, Emitter as _, Manager as _, RunEvent, State};
use tokio::sync::watch;

use crate::home::{Home, locale};
use crate::loudspeaker::Loudspeaker;

/// The event that tells the window of changes.
const CHANGED: &str = "changed";

/// Whether the window has asked anything yet: whoever started this program waits for the line that says so.
static SHOWN: AtomicBool = AtomicBool::new(false);

/// What the window's questions reach: the door, or why there is none.
struct Opened(Result<Arc<Door>, Fault>);

/// Opens the till and its window; ends when the window is closed.
pub fn run(home: Option<PathBuf>, server: Option<String>, demo: bool) -> ExitCode {
    let (stop, stopped) = watch::channel(false);
    let built = tauri::Builder::default()
        .invoke_handler(tauri::generate_handler![door])
        .setup(move |app| {
            let home = match home {
                Some(home) => home,
                None => app.path().app_data_dir()?,
            };
            let opened = open(&Home::at(&home), demo);
            match &opened {
                Ok(door) => {
                    if let Some(server) = &server {
                        door.till().set_server(server);
                    }
                    tauri::async_runtime::spawn(synchronise(door.till().clone(), stopped.clone()));
                    tauri::async_runtime::spawn(print(
                        door.till().clone(),
                        Patience::default(),
                        stopped.clone(),
                    ));
                    tauri::async_runtime::spawn(tell(
                        app.handle().clone(),
                        Arc::clone(door),
                        stopped.clone(),
                    ));
                }
                Err(fault) => tracing::error!(code = fault.code, "the till cannot be opened"),
            }
            tauri::async_runtime::spawn(end_when_told(app.handle().clone()));
            app.manage(Opened(opened));
            Ok(())
        })
        .build(tauri::generate_context!());
    match built {
        Ok(app) => {
            app.run(move |_, event| {
                if let RunEvent::Exit = event {
                    stop.send_replace(true);
                }
            });
            ExitCode::SUCCESS
        }
        Err(error) => {
            tracing::error!(%error, "the window cannot be opened");
            ExitCode::FAILURE
        }
    }
}

/// A question of the window. Answering may take the disk's time, so it never runs where the window is drawn.
#[tauri::command]
async fn door(opened: State<'_, Opened>, request: Request) -> Result<Value, String> {
    let door = match &opened.0 {
        Ok(door) => Arc::clone(door),
        Err(fault) => return Ok(json!({ "fault": fault })),
    };
    let answered = tauri::async_runtime::spawn_blocking(move || door.answer(request)).await;
    if !SHOWN.swap(true, Ordering::Relaxed) {
        println!("The window is open.");
    }
    Ok(match answered.map_err(|error| error.to_string())? {
        Ok(answer) => json!({ "ok": answer }),
        Err(fault) => json!({ "fault": fault }),
    })
}

/// A demonstration leaves nothing behind in the keystore of whoever shows it.
fn keystore(demo: bool) -> Arc<dyn Keystore> {
    if demo { Arc::new(NoKeystore) } else { Arc::new(SystemKeystore) }
}

fn open(home: &Home, demo: bool) -> Result<Arc<Door>, Fault> {
    let till = Till::open(Options {
        data: home.data.clone(),
        journal: home.journal.clone(),
        durable: true,
        clock: Arc::new(SystemClock::default()),
        randomness: Arc::new(SystemRandomness),
        keystore: keystore(demo),
    });
    let about = About { version: env!("CARGO_PKG_VERSION").to_owned(), locale: locale(), demo };
    till.map(|till| Arc::new(Door::new(till, about).heard_through(Arc::new(Loudspeaker::start()))))
        .map_err(|error| {
            let code = if matches!(error, OpenError::InUse(_)) {
                "already-running"
            } else {
                "cannot-open"
            };
            Fault::of(FaultKind::Stopped, code, &error.to_string())
        })
}

/// Closes the window as a person would, once the system tells this program to end.
async fn end_when_told(app: AppHandle) {
    #[cfg(unix)]
    {
        let told = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
        match told {
            Ok(mut told) => {
                told.recv().await;
                app.exit(0);
            }
            Err(error) => tracing::warn!(%error, "the system cannot tell this program to end kindly"),
        }
    }
    #[cfg(not(unix))]
    drop(app);
}

/// Tells the window what changed until the till stops.
async fn tell(app: AppHandle, door: Arc<Door>, mut stopped: watch::Receiver<bool>) {
    let mut changes = door.till().changes();
    let mut before = *changes.borrow_and_update();
    loop {
        tokio::select! {
            changed = changes.changed() => if changed.is_err() { return },
            _ = stopped.changed() => return,
        }
        let now = *changes.borrow_and_update();
        let what = Door::parts(std::mem::replace(&mut before, now), now);
        if let Err(error) = app.emit(CHANGED, Changed { what }) {
            tracing::warn!(%error, "the window was not told of a change");
        }
    }
}
