//! A display in memory, the window on it, and the two ways to drive it: WebDriver, and the keys of a keyboard or scanner.
//!
//! Whatever is started here is in a process group of its own and ends with its value, also where a road fails half-way.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use fantoccini::{Client, ClientBuilder};
use serde_json::json;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// How long anything may take before a road fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// A display in memory.
pub struct Screen {
    display: String,
    _server: Child,
}

impl Screen {
    /// The next free one, of 1280 by 800.
    pub async fn open() -> Self {
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("Xvfb: scripts/prerequisites --walk installs it");
        let said = server.stdout.take().expect("its output");
        let number = BufReader::new(said).lines().next_line().await.expect("a line").expect("a display");
        Screen { display: format!(":{number}"), _server: server }
    }

    /// Types as a scanner does: real key events, fast, and Return at the end; then the pause after which the same code is no bounce.
    pub async fn scan(&self, code: &str) {
        self.xdotool(&["type", "--delay", "3", code]).await;
        self.xdotool(&["key", "Return"]).await;
        tokio::time::sleep(Duration::from_millis(260)).await;
    }

    /// Types as a person does, and Return at the end.
    pub async fn write(&self, text: &str) {
        self.xdotool(&["type", "--delay", "130", text]).await;
        tokio::time::sleep(Duration::from_millis(150)).await;
        self.xdotool(&["key", "Return"]).await;
    }

    /// Presses a key.
    pub async fn key(&self, name: &str) {
        self.xdotool(&["key", name]).await;
    }

    async fn xdotool(&self, arguments: &[&str]) {
        let status = Command::new("xdotool").args(arguments).env("DISPLAY", &self.display).status().await;
        assert!(status.expect("xdotool").success(), "xdotool {arguments:?}");
    }
}

/// The window under a driver.
pub struct Window {
    /// What drives it.
    pub client: Client,
    driver: Child,
    _profile: TempDir,
}

impl Window {
    /// Opens the window over a shop's till and gives it the keyboard.
    pub async fn open(screen: &Screen, program: &Path, home: &Path, url: &str) -> Self {
        let window = Window::open_beside(screen, program, home, url).await;
        // There is no window manager to hand the keyboard to anybody.
        let found = ["search", "--onlyvisible", "--name", "Daybook", "windowfocus", "--sync", "%1"];
        screen.xdotool(&found).await;
        window
    }

    /// Opens the window and leaves the keyboard where it is.
    pub async fn open_beside(screen: &Screen, program: &Path, home: &Path, url: &str) -> Self {
        let profile = tempfile::tempdir().expect("a folder");
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .and_then(|l| l.local_addr())
            .expect("a port")
            .port();
        let driver = Command::new("WebKitWebDriver")
            .args(["--host=127.0.0.1", &format!("--port={port}")])
            .env("DISPLAY", &screen.display)
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .env("XDG_DATA_HOME", profile.path())
            .env("XDG_CACHE_HOME", profile.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .expect("WebKitWebDriver: scripts/prerequisites --walk installs it");
        let arguments = [json!("--demo"), json!("--home"), json!(home), json!("--server"), json!(url)];
        let wanted = json!({ "webkitgtk:browserOptions": { "binary": program, "args": arguments } });
        let started = Instant::now();
        let client = loop {
            let mut builder = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new());
            builder.capabilities(wanted.as_object().expect("an object").clone());
            match builder.connect(&format!("http://127.0.0.1:{port}")).await {
                Ok(client) => break client,
                Err(error) => assert!(started.elapsed() < PATIENCE, "no session: {error}"),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        Window { client, driver, _profile: profile }
    }

    /// Closes the window as a person does.
    pub async fn close(self) {
        self.client.clone().close().await.expect("closed");
    }

    /// Kills the program where it stands.
    pub async fn kill(mut self) {
        let group = self.driver.id().expect("it runs");
        let killed = Command::new("kill").args(["-KILL", "--", &format!("-{group}")]).status().await;
        assert!(killed.expect("kill").success());
        let _ended = self.driver.wait().await;
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        // The driver's own child would go on without it.
        if let Some(group) = self.driver.id() {
            let _gone =
                std::process::Command::new("kill").args(["-KILL", "--", &format!("-{group}")]).status();
        }
    }
}

/// Waits until something is so.
pub async fn eventually(what: &str, so: impl AsyncFn() -> bool) {
    let started = Instant::now();
    while !so().await {
        assert!(started.elapsed() < PATIENCE, "waited too long for {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
