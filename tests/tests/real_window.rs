//! The real window: the built program in WebKit on a display in memory, driven as a person does, by WebDriver and by real key events.
//!
//! Needs the program (`DAYBOOK_WINDOW`, which `make test` sets), Xvfb, WebKitWebDriver and xdotool; without the program the roads are left
//! out, and that is said.

use std::path::PathBuf;

use daybook_server::Running;
use daybook_tests::demo::{Home, Stand, stand, start_head_office};
use daybook_tests::driven::{Screen, Window, eventually};
use serde_json::{Value, json};

/// The program, or none where it is not built.
fn program() -> Option<PathBuf> {
    let program = std::env::var_os("DAYBOOK_WINDOW").map(PathBuf::from);
    if program.is_none() {
        eprintln!("left out: DAYBOOK_WINDOW names no program; `make test` builds it");
    }
    program
}

async fn shop(home: &tempfile::TempDir) -> Stand {
    stand(&Home::at(home.path().to_owned()), 0, &mut |_| {}).await.expect("a demo shop")
}

async fn totals(running: &Running) -> Value {
    running.office.totals().await.expect("totals")["totals"].clone()
}

async fn lines(window: &Window) -> usize {
    window.count(".lines .line").await
}

#[tokio::test(flavor = "multi_thread")]
async fn three_scans_and_exact_cash_take_two_keys_and_a_kill_in_mid_sale_brings_the_cart_back() {
    let Some(program) = program() else { return };
    let home = tempfile::tempdir().unwrap();
    let Stand { running, url, till, pin, .. } = shop(&home).await;
    drop(till);
    let screen = Screen::open().await;
    let window = Window::open(&screen, &program, home.path(), Some(&url)).await;
    window.begin(&screen, &pin).await;

    for code in ["2014310051636", "2089121071487", "2056843130419"] {
        screen.scan(code).await;
    }
    eventually("three lines", async || lines(&window).await == 3).await;
    screen.key("plus").await;
    window.shows(".take").await;
    screen.key("Return").await;
    window.shows(".change").await;
    eventually("the sale at head office", async || totals(&running).await["receipts"] == json!(1)).await;

    // In mid-sale the machine dies.
    screen.scan("2063622238181").await;
    eventually("the next sale", async || lines(&window).await == 1).await;
    window.kill(home.path()).await;
    let window = Window::open(&screen, &program, home.path(), Some(&url)).await;
    window.begin(&screen, &pin).await;
    eventually("the cart as it was", async || lines(&window).await == 1).await;

    // A second start says that one is running.
    let second = Window::open_beside(&screen, &program, home.path(), Some(&url)).await;
    eventually("the sentence", async || second.text("main").await.contains("already running")).await;
    second.close().await;
    window.close().await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sale_made_while_head_office_is_stopped_appears_there_after_it_starts_once() {
    let Some(program) = program() else { return };
    let home = tempfile::tempdir().unwrap();
    let Stand { running, url, till, pin, .. } = shop(&home).await;
    drop(till);
    let screen = Screen::open().await;
    let window = Window::open(&screen, &program, home.path(), Some(&url)).await;
    window.begin(&screen, &pin).await;
    window.shows(".pill.good").await;

    let port = running.address.port();
    running.stop().await;
    for code in ["2014310051636", "2089121071487"] {
        screen.scan(code).await;
    }
    eventually("two lines", async || lines(&window).await == 2).await;
    screen.key("plus").await;
    window.shows(".take").await;
    screen.key("Return").await;
    window.shows(".change").await;
    eventually("the pill in plain words", async || {
        window.text(".pill.offline").await.contains("Offline – keep selling")
    })
    .await;
    screen.key("ctrl+2").await;
    window.shows(".history-row .ticks.here").await;
    assert_eq!(window.count(".history-row").await, 1, "one sale was made");
    let number = window.text(".history-what bdi").await;

    // The same books, at the same address.
    let (running, again) =
        start_head_office(&Home::at(home.path().to_owned()), port).await.expect("head office");
    assert_eq!(again, url, "somebody took the port meanwhile");
    window.shows(".history-row .ticks.at_head_office").await;
    window.shows(".pill.good").await;
    assert_eq!(window.count(".history-row").await, 1);
    assert_eq!(window.text(".history-what bdi").await, number);
    assert_eq!(totals(&running).await["receipts"], json!(1), "head office has it once");

    // Whatever the till sends again is known there.
    running.stop().await;
    let (running, _) = start_head_office(&Home::at(home.path().to_owned()), port).await.expect("head office");
    screen.key("ctrl+8").await;
    window.press("Try now").await;
    window.shows(".pill.good").await;
    assert_eq!(totals(&running).await["receipts"], json!(1), "and still once");
    window.close().await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_loudspeaker_says_the_border_shows() {
    let Some(program) = program() else { return };
    let home = tempfile::tempdir().unwrap();
    let Stand { running, url, till, pin, .. } = shop(&home).await;
    drop(till);
    let screen = Screen::open().await;
    let window = Window::open(&screen, &program, home.path(), Some(&url)).await;
    window.begin(&screen, &pin).await;
    // A flash is over before it can be asked for, so the window remembers those it saw.
    let remember = "window.flashes = []; new MutationObserver((changes) => changes.forEach((change) =>
        change.addedNodes.forEach((node) => window.flashes.push(node.className ?? ''))
    )).observe(document.body, { childList: true, subtree: true })";
    window.client.execute(remember, Vec::new()).await.expect("a script");
    let flashed = async |sound: &str| {
        let seen = window.client.execute("return window.flashes", Vec::new()).await.expect("flashes");
        seen.as_array()
            .is_some_and(|seen| seen.contains(&json!(format!("border-flash {sound}"))))
    };

    screen.scan("5901234123457").await;
    eventually("the flash of a refusal", async || flashed("refused").await).await;
    assert!(!flashed("paid").await);
    screen.key("ctrl+9").await;
    eventually("the sentence", async || window.text(".settings").await.contains("No loudspeaker answers"))
        .await;
    // One flash at a time: the next is not shown while one is.
    eventually("a border at rest", async || window.count(".border-flash").await == 0).await;
    window.press("Paid").await;
    eventually("the flash of a payment", async || flashed("paid").await).await;
    window.close().await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_hundred_real_scans_are_all_there() {
    let Some(program) = program() else { return };
    let home = tempfile::tempdir().unwrap();
    let Stand { running, url, till, pin, .. } = shop(&home).await;
    drop(till);
    let screen = Screen::open().await;
    let window = Window::open(&screen, &program, home.path(), Some(&url)).await;
    window.begin(&screen, &pin).await;
    let codes = [
        "2014310051636",
        "2089121071487",
        "2056843130419",
        "2063622238181",
        "2057452477254",
        "2021987658761",
    ];
    for scan in 0..300 {
        screen.scan(codes[scan % codes.len()]).await;
    }
    let pieces = async || {
        let text = window.text(".pay-count").await;
        text.split_whitespace().find_map(|word| word.parse::<u32>().ok())
    };
    eventually("three hundred pieces", async || pieces().await == Some(300)).await;
    // None of them paid, and none became a line of its own.
    assert_eq!(lines(&window).await, codes.len());
    window.close().await;
    running.stop().await;
}
