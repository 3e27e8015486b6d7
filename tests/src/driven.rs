//! A display in memory, the window on it, and the two ways to drive it: WebDriver, and the keys of a keyboard or scanner. Roads of the tests and
//! the maker of the pictures drive the same way. Whatever does not come in time ends them: there is nothing to go on with.
//!
//! Whatever is started here is in a process group of its own and ends with its value, also where a road fails half-way.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use fantoccini::{Client, ClientBuilder, Locator};
use serde_json::json;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// How long anything may take before a road fails. Long, because a busy machine is no fault of the window's.
const PATIENCE: Duration = Duration::from_secs(90);

/// A display in memory.
pub struct Screen {
    display: String,
    _server: Child,
}

impl Screen {
    /// The next free one, of 1280 by 800.
    pub async fn open() -> Self {
        Screen::of(1280, 800).await
    }

    /// The next free one of a size in pixels.
    pub async fn of(width: u32, height: u32) -> Self {
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", &format!("{width}x{height}x24"), "-nolisten", "tcp"])
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

    /// Types as a person does.
    pub async fn type_slowly(&self, text: &str) {
        self.xdotool(&["type", "--delay", "130", text]).await;
    }

    /// Types as a person does, and Return at the end.
    pub async fn write(&self, text: &str) {
        self.type_slowly(text).await;
        tokio::time::sleep(Duration::from_millis(150)).await;
        self.xdotool(&["key", "Return"]).await;
    }

    /// Presses a key.
    pub async fn key(&self, name: &str) {
        self.xdotool(&["key", name]).await;
    }

    /// Makes the window as large as this, in pixels.
    pub async fn resize(&self, width: u32, height: u32) {
        let (width, height) = (width.to_string(), height.to_string());
        self.xdotool(&["search", "--onlyvisible", "--name", "Daybook", "windowsize", "%1", &width, &height])
            .await;
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
    /// Opens the window over a till and gives it the keyboard. A till with the address of head office is the demo's; one without is new.
    pub async fn open(screen: &Screen, program: &Path, home: &Path, server: Option<&str>) -> Self {
        let window = Window::open_beside(screen, program, home, server).await;
        // There is no window manager to hand the keyboard to anybody.
        let found = ["search", "--onlyvisible", "--name", "Daybook", "windowfocus", "--sync", "%1"];
        screen.xdotool(&found).await;
        window
    }

    /// Opens the window and leaves the keyboard where it is.
    pub async fn open_beside(screen: &Screen, program: &Path, home: &Path, server: Option<&str>) -> Self {
        let profile = tempfile::tempdir().expect("a folder");
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .and_then(|l| l.local_addr())
            .expect("a port")
            .port();
        let driver = Command::new("WebKitWebDriver")
            .args(["--host=127.0.0.1", &format!("--port={port}")])
            .env("DISPLAY", &screen.display)
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            // No devices: nobody at this machine wants to hear it, and it is the same everywhere.
            .env("ALSA_CONFIG_PATH", "/dev/null")
            .env("LANG", "en_IE.UTF-8")
            // Where the demo's shop is.
            .env("TZ", "Europe/Berlin")
            .env("XDG_DATA_HOME", profile.path())
            .env("XDG_CACHE_HOME", profile.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .expect("WebKitWebDriver: scripts/prerequisites --walk installs it");
        let mut arguments = vec![json!("--home"), json!(home)];
        if let Some(url) = server {
            arguments.extend([json!("--demo"), json!("--server"), json!(url)]);
        }
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

    /// Waits until something is on the screen.
    pub async fn shows(&self, selector: &str) {
        eventually(selector, async || self.client.find(Locator::Css(selector)).await.is_ok()).await;
    }

    /// What is written in the first element of a selector; nothing where there is none.
    pub async fn text(&self, selector: &str) -> String {
        match self.client.find(Locator::Css(selector)).await {
            Ok(element) => element.text().await.unwrap_or_default(),
            Err(_) => String::new(),
        }
    }

    /// Clicks the first element of a selector, once it is there.
    pub async fn click(&self, selector: &str) {
        let clicked = async || match self.client.find(Locator::Css(selector)).await {
            Ok(element) => element.click().await.is_ok(),
            Err(_) => false,
        };
        eventually(selector, clicked).await;
    }

    /// Clicks the button that says this, once it is there.
    pub async fn press(&self, words: &str) {
        let path = format!("//button[contains(normalize-space(.), '{words}')]");
        let pressed = async || match self.client.find(Locator::XPath(&path)).await {
            Ok(element) => element.click().await.is_ok(),
            Err(_) => false,
        };
        eventually(words, pressed).await;
    }

    /// Signs the first person in, with the keyboard, and opens a shift where none is open.
    pub async fn begin(&self, screen: &Screen, pin: &str) {
        self.click(".person").await;
        self.shows(".sign-in").await;
        screen.write(pin).await;
        self.shows(".float-field input, .sell").await;
        if self.client.find(Locator::Css(".sell")).await.is_err() {
            screen.write("150").await;
            self.shows(".sell").await;
        }
    }

    /// How many elements a selector finds.
    pub async fn count(&self, selector: &str) -> usize {
        self.client.find_all(Locator::Css(selector)).await.map_or(0, |found| found.len())
    }

    /// Closes the window as a person does.
    pub async fn close(self) {
        self.client.clone().close().await.expect("closed");
    }

    /// Kills the program where it stands, and waits until the system has let go of the till's books in its home.
    pub async fn kill(mut self, home: &Path) {
        let group = self.driver.id().expect("it runs");
        let killed = Command::new("kill").args(["-KILL", "--", &format!("-{group}")]).status().await;
        assert!(killed.expect("kill").success());
        let _ended = self.driver.wait().await;
        let lock = home.join("till").join("lock");
        eventually("the books let go", async || {
            std::fs::File::open(&lock).is_ok_and(|file| file.try_lock().is_ok())
        })
        .await;
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
