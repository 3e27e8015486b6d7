//! One command to a running shop: head office, a till that belongs to it, and the till's window on whatever display there is.
//!
//! Where no display answers, the window is drawn on one in memory (Xvfb) and a picture of it is taken. Everything started here is stopped
//! here, whichever way it ends.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::demo::{Home, stand};

/// The port of head office where it is free.
pub const PORT: u16 = 7411;
/// How long the window may take to show itself.
const PATIENCE: Duration = Duration::from_secs(60);

/// Sets the shop up, opens the window, and waits until it is closed or somebody says stop.
pub async fn show(home: &Home, program: &Path, tell: &mut impl FnMut(&str)) -> anyhow::Result<()> {
    let stopped = told_to_stop();
    tokio::pin!(stopped);
    let stand = tokio::select! {
        stand = stand(home, PORT, tell) => stand?,
        () = &mut stopped => return Ok(()),
    };
    let (running, url, folder) = (stand.running, stand.url, stand.home);
    // The window opens the same till: only one process may have it.
    drop(stand.till);
    let mut screen = Screen::find().await?;
    let shown = match open(&folder, &url, program, &screen.display) {
        Ok(mut window) => {
            let shown = tokio::select! {
                shown = watch(&mut window, &screen, &folder, tell) => shown,
                () = &mut stopped => {
                    tell("Stopping.");
                    Ok(())
                }
            };
            end(&mut window).await;
            shown
        }
        Err(error) => Err(error),
    };
    if let Some(server) = &mut screen.in_memory {
        end(server).await;
    }
    running.stop().await;
    tell("Head office is stopped. Everything is kept; the same command goes on with it.");
    shown
}

fn open(home: &Path, url: &str, program: &Path, display: &str) -> anyhow::Result<Child> {
    Command::new(program)
        .args(["--demo", "--home"])
        .arg(home)
        .args(["--server", url])
        .env("DISPLAY", display)
        .stdout(Stdio::piped())
        // Ctrl-C is for this program, which then ends the window.
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("{} cannot be started", program.display()))
}

/// Says that the window is there, and waits until it is closed.
async fn watch(
    window: &mut Child,
    screen: &Screen,
    home: &Path,
    tell: &mut impl FnMut(&str),
) -> anyhow::Result<()> {
    let said = window.stdout.take().context("the window says nothing")?;
    let mut lines = BufReader::new(said).lines();
    match timeout(PATIENCE, lines.next_line()).await {
        Ok(Ok(Some(_))) => {}
        _ => bail!("the window did not open; it may have said why above"),
    }
    if screen.in_memory.is_some() {
        let picture = home.join("window.png");
        picture_of(&screen.display, &picture).await?;
        tell(&format!(
            "There is no display here, so the window is drawn in memory: look at {}.",
            picture.display()
        ));
    }
    tell("Daybook is ready. `make demo-pins` shows who works here and their PINs; Ctrl-C stops everything.");
    let status = window.wait().await?;
    if !status.success() {
        bail!("the window ended with {status}");
    }
    tell("The window was closed.");
    Ok(())
}

/// Asks a program to end, and ends it where it does not.
async fn end(child: &mut Child) {
    if let Some(id) = child.id() {
        let _asked = Command::new("kill").arg(id.to_string()).status().await;
        if timeout(Duration::from_secs(5), child.wait()).await.is_err() {
            let _gone = child.kill().await;
        }
    }
}

/// Ends when somebody presses Ctrl-C or ends this program kindly.
async fn told_to_stop() {
    let terminated = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
    match terminated {
        Ok(mut terminated) => tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminated.recv() => {}
        },
        Err(_) => {
            let _pressed = tokio::signal::ctrl_c().await;
        }
    }
}

/// Where the window is drawn.
struct Screen {
    display: String,
    /// The display in memory, where there is no other; it ends with this.
    in_memory: Option<Child>,
}

impl Screen {
    async fn find() -> anyhow::Result<Self> {
        if let Ok(display) = std::env::var("DISPLAY")
            && answers(&display).await
        {
            return Ok(Screen { display, in_memory: None });
        }
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .context("there is no display, and Xvfb, which would make one, cannot be started")?;
        let said = server.stdout.take().context("Xvfb says nothing")?;
        let number = timeout(PATIENCE, BufReader::new(said).lines().next_line()).await;
        let Ok(Ok(Some(number))) = number else { bail!("Xvfb did not start") };
        Ok(Screen { display: format!(":{number}"), in_memory: Some(server) })
    }
}

async fn answers(display: &str) -> bool {
    let asked = Command::new("xdotool").arg("getdisplaygeometry").env("DISPLAY", display).output().await;
    asked.is_ok_and(|output| output.status.success())
}

/// Takes a picture once the window has drawn something: a screen that is still one colour is looked at again.
async fn picture_of(display: &str, picture: &PathBuf) -> anyhow::Result<()> {
    let drawn = async {
        loop {
            let taken = Command::new("import")
                .args(["-window", "root"])
                .arg(picture)
                .env("DISPLAY", display)
                .status()
                .await
                .context("`import` of ImageMagick cannot be started")?;
            let size = std::fs::metadata(picture).map_or(0, |file| file.len());
            if taken.success() && size > 20_000 {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    timeout(PATIENCE, drawn).await.context("the window stays empty")?
}
